"""The nodes of the case on the screen: they say nothing but its code, are hidden, and are not saved with a scene."""

from __future__ import annotations

from collections.abc import Sequence

import slicer

from .ReadingImages import StudyImage

Point = Sequence[float]
"""RAS, mm."""

CUE_DISTANCE_MM = 20.0
"""How far beside a lesion its four pointers are: the same for all, so that they say nothing about it."""
CUE_GLYPH_MM, MARK_GLYPH_MM = 5.0, 8.0
_CUE_COLOR, _MARK_COLOR = (1.0, 0.85, 0.2), (0.3, 0.9, 1.0)


class ReadingNodes:
    """Shows one case, or a pair, in slice views; volumes are made once and filled anew for each case.

    views: slice logics, left to right; without any (console) the volumes are all there is.
    """

    def __init__(self):
        self.views, self.volumes = (), []
        self.mark, self._cues, self._cuePlaces = None, [], []
        self.areCuesShown = self._isConcealed = True

    @property
    def isSeen(self) -> bool:
        return not self._isConcealed

    def show(self, images: Sequence[StudyImage], window: tuple[float, float], cues: Sequence[Point | None]):
        """Show images (StudyImage), their lesions' places (RAS, or None), in a window (level, width)."""
        self.removeMark()
        self._removeCues()
        if not self.areInScene:
            self.remove()
        while len(self.volumes) > len(images):
            self._removeVolume(self.volumes.pop())
        while len(self.volumes) < len(images):
            self.volumes.append(_hidden("vtkMRMLScalarVolumeNode"))
            _withDisplay(self.volumes[-1])
        for volume, image in zip(self.volumes, images, strict=False):
            _fill(volume, image)
        self.setWindow(window)
        for index, cue in enumerate(cues):
            if cue is not None:
                self._cues.append(self._points(index, _around(cue), "ThickCross2D", CUE_GLYPH_MM, _CUE_COLOR))
        self._isConcealed, self.areCuesShown = False, True
        self._cuePlaces = list(cues)
        for index in range(len(images)):
            self._place(index)

    def conceal(self):
        """Nothing of the case is seen; it can be revealed as it was."""
        self._reveal(False)

    def reveal(self):
        self._reveal(True)

    def remove(self):
        """Take every node out of the scene."""
        self.removeMark()
        self._removeCues()
        for volume in self.volumes:
            volume.SetAndObserveImageData(None)  # while views look at it: they keep what they drew last
        for view in self.views:
            view.GetSliceCompositeNode().SetBackgroundVolumeID(None)
        while self.volumes:
            self._removeVolume(self.volumes.pop())

    @property
    def areInScene(self) -> bool:
        """Whether the volumes are still there: nobody is kept from deleting nodes."""
        return all(volume.GetScene() is not None and volume.GetDisplayNode() is not None for volume in self.volumes)

    def setWindow(self, window: tuple[float, float]):
        level, width = window
        for volume in self.volumes:
            volume.GetDisplayNode().SetWindowLevel(width, level)

    def putMark(self, index: int, ras: Point):
        """Mark a place (RAS) of the image with this index."""
        self.removeMark()
        self.mark = self._points(index, [ras], "ThickCross2D", MARK_GLYPH_MM, _MARK_COLOR)

    def removeMark(self):
        if self.mark is not None:
            _remove(self.mark.GetDisplayNode())
            _remove(self.mark)
        self.mark = None

    def showCues(self, visible: bool):
        self.areCuesShown = visible
        for cue in self._cues:
            cue.GetDisplayNode().SetVisibility(visible and not self._isConcealed)

    def sliceNumber(self, index: int, offset_mm: float) -> int:
        """Number of the slice of an image that a view with this offset (S, mm) shows."""
        matrix = _matrix(self.volumes[index])
        spacing = matrix.GetElement(2, 2)
        last = self.volumes[index].GetImageData().GetDimensions()[2] - 1
        return min(max(round((offset_mm - matrix.GetElement(2, 3)) / spacing), 0), last)

    def isInside(self, index: int, ras: Point) -> bool:
        """Whether a place (RAS) lies in the image with this index."""
        import vtk

        inverse = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(_matrix(self.volumes[index]), inverse)
        ijk = inverse.MultiplyPoint([*ras, 1.0])[:3]
        counts = self.volumes[index].GetImageData().GetDimensions()
        return all(-0.5 <= value <= count - 0.5 for value, count in zip(ijk, counts, strict=True))

    def scroll(self, slices: int):
        """Move all views by so many slices of their images; they stop at the ends."""
        for index, view in enumerate(self.views[: len(self.volumes)]):
            self._showSlice(index, self.sliceNumber(index, view.GetSliceOffset()) + slices)

    def backToStart(self):
        """The slices with which the case opened."""
        for index in range(min(len(self.views), len(self._cuePlaces))):
            self._showStart(index)

    def zoom(self, factor: float):
        """Magnify about the middle of the views."""
        for view in self.views:
            node = view.GetSliceNode()
            x, y, z = node.GetFieldOfView()
            node.SetFieldOfView(x / factor, y / factor, z)
            node.UpdateMatrices()

    def fit(self):
        """The whole picture fills the views, at the slice that they show."""
        for view in self.views:
            offset = view.GetSliceOffset()
            view.FitSliceToBackground()
            view.SetSliceOffset(offset)

    def _place(self, index):
        """Each case opens in the same way: axial, whole, at the lesion's slice or in the middle."""
        if index >= len(self.views):
            return
        view, volume = self.views[index], self.volumes[index]
        view.GetSliceNode().SetOrientation("Axial")
        view.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
        view.FitSliceToBackground()
        self._showStart(index)

    def _showStart(self, index):
        cue, count = self._cuePlaces[index], self.volumes[index].GetImageData().GetDimensions()[2]
        self._showSlice(index, count // 2 if cue is None else self.sliceNumber(index, cue[2]))

    def _showSlice(self, index, number):
        matrix = _matrix(self.volumes[index])
        last = self.volumes[index].GetImageData().GetDimensions()[2] - 1
        number = min(max(number, 0), last)
        # the middle of a slice, so that no case is shown blurred between two
        self.views[index].SetSliceOffset(matrix.GetElement(2, 3) + number * matrix.GetElement(2, 2))

    def _points(self, index, places, glyph, size_mm, color):
        node = _hidden("vtkMRMLMarkupsFiducialNode")
        _withDisplay(node)
        display = node.GetDisplayNode()
        display.SetGlyphTypeFromString(glyph)
        display.UseGlyphScaleOff()
        display.SetGlyphSize(size_mm)
        display.SetPointLabelsVisibility(False)
        display.SetSelectedColor(*color)
        display.SetColor(*color)
        if index < len(self.views):
            display.SetViewNodeIDs([self.views[index].GetSliceNode().GetID()])
        for ras in places:
            node.AddControlPoint(list(ras), "")
        node.SetLocked(True)
        return node

    def _reveal(self, visible):
        self._isConcealed = not visible
        for view, volume in zip(self.views, self.volumes, strict=False):
            view.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID() if visible else None)
        self.showCues(self.areCuesShown)
        if self.mark is not None:
            self.mark.GetDisplayNode().SetVisibility(visible)

    @staticmethod
    def _removeVolume(volume):
        _remove(volume.GetDisplayNode())
        _remove(volume)

    def _removeCues(self):
        for cue in self._cues:
            _remove(cue.GetDisplayNode())
            _remove(cue)
        self._cues = []


