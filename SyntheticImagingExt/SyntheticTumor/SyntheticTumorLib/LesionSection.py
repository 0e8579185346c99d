"""The section Lesion: sliders for the current lesion. Which slider sets which property is written in the form."""

import qt
from slicer.i18n import tr as _

from SyntheticImagingLib.widgets import setTextIfNew, silent

from .Distance import roomText
from .Fields import valueOf
from .Presets import presetTable
from .Window import isLung

WARNING_COLOR = "#d9480f"
CONTRAST_RANGES_HU = {"lung": (-200.0, 1100.0), "soft": (-150.0, 200.0)}


class LesionSection:
    """do(action): runs an action and shows problems; live(action): the same for sliders, without a window."""

    def __init__(self, ui, logic, do, live):
        self.ui, self._logic, self._do, self._live = ui, logic, do, live
        self._parameters = None
        self._sliders, self._isWarning = {}, False
        for slider in (value for value in vars(ui).values() if hasattr(value, "property")):
            field = slider.property("LesionField")
            if field and slider is not ui.protrudeCheckBox:
                self._sliders[field] = slider
                slider.valueChanged.connect(lambda value, field=field: self._onSlider(field, value))
        ui.protrudeCheckBox.toggled.connect(lambda on: self._change("protrude", bool(on)))
        ui.shuffleButton.clicked.connect(lambda *_a: self._act(logic.shuffleLesion))
        ui.moveButton.clicked.connect(lambda *_a: self._act(lambda index: logic.moveToClearSite(index, jump=True)))
        ui.satelliteButton.clicked.connect(self._onSatellites)

    def setParameters(self, parameters):
        self._parameters = parameters

    def usable(self, problem):
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
        self._setRanges()
        for field, slider in self._sliders.items():
            self._showValue(slider, valueOf(lesion, field) * _scale(slider))
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

    def _setRanges(self):
        summary = self._logic.caseSummary()
        low, high = CONTRAST_RANGES_HU["lung" if isLung(summary["meanHu"]) else "soft"]
        largest = max(2.0, round(summary["largestRadiusMm"], 1))
        for field, bounds in (("contrast_hu", (low, high)), ("radius_mm", (1.0, min(80.0, largest)))):
            slider = self._sliders[field]
            if (slider.minimum, slider.maximum) != bounds:
                with silent(slider):
                    slider.minimum, slider.maximum = bounds

    def _showValue(self, slider, value):
        with silent(slider):
            # a lesion from a script may go beyond what the slider offers
            if value > slider.maximum:
                slider.maximum = value
            if value < slider.minimum:
                slider.minimum = value
            if abs(slider.value - value) > 10.0 ** -int(slider.decimals) / 2:
                slider.value = value

    def _onSlider(self, field, value):
        self._change(field, value / _scale(self._sliders[field]))

    def _change(self, field, value):
        logic = self._logic
        if 0 <= logic.current < len(logic.lesions):
            self._live(lambda: self._preview(field, value))

    def _preview(self, field, value):
        try:
            self._logic.previewLesion(self._logic.current, {field: value})
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
    kind = presetTable().get(lesion.preset, {}).get("title", "")
    name = f"{lesion.name} ({kind})" if kind else lesion.name
    return _("Lesion: {name}").format(name=name)


def _scale(slider):
    """What a slider shows for a value of 1: percent sliders say 100 in the form."""
    return float(slider.property("LesionScale") or 1.0)
