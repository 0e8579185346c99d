"""Pretrained Segmenter from the console: models, runs, results and measures."""

import json

import numpy as np
import pytest
import segmentation_models as models
import segmenter_console as console

from synthetic_imaging.errors import InputError


@pytest.fixture
def folder(core, tmp_path, monkeypatch):
    """A folder with model.zip, the tiny package, and the catalog; no file of a request is left in the end."""
    with console.modelFolder(monkeypatch, tmp_path) as folder:
        yield folder


@pytest.fixture
def logic(folder):
    from PretrainedSegmenterLib.Logic import SegmenterLogic

    logic = SegmenterLogic()
    yield logic
    logic.cleanup()


@pytest.fixture
def ct(core):
    return console.addCt()


def test_models_are_imported_described_and_removed(logic, folder):
    heard = []
    logic.changed.connect(lambda: heard.append(1))
    entry = logic.importModel(folder / "model.zip")
    assert entry.id == "tiny" and entry.installed and logic.modelSizeMb("tiny") > 0 and heard
    assert [each.id for each in logic.models() if each.installed] == ["tiny"]
    found = logic.describe("tiny")
    assert found["channels"] == ["CT"] and [label["name"] for label in found["labels"]] == ["liver", "spleen"]
    assert found["card"]["limits"] == ("Finds nothing real.",) and logic.described(entry) == found
    assert logic.removeModel("tiny") > 0
    assert not [each for each in logic.models() if each.installed]
    with pytest.raises(InputError, match="no model 'tiny'"):
        logic.model("tiny")


def test_labels_become_segments_with_names_terms_colors_and_their_origin(logic, folder, ct):
    import slicer

    logic.importModel(folder / "model.zip")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "Study")
    hierarchy.CreateItem(study, ct)
    stages = []
    node = logic.segment(ct, "tiny", tileStep=0.7, onProgress=lambda stage, percent: stages.append(stage))
    assert "Segmenting" in " ".join(stages)
    expected = console.expectedLabels(folder / "model.zip", ct, tile_step=0.7)
    segments = node.GetSegmentation()
    assert segments.GetSegmentIDs() == ("liver", "spleen")
    for value, segmentId in enumerate(("liver", "spleen"), 1):
        assert np.array_equal(console.arrayOf(node, segmentId, ct) != 0, expected == value)
    liver = segments.GetSegment("liver")
    assert liver.GetName() == "Liver" and np.allclose(liver.GetColor(), np.array([221, 130, 101]) / 255)
    assert tagOf(liver, liver.GetTerminologyEntryTagName()).split("~")[2] == "SCT^10200004^Liver"
    digest = logic.model("tiny").sha256
    for name, text in {"Model": "tiny", "ModelVersion": "1.0.0", "ModelSha256": digest, "Preset": "quality"}.items():
        assert tagOf(liver, f"SyntheticImaging.{name}") == node.GetAttribute(f"SyntheticImaging.{name}") == text
    assert node.GetAttribute("SyntheticImaging.Prediction") == "1"
    assert node.GetAttribute("SyntheticImaging.Synthetic") is None, "it is a prediction of a patient's image"
    assert node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is ct
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) == study
    assert node.GetDisplayNode().GetVisibility2D()


def tagOf(segment, name):
    import vtk

    text = vtk.reference("")
    segment.GetTag(name, text)
    return str(text)


def test_each_run_is_a_new_node_and_nothing_is_overwritten(logic, folder, ct):
    before = np.array(console.addCt().GetImageData().GetPointData().GetScalars())
    first = logic.segment(ct, folder / "model.zip")
    second = logic.segment(ct, folder / "model.zip", preset="fast")
    assert first is not second and first.GetName() != second.GetName()
    assert second.GetAttribute("SyntheticImaging.Preset") == "fast"
    assert np.array_equal(np.array(ct.GetImageData().GetPointData().GetScalars()), before)


