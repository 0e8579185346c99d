"""Virtual C-arm from the console: outlines, landmarks and the truth in files."""

import json

import numpy as np
import pytest
from carm_console import BEAD_RAS, closedModel, points, voxels

from synthetic_imaging import xray
from synthetic_imaging.errors import InputError


@pytest.fixture
def segmentation(carmCt):
    """Three segments: a bead, a box that overlaps it in 3D, and a ball elsewhere."""
    from SyntheticImagingLib import nodes

    volume = nodes.volumeFromNode(carmCt)
    k, j, i = np.indices(volume.shape)
    ras = volume.ras_from_ijk(np.stack([i, j, k], -1).reshape(-1, 3)).reshape(*volume.shape, 3)
    masks = {
        "bead": np.linalg.norm(ras - BEAD_RAS, axis=-1) < 8,
        "box": (np.abs(ras - BEAD_RAS) < 14).all(axis=-1),
        "ball": np.linalg.norm(ras - (-50, 0, -40), axis=-1) < 12,
    }
    node = nodes.createSegmentation(carmCt, "Structures")
    for name, mask in masks.items():
        nodes.addSegment(node, name, name.capitalize())
        nodes.setSegmentRegion(node, name, mask, (slice(None),) * 3, carmCt)
    return node


def outlines(carm, plane="A"):
    from VirtualCArmLib.scene import OutlineNodes

    return OutlineNodes.outlineNode(carm.parameters, plane)


def namesAt(carm, ras):
    """What the label map says where a point is seen."""
    node = outlines(carm)
    values = voxels(node)
    column, row = carm.view().resized(values.shape[1]).project(ras)[0]
    return node.GetDisplayNode().GetColorNode().GetColorName(int(values[round(row), round(column)]))


def test_every_structure_has_its_outline_also_where_shadows_overlap(carm, segmentation):
    carm.set(imageSize=200)
    carm.parameters.segmentation = segmentation
    values = voxels(outlines(carm))
    view = carm.view()
    np.testing.assert_array_equal(_matrix(outlines(carm)), view.ijk_to_ras)
    assert namesAt(carm, BEAD_RAS) == "Bead + Box"
    assert namesAt(carm, np.add(BEAD_RAS, (12, 0, 0))) == "Box"
    assert namesAt(carm, (-50, 0, -40)) == "Ball"
    assert namesAt(carm, (0, 60, 0)) == "background" and values.max() == 3
    colors = outlines(carm).GetDisplayNode().GetColorNode()
    found = [0.0] * 4
    colors.GetColor(1 + [colors.GetColorName(n) for n in (1, 2, 3)].index("Bead + Box"), found)
    assert found[:3] == pytest.approx(segmentation.GetSegmentation().GetSegment("bead").GetColor(), abs=0.003)


def _matrix(node):
    from carm_console import ijkToRas

    return ijkToRas(node)


def test_a_shadow_is_that_of_the_core(carm, segmentation):
    from SyntheticImagingLib import nodes

    carm.setPose(laoDeg=37, cranDeg=12, rollDeg=-20)
    carm.parameters.segmentation = segmentation
    labels = nodes.labelsFromSegment(segmentation, "ball", carm.ctNode)
    expected = xray.structures(labels, carm.view()).masks()[0].numpy()
    node = outlines(carm)
    values = voxels(node)
    ball = [n for n in range(1, values.max() + 1) if "Ball" in node.GetDisplayNode().GetColorNode().GetColorName(n)]
    np.testing.assert_array_equal(np.isin(values, ball), expected)


def test_outlines_follow_pose_segments_and_the_eye(carm, segmentation):
    from SyntheticImagingLib import nodes

    carm.parameters.segmentation = segmentation
    segmentation.GetDisplayNode().SetSegmentVisibility("box", False)
    assert namesAt(carm, BEAD_RAS) == "Bead" and "background" in namesAt(carm, np.add(BEAD_RAS, (12, 0, 0)))
    carm.setPose(laoDeg=50)
    assert namesAt(carm, BEAD_RAS) == "Bead"
    elsewhere = np.zeros((80, 80, 96), bool)
    elsewhere[10:14, 40:44, 46:50] = True
    nodes.setSegmentRegion(segmentation, "bead", elsewhere, (slice(None),) * 3, carm.ctNode)
    assert namesAt(carm, BEAD_RAS) == "background"
    middle = np.array((47.5, 41.5, 11.5)) * 2.5 - 98.75 - np.array((20, 0, 0))
    assert namesAt(carm, middle) == "Bead"
    carm.parameters.showOutlines = False
    assert not voxels(outlines(carm)).any()
    carm.parameters.showOutlines = True
    assert namesAt(carm, (-50, 0, -40)) == "Ball"
    carm.parameters.segmentation = None
    assert not voxels(outlines(carm)).any()


def test_outlines_of_another_image_are_never_shown(carm, segmentation):
    carm.set(imageSize=256)
    carm.parameters.segmentation = segmentation
    carm.hand.isLate = True
    carm.setPose(laoDeg=30)
    steps = carm.parts.images.restSteps()
    next(steps)  # the coarse image
    assert not voxels(outlines(carm)).any()
    for _ in steps:
        pass
    assert namesAt(carm, (-50, 0, -40)) == "Ball"


