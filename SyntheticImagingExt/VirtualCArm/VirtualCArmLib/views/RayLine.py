"""A ray in 3D: the line from the source to where the mouse is on the X-ray image."""

import vtk
from slicer.i18n import tr as _

from .UnsavedModel import UnsavedModel

NODE_TAG = "SyntheticImaging.CArmRay"
_RADIUS_MM, _SIDES = 0.8, 8
_COLOR = (1.0, 0.85, 0.2)


class RayLine(UnsavedModel):
    """One model node that exists while a ray is shown."""

    def __init__(self):
        self._line, self._tube = vtk.vtkLineSource(), vtk.vtkTubeFilter()
        self._tube.SetInputConnection(self._line.GetOutputPort())
        self._tube.SetRadius(_RADIUS_MM)
        self._tube.SetNumberOfSides(_SIDES)
        UnsavedModel.__init__(self, _("X-ray at the mouse"), self._tube)

    def show(self, sourceRas, pixelRas):
        """Draw the line between two points, in 3D and as a dot where it crosses a slice."""
        self._line.SetPoint1(sourceRas)
        self._line.SetPoint2(pixelRas)
        self._tube.Update()
        self.shown(_prepare)


def _prepare(node, display):
    node.SetAttribute(NODE_TAG, "1")
    display.SetColor(*_COLOR)
    display.SetVisibility2D(True)
    display.SetSliceIntersectionThickness(3)
