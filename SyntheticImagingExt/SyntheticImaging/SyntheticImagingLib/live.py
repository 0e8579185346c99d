"""The scheduler of a window: previews at the next idle moment, the newest only; the rest when the hand rests.

A hand that drags something in a view may leave no idle moment: its events come faster than the view can be drawn. A
preview that has waited too long is therefore drawn within the event that asks for the next one.
"""

import time

import qt

from .jobs import Steps
from .signal import Signal
from .widgets import singleShot

PATIENCE_S = 0.12
"""A preview waits so long at most for an idle moment, if more changes come."""


class LiveUpdates:
    """A ``scheduling.Scheduler`` in the event loop of the window.

    Signals: done() when everything that was asked for is drawn; failed(exception) of what was drawn or put off.
    """

    def __init__(self, restMs):
        """restMs: the hand rests when nothing new came for so long after a preview."""
        self.done, self.failed = Signal(), Signal()
        self._drawing, self._steps, self._askedAt = None, Steps(), 0.0
        self._previewTimer = singleShot(0, self._drawPreview)
        self._restTimer = singleShot(restMs, self._drawRest)

    @property
    def isWaiting(self):
        """Whether something is still to be drawn."""
        return self.isPreviewWaiting or self._restTimer.active or self._steps.isRunning

    @property
    def isPreviewWaiting(self):
        """Whether what was asked for has not been seen yet, not even as a preview."""
        return bool(self._previewTimer.active)

    def stop(self):
        """Forget what was asked for; the scene is closing or the panel goes away."""
        self._steps.cancel()
        self._previewTimer.stop()
        self._restTimer.stop()

    def request(self, drawing):
        self._drawing = drawing
        self._steps.cancel()
        self._restTimer.stop()
        if not self._previewTimer.active:
            self._askedAt = time.perf_counter()
            self._previewTimer.start()
        elif time.perf_counter() - self._askedAt >= PATIENCE_S:
            while self._previewTimer.active:  # every piece
                self._previewTimer.stop()
                self._drawPreview()

    def defer(self, action):
        qt.QTimer.singleShot(0, lambda: self._act(action))

    def _drawPreview(self):
        """One piece; the next one's turn comes after the window's own events."""
        try:
            isMore = self._drawing.drawPreview()
        except Exception as error:
            self.stop()
            self.failed.emit(error)
        else:
            (self._previewTimer if isMore else self._restTimer).start()

    def _drawRest(self):
        self._steps.start(self._drawing.restSteps(), None, lambda _result: self.done.emit(), self.failed.emit)

    def _act(self, action):
        try:
            action()
        except Exception as error:
            self.failed.emit(error)
