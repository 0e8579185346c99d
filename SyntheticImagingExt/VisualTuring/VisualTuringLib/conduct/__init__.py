"""Conduct of a study: who reads, a reader's session, and the full screen on which it is read."""
