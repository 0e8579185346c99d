"""Places nodes in the subject hierarchy as they enter the scene: in the application a Qt plugin does this."""

import slicer
import vtk
from PySide6.QtCore import qCritical

_SHOWN = (
    "vtkMRMLVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLModelNode", "vtkMRMLMarkupsNode", "vtkMRMLTransformNode",
    "vtkMRMLTableNode", "vtkMRMLTextNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode",
    "vtkMRMLSequenceNode", "vtkMRMLSequenceBrowserNode",
)  # fmt: skip


class SubjectHierarchyFiller:
    """Follows a scene; keep a reference to it."""

    def __init__(self, scene):
        self._scene = scene
        self._segmentations = {}  # id of a node -> (node, tags)
        self._tags = [
            scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, self._onNodeAdded),
            scene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, self._onNodeAboutToBeRemoved),
            scene.AddObserver(slicer.vtkMRMLScene.StartCloseEvent, self._onStartClose),
        ]
        for event in ("EndImportEvent", "EndRestoreEvent", "EndBatchProcessEvent"):
            self._tags.append(scene.AddObserver(getattr(slicer.vtkMRMLScene, event), self._onEnd))

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeAdded(self, scene, event, node):
        if node.IsA("vtkMRMLSegmentationNode"):
            events = (slicer.vtkSegmentation.SegmentAdded, slicer.vtkSegmentation.SegmentModified)
            self._segmentations[node.GetID()] = node, [node.AddObserver(e, self._onSegments) for e in events]
        if not (scene.IsImporting() or scene.IsRestoring() or scene.IsBatchProcessing()):
            self._place(node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeAboutToBeRemoved(self, scene, event, node):
        for tag in self._segmentations.pop(node.GetID(), (None, ()))[1]:
            node.RemoveObserver(tag)
        if scene.IsClosing() or not self._isShown(node):
            return
        hierarchy = scene.GetSubjectHierarchyNode()
        item = hierarchy.GetItemByDataNode(node) if hierarchy else 0
        if item:
            hierarchy.RemoveItem(item, False, False)

    def _onStartClose(self, scene, event):
        """Items that outlive their nodes, even for a moment, are complained about."""
        if scene.GetSubjectHierarchyNode():
            scene.GetSubjectHierarchyNode().RemoveAllItems(False)

    def _onEnd(self, scene, event):
        if scene.IsImporting() or scene.IsBatchProcessing():
            return
        for index in range(scene.GetNumberOfNodes()):
            self._place(scene.GetNthNode(index))

    def _onSegments(self, node, event):
        """The application complains of segments that it cannot list, or cannot show in its lists."""
        scene = node.GetScene()
        if scene is None or scene.IsImporting() or scene.IsClosing():
            return
        hierarchy = scene.GetSubjectHierarchyNode()
        if hierarchy is None or not hierarchy.GetItemByDataNode(node):
            qCritical(f"Unable to find subject hierarchy item for segmentation node {node.GetName()}")
        elif node.GetDisplayNode() is None:
            qCritical(f"No display node for segmentation {node.GetName()}")

    @staticmethod
    def _isShown(node):
        return node is not None and not node.GetHideFromEditors() and any(node.IsA(name) for name in _SHOWN)

    def _place(self, node):
        if not self._isShown(node):
            return
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(self._scene)
        if hierarchy and not hierarchy.GetItemByDataNode(node):
            hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
