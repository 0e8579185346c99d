"""The section Lesion: sliders for the current lesion. Which slider sets which number is written in the form."""

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from synthetic_imaging.declared import setting_of, value_of
from synthetic_imaging.tumor.lesion import Lesion
from synthetic_imaging.tumor.plans import preset_table
from SyntheticImagingLib.parameters import limit
from SyntheticImagingLib.widgets import setTextIfNew, silent

from .Distance import roomText
from .HandRanges import handRange

WARNING_COLOR = "#d9480f"


class LesionSection:
    """do(action): runs an action and shows problems; live(action): the same for sliders, without a window."""

    def __init__(self, ui, logic, do: Callable, live: Callable):
        self.ui, self._logic, self._do, self._live = ui, logic, do, live
        self._parameters = None
        self._sliders, self._isWarning = {}, False
        for slider in (value for value in vars(ui).values() if hasattr(value, "property")):
            path = slider.property("LesionField")
            if path and slider is not ui.protrudeCheckBox:
                self._sliders[path] = slider
                limit(slider, setting_of(Lesion, path), _scale(slider))
                slider.valueChanged.connect(lambda value, path=path: self._onSlider(path, value))
        ui.protrudeCheckBox.toolTip = f"{setting_of(Lesion, 'protrude').help}."
        ui.protrudeCheckBox.toggled.connect(lambda on: self._change("protrude", bool(on)))
        ui.shuffleButton.clicked.connect(lambda *_a: self._act(logic.shuffleLesion))
        ui.moveButton.clicked.connect(lambda *_a: self._act(lambda index: logic.moveToClearSite(index, jump=True)))
        ui.satelliteButton.clicked.connect(self._onSatellites)

    def setParameters(self, parameters):
        self._parameters = parameters

    def usable(self, problem: str) -> dict:
        widgets = [*self._sliders.values(), self.ui.protrudeCheckBox, self.ui.shuffleButton]
        return dict.fromkeys([*widgets, self.ui.moveButton, self.ui.satelliteButton], problem)

    def refresh(self):
        """Show the current lesion."""
        logic = self._logic
        lesion = logic.lesions[logic.current] if 0 <= logic.current < len(logic.lesions) else None
        setTextIfNew(self.ui.lesionSection, _titleOf(lesion))
        if lesion is None:
            self._warn(False)
            setTextIfNew(self.ui.distanceLabel, _("No lesion is selected."))
            return
        for path, slider in self._sliders.items():
            self._show(path, slider, value_of(lesion, path))
        with silent(self.ui.protrudeCheckBox):
            self.ui.protrudeCheckBox.checked = lesion.protrude
        self.refreshDistance()

    def refreshDistance(self):
        """The distance to vessel and surface, with a warning color where a vessel is touched."""
        logic = self._logic
        if not logic.isReady or not 0 <= logic.current < len(logic.lesions):
            return
        room = logic.roomAround(logic.current)
        self._warn(room["vesselMm"] < 0)
        setTextIfNew(self.ui.distanceLabel, roomText(**room))

    def _warn(self, on):
        if on == self._isWarning:
            return  # a new palette makes Qt style the label again, at each move of a hand
        palette = qt.QPalette(self.ui.lesionSection.palette)
        if on:
            palette.setColor(qt.QPalette.WindowText, qt.QColor(WARNING_COLOR))
        self.ui.distanceLabel.palette = palette
        self._isWarning = on

    def _show(self, path, slider, value):
        """The value, and as far as a hand may go; a lesion from a script may have gone beyond."""
        low, high = handRange(path, setting_of(Lesion, path), self._logic.caseSummary())
        scale = _scale(slider)
        least, most, shown = min(low, value) * scale, max(high, value) * scale, value * scale
        with silent(slider):
            if (slider.minimum, slider.maximum) != (least, most):
                slider.minimum, slider.maximum = least, most
            if abs(slider.value - shown) > 10.0 ** -int(slider.decimals) / 2:
                slider.value = shown

    def _onSlider(self, path, value):
        self._change(path, value / _scale(self._sliders[path]))

    def _change(self, path, value):
        logic = self._logic
        if 0 <= logic.current < len(logic.lesions):
            self._live(lambda: self._preview(path, value))

    def _preview(self, path, value):
        try:
            self._logic.editing.preview(self._logic.current, {path: value})
        except Exception:
            self.refresh()  # the slider goes back to what the lesion has
            raise

    def _act(self, action):
        self._do(lambda: action(self._logic.current))

    def _onSatellites(self, *_arguments):
        count = self._parameters.satelliteCount
        self._do(lambda: self._logic.addSatellites(self._logic.current, count), waitCursor=True)


def _titleOf(lesion):
    if lesion is None:
        return _("Lesion")
    kind = preset_table().get(lesion.preset, {}).get("title", "")
    name = f"{lesion.name} ({kind})" if kind else lesion.name
    return _("Lesion: {name}").format(name=name)


def _scale(slider):
    """What a slider shows for a value of 1: percent sliders say 100 in the form."""
    return float(slider.property("LesionScale") or 1.0)
