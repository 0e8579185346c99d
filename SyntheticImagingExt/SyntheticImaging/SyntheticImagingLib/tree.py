"""The place of nodes in the data tree, and the mark on synthetic ones."""

from __future__ import annotations

from pathlib import Path

import slicer

PACKAGE_FOLDER = Path(__file__).resolve().parents[1]
"""The folder of the home module, with its resources."""

SYNTHETIC_ATTRIBUTE = "SyntheticImaging.Synthetic"
"""Set to "1" on every node that holds synthetic content."""
SOURCE_ROLE = "SyntheticImaging.Source"
"""Reference from a synthetic node to the node that it was made from."""


def markSynthetic(node: slicer.vtkMRMLNode, sourceNode: slicer.vtkMRMLNode | None = None):
    """Say on the node itself that its content is synthetic, and what it was made from."""
    node.SetAttribute(SYNTHETIC_ATTRIBUTE, "1")
    if sourceNode is not None:
        node.SetNodeReferenceID(SOURCE_ROLE, sourceNode.GetID())


def removeWithDisplays(node: slicer.vtkMRMLDisplayableNode):
    """Take a displayable node out of the scene; its displays go after it, since views complain of a node without."""
    displays = [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
    for each in (node, *displays):
        if each is not None and each.GetScene() is not None:
            slicer.mrmlScene.RemoveNode(each)


def placeBeside(node: slicer.vtkMRMLNode, inputNode: slicer.vtkMRMLNode):
    """Put a node into the study, or folder, of another one in the subject hierarchy."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    inputItem = hierarchy.GetItemByDataNode(inputNode)
    parent = hierarchy.GetItemParent(inputItem) if inputItem else hierarchy.GetSceneItemID()
    _setParent(hierarchy, node, parent)


def placeInFolder(node: slicer.vtkMRMLNode, name: str) -> int:
    """Put a node into a new folder of the subject hierarchy; the folder's item."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), name)
    _setParent(hierarchy, node, folder)
    return folder


def _setParent(hierarchy, node, parent):
    # The application adds items by itself, slicer-core alone does not.
    item = hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.SetItemParent(item, parent)
    else:
        hierarchy.CreateItem(parent, node)
