"""Numbers of parameter nodes, declared once with the range, step and digits that their widgets take from them."""

from typing import Annotated

from slicer.parameterNodeWrapper import Decimals, SingleStep, Validator, WithinRange


class _Step(SingleStep, Validator):
    """A validator that accepts everything: Slicer logs a warning for an annotation that is none."""

    def validate(self, value):
        """Values between two steps can be typed."""


class _Digits(Decimals, Validator):
    """The same for the digits."""

    def validate(self, value):
        """What is shown is rounded, not what is kept."""


def ranged(kind, low, high, step=1, decimals=0):
    """The type of a parameter: an int or a float from low to high; a hand changes it by step.

    decimals: digits that the widget of a float shows, and to which it rounds what is typed.
    """
    if kind is int:
        return Annotated[int, WithinRange(low, high), _Step(step)]
    return Annotated[kind, WithinRange(low, high), _Step(step), _Digits(decimals)]
