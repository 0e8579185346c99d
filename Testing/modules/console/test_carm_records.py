"""Virtual C-arm from the console: shots, sweeps, and files in and out."""

import json

import numpy as np
import pytest
from carm_console import ijkToRas, voxels

from synthetic_imaging import xray
from synthetic_imaging.errors import InputError

# Shots


def test_a_shot_keeps_the_image_as_its_own_node(carm, carmCt):
    import slicer

    carm.setPose(laoDeg=25, cranDeg=5)
    kept = carm.shot()
    expected, matrix = voxels(kept).copy(), ijkToRas(kept)
    assert kept is not carm.imageNode() and kept.GetName() == "X-ray LAO 25 CRAN 5 80 kVp (synthetic)"
    assert kept.GetAttribute("SyntheticImaging.Synthetic") == "1"
    assert kept.GetAttribute("SyntheticImaging.Angles") == "LAO 25 CRAN 5"
    assert kept.GetDisplayNode().GetWindow() == carm.imageNode().GetDisplayNode().GetWindow()
    assert kept.GetDisplayNode() is not carm.imageNode().GetDisplayNode()
    carm.setPose(laoDeg=-10)
    np.testing.assert_array_equal(voxels(kept), expected)
    np.testing.assert_array_equal(ijkToRas(kept), matrix)
    named = carm.shot("Before")
    assert named.GetName() == "Before (synthetic)" and carm.shots == [kept, named]
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    parents = {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in (kept, named)}
    assert parents == {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(carmCt)) or hierarchy.GetSceneItemID()}


def test_a_shot_is_in_full_and_both_planes_are_kept(carm):
    carm.hand.isLate = True
    carm.set(imageSize=256, biplane=True)
    carm.setPose(laoDeg=10)
    next(carm.parts.images.restSteps())  # the coarse image only
    kept = carm.shot("Both")
    assert kept.GetAttribute("SyntheticImaging.IsFinal") == "True"
    assert [node.GetName() for node in carm.shots] == ["Both (synthetic)", "Both B (synthetic)"]


def test_a_shot_of_a_held_image_is_that_image(carm):
    carm.setPose(laoDeg=10)
    before = voxels(carm.imageNode()).copy()
    carm.parameters.live = False
    carm.setPose(laoDeg=60)
    kept = carm.shot()
    np.testing.assert_array_equal(voxels(kept), before)
    assert "LAO 10" in kept.GetName()


# Sweeps


def test_a_sweep_is_a_sequence_of_what_single_images_show(carm, core):
    carm.setBeam(noise=False)
    stages = []
    browser = carm.sweep((0, 0), (40, -10, 20), 5, onProgress=lambda *step: stages.append(step))
    sequence = browser.GetMasterSequenceNode()
    assert sequence.GetNumberOfDataNodes() == 5 and len(stages) >= 5
    assert "synthetic" in sequence.GetName() and sequence.GetAttribute("SyntheticImaging.Synthetic") == "1"
    proxy = browser.GetProxyNode(sequence)
    carm.set(seed=3)
    for number, pose in ((0, (0, 0, 0)), (3, (30, -7.5, 15))):
        browser.SetSelectedItemNumber(number)
        carm.setPose(*pose)
        np.testing.assert_allclose(voxels(proxy), voxels(carm.image()), atol=1e-5)
        np.testing.assert_allclose(ijkToRas(proxy), carm.view().ijk_to_ras, atol=1e-6)
        assert proxy.GetAttribute("SyntheticImaging.Angles") == carm.view().pose().title
    assert proxy.GetDisplayNode().GetWindow() == pytest.approx(6.5)


def test_a_sweep_s_images_have_noise_of_their_own(carm):
    browser = carm.sweep((0, 0), (0, 0), 2)
    sequence = browser.GetMasterSequenceNode()
    first, second = (voxels(sequence.GetNthDataNode(number)) for number in (0, 1))
    assert 0 < np.abs(first - second).mean() < 0.2


def test_a_sweep_begins_at_the_present_pose_by_default(carm):
    carm.setPose(laoDeg=-20)
    carm.parameters.sweepLaoDeg, carm.parameters.sweepCranDeg, carm.parameters.sweepCount = 20.0, 10.0, 3
    sequence = carm.sweep().GetMasterSequenceNode()
    titles = [sequence.GetNthDataNode(n).GetAttribute("SyntheticImaging.Angles") for n in range(3)]
    assert titles == ["RAO 20 CRAN 0", "LAO 0 CRAN 5", "LAO 20 CRAN 10"]


