"""Stand-ins of the widgets that place markups and step through sequences."""

# ruff: noqa: N801 (the class names are Slicer's)

import slicer
import vtk
from PySide6.QtCore import Property, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
)  # fmt: skip

from .nodewidgets import SceneFollower, qMRMLNodeComboBox


class qSlicerMarkupsPlaceWidget(SceneFollower):
    """A button that switches place mode for the current markups node."""

    activeMarkupsFiducialPlaceModeChanged = Signal(bool)
    activeMarkupsPlaceModeChanged = Signal(bool)
    ShowPlaceMultipleMarkupsOption, HidePlaceMultipleMarkupsOption = 0, 1
    ForcePlaceSingleMarkup, ForcePlaceMultipleMarkups = 2, 3

    def __init__(self, parent=None):
        super().__init__(parent)
        self._node, self._wasActive, self._persistent = None, False, False
        self._placeMultipleMarkups = self.ShowPlaceMultipleMarkupsOption
        self._interactionTags = []
        self._place = QToolButton(self, text="Place", checkable=True, toolTip="Place a control point")
        self._delete = QToolButton(self, text="Delete", toolTip="Delete the last control point")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._place)
        layout.addWidget(self._delete)
        self._place.clicked.connect(self.setPlaceModeEnabled)
        self._delete.clicked.connect(self.deleteLastPoint)
        self._update()

    def setMRMLScene(self, scene):
        for node, tag in self._interactionTags:
            node.RemoveObserver(tag)
        logic = slicer.app.applicationLogic()
        nodes = (logic.GetInteractionNode(), logic.GetSelectionNode()) if scene else ()
        self._interactionTags = [
            (node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._update())) for node in nodes
        ]
        super().setMRMLScene(scene)
        self._update()

    def onSceneChanged(self):
        if self._node is not None and (
            self._scene is None or self._scene.GetNodeByID(self._node.GetID() or "") is None
        ):
            self.setCurrentNode(None)

    def currentNode(self):
        return self._node

    def setCurrentNode(self, node):
        if node is not self._node and self.isPlaceModeEnabled():
            self.setPlaceModeEnabled(False)
        self._node = node
        self._update()

    def isPlaceModeEnabled(self):
        if self._node is None or self._scene is None:
            return False
        logic = slicer.app.applicationLogic()
        active = logic.GetSelectionNode().GetActivePlaceNodeID() == self._node.GetID()
        return active and logic.GetInteractionNode().GetCurrentInteractionMode() == slicer.vtkMRMLInteractionNode.Place

    def setPlaceModeEnabled(self, enabled):
        if self._node is not None and self._scene is not None:
            interaction = slicer.app.applicationLogic().GetInteractionNode()
            if enabled:
                logic = slicer.modules.markups.logic()
                logic.SetActiveList(self._node)
                logic.StartPlaceMode(self._persistent)
            elif self.isPlaceModeEnabled():
                interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.ViewTransform)
        self._update()

    def setPlaceModePersistency(self, persistent):
        self._persistent = bool(persistent)
        if self.isPlaceModeEnabled():
            slicer.app.applicationLogic().GetInteractionNode().SetPlaceModePersistence(self._persistent)

    def placeModePersistency(self):
        return self._persistent

    def deleteLastPoint(self, *_):
        if self._node is not None and self._node.GetNumberOfControlPoints():
            self._node.RemoveNthControlPoint(self._node.GetNumberOfControlPoints() - 1)

    def deleteAllPoints(self):
        if self._node is not None:
            self._node.RemoveAllControlPoints()

    def placeButton(self):
        return self._place

    def deleteButton(self):
        return self._delete

    def _update(self):
        active = self.isPlaceModeEnabled()
        self._place.setEnabled(self._node is not None)
        self._delete.setEnabled(self._node is not None)
        self._place.setChecked(active)
        if active != self._wasActive:
            self._wasActive = active
            self.activeMarkupsFiducialPlaceModeChanged.emit(active)
            self.activeMarkupsPlaceModeChanged.emit(active)

    def _setPlaceMultiple(self, value):
        self._placeMultipleMarkups = int(value)
        if value in (self.ForcePlaceSingleMarkup, self.ForcePlaceMultipleMarkups):
            self.setPlaceModePersistency(value == self.ForcePlaceMultipleMarkups)

    placeModeEnabled = Property(bool, isPlaceModeEnabled, setPlaceModeEnabled)
    placeMultipleMarkups = Property(int, lambda self: self._placeMultipleMarkups, _setPlaceMultiple)
    buttonsVisible = Property(bool, lambda self: not self._place.isHidden(), lambda self, v: self._place.setVisible(v))
    deleteAllMarkupsOptionVisible = Property(
        bool, lambda self: not self._delete.isHidden(), lambda self, v: self._delete.setVisible(v)
    )


