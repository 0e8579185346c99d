"""The section Instruments and contrast."""

import qt
from slicer.i18n import tr as _

from synthetic_imaging.xray.materials import materials
from SyntheticImagingLib.widgets import silent

from ..scene.ToolShapes import USUAL_MM

_NAME, _MATERIAL = 0, 1


class ToolsSection:
    """do(action): runs an action and shows problems."""

    def __init__(self, ui, logic, do):
        self.ui, self._logic, self._do = ui, logic, do
        self._parameters, self._segments = None, []
        self._shapes = {
            _("K-wire"): (logic.addKwire, USUAL_MM["K-wire"]),
            _("Screw"): (logic.addScrew, USUAL_MM["Screw"]),
            _("Needle"): (logic.addNeedle, USUAL_MM["Needle"]),
            _("Snake-like manipulator"): (logic.addSnake, USUAL_MM["Snake"]),
        }
        ui.shapeComboBox.addItems(list(self._shapes))
        ui.shapeComboBox.currentIndexChanged.connect(self._onShape)
        ui.toolsTable.setColumnCount(2)
        ui.toolsTable.setHorizontalHeaderLabels([_("Instrument"), _("Material")])
        ui.toolsTable.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        ui.toolsTable.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        ui.toolsTable.verticalHeader().setVisible(False)
        ui.toolsTable.horizontalHeader().setStretchLastSection(True)
        ui.toolsTable.itemSelectionChanged.connect(lambda *_a: self._do(lambda: None))
        ui.addModelButton.clicked.connect(lambda *_a: self._do(self._addModel))
        ui.addShapeButton.clicked.connect(lambda *_a: self._do(self._addShape))
        ui.removeToolButton.clicked.connect(lambda *_a: self._do(self._remove))
        ui.contrastComboBox.activated.connect(self._onContrast)
        for selector in (ui.toolModelSelector, ui.toolLineSelector):
            selector.currentNodeChanged.connect(lambda *_a: self._do(lambda: None))
        self._shown = None

    def setParameters(self, parameters):
        self._parameters = parameters

    def refresh(self):
        if self._parameters is None:
            return
        if not self.ui.materialComboBox.count:
            self._fillMaterials()
        self._fillTools()
        self._fillSegments()

    def usable(self, problem: str):
        ui, parameters = self.ui, self._parameters
        isChosen = ui.toolModelSelector.currentNode() is not None
        model = problem or ("" if isChosen else _("Choose a model with a closed surface."))
        line = problem or ("" if _isDrawn(ui.toolLineSelector.currentNode()) else _("Draw and choose a line first."))
        tool = problem or ("" if ui.toolsTable.currentRow() >= 0 else _("Select an instrument in the table."))
        none = parameters is None or parameters.segmentation is None
        segment = problem or (_("Choose a segmentation under Structures and landmarks.") if none else "")
        filled = segment or ("" if parameters.contrastSegmentId else _("Choose the segment that is filled."))
        return {
            ui.addModelButton: model,
            ui.addShapeButton: line,
            ui.removeToolButton: tool,
            ui.contrastComboBox: segment,
            ui.contrastSlider: filled,
        }

    def _fillMaterials(self):
        self.ui.materialComboBox.addItems(list(materials()))
        self.ui.materialComboBox.setCurrentText("titanium")

    def _fillTools(self):
        tools = [(node.GetName(), self._logic.toolMaterial(node)) for node in self._logic.tools]
        if tools == self._shown:
            return
        self._shown, table = tools, self.ui.toolsTable
        with silent(table):
            table.setRowCount(len(tools))
            for row, (name, material) in enumerate(tools):
                table.setItem(row, _NAME, qt.QTableWidgetItem(name))
                table.setItem(row, _MATERIAL, qt.QTableWidgetItem(material))

    def _fillSegments(self):
        node = self._parameters.segmentation
        segmentation = node.GetSegmentation() if node is not None else None
        identifiers = list(segmentation.GetSegmentIDs()) if segmentation is not None else []
        named = [("", _("None")), *((each, segmentation.GetSegment(each).GetName()) for each in identifiers)]
        box = self.ui.contrastComboBox
        with silent(box):
            if named != self._segments:
                self._segments = named
                box.clear()
                for identifier, name in named:
                    box.addItem(name, identifier)
            box.setCurrentIndex(max(0, box.findData(self._parameters.contrastSegmentId)))

    def _addModel(self):
        self._logic.addTool(self.ui.toolModelSelector.currentNode(), self.ui.materialComboBox.currentText)

    def _onShape(self, *_arguments):
        """Another shape comes with the diameter that is usual for it."""
        _add, usualMm = self._shapes[self.ui.shapeComboBox.currentText]
        self.ui.toolDiameterSpinBox.value = usualMm

    def _addShape(self):
        line, ends = self.ui.toolLineSelector.currentNode(), ([0.0] * 3, [0.0] * 3)
        for index, end in enumerate(ends):
            line.GetNthControlPointPositionWorld(index, end)
        add, _usual = self._shapes[self.ui.shapeComboBox.currentText]
        add(*ends, diameterMm=self.ui.toolDiameterSpinBox.value)

    def _remove(self):
        self._logic.removeTool(self._logic.tools[self.ui.toolsTable.currentRow()])

    def _onContrast(self, *_arguments):
        box = self.ui.contrastComboBox
        self._parameters.contrastSegmentId = box.itemData(box.currentIndex) or ""


def _isDrawn(line):
    return line is not None and line.GetNumberOfDefinedControlPoints() >= 2
