"""The X-ray image where it was taken: a textured plane at the detector, in 3D."""

import slicer
import vtk
from slicer.i18n import tr as _

_BEFORE_MM = 2.0
"""So far before the detector, towards the source, so that its surface does not shine through."""


class ImagePlane:
    """A model that shows what the display of an image's volume node shows; it is not saved with the scene."""

    def __init__(self, plane):
        self._name = _("X-ray {plane} at the detector (synthetic)").format(plane=plane)
        self._node, self._source = None, vtk.vtkPlaneSource()

    @property
    def node(self):
        """The model node, or None."""
        if self._node is not None and self._node.GetScene() is None:
            self._node = None
        return self._node

    def show(self, imageNode):
        """Put the plane where the image is now."""
        if self.node is None:
            self._node = self._create()
        display = self._node.GetDisplayNode()
        texture = imageNode.GetDisplayNode().GetImageDataConnection()
        if display.GetTextureImageDataConnection() is not texture:
            display.SetTextureImageDataConnection(texture)
        self._place(imageNode)
        display.SetVisibility(True)

    def hide(self):
        if self.node is not None:
            self._node.GetDisplayNode().SetVisibility(False)

    def remove(self):
        if self.node is not None:
            slicer.mrmlScene.RemoveNode(self._node.GetDisplayNode())
            slicer.mrmlScene.RemoveNode(self._node)
        self._node = None

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

    def _create(self):
        from SyntheticImagingLib import tree

        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", self._name)
        tree.markSynthetic(node)
        node.SetHideFromEditors(True)
        node.SetSelectable(False)
        node.SetPolyDataConnection(self._source.GetOutputPort())
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetColor(1, 1, 1)
        display.SetLighting(False)
        display.SetBackfaceCulling(False)
        display.SetInterpolateTexture(True)
        for each in (node, display):
            each.SetSaveWithScene(False)
        return node
