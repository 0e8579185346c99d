"""Whose view the projected landmarks and outlines belong to; the logic makes them, the views show them."""

from .Landmarks import projectionNode
from .Outlines import outlineNode


def outlinesOf(parameters, plane):
    """The label map to lay over a plane's picture, or None."""
    return outlineNode(parameters, plane) if parameters.showOutlines else None


def keepToView(parameters, plane, sliceNode):
    """Projected points lie at the detector and mean something in their X-ray view only."""
    node = projectionNode(parameters, plane)
    display = node.GetDisplayNode() if node is not None else None
    if display is not None and sliceNode is not None and list(display.GetViewNodeIDs()) != [sliceNode.GetID()]:
        display.SetViewNodeIDs([sliceNode.GetID()])
