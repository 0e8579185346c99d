"""The label map of a plane with the outlines of the segments, which stands at the detector."""

from __future__ import annotations

import numpy as np
import slicer
from slicer.util import arrayFromVolume, arrayFromVolumeModified, updateVolumeFromArray, vtkMatrixFromArray

from synthetic_imaging.xray.geometry import View

from ..state.Parameters import VirtualCArmParameterNode
from . import SceneNodes


def outlineNode(parameters: VirtualCArmParameterNode, plane: str) -> slicer.vtkMRMLLabelMapVolumeNode | None:
    """The label map of a plane, or None; to be shown as the label layer of its X-ray view, as outlines."""
    return SceneNodes.find(parameters, f"outlines{plane}")


def clear(parameters: VirtualCArmParameterNode, plane: str):
    """No outlines: they would be those of another image."""
    node = outlineNode(parameters, plane)
    if node is not None and node.GetImageData() is not None:
        voxels = arrayFromVolume(node)
        if voxels.any():
            voxels[...] = 0
            arrayFromVolumeModified(node)


def show(parameters: VirtualCArmParameterNode, plane: str, view: View, values: np.ndarray, looks: list[tuple]):
    """values: int16 (rows, columns), 0 for none. looks: name and color of each value from 1 on."""
    node = outlineNode(parameters, plane)
    if node is None:
        name = f"{parameters.segmentation.GetName()} in X-ray{'' if plane == 'A' else ' ' + plane} (synthetic)"
        node = SceneNodes.make(parameters, f"outlines{plane}", "vtkMRMLLabelMapVolumeNode", name, parameters.ct)
        node.CreateDefaultDisplayNodes()
    colors = _colors(parameters, plane, looks)
    if node.GetDisplayNode().GetColorNodeID() != colors.GetID():
        node.GetDisplayNode().SetAndObserveColorNodeID(colors.GetID())
    wasModifying = node.StartModify()
    node.SetIJKToRASMatrix(vtkMatrixFromArray(view.ijk_to_ras))
    updateVolumeFromArray(node, values[None])
    node.EndModify(wasModifying)


def _colors(parameters, plane, looks):
    name = f"X-ray outlines {plane}"
    node = SceneNodes.make(parameters, f"outlineColors{plane}", "vtkMRMLColorTableNode", name, mark=False)
    node.SetHideFromEditors(True)
    wasModifying = node.StartModify()
    node.SetTypeToUser()
    node.SetNumberOfColors(len(looks) + 1)
    node.SetColor(0, "background", 0.0, 0.0, 0.0, 0.0)
    for number, (name, color) in enumerate(looks, start=1):
        node.SetColor(number, name, *color, 1.0)
    node.EndModify(wasModifying)
    return node
