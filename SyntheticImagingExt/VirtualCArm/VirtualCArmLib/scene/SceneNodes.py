"""Nodes that the module makes, found again by their role on the parameter node: in saved scenes and after a reload."""

import slicer

from SyntheticImagingLib import tree

ROLE_PREFIX = "VirtualCArm."


def find(parameters, role: str):
    """The node with a role, or None."""
    return parameters.parameterNode.GetNodeReference(ROLE_PREFIX + role)


def make(parameters, role: str, className: str, name: str, sourceNode=None, mark: bool = True):
    """The node with a role; made, marked as synthetic and remembered where there is none."""
    node = find(parameters, role)
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass(className, name)
        parameters.parameterNode.SetNodeReferenceID(ROLE_PREFIX + role, node.GetID())
        if mark:
            tree.markSynthetic(node, sourceNode)
    return node
