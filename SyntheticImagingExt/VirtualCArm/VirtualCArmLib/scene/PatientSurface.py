"""Bones and skin of the CT in 3D, so that the C-arm stands around a patient: a coarse surface, for looking only."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import vtkMatrixFromArray
from vtk.util.numpy_support import numpy_to_vtk

from ..state.Parameters import VirtualCArmParameterNode
from . import SceneNodes

if TYPE_CHECKING:
    from synthetic_imaging.volume import Volume


ROLE = "patient{kind}"
SOURCE_ATTRIBUTE = "VirtualCArm.Surface"
KINDS = {
    "Bones": (180.0, 3.5, (0.95, 0.91, 0.80), 1.0),
    "Skin": (-300.0, 8.0, (0.93, 0.78, 0.68), 0.2),
}
"""Surface at this CT number, on voxels of at least this size in mm, color, opacity."""

_SLICES_PER_STEP = 6
_LEFT_OUT = 0.75
"""Share of the triangles that is left out, for 3D views that are drawn without a graphics card."""


def isShownFor(parameters: VirtualCArmParameterNode, ctNode: slicer.vtkMRMLScalarVolumeNode) -> bool:
    """Whether the surfaces of this CT are there."""
    nodes = [SceneNodes.find(parameters, ROLE.format(kind=kind)) for kind in KINDS]
    return all(node is not None and node.GetAttribute(SOURCE_ATTRIBUTE) == ctNode.GetID() for node in nodes)


def setVisible(parameters: VirtualCArmParameterNode, visible: bool):
    for kind in KINDS:
        node = SceneNodes.find(parameters, ROLE.format(kind=kind))
        display = node.GetDisplayNode() if node is not None else None
        if display is not None and bool(display.GetVisibility()) != bool(visible):
            display.SetVisibility(bool(visible))


def steps(parameters: VirtualCArmParameterNode, ctNode: slicer.vtkMRMLScalarVolumeNode, volume: Volume) -> Generator:
    """Generator that makes the surfaces of a core Volume, a piece of some milliseconds at a time.

    The models are not saved with the scene; they are made anew from the CT.
    """
    for kind, (hu, voxelMm, color, opacity) in KINDS.items():
        surface = yield from _surfaceSteps(volume, hu, voxelMm)
        if ctNode.GetScene() is None:
            return
        role = ROLE.format(kind=kind)
        name = {"Bones": _("Bones of {ct}"), "Skin": _("Skin of {ct}")}[kind].format(ct=ctNode.GetName())
        node = SceneNodes.make(parameters, role, "vtkMRMLModelNode", name, mark=False)
        node.SetName(name)
        node.SetAttribute(SOURCE_ATTRIBUTE, ctNode.GetID())
        node.SetSelectable(False)
        node.SetSaveWithScene(False)
        node.SetAndObservePolyData(surface)
        _dress(node, color, opacity)
        yield


def _dress(node, color, opacity):
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSaveWithScene(False)
    display.SetColor(*color)
    display.SetOpacity(opacity)
    display.SetVisibility2D(False)
    display.SetBackfaceCulling(False)
    display.SetSpecular(0.1)


def _surfaceSteps(volume, hu, voxelMm):
    """The surface as vtkPolyData in RAS; slab by slab, neighbors share a layer of voxels."""
    factors = [max(1, round(voxelMm / spacing)) for spacing in volume.spacing_mm[::-1]]
    data, appended = volume.numpy(), vtk.vtkAppendPolyData()
    depth = data.shape[0] // factors[0]
    toRas = np.array(volume.ijk_to_ras) @ _scaling(factors)
    for first in range(0, max(1, depth - 1), _SLICES_PER_STEP):
        stop = min(depth, first + _SLICES_PER_STEP + 1)
        appended.AddInputData(_slab(data[first * factors[0] : stop * factors[0]], factors, hu, first))
        yield
    appended.Update()
    yield
    return _transformed(appended.GetOutput(), toRas)


def _slab(data, factors, hu, first):
    """The surface of some slices, in indices of the coarse grid."""
    counts = [size // factor for size, factor in zip(data.shape, factors, strict=True)]
    cut = data[tuple(slice(0, count * factor) for count, factor in zip(counts, factors, strict=True))]
    blocks = cut.reshape(counts[0], factors[0], counts[1], factors[1], counts[2], factors[2])
    coarse = blocks.mean(axis=(1, 3, 5), dtype=np.float32)
    image = vtk.vtkImageData()
    image.SetDimensions(*coarse.shape[::-1])
    image.SetOrigin(0, 0, first)
    image.GetPointData().SetScalars(numpy_to_vtk(coarse.ravel(), deep=True))
    edges = vtk.vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, hu)
    edges.ComputeScalarsOff()
    edges.ComputeNormalsOff()
    edges.Update()
    if not edges.GetOutput().GetNumberOfCells():
        return edges.GetOutput()
    fewer = vtk.vtkDecimatePro()
    fewer.SetInputConnection(edges.GetOutputPort())
    fewer.SetTargetReduction(_LEFT_OUT)
    fewer.PreserveTopologyOn()
    fewer.BoundaryVertexDeletionOff()  # the seam to the next slab stays closed
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputConnection(fewer.GetOutputPort())
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.Update()
    return normals.GetOutput()


def _scaling(factors):
    """From indices of the coarse grid to those of the CT, in the order i, j, k."""
    matrix = np.diag([*map(float, factors[::-1]), 1.0])
    matrix[:3, 3] = [(factor - 1) / 2 for factor in factors[::-1]]
    return matrix


def _transformed(surface, toRas):
    transform, move = vtk.vtkTransform(), vtk.vtkTransformPolyDataFilter()
    transform.SetMatrix(vtkMatrixFromArray(toRas))
    move.SetTransform(transform)
    move.SetInputData(surface)
    move.Update()
    return move.GetOutput()
