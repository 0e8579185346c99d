"""A virtual C-arm: from a CT and a pose to the image that a detector would give, in numbers that can be trusted."""
