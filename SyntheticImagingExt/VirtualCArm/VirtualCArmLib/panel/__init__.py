"""The module's panel and its sections; they compute nothing."""
