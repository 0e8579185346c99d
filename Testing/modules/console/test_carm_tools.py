"""Virtual C-arm from the console: tools and implants in the beam."""

import carm_console
import numpy as np
import pytest
from carm_console import closedModel, voxels

from synthetic_imaging import xray
from synthetic_imaging.errors import InputError


@pytest.fixture
def plain(carm):
    """The image without tools, of line integrals; 200 pixels across."""
    carm.setBeam(naive=True)
    carm.set(imageSize=200)
    return voxels(carm.image()).copy()


def perMm(material):
    return float(xray.materials.attenuation_per_mm(material, 70.0))


def middle(values):
    return float(values[90:110, 90:110].mean())


def test_a_model_displaces_the_tissue_by_its_chords(carm, plain):
    node = closedModel(size=20.0, center=carm_console.CENTER_RAS)
    carm.addTool(node, "titanium")
    added = voxels(carm.image()) - plain
    assert middle(added) == pytest.approx(20 * (perMm("titanium") - perMm("water")), rel=0.02)
    assert (np.abs(added[:60]) < 1e-5).all()
    assert carm.tools == [node] and carm.toolMaterial(node) == "titanium"


def test_tools_follow_their_model_and_transform_without_a_new_projection(carm, plain, monkeypatch):
    import slicer

    node = closedModel(size=20.0)
    carm.addTool(node, "steel")
    assert middle(voxels(carm.imageNode()) - plain) > 1
    projector = type(carm.patient.projector)
    monkeypatch.setattr(projector, "steps", lambda *a, **k: pytest.fail("the CT was projected again"))
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Hand")
    node.SetAndObserveTransformNodeID(transform.GetID())
    matrix = np.eye(4)
    matrix[:3, 3] = 30, 0, 0
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    moved = voxels(carm.imageNode()) - plain
    assert abs(middle(moved)) < 1e-4 and moved.max() > 1
    columns = np.argwhere(moved.max(axis=0) > 0.5)
    expected = carm.view().project((30, 0, 0))[0][0]
    assert columns.mean() == pytest.approx(expected, abs=1.5)
    points = slicer.util.arrayFromModelPoints(node)
    points[:] = points - [30, 0, 0]
    slicer.util.arrayFromModelPointsModified(node)
    assert middle(voxels(carm.imageNode()) - plain) > 1


def test_a_tool_that_leaves_the_beam_or_the_scene_leaves_the_image(carm, plain, core):
    first, second = closedModel("One", center=(0, 0, 0)), closedModel("Two", center=(40, 0, 0))
    carm.addTool(first, "steel")
    carm.addTool(second, "steel")
    carm.removeTool(first)
    assert abs(middle(voxels(carm.imageNode()) - plain)) < 1e-4 and carm.tools == [second]
    core.scene.RemoveNode(second)
    np.testing.assert_allclose(voxels(carm.imageNode()), plain, atol=1e-6)


def test_an_open_mesh_and_an_unknown_material_are_refused(carm, plain):
    leaky = closedModel("Leaky", isOpen=True)
    with pytest.raises(InputError, match='"Leaky": The mesh is not watertight'):
        carm.addTool(leaky, "steel")
    node = closedModel()
    with pytest.raises(InputError, match=r"There is no material 'unobtainium'; choose one of .*steel"):
        carm.addTool(node, "unobtainium")
    with pytest.raises(InputError, match="No model is chosen"):
        carm.addTool(None, "steel")
    with pytest.raises(InputError, match="not a model"):
        carm.addTool(carm.ctNode, "steel")
    with pytest.raises(InputError, match="No model is chosen"):
        carm.removeTool(None)
    assert carm.tools == []
    np.testing.assert_array_equal(voxels(carm.image()), plain)


def test_a_tool_that_breaks_later_is_left_out_and_told(carm, plain):
    import vtk

    node = closedModel("Implant")
    carm.addTool(node, "steel")
    broken = vtk.vtkPolyData()
    broken.DeepCopy(closedModel("Open", isOpen=True).GetPolyData())
    node.SetAndObservePolyData(broken)
    assert any('"Implant": The mesh is not watertight' in notice for notice in carm.notices)
    np.testing.assert_allclose(voxels(carm.imageNode()), plain, atol=1e-6)


def test_a_warped_tool_is_refused(carm):
    import slicer
    import vtk

    node = closedModel("Bent")
    warp = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode", "Warp")
    spline = vtk.vtkThinPlateSplineTransform()
    source, target = vtk.vtkPoints(), vtk.vtkPoints()
    for point in ((0, 0, 0), (50, 0, 0), (0, 50, 0), (0, 0, 50), (30, 30, 30)):
        source.InsertNextPoint(point)
        target.InsertNextPoint([value * 1.1 + 0.01 * value * value for value in point])
    spline.SetSourceLandmarks(source)
    spline.SetTargetLandmarks(target)
    warp.SetAndObserveTransformToParent(spline)
    node.SetAndObserveTransformNodeID(warp.GetID())
    with pytest.raises(InputError, match="Harden the transform first"):
        carm.addTool(node, "steel")


@pytest.mark.parametrize("kind", ["Kwire", "Needle", "Screw", "Snake"])
def test_shapes_point_to_their_target(carm, plain, kind):
    entry, target = (-60.0, 0.0, 40.0), (20.0, 0.0, 0.0)
    node = getattr(carm, f"add{kind}")(entry, target)
    added = voxels(carm.imageNode()) - plain
    assert added.max() > 0.3
    import slicer

    points = slicer.util.arrayFromModelPoints(node).astype(float)
    way = (np.array(target) - entry) / np.linalg.norm(np.array(target) - entry)
    depth = (points - target) @ way
    assert depth.max() == pytest.approx(0, abs=2.5) and np.linalg.norm(points - target, axis=1).min() < 4
    assert carm.toolMaterial(node) and node.GetAttribute("SyntheticImaging.Synthetic") == "1"
    assert carm.tools == [node]


def test_a_shape_without_a_direction_is_refused(carm):
    with pytest.raises(InputError, match="same point"):
        carm.addKwire((1, 2, 3), (1, 2, 3))
    with pytest.raises(InputError, match="There is no material"):
        carm.addScrew((0, 0, 0), (10, 0, 0), material="wood")
    assert carm.tools == []


def test_tools_of_the_scene_are_taken_up_by_a_new_logic(carm, carmCt, plain):
    carm.addTool(closedModel(), "steel")
    expected = voxels(carm.imageNode()).copy()
    other = carm_console.newLogic()
    other.setCt(carmCt)
    np.testing.assert_allclose(voxels(other.image()), expected, atol=1e-6)
    other.cleanup()
