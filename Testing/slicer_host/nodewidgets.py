"""Stand-ins of the qMRML widgets that choose nodes and segments; names, properties and signals are Slicer's."""

# ruff: noqa: N801 (the class names are Slicer's)

import slicer
import vtk
from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QInputDialog, QLabel, QVBoxLayout, QWidget

_SCENE_EVENTS = ("NodeAddedEvent", "NodeRemovedEvent", "EndCloseEvent", "EndImportEvent", "EndBatchProcessEvent")


class SceneFollower(QWidget):
    """A widget with `setMRMLScene` that is told when nodes come, go or change."""

    mrmlSceneChanged = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None
        self._tags = []

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene):
        if scene is self._scene:
            return
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene = scene
        events = [getattr(slicer.vtkMRMLScene, name) for name in _SCENE_EVENTS] if scene else []
        self._tags = [scene.AddObserver(event, self._onSceneEvent) for event in events]
        self.onSceneChanged()
        self.mrmlSceneChanged.emit(scene)

    def _onSceneEvent(self, scene, event):
        if not scene.IsBatchProcessing():
            self.onSceneChanged()

    def onSceneChanged(self):
        """Hook: nodes of the scene were added, removed or replaced."""


class qMRMLWidget(SceneFollower):
    """The usual root of a module's UI file: it hands its scene on to the widgets connected to it."""


class qSlicerWidget(SceneFollower):
    """Another class for such roots."""