def test_a_hundred_labels_share_one_array(core, ct):
    from PretrainedSegmenterLib.results.Prediction import Prediction, absentIn, addPrediction
    from SyntheticImagingLib.grids import worldMatrix

    labels = np.zeros((20, 24, 22), np.uint8)
    labels[:10, :10, 0] = np.arange(1, 101).reshape(10, 10)
    entry = {"color": None, "category": None, "type": None}
    structures = [{"value": value, "name": f"part_{value}", **entry} for value in range(1, 103)]
    card = {"id": "many", "name": "Many", "version": ""}
    node = addPrediction(Prediction(labels, worldMatrix(ct), structures, card, "", "fast"), ct)
    segmentation = node.GetSegmentation()
    assert segmentation.GetNumberOfSegments() == 100 and absentIn(node) == ["part_101", "part_102"]
    assert segmentation.GetNumberOfLayers() == 1
    assert np.array_equal(console.arrayOf(node, "part_57", ct) != 0, labels == 57)
    colors = {segmentation.GetNthSegment(index).GetColor() for index in range(100)}
    assert len(colors) > 90, "neighbors can be told apart"


def test_a_result_lies_where_its_volume_lies_under_a_transform(logic, folder, ct):
    import slicer
    from slicer.util import vtkMatrixFromArray

    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    moved = np.eye(4)
    moved[:3, 3] = 5, -3, 8
    transform.SetMatrixTransformToParent(vtkMatrixFromArray(moved))
    ct.SetAndObserveTransformNodeID(transform.GetID())
    node = logic.segment(ct, folder / "model.zip")
    expected = console.expectedLabels(folder / "model.zip", ct)
    assert np.array_equal(console.arrayOf(node, "liver", ct) != 0, expected == 1)
    assert node.GetParentTransformNode() is transform


def test_only_around_an_organ_and_cleaned_up(logic, folder, ct):
    mask = np.zeros((20, 24, 22), np.uint8)
    mask[8:12, 10:14, 9:13] = 1
    region = console.addReference(ct, mask, {1: "Box"}, "Region")
    options = {"regionNode": region, "regionSegmentId": "box", "marginMm": 0}
    node = logic.segment(ct, folder / "model.zip", **options)
    everywhere = sum((console.arrayOf(node, each, ct) != 0).sum() for each in node.GetSegmentation().GetSegmentIDs())
    found = sum(
        (console.arrayOf(node, each, ct) != 0)[mask == 1].sum() for each in node.GetSegmentation().GetSegmentIDs()
    )
    assert found == everywhere > 0
    from scipy.ndimage import label

    one = logic.segment(ct, folder / "model.zip", steps=["largest_component", {"name": "fill_holes"}])
    assert label(console.arrayOf(one, "liver", ct), np.ones((3, 3, 3)))[1] == 1


def test_steps_of_the_description_come_first_unless_they_are_switched_off(logic, folder, ct):
    from scipy.ndimage import label

    models.package(folder / "cleaned.zip")  # keeps the largest piece of the liver
    cleaned, raw = (logic.segment(ct, folder / "cleaned.zip", ownSteps=own) for own in (True, False))
    pieces = [label(console.arrayOf(node, "liver", ct), np.ones((3, 3, 3)))[1] for node in (cleaned, raw)]
    assert pieces[0] == 1 < pieces[1]


def test_a_sequence_becomes_a_sequence(logic, folder):
    browser, volume = console.addSequence(3)
    node = logic.segment(volume, folder / "model.zip", wholeSequence=True)
    sequence = browser.GetSequenceNode(node)
    assert sequence.GetNumberOfDataNodes() == 3 and sequence.GetIndexName() == "phase"
    for index in range(3):
        browser.SetSelectedItemNumber(index)
        expected = console.expectedLabels(folder / "model.zip", volume)
        assert np.array_equal(console.arrayOf(node, "liver", volume) != 0, expected == 1)
    assert len(predictions()) == 1


def predictions():
    import slicer

    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    return [node for node in nodes if node.GetAttribute("SyntheticImaging.Prediction")]


