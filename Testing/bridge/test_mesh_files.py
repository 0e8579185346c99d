"""Models that Slicer's own storage node wrote, read by the core: on the right side of the body in every form."""

import numpy as np
import pytest
import slicer
import vtk

from synthetic_imaging.xray import read_mesh, write_stl
from synthetic_imaging.xray.shapes import kwire
from VirtualCArmLib.scene.ToolMeshes import polyDataOf

WIRE = kwire((60, 40, 10), (0.3, 0.2, 1), 80, 4)
SYSTEMS = {"LPS": slicer.vtkMRMLStorageNode.CoordinateSystemLPS, "RAS": slicer.vtkMRMLStorageNode.CoordinateSystemRAS}


def storage(path, system):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelStorageNode")
    node.SetFileName(str(path))
    node.SetCoordinateSystem(SYSTEMS[system])
    return node


def same(mesh, other):
    return mesh.vertices_ras.mean(axis=0) == pytest.approx(other.vertices_ras.mean(axis=0), abs=1e-3) and (
        mesh.volume_mm3 == pytest.approx(other.volume_mm3, rel=1e-3)
    )


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("suffix", ["stl", "ply", "obj", "vtk", "vtp"])
def test_a_model_that_slicer_saved(scene, tmp_path, suffix, compressed, system):
    model = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", "wire")
    model.SetAndObservePolyData(polyDataOf(WIRE.closed()))
    node = storage(tmp_path / f"wire.{suffix}", system)
    node.SetUseCompression(compressed)
    assert node.WriteData(model)
    assert same(read_mesh(tmp_path / f"wire.{suffix}").closed(), WIRE.closed())


@pytest.mark.parametrize("mode", ["SetDataModeToAscii", "SetDataModeToBinary", "SetDataModeToAppended", "raw"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_vtp_of_another_program(tmp_path, mode, zipped):
    writer = vtk.vtkXMLPolyDataWriter()
    writer.SetInputData(polyDataOf(WIRE.closed()))
    writer.SetFileName(str(tmp_path / "wire.vtp"))
    writer.SetCompressorType(1 if zipped else 0)
    writer.SetBlockSize(1024)  # many blocks
    if mode == "raw":
        writer.SetDataModeToAppended()
        writer.EncodeAppendedDataOff()
    else:
        getattr(writer, mode)()
    writer.Write()
    assert same(read_mesh(tmp_path / "wire.vtp").closed(), WIRE.closed())


@pytest.mark.parametrize("version", [42, 51])
@pytest.mark.parametrize("binary", [False, True])
def test_a_vtk_file_of_either_version(tmp_path, version, binary):
    writer = vtk.vtkPolyDataWriter()
    writer.SetInputData(polyDataOf(WIRE.closed()))
    writer.SetFileName(str(tmp_path / "wire.vtk"))
    writer.SetFileVersion(version)
    writer.SetFileType(vtk.VTK_BINARY if binary else vtk.VTK_ASCII)
    writer.Write()
    assert same(read_mesh(tmp_path / "wire.vtk").closed(), WIRE.closed())


def test_what_the_core_writes_slicer_reads_on_the_same_side(scene, tmp_path):
    write_stl(tmp_path / "wire.stl", WIRE)
    model = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", "read")
    assert storage(tmp_path / "wire.stl", "LPS").ReadData(model)
    center = np.array(model.GetPolyData().GetBounds()).reshape(3, 2).mean(axis=1)
    low, high = WIRE.vertices_ras.min(axis=0), WIRE.vertices_ras.max(axis=0)
    assert center == pytest.approx((low + high) / 2, abs=1e-3)