class qMRMLNodeComboBox(SceneFollower):
    """Chooses a node of `nodeTypes`. Hidden nodes are never listed.

    A removed node makes way for the row above it. Nothing is chosen by itself, but for the first node that comes into
    a box that has neither None nor actions such as "Create new ...".
    """

    currentNodeChanged = Signal(object)
    currentNodeIDChanged = Signal(str)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeActivated = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._nodeTypes, self._attributes, self._nodeTags = [], [], []
        self._noneEnabled = self._showHidden = self._renameEnabled = self._editEnabled = False
        self._addEnabled = self._removeEnabled = self._showChildNodeTypes = self._selectNodeUponCreation = True
        self._noneDisplay, self._baseName, self._currentId, self._requestedId = "None", "", "", ""
        self._combo = QComboBox(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        self._combo.activated.connect(self._onActivated)

    # Current node

    def currentNode(self):
        return self._scene.GetNodeByID(self._currentId) if self._scene and self._currentId else None

    def setCurrentNode(self, node):
        """A node, its id, or None; a node that is not listed yet is chosen when it appears."""
        identifier = node if isinstance(node, str) else node.GetID() if node else ""
        listed = identifier in self._listed()
        self._requestedId = "" if listed else identifier
        self._choose(identifier if listed else "")

    def setCurrentNodeID(self, identifier):
        self.setCurrentNode(identifier or None)

    def setCurrentNodeIndex(self, index):
        self.setCurrentNode(self.nodeFromIndex(index))

    def nodeFromIndex(self, index):
        listed = self._listed()
        return self._scene.GetNodeByID(listed[index]) if 0 <= index < len(listed) else None

    def nodeCount(self):
        return len(self._listed())

    def addNode(self, className=None):
        """What "Create new ..." does: a node of the first type, selected when selectNodeUponCreation."""
        className = className or self._nodeTypes[0]
        name = self._baseName or self._scene.CreateNodeByClass(className).GetNodeTagName()
        node = self._scene.AddNewNodeByClass(className, self._scene.GenerateUniqueName(name))
        for nodeType, attribute, value in self._attributes:
            if node.IsA(nodeType):
                node.SetAttribute(attribute, value)
        self.nodeAdded.emit(node)
        self.nodeAddedByUser.emit(node)
        self.onSceneChanged()
        if self._selectNodeUponCreation:
            self.setCurrentNode(node)
        return node

    def addAttribute(self, nodeType, name, value=None):
        """List only nodes of this type that carry the attribute (with the value, if one is given)."""
        self._attributes.append((nodeType, name, None if value is None else str(value)))
        self.onSceneChanged()

    def removeAttribute(self, nodeType, name):
        self._attributes = [a for a in self._attributes if a[:2] != (nodeType, name)]
        self.onSceneChanged()

    # Filling

    def _accepts(self, node):
        if node.GetHideFromEditors() and not self._showHidden:
            return False
        matches = node.IsA if self._showChildNodeTypes else node.GetClassName().__eq__
        if not any(matches(t) for t in self._nodeTypes):
            return False
        for nodeType, name, value in self._attributes:
            if node.IsA(nodeType) and (node.GetAttribute(name) is None or value not in (None, node.GetAttribute(name))):
                return False
        return True

    def _listed(self):
        return [
            self._combo.itemData(i)
            for i in range(self._combo.count())
            if (self._combo.itemData(i) or "")[:1] != "!" and self._combo.itemData(i)
        ]

    def onSceneChanged(self):
        nodes = []
        if self._scene:
            count = self._scene.GetNumberOfNodes()
            nodes = [n for n in (self._scene.GetNthNode(i) for i in range(count)) if self._accepts(n)]
        self._observeNames(nodes)
        before = self._listed()
        self._combo.blockSignals(True)
        self._combo.clear()
        if self._noneEnabled or not nodes:
            self._combo.addItem(self._noneDisplay if self._noneEnabled else self._emptyText(), "")
        for node in nodes:
            self._combo.addItem(node.GetName() or node.GetID(), node.GetID())
        self._addActions()
        self._combo.blockSignals(False)
        known = [node.GetID() for node in nodes]
        if self._requestedId in known:
            wanted, self._requestedId = self._requestedId, ""
        elif self._currentId in known:
            wanted = self._currentId
        elif self._currentId in before:
            above = before[: before.index(self._currentId)][-1:]
            wanted = above[0] if above and above[0] in known else ""
        else:
            isFirst = known and not before and not self._noneEnabled and not self._hasActions()
            wanted = known[0] if isFirst else ""
        self._choose(wanted)

    def _hasActions(self):
        return self._addEnabled or self._removeEnabled or self._renameEnabled or self._editEnabled

    def _emptyText(self):
        return f"Select a {self._typeTitle()}"

    def _typeTitle(self):
        if not self._nodeTypes:
            return "node"
        node = self._scene.CreateNodeByClass(self._nodeTypes[0]) if self._scene else None
        return self._baseName or (node.GetNodeTagName() if node else "node")

    def _addActions(self):
        if self._scene is None or not self._hasActions():
            return
        self._combo.insertSeparator(self._combo.count())
        if self._renameEnabled:
            self._combo.addItem("Rename current node", "!rename")
        if self._addEnabled:
            self._combo.addItem(f"Create new {self._typeTitle()}", "!add")
        if self._removeEnabled:
            self._combo.addItem("Delete current node", "!remove")

    def _observeNames(self, nodes):
        for node, tag in self._nodeTags:
            node.RemoveObserver(tag)
        self._nodeTags = [(n, n.AddObserver(vtk.vtkCommand.ModifiedEvent, self._onNodeModified)) for n in nodes]

    def _onNodeModified(self, node, event):
        index = self._combo.findData(node.GetID() or "")
        if not self._accepts(node):
            self.onSceneChanged()
        elif index >= 0 and self._combo.itemText(index) != node.GetName():
            self._combo.setItemText(index, node.GetName())

    def _onActivated(self, index):
        action = self._combo.itemData(index) or ""
        if action == "!add":
            self.addNode()
        elif action == "!remove" and self.currentNode():
            self._scene.RemoveNode(self.currentNode())
        elif action == "!rename" and self.currentNode():
            name, accepted = QInputDialog.getText(self, "Rename", "New name:", text=self.currentNode().GetName())
            if accepted:
                self.currentNode().SetName(name)
        else:
            self._choose(action)
            self.nodeActivated.emit(self.currentNode())
        self._show()

    def _choose(self, identifier):
        changed, self._currentId = identifier != self._currentId, identifier
        self._show()
        if changed:
            self.currentNodeChanged.emit(self.currentNode())
            self.currentNodeIDChanged.emit(identifier)

    def _show(self):
        self._combo.blockSignals(True)
        self._combo.setCurrentIndex(self._combo.findData(self._currentId))
        self._combo.blockSignals(False)

    def _setting(kind, name):  # noqa: N805 (runs while the class is built)
        def write(self, value):
            setattr(self, f"_{name}", value)
            self.onSceneChanged()

        return Property(kind, lambda self: getattr(self, f"_{name}"), write)

    nodeTypes = _setting("QStringList", "nodeTypes")
    noneEnabled = _setting(bool, "noneEnabled")
    addEnabled = _setting(bool, "addEnabled")
    removeEnabled = _setting(bool, "removeEnabled")
    renameEnabled = _setting(bool, "renameEnabled")
    editEnabled = _setting(bool, "editEnabled")
    showHidden = _setting(bool, "showHidden")
    showChildNodeTypes = _setting(bool, "showChildNodeTypes")
    selectNodeUponCreation = _setting(bool, "selectNodeUponCreation")
    noneDisplay = _setting(str, "noneDisplay")
    baseName = _setting(str, "baseName")
    currentNodeID = Property(str, lambda self: self._currentId, setCurrentNodeID, notify=currentNodeIDChanged)


class qMRMLSegmentSelectorWidget(SceneFollower):
    """Chooses a segmentation and one of its segments."""

    currentNodeChanged = Signal(object)
    currentSegmentChanged = Signal(str)
    segmentSelectionChanged = Signal("QStringList")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._segmentation, self._segmentTags, self._segmentId = None, [], ""
        self._nodes = qMRMLNodeComboBox(self)
        self._nodes.nodeTypes = ["vtkMRMLSegmentationNode"]
        self._nodes.addEnabled = self._nodes.removeEnabled = False
        self._segments = QComboBox(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._nodes)
        layout.addWidget(self._segments)
        self._message = QLabel(self)
        self._message.setObjectName("label_Message")
        layout.addWidget(self._message)
        self._nodes.currentNodeChanged.connect(self._onNodeChanged)
        self._segments.activated.connect(lambda index: self._chooseSegment(self._segments.itemData(index)))
        self._fillSegments()

    def setMRMLScene(self, scene):
        super().setMRMLScene(scene)
        self._nodes.setMRMLScene(scene)

    def currentNode(self):
        return self._nodes.currentNode()

    def currentNodeID(self):
        return self._nodes._currentId

    def currentSegmentID(self):
        return self._segmentId

    def setCurrentNode(self, node):
        self._nodes.setCurrentNode(node)

    def setCurrentNodeID(self, identifier):
        self._nodes.setCurrentNodeID(identifier)

    def setCurrentSegmentID(self, identifier):
        self._chooseSegment(identifier if self._segments.findData(identifier) >= 0 else "")

    def segmentationNodeComboBox(self):
        return self._nodes

    def segmentComboBox(self):
        return self._segments

    def _onNodeChanged(self, node):
        for tag in self._segmentTags:
            self._segmentation.RemoveObserver(tag)
        self._segmentation = node.GetSegmentation() if node else None
        events = ("SegmentAdded", "SegmentRemoved", "SegmentModified", "SegmentsOrderModified")
        self._segmentTags = [
            self._segmentation.AddObserver(getattr(slicer.vtkSegmentation, e), lambda *_: self._fillSegments())
            for e in (events if node else ())
        ]
        self._fillSegments()
        self.currentNodeChanged.emit(node)

    def _fillSegments(self):
        identifiers = list(self._segmentation.GetSegmentIDs()) if self._segmentation else []
        self._segments.blockSignals(True)
        self._segments.clear()
        if self._nodes._noneEnabled:
            self._segments.addItem("None", "")
        for identifier in identifiers:
            self._segments.addItem(self._segmentation.GetSegment(identifier).GetName(), identifier)
        self._segments.blockSignals(False)
        self._segments.setVisible(bool(identifiers))
        self._message.setText("No segments in segmentation" if self._segmentation else "No node is selected")
        self._message.setVisible(not identifiers)
        isKept = self._segmentId in identifiers or (self._nodes._noneEnabled and not self._segmentId)
        self._chooseSegment(self._segmentId if isKept else next(iter(identifiers), ""))

    def _chooseSegment(self, identifier):
        identifier = identifier or ""
        changed, self._segmentId = identifier != self._segmentId, identifier
        self._segments.blockSignals(True)
        self._segments.setCurrentIndex(self._segments.findData(identifier))
        self._segments.blockSignals(False)
        if changed:
            self.currentSegmentChanged.emit(identifier)
            self.segmentSelectionChanged.emit([identifier] if identifier else [])

    def _setNoneEnabled(self, enabled):
        self._nodes.noneEnabled = enabled
        self._fillSegments()

    def _setNodesVisible(self, visible):
        self._nodes.setVisible(visible)

    noneEnabled = Property(bool, lambda self: self._nodes._noneEnabled, _setNoneEnabled)
    segmentationNodeSelectorVisible = Property(bool, lambda self: not self._nodes.isHidden(), _setNodesVisible)
    selectNodeUponCreation = Property(
        bool,
        lambda self: self._nodes.selectNodeUponCreation,
        lambda self, value: setattr(self._nodes, "selectNodeUponCreation", value),
    )
