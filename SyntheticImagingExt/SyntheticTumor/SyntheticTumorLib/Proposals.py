"""What to choose where there is no doubt: the CT, the organ that is to receive lesions, its vessels."""

import slicer

from synthetic_imaging.tumor.plans import preset_table
from SyntheticImagingLib import terms

from .Inputs import Inputs
from .Results import isOriginal, isOriginalCt

ORGANS = ("liver", "kidney", "pancreas", "lung")
VESSELS = {"vessel", "vein", "artery"}


def proposedInputs(organ: str = "", ctNode=None) -> Inputs:
    """The only CT of the scene, and a segment that is an organ with presets; incomplete where there is doubt.

    Without such an organ, the only segment of the scene is taken, whatever its name, unless that says that it is
    no organ. organ: the one to look for first; by default the liver, then kidney, pancreas and lung. ctNode: the
    CT, if it is known.
    """
    volumes = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if isOriginalCt(node)]
    ct = volumes[0] if ctNode is None and len(volumes) == 1 else ctNode
    if ct is None:
        return Inputs()
    segmentations = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    segmentations = [node for node in segmentations if isOriginal(node) and _mayBelongTo(node, ct)]
    organs = {entry["organ"] for entry in preset_table().values()}
    for segmentation in segmentations:
        inputs = Inputs(ct, segmentation, preferredSegment(segmentation, organ))
        if set((inputs.organTerm or "").split()) & organs:
            return inputs
    every = [(node, segmentId) for node in segmentations for segmentId in node.GetSegmentation().GetSegmentIDs()]
    return Inputs(ct, *every[0]) if len(every) == 1 and _mayBeOrgan(*every[0]) else Inputs()


def preferredSegment(segmentationNode, organ: str = "") -> str:
    """Id of the segment that most likely is to receive lesions; "" where nothing speaks for one of several.

    organ: what the chosen kind of lesion is meant for, for instance "kidney"; it is looked for first.
    """
    segmentation = segmentationNode.GetSegmentation()
    found = {segmentId: terms.organOf(segmentation.GetSegment(segmentId)) for segmentId in segmentation.GetSegmentIDs()}
    for wanted in (organ, *ORGANS):
        for segmentId, term in found.items():
            if wanted in (term or "").split():
                return segmentId
    return next(iter(found)) if len(found) == 1 else ""


def preferredVessels(segmentationNode, organName: str) -> str:
    """Id of a segment of vessels, rather those of the organ than others; "" where there is none."""
    segmentation, found = segmentationNode.GetSegmentation(), []
    for segmentId in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segmentId)
        name = (segment.GetName() or "").lower()
        if VESSELS & set((terms.organOf(segment) or "").split()) or "vessel" in name:
            found.append((organName.lower() not in name, segmentId))
    return min(found, key=lambda entry: entry[0])[1] if found else ""


def _mayBeOrgan(segmentationNode, segmentId):
    """Whether neither term nor name of a segment says that it is something else, a vessel or a tumor for instance."""
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    words = f"{terms.organOf(segment) or ''} {segment.GetName() or ''}".lower().replace("_", " ").split()
    return not {word.rstrip("s") for word in words} & (terms.OTHER_KINDS | VESSELS)


def _mayBelongTo(segmentationNode, ctNode):
    """Whether a segmentation was not made on another volume than the CT."""
    reference = segmentationNode.GetNodeReference(segmentationNode.GetReferenceImageGeometryReferenceRole())
    return reference is None or reference is ctNode
