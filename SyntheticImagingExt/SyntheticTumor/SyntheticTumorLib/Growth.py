"""A lesion over time: one volume per day in a sequence, with a standard sequence browser."""

from collections.abc import Sequence
from typing import Any

import slicer

from synthetic_imaging.declared import setting_of
from synthetic_imaging.errors import InputError
from synthetic_imaging.tumor.lesion import Lesion
from synthetic_imaging.tumor.plans import Growth
from SyntheticImagingLib import nodes
from SyntheticImagingLib.stages import Steps

from .Inputs import Volume
from .Results import nameOf
from .Window import copyWindow

RADIUS = setting_of(Lesion, "radius_mm")
LARGEST_DOUBLINGS = 60
Browser = slicer.vtkMRMLSequenceBrowserNode


def lastRadiusMm(lesion: Lesion, growth: Growth) -> float | None:
    """The radius in the last frame; None where it leaves what a lesion may have."""
    doublings = growth.days[-1] / growth.doubling_time_days
    if abs(doublings) > LARGEST_DOUBLINGS:
        return None
    radius = lesion.radius_mm * 2 ** (doublings / 3)
    return radius if RADIUS.low <= radius <= RADIUS.high else None


def _regionOf(case, cropToOrgan):
    """The voxels of a frame, three slices (K, J, I)."""
    if cropToOrgan:
        return case.region.slices
    return tuple(slice(0, size) for size in case.ct.shape)


def preview(case: Any, lesion: Lesion, growth: Growth, cropToOrgan: bool) -> dict | None:
    """first and last radius in mm, days, and the memory of the frames (voxels of the CT and a byte of label each).

    None where there is no such growth.
    """
    import numpy as np

    last = lastRadiusMm(lesion, growth)
    if last is None:
        return None
    voxels = np.prod([part.stop - part.start for part in _regionOf(case, cropToOrgan)])
    return {
        "first": lesion.radius_mm,
        "last": last,
        "days": growth.days[-1],
        "megabytes": float(voxels * (case.ct.data.element_size() + 1) * growth.frame_count / 1e6),
    }


def steps(case: Any, lesions: Sequence[Lesion], index: int, growth: Growth, cropToOrgan: bool, ctNode: Volume,
          shownNode: Volume) -> Steps[Browser]:  # fmt: skip
    """Generator of (stage, percent); returns the browser node. Dropped midway, it removes what it made.

    Makes two sequences, the CT and its labels (0 background, 1 organ, 2 lesion), indexed by the day. shownNode: the
    volume whose window the growing lesion is shown in. cropToOrgan: keep only the organ's box of each frame.
    """
    from synthetic_imaging.tumor import Composition, growth_series

    _check(growth, lesions[index])
    grown = growth_series(lesions[index], growth.doubling_time_days, growth.days)
    made = _Nodes()
    try:
        yield "Copying the CT", 0
        composition = Composition(case)
        made.create(ctNode)
        for number, (day, lesion) in enumerate(zip(growth.days, grown, strict=True)):
            yield f"Day {day:g}: radius {lesion.radius_mm:.1f} mm", 5 + 90 * number / growth.frame_count
            made.checkPresent()
            composition.set_lesions((*lesions[:index], lesion, *lesions[index + 1 :]), remember=False)
            made.addFrame(composition, _regionOf(case, cropToOrgan), day, lesion)
        yield "Opening the sequence", 97
        made.checkPresent()
        made.finish(shownNode)
    finally:
        made.removeUnlessFinished()
    return made.browser


def _check(growth, lesion):
    if lastRadiusMm(lesion, growth) is None:
        raise InputError(
            f"After {growth.days[-1]:g} days the lesion would be smaller than {RADIUS.low:g} mm or larger than "
            f"{RADIUS.high:g} mm in radius. Choose a longer doubling time, fewer frames or a shorter interval."
        )


class _Nodes:
    """The sequence nodes while they are made."""

    def __init__(self):
        self.browser = self.images = self.labels = None
        self._isFinished = False

    def create(self, ctNode):
        self.images = self._sequence(slicer.mrmlScene.GetUniqueNameByString(f"{nameOf(ctNode)} growth"), ctNode)
        self.labels = self._sequence(f"{self.images.GetName()} labels", ctNode)
        self.browser = slicer.mrmlScene.AddNewNodeByClass(
            "vtkMRMLSequenceBrowserNode", f"{self.images.GetName()} browser"
        )
        self.ct = ctNode

    def _sequence(self, name, ctNode):
        sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
        sequence.SetIndexName("time")
        sequence.SetIndexUnit("day")
        sequence.SetIndexType(slicer.vtkMRMLSequenceNode.NumericIndex)
        nodes.markSynthetic(sequence, ctNode)
        return sequence

    def addFrame(self, composition, region, day, lesion):
        import numpy as np

        _add(self.images, "vtkMRMLScalarVolumeNode", self.ct, composition.hu[region], region, day, lesion)
        labels = composition.labels[region].astype(np.uint8)
        _add(self.labels, "vtkMRMLLabelMapVolumeNode", self.ct, labels, region, day, lesion)

    def checkPresent(self):
        """InputError when the user has deleted one of the nodes meanwhile."""
        if any(node.GetScene() is None for node in (self.browser, self.images, self.labels)):
            raise InputError("The growth sequence was deleted while it was made. Start it again.")

    def finish(self, shownNode):
        self.browser.SetAndObserveMasterSequenceNodeID(self.images.GetID())
        self.browser.AddSynchronizedSequenceNode(self.labels)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(self.browser)
        for sequence in (self.images, self.labels):
            proxy = self.browser.GetProxyNode(sequence)
            nodes.markSynthetic(proxy, self.ct)
            nodes.placeBeside(proxy, self.ct)
            proxy.SetAndObserveTransformNodeID(self.ct.GetTransformNodeID())
        copyWindow(shownNode, self.browser.GetProxyNode(self.images))
        self._isFinished = True

    def removeUnlessFinished(self):
        if self._isFinished:
            return
        for node in (self.browser, self.images, self.labels):
            if node is not None and node.GetScene() is not None:
                slicer.mrmlScene.RemoveNode(node)


def _add(sequence, className, ctNode, array, region, day, lesion):
    """Store one frame; the sequence keeps a copy of its own."""
    from slicer.util import updateVolumeFromArray

    node = getattr(slicer, className)()
    node.SetName(f"{sequence.GetName()} day {day:g}")
    _placeRegion(node, ctNode, region)
    updateVolumeFromArray(node, array)
    nodes.markSynthetic(node)  # on each frame, for the shown one takes its attributes from it
    node.SetAttribute("SyntheticTumor.Lesion", lesion.name)
    node.SetAttribute("SyntheticTumor.Day", f"{day:g}")
    node.SetAttribute("SyntheticTumor.RadiusMm", f"{lesion.radius_mm:.3f}")
    sequence.SetDataNodeAtValue(node, f"{day:g}")


def _placeRegion(node, ctNode, region):
    """The geometry of the CT (its parent transform is set on the proxy), moved to the first voxel of a region."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    ctNode.GetIJKToRASMatrix(matrix)
    first = matrix.MultiplyPoint([part.start for part in reversed(region)] + [1.0])
    for axis in range(3):
        matrix.SetElement(axis, 3, first[axis])
    node.SetIJKToRASMatrix(matrix)