@pytest.mark.parametrize(("change", "words"), [
    (lambda ct: {"volumes": None}, "No volume is chosen"),
    (lambda ct: {"volumes": [ct, ct]}, "takes 1 image"),
    (lambda ct: {"model": ""}, "No model is chosen"),
    (lambda ct: {"model": "nothing"}, "There is no model 'nothing'"),
    (lambda ct: {"volumes": console.addCt(below=False)}, "It looks like MR"),
    (lambda ct: {"preset": "best"}, "choose one of quality, balanced, fast"),
    (lambda ct: {"tiles": 2}, 'has no "tiles"'),
    (lambda ct: {"steps": ["polish"]}, "is no step after a model"),
    (lambda ct: {"wholeSequence": True}, "shows no sequence"),
    (lambda ct: {"volumes": emptyVolume()}, "has no voxels"),
    (lambda ct: {"volumes": withNan()}, "not numbers"),
    (lambda ct: {"volumes": fourDimensional()}, "color image with 3"),
    (lambda ct: {"device": "cuda"}, "No NVIDIA graphics card"),
    (lambda ct: {"model": damaged()}, "damaged.zip"),
])  # fmt: skip
def test_what_cannot_be_used_gets_a_sentence_and_changes_nothing(logic, folder, ct, noCuda, change, words, monkeypatch):
    monkeypatch.chdir(folder)
    arguments = {"volumes": ct, "model": str(folder / "model.zip"), **change(ct)}
    before = scene()
    with pytest.raises(InputError, match=words):
        logic.segment(**arguments)
    assert scene() == before


@pytest.fixture
def noCuda(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


def scene():
    import slicer

    # the application has one from the start
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)

    return [slicer.mrmlScene.GetNthNode(index).GetID() for index in range(slicer.mrmlScene.GetNumberOfNodes())]


def emptyVolume():
    import slicer

    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")


def withNan():
    from slicer.util import addVolumeFromArray

    array = np.zeros((8, 8, 8), np.float32)
    array[0, 0, 0] = np.nan
    return addVolumeFromArray(array, ijkToRAS=np.eye(4), name="Holes")


def fourDimensional():
    from slicer.util import addVolumeFromArray

    return addVolumeFromArray(
        np.zeros((8, 8, 8, 3), np.int16), ijkToRAS=np.eye(4), name="4D", nodeClassName="vtkMRMLVectorVolumeNode"
    )


