"""When previews are drawn: at the next idle moment, the newest only; in full quality when the hand rests."""

import qt

from SyntheticImagingLib.widgets import singleShot

REST_MS = 250


class LiveUpdates:
    """Connects the logic's hooks with the window's event loop; a tick draws one preview, some milliseconds long."""

    def __init__(self, logic, guarded):
        """guarded(action): runs an action and shows what goes wrong."""
        self._logic, self._guarded = logic, guarded
        self._drawTimer = singleShot(0, self._onDraw)
        self._restTimer = singleShot(REST_MS, self._onRest)
        logic.requestDraw = self.request
        logic.defer = self.defer

    def stop(self):
        """Forget what was asked for; the scene is closing or the panel goes away."""
        self._drawTimer.stop()
        self._restTimer.stop()

    def request(self):
        if not self._drawTimer.active:
            self._drawTimer.start()
        self._restTimer.start()

    def defer(self, action):
        qt.QTimer.singleShot(0, lambda: self._guarded(action))

    def _onDraw(self):
        self._guarded(self._logic.drawPending)

    def _onRest(self):
        # a hand that holds a point may go on; a slider that stands still has been set
        self._guarded(self._logic.refine if self._logic.isDragging else self._logic.commit)
