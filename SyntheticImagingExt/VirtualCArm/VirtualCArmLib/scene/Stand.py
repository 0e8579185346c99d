"""The C-arm in the 3D views: a C, tube, detector, beam and central ray per plane, moved by transforms only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer
from slicer.util import vtkMatrixFromArray

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import View
from synthetic_imaging.xray.settings import Collimation

from ..state.Parameters import VirtualCArmParameterNode
from . import SceneNodes, StandShapes

PARTS = ("arc", "tube", "detector", "beam", "ray")
TITLES = {"arc": "C", "tube": "X-ray tube", "detector": "detector", "beam": "beam", "ray": "central ray"}
BEAM_COLORS = {"A": (1.0, 0.85, 0.3), "B": (0.35, 0.8, 1.0)}
FOLDER = "C-arm"
ROUND_ATTRIBUTE = "VirtualCArm.Round"


def update(parameters: VirtualCArmParameterNode, plane: str, view: View, collimation: Collimation, isRoundField: bool):
    """Stand the C-arm of a plane as the view says; made where it is not there."""
    matrices = _matrices(view, opening(view, collimation))
    for part in PARTS:
        isRound = {"detector": isRoundField, "beam": collimation.iris_radius_mm > 0}.get(part, False)
        model = _model(parameters, plane, part, isRound)
        _place(parameters, plane, model, "beam" if part == "ray" else part, matrices)


def opening(view: View, collimation: Collimation) -> tuple[float, float, float, float]:
    """Left, right, bottom and top edge of the open field in mm from the detector's center; all 0 where it is closed."""
    reach = collimation.iris_radius_mm or float("inf")
    try:
        left, right, bottom, top = collimation.edges_mm(view)
    except InputError:
        return 0.0, 0.0, 0.0, 0.0
    edges = max(-reach, left), min(reach, right), max(-reach, bottom), min(reach, top)
    return edges if edges[0] < edges[1] and edges[2] < edges[3] else (0.0, 0.0, 0.0, 0.0)


def fieldMm(view: View) -> tuple[float, float]:
    """Width and height of the detector's field."""
    row_mm, column_mm = view.pixel_mm
    return view.columns * column_mm, view.rows * row_mm


def show(parameters: VirtualCArmParameterNode, plane: str, visible: bool):
    """Show or hide what there is."""
    for part in PARTS:
        model = SceneNodes.find(parameters, f"{part}{plane}")
        if model is not None and model.GetDisplayNode() and bool(model.GetDisplayVisibility()) != bool(visible):
            model.SetDisplayVisibility(bool(visible))


def folder():
    """The item of the data tree that holds the C-arm."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    scene = hierarchy.GetSceneItemID()
    return hierarchy.GetItemChildWithName(scene, FOLDER) or hierarchy.CreateFolderItem(scene, FOLDER)


def putIntoFolder(node: slicer.vtkMRMLNode):
    """Put a node of the C-arm into its folder of the data tree."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.SetItemParent(item, folder())
    else:
        hierarchy.CreateItem(folder(), node)


def _matrices(view, edges):
    """World matrices (4, 4) by part."""
    row_mm, column_mm = view.pixel_mm
    right, up = np.array(view.column_step_ras) / column_mm, -np.array(view.row_step_ras) / row_mm
    ahead, source = view.direction_ras, np.array(view.source_ras)
    center = view.pixel_ras((view.columns - 1) / 2, (view.rows - 1) / 2)
    level, upright = unrolled(view)
    middle = source + ahead * view.source_to_detector_mm / 2
    size = (view.source_to_detector_mm / 2 + StandShapes.BACK_MM) / StandShapes.ARC_RADIUS_MM
    left, rightEdge, bottom, top = edges
    width, height = fieldMm(view)
    aim = center + (left + rightEdge) / 2 * right + (bottom + top) / 2 * up
    return {
        "arc": _matrix(size * level, size * upright, size * ahead, middle),
        "tube": _matrix(level, upright, ahead, source),
        "detector": _matrix(width * right, height * up, ahead, center),
        "beam": _matrix((rightEdge - left) / 2 * right, (top - bottom) / 2 * up, aim - source, source),
    }


def unrolled(view: View):
    """Right and up of the picture without its roll: the C does not turn with the detector."""
    level, upright, _ = replace(view.pose(), roll_deg=0.0).axes()
    return level, upright


def _matrix(x, y, z, origin):
    matrix = np.eye(4)
    matrix[:3] = np.stack([x, y, z, origin], axis=1)
    return matrix


def _model(parameters, plane, part, isRound):
    role, known = f"{part}{plane}", SceneNodes.find(parameters, f"{part}{plane}")
    kind = "1" if isRound else "0"
    if known is not None and known.GetAttribute(ROUND_ATTRIBUTE) == kind:
        return known
    suffix = "" if plane == "A" else f" {plane}"
    model = SceneNodes.make(parameters, role, "vtkMRMLModelNode", f"C-arm{suffix} {TITLES[part]}", mark=False)
    shapes = {"arc": StandShapes.arc, "tube": StandShapes.tube, "ray": StandShapes.centralRay}
    model.SetAndObservePolyData(shapes[part]() if part in shapes else getattr(StandShapes, part)(isRound))
    model.SetAttribute(ROUND_ATTRIBUTE, kind)
    if known is None:
        # a click on the C-arm must not catch points that are placed or dragged
        model.SetSelectable(False)
        model.CreateDefaultDisplayNodes()
        _dress(model.GetDisplayNode(), part, plane)
        putIntoFolder(model)
    return model


def _dress(display, part, plane):
    display.SetVisibility2D(False)
    display.SetBackfaceCulling(False)
    if part in ("beam", "ray"):
        display.SetColor(*BEAM_COLORS[plane])
        display.SetOpacity(0.13 if part == "beam" else 0.9)
        display.SetLighting(False)
        display.SetEdgeVisibility(part == "beam")
        display.SetEdgeColor(*BEAM_COLORS[plane])
        display.SetLineWidth(2)
        return
    display.SetActiveScalar("Color", 0)
    display.SetScalarRangeFlag(display.UseDirectMapping)
    display.SetScalarVisibility(True)
    display.SetSpecular(0.0)  # matte


def _place(parameters, plane, model, part, matrices):
    role = f"{part}Transform{plane}"
    transform = SceneNodes.find(parameters, role)
    if transform is None:
        transform = SceneNodes.make(parameters, role, "vtkMRMLLinearTransformNode", f"C-arm {part} {plane}", mark=False)
        transform.SetHideFromEditors(True)
    if part != "beam" or model is SceneNodes.find(parameters, f"beam{plane}"):
        transform.SetMatrixTransformToParent(vtkMatrixFromArray(matrices[part]))
    if model.GetTransformNodeID() != transform.GetID():
        model.SetAndObserveTransformNodeID(transform.GetID())
