"""Virtual C-arm from the console: the images, what they hold and where they stand."""

import json

import carm_console
import numpy as np
import pytest
from carm_console import BEAD_RAS, center, ijkToRas, voxels

from synthetic_imaging import xray
from synthetic_imaging.errors import InputError


def test_the_image_stands_at_the_detector_with_its_axes(carm):
    carm.setPose(laoDeg=30, cranDeg=-20, isocenterRas=(5, 10, -15))
    node = carm.image()
    a, b = np.deg2rad((30, -20))
    direction = np.array([-np.sin(a) * np.cos(b), np.cos(a) * np.cos(b), np.sin(b)])
    matrix = ijkToRas(node)
    up = np.array([0, 0, 1.0]) - direction[2] * direction
    up /= np.linalg.norm(up)
    pixel = 297.984 / 128
    np.testing.assert_allclose(matrix[:3, 0], pixel * np.cross(up, direction), atol=1e-9)
    np.testing.assert_allclose(matrix[:3, 1], -pixel * up, atol=1e-9)
    np.testing.assert_allclose(matrix[:3, 2], -direction, atol=1e-9)
    center = (matrix @ [63.5, 63.5, 0, 1])[:3]
    np.testing.assert_allclose(center, (5, 10, -15) + direction * (1020 - 530), atol=1e-9)
    assert voxels(node).shape == (128, 128) and voxels(node).dtype == np.float32


def test_a_bead_is_where_the_view_projects_it(carm, carmCt):
    from slicer.util import arrayFromVolume, arrayFromVolumeModified

    carm.setCt(carmCt, acceptHu=True)  # a bead in air is no patient
    hu = arrayFromVolume(carmCt)
    hu[hu < 1500] = -1000
    arrayFromVolumeModified(carmCt)
    carm.image()
    carm.setBeam(naive=True)
    carm.set(imageSize=256)
    for lao, cran, roll in ((0, 0, 0), (35, -15, 10), (-80, 20, -30)):
        carm.setPose(lao, cran, roll)
        expected = carm.view().project(BEAD_RAS)[0]
        np.testing.assert_allclose(center(voxels(carm.image())), expected, atol=0.5)


def test_the_image_is_the_core_s_attenuation(carm):
    carm.setPose(laoDeg=20)
    values = voxels(carm.image())
    image = xray.render(carm.patient, carm.view(), carm.settings())
    np.testing.assert_allclose(values, image.attenuation.numpy(), atol=2e-5)
    assert carm.readout()["spr"] == pytest.approx(image.scatter_to_primary)


def test_the_window_is_the_display_s_and_moves_no_voxel(carm):
    node = carm.image()
    before = voxels(node).copy()
    carm.set(windowLow=1.0, windowHigh=4.0)
    display = node.GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel()) == (3.0, 2.5) and not display.GetAutoWindowLevel()
    display.SetWindowLevel(2.0, 2.0)  # as by dragging in a view
    assert (carm.parameters.windowLow, carm.parameters.windowHigh) == (1.0, 3.0)
    np.testing.assert_array_equal(voxels(node), before)
    carm.setPose(laoDeg=40)
    assert (display.GetWindow(), display.GetLevel()) == (2.0, 2.0)


def test_notices_name_the_plane_that_they_are_about(carm):
    carm.setPose(cranDeg=40)
    (alone,) = carm.notices
    carm.set(biplane=True, cranDegB=0.0)
    carm.image("B")
    assert f"Plane A: {alone}" in carm.notices and alone not in carm.notices
    carm.set(laoDegB=0.0, cranDegB=40.0)
    carm.image("B")
    assert alone in carm.notices and not any(notice.startswith("Plane") for notice in carm.notices)


def test_a_window_can_be_fitted_to_every_image_until_a_hand_sets_it(carm, tmp_path):
    from synthetic_imaging.io import read_volume

    carm.set(biplane=True, noise=False, windowLow=0.5, windowHigh=7.0)
    images = {plane: carm.image(plane) for plane in "AB"}
    carm.set(fitEveryImage=True)
    shown = {plane: carm.window(plane) for plane in "AB"}
    assert shown["B"][1] > shown["A"][1] + 0.5  # the longer way through the body
    for plane, node in images.items():
        display = node.GetDisplayNode()
        assert (display.GetLevel(), display.GetWindow()) == pytest.approx((sum(shown[plane]) / 2, np.ptp(shown[plane])))
        gray = read_volume(carm.exportImage(tmp_path / f"{plane}.nrrd", plane=plane)).numpy()
        assert gray.min() == 0 and gray.max() == 1 and np.mean(gray == 1) < 0.02
    carm.setPose(laoDeg=60)
    assert carm.window("A") != shown["A"] and (carm.parameters.windowLow, carm.parameters.windowHigh) == (0.5, 7.0)
    images["B"].GetDisplayNode().SetWindowLevel(2.0, 3.0)  # as a hand does in a view
    assert not carm.parameters.fitEveryImage and carm.window("A") == carm.window("B") == pytest.approx((2, 4))
    assert images["A"].GetDisplayNode().GetLevel() == pytest.approx(3)
    carm.set(fitEveryImage=True)
    carm.fitWindow()
    assert not carm.parameters.fitEveryImage


