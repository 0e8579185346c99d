"""Images that are kept."""

from __future__ import annotations

import slicer

from SyntheticImagingLib import nodes

SHOT_ATTRIBUTE = "VirtualCArm.Shot"


def saidSynthetic(name: str) -> str:
    """A name of a node that says what it is."""
    return name if "synthetic" in name.lower() else f"{name} (synthetic)"


def keep(
    imageNode: slicer.vtkMRMLScalarVolumeNode, ctNode: slicer.vtkMRMLScalarVolumeNode, name: str
) -> slicer.vtkMRMLScalarVolumeNode:
    """A copy of a live image as a node of its own, beside the CT in the data tree."""
    node = nodes.cloneVolumeNode(imageNode, saidSynthetic(name))
    for attribute in imageNode.GetAttributeNames():
        node.SetAttribute(attribute, imageNode.GetAttribute(attribute))
    node.SetAttribute(SHOT_ATTRIBUTE, "1")
    nodes.markSynthetic(node, ctNode)
    nodes.placeBeside(node, ctNode)
    return node


def shotNodes() -> list:
    """Every kept image of the scene, the newest last."""
    found = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [node for node in found if node.GetAttribute(SHOT_ATTRIBUTE)]
