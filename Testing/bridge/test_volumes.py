"""Volume nodes as core volumes, and back."""

import numpy as np
import pytest
import slicer
import vtk
from slicer.util import arrayFromVolume, vtkMatrixFromArray

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import nodes


def addTransform(scene, matrix):
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(vtkMatrixFromArray(matrix))
    return node


def bend(scene):
    grid = vtk.vtkThinPlateSplineTransform()
    points = vtk.vtkPoints()
    for point in ((0, 0, 0), (50, 0, 0), (0, 50, 0), (0, 0, 50), (50, 50, 50)):
        points.InsertNextPoint(point)
    moved = vtk.vtkPoints()
    moved.DeepCopy(points)
    moved.SetPoint(4, 60, 55, 45)
    grid.SetSourceLandmarks(points)
    grid.SetTargetLandmarks(moved)
    grid.SetBasisToR()
    node = scene.AddNewNodeByClass("vtkMRMLTransformNode", "Bend")
    node.SetAndObserveTransformToParent(grid)
    return node


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.int32, np.float32])
def test_volume_shares_the_memory_and_geometry_of_the_node(addVolume, dtype):
    node = addVolume(dtype=dtype)
    volume = nodes.volumeFromNode(node)
    assert volume.shape == (12, 20, 24)
    assert volume.numpy().dtype == dtype
    arrayFromVolume(node)[3, 4, 5] = 77
    assert volume.data[3, 4, 5] == 77
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    for ijk in ((0, 0, 0), (5, 4, 3), (23, 19, 11)):
        assert np.allclose(volume.ras_from_ijk(ijk), matrix.MultiplyPoint((*ijk, 1))[:3])


def test_linear_parent_transforms_count(scene, addVolume):
    node = addVolume()
    before = nodes.volumeFromNode(node).ijk_to_ras
    outer = np.diag([1.0, 1, 1, 1])
    outer[:3, 3] = (10, 20, 30)
    inner = np.array([[0, -1.0, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]])
    outerNode, innerNode = addTransform(scene, outer), addTransform(scene, inner)
    innerNode.SetAndObserveTransformNodeID(outerNode.GetID())
    node.SetAndObserveTransformNodeID(innerNode.GetID())
    assert np.allclose(nodes.volumeFromNode(node).ijk_to_ras, outer @ inner @ before)


def test_refusals_say_what_to_do(scene, addVolume):
    with pytest.raises(InputError, match="Load a CT"):
        nodes.volumeFromNode(None)
    for stranger in ("CT", scene.AddNewNodeByClass("vtkMRMLModelNode", "Bone")):
        with pytest.raises(InputError, match="is not a volume"):
            nodes.volumeFromNode(stranger)
    with pytest.raises(InputError, match="no voxels"):
        nodes.volumeFromNode(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty"))

    color = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Photo")
    image = vtk.vtkImageData()
    image.SetDimensions(4, 4, 4)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    color.SetAndObserveImageData(image)
    with pytest.raises(InputError, match="color image"):
        nodes.volumeFromNode(color)

    for value in (np.nan, np.inf, -np.inf):
        broken = addVolume(dtype=np.float32)
        arrayFromVolume(broken)[1, 2, 3] = value
        with pytest.raises(InputError, match="not numbers"):
            nodes.volumeFromNode(broken)

    bent = addVolume()
    bent.SetAndObserveTransformNodeID(bend(scene).GetID())
    with pytest.raises(InputError, match=r'"Bend".*Harden'):
        nodes.volumeFromNode(bent)

    sheared = addVolume()
    shear = np.eye(4)
    shear[0, 1] = 0.3
    sheared.SetAndObserveTransformNodeID(addTransform(scene, shear).GetID())
    with pytest.raises(InputError, match="right angles"):
        nodes.volumeFromNode(sheared)


@pytest.mark.parametrize("whole", [True, False])
def test_region_update_changes_the_region_only_and_tells_once(addVolume, whole):
    node = addVolume()
    before = arrayFromVolume(node).copy()
    region = (slice(2, 5), slice(4, 9), slice(0, 24))
    new = np.full_like(before, 55) if whole else np.full((3, 5, 24), 55, np.int16)
    calls = []
    node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: calls.append("node"))
    time = node.GetImageData().GetMTime()
    nodes.updateVolumeNodeRegion(node, new, region)
    after = arrayFromVolume(node)
    assert (after[region] == 55).all()
    after[region] = before[region]
    assert (after == before).all()
    assert calls == ["node"]
    assert node.GetImageData().GetMTime() > time
    nodes.updateVolumeNodeRegion(node, new, None)
    assert calls == ["node"]


def test_clone_leaves_the_input_as_it_was(scene, addVolume):
    node = addVolume()
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    transform = addTransform(scene, np.diag([1.0, 1, 1, 1]))
    node.SetAndObserveTransformNodeID(transform.GetID())
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Patient")
    study = hierarchy.CreateStudyItem(patient, "Study")
    hierarchy.CreateItem(study, node)
    before, time = arrayFromVolume(node).copy(), node.GetMTime()

    clone = nodes.cloneVolumeNode(node, "CT synthetic")
    arrayFromVolume(clone)[:] = 0

    assert clone.GetName() == "CT synthetic"
    assert (arrayFromVolume(node) == before).all()
    assert node.GetMTime() == time
    assert np.allclose(nodes.worldMatrix(clone), nodes.worldMatrix(node))
    assert clone.GetDisplayNode() is not None and clone.GetDisplayNode() is not node.GetDisplayNode()
    assert clone.GetAttribute("SyntheticImaging.Synthetic") == "1"
    assert clone.GetAttribute("DICOM.instanceUIDs") is None
    assert clone.GetNodeReference("SyntheticImaging.Source") is node
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(clone)) == study


def test_place_beside_moves_an_item_and_works_without_a_study(scene, addVolume):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    ct, record = addVolume(), nodes.createTextNode("Record", '{"a": 1}')
    hierarchy.CreateItem(hierarchy.GetSceneItemID(), record)
    nodes.placeBeside(record, ct)
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(record)) == hierarchy.GetSceneItemID()
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "Case")
    hierarchy.CreateItem(folder, ct)
    nodes.placeBeside(record, ct)
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(record)) == folder
    assert record.GetText() == '{"a": 1}'


def test_volume_node_from_a_core_volume(addVolume):
    source = nodes.volumeFromNode(addVolume())
    node = nodes.volumeNodeFromVolume(source, "Copy")
    back = nodes.volumeFromNode(node)
    assert back.same_grid(source)
    assert (back.numpy() == source.numpy()).all()
    source.data[0, 0, 0] += 1
    assert back.data[0, 0, 0] != source.data[0, 0, 0]


def test_bounding_region():
    mask = np.zeros((5, 6, 7), bool)
    assert nodes.boundingRegion(mask) is None
    mask[1:3, 2, 3:7] = True
    assert nodes.boundingRegion(mask) == (slice(1, 3), slice(2, 3), slice(3, 7))
