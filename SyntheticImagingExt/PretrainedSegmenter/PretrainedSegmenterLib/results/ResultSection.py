"""The section Result: what was found, how large it is, the way to it, surfaces and a DICOM file on demand."""

import qt
import slicer
from slicer.i18n import tr as _

from SyntheticImagingLib.widgets import breakable, setTextIfNew, silent

from ..Tables import fill, fit, setUp
from . import DicomExport
from .Prediction import absentIn

MOST_ROWS, SHOWN_ABSENT = 8, 6


class ResultSection:
    """do, work: as in the panel."""

    def __init__(self, ui, logic, do, work):
        self.ui, self._logic, self._do, self._work, self._node, self._rows = ui, logic, do, work, None, []
        self._summary = ""
        setUp(ui.structureTable, [_("Structure"), _("mL")])
        ui.structureTable.itemClicked.connect(lambda item: do(lambda: self._goTo(item.row())))
        ui.dicomButton.clicked.connect(lambda *_a: do(self._saveDicom))
        ui.surfacesButton.toggled.connect(lambda on: do(lambda: self._showSurfaces(on), waitCursor=True))

    @property
    def node(self):
        """The segmentation that is shown; None where there is none, or it has left the scene."""
        return self._node if self._node is not None and self._node.GetScene() is not None else None

    def show(self, node, notes=()):
        """Show what a run has found; None for nothing."""
        self._node, self._rows = node, _measured(node) if node is not None else []
        text = ""
        if node is not None:
            count = len(self._rows)
            found = _("one structure") if count == 1 else _("{count} structures").format(count=count)
            text = _("{name}: {found}. A prediction; check it before use.").format(name=node.GetName(), found=found)
            absent = [name.replace("_", " ") for name in absentIn(node)]
            if absent:
                names = ", ".join(absent[:SHOWN_ABSENT]) + (" …" if len(absent) > SHOWN_ABSENT else "")
                text += " " + _("Not found: {names}.").format(names=names)
            text = " ".join([text, *notes])
        self._summary = text
        setTextIfNew(self.ui.resultLabel, breakable(text))
        with silent(self.ui.surfacesButton):
            self.ui.surfacesButton.checked = False
        self.refresh()

    def refresh(self):
        if self.node is None and self._node is not None:
            self.show(None)
            return
        fill(self.ui.structureTable, [(name, f"{volumeMl:.1f}") for name, volumeMl, _center in self._rows])
        fit(self.ui.structureTable, MOST_ROWS)
        self.ui.structureTable.visible = bool(self._rows)

    def usable(self, problem):
        none = "" if self.node is not None and self._rows else _("There is no result yet.")
        none = problem or none
        return {self.ui.surfacesButton: none, self.ui.dicomButton: none or DicomExport.problemOf(self.node)}

    def _goTo(self, row):
        slicer.modules.markups.logic().JumpSlicesToLocation(*self._rows[row][2], True)

    def _saveDicom(self):
        node, title = self.node, _("Save as DICOM segmentation")
        name, kinds = f"{node.GetName()}{DicomExport.SUFFIX}", _("DICOM segmentations (*.dcm)")
        path = qt.QFileDialog.getSaveFileName(self.ui.dicomButton, title, name, kinds)
        if path:
            self._work(title, self._logic.exportDicomWork(node, path), self._onSaved)

    def _onSaved(self, path):
        written = _("Written to {path}.").format(path=path)
        setTextIfNew(self.ui.resultLabel, breakable(f"{self._summary} {written}"))

    def _showSurfaces(self, on):
        node = self.node
        if on:
            node.CreateClosedSurfaceRepresentation()
        node.GetDisplayNode().SetVisibility3D(on)
        if on:
            slicer.util.resetThreeDViews()


def _measured(node):
    """(name, mL, a point of it in RAS) of each segment."""
    from scipy.ndimage import find_objects

    from SyntheticImagingLib.grids import imageArray

    rows, known = [], {}
    segmentation = node.GetSegmentation()
    for segmentId in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segmentId)
        image = segment.GetRepresentation("Binary labelmap")
        if image not in known:
            array = imageArray(image)
            known[image] = array, find_objects(array)
        array, boxes = known[image]
        box = boxes[segment.GetLabelValue() - 1]
        mask = array[box] == segment.GetLabelValue()
        rows.append((segment.GetName(), int(mask.sum()) * _voxelMl(image), _middle(node, image, mask, box)))
    return rows


def _voxelMl(image):
    i, j, k = image.GetSpacing()
    return i * j * k / 1000


def _middle(node, image, mask, box):
    """A voxel in the middle slice of a mask, which its center of mass need not be; mask: in its box of the image."""
    import numpy as np
    import vtk

    counts = mask.sum(axis=(1, 2))
    k = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
    points = np.argwhere(mask[k])
    j, i = points[np.abs(points - points.mean(axis=0)).sum(axis=1).argmin()]
    first, matrix = image.GetExtent(), vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    offsets = (first[0] + box[2].start + i, first[2] + box[1].start + j, first[4] + box[0].start + k)
    point, world = matrix.MultiplyPoint([*map(float, offsets), 1.0])[:3], [0.0, 0.0, 0.0]
    node.TransformPointToWorld(point, world)
    return world