def _around(ras):
    """Four places (RAS) around one, in its axial slice."""
    right, anterior, superior = ras
    far = CUE_DISTANCE_MM
    return [
        (right - far, anterior, superior),
        (right + far, anterior, superior),
        (right, anterior - far, superior),
        (right, anterior + far, superior),
    ]


def _hidden(className):
    """A node that no list shows and no scene file holds; its name is given when it has content."""
    node = slicer.mrmlScene.CreateNodeByClass(className)
    node.UnRegister(None)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.SetUndoEnabled(False)
    node.SetAttribute(slicer.vtkMRMLSubjectHierarchyConstants.GetSubjectHierarchyExcludeFromTreeAttributeName(), "1")
    return slicer.mrmlScene.AddNode(node)


def _withDisplay(node):
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetHideFromEditors(True)
    display.SetSaveWithScene(False)
    if hasattr(display, "SetAutoWindowLevel"):
        display.SetAutoWindowLevel(False)
        display.SetInterpolate(True)


def _fill(volume, image):
    """Give a volume node the voxels of an image, without a copy."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    scalars = numpy_to_vtk(image.voxels.reshape(-1), deep=False, array_type=vtk.VTK_SHORT)
    data = vtk.vtkImageData()
    data.SetDimensions(*image.voxels.shape[::-1])
    data.GetPointData().SetScalars(scalars)
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy([value for row in image.ijkToRas for value in row])
    wasModifying = volume.StartModify()
    volume.SetName(image.code)
    volume.SetIJKToRASMatrix(matrix)
    volume.SetAndObserveImageData(data)
    volume.EndModify(wasModifying)


def _matrix(volume):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix


def _remove(node):
    if node is not None and node.GetScene() is not None:
        node.GetScene().RemoveNode(node)
