"""A model that is there for the moment: shown in 3D, in no list, and not saved with the scene."""

import slicer

from SyntheticImagingLib import tree


class UnsavedModel:
    """Shows what a VTK algorithm makes; its node exists from the first ``shown`` on, until it or the scene goes."""

    def __init__(self, name, algorithm):
        self._name, self._algorithm, self._node = name, algorithm, None

    @property
    def node(self):
        """The model node, or None."""
        if self._node is not None and self._node.GetScene() is None:
            self._node = None
        return self._node

    def shown(self, prepare):
        """The display node, visible. prepare(node, display node): how a node looks that was just made."""
        if self.node is None:
            self._node = self._create()
            prepare(self._node, self._node.GetDisplayNode())
        self._node.GetDisplayNode().SetVisibility(True)
        return self._node.GetDisplayNode()

    def hide(self):
        if self.node is not None:
            self._node.GetDisplayNode().SetVisibility(False)

    def remove(self):
        if self.node is not None:
            tree.removeWithDisplays(self._node)
        self._node = None

    def _create(self):
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", self._name)
        node.SetHideFromEditors(True)
        node.SetSelectable(False)
        node.SetPolyDataConnection(self._algorithm.GetOutputPort())
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetLighting(False)
        for each in (node, node.GetDisplayNode()):
            each.SetSaveWithScene(False)
        return node
