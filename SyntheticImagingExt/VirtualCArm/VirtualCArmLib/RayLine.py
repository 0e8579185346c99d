"""A ray in 3D: the line from the source to where the mouse is on the X-ray image."""

import slicer
import vtk
from slicer.i18n import tr as _

NODE_TAG = "SyntheticImaging.CArmRay"
_RADIUS_MM, _SIDES = 0.8, 8
_COLOR = (1.0, 0.85, 0.2)


class RayLine:
    """One model node that exists while a ray is shown; it is not saved with the scene."""

    def __init__(self):
        self._node, self._line = None, vtk.vtkLineSource()
        self._tube = vtk.vtkTubeFilter()
        self._tube.SetInputConnection(self._line.GetOutputPort())
        self._tube.SetRadius(_RADIUS_MM)
        self._tube.SetNumberOfSides(_SIDES)

    @property
    def node(self):
        """The model node, or None."""
        if self._node is not None and self._node.GetScene() is None:
            self._node = None
        return self._node

    def show(self, sourceRas, pixelRas):
        """Draw the line between two points, in 3D and as a dot where it crosses a slice."""
        self._line.SetPoint1(sourceRas)
        self._line.SetPoint2(pixelRas)
        self._tube.Update()
        if self.node is None:
            self._node = self._create()
        self._node.GetDisplayNode().SetVisibility(True)

    def hide(self):
        if self.node is not None:
            self._node.GetDisplayNode().SetVisibility(False)

    def remove(self):
        if self.node is not None:
            slicer.mrmlScene.RemoveNode(self._node.GetDisplayNode())
            slicer.mrmlScene.RemoveNode(self._node)
        self._node = None

    def _create(self):
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", _("X-ray at the mouse"))
        node.SetAttribute(NODE_TAG, "1")
        node.SetHideFromEditors(True)
        node.SetSelectable(False)
        node.SetPolyDataConnection(self._tube.GetOutputPort())
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetColor(*_COLOR)
        display.SetLighting(False)
        display.SetVisibility2D(True)
        display.SetSliceIntersectionThickness(3)
        for each in (node, display):
            each.SetSaveWithScene(False)
        return node