def test_inverting_changes_colors_and_closed_parts_are_black_either_way(carm):
    carm.setBeam(irisRadiusMm=60.0, noise=False)
    node = carm.image()
    assert voxels(node)[0, 0] == 0.0
    carm.set(inverted=True)
    assert node.GetDisplayNode().GetColorNodeID() == "vtkMRMLColorTableNodeInvertedGrey"
    assert voxels(node)[0, 0] == 20.0


def test_shutters_close_the_side_that_they_are_named_after(carm):
    carm.setBeam(shutterLeftMm=100.0, naive=True)
    values = voxels(carm.image())
    closed = round(100 / 297.984 * 128)
    assert (values[:, : closed - 1] == 0).all() and (values[30:90, closed + 1 :] > 0).all()


def test_beam_noise_and_window_need_no_projection(carm, monkeypatch):
    carm.setPose(laoDeg=10)
    projected = []
    projector = type(carm.patient.projector)
    steps, integrate = projector.steps, projector.integrate
    monkeypatch.setattr(projector, "steps", lambda *a, **k: projected.append(1) or steps(*a, **k))
    monkeypatch.setattr(projector, "integrate", lambda *a, **k: projected.append(1) or integrate(*a, **k))
    before = voxels(carm.imageNode()).copy()
    carm.setBeam(kvp=110.0)
    assert np.abs(voxels(carm.imageNode()) - before).max() > 0.1
    carm.setBeam(noise=False, scatterRatio=3.0, shutterTopMm=20.0)
    carm.set(detail=1.0, windowHigh=5.0)
    assert not projected
    carm.setPose(laoDeg=11)
    assert projected


def test_the_node_is_reused_and_says_what_it_shows(carm):
    node, changes = carm.imageNode(), []
    carm.imageChanged.connect(lambda plane, isFinal: changes.append((plane, isFinal)))
    carm.setPose(laoDeg=12.5, cranDeg=7)
    assert carm.image() is node and changes == [("A", True)]
    assert node.GetAttribute("SyntheticImaging.Angles") == "LAO 12.5 CRAN 7"
    assert node.GetAttribute("SyntheticImaging.Synthetic") == "1" and "synthetic" in node.GetName()
    pose = json.loads(node.GetAttribute("SyntheticImaging.Pose"))
    assert (pose["lao_deg"], pose["source_to_detector_mm"]) == (12.5, 1020)
    readout = carm.readout()
    assert readout["title"] == "LAO 12.5 CRAN 7" and readout["kvp"] == 80
    assert readout["magnification"] == pytest.approx(1020 / 530)
    assert readout["pixelMmAtIsocenter"] == pytest.approx(297.984 / 128 * 530 / 1020)


def test_a_window_draws_in_pieces_coarse_first_and_the_newest_wins(carm):
    changes, carm.hand.isLate, carm.hand.requests = [], True, 0
    carm.set(imageSize=256, biplane=True)
    carm.imageChanged.connect(lambda plane, isFinal: changes.append((plane, isFinal, carm.readout(plane)["title"])))
    steps = carm.parts.images.restSteps()
    carm.setPose(laoDeg=10)
    next(steps)
    next(steps)
    assert [entry[:2] for entry in changes] == [("A", False), ("B", False)]
    carm.setPose(laoDeg=20)  # in the middle of refining
    for _ in steps:
        pass
    assert carm.hand.requests
    assert [entry for entry in changes if entry[0] == "A"] == [
        ("A", False, "LAO 10 CRAN 0"),
        ("A", False, "LAO 20 CRAN 0"),
        ("A", True, "LAO 20 CRAN 0"),
    ]
    assert ("B", True, "LAO 90 CRAN 0") in changes and not list(carm.parts.images.restSteps())


def test_a_coarse_image_has_the_place_and_size_of_the_full_one(carm):
    carm.hand.isLate = True
    carm.setBeam(naive=True)
    carm.set(imageSize=400)
    steps = carm.parts.images.restSteps()
    next(steps)
    coarse, matrix = voxels(carm.imageNode()).copy(), ijkToRas(carm.imageNode())
    for _ in steps:
        pass
    full = voxels(carm.imageNode())
    assert coarse.shape == full.shape == (400, 400)
    np.testing.assert_array_equal(matrix, ijkToRas(carm.imageNode()))
    assert np.abs(coarse - full).mean() < 0.02 * full.max()


def test_the_last_image_is_held_until_one_is_taken(carm):
    carm.setPose(laoDeg=10)
    before = voxels(carm.imageNode()).copy()
    carm.parameters.live = False
    assert not carm.isHeld()
    carm.setPose(laoDeg=50)
    np.testing.assert_array_equal(voxels(carm.imageNode()), before)
    assert carm.isHeld() and carm.readout()["title"] == "LAO 10 CRAN 0" and carm.readout()["isHeld"]
    assert carm.view().pose().lao_deg == pytest.approx(50)
    carm.takeImage()
    assert not carm.isHeld() and carm.readout()["title"] == "LAO 50 CRAN 0"


