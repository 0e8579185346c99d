"""Numbers that a person gave, checked."""

from __future__ import annotations

import math

from ..errors import InputError


def finite(value, name: str) -> float:
    """The value as a finite number, or InputError."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # a whole number may be too long for a float
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{name} is {value!r}; give a finite number.")
    return number


def positive(value, name: str) -> float:
    """The value as a finite number above 0, or InputError."""
    number = finite(value, name)
    if number <= 0:
        raise InputError(f"{name} is {number:g}; give a number above 0.")
    return number


def triple(values, name: str) -> tuple[float, float, float]:
    """A point or vector in RAS mm as three floats, or InputError."""
    try:
        numbers = tuple(finite(value, name) for value in values)
    except TypeError:
        numbers = ()
    if len(numbers) != 3:
        raise InputError(f"{name} is {values!r}; give three numbers in mm: right, anterior, superior.")
    return numbers


def refuse_beyond_detector(to_isocenter_mm: float, to_detector_mm: float) -> None:
    """InputError unless the isocenter, and so the patient, is between the source and the detector."""
    if to_isocenter_mm <= 0:
        raise InputError(
            f"The isocenter is {-to_isocenter_mm:g} mm behind the source; the patient must be between source and "
            "detector."
        )
    if to_isocenter_mm >= to_detector_mm:
        raise InputError(
            f"The isocenter is {to_isocenter_mm:g} mm from the source and the detector {to_detector_mm:g} mm; the "
            "patient must be between them: give a source-to-detector distance that is the larger one."
        )
