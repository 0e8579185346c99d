"""Virtual C-arm from the console: what stands in the scene, handles, isocenter, and scenes that come and go."""

import gc
import math
import sys
import weakref

import carm_console
import numpy as np
import pytest
from carm_console import newLogic, voxels

from synthetic_imaging.errors import InputError


def stand(carm, role):
    from VirtualCArmLib.scene import SceneNodes

    return SceneNodes.find(carm.parameters, role)


def bounds(node):
    """World bounds of a model node."""
    found = [0.0] * 6
    node.GetRASBounds(found)
    return np.array(found)


def worldPoints(node):
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetParentTransformNode().GetMatrixTransformToWorld(matrix)
    points = slicer.util.arrayFromModelPoints(node)
    return points @ slicer.util.arrayFromVTKMatrix(matrix)[:3, :3].T + [matrix.GetElement(row, 3) for row in range(3)]


def place(node, index):
    found = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(index, found)
    return np.array(found)


def test_nothing_stands_before_a_ct_is_chosen(core):
    before = core.scene.GetNumberOfNodes()
    logic = newLogic()
    logic.setPose(laoDeg=10)
    assert core.scene.GetNumberOfNodes() == before + 1  # the parameter node
    assert logic.imageNode() is None and "Choose a CT" in logic.problem()
    logic.cleanup()


def test_the_c_arm_stands_where_the_view_is(carm):
    carm.setPose(laoDeg=25, cranDeg=-15, rollDeg=40, isocenterRas=(10, -5, 20))
    view = carm.view()
    ray = worldPoints(stand(carm, "rayA"))
    np.testing.assert_allclose(ray[0], view.source_ras, atol=1e-6)
    center = view.pixel_ras((view.columns - 1) / 2, (view.rows - 1) / 2)
    np.testing.assert_allclose(ray[1], center, atol=1e-6)
    corners = worldPoints(stand(carm, "beamA"))[1:]
    expected = [view.pixel_ras(column, row) for column in (-0.5, view.columns - 0.5) for row in (-0.5, view.rows - 0.5)]
    for corner in expected:
        assert min(np.linalg.norm(corners - corner, axis=1)) < 1e-6
    surface = worldPoints(stand(carm, "detectorA"))
    depth = (surface - center) @ view.direction_ras
    assert depth.min() == pytest.approx(0, abs=1e-6) and depth.max() == pytest.approx(75, abs=0.1)


def test_the_beam_is_that_of_the_collimation(carm):
    carm.setBeam(shutterLeftMm=50.0, shutterTopMm=30.0)
    view = carm.view()
    right, up = np.array(view.column_step_ras), -np.array(view.row_step_ras)
    center = view.pixel_ras((view.columns - 1) / 2, (view.rows - 1) / 2)
    base = worldPoints(stand(carm, "beamA"))[1:] - center
    across, along = base @ right / np.linalg.norm(right), base @ up / np.linalg.norm(up)
    assert (across.min(), across.max()) == pytest.approx((-148.992 + 50, 148.992))
    assert (along.min(), along.max()) == pytest.approx((-148.992, 148.992 - 30))
    carm.setBeam(shutterLeftMm=0.0, shutterTopMm=0.0, irisRadiusMm=40.0)
    base = worldPoints(stand(carm, "beamA"))[1:] - center
    np.testing.assert_allclose(np.linalg.norm(base, axis=1), 40.0, atol=1e-4)


def test_turning_moves_transforms_and_makes_no_node(carm, core):
    meshes = {part: stand(carm, f"{part}A").GetPolyData() for part in ("arc", "tube", "detector", "beam", "ray")}
    changed = {part: mesh.GetMTime() for part, mesh in meshes.items()}
    count = core.scene.GetNumberOfNodes()
    for lao in (5, 10, 15):
        carm.setPose(laoDeg=lao)
    assert core.scene.GetNumberOfNodes() == count
    for part, mesh in meshes.items():
        assert stand(carm, f"{part}A").GetPolyData() is mesh and mesh.GetMTime() == changed[part]


def test_the_c_arm_lies_in_a_folder_and_can_be_hidden(carm):
    import slicer

    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    folder = hierarchy.GetItemChildWithName(hierarchy.GetSceneItemID(), "C-arm")
    model, handles = stand(carm, "arcA"), stand(carm, "handlesA")
    assert folder and hierarchy.GetItemParent(hierarchy.GetItemByDataNode(model)) == folder
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(handles)) == folder
    assert model.GetDisplayVisibility() and not model.GetDisplayNode().GetVisibility2D() and not model.GetSelectable()
    carm.parameters.showHandles = False
    assert model.GetDisplayVisibility() and not handles.GetDisplayVisibility()
    carm.parameters.showCArm3D = False
    assert not model.GetDisplayVisibility()
    carm.parameters.showCArm3D = carm.parameters.showHandles = True
    assert model.GetDisplayVisibility() and handles.GetDisplayVisibility()
    carm.parameters.biplane = True
    assert stand(carm, "arcB").GetDisplayVisibility()
    carm.parameters.biplane = False
    assert not stand(carm, "arcB").GetDisplayVisibility()


