"""Landmarks as an image shows them: points at the detector, and whether and why not they are seen."""

from __future__ import annotations

import slicer
import vtk

from synthetic_imaging.io.markups import told_apart
from synthetic_imaging.xray.geometry import View

from ..state.Parameters import VirtualCArmParameterNode
from . import SceneNodes


def pointsOf(node: slicer.vtkMRMLMarkupsNode | None) -> dict[str, tuple[float, float, float]]:
    """Names and places (RAS mm, in the world) of a point list; points that have no place yet are left out.

    Names that occur twice are told apart by a number, as in files.
    """
    if node is None:
        return {}
    indices = range(node.GetNumberOfControlPoints())
    placed = [index for index in indices if node.GetNthControlPointPositionStatus(index) == node.PositionDefined]
    names = told_apart(node.GetNthControlPointLabel(index) or f"point {index + 1}" for index in placed)
    return {name: _placeOf(node, index) for name, index in zip(names, placed, strict=True)}


def _placeOf(node, index):
    position = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(index, position)
    return tuple(position)


def projected(node: slicer.vtkMRMLMarkupsNode | None, view: View | None) -> list:
    """The core ``Landmark`` of each point: pixel (column, row), visible, and why it is unseen."""
    if view is None:
        return []
    from synthetic_imaging.xray import landmarks  # needs torch

    return landmarks(pointsOf(node), view)


def projectionNode(parameters: VirtualCArmParameterNode, plane: str) -> slicer.vtkMRMLMarkupsFiducialNode | None:
    """The points at the detector of a plane, or None; to be shown in that plane's X-ray view."""
    return SceneNodes.find(parameters, f"landmarks{plane}")


def keepToView(parameters: VirtualCArmParameterNode, plane: str, sliceNode: slicer.vtkMRMLSliceNode | None):
    """Projected points lie at the detector and mean something in their X-ray view only."""
    node = projectionNode(parameters, plane)
    display = node.GetDisplayNode() if node is not None else None
    if display is not None and sliceNode is not None and list(display.GetViewNodeIDs()) != [sliceNode.GetID()]:
        display.SetViewNodeIDs([sliceNode.GetID()])


def show(parameters: VirtualCArmParameterNode, plane: str, view: View, visible: bool):
    """Bring the projected points in line with the view of the shown image."""
    source = parameters.landmarks
    node = projectionNode(parameters, plane)
    marks = projected(source, view) if visible and source is not None else []
    if not marks:
        if node is not None and node.GetDisplayVisibility():
            node.SetDisplayVisibility(False)
        return
    if node is None:
        node = _make(parameters, plane, source)
    wasModifying = node.StartModify()
    if node.GetNumberOfControlPoints() != len(marks):
        node.RemoveAllControlPoints()
        for mark in marks:
            node.AddControlPointWorld(vtk.vtkVector3d(0, 0, 0), mark.name)
    for index, mark in enumerate(marks):
        _place(node, index, mark, view)
    node.SetDisplayVisibility(True)
    node.EndModify(wasModifying)


def _make(parameters, plane, source):
    name = f"{source.GetName()} in X-ray{'' if plane == 'A' else ' ' + plane} (synthetic)"
    node = SceneNodes.make(parameters, f"landmarks{plane}", "vtkMRMLMarkupsFiducialNode", name, source)
    node.CreateDefaultDisplayNodes()
    node.SetLocked(True)
    display = node.GetDisplayNode()
    display.SetGlyphTypeFromString("Cross2D")
    display.SetGlyphScale(1.6)
    display.SetTextScale(2.4)
    display.SetVisibility3D(False)
    display.SetSelectedColor(0.3, 1.0, 0.6)
    return node


def _place(node, index, mark, view):
    if mark.visible:
        node.SetNthControlPointPositionWorld(index, *view.pixel_ras(mark.column, mark.row))
    if node.GetNthControlPointLabel(index) != mark.name:
        node.SetNthControlPointLabel(index, mark.name)
    node.SetNthControlPointDescription(index, mark.unseen)
    node.SetNthControlPointVisibility(index, mark.visible)
