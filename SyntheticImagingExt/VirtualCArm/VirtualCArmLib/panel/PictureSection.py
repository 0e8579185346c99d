"""The section Picture: window, and what is shown in 3D."""

from slicer.i18n import tr as _

from SyntheticImagingLib.widgets import silent

_STEP = 0.005


class PictureSection:
    """do(action): runs an action and shows problems. views: the ``XrayViews``."""

    def __init__(self, ui, logic, views, do):
        self.ui, self._logic, self._views, self._do = ui, logic, views, do
        self._parameters = None
        ui.windowRange.valuesChanged.connect(self._onWindow)
        ui.fitWindowButton.clicked.connect(lambda *_a: self._do(logic.fitWindow))
        ui.fitViewButton.clicked.connect(lambda *_a: self._do(views.fit))

    def setParameters(self, parameters):
        self._parameters = parameters

    def refresh(self):
        if self._parameters is None:
            return
        (low, high), widget = self._logic.window(), self.ui.windowRange
        if abs(widget.minimumValue - low) > _STEP or abs(widget.maximumValue - high) > _STEP:
            with silent(widget):
                widget.minimum, widget.maximum = min(widget.minimum, low), max(widget.maximum, high)
                widget.setValues(low, high)

    def usable(self, problem: str):
        ui, noRay = self.ui, "" if self.ui.rayCheckBox.checked else _("Show the ray under the mouse first.")
        return {ui.fitWindowButton: problem, ui.fitViewButton: problem, ui.slicesFollowCheckBox: noRay}

    def _onWindow(self, low, high):
        if self._parameters is not None and high > low:
            self._views.setWindow(low, high)