def test_an_image_intensifier_is_round(carm):
    square = stand(carm, "detectorA").GetPolyData()
    carm.setMachine("oec-9900")
    assert stand(carm, "detectorA").GetPolyData() is not square
    assert voxels(carm.image())[0, 0] == 0  # outside the disk
    assert (carm.parameters.sourceToDetectorMm, carm.parameters.sourceToIsocenterMm) == (1020, 510)
    assert carm.parameters.fieldWidthMm == pytest.approx(1024 * 0.194)
    carm.setMachine("cios-spin")
    assert voxels(carm.image())[0, 0] > 0


# Handles


def drag(carm, index, target, plane="A"):
    """Drag a handle in small steps, as a mouse does."""
    node = stand(carm, f"handles{plane}")
    for share in (0.25, 0.5, 0.75, 1.0):
        start = place(node, index)
        node.SetNthControlPointPositionWorld(index, *(start + share * (np.array(target) - start)))
    return node


def test_the_turn_handle_turns_towards_the_hand_and_keeps_its_distance(carm):
    carm.setPose(isocenterRas=(0, 0, 20))
    wanted = np.array([-0.5, 0.7, 0.3])
    node = drag(carm, 0, np.array([0, 0, 20]) + 900 * wanted / np.linalg.norm(wanted))
    np.testing.assert_allclose(carm.view().direction_ras, wanted / np.linalg.norm(wanted), atol=1e-6)
    assert carm.view().source_to_detector_mm == pytest.approx(1020)
    assert np.linalg.norm(place(node, 0) - [0, 0, 20]) == pytest.approx(1020 - 530 + 75 + 60)
    assert carm.readout()["title"].startswith("LAO")


def test_each_other_handle_changes_one_number(carm):
    carm.setPose(laoDeg=10, cranDeg=5, rollDeg=3)
    node = drag(carm, 1, (-600, 300, 0))  # to the patient's left
    parameters = carm.parameters
    assert parameters.laoDeg > 30 and (parameters.cranDeg, parameters.rollDeg) == (5, 3)
    before = parameters.laoDeg
    drag(carm, 2, np.add(place(node, 2), (0, 0, 250)))
    assert parameters.cranDeg > 15 and parameters.laoDeg == before
    direction = carm.view().direction_ras
    drag(carm, 3, place(node, 3) + 80 * direction + [0, 0, 30] - 30 * direction[2] * direction)
    assert parameters.sourceToDetectorMm == pytest.approx(1100, abs=1) and parameters.laoDeg == before
    drag(carm, 3, place(node, 3) - 2000 * direction)
    assert parameters.sourceToDetectorMm == pytest.approx(parameters.sourceToIsocenterMm + 50)


def test_handles_go_back_to_where_they_belong(carm):
    node = drag(carm, 1, (50, 50, 700))
    view = carm.view()
    lever = place(node, 0) - view.isocenter_ras
    np.testing.assert_allclose(lever / np.linalg.norm(lever), view.direction_ras, atol=1e-9)
    carm.setPose(laoDeg=-77, cranDeg=12)
    lever = place(node, 0) - carm.view().isocenter_ras
    np.testing.assert_allclose(lever / np.linalg.norm(lever), carm.view().direction_ras, atol=1e-9)
    assert not node.GetDisplayNode().GetVisibility2D()


def test_a_drag_draws_once_per_move_and_angles_wrap(carm):
    carm.setPose(laoDeg=175)
    drawn = []
    carm.imageChanged.connect(lambda plane, isFinal: drawn.append(isFinal))
    node, distance = stand(carm, "handlesA"), 665.0
    lao = math.radians(185)
    target = carm.view().isocenter_ras + distance * np.array([-math.sin(lao), math.cos(lao), 0])
    node.SetNthControlPointPositionWorld(0, *target)
    assert carm.parameters.laoDeg == pytest.approx(-175)
    assert drawn == [True]


def test_handles_of_the_second_plane_turn_the_second_plane(carm):
    carm.set(biplane=True)
    drag(carm, 0, (-600, 0, 300), plane="B")
    assert carm.parameters.laoDegB == pytest.approx(90) and carm.parameters.cranDegB > 20
    assert (carm.parameters.laoDeg, carm.parameters.cranDeg) == (0, 0)


