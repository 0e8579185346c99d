"""Synthetic Tumor from the console: which input it takes, and what happens when that changes."""

import numpy as np
import pytest
import tumor_bodies
from tumor_console import assertTruthAgrees, nodeNames, voxels

from synthetic_imaging.errors import InputError


def _noCt(ct, segmentation):
    return None, segmentation, "liver"


def _noOrgan(ct, segmentation):
    return ct, segmentation, ""


def _unknownSegment(ct, segmentation):
    return ct, segmentation, "heart"


def _emptyOrgan(ct, segmentation):
    segmentation.GetSegmentation().AddEmptySegment("none", "Pancreas")
    return ct, segmentation, "none"


def _elsewhere(ct, segmentation):
    ct.SetOrigin(900, 900, 900)
    return ct, segmentation, "liver"


def _notANumber(ct, segmentation):
    from slicer.util import updateVolumeFromArray

    array = voxels(ct).astype(np.float32)
    array[3, 4, 5] = np.nan
    updateVolumeFromArray(ct, array)
    return ct, segmentation, "liver"


def _bytes(ct, segmentation):
    from slicer.util import updateVolumeFromArray

    updateVolumeFromArray(ct, np.clip(voxels(ct), 0, 255).astype(np.uint8))
    return ct, segmentation, "liver"


def _color(ct, segmentation):
    import slicer
    import vtk

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Photo")
    image = vtk.vtkImageData()
    image.SetDimensions(4, 4, 4)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    node.SetAndObserveImageData(image)
    return node, segmentation, "liver"


def _noVoxels(ct, segmentation):
    import slicer

    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty"), segmentation, "liver"


def _constant(ct, segmentation):
    voxels(ct)[...] = 40
    return ct, segmentation, "liver"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_noCt, "No CT is chosen. Load a CT"),
        (_noOrgan, "No organ is chosen. Choose"),
        (_unknownSegment, 'has no segment "heart"'),
        (_emptyOrgan, '"Pancreas" is empty. Draw'),
        (_elsewhere, "outside the volume"),
        (_notANumber, "not numbers"),
        (_bytes, "does not look like a CT in HU"),
        (_color, "color image"),
        (_noVoxels, "has no voxels. Load"),
        (_constant, "same value"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(body, core, spoil, words):
    from SyntheticTumorLib.Logic import TumorLogic

    logic = TumorLogic()
    chosen = spoil(*body)
    before = nodeNames(core)
    with pytest.raises(InputError, match=words):
        logic.setInput(*chosen)
    assert not logic.isReady
    assert nodeNames(core) == before
    with pytest.raises(InputError, match="Choose a CT"):
        logic.addAtSuggestedSite()
    logic.cleanup()


def test_the_result_is_not_taken_for_an_input(logic, body):
    logic.addAtSuggestedSite("cyst", 4.0)
    with pytest.raises(InputError, match='Choose the original CT "CT"'):
        logic.setInput(logic.results.volume, body[1], "liver")


def test_an_organ_on_another_grid_is_resampled(body):
    from SyntheticImagingLib import nodes
    from SyntheticTumorLib.Logic import TumorLogic

    ct, organ, _ = tumor_bodies.body(size_mm=80.0, ijk_to_ras=tumor_bodies.grid((2.0, 2.0, 2.0)))
    coarse = nodes.volumeNodeFromVolume(ct, "coarse")
    segmentation = nodes.segmentationFromLabels(organ, {1: "Liver"}, coarse, "coarse")
    logic = TumorLogic()
    logic.setInput(body[0], segmentation, "liver")
    expected = 4 / 3 * np.pi * 36**3 / 1000
    assert logic.caseSummary()["volumeMl"] == pytest.approx(expected, rel=0.05)
    logic.addAtSuggestedSite("cyst", 4.0)
    assertTruthAgrees(logic)
    logic.cleanup()


def test_vessels_that_are_given_are_used(body):
    from SyntheticTumorLib.Logic import TumorLogic

    logic = TumorLogic()
    logic.setInput(body[0], body[1], "liver", body[1], "vessels")
    _, _, vessels = tumor_bodies.body(size_mm=80.0)
    np.testing.assert_array_equal(logic.case.vessel_volume().numpy() > 0, vessels.numpy() > 0)
    logic.cleanup()


def test_a_linear_parent_transform_moves_the_lesions_too(body):
    import slicer
    import vtk

    from SyntheticTumorLib.Logic import TumorLogic

    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 50.0)
    matrix.SetElement(2, 3, -30.0)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix)
    plain, moved = TumorLogic(), TumorLogic()
    plain.setInput(body[0], body[1], "liver")
    site = plain.suggestSite(6.0, seed=1)
    plain.cleanup()
    for node in body:
        node.SetAndObserveTransformNodeID(transform.GetID())
    moved.setInput(body[0], body[1], "liver")
    there = np.add(site, (50.0, 0.0, -30.0))
    assert moved.suggestSite(6.0, seed=1) == pytest.approx(tuple(there))
    moved.addLesion(there, "cyst", 5.0)
    assert moved.results.volume.GetTransformNodeID() == transform.GetID()
    assertTruthAgrees(moved)
    moved.cleanup()


def test_a_changed_ct_is_prepared_again_and_lesions_are_drawn_anew(logic, body):
    from slicer.util import arrayFromVolumeModified

    logic.addAtSuggestedSite("hcc-portal", 5.0)
    told = []
    logic.inputsChanged.connect(lambda: told.append(True))
    body[0].SetName("renamed")
    body[0].GetDisplayNode()
    assert not told
    voxels(body[0])[...] += 7
    arrayFromVolumeModified(body[0])
    assert told and logic.isStale and not logic.isReady
    logic.updateLesion(0, radiusMm=6.0)
    assert logic.isReady
    assertTruthAgrees(logic)


def test_a_changed_organ_is_prepared_again(logic, body):
    from SyntheticImagingLib import nodes

    logic.addAtSuggestedSite("hcc-portal", 5.0)
    half = segmentOf(body, "liver")
    half[:, :, :30] = 0
    nodes.setSegmentRegion(body[1], "liver", half, (slice(None),) * 3, body[0])
    assert logic.isStale
    logic.prepare()
    assert logic.caseSummary()["volumeMl"] == pytest.approx(half.sum() / 1000)
    assertTruthAgrees(logic)


def segmentOf(body, segmentId):
    from slicer.util import arrayFromSegmentBinaryLabelmap

    return arrayFromSegmentBinaryLabelmap(body[1], segmentId, body[0])


@pytest.mark.parametrize("which", [0, 1])
def test_a_deleted_input_ends_the_session_and_leaves_the_result(logic, body, core, which):
    logic.addAtSuggestedSite("hcc-portal", 5.0)
    result, hu = logic.results.volume, voxels(logic.results.volume).copy()
    core.scene.RemoveNode(body[which])
    assert not logic.isReady and not logic.lesions
    np.testing.assert_array_equal(voxels(result), hu)
    with pytest.raises(InputError, match="Choose a CT"):
        logic.addAtSuggestedSite()


def test_a_proposal_is_made_only_where_there_is_no_doubt(body, core):
    from SyntheticImagingLib import nodes
    from SyntheticTumorLib.Logic import TumorLogic

    logic = TumorLogic()
    proposed = logic.proposedInputs()
    assert (proposed.ctNode, proposed.organNode, proposed.organSegmentId) == (*body, "liver")
    ct, _, _ = tumor_bodies.body(size_mm=40.0)
    nodes.volumeNodeFromVolume(ct, "another")
    assert not logic.proposedInputs().complete
    logic.cleanup()
