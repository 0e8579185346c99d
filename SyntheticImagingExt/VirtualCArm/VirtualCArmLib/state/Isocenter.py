"""The isocenter: a point that is dragged in slice and 3D views, or placed on a landmark."""

from __future__ import annotations

from collections.abc import Sequence

import slicer
import vtk

from .Parameters import VirtualCArmParameterNode

NAME = "C-arm isocenter"


def positionOf(node: slicer.vtkMRMLMarkupsNode | None) -> tuple[float, float, float] | None:
    """RAS in the world of the node's first point that has a place, or None."""
    if node is None:
        return None
    for index in range(node.GetNumberOfControlPoints()):
        if node.GetNthControlPointPositionStatus(index) == node.PositionDefined:
            position = [0.0, 0.0, 0.0]
            node.GetNthControlPointPositionWorld(index, position)
            return tuple(position)
    return None


def make(parameters: VirtualCArmParameterNode) -> slicer.vtkMRMLMarkupsFiducialNode:
    """The node, made where there is none."""
    node = parameters.isocenter
    if node is not None:
        return node
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", NAME)
    node.CreateDefaultDisplayNodes()
    node.SetMaximumNumberOfControlPoints(1)
    node.SetControlPointLabelFormat("isocenter")
    display = node.GetDisplayNode()
    display.SetGlyphTypeFromString("StarBurst2D")
    display.SetGlyphScale(2.0)
    display.SetTextScale(3.2)
    display.SetSnapMode(display.SnapModeUnconstrained)
    display.SetSelectedColor(1.0, 0.75, 0.2)
    display.SetActiveColor(0.4, 1.0, 0.4)
    display.SetOccludedVisibility(True)
    display.SetOccludedOpacity(0.5)
    parameters.isocenter = node
    return node


def move(node: slicer.vtkMRMLMarkupsNode, ras: Sequence[float]) -> None:
    """Put the first point there, in the world; added where there is none."""
    if node.GetNumberOfControlPoints():
        node.SetNthControlPointPositionWorld(0, *ras)
    else:
        node.AddControlPointWorld(vtk.vtkVector3d(*ras))
        node.SetNthControlPointLabel(0, "isocenter")
