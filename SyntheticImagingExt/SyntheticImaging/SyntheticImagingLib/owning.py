"""Who works with something of the scene: two logics, one of the window and one of the console, would spoil it."""

import weakref
from collections.abc import Callable
from typing import Any, Protocol


class Owner(Protocol):
    """Who can be told that another has taken it over."""

    onTaken: Callable[[], object]


class Owners:
    """All who may own something; whoever takes it from another has the other told, by its ``onTaken()``."""

    def __init__(self):
        self._all = weakref.WeakSet()

    def add(self, one: Owner):
        """From now on something may be taken from this one."""
        self._all.add(one)

    def discard(self, one: Owner):
        """Nothing can be taken from this one any more."""
        self._all.discard(one)

    def take(self, taker: Owner, owns: Callable[[Any], bool]):
        """Leave the taker as the only one for whom owns(one) may hold."""
        for other in list(self._all):
            if other is not taker and owns(other):
                other.onTaken()
