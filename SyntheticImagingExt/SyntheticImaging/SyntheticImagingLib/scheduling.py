"""When a logic draws what was asked for. A logic knows no window; whoever makes it passes a scheduler in."""

from collections.abc import Callable, Generator
from typing import Any, Protocol


class Drawing(Protocol):
    """What is drawn again and again while a hand is moving; it keeps the newest request only."""

    def drawNow(self) -> None:
        """Draw what was asked for as it is drawn where there is no window."""

    def drawPreview(self) -> bool:
        """Draw one quick piece; whether another one waits. At most some tens of milliseconds."""

    def restSteps(self) -> Generator[Any, None, Any]:
        """The hand rests: draw in full, in pieces of some tens of milliseconds."""


class Scheduler(Protocol):
    """Says when."""

    def request(self, drawing: Drawing) -> None:
        """Something new is to be drawn."""

    def defer(self, action: Callable[[], object]) -> None:
        """Act when the views are done with the present event."""


class AtOnce:
    """Without a window: everything is done when it is asked for."""

    def request(self, drawing: Drawing) -> None:
        drawing.drawNow()

    def defer(self, action: Callable[[], object]) -> None:
        action()
