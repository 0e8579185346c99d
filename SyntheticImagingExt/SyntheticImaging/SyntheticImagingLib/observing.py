"""Observers by a name: they keep nothing alive, and what was observed under a name is let go of in one step."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable

import slicer
import vtk

_LAST = -1.0
"""Priority of an observer that is called after all others: each wrapper of a parameter node keeps the node's values and
reads them again when the node tells it, which may be after it has told an observer of the usual priority."""

VOLUME_EVENTS = (
    slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
    vtk.vtkCommand.ModifiedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)
"""Any of these may come with new voxels or a new place of a volume; ``contentOf`` says whether one did."""


class Observations:
    """Observers by a name; observing under a name again drops the one before."""

    def __init__(self):
        self._tags = {}

    def observe(self, name: str, node: vtk.vtkObject | None, events: Iterable[int], method: Callable[[], object]):
        """Call a bound method, without arguments, at these events of a node; None observes nothing."""
        reference = weakref.WeakMethod(method)

        def call(caller, event):
            if reference() is not None:
                reference()()

        self.drop(name)
        if node is not None:
            self._tags[name] = [(node, node.AddObserver(event, call, _LAST)) for event in events]

    def observeRemoval(self, name: str, scene: slicer.vtkMRMLScene, method: Callable[[slicer.vtkMRMLNode], object]):
        """Call a bound method with each node that has left the scene."""
        reference = weakref.WeakMethod(method)

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def call(caller, event, node):
            if reference() is not None and node is not None:
                reference()(node)

        self.drop(name)
        self._tags[name] = [(scene, scene.AddObserver(slicer.vtkMRMLScene.NodeRemovedEvent, call))]

    def observeScene(
        self,
        closes: Callable[[], object] | None = None,
        replaced: Callable[[], object] | None = None,
        nodeRemoved: Callable[[slicer.vtkMRMLNode], object] | None = None,
    ):
        """Call bound methods before the scene closes, after another one is there, and with each node that has left."""
        scene = slicer.mrmlScene
        if closes is not None:
            self.observe("scene closes", scene, [scene.StartCloseEvent], closes)
        if replaced is not None:
            self.observe("scene replaced", scene, [scene.EndCloseEvent, scene.EndImportEvent], replaced)
        if nodeRemoved is not None:
            self.observeRemoval("node removed", scene, nodeRemoved)

    def drop(self, name: str):
        """Observe nothing under this name any more."""
        for node, tag in self._tags.pop(name, ()):
            node.RemoveObserver(tag)

    def dropAll(self):
        """Observe nothing any more."""
        for name in list(self._tags):
            self.drop(name)


def contentOf(volumeNode: slicer.vtkMRMLScalarVolumeNode):
    """What changes when a volume's voxels or place do; reading the voxels themselves would take too long."""
    matrix, toWorld = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    parent = volumeNode.GetParentTransformNode()
    isLinear = parent is None or bool(parent.IsTransformToWorldLinear())
    if parent is not None and isLinear:
        parent.GetMatrixTransformToWorld(toWorld)
    image = volumeNode.GetImageData()
    scalars = image.GetPointData().GetScalars() if image else None
    values = [m.GetElement(row, column) for m in (matrix, toWorld) for row in range(3) for column in range(4)]
    return values, isLinear, image.GetDimensions() if image else None, scalars.GetMTime() if scalars else None
