"""The sections C-arm and Machine: common views, angles, isocenter, machine, distances and table."""

from collections.abc import Callable
from typing import Any, Protocol

import qt
import slicer
from slicer.i18n import tr as _

from synthetic_imaging.xray.machines import machines
from synthetic_imaging.xray.views import regions_named
from SyntheticImagingLib.widgets import setTextIfNew, silent

from .ViewButtons import ViewButtons

TABLE = ("tableRMm", "tableAMm", "tableSMm")


class Stand(Protocol):
    """What the section needs of the logic."""

    isReady: bool
    regions: tuple[str, ...]
    isocenterRas: tuple[float, float, float]

    def setView(self, name: str) -> None:
        """Take one of the common views."""

    def setMachine(self, name: str) -> None:
        """Take distances and detector of a preset."""

    def setPose(self, *, isocenterRas) -> None:
        """Move the isocenter."""

    def centerIsocenter(self) -> None:
        """Put it at the center of the CT."""

    def isocenterNode(self) -> Any:
        """The point that is the isocenter."""


class PoseSection:
    """do(action): runs an action and shows problems. Sliders are bound to the parameter node by the form."""

    def __init__(self, ui, logic: Stand, do: Callable):
        self.ui, self._logic, self._do = ui, logic, do
        self._parameters, self._landmarkNames = None, []
        self.views = ViewButtons(ui.viewsFrame, lambda name: self._do(lambda: logic.setView(name)))
        ui.placeWidget.buttonsVisible = False
        ui.placeWidget.visible = False
        ui.placeWidget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceSingleMarkup
        ui.placeWidget.activeMarkupsFiducialPlaceModeChanged.connect(self._onPlaceModeChanged)
        ui.placeIsocenterButton.clicked.connect(self._onPlace)
        ui.centerButton.clicked.connect(lambda *_a: self._do(logic.centerIsocenter))
        ui.landmarkComboBox.activated.connect(self._onLandmark)
        ui.machineComboBox.activated.connect(self._onMachine)
        ui.tableBackButton.clicked.connect(lambda *_a: self._do(self._tableBack))
        self._fillMachines()

    def setParameters(self, parameters):
        self._parameters = parameters

    def refresh(self):
        parameters, ui = self._parameters, self.ui
        if parameters is None:
            return
        ui.planeBFrame.visible = parameters.biplane
        with silent(ui.machineComboBox):
            ui.machineComboBox.setCurrentIndex(ui.machineComboBox.findData(parameters.machine))
        self.views.offer(self._regions())
        self._fillLandmarks()
        self.refreshLive()

    def refreshLive(self):
        """What changes while a hand is moving."""
        ui, logic = self.ui, self._logic
        setTextIfNew(ui.isocenterLabel, _isocenterText(logic.isocenterRas) if logic.isReady else "")

    def usable(self, problem: str):
        ui = self.ui
        landmark = problem or ("" if self._landmarkNames else _("Choose landmarks under Structures and landmarks."))
        widgets = [*self.views.widgets, ui.placeIsocenterButton, ui.centerButton, ui.tableBackButton]
        return {**dict.fromkeys(widgets, problem), ui.landmarkComboBox: landmark}

    def stop(self):
        """Leave place mode, when the panel is left."""
        if self.ui.placeWidget.placeModeEnabled:
            self.ui.placeWidget.setPlaceModeEnabled(False)

    def _fillMachines(self):
        box = self.ui.machineComboBox
        for index, (name, machine) in enumerate(machines().items()):
            box.addItem(machine.title, name)
            known = _("Confirmed by a second source") if machine.exact else _("Approximate")
            box.setItemData(index, f"{known}: {machine.source}", qt.Qt.ToolTipRole)

    def _regions(self):
        """What the CT shows by its content, or by the names of the structures in it."""
        node = self._parameters.segmentation
        segmentation = node.GetSegmentation() if node is not None else None
        identifiers = list(segmentation.GetSegmentIDs()) if segmentation is not None else []
        named = regions_named(segmentation.GetSegment(each).GetName() for each in identifiers)
        return tuple(dict.fromkeys((*self._logic.regions, *named))) if self._logic.isReady else ()

    def _fillLandmarks(self):
        names = pointNames(self._parameters.landmarks)
        if names == self._landmarkNames:
            return
        self._landmarkNames, box = names, self.ui.landmarkComboBox
        with silent(box):
            box.clear()
            box.addItem(_("Choose a landmark"))
            for name in names:
                box.addItem(name)

    def _onLandmark(self, *_arguments):
        index = self.ui.landmarkComboBox.currentIndex - 1
        if index >= 0:
            self._do(lambda: self._standOn(index))

    def _standOn(self, index):
        position = [0.0, 0.0, 0.0]
        self._parameters.landmarks.GetNthControlPointPositionWorld(index, position)
        self._logic.setPose(isocenterRas=position)

    def _onMachine(self, *_arguments):
        box = self.ui.machineComboBox
        self._do(lambda: self._logic.setMachine(box.itemData(box.currentIndex)))

    def _tableBack(self):
        parameters = self._parameters
        wasModifying = parameters.parameterNode.StartModify()
        for name in TABLE:
            setattr(parameters, name, 0.0)
        parameters.parameterNode.EndModify(wasModifying)

    def _onPlace(self, *_arguments):
        """The point is lifted, and set down again by the click; or put back when nothing is clicked."""
        wanted = self.ui.placeIsocenterButton.checked
        node = self._logic.isocenterNode() if wanted else self._parameters.isocenter
        self.ui.placeWidget.setCurrentNode(node)
        if wanted:
            node.UnsetNthControlPointPosition(0)
        self.ui.placeWidget.setPlaceModeEnabled(wanted)
        self._onPlaceModeChanged()

    def _onPlaceModeChanged(self, *_arguments):
        isPlacing = self.ui.placeWidget.placeModeEnabled
        with silent(self.ui.placeIsocenterButton):
            self.ui.placeIsocenterButton.checked = isPlacing
        node = self._parameters.isocenter if self._parameters is not None else None
        if not isPlacing and _isLifted(node):
            node.RestoreNthControlPointPosition(0)


def _isLifted(node):
    """Whether the point waits for a place."""
    if node is None or not node.GetNumberOfControlPoints():
        return False
    return node.GetNthControlPointPositionStatus(0) != node.PositionDefined


def pointNames(node) -> list[str]:
    """Labels of the points of a markups node that have a place; none for None."""
    count = node.GetNumberOfControlPoints() if node is not None else 0
    return [node.GetNthControlPointLabel(index) for index in range(count)]


def _isocenterText(ras):
    letters = (("R", "L"), ("A", "P"), ("S", "I"))
    parts = (f"{pair[0 if value >= 0 else 1]} {abs(value):.1f}" for pair, value in zip(letters, ras, strict=True))
    return _("Isocenter at {place} mm").format(place=", ".join(parts))
