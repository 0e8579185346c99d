"""From chosen nodes to a prepared case of the core, and the news that they have changed since."""

import math
from collections.abc import Callable, Generator

import slicer

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import hounsfield, nodes
from SyntheticImagingLib.observing import VOLUME_EVENTS, Observations, contentOf

from .Inputs import Inputs

SEGMENT_EVENTS = (
    slicer.vtkSegmentation.SourceRepresentationModified,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)


def preparation(inputs: Inputs) -> Generator:
    """Generator that prepares a Case: yields (stage, percent) before each piece of work, returns the Case.

    Raises InputError for inputs that cannot be used; nothing in the scene is changed.
    """
    _check(inputs)
    yield "Reading the CT", 0
    ct = hounsfield.ctInHu(inputs.ctNode, nodes.volumeFromNode(inputs.ctNode))
    yield "Reading the organ", 10
    organ = nodes.labelsFromSegment(inputs.organNode, inputs.organSegmentId, inputs.ctNode)
    vessels = None
    if inputs.vesselNode and inputs.vesselSegmentId:
        yield "Reading the vessels", 20
        vessels = nodes.labelsFromSegment(inputs.vesselNode, inputs.vesselSegmentId, inputs.ctNode)
    yield "Loading the engine", 25
    from synthetic_imaging.tumor import Case
    from synthetic_imaging.tumor.insertion import engine

    try:
        case = yield from _staged(Case.steps(ct, organ, vessels, organ_name=inputs.organName), (30, 35, 60, 80))
    except MemoryError as error:
        raise InputError(
            f'There is not enough memory to prepare "{inputs.ctNode.GetName()}". Close other data, '
            'or crop the CT around the organ with the module "Crop Volume".'
        ) from error
    yield "Fingerprint of the CT", 85
    _ = case.ct_sha256  # computed here once, for every record names the CT by it
    yield "Starting the engine", 90
    engine()  # so that the first lesion does not wait for it
    return case


def _staged(stages, percents):
    """The stages with percents; what the generator returns."""
    for percent in percents:
        yield next(stages), percent
    return (yield from stages)


def _check(inputs):
    if inputs.ctNode is None:
        raise InputError("No CT is chosen. Load a CT and choose it.")
    if inputs.organNode is None or not inputs.organSegmentId:
        raise InputError("No organ is chosen. Choose a segmentation and the segment of the organ in it.")
    if inputs.organNode.GetSegmentation().GetSegment(inputs.organSegmentId) is None:
        raise InputError(
            f'The segmentation "{inputs.organNode.GetName()}" has no segment "{inputs.organSegmentId}". '
            "Choose the segment of the organ again."
        )


def summaryOf(case) -> dict:
    """Numbers of a prepared organ: organ, volumeMl, meanHu, noiseHu, vesselMl, largestRadiusMm (of the same volume)."""
    voxelMl, organMl = float(case.ct.spacing_mm.prod()) / 1000, case.organ_mm3 / 1000
    return {
        "organ": case.organ_name,
        "volumeMl": organMl,
        "meanHu": case.organ_mean_hu,
        "noiseHu": case.noise_std_hu,
        "vesselMl": float(case.vessel_mask.sum()) * voxelMl,
        "largestRadiusMm": (3000 * organMl / (4 * math.pi)) ** (1 / 3),
    }


class InputObserver:
    """Calls ``onChanged`` when voxels, place or segments of the inputs change."""

    def __init__(self, onChanged: Callable[[], object]):
        self._onChanged = onChanged
        self._observations = Observations()
        self._ctNode, self._content = None, None

    def watch(self, inputs: Inputs):
        """Follow these inputs in place of those before."""
        self.stop()
        self._ctNode, self._content = inputs.ctNode, contentOf(inputs.ctNode)
        self._observations.observe("ct", inputs.ctNode, VOLUME_EVENTS, self._onVolume)
        self._observations.observe("organ", inputs.organNode, SEGMENT_EVENTS, self._onSegments)
        self._observations.observe("vessels", inputs.vesselNode, SEGMENT_EVENTS, self._onSegments)

    def stop(self):
        self._observations.dropAll()
        self._ctNode, self._content = None, None

    def _onVolume(self):
        content = contentOf(self._ctNode)
        if content != self._content:
            self._content = content
            self._onChanged()

    def _onSegments(self):
        self._onChanged()
