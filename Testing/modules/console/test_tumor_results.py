"""Synthetic Tumor from the console: nodes, saved scenes, exports and growth."""

import errno
import json

import numpy as np
import pytest
from tumor_console import assertTruthAgrees, nodeNames, segment, voxels

from synthetic_imaging import tumor
from synthetic_imaging.errors import InputError
from synthetic_imaging.tumor import Growth


def test_results_are_marked_placed_and_coded(logic, body, core):
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(core.scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "Study")
    hierarchy.CreateItem(study, body[0])
    logic.addAtSuggestedSite("hcc-portal", 6.0)
    results = logic.results
    assert results.volume.GetName() == "CT synthetic"
    for node in results.nodes():
        assert node.GetAttribute("SyntheticImaging.Synthetic") == "1"
        assert node.GetNodeReference("SyntheticImaging.Source") is body[0]
        assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) == study
    segmentation = results.segmentation.GetSegmentation()
    assert segmentation.GetSegment("organ").GetColor() == pytest.approx([221 / 255, 130 / 255, 101 / 255])
    lesion = segmentation.GetSegment("lesion_1")
    assert lesion.GetName() == "Lesion 1 (synthetic)"
    assert lesion.GetColor() == pytest.approx([144 / 255, 238 / 255, 144 / 255])
    assert tag(lesion, lesion.GetTerminologyEntryTagName()).count("4147007") == 1
    assert "10200004" in tag(lesion, lesion.GetTerminologyEntryTagName())
    assert tag(lesion, "SyntheticImaging.Synthetic") == "1"
    assert tag(lesion, "SyntheticImaging.Preset") == "hcc-portal"
    record = json.loads(results.record.GetText())
    assert record["lesions"][0]["measured"]["volume_ml"] == pytest.approx(logic.measures[0]["volume_ml"])


def tag(segment, name):
    import vtk

    value = vtk.reference("")
    segment.GetTag(name, value)
    return str(value)


@pytest.mark.parametrize("role", ["volume", "segmentation", "points", "record"])
def test_deleted_results_come_back_at_the_next_change(logic, core, role):
    logic.addAtSuggestedSite("hcc-portal", 5.0)
    core.scene.RemoveNode(getattr(logic.results, role))
    assert getattr(logic.results, role) is None
    logic.addAtSuggestedSite("cyst", 4.0)
    assertTruthAgrees(logic)
    logic.undo()
    assertTruthAgrees(logic)


def test_a_saved_scene_is_restored_bit_for_bit(logic, core, tmp_path):
    from SyntheticTumorLib.Logic import TumorLogic

    logic.addSeveral("small", 2, "metastasis-colorectal", seed=1)
    logic.updateLesion(0, lobulation=0.7)
    logic.setLesionVisible(1, False)
    lesions, hu = logic.lesions, voxels(logic.results.volume).copy()
    file = str(tmp_path / "scene.mrb")
    for node in core.scene.GetNodes() if hasattr(core.scene.GetNodes(), "__iter__") else ():
        if node.IsA("vtkMRMLStorableNode") and node.GetStorageNode() is None:
            node.AddDefaultStorageNode()
    assert core.scene.WriteToMRB(file)
    core.scene.Clear(0)
    assert not logic.isReady
    assert core.scene.ReadFromMRB(file, True)
    restored = TumorLogic()
    restored.restore()
    assert restored.lesions == lesions
    assert not restored.canUndo
    np.testing.assert_array_equal(voxels(restored.results.volume), hu)
    assertTruthAgrees(restored)
    assert restored.results.volume.GetName() == "CT synthetic"
    restored.setLesionVisible(1, True)
    assertTruthAgrees(restored)
    restored.cleanup()


def test_choosing_the_same_input_takes_its_lesions_up_again(logic, body):
    logic.addAtSuggestedSite("hcc-portal", 5.0)
    lesions, volume = logic.lesions, logic.results.volume
    logic.release()
    assert not logic.lesions
    logic.setInput(body[0], body[1], "liver")
    assert logic.lesions == lesions and logic.results.volume is volume
    assertTruthAgrees(logic)


def test_restoring_into_another_ct_is_said(logic, body):
    from slicer.util import arrayFromVolumeModified

    logic.addAtSuggestedSite("hcc-portal", 5.0)
    logic.release()
    voxels(body[0])[0, 0, 0] += 1
    arrayFromVolumeModified(body[0])
    logic.restore()
    assert any("is not the CT" in message for message in logic.messages)


