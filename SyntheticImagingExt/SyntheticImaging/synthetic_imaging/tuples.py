"""Tuples whose length is known, one thing for each of two or three axes; any other number of things is a ValueError."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item")


def two(items: Iterable[Item]) -> tuple[Item, Item]:
    """Both of them."""
    first, second = items
    return first, second


def three(items: Iterable[Item]) -> tuple[Item, Item, Item]:
    """All three of them, as in ``three(map(float, point))``."""
    first, second, third = items
    return first, second, third
