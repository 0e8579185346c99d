"""Places nodes in the subject hierarchy as they enter the scene: in the application a Qt plugin does this."""

import slicer
import vtk

_SHOWN = (
    "vtkMRMLVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLModelNode", "vtkMRMLMarkupsNode", "vtkMRMLTransformNode",
    "vtkMRMLTableNode", "vtkMRMLTextNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode",
    "vtkMRMLSequenceNode", "vtkMRMLSequenceBrowserNode",
)  # fmt: skip


class SubjectHierarchyFiller:
    """Follows a scene; keep a reference to it."""

    def __init__(self, scene):
        self._scene = scene
        self._tags = [
            scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, self._onNodeAdded),
            scene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, self._onNodeAboutToBeRemoved),
            scene.AddObserver(slicer.vtkMRMLScene.StartCloseEvent, self._onStartClose),
        ]
        for event in ("EndImportEvent", "EndRestoreEvent", "EndBatchProcessEvent"):
            self._tags.append(scene.AddObserver(getattr(slicer.vtkMRMLScene, event), self._onEnd))

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeAdded(self, scene, event, node):
        if not (scene.IsImporting() or scene.IsRestoring() or scene.IsBatchProcessing()):
            self._place(node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeAboutToBeRemoved(self, scene, event, node):
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

    @staticmethod
    def _isShown(node):
        return node is not None and not node.GetHideFromEditors() and any(node.IsA(name) for name in _SHOWN)

    def _place(self, node):
        if not self._isShown(node):
            return
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(self._scene)
        if hierarchy and not hierarchy.GetItemByDataNode(node):
            hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
