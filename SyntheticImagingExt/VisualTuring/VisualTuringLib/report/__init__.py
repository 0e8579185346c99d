"""Report of a study: key and passphrase, the search for leaks, and the results as nodes and files."""
