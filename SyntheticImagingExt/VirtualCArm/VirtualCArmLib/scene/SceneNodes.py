"""Nodes that the module makes, found again by their role on the parameter node: in saved scenes and after a reload."""

from __future__ import annotations

import slicer

from SyntheticImagingLib import tree

from ..state.Parameters import VirtualCArmParameterNode

ROLE_PREFIX = "VirtualCArm."


def find(parameters: VirtualCArmParameterNode, role: str) -> slicer.vtkMRMLNode | None:
    """The node with a role, or None."""
    return parameters.parameterNode.GetNodeReference(ROLE_PREFIX + role)


def make(
    parameters: VirtualCArmParameterNode,
    role: str,
    className: str,
    name: str,
    sourceNode: slicer.vtkMRMLNode | None = None,
    mark: bool = True,
) -> slicer.vtkMRMLNode:
    """The node with a role; made, marked as synthetic and remembered where there is none."""
    node = find(parameters, role)
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass(className, name)
        parameters.parameterNode.SetNodeReferenceID(ROLE_PREFIX + role, node.GetID())
        if mark:
            tree.markSynthetic(node, sourceNode)
    return node
