"""Long work as generators of (stage, percent): run cooperatively by ``panels``, or at once from the console."""

from synthetic_imaging.steps import finished as finish

__all__ = ["finish"]
