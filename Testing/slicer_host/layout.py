"""The layout manager: builds the views that the current layout description asks for, as the application does."""

# ruff: noqa: N801 (the class names are Slicer's)

import xml.etree.ElementTree as ElementTree

import slicer
import vtk
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QSplitter, QStackedLayout, QTabWidget, QWidget

from .plotview import qMRMLPlotWidget, qMRMLTableWidget
from .sliceview import qMRMLSliceWidget
from .threedview import qMRMLThreeDWidget

_WIDGETS = {
    "vtkMRMLSliceNode": qMRMLSliceWidget,
    "vtkMRMLViewNode": qMRMLThreeDWidget,
    "vtkMRMLPlotViewNode": qMRMLPlotWidget,
    "vtkMRMLTableViewNode": qMRMLTableWidget,
}
_NODE_GETTERS = ("mrmlSliceNode", "mrmlPlotViewNode", "mrmlTableViewNode", "mrmlViewNode")


class qSlicerLayoutManager(QObject):
    """Keeps one widget per view node and arranges them after `vtkMRMLLayoutNode`'s XML description."""

    layoutChanged = Signal(int)

    def __init__(self, viewport, core):
        super().__init__(viewport)
        self._viewport = viewport
        self._core = core
        self._stack = QStackedLayout(viewport)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._widgets = {}  # view node id -> widget
        self._shown = None
        node = core.layoutLogic.GetLayoutNode()
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._onLayoutNodeModified())
        self.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)

    # What scripts use

    def viewport(self):
        return self._viewport

    def layoutLogic(self):
        return self._core.layoutLogic

    def mrmlScene(self):
        return self._core.scene

    @property
    def layout(self):
        return self._core.layoutLogic.GetLayoutNode().GetViewArrangement()

    @layout.setter
    def layout(self, identifier):
        self.setLayout(identifier)

    def setLayout(self, identifier):
        self._core.layoutLogic.GetLayoutNode().SetViewArrangement(int(identifier))
        self._onLayoutNodeModified()

    def sliceViewNames(self):
        return [w.mrmlSliceNode().GetLayoutName() for w in self._ofType(qMRMLSliceWidget)]

    def sliceWidget(self, name):
        for widget in self._ofType(qMRMLSliceWidget):
            if widget.mrmlSliceNode().GetLayoutName() == name:
                return widget
        return None

    @property
    def threeDViewCount(self):
        return len(self._ofType(qMRMLThreeDWidget))

    def threeDWidget(self, which):
        """By index, or by the layout name of the view."""
        widgets = self._ofType(qMRMLThreeDWidget)
        if isinstance(which, str):
            return next((w for w in widgets if w.mrmlViewNode().GetLayoutName() == which), None)
        return widgets[which] if which < len(widgets) else None

    @property
    def plotViewCount(self):
        return len(self._ofType(qMRMLPlotWidget))

    def plotWidget(self, index):
        return self._ofType(qMRMLPlotWidget)[index]

    @property
    def tableViewCount(self):
        return len(self._ofType(qMRMLTableWidget))

    def tableWidget(self, index):
        return self._ofType(qMRMLTableWidget)[index]

    def mrmlSliceLogics(self):
        return self._core.applicationLogic.GetSliceLogics()

    def resetSliceViews(self):
        for widget in self._ofType(qMRMLSliceWidget):
            widget.fitSliceToBackground()

    def resetThreeDViews(self):
        for widget in self._ofType(qMRMLThreeDWidget):
            widget.threeDView().resetCamera()

    def setRenderPaused(self, pause):
        slicer.app.setRenderPaused(pause)

    def views(self):
        """Every view widget that exists, for the host."""
        slices = [w.sliceView() for w in self._ofType(qMRMLSliceWidget)]
        plots = [w.plotView() for w in self._ofType(qMRMLPlotWidget)]
        return slices + [w.threeDView() for w in self._ofType(qMRMLThreeDWidget)] + plots

    def _ofType(self, cls):
        return [w for w in self._widgets.values() if isinstance(w, cls)]

    # Building

    def refresh(self):
        """Build the current layout again, after nodes of the scene were replaced."""
        self._shown = None
        self._onLayoutNodeModified()
        for widget in self._ofType(qMRMLSliceWidget):
            widget.sliceView().onDeviceResized(*widget.sliceView()._deviceSize())
            widget.mrmlSliceNode().Modified()  # managers drop what a slice node says while a scene is being read

    def detach(self):
        """Let go of every view, at the end of the process."""
        for widget in self._widgets.values():
            widget.detach()
        self._widgets.clear()

    def _onLayoutNodeModified(self):
        node = self._core.layoutLogic.GetLayoutNode()
        if node is None or node.GetScene() is None or self._core.scene.IsBatchProcessing():
            return
        description = node.GetCurrentLayoutDescription()
        if not description or description == self._shown:
            return
        self._shown = description
        self._removeStaleWidgets()
        for widget in self._widgets.values():
            widget.setParent(self._viewport)  # out of the page that goes, and never a window of its own
        page = self._build(ElementTree.fromstring(description)) or QWidget()
        old = self._stack.currentWidget()
        self._stack.addWidget(page)
        self._stack.setCurrentWidget(page)
        if old is not None:
            self._stack.removeWidget(old)
            old.deleteLater()
        self.layoutChanged.emit(node.GetViewArrangement())

    def _removeStaleWidgets(self):
        for identifier, widget in list(self._widgets.items()):
            node = next(getattr(widget, name)() for name in _NODE_GETTERS if hasattr(widget, name))
            if self._core.scene.GetNodeByID(identifier) is not node:
                widget.detach()
                widget.setParent(None)
                widget.deleteLater()
                del self._widgets[identifier]

    def _build(self, element):
        if element.tag == "view":
            return self._view(element)
        if element.get("type") == "tab":
            container = QTabWidget()
            for item in element:
                container.addTab(self._content(item), item.get("name", ""))
            return container
        if element.get("type") == "grid":
            return self._grid(element)
        container = QSplitter(Qt.Vertical if element.get("type") == "vertical" else Qt.Horizontal)
        container.setHandleWidth(3)
        contents = [(item, self._content(item)) for item in element]
        for item, widget in contents:
            if widget is not None:
                container.addWidget(widget)
                container.setStretchFactor(container.count() - 1, int(item.get("splitSize", 1)) or 1)
        container.setSizes([int(item.get("splitSize", 500)) for item, widget in contents if widget is not None])
        return container

    def _content(self, item):
        return next((self._build(child) for child in item if child.tag in ("layout", "view")), None)

    def _grid(self, element):
        """A grid as rows in a vertical splitter: what the built-in layouts need."""
        rows = {}
        for item in element:
            rows.setdefault(int(item.get("row", 0)), []).append((int(item.get("column", 0)), item))
        container = QSplitter(Qt.Vertical)
        container.setHandleWidth(3)
        for _, items in sorted(rows.items()):
            row = QSplitter(Qt.Horizontal)
            row.setHandleWidth(3)
            for _, item in sorted(items, key=lambda pair: pair[0]):
                row.addWidget(self._content(item))
            row.setSizes([500] * row.count())
            container.addWidget(row)
        container.setSizes([500] * container.count())
        return container

    def _view(self, element):
        node = self._viewNode(element)
        if node is None:
            return None
        widget = self._widgets.get(node.GetID())
        if widget is None:
            cls = _WIDGETS.get(node.GetClassName())
            if cls is None:
                return None
            self._apply(element, node)
            widget = self._widgets[node.GetID()] = cls(node, self._core.applicationLogic, self._viewport)
        widget.show()
        return widget

    def _viewNode(self, element):
        """The layout logic has created the nodes of the description."""
        className, tag = element.get("class"), element.get("singletontag")
        scene = self._core.scene
        if tag:
            return scene.GetSingletonNode(tag, className)
        return scene.GetFirstNodeByClass(className)

    @staticmethod
    def _apply(element, node):
        for item in element.findall("property"):
            name, value = item.get("name"), item.text or ""
            if name == "orientation" and hasattr(node, "SetOrientation"):
                node.SetOrientation(value)
            elif name == "viewlabel":
                node.SetLayoutLabel(value)
            elif name == "viewcolor":
                node.SetLayoutColor([int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)])