def test_dragging_into_the_impossible_says_so_and_keeps_the_image(carm):
    carm.set(laoDeg=90.0, sourceToIsocenterMm=150.0)
    before = voxels(carm.image()).copy()
    drawn = []
    carm.imageChanged.connect(lambda *a: drawn.append(a))
    carm.parameters.sourceToIsocenterMm = 100.0  # a slider does not ask first
    assert "inside the patient" in carm.problem() and not drawn
    np.testing.assert_array_equal(voxels(carm.imageNode()), before)
    with pytest.raises(InputError, match="inside the patient"):
        carm.image()
    carm.parameters.sourceToIsocenterMm = 530.0
    assert not carm.problem() and drawn


# Isocenter


def test_the_isocenter_is_a_point_that_moves_the_c_arm(carm):
    from VirtualCArmLib.state import Isocenter

    node = carm.parameters.isocenter
    np.testing.assert_allclose(Isocenter.positionOf(node), carm_console.CENTER_RAS, atol=1e-6)
    node.SetNthControlPointPositionWorld(0, 15, -10, 30)
    np.testing.assert_allclose(carm.view().isocenter_ras, (15, -10, 30), atol=1e-9)
    assert carm.readout()["isFinal"]
    node.RemoveAllControlPoints()  # as while it is placed anew
    np.testing.assert_allclose(carm.view().isocenter_ras, (15, -10, 30), atol=1e-9)
    carm.centerIsocenter()
    np.testing.assert_allclose(carm.view().isocenter_ras, carm_console.CENTER_RAS, atol=1e-6)


def test_a_new_ct_keeps_an_isocenter_that_lies_in_it(carm):
    carm.setPose(isocenterRas=(20, 10, 5))
    carm.setCt(carm_console.addCt("Again", spacing=4.0))
    np.testing.assert_allclose(carm.view().isocenter_ras, (20, 10, 5), atol=1e-9)
    carm.setPose(isocenterRas=(0, 0, 500))
    carm.setCt(carm_console.addCt("Third", spacing=5.0))
    np.testing.assert_allclose(carm.view().isocenter_ras, carm_console.CENTER_RAS, atol=1e-6)


# Scenes


def test_deleted_nodes_are_made_again(carm, core):
    carm.setBeam(naive=True)
    expected = voxels(carm.image()).copy()
    for role in ("imageA", "arcA", "beamTransformA", "handlesA"):
        core.scene.RemoveNode(stand(carm, role))
    core.scene.RemoveNode(carm.parameters.isocenter)
    np.testing.assert_array_equal(voxels(carm.image()), expected)
    carm.setPose(laoDeg=20)
    assert all(stand(carm, role) is not None for role in ("imageA", "arcA", "beamTransformA", "handlesA"))
    carm.setPose(isocenterRas=(1, 2, 3))
    assert carm.parameters.isocenter is not None


def test_a_deleted_ct_ends_the_work_and_keeps_the_image(carm, carmCt, core):
    carm.image()
    core.scene.RemoveNode(carmCt)
    assert not carm.isReady and carm.imageNode() is not None
    carm.setPose(laoDeg=20)
    with pytest.raises(InputError, match="Choose a CT"):
        carm.image()


def test_a_closed_scene_leaves_a_logic_that_works(carm, core):
    carm.setPose(laoDeg=33)
    core.scene.Clear(0)
    assert carm.patient is None and carm.imageNode() is None
    carm.parameters.imageSize = 64
    carm.setCt(carm_console.addCt())
    assert voxels(carm.image()).shape == (64, 64)


def test_a_saved_scene_is_taken_up_again(carm, core, tmp_path):
    carm.setPose(laoDeg=33, cranDeg=-7, isocenterRas=(10, 5, 0))
    carm.setBeam(kvp=70.0, naive=True)
    expected = voxels(carm.image()).copy()
    count = core.scene.GetNumberOfNodesByClass("vtkMRMLModelNode")
    assert core.applicationLogic.SaveSceneToSlicerDataBundleDirectory(str(tmp_path))
    core.scene.Clear(0)
    core.scene.SetURL(str(next(tmp_path.glob("*.mrml"))))
    assert core.scene.Import()
    assert carm.parameters.laoDeg == 33 and carm.parameters.ct is not None
    carm.setCt(carm.parameters.ct)
    np.testing.assert_allclose(voxels(carm.image()), expected, atol=1e-5)
    assert core.scene.GetNumberOfNodesByClass("vtkMRMLModelNode") == count
    assert core.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 2
    np.testing.assert_allclose(carm.view().isocenter_ras, (10, 5, 0), atol=1e-6)


def test_the_scene_does_not_keep_a_logic_alive(carmCt):
    logic = newLogic()
    logic.setCt(carmCt)
    reference = weakref.ref(logic)
    logic.cleanup()
    del logic
    gc.collect()
    assert reference() is None


def test_no_qt_is_loaded_by_the_logic():
    modules = [name for name in sys.modules if name.startswith("VirtualCArmLib")]
    assert modules and "qt" not in sys.modules and "ctk" not in sys.modules
