"""What a session works on, the preparation of it, and the news that it has changed."""

from dataclasses import dataclass

import slicer
import vtk


@dataclass(frozen=True)
class Inputs:
    """The chosen CT, organ segment and, if there is one, vessel segment."""

    ctNode: object = None
    organNode: object = None
    organSegmentId: str = ""
    vesselNode: object = None
    vesselSegmentId: str = ""

    @property
    def complete(self):
        return bool(self.ctNode and self.organNode and self.organSegmentId)

    @property
    def organName(self):
        segment = self.organNode.GetSegmentation().GetSegment(self.organSegmentId) if self.complete else None
        return segment.GetName() if segment else "organ"

    @property
    def organTerm(self):
        """The label of the organ's standard term, for instance "liver"; None when it has none that is known."""
        from SyntheticImagingLib import terms

        segment = self.organNode.GetSegmentation().GetSegment(self.organSegmentId) if self.complete else None
        return terms.organOf(segment) if segment else None

    def uses(self, node):
        return node is not None and node in (self.ctNode, self.organNode, self.vesselNode)


ORGANS = ("liver", "kidney", "pancreas", "lung")
VESSELS = {"vessel", "vein", "artery"}


def preferredSegment(segmentationNode, organ=""):
    """Id of the segment that most likely is to receive lesions; "" where nothing speaks for one of several.

    organ: what the chosen kind of lesion is meant for, for instance "kidney"; it is looked for first.
    """
    from SyntheticImagingLib import terms

    segmentation = segmentationNode.GetSegmentation()
    found = {segmentId: terms.organOf(segmentation.GetSegment(segmentId)) for segmentId in segmentation.GetSegmentIDs()}
    for wanted in (organ, *ORGANS):
        for segmentId, term in found.items():
            if wanted in (term or "").split():
                return segmentId
    return next(iter(found)) if len(found) == 1 else ""


def preferredVessels(segmentationNode, organName):
    """Id of a segment of vessels, rather those of the organ than others; "" where there is none."""
    from SyntheticImagingLib import terms

    segmentation, found = segmentationNode.GetSegmentation(), []
    for segmentId in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segmentId)
        name = (segment.GetName() or "").lower()
        if VESSELS & set((terms.organOf(segment) or "").split()) or "vessel" in name:
            found.append((organName.lower() not in name, segmentId))
    return min(found, key=lambda entry: entry[0])[1] if found else ""


def mayBeOrgan(segmentationNode, segmentId):
    """Whether neither term nor name of a segment says that it is something else, a vessel or a tumor for instance."""
    from SyntheticImagingLib import terms

    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    words = f"{terms.organOf(segment) or ''} {segment.GetName() or ''}".lower().replace("_", " ").split()
    return not {word.rstrip("s") for word in words} & (terms.OTHER_KINDS | VESSELS)


def mayBelongTo(segmentationNode, ctNode):
    """Whether a segmentation was not made on another volume than the CT."""
    reference = segmentationNode.GetNodeReference(segmentationNode.GetReferenceImageGeometryReferenceRole())
    return reference is None or reference is ctNode


def preparation(inputs):
    """Generator that prepares a Case: yields (stage, percent) before each piece of work, returns the Case.

    Raises InputError for inputs that cannot be used; nothing in the scene is changed.
    """
    from synthetic_imaging.errors import InputError
    from SyntheticImagingLib import nodes

    _check(inputs)
    yield "Reading the CT", 0
    ct = nodes.volumeFromNode(inputs.ctNode)
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
    from synthetic_imaging.errors import InputError

    if inputs.ctNode is None:
        raise InputError("No CT is chosen. Load a CT and choose it.")
    if inputs.organNode is None or not inputs.organSegmentId:
        raise InputError("No organ is chosen. Choose a segmentation and the segment of the organ in it.")
    if inputs.organNode.GetSegmentation().GetSegment(inputs.organSegmentId) is None:
        raise InputError(
            f'The segmentation "{inputs.organNode.GetName()}" has no segment "{inputs.organSegmentId}". '
            "Choose the segment of the organ again."
        )


class InputObserver:
    """Calls ``onChanged`` when voxels, place or segments of the inputs change."""

    def __init__(self, onChanged):
        self._onChanged = onChanged
        self._tags = []
        self._content = None

    def watch(self, inputs):
        """Follow these inputs in place of those before."""
        self.stop()
        self._content = _contentOf(inputs.ctNode)
        self._observe(inputs.ctNode, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent, self._onVolumeModified)
        self._observe(inputs.ctNode, vtk.vtkCommand.ModifiedEvent, self._onVolumeModified)
        for node in {inputs.ctNode, inputs.organNode, inputs.vesselNode} - {None}:
            self._observe(node, slicer.vtkMRMLTransformableNode.TransformModifiedEvent, self._onEvent)
        for node in {inputs.organNode, inputs.vesselNode} - {None}:
            for event in (slicer.vtkSegmentation.SourceRepresentationModified, slicer.vtkSegmentation.SegmentRemoved):
                self._observe(node, event, self._onEvent)

    def stop(self):
        for node, tag in self._tags:
            node.RemoveObserver(tag)
        self._tags = []

    def _observe(self, node, event, callback):
        self._tags.append((node, node.AddObserver(event, callback)))

    def _onVolumeModified(self, node, event):
        # ModifiedEvent comes for the name and the display too
        content = _contentOf(node)
        if content != self._content:
            self._content = content
            self._onChanged()

    def _onEvent(self, node, event):
        self._onChanged()


def _contentOf(volumeNode):
    """What changes when a volume's voxels or place do; reading the voxels themselves would take too long."""
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    image = volumeNode.GetImageData()
    scalars = image.GetPointData().GetScalars() if image else None
    values = [matrix.GetElement(row, column) for row in range(3) for column in range(4)]
    return values, image.GetDimensions() if image else None, scalars.GetMTime() if scalars else None
