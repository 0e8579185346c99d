"""What the views show: the result in place of the CT, or for a moment the original; and where they look."""

import slicer
import vtk

STANDARD_VIEWS = {"Red", "Green", "Yellow"}
BORDER_SHARE = 0.1
"""A point so near to the border of a view, as a share of its size, is not seen well."""
TINY_PX, SEEN_PX = 20, 40
"""A lesion that would lie under its own point is shown larger: its diameters in pixels before and after."""


def showVolume(volumeNode, inPlaceOf=(), always=False):
    """Put a volume in the background of the slice views that show one of ``inPlaceOf``; the views stay where they are.

    always: also in views with an empty background.
    """
    replaced = {node.GetID() for node in inPlaceOf if node is not None}
    for composite in _composites():
        shown = composite.GetBackgroundVolumeID()
        if shown in replaced or (always and not shown):
            composite.SetBackgroundVolumeID(volumeNode.GetID())


def lookAt(ras, volumeNode, radiusMm):
    """Bring the slice views that show a volume to a point (RAS, mm); what shows it already is not panned.

    radiusMm: of what is there; a view in which it would be tiny is zoomed in. Where no view shows the volume, the
    standard views do so from now on. Views of other images stay as they are.
    """
    volumeId = volumeNode.GetID()
    shown = [each for each in _composites() if volumeId in (each.GetBackgroundVolumeID(), each.GetForegroundVolumeID())]
    if not shown:
        shown = [each for each in _composites() if each.GetLayoutName() in STANDARD_VIEWS]
        for composite in shown:
            composite.SetBackgroundVolumeID(volumeId)
    names = {composite.GetLayoutName() for composite in shown}
    for sliceNode in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        if sliceNode.GetLayoutName() in names:
            sliceNode.JumpSliceByOffsetting(*ras)
            isTiny = _enlarge(sliceNode, radiusMm)
            if isTiny or not _isWithin(sliceNode, ras):
                sliceNode.JumpSliceByCentering(*ras)


def lookAt3D(ras):
    """Move the cameras of the 3D views that do not show a point (RAS, mm) so that they look at it."""
    for node in slicer.util.getNodesByClass("vtkMRMLCameraNode"):
        camera = node.GetCamera()
        x, y, _z, w = camera.GetCompositeProjectionTransformMatrix(1.0, -1.0, 1.0).MultiplyPoint([*ras, 1.0])
        if w <= 0 or max(abs(x), abs(y)) > (1 - 2 * BORDER_SHARE) * w:
            position, focus = camera.GetPosition(), camera.GetFocalPoint()
            camera.SetPosition([p + r - f for p, r, f in zip(position, ras, focus, strict=True)])
            camera.SetFocalPoint(ras)


def _composites():
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")


def _enlarge(sliceNode, radiusMm):
    """Zoom in where something would be tiny; whether it was."""
    width, height, depth = sliceNode.GetFieldOfView()
    pixels = 2 * radiusMm * sliceNode.GetDimensions()[0] / width
    if pixels < TINY_PX:
        factor = pixels / SEEN_PX
        sliceNode.SetFieldOfView(width * factor, height * factor, depth)
    return pixels < TINY_PX


def _isWithin(sliceNode, ras):
    rasToXy = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(sliceNode.GetXYToRAS(), rasToXy)
    position = rasToXy.MultiplyPoint([*ras, 1.0])
    return all(
        BORDER_SHARE * size <= value <= (1 - BORDER_SHARE) * size
        for value, size in zip(position[:2], sliceNode.GetDimensions()[:2], strict=True)
    )


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