class qSlicerSimpleMarkupsWidget(SceneFollower):
    """Node selector, place button and a table of control points."""

    markupsNodeChanged = Signal()
    markupsFiducialNodeChanged = Signal()
    activeMarkupsFiducialPlaceModeChanged = Signal(bool)
    currentMarkupsControlPointSelectionChanged = Signal(int)
    updateFinished = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._node, self._nodeTags = None, []
        self._selector = qMRMLNodeComboBox(self)
        self._selector.nodeTypes = ["vtkMRMLMarkupsFiducialNode"]
        self._selector.noneEnabled = True
        self._placer = qSlicerMarkupsPlaceWidget(self)
        self._table = QTableWidget(0, 4, self)
        self._table.setHorizontalHeaderLabels(["Label", "R", "A", "S"])
        self._table.setEditTriggers(QAbstractItemView.NoEditTriggers)
        self._table.setSelectionBehavior(QAbstractItemView.SelectRows)
        top, layout = QHBoxLayout(), QVBoxLayout(self)
        top.addWidget(self._selector, 1)
        top.addWidget(self._placer)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self._table)
        self._selector.currentNodeChanged.connect(self._onNodeChanged)
        self._placer.activeMarkupsFiducialPlaceModeChanged.connect(self.activeMarkupsFiducialPlaceModeChanged)
        self._table.itemSelectionChanged.connect(self._onSelected)

    def setMRMLScene(self, scene):
        self._selector.setMRMLScene(scene)
        self._placer.setMRMLScene(scene)
        super().setMRMLScene(scene)

    def currentNode(self):
        return self._selector.currentNode()

    def setCurrentNode(self, node):
        self._selector.setCurrentNode(node)

    def markupsSelectorComboBox(self):
        return self._selector

    def markupsPlaceWidget(self):
        return self._placer

    def tableWidget(self):
        return self._table

    def setNodeBaseName(self, name):
        self._selector.baseName = name

    def setNodeSelectorVisible(self, visible):
        self._selector.setVisible(visible)

    def _onNodeChanged(self, node):
        for tag in self._nodeTags:
            self._node.RemoveObserver(tag)
        cls = slicer.vtkMRMLMarkupsNode
        events = (cls.PointPositionDefinedEvent, cls.PointModifiedEvent, cls.PointRemovedEvent) if node else ()
        self._node = node
        self._nodeTags = [node.AddObserver(event, lambda *_: self._fill()) for event in events]
        self._placer.setCurrentNode(node)
        self._fill()
        self.markupsNodeChanged.emit()
        self.markupsFiducialNodeChanged.emit()

    def _fill(self):
        self._table.blockSignals(True)
        count = self._node.GetNumberOfControlPoints() if self._node else 0
        self._table.setRowCount(count)
        for row in range(count):
            position = self._node.GetNthControlPointPositionVector(row)
            texts = [self._node.GetNthControlPointLabel(row), *(f"{p:.3f}" for p in position)]
            for column, text in enumerate(texts):
                self._table.setItem(row, column, QTableWidgetItem(text))
        self._table.blockSignals(False)
        self.updateFinished.emit()

    def _onSelected(self):
        row = self._table.currentRow()
        if self._node is not None and row >= 0:
            self.currentMarkupsControlPointSelectionChanged.emit(row)
            slicer.modules.markups.logic().JumpSlicesToNthPointInMarkup(self._node.GetID(), row, False)


