"""Stand-ins of the qMRML widgets that show data: the subject hierarchy, a table, a slider with a unit."""

# ruff: noqa: N801 (the class names are Slicer's)

import slicer
import vtk
from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtWidgets import QTableWidget, QTableWidgetItem, QTreeWidget, QTreeWidgetItem, QVBoxLayout

from .ctknumbers import ctkDoubleSpinBox, ctkRangeWidget, ctkSliderWidget
from .nodewidgets import SceneFollower


class qMRMLSubjectHierarchyTreeView(SceneFollower):
    """The scene's items as a tree; `currentItemChanged` passes the item id (0 for none)."""

    currentItemChanged = Signal(int)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._hierarchy, self._itemTags = None, []
        self._tree = QTreeWidget(self)
        self._tree.setHeaderLabels(["Node"])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._tree)
        self._tree.currentItemChanged.connect(lambda *_: self.currentItemChanged.emit(self.currentItem()))

    def currentItem(self):
        item = self._tree.currentItem()
        return item.data(0, Qt.UserRole) if item is not None else 0

    def setCurrentItem(self, identifier):
        for item in self._tree.findItems("", Qt.MatchContains | Qt.MatchRecursive):
            if item.data(0, Qt.UserRole) == identifier:
                self._tree.setCurrentItem(item)

    def onSceneChanged(self):
        hierarchy = self._scene.GetSubjectHierarchyNode() if self._scene else None
        if hierarchy is not self._hierarchy:
            self._follow(hierarchy)
        wanted = self.currentItem()
        self._tree.blockSignals(True)
        self._tree.clear()
        if hierarchy:
            self._fill(self._tree.invisibleRootItem(), hierarchy, hierarchy.GetSceneItemID())
        self._tree.expandAll()
        self._tree.blockSignals(False)
        self.setCurrentItem(wanted)

    def _follow(self, hierarchy):
        for tag in self._itemTags:
            self._hierarchy.RemoveObserver(tag)
        self._hierarchy = hierarchy
        names = ("ItemAdded", "ItemRemoved", "ItemModified", "ItemReparented") if hierarchy else ()
        events = [getattr(hierarchy, f"SubjectHierarchy{name}Event") for name in names]
        self._itemTags = [hierarchy.AddObserver(event, lambda *_: self.onSceneChanged()) for event in events]

    def _fill(self, parent, hierarchy, identifier):
        children = vtk.vtkIdList()
        hierarchy.GetItemChildren(identifier, children)
        for index in range(children.GetNumberOfIds()):
            item = QTreeWidgetItem(parent, [hierarchy.GetItemName(children.GetId(index))])
            item.setData(0, Qt.UserRole, children.GetId(index))
            self._fill(item, hierarchy, children.GetId(index))


class qMRMLTableView(QTableWidget):
    """The cells of a table node, read only.

    Columns are headed A, B, C and their names are the first row, unless the node says that titles are headers.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene, self._node, self._tag, self._isTransposed = None, None, None, False
        self.setEditTriggers(QTableWidget.NoEditTriggers)

    def _setTransposed(self, isTransposed):
        self._isTransposed = isTransposed
        self._fill()

    transposed = Property(bool, lambda self: self._isTransposed, _setTransposed)

    def setMRMLScene(self, scene):
        if self._scene is None and scene is not None:
            scene.AddObserver(slicer.vtkMRMLScene.NodeRemovedEvent, lambda *_: self._onNodeRemoved())
        self._scene = scene

    def mrmlTableNode(self):
        return self._node

    def setMRMLTableNode(self, node):
        if self._node is not None:
            self._node.RemoveObserver(self._tag)
        self._node = node
        self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._fill()) if node else None
        self._fill()

    def _onNodeRemoved(self):
        if self._node is not None and not slicer.mrmlScene.IsNodePresent(self._node):
            self.setMRMLTableNode(None)

    def _fill(self):
        node = self._node
        names = [node.GetColumnName(index) for index in range(node.GetNumberOfColumns())] if node else []
        rows = [
            [node.GetCellText(row, column) for column in range(len(names))]
            for row in range(node.GetNumberOfRows() if node else 0)
        ]
        if node is not None and node.GetUseColumnTitleAsColumnHeader():
            headers = [node.GetColumnTitle(name) or name for name in names]
        else:
            headers, rows = [chr(ord("A") + index) for index in range(len(names))], [names, *rows] if node else []
        labels = [str(index + 1) for index in range(len(rows))]
        if node is not None and node.GetUseFirstColumnAsRowHeader():
            labels, headers, rows = [row[0] for row in rows], headers[1:], [row[1:] for row in rows]
        if self._isTransposed:
            labels, headers, rows = headers, labels, [list(column) for column in zip(*rows, strict=True)]
        self.setRowCount(len(labels))
        self.setColumnCount(len(headers))
        self.setHorizontalHeaderLabels(headers)
        self.setVerticalHeaderLabels(labels)
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                self.setItem(row, column, QTableWidgetItem(text))


class qMRMLSliderWidget(ctkSliderWidget):
    """A slider that takes its unit from the scene in the application; here the suffix says it."""

    def setMRMLScene(self, scene):
        """Units are not followed."""


class qMRMLSpinBox(ctkDoubleSpinBox):
    """Likewise."""


class qMRMLRangeWidget(ctkRangeWidget):
    """Likewise."""
