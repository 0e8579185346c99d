"""The section Place: what kind of lesion, and where."""

import qt
import slicer
from slicer.i18n import tr as _

from synthetic_imaging.declared import setting_of
from synthetic_imaging.tumor.lesion import Lesion
from synthetic_imaging.tumor.plans import LEVELS, preset_table
from SyntheticImagingLib.widgets import setTextIfNew, silent

from .Distance import roomText
from .HandRanges import handRange


class PlaceSection:
    """Presets, placing by clicks, suggested sites, several at once. do(action): runs an action and shows problems."""

    def __init__(self, ui, logic, do):
        self.ui, self._logic, self._do = ui, logic, do
        self._parameters = None
        self._shownPresets = []
        # the place widget knows what place mode needs; a button with words is easier to find than its icon
        ui.placeWidget.buttonsVisible = False
        ui.placeWidget.visible = False
        ui.placeWidget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceMultipleMarkups
        ui.placeWidget.activeMarkupsFiducialPlaceModeChanged.connect(self._onPlaceModeChanged)
        ui.placeButton.clicked.connect(self._onPlace)
        ui.suggestButton.clicked.connect(self._onSuggest)
        ui.severalButton.clicked.connect(self._onSeveral)
        ui.presetComboBox.currentIndexChanged.connect(self._onPreset)
        ui.placeRadiusSlider.valueChanged.connect(self._onRadius)
        logic.hovered.connect(self._onHovered)
        sizes = ", ".join(f"{name} {level.radius_mm:g} mm" for name, level in LEVELS.items())
        ui.levelComboBox.toolTip = _("Radius of the lesions: {sizes}, or a mix of all (Hu et al., CVPR 2023).").format(
            sizes=sizes
        )
        self._showSite("")

    def setParameters(self, parameters):
        self._parameters = parameters
        self.refresh()

    def refresh(self):
        names = self._logic.presetNames()
        if names != self._shownPresets:
            self._fill(names)
        self._choose()
        self._narrow()
        self._onRadius()
        if not self._logic.isDragging and not self.ui.placeWidget.placeModeEnabled:
            self._showSite("")
        if self._logic.results.points is not self.ui.placeWidget.currentNode():
            self.ui.placeWidget.setCurrentNode(self._logic.results.points)

    def usable(self, problem):
        return dict.fromkeys((self.ui.placeButton, self.ui.suggestButton, self.ui.severalButton), problem)

    def stop(self):
        """Leave place mode, when the panel is left."""
        if self.ui.placeWidget.placeModeEnabled:
            self.ui.placeWidget.setPlaceModeEnabled(False)

    def _fill(self, names):
        table, box = preset_table(), self.ui.presetComboBox
        with silent(box):
            box.clear()
            for index, name in enumerate(names):
                box.addItem(table[name]["title"], name)
                box.setItemData(index, table[name]["source"], qt.Qt.ToolTipRole)
        self._shownPresets = names

    def _choose(self):
        """The kind that was chosen, or the first one for a new organ."""
        names, wanted = self._shownPresets, self._parameters.preset if self._parameters is not None else ""
        if not names:
            return
        index = names.index(wanted) if wanted in names else 0
        with silent(self.ui.presetComboBox):
            self.ui.presetComboBox.setCurrentIndex(index)
        self._logic.editing.nextPreset = names[index]
        self.ui.presetComboBox.toolTip = preset_table()[names[index]]["source"]

    def _narrow(self):
        """No larger radius than the organ has room for."""
        slider, logic = self.ui.placeRadiusSlider, self._logic
        if logic.isReady:
            bounds = handRange("radius_mm", setting_of(Lesion, "radius_mm"), logic.caseSummary())
            if (slider.minimum, slider.maximum) != bounds:
                slider.minimum, slider.maximum = bounds

    def _onPreset(self, *_arguments):
        index = self.ui.presetComboBox.currentIndex
        if self._parameters is not None and 0 <= index < len(self._shownPresets):
            self._parameters.preset = self._shownPresets[index]
            self._choose()

    def _onRadius(self, *_arguments):
        # 0 is what the parameter is for none: a radius that is typical of the kind
        self._logic.editing.nextRadiusMm = self.ui.placeRadiusSlider.value or None

    def _onPlace(self, *_arguments):
        wanted = self.ui.placeButton.checked
        self._do(lambda: self._logic.startPlacing(wanted))
        self.ui.placeWidget.setCurrentNode(self._logic.results.points)
        self._onPlaceModeChanged()

    def _onPlaceModeChanged(self, *_arguments):
        active = self.ui.placeWidget.placeModeEnabled
        with silent(self.ui.placeButton):
            self.ui.placeButton.checked = active
        if not active:
            self._showSite("")

    def _onSuggest(self, *_arguments):
        logic, editing = self._logic, self._logic.editing
        self._do(lambda: logic.addAtSuggestedSite(editing.nextPreset, editing.nextRadiusMm, jump=True))

    def _onSeveral(self, *_arguments):
        logic, parameters = self._logic, self._parameters
        level, count, preset = parameters.level.value, parameters.count or None, logic.editing.nextPreset
        self._do(lambda: logic.addSeveral(level, count, preset, jump=True), waitCursor=True)

    def _onHovered(self, ras):
        self._showSite(self.siteText(ras))

    def _showSite(self, text):
        setTextIfNew(self.ui.siteLabel, text)
        self.ui.siteLabel.visible = bool(text)

    def siteText(self, ras):
        if not self._logic.isReady:
            return ""
        if not self._logic.case.contains(ras):
            return _("Outside the {organ}.").format(organ=self._logic.case.organ_name)
        return roomText(**self._logic.roomAt(ras))