def test_a_sweep_goes_from_one_view_to_another_by_name(carm):
    sequence = carm.sweep("ap", "lateral-left", 3).GetMasterSequenceNode()
    titles = [sequence.GetNthDataNode(n).GetAttribute("SyntheticImaging.Angles") for n in range(3)]
    assert titles == ["LAO 0 CRAN 0", "LAO 45 CRAN 0", "LAO 90 CRAN 0"]


def test_a_dropped_sweep_leaves_nothing(carm, core):
    count = core.scene.GetNumberOfNodes()
    steps = carm.sweepSteps((0, 0), (30, 0), 4)
    for _ in range(3):
        next(steps)
    steps.close()
    assert core.scene.GetNumberOfNodes() == count
    steps = carm.sweepSteps((0, 0), (30, 0), 4)
    next(steps)
    core.scene.RemoveNode(core.scene.GetFirstNodeByClass("vtkMRMLSequenceNode"))
    with pytest.raises(InputError, match="deleted while it was made"):
        for _ in steps:
            pass
    assert core.scene.GetNumberOfNodes() == count


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((0, 0), (30, 0), 1), "sweep_count is 1; give a whole number from 2"),
        (((0, 0), (30,), 3), "LAO and CRAN"),
        (((0, 0), (30, 120), 3), "cran_deg is 120"),
        (((0, "x"), (30, 0), 3), "finite number"),
        (((0, 0), (30, 0), "many"), "finite number"),
        (("sideways", (30, 0), 3), "There is no view"),
        ((17, (30, 0), 3), "LAO and CRAN"),
    ],
)
def test_sweeps_that_cannot_be_are_refused(carm, core, arguments, words):
    count = core.scene.GetNumberOfNodes()
    with pytest.raises(InputError, match=words):
        carm.sweep(*arguments)
    assert core.scene.GetNumberOfNodes() == count


# Files


def test_images_are_written_by_suffix(carm, tmp_path):
    import pydicom

    from synthetic_imaging.io import read_volume

    carm.setPose(laoDeg=30, cranDeg=-10)
    for name in ("image.nrrd", "image.png", "image.dcm"):
        assert carm.exportImage(tmp_path / name) == tmp_path / name
    gray = read_volume(tmp_path / "image.nrrd")
    np.testing.assert_allclose(gray.ijk_to_ras, carm.view().ijk_to_ras, atol=1e-6)
    expected = (voxels(carm.imageNode()) - 0.5) / 6.5
    np.testing.assert_allclose(gray.numpy()[0], expected.clip(0, 1), atol=1e-4)
    assert "synthetic" in gray.metadata["SyntheticImaging"]
    dataset = pydicom.dcmread(tmp_path / "image.dcm")
    assert (float(dataset.PositionerPrimaryAngle), float(dataset.PositionerSecondaryAngle)) == (30, -10)
    assert dataset.Modality == "XA" and dataset.ImageType[0] == "DERIVED"
    carm.exportImage(tmp_path / "line.nrrd", output="line-integral")
    assert read_volume(tmp_path / "line.nrrd").data.max() > 2
    with pytest.raises(InputError, match="unknown file type"):
        carm.exportImage(tmp_path / "image.jpg")
    assert not (tmp_path / "image.jpg").exists()


def test_a_dicom_image_joins_the_study_of_the_ct(carm, carmCt, tmp_path, monkeypatch):
    import types

    import pydicom
    import slicer

    values = {"0010,0020": "P7", "0010,0010": "Doe^J", "0020,000D": "1.2.3", "0008,0020": "20200102"}
    database = types.SimpleNamespace(instanceValue=lambda uid, tag: values.get(tag, "") if uid == "9.1" else "")
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    carmCt.SetAttribute("DICOM.instanceUIDs", "9.1 9.2")
    dataset = pydicom.dcmread(carm.exportImage(tmp_path / "image.dcm"))
    assert (dataset.PatientID, dataset.StudyInstanceUID, dataset.StudyDate) == ("P7", "1.2.3", "20200102")
    assert "synthetic" in dataset.SeriesDescription


def test_the_window_of_the_moment_is_in_the_file(carm, tmp_path):
    from synthetic_imaging.io import read_volume

    carm.set(windowLow=1.0, windowHigh=3.0, inverted=True)
    carm.exportImage(tmp_path / "image.nrrd")
    expected = 1 - ((voxels(carm.imageNode()) - 1) / 2).clip(0, 1)
    np.testing.assert_allclose(read_volume(tmp_path / "image.nrrd").numpy()[0], expected, atol=1e-4)


