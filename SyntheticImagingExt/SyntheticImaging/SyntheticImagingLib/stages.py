"""Long work as generators of (stage, percent): run cooperatively by ``panels``, or at once from the console."""

from collections.abc import Callable, Generator
from typing import TypeVar

from synthetic_imaging.steps import finished as finish

__all__ = ["OnProgress", "Steps", "finish"]

Result = TypeVar("Result")

Steps = Generator[tuple[str, float], None, Result]
"""Tells the stage in words, and how far it is in percent; returns the result."""

OnProgress = Callable[[str, float], object]
"""Told the stage in words, and how far it is in percent."""
