"""Surfaces of the scene as closed meshes of the core, and back."""

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy

from synthetic_imaging.errors import InputError


def meshOf(body):
    """A closed core Mesh of a vtkPolyData; InputError where it is empty or not watertight."""
    from synthetic_imaging.xray import Mesh

    if body is None or not body.GetNumberOfPoints():
        raise InputError("The model has no surface. Load it again, or choose another one.")
    filter_ = vtk.vtkTriangleFilter()
    filter_.PassLinesOff()
    filter_.PassVertsOff()
    filter_.SetInputData(body)
    filter_.Update()
    triangles = filter_.GetOutput()
    cells = vtk_to_numpy(triangles.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    points = vtk_to_numpy(triangles.GetPoints().GetData()) if len(cells) else np.zeros((0, 3))
    return Mesh(points.astype(np.float64), cells.astype(np.int64)).closed()


def polyDataOf(mesh):
    """A vtkPolyData with normals of a core Mesh."""
    points, cells, body = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    points.SetDataTypeToDouble()
    points.SetData(numpy_to_vtk(mesh.vertices_ras, deep=True))
    flat = np.hstack([np.full((len(mesh.triangles), 1), 3), mesh.triangles]).astype(np.int64).ravel()
    cells.ImportLegacyFormat(numpy_to_vtkIdTypeArray(flat, deep=True))
    body.SetPoints(points)
    body.SetPolys(cells)
    return body
