"""The shell command ``synthetic-imaging``; ``main(argv)`` runs it and returns the exit status."""

from .main import main

__all__ = ["main"]