@pytest.mark.parametrize("name", ["pose.json", "image.nrrd", "image.dcm"])
def test_a_pose_comes_back_from_every_file(carm, tmp_path, name):
    carm.setMachine("innova-3100")
    carm.setPose(-35, 22, 11, isocenterRas=(12.5, -8, 30))
    carm.set(sourceToDetectorMm=1000.0, tableSMm=-15.0)
    view = carm.view()
    (carm.exportPose if name.endswith("json") else carm.exportImage)(tmp_path / name)
    carm.setMachine("cios-spin")
    carm.setPose(0, 0, 0, isocenterRas=(0, 0, 0))
    carm.importPose(tmp_path / name)
    back = carm.view()
    np.testing.assert_allclose(back.projection_matrix, view.projection_matrix, rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(back.ijk_to_ras, view.ijk_to_ras, atol=1e-6)
    assert carm.parameters.laoDeg == pytest.approx(-35) and carm.parameters.tableSMm == 0
    assert carm.readout()["title"] == "RAO 35 CRAN 22"


def test_a_matrix_is_taken_for_a_pose(carm, tmp_path):
    carm.setPose(20, 10, 0)
    view = carm.view()
    np.savetxt(tmp_path / "matrix.txt", 7.5 * view.projection_matrix)
    carm.setPose(0, 0, 0)
    carm.importPose(tmp_path / "matrix.txt")
    np.testing.assert_allclose(carm.view().project([(10, 20, 30)]), view.project([(10, 20, 30)]), atol=1e-6)
    assert carm.view().direction_ras == pytest.approx(view.direction_ras)


def test_a_pose_can_go_to_the_second_plane(carm, tmp_path):
    carm.setPose(40, 0, 0)
    carm.exportPose(tmp_path / "pose.json")
    carm.set(biplane=True)
    carm.setPose(0, 0, 0)
    carm.importPose(tmp_path / "pose.json", plane="B")
    assert (carm.parameters.laoDeg, carm.parameters.laoDegB) == (0, pytest.approx(40))
    assert carm.messages == []


def test_a_pose_for_the_second_plane_leaves_the_first_where_it_is(carm, tmp_path):
    carm.set(laoDeg=40.0, isocenterRas=(10, 5, 0), sourceToDetectorMm=1150.0, tableSMm=30.0)
    carm.exportPose(tmp_path / "pose.json")
    carm.set(laoDeg=0.0, isocenterRas=(0, 0, 20), sourceToDetectorMm=1020.0, tableSMm=-10.0, biplane=True)
    first, image = carm.view("A"), voxels(carm.image()).copy()
    carm.importPose(tmp_path / "pose.json", plane="B")
    assert carm.view("A") == first and carm.parameters.laoDegB == pytest.approx(40)
    np.testing.assert_array_equal(voxels(carm.image()), image)
    assert "Only the angles" in carm.messages[-1]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("none.json", None, "does not exist"),
        ("bad.json", "{", "cannot be read as JSON"),
        ("list.json", "[1, 2]", "set of names and numbers"),
        ("near.json", json.dumps({"lao_deg": 0, "source_to_isocenter_mm": 2000}), "larger one|detector"),
        ("negative.json", json.dumps({"lao_deg": 0, "source_to_detector_mm": -5}), "above 0"),
        ("word.txt", "hello", "not a table of numbers"),
        ("names.json", json.dumps({"lao": 30}), "tells none of lao_deg"),
        ("tall.json", json.dumps({"lao_deg": 0, "rows": 1e9}), "rows"),
        ("large.json", json.dumps({"lao_deg": 0, "rows": 1e5, "columns": 1e5}), "rows"),
    ],
)
def test_poses_that_cannot_be_read_change_nothing(carm, tmp_path, name, text, words):
    if text is not None:
        (tmp_path / name).write_text(text)
    carm.setPose(13, 4, 0)
    before = carm.state
    with pytest.raises(InputError, match=words):
        carm.importPose(tmp_path / name)
    assert carm.state == before and not carm.problem()


def test_the_ray_of_a_pixel_passes_what_is_seen_there(carm):
    carm.setPose(33, -12, 5)
    column, row = carm.view().project((15, 25, 35))[0]
    source, pixel = (np.array(point) for point in carm.rayAt("A", column, row))
    way = (pixel - source) / np.linalg.norm(pixel - source)
    away = np.array((15, 25, 35)) - source
    assert np.linalg.norm(away - (away @ way) * way) < 1e-6
    assert carm.rayAt("B", 0, 0) is None


def test_the_radiograph_is_the_core_s(carm):
    found = carm.radiograph()
    assert isinstance(found, xray.Radiograph) and found.settings == carm.settings()