class qMRMLSequenceBrowserPlayWidget(SceneFollower):
    """First, previous, play, next and last item of a sequence browser."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._browser, self._buttons = None, {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for name, text, action in (
            ("first", "|<", self.onFirst),
            ("previous", "<", self.onPrevious),
            ("play", "▶", None),
            ("next", ">", self.onNext),
            ("last", ">|", self.onLast),
        ):
            button = QPushButton(text, self)
            button.setFixedWidth(34)
            layout.addWidget(button)
            self._buttons[name] = button
            if action:
                button.clicked.connect(lambda *_, action=action: action())
        layout.addStretch(1)
        self._buttons["play"].setCheckable(True)
        self._buttons["play"].toggled.connect(self.setPlaybackEnabled)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._onTimer)

    def setMRMLSequenceBrowserNode(self, node):
        self._browser = node
        for button in self._buttons.values():
            button.setEnabled(node is not None)

    def mrmlSequenceBrowserNode(self):
        return self._browser

    def setPlaybackEnabled(self, play):
        self._timer.start(round(1000 / max(0.1, self._browser.GetPlaybackRateFps()))) if play else self._timer.stop()

    def onFirst(self):
        self._browser.SelectFirstItem()

    def onLast(self):
        self._browser.SelectLastItem()

    def onNext(self):
        self._browser.SelectNextItem(1)

    def onPrevious(self):
        self._browser.SelectNextItem(-1)

    def _onTimer(self):
        if self._browser is None or self._browser.GetScene() is None:
            self._timer.stop()
        else:
            self.onNext()


class qMRMLSequenceBrowserSeekWidget(SceneFollower):
    """A slider over the items of a sequence browser."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._browser, self._tag = None, None
        self._slider = QSlider(self)
        self._slider.setOrientation(self._slider.orientation().Horizontal)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        self._slider.valueChanged.connect(self._onValue)

    def setMRMLSequenceBrowserNode(self, node):
        if self._browser is not None:
            self._browser.RemoveObserver(self._tag)
        self._browser = node
        self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._update()) if node else None
        self._update()

    def slider(self):
        return self._slider

    def _update(self):
        self._slider.blockSignals(True)
        self._slider.setRange(0, max(0, self._browser.GetNumberOfItems() - 1) if self._browser else 0)
        self._slider.setValue(self._browser.GetSelectedItemNumber() if self._browser else 0)
        self._slider.blockSignals(False)

    def _onValue(self, value):
        if self._browser is not None:
            self._browser.SetSelectedItemNumber(value)


class qMRMLSegmentsTableView(SceneFollower):
    """Segments of a segmentation: shown or not, color, name."""

    selectionChanged = Signal(object, object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._node, self._tags, self._identifiers = None, [], []
        self._table = QTableWidget(0, 3, self)
        self._table.setHorizontalHeaderLabels(["Show", "Color", "Name"])
        self._table.setSelectionBehavior(QAbstractItemView.SelectRows)
        self._table.horizontalHeader().setStretchLastSection(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._table)
        self._table.itemSelectionChanged.connect(lambda: self.selectionChanged.emit(None, None))
        self._table.itemChanged.connect(self._onEdited)

    def segmentationNode(self):
        return self._node

    def setSegmentationNode(self, node):
        for observed, tag in self._tags:
            observed.RemoveObserver(tag)
        self._node = node
        cls = slicer.vtkSegmentation
        events = (cls.SegmentAdded, cls.SegmentRemoved, cls.SegmentModified) if node else ()
        segmentation = node.GetSegmentation() if node else None
        self._tags = [(segmentation, segmentation.AddObserver(e, lambda *_: self._fill())) for e in events]
        self._fill()

    def selectedSegmentIDs(self):
        return [self._identifiers[i.row()] for i in self._table.selectionModel().selectedRows()]

    def setSelectedSegmentIDs(self, identifiers):
        self._table.clearSelection()
        for identifier in identifiers:
            self._table.selectRow(self._identifiers.index(identifier))

    def _fill(self):
        segmentation = self._node.GetSegmentation() if self._node else None
        self._identifiers = list(segmentation.GetSegmentIDs()) if segmentation else []
        self._table.blockSignals(True)
        self._table.setRowCount(len(self._identifiers))
        for row, identifier in enumerate(self._identifiers):
            segment, display = segmentation.GetSegment(identifier), self._node.GetDisplayNode()
            check, color = QTableWidgetItem(), QTableWidgetItem()
            visible = display is None or display.GetSegmentVisibility(identifier)
            check.setCheckState(check.checkState().Checked if visible else check.checkState().Unchecked)
            color.setBackground(QColor.fromRgbF(*segment.GetColor()))
            for column, item in enumerate((check, color, QTableWidgetItem(segment.GetName()))):
                self._table.setItem(row, column, item)
        self._table.blockSignals(False)

    def _onEdited(self, item):
        identifier = self._identifiers[item.row()]
        if item.column() == 2:
            self._node.GetSegmentation().GetSegment(identifier).SetName(item.text())
        elif item.column() == 0 and self._node.GetDisplayNode():
            checked = item.checkState() == item.checkState().Checked
            self._node.GetDisplayNode().SetSegmentVisibility(identifier, checked)
