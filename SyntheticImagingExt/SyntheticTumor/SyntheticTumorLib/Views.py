"""What the slice views show: the result in place of the CT, or for a moment the original."""

import slicer


def showVolume(volumeNode, inPlaceOf=(), always=False):
    """Put a volume in the background of the slice views that show one of ``inPlaceOf``; the views stay where they are.

    always: also in views with an empty background.
    """
    replaced = {node.GetID() for node in inPlaceOf if node is not None}
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        shown = composite.GetBackgroundVolumeID()
        if shown in replaced or (always and not shown):
            composite.SetBackgroundVolumeID(volumeNode.GetID())


def jumpTo(ras, centered=False):
    """Bring all slice views to a point."""
    slicer.modules.markups.logic().JumpSlicesToLocation(*ras, centered)


def setVisible(nodes, visible):
    """Show or hide nodes that have a display."""
    for node in nodes:
        display = node.GetDisplayNode() if node is not None else None
        if display is not None:
            display.SetVisibility(visible)


def setOutlined(segmentationNode, outlined):
    """Show or hide a segmentation in slice views only."""
    display = segmentationNode.GetDisplayNode() if segmentationNode is not None else None
    if display is not None:
        display.SetVisibility2D(outlined)
