"""Segments as arrays on a volume's grid, and back."""

import numpy as np
import pytest
import slicer
import vtk
from slicer.util import vtkMatrixFromArray

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import nodes

SHAPE = (12, 20, 24)
A, B, INNER = (slice(1, 6),) * 3, (slice(7, 12),) * 3, (slice(2, 4), slice(2, 5), slice(2, 6))


def box(region, shape=SHAPE):
    mask = np.zeros(shape, np.uint8)
    mask[region] = 1
    return mask


def read(segmentation, segmentId, ct):
    return nodes.labelsFromSegment(segmentation, segmentId, ct).numpy()


@pytest.fixture
def case(addVolume):
    """A CT and a segmentation with segments a and b that share one labelmap, and c, which lies within a."""
    ct = addVolume(SHAPE)
    segmentation = nodes.createSegmentation(ct, "CT segmentation")
    for name, region in (("a", A), ("b", B), ("c", INNER)):
        nodes.addSegment(segmentation, name, name.upper())
        nodes.setSegmentRegion(segmentation, name, box(region), (slice(0, 12), slice(0, 20), slice(0, 24)), ct)
    return ct, segmentation


def test_segments_come_back_voxel_for_voxel(case):
    ct, segmentation = case
    for name, region in (("a", A), ("b", B), ("c", INNER)):
        labels = nodes.labelsFromSegment(segmentation, name, ct)
        assert labels.numpy().dtype == np.uint8
        assert (labels.numpy() == box(region)).all()
        assert labels.same_grid(nodes.volumeFromNode(ct))
    assert segmentation.GetSegmentation().GetNumberOfLayers("Binary labelmap") == 2


@pytest.mark.parametrize("segmentId", ["a", "b", "c"])
@pytest.mark.parametrize("whole", [True, False])
def test_region_write_keeps_the_rest_and_the_other_segments(case, segmentId, whole):
    ct, segmentation = case
    expected = {name: read(segmentation, name, ct) for name in "abc"}
    region = (slice(3, 9), slice(3, 9), slice(3, 9))
    new = np.random.default_rng(1).integers(0, 2, SHAPE).astype(np.uint8)
    expected[segmentId][region] = new[region]
    nodes.setSegmentRegion(segmentation, segmentId, new if whole else new[region], region, ct)
    for name in "abc":
        assert (read(segmentation, name, ct) == expected[name]).all(), name


def test_region_write_empties_and_refills(case):
    ct, segmentation = case
    region = (slice(0, 7),) * 3
    nodes.setSegmentRegion(segmentation, "a", np.zeros((7, 7, 7)), region, ct)
    with pytest.raises(InputError, match="empty"):
        read(segmentation, "a", ct)
    nodes.setSegmentRegion(segmentation, "a", box(INNER)[region], region, ct)
    assert (read(segmentation, "a", ct) == box(INNER)).all()
    assert (read(segmentation, "b", ct) == box(B)).all()
    nodes.setSegmentRegion(segmentation, "a", np.ones((7, 7, 7)), None, ct)
    assert (read(segmentation, "a", ct) == box(INNER)).all()


def test_region_write_into_a_segment_on_another_grid(addVolume):
    fine, coarse = addVolume((24, 40, 48), ijkToRAS=np.diag([1, 1, 1, 1.0])), None
    segmentation = nodes.createSegmentation(fine, "Fine")
    nodes.addSegment(segmentation, "a", "A")
    nodes.addSegment(segmentation, "b", "B")
    everything = (slice(0, 24), slice(0, 40), slice(0, 48))
    nodes.setSegmentRegion(segmentation, "a", box((slice(4, 12),) * 3, (24, 40, 48)), everything, fine)
    nodes.setSegmentRegion(segmentation, "b", box((slice(14, 20),) * 3, (24, 40, 48)), everything, fine)
    coarseMatrix = np.diag([2, 2, 2, 1.0])
    coarseMatrix[:3, 3] = 0.5
    coarse = addVolume((12, 20, 24), ijkToRAS=coarseMatrix)
    assert (read(segmentation, "a", coarse) == box((slice(2, 6),) * 3)).all()
    region = (slice(2, 3), slice(2, 6), slice(2, 6))
    nodes.setSegmentRegion(segmentation, "a", np.zeros((1, 4, 4)), region, coarse)
    assert (read(segmentation, "a", coarse) == box((slice(3, 6), slice(2, 6), slice(2, 6)))).all()
    assert (read(segmentation, "b", fine) == box((slice(14, 20),) * 3, (24, 40, 48))).all()


def test_transforms_of_both_nodes_count(scene, addVolume):
    ct = addVolume(SHAPE, ijkToRAS=np.diag([1, 1, 2, 1.0]))
    segmentation = nodes.createSegmentation(ct, "S")
    nodes.addSegment(segmentation, "a", "A")
    shift = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = np.eye(4)
    matrix[:3, 3] = (3, 0, 4)  # three voxels along i, two along k
    shift.SetMatrixTransformToParent(vtkMatrixFromArray(matrix))
    segmentation.SetAndObserveTransformNodeID(shift.GetID())
    nodes.setSegmentRegion(segmentation, "a", box(A), (slice(0, 12), slice(0, 20), slice(0, 24)), ct)
    assert (read(segmentation, "a", ct) == box(A)).all()
    segmentation.SetAndObserveTransformNodeID(None)
    moved = read(segmentation, "a", ct)
    assert moved[0:4, 1:6, 0:3].all() and moved.sum() == 4 * 5 * 3


