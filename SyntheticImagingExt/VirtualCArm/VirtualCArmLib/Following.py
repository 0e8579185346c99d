"""The logic follows the parameter node, its inputs and the scene, without being kept alive by them."""

import weakref

import slicer
import vtk

_LAST = -1.0
"""Priority of an observer that is called after all others: each wrapper of a parameter node keeps the node's values and
reads them again when the node tells it, which may be after it has told an observer of the usual priority."""


class Observations:
    """Observers by a name; observing under a name again drops the one before."""

    def __init__(self):
        self._tags = {}

    def observe(self, name, node, events, method):
        """Call a bound method, without arguments, at these events of a node; None observes nothing."""
        self.drop(name)
        if node is None:
            return
        reference = weakref.WeakMethod(method)

        def call(caller, event):
            if reference() is not None:
                reference()()

        self._tags[name] = [(node, node.AddObserver(event, call, _LAST)) for event in events]

    def observeRemoval(self, name, scene, method):
        """Call a bound method with each node that has left the scene."""
        self.drop(name)
        reference = weakref.WeakMethod(method)

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def call(caller, event, node):
            if reference() is not None and node is not None:
                reference()(node)

        self._tags[name] = [(scene, scene.AddObserver(slicer.vtkMRMLScene.NodeRemovedEvent, call))]

    def drop(self, name):
        for node, tag in self._tags.pop(name, ()):
            node.RemoveObserver(tag)

    def dropAll(self):
        for name in list(self._tags):
            self.drop(name)


def contentOf(volumeNode):
    """What changes when a volume's voxels or place do; reading the voxels themselves would take too long."""
    matrix, toWorld = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    parent = volumeNode.GetParentTransformNode()
    if parent is not None and parent.IsTransformToWorldLinear():
        parent.GetMatrixTransformToWorld(toWorld)
    image = volumeNode.GetImageData()
    scalars = image.GetPointData().GetScalars() if image else None
    values = [m.GetElement(row, column) for m in (matrix, toWorld) for row in range(3) for column in range(4)]
    return values, image.GetDimensions() if image else None, scalars.GetMTime() if scalars else None