def test_biplane_has_two_images_of_one_isocenter(carm):
    with pytest.raises(InputError, match="biplane"):
        carm.image("B")
    carm.set(biplane=True)
    carm.setPose(laoDeg=95, cranDeg=5, plane="B")
    first, second = carm.image("A"), carm.image("B")
    assert first is not second and carm.view("B").pose().title == "LAO 95 CRAN 5"
    assert carm.view("A").isocenter_ras == carm.view("B").isocenter_ras


def test_a_ct_in_a_transform_is_seen_where_it_is(carm, carmCt):
    import slicer

    carm.setBeam(naive=True)
    before = voxels(carm.image()).copy()
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
    matrix = np.eye(4)
    matrix[:3, 3] = 40, 5, -30
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    asked = []
    carm.inputsChanged.connect(lambda: asked.append(1))
    carmCt.SetAndObserveTransformNodeID(transform.GetID())
    assert asked and not carm.isReady
    isocenter = np.array(carm.view().isocenter_ras)
    carm.setPose(isocenterRas=tuple(isocenter + matrix[:3, 3]))
    np.testing.assert_allclose(voxels(carm.image()), before, atol=1e-3)


def test_an_edited_ct_is_prepared_again(carm, carmCt):
    from slicer.util import arrayFromVolume, arrayFromVolumeModified

    carm.setCt(carmCt, acceptHu=True)  # air alone is no patient
    carm.setBeam(naive=True)
    before = voxels(carm.image()).copy()
    arrayFromVolume(carmCt)[:] = -1000
    arrayFromVolumeModified(carmCt)
    assert carm.isStale and "changed" in carm.problem()
    assert voxels(carm.image()).max() < 0.01 < before.max()
    assert not carm.isStale


def test_the_table_moves_the_patient(carm):
    carm.setBeam(naive=True)
    carm.setPose(isocenterRas=(10, 0, 0))
    moved = voxels(carm.image()).copy()
    carm.setPose(isocenterRas=(0, 0, 0))
    carm.set(tableRMm=-10)
    np.testing.assert_allclose(voxels(carm.image()), moved, atol=1e-5)


def test_contrast_agent_shows_the_segment_without_another_preparation(carm, carmCt):
    from SyntheticImagingLib import nodes

    volume = nodes.volumeFromNode(carmCt)
    labels = volume.like(np.zeros(volume.shape, np.uint8))
    labels.data[20:60, 38:42, 44:48] = 1
    segmentation = nodes.segmentationFromLabels(labels, {1: "Vessel"}, carmCt, "Vessels")
    carm.setBeam(naive=True)
    carm.set(imageSize=200)
    plain = voxels(carm.image()).copy()
    carm.parameters.segmentation = segmentation
    patient = carm.patient
    carm.set(contrastSegmentId="vessel", contrastMgMl=100.0)
    added = voxels(carm.image()) - plain
    length = 4 * 2.5
    per_mm = float(xray.materials.attenuation_per_mm("iodine", 70.0)) * 0.1 / xray.material_named("iodine").g_cm3
    assert added.max() == pytest.approx(length * per_mm, rel=0.1)
    assert carm.patient is patient
    carm.set(contrastMgMl=0.0)
    np.testing.assert_allclose(voxels(carm.image()), plain, atol=1e-6)


def test_a_contrast_segment_that_is_gone_is_told(carm, carmCt):
    from SyntheticImagingLib import nodes

    carm.parameters.segmentation = nodes.createSegmentation(carmCt, "Vessels")
    carm.parameters.contrastSegmentId = "gone"
    assert "does not exist any more" in carm.problem()
    with pytest.raises(InputError, match="does not exist any more"):
        carm.image()
    carm.parameters.contrastSegmentId = ""
    assert not carm.problem()


def test_numbers_set_together_make_one_image(carm):
    drawn = []
    carm.imageChanged.connect(lambda *image: drawn.append(image))
    carm.set(isocenterRas=(5, 5, 5), laoDeg=10.0, kvp=70.0, sourceToDetectorMm=1000.0)
    assert drawn == [("A", True)]


def test_a_large_image_is_that_of_the_core(carm):
    carm.addTool(carm_console.closedModel(), "steel")
    carm.setBeam(noise=False)
    carm.set(imageSize=700)
    image = xray.render(carm.patient, carm.view(), carm.settings(), carm.parts.tools.current())
    np.testing.assert_allclose(voxels(carm.image()), image.attenuation.numpy(), atol=2e-5)


def test_two_logics_do_not_draw_into_the_same_image(carm, carmCt):
    other = carm_console.newLogic()
    other.setCt(carmCt)
    assert carm.patient is None and other.isReady
    assert "elsewhere" in carm.messages[-1]
    other.cleanup()