def test_surface_only_segments_are_voxelized(scene, addVolume):
    ct = addVolume((30, 40, 40), ijkToRAS=np.diag([1, 1, 1, 1.0]))
    sphere = vtk.vtkSphereSource()
    sphere.SetCenter(20, 20, 15)
    sphere.SetRadius(8)
    sphere.SetThetaResolution(60)
    sphere.SetPhiResolution(60)
    sphere.Update()
    segmentation = nodes.createSegmentation(ct, "Surface")
    segmentation.AddSegmentFromClosedSurfaceRepresentation(sphere.GetOutput(), "Ball", [1, 0, 0], "ball")
    labels = read(segmentation, "ball", ct)
    assert labels.sum() == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.05)


def test_refusals_say_what_to_do(scene, case, addVolume):
    ct, segmentation = case
    with pytest.raises(InputError, match="No organ segment"):
        nodes.labelsFromSegment(None, "a", ct)
    with pytest.raises(InputError, match="No organ segment"):
        nodes.labelsFromSegment(segmentation, "nothing", ct)
    nodes.addSegment(segmentation, "empty", "Liver")
    with pytest.raises(InputError, match='"Liver" is empty'):
        nodes.labelsFromSegment(segmentation, "empty", ct)
    far = np.eye(4)
    far[:3, 3] = 5000
    with pytest.raises(InputError, match="outside the volume"):
        nodes.labelsFromSegment(segmentation, "a", addVolume(SHAPE, ijkToRAS=far))


def test_observers_and_the_surface_follow_a_write(case):
    ct, segmentation = case
    assert segmentation.CreateClosedSurfaceRepresentation()
    calls = []
    observed = slicer.vtkSegmentation.SourceRepresentationModified
    segmentation.GetSegmentation().AddObserver(observed, lambda *_: calls.append(1))
    before = segmentation.GetClosedSurfaceInternalRepresentation("c").GetBounds()
    nodes.setSegmentRegion(segmentation, "c", np.ones((2, 2, 2)), (slice(8, 10),) * 3, ct)
    assert calls
    after = segmentation.GetClosedSurfaceInternalRepresentation("c").GetBounds()
    assert after[5] > before[5] + 10


def test_segmentation_from_labels_and_its_terms(addVolume):
    ct = addVolume(SHAPE)
    labels = box(A) + 2 * box(B)
    names = {0: "background", 1: "liver", 2: "kidney, left", 3: "Spleen"}
    segmentation = nodes.segmentationFromLabels(nodes.volumeFromNode(ct).like(labels), names, ct, "Organs")
    inside = segmentation.GetSegmentation()
    assert [inside.GetSegment(i).GetName() for i in inside.GetSegmentIDs()] == ["Liver", "Kidney, left", "Spleen"]
    assert (read(segmentation, inside.GetSegmentIdBySegmentName("Liver"), ct) == box(A)).all()
    assert (read(segmentation, inside.GetSegmentIdBySegmentName("Kidney, left"), ct) == box(B)).all()
    assert inside.GetSegment(inside.GetSegmentIdBySegmentName("Liver")).GetColor() == pytest.approx(
        (221 / 255, 130 / 255, 101 / 255)
    )
    assert inside.GetNumberOfLayers("Binary labelmap") == 1


def test_names_colors_terms_and_tags_survive_a_file(scene, case, tmp_path):
    ct, segmentation = case
    tags = {"SyntheticImaging.Lesion": '{"seed": 3}'}
    nodes.addSegment(segmentation, "lesion_1", "Lesion 1 (synthetic)", "mass", "liver", tags)
    nodes.setSegmentRegion(segmentation, "lesion_1", np.ones((3, 3, 3)), (slice(5, 8),) * 3, ct)
    path = str(tmp_path / "Läsion.seg.nrrd")
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(path)
    assert storage.WriteData(segmentation)
    back = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert storage.ReadData(back)
    segment = back.GetSegmentation().GetSegment("lesion_1")
    assert segment.GetName() == "Lesion 1 (synthetic)"
    assert segment.GetColor() == pytest.approx((144 / 255, 238 / 255, 144 / 255), abs=1e-3)
    value = vtk.reference("")
    assert segment.GetTag("SyntheticImaging.Lesion", value) and str(value) == '{"seed": 3}'
    assert segment.GetTag(segment.GetTerminologyEntryTagName(), value)
    assert "SCT^4147007^Mass" in str(value) and "SCT^10200004^Liver" in str(value)
    assert (read(back, "lesion_1", ct) == box((slice(5, 8),) * 3)).all()


@pytest.mark.parametrize("segmentId", ["a", "c"])
def test_emptying_a_region_is_told(case, segmentId):
    """Also in a labelmap that segments share, where Slicer itself keeps quiet about a mask that is empty."""
    ct, segmentation = case
    told = []
    event = slicer.vtkSegmentation.SourceRepresentationModified
    segmentation.GetSegmentation().AddObserver(event, lambda caller, name: told.append(name))
    segmentation.CreateClosedSurfaceRepresentation()
    told.clear()
    nodes.setSegmentRegion(
        segmentation, segmentId, np.zeros((1, 2, 2), bool), (slice(2, 3), slice(2, 4), slice(2, 4)), ct
    )
    assert told
    assert read(segmentation, segmentId, ct)[2, 2:4, 2:4].sum() == 0
