"""The place of nodes in the data tree, and the mark on synthetic ones."""

import slicer

SYNTHETIC_ATTRIBUTE = "SyntheticImaging.Synthetic"
"""Set to "1" on every node that holds synthetic content."""
SOURCE_ROLE = "SyntheticImaging.Source"
"""Reference from a synthetic node to the node that it was made from."""


def markSynthetic(node, sourceNode=None):
    """Say on the node itself that its content is synthetic, and what it was made from."""
    node.SetAttribute(SYNTHETIC_ATTRIBUTE, "1")
    if sourceNode is not None:
        node.SetNodeReferenceID(SOURCE_ROLE, sourceNode.GetID())


def placeBeside(node, inputNode):
    """Put a node into the study, or folder, of another one in the subject hierarchy."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    inputItem = hierarchy.GetItemByDataNode(inputNode)
    parent = hierarchy.GetItemParent(inputItem) if inputItem else hierarchy.GetSceneItemID()
    item = hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.SetItemParent(item, parent)
    else:
        hierarchy.CreateItem(parent, node)
