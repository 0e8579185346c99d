"""The lesions while a hand is moving."""

from collections.abc import Callable


class Draft:
    """Lesions as a moving hand has them: drawn when there is time, and not kept yet. A ``scheduling.Drawing``.

    lesions: None while no hand is moving. index: the lesion that is changed.
    """

    def __init__(self, session, onDrawn: Callable[[int], object], keep: Callable[[], object]):
        """onDrawn(index): a preview is in the result. keep(): the hand has set a slider and rests."""
        self._session, self._onDrawn, self._keep = session, onDrawn, keep
        self.lesions, self.index = None, -1

    def take(self, lesions, index: int):
        """What is to be drawn, in place of what was."""
        self.lesions, self.index = lesions, index

    def drop(self):
        """The hand has let go."""
        self.lesions, self.index = None, -1

    def drawNow(self):
        self.drawPreview()

    def drawPreview(self):
        self._draw(preview=True)
        return False

    def restSteps(self):
        """In full quality: a hand that holds a point may go on, a slider that stands still has been set."""
        yield
        if self._session.points.isDragging:
            self._draw()
        else:
            self._keep()

    def _draw(self, preview=False):
        if self.lesions is not None and self._session.isReady:
            self._session.show(self.lesions, preview=preview)
            self._onDrawn(self.index)
