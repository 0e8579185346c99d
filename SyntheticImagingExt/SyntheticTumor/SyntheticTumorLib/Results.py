"""The nodes that a session makes, and the record that ties them together in the scene and in saved scenes."""

import slicer

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import nodes
from SyntheticImagingLib.tree import SOURCE_ROLE

from .Inputs import Inputs
from .Window import copyWindow

RECORD_ATTRIBUTE = "SyntheticTumor.Record"
ROLE_PREFIX = "SyntheticTumor."
ORGAN_SEGMENT_ATTRIBUTE = "SyntheticTumor.OrganSegmentId"
VESSEL_SEGMENT_ATTRIBUTE = "SyntheticTumor.VesselSegmentId"
SHOWN_ROLE = ROLE_PREFIX + "shownInstead"
INPUT_ROLES = ("ct", "organ", "vessels")
RESULT_ROLES = ("volume", "segmentation", "points")
NAME_LENGTH = 18


def recordNodes():
    """Every record of the scene, the newest last."""
    nodes = slicer.util.getNodesByClass("vtkMRMLTextNode")
    return [node for node in nodes if node.GetAttribute(RECORD_ATTRIBUTE)]


def recordFor(inputs):
    """The record that was made of the same CT and organ segment, or None."""
    for node in reversed(recordNodes()):
        if _sameOrgan(inputsOf(node), inputs):
            return node
    return None


def _sameOrgan(first, second):
    names = ("ctNode", "organNode", "organSegmentId")
    return all(getattr(first, name) == getattr(second, name) for name in names)


def inputsOf(record):
    """What a record says it was made of; None for nodes that have left the scene."""
    ct, organ, vessels = (record.GetNodeReference(ROLE_PREFIX + role) for role in INPUT_ROLES)
    return Inputs(
        ct,
        organ,
        record.GetAttribute(ORGAN_SEGMENT_ATTRIBUTE) or "",
        vessels,
        record.GetAttribute(VESSEL_SEGMENT_ATTRIBUTE) or "",
    )


def newestRecord():
    """The record that was made last; InputError where the scene has none."""
    record = next(reversed(recordNodes()), None)
    if record is None:
        raise InputError("The scene holds no record of synthetic lesions. Place a lesion, or open another scene.")
    return record


def completeInputsOf(record):
    """``inputsOf``, all of which must be in the scene."""
    inputs = inputsOf(record)
    if not inputs.complete:
        raise InputError(
            f'The CT or the organ that "{record.GetName()}" was made of is not in the scene any more. '
            "Load them again and choose them."
        )
    return inputs


def refuseResult(ctNode):
    """InputError where a node is the result of lesions: these are edited in the CT that they were placed in."""
    owner = resultOwner(ctNode)
    if owner is not None:
        source = inputsOf(owner).ctNode
        raise InputError(
            f'"{ctNode.GetName()}" is the result of this module. Choose the original CT'
            + (f' "{source.GetName()}"' if source else "")
            + "; its lesions can be edited there."
        )


def resultOwner(node):
    """The record whose result a node is, or None: results are not taken for input."""
    for record in recordNodes():
        if node is not None and any(record.GetNodeReference(ROLE_PREFIX + role) is node for role in RESULT_ROLES):
            return record
    return None


def isOriginal(node):
    """Whether a node was not made by this extension from another one."""
    return resultOwner(node) is None and node.GetNodeReference(SOURCE_ROLE) is None


def isOriginalCt(node):
    """Whether a volume node may be the CT of a patient: no label map, result, X-ray image or single slice."""
    image = node.GetImageData()
    isVolume = node.GetClassName() == "vtkMRMLScalarVolumeNode" and image is not None and min(image.GetDimensions()) > 1
    return isVolume and isOriginal(node)


def nameOf(ctNode):
    """What results of a CT are called; the corner of a slice view has room for some 30 letters."""
    stem = ctNode.GetName().replace("(synthetic)", "").strip()
    if len(stem) > NAME_LENGTH:
        stem = stem[: NAME_LENGTH - 1].rstrip() + "…"
    return f"{stem} synthetic"


class Results:
    """The result nodes of one session: ``volume``, ``segmentation``, ``points``, ``record``; None while not there."""

    def __init__(self):
        self.record = self.volume = self.segmentation = self.points = None

    def nodes(self):
        return [node for node in (self.volume, self.segmentation, self.points, self.record) if node is not None]

    def adopt(self, record):
        """Take over the nodes that a record names."""
        self.record = record
        for role in RESULT_ROLES:
            setattr(self, role, record.GetNodeReference(ROLE_PREFIX + role))

    def forget(self):
        self.__init__()

    def drop(self, node):
        """A node has left the scene; whether it was one of these."""
        for role in (*RESULT_ROLES, "record"):
            if getattr(self, role) is node:
                setattr(self, role, None)
                return True
        return False

    def createVolume(self, inputs, voxels):
        """A copy of the CT, shown in its place, with the same window and level. voxels: (K, J, I), as it was read."""
        ct = inputs.ctNode
        self.volume = nodes.cloneVolumeNode(ct, nameOf(ct))
        if nodes.volumeArray(self.volume).dtype != voxels.dtype:
            slicer.util.updateVolumeFromArray(self.volume, voxels)  # unsigned ones cannot hold a lesion below 0
        self.volume.SetAttribute("SyntheticTumor.Notice", "Contains synthetic lesions; not for clinical use.")
        copyWindow(ct, self.volume)

    def createRecord(self, inputs):
        name = slicer.mrmlScene.GetUniqueNameByString(f"{nameOf(inputs.ctNode)} lesions (record)")
        self.record = nodes.createTextNode(name, "", inputs.ctNode)
        self.record.SetAttribute(RECORD_ATTRIBUTE, "1")
        nodes.markSynthetic(self.record, inputs.ctNode)

    def writeRecord(self, inputs, text):
        """Store the lesions' record and the nodes that belong to it."""
        record = self.record
        wasModifying = record.StartModify()
        sources = (inputs.ctNode, inputs.organNode, inputs.vesselNode)
        for role, node in zip(INPUT_ROLES, sources, strict=True):
            record.SetNodeReferenceID(ROLE_PREFIX + role, node.GetID() if node else None)
        for role in RESULT_ROLES:
            node = getattr(self, role)
            record.SetNodeReferenceID(ROLE_PREFIX + role, node.GetID() if node else None)
        record.SetAttribute(ORGAN_SEGMENT_ATTRIBUTE, inputs.organSegmentId)
        record.SetAttribute(VESSEL_SEGMENT_ATTRIBUTE, inputs.vesselSegmentId or None)
        if record.GetText() != text:
            record.SetText(text)
        record.EndModify(wasModifying)
