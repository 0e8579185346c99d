"""When images are drawn: the coarse ones at the next idle moment, the full ones when the hand rests.

A hand that drags something in a 3D view leaves no idle moment: its events come faster than the view can be drawn. A
coarse image that has waited too long is therefore drawn within the event that asks for the next one.
"""

import time

import qt

from SyntheticImagingLib.jobs import Steps
from SyntheticImagingLib.widgets import singleShot

REST_MS = 60
"""A full image waits so long after the last change, so that views can draw the coarse one meanwhile."""
PATIENCE_S = 0.12
"""A coarse image waits so long at most for an idle moment, if more changes come."""


class LiveUpdates:
    """Connects the logic's hooks with the window's event loop; a tick draws some tens of milliseconds at most."""

    def __init__(self, logic, onDone, onError):
        """onDone(): everything that was asked for is drawn. onError(exception)."""
        self._logic, self._onDone, self._onError = logic, onDone, onError
        self._steps = Steps()
        self._restTimer = singleShot(REST_MS, self._refine)
        self._coarseTimer, self._askedAt = singleShot(0, self._drawCoarse), 0.0
        logic.requestDraw = self.request
        logic.defer = self.defer

    @property
    def isWaiting(self):
        """Whether something is still to be drawn."""
        return self._coarseTimer.active or self._restTimer.active or self._steps.isRunning

    def stop(self):
        """Forget what was asked for; the scene is closing or the panel goes away."""
        self._steps.cancel()
        self._coarseTimer.stop()
        self._restTimer.stop()

    def request(self):
        self._steps.cancel()
        self._restTimer.stop()
        if not self._coarseTimer.active:
            self._askedAt = time.perf_counter()
            self._coarseTimer.start()
        elif time.perf_counter() - self._askedAt >= PATIENCE_S:
            while self._coarseTimer.active:  # every plane
                self._coarseTimer.stop()
                self._drawCoarse()

    def defer(self, action):
        qt.QTimer.singleShot(0, action)

    def _drawCoarse(self):
        """One step shows one plane's coarse image; the next plane's turn comes after the window's own events."""
        try:
            if self._logic.hasCoarseWork:
                next(self._logic.drawSteps(), None)
        except Exception as error:
            self.stop()
            self._onError(error)
            return
        (self._coarseTimer if self._logic.hasCoarseWork else self._restTimer).start()

    def _refine(self):
        self._steps.start(self._logic.drawSteps(), None, lambda _result: self._onDone(), self._onError)
