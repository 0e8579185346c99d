"""The slice view that shows the X-ray image of a plane: upright, fitting, never off the detector's plane."""

import math

import slicer
import vtk
from slicer.util import VTKObservationMixin

from SyntheticImagingLib.widgets import singleShot

from .Layouts import VIEW_NAMES, XRAY_VIEW_GROUP

_MARGIN = 1.02


class ImageView(VTKObservationMixin):
    """Keeps the slice view of a plane on its image; the user may zoom and pan in it."""

    def __init__(self, plane):
        VTKObservationMixin.__init__(self)
        self.name = VIEW_NAMES[plane]
        self._image, self._outlines = None, None
        self._fitted = None  # size of view and field that the field of view was made for
        self._isPlacing = False
        self._fitTimer = singleShot(0, self._fitAgain)

    @property
    def widget(self):
        """The slice widget, or None while the layout does not have it."""
        return slicer.app.layoutManager().sliceWidget(self.name)

    @property
    def sliceNode(self):
        return self.widget.mrmlSliceNode() if self.widget is not None else None

    @property
    def image(self):
        """The image's node, or None; a node that has left the scene is forgotten."""
        if self._image is not None and self._image.GetScene() is None:
            self._image = None
        return self._image

    def show(self, imageNode, outlinesNode=None):
        """Show an image and, over it, the outlines of a label map; each may be None."""
        self._image, self._outlines = imageNode, outlinesNode
        self._observe()
        self.update()

    def update(self):
        """The image has moved or changed its size, or other code has put something else into the view."""
        sliceNode = self.sliceNode
        if sliceNode is None or self._isPlacing:
            return
        self._isPlacing = True
        wasModifying = sliceNode.StartModify()
        try:
            self._setLayers(sliceNode)
            if self.image is not None and self.image.GetImageData() is not None:
                self._place(sliceNode)
        finally:
            sliceNode.EndModify(wasModifying)
            self._isPlacing = False

    def fit(self):
        """Show the whole image again after zooming and panning."""
        self._fitted = None
        self.update()

    def stop(self):
        """Leave the view to others."""
        self.removeObservers()
        self._fitTimer.stop()
        self._image, self._outlines, self._fitted = None, None, None

    def _observe(self):
        widget = self.widget
        if widget is None:
            self.removeObservers()
            return
        for node in (widget.mrmlSliceNode(), widget.mrmlSliceCompositeNode()):
            if not self.hasObserver(node, vtk.vtkCommand.ModifiedEvent, self._onViewModified):
                self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._onViewModified)

    def _onViewModified(self, caller, event):
        if self.image is not None:
            self.update()

    def _setLayers(self, sliceNode):
        """The image and nothing else; a CT that is loaded meanwhile is not for this view."""
        composite = self.widget.mrmlSliceCompositeNode()
        composite.SetDoPropagateVolumeSelection(False)
        composite.SetLinkedControl(False)
        wanted = (
            (composite.GetBackgroundVolumeID, composite.SetBackgroundVolumeID, self.image),
            (composite.GetForegroundVolumeID, composite.SetForegroundVolumeID, None),
            (composite.GetLabelVolumeID, composite.SetLabelVolumeID, self._outlines),
        )
        for current, change, node in wanted:
            identifier = node.GetID() if node is not None and node.GetScene() is not None else None
            if current() != identifier:
                change(identifier)
        sliceNode.SetUseLabelOutline(True)
        sliceNode.SetViewGroup(XRAY_VIEW_GROUP)
        composite.SetLabelOpacity(1.0)

    def _place(self, sliceNode):
        matrix = sliceToRas(self.image)
        if not _isEqual(sliceNode.GetSliceToRAS(), matrix):
            sliceNode.GetSliceToRAS().DeepCopy(matrix)
            sliceNode.UpdateMatrices()
        if self._size(sliceNode) != self._fitted:
            self._fit(sliceNode)
            # whoever resizes a view scales its field of view too, after this
            self._fitTimer.start()

    def _size(self, sliceNode):
        """What a field of view is made for: the image in mm, the view in pixels."""
        return (*fieldMm(self.image), *sliceNode.GetDimensions()[:2])

    def _fit(self, sliceNode):
        wide, high, width, height = self._fitted = self._size(sliceNode)
        if width > 1 and height > 1:
            mmPerPixel = _MARGIN * max(wide / width, high / height)
            sliceNode.SetXYZOrigin(0, 0, 0)
            sliceNode.SetFieldOfView(mmPerPixel * width, mmPerPixel * height, 1.0)
            sliceNode.UpdateMatrices()

    def _fitAgain(self):
        if self.image is not None and self.sliceNode is not None:
            self._fit(self.sliceNode)


def fieldMm(imageNode):
    """Width and height of the image on the detector."""
    columns, rows, _slices = imageNode.GetImageData().GetDimensions()
    right, down, _normal = imageNode.GetSpacing()
    return columns * right, rows * down


def sliceToRas(imageNode):
    """SliceToRAS of a view in which the image is upright: X along its columns, Y against its rows, Z towards the
    viewer, who looks from the detector; the origin is the middle of the image."""
    toRas = vtk.vtkMatrix4x4()
    imageNode.GetIJKToRASMatrix(toRas)
    columns, rows, _slices = imageNode.GetImageData().GetDimensions()
    middle = toRas.MultiplyPoint(((columns - 1) / 2, (rows - 1) / 2, 0, 1))
    right = _unit([toRas.GetElement(row, 0) for row in range(3)])
    up = _unit([-toRas.GetElement(row, 1) for row in range(3)])
    normal = [0.0, 0.0, 0.0]
    vtk.vtkMath.Cross(right, up, normal)
    result = vtk.vtkMatrix4x4()
    for column, vector in enumerate((right, up, normal, middle)):
        for row in range(3):
            result.SetElement(row, column, vector[row])
    return result


def _unit(vector):
    size = math.sqrt(sum(value * value for value in vector))
    return [value / size for value in vector]


def _isEqual(first, second, tolerance=1e-6):
    pairs = ((first.GetElement(row, column), second.GetElement(row, column)) for row in range(3) for column in range(4))
    return all(abs(a - b) < tolerance for a, b in pairs)