def damaged():
    from pathlib import Path

    data = Path("model.zip").read_bytes()
    Path("damaged.zip").write_bytes(data[: len(data) // 2])
    return "damaged.zip"


def test_a_full_disk_is_said(logic, folder, ct, monkeypatch):
    import errno
    import os

    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("numpy.save", full)
    with pytest.raises(InputError, match=r"No space left on device.*Free some space"):
        logic.segment(ct, folder / "model.zip")
    assert not predictions()


def test_a_model_of_two_channels_takes_two_volumes_in_order(logic, folder):
    two = models.nnunet_folder(folder / "two", channels=("A", "B"), schemes=("ZScoreNormalization",) * 2)
    first, second = console.addCt("A"), console.addCt("B", seed=1)
    with pytest.raises(InputError, match=r"takes 2 images \(A, B\) and was given 1"):
        logic.segment(first, two)
    other = console.addCt("C", shape=(10, 12, 11))
    with pytest.raises(InputError, match='"C" lies on another grid than "A"'):
        logic.segment([first, other], two)
    assert logic.segment([first, second], two).GetSegmentation().GetNumberOfSegments()
    assert logic.describe(str(two))["channels"] == ["A", "B"]


def test_imports_and_downloads_that_cannot_be(logic, folder):
    for call, words in (
        (lambda: logic.importModel(""), "No file is chosen"),
        (lambda: logic.importModel(folder / "none.zip"), "does not exist"),
        (lambda: logic.downloadModel(" "), "No address is given"),
        (lambda: logic.downloadModel("http://example.com/model.zip"), "is not an https address"),
        (lambda: logic.downloadModel("totalsegmentator-tissue-types"), "no address to load it from"),
        (lambda: logic.removeModel("tiny"), "not on this computer"),
    ):
        with pytest.raises(InputError, match=words):
            call()
    (folder / "text.zip").write_text("nothing")
    with pytest.raises(InputError, match=r"text\.zip"):
        logic.importModel(folder / "text.zip")
    assert not [each for each in logic.models() if each.installed]


def test_measures_against_a_reference(logic, core, ct):
    from PretrainedSegmenterLib.results.Prediction import Prediction, addPrediction
    from SyntheticImagingLib import nodes
    from SyntheticImagingLib.grids import worldMatrix

    labels, truth = np.zeros((2, 20, 24, 22), np.uint8)
    labels[4:12, 4:12, 4:12], truth[4:12, 4:12, 6:14] = 1, 1
    truth[6:8, 6:8, 8:10] = 2  # a lesion that is found, within the liver
    labels[6:8, 6:8, 8:10] = 2
    truth[15:17, 15:17, 15:17] = 2  # and one that is missed
    names = ("liver", "liver_tumor", "spleen", "Kidney, left")
    structures = [
        {"value": v, "name": n, "color": None, "category": None, "type": None} for v, n in enumerate(names, 1)
    ]
    card = {"id": "t", "name": "T", "version": ""}
    node = addPrediction(Prediction(labels, worldMatrix(ct), structures, card, "", "fast"), ct)
    truth[18:, :4, :4] = 3
    reference = console.addReference(ct, truth, {1: "Liver", 2: "Liver tumor", 3: "Spleen"})
    # as by hand: the liver of the reference holds its lesion, and overlaps it
    nodes.setSegmentRegion(reference, "liver", (truth == 1) | (truth == 2), (slice(None),) * 3, ct)
    found = logic.evaluate(node, reference, toleranceMm=1)
    rows = {row["name"]: row for row in found["rows"]["scores"]}
    assert set(rows) == {"Liver", "Liver tumor", "Spleen"}
    a, b = labels == 1, (truth == 1) | (truth == 2)
    assert rows["Liver"]["dice"] == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))
    assert rows["Spleen"]["dice"] == 0, "the model knows the spleen and did not find it"
    sizes = {row["size"]: row for row in found["rows"]["sensitivity"]}
    assert (sizes["all"]["lesions"], sizes["all"]["found"]) == (2, 1)
    table = found["tables"]["scores"]
    titles = [table.GetColumnTitle(table.GetColumnName(i)) for i in range(table.GetNumberOfColumns())]
    assert titles[:8] == ["Structure", "Dice", "NSD", "VOE, %", "RVD, %", "ASD, mm", "RMSD, mm", "MSD, mm"]
    assert table.GetNumberOfRows() == 3 and set(found["tables"]) >= {"scores", "sensitivity", "lesions"}
    assert found["chart"].GetNumberOfPlotSeriesNodes() == 2
    json.dumps(found["notes"])


def test_what_cannot_be_compared_gets_a_sentence(logic, ct):
    labels = np.zeros((20, 24, 22), np.uint8)
    labels[4:8, 4:8, 4:8] = 1
    liver, bone = (console.addReference(ct, labels, {1: name}, name) for name in ("Liver", "Femur"))
    twice = console.addReference(ct, labels, {1: "Liver"}, "Twice")
    twice.GetSegmentation().AddEmptySegment("again", "liver")
    before = scene()
    for pair, options, words in (
        ((None, liver), {}, "No segmentation is chosen"),
        ((liver, None), {}, "No reference is chosen"),
        ((liver, liver), {}, "its own reference"),
        ((liver, bone), {}, "has the name or the term"),
        ((liver, twice), {}, "Two segments"),
        ((liver, console_copy(ct, labels)), {"lesions": ["mass"]}, '"mass" is no structure'),
        ((liver, bone), {"toleranceMm": -1}, "toleranceMm is -1"),
    ):
        with pytest.raises(InputError, match=words):
            logic.evaluate(*pair, **options)
    assert len(scene()) - len(before) <= 3, "only the copy was added"


def console_copy(ct, labels):
    return console.addReference(ct, labels, {1: "Liver"}, "Copy")