def test_export_writes_what_the_shell_writes(logic, tmp_path):
    logic.addSeveral("tiny", 2, "cyst", seed=2)
    paths = logic.exportTo(tmp_path / "out")
    assert sorted(path.name for path in paths.values()) == ["ct.nrrd", "instances.nrrd", "labels.nrrd", "lesions.json"]
    from synthetic_imaging.io import read_volume

    np.testing.assert_array_equal(read_volume(paths["ct"]).numpy(), voxels(logic.results.volume))
    np.testing.assert_array_equal(
        read_volume(paths["instances"]).numpy() > 0, (segment(logic, "lesion_1") + segment(logic, "lesion_2")) > 0
    )
    assert tumor.lesions_of(paths["lesions"].read_text()) == list(logic.lesions)


def test_export_to_a_place_that_cannot_be_written_leaves_nothing(logic, tmp_path, monkeypatch):
    import SimpleITK as sitk

    logic.addAtSuggestedSite("cyst", 4.0)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="could not be written"):
        logic.exportTo(tmp_path / "file" / "out")
    with pytest.raises(InputError, match="No folder is chosen"):
        logic.exportTo("")

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sitk, "WriteImage", full)
    monkeypatch.setattr(sitk.ImageFileWriter, "Execute", full)
    with pytest.raises(InputError, match="free some space"):
        logic.exportTo(tmp_path / "new" / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_growth_is_a_sequence_of_days(logic, body):
    logic.addSeveral("tiny", 2, "hcc-portal", seed=4)
    browser = logic.createGrowthSequence(0, doublingTimeDays=60.0, frameCount=3, intervalDays=90.0)
    images, labels = (
        browser.GetMasterSequenceNode(),
        browser.GetSequenceNode(browser.GetProxyNode(sequences(browser)[1])),
    )
    assert [images.GetNthIndexValue(index) for index in range(3)] == ["0", "90", "180"]
    assert (images.GetIndexName(), images.GetIndexUnit()) == ("time", "day")
    frames = [images.GetNthDataNode(index) for index in range(3)]
    np.testing.assert_array_equal(voxels(frames[0]), voxels(logic.results.volume))
    radii = [float(frame.GetAttribute("SyntheticTumor.RadiusMm")) for frame in frames]
    assert radii == pytest.approx([radii[0] * 2 ** (day / 180) for day in (0, 90, 180)], abs=1e-3)
    sizes = [int((voxels(labels.GetNthDataNode(index)) == 2).sum()) for index in range(3)]
    assert sizes[0] < sizes[1] < sizes[2]
    proxy = browser.GetProxyNode(images)
    browser.SetSelectedItemNumber(2)
    import slicer

    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    np.testing.assert_array_equal(voxels(proxy), voxels(frames[2]))
    assert proxy.GetAttribute("SyntheticImaging.Synthetic") == "1"
    assertTruthAgrees(logic)


def sequences(browser):
    import vtk

    found = vtk.vtkCollection()
    browser.GetSynchronizedSequenceNodes(found, True)
    return [found.GetItemAsObject(index) for index in range(found.GetNumberOfItems())]


def test_growth_of_the_organ_region_lies_where_the_organ_is(logic):
    logic.addAtSuggestedSite("hcc-portal", 5.0)
    browser = logic.createGrowthSequence(0, frameCount=2, cropToOrgan=True)
    frame = browser.GetMasterSequenceNode().GetNthDataNode(0)
    region = logic.case.region.slices
    np.testing.assert_array_equal(voxels(frame), voxels(logic.results.volume)[region])
    first = logic.case.ct.ras_from_ijk([part.start for part in reversed(region)])
    assert frame.GetOrigin() == pytest.approx(tuple(first))


def test_growth_that_is_canceled_leaves_nothing(logic, core):
    logic.addAtSuggestedSite("hcc-portal", 5.0)
    before = nodeNames(core)
    steps = logic.growthSteps(0, Growth())
    percents = [next(steps)[1] for _ in range(4)]
    assert percents == sorted(percents)
    steps.close()
    assert nodeNames(core) == before


def test_a_scene_closed_in_the_middle_of_everything(logic, core):
    logic.addAtSuggestedSite("hcc-portal", 5.0)
    growth = logic.growthSteps(0, Growth())
    next(growth), next(growth), next(growth)
    again = logic.restoreSteps()
    next(again)
    logic.editing.preview(0, {"radius_mm": 6.0})
    core.scene.Clear(0)
    logic.editing.commit()
    growth.close()
    again.close()
    assert not logic.isReady and not logic.lesions and not logic.results.nodes()
    assert core.scene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") == 0
