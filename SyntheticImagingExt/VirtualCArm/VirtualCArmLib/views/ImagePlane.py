"""The X-ray image where it was taken: a textured plane at the detector, in 3D."""

import vtk
from slicer.i18n import tr as _

from SyntheticImagingLib import tree

from .UnsavedModel import UnsavedModel

_BEFORE_MM = 2.0
"""So far before the detector, towards the source, so that its surface does not shine through."""


class ImagePlane(UnsavedModel):
    """A model that shows what the display of an image's volume node shows."""

    def __init__(self, plane):
        self._source = vtk.vtkPlaneSource()
        UnsavedModel.__init__(self, _("X-ray {plane} at the detector (synthetic)").format(plane=plane), self._source)

    def show(self, imageNode):
        """Put the plane where the image is now."""
        self._place(imageNode)
        display = self.shown(_prepare)
        texture = imageNode.GetDisplayNode().GetImageDataConnection()
        if display.GetTextureImageDataConnection() is not texture:
            display.SetTextureImageDataConnection(texture)

    def _place(self, imageNode):
        toRas = vtk.vtkMatrix4x4()
        imageNode.GetIJKToRASMatrix(toRas)
        columns, rows, _slices = imageNode.GetImageData().GetDimensions()
        corners = ((-0.5, -0.5), (columns - 0.5, -0.5), (-0.5, rows - 0.5))
        points = [toRas.MultiplyPoint((i, j, _BEFORE_MM, 1))[:3] for i, j in corners]
        setters = (self._source.SetOrigin, self._source.SetPoint1, self._source.SetPoint2)
        for change, point in zip(setters, points, strict=True):
            change(point)
        self._source.Update()


def _prepare(node, display):
    tree.markSynthetic(node)
    display.SetColor(1, 1, 1)
    display.SetBackfaceCulling(False)
    display.SetInterpolateTexture(True)