def test_combinations_are_told_apart():
    from VirtualCArmLib.imaging.Outlines import combined

    masks = np.zeros((3, 4, 6), bool)
    masks[0, :3, :4], masks[1, 1, 1:6], masks[2, 1, 3] = True, True, True
    values, combinations = combined(masks, [7, 8, 9])
    for row in range(4):
        for column in range(6):
            there = {label for label, mask in zip((7, 8, 9), masks, strict=True) if mask[row, column]}
            assert set(combinations[values[row, column] - 1] if values[row, column] else ()) == there
    assert combinations[values[1, 3] - 1] == [9, 8, 7]  # the smallest first


# Landmarks


def projections(carm, plane="A"):
    from VirtualCArmLib.scene import Landmarks

    return Landmarks.projectionNode(carm.parameters, plane)


def test_landmarks_are_where_the_picture_has_them_and_say_when_unseen(carm):
    places = {"bead": BEAD_RAS, "far": (0.0, 0.0, 400.0), "behind": (0.0, -900.0, 0.0)}
    carm.parameters.landmarks = points("Landmarks", places)
    marks = {mark.name: mark for mark in carm.landmarks()}
    assert [marks[name].unseen for name in places] == ["", "beside the detector", "behind the source"]
    node, position = projections(carm), [0.0] * 3
    node.GetNthControlPointPositionWorld(0, position)
    column, row = carm.view().project(BEAD_RAS)[0]
    np.testing.assert_allclose(position, carm.view().pixel_ras(column, row), atol=1e-6)
    assert [node.GetNthControlPointVisibility(n) for n in range(3)] == [True, False, False]
    assert node.GetNthControlPointDescription(1) == "beside the detector" and node.GetLocked()


def test_landmarks_follow_points_and_pose(carm):
    source = points("Landmarks", {"a": (0, 0, 0)})
    carm.parameters.landmarks = source
    position = [0.0] * 3

    def projected():
        projections(carm).GetNthControlPointPositionWorld(0, position)
        return carm.view().project(position)[0]

    carm.setPose(laoDeg=60)
    np.testing.assert_allclose(projected(), carm.view().project((0, 0, 0))[0], atol=1e-6)
    source.SetNthControlPointPositionWorld(0, 20, 10, -30)
    np.testing.assert_allclose(projected(), carm.view().project((20, 10, -30))[0], atol=1e-6)
    source.RemoveAllControlPoints()
    assert not projections(carm).GetDisplayVisibility()
    carm.parameters.landmarks = points("Others", {"x": (0, 0, 0), "y": (5, 5, 5)})
    assert projections(carm).GetNumberOfControlPoints() == 2 and projections(carm).GetDisplayVisibility()
    carm.parameters.showLandmarks = False
    assert not projections(carm).GetDisplayVisibility()


def test_deleted_segments_and_landmarks_leave_the_picture(carm, segmentation, core):
    carm.parameters.segmentation = segmentation
    carm.parameters.landmarks = points("Landmarks", {"bead": BEAD_RAS})
    assert voxels(outlines(carm)).any() and projections(carm).GetDisplayVisibility()
    core.scene.RemoveNode(segmentation)
    core.scene.RemoveNode(carm.parameters.landmarks)
    assert not voxels(outlines(carm)).any() and not projections(carm).GetDisplayVisibility()
    carm.setPose(laoDeg=5)
    assert carm.readout()["title"] == "LAO 5 CRAN 0"


# Files


def test_the_truth_of_everything_is_written(carm, segmentation, tmp_path):
    from synthetic_imaging.io import read_volume

    carm.parameters.segmentation = segmentation
    carm.parameters.landmarks = points("Landmarks", {"bead": BEAD_RAS, "far": (0, 0, 400)})
    carm.addTool(closedModel("Plate"), "steel")
    carm.setPose(laoDeg=15)
    stages = []
    record = carm.exportTruth(tmp_path / "truth", onProgress=lambda *step: stages.append(step))
    content = json.loads(record.read_text())
    assert {entry["name"] for entry in content["labels"]} == {"Bead", "Box", "Ball"}
    assert all(entry["pixels"] > 0 for entry in content["labels"])
    assert [entry["name"] for entry in content["tools"]] == ["Plate"]
    assert [entry["visible"] for entry in content["landmarks"]] == [True, False]
    assert content["pose"]["lao_deg"] == 15 and len(stages) >= 3
    number = next(entry["label"] for entry in content["labels"] if entry["name"] == "Bead")
    mask = read_volume(tmp_path / "truth" / f"mask_label_{number}.nrrd")
    np.testing.assert_allclose(mask.ijk_to_ras, carm.view().ijk_to_ras, atol=1e-6)
    column, row = (round(value) for value in carm.view().project(BEAD_RAS)[0])
    assert mask.numpy()[0, row, column] == 1


def test_truth_of_nothing_is_refused(carm, tmp_path):
    with pytest.raises(InputError, match="no truth to export"):
        carm.exportTruth(tmp_path)
    assert not list(tmp_path.iterdir())
