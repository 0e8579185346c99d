"""Making a study, for its owner: images through one pipeline, the made half, codes and blocks, the search for leaks."""
