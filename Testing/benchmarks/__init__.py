"""Speed and accuracy beside the alternatives, in one run; each file writes a table to ``results``."""
