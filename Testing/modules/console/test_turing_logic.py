"""Visual Turing from the console: a study of scene nodes with a made half, of files, its report as nodes."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import study_bodies
from turing_bodies import IMAGES, PASSPHRASE, addToScene, writeTable

from synthetic_imaging.errors import InputError
from synthetic_imaging.io import read_volume, write_volume
from synthetic_imaging.reading import key as keys
from synthetic_imaging.reading.conduct.session import open_session
from synthetic_imaging.reading.statistics.observers import OBSERVERS, read_session
from synthetic_imaging.reading.study import Study


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    return study_bodies.write_inputs(folder, count=4)


@pytest.fixture
def turing(core):
    from VisualTuringLib.Logic import TuringLogic

    logic = TuringLogic()
    yield logic
    logic.cleanup()


def temporaryFolders():
    return set(Path(tempfile.gettempdir()).glob("visual-turing-*"))


def addAll(turing, inputs):
    for case, volume, points, organ in addToScene(inputs):
        radiusMm = case.lesions[0].radius_mm if case.lesions else 0
        turing.addVolume(
            volume, case.truth, points, radiusMm=radiusMm, organNode=organ, organSegmentId="liver", scanner="A"
        )


def sceneContent(core):
    nodes = [core.scene.GetNthNode(index) for index in range(core.scene.GetNumberOfNodes())]
    return [(node.GetID(), node.GetName(), node.GetMTime()) for node in nodes if node.IsA("vtkMRMLDisplayableNode")]


def test_images_that_are_not_in_hu_are_refused_unless_that_is_accepted(turing, inputs, tmp_path):
    shifted = []
    for case in inputs:
        ct = read_volume(case.image)
        image = write_volume(tmp_path / case.image.name, ct.like(ct.numpy() + 1024))
        organ = write_volume(tmp_path / case.organ.name, read_volume(case.organ))
        shifted.append(replace(case, image=image, organ=organ))
    turing.addTable(writeTable(tmp_path / "cases.csv", shifted))
    arguments = (tmp_path / "study", PASSPHRASE, {"cue": True}, IMAGES)
    with pytest.raises(InputError, match=r"HU \+ 1024.*Accept as HU"):
        turing.newStudy(*arguments, secret=3)
    assert not (tmp_path / "study").exists()
    assert turing.newStudy(*arguments, secret=3, acceptHu=True, acceptLeaks=True)["cases"] == 8


def test_a_study_of_scene_nodes_with_a_made_half(core, turing, inputs, tmp_path):
    addAll(turing, inputs)
    assert [case.truth for case in turing.cases] == ["real"] * 4 + ["host"] * 3
    assert [case.lesionCount for case in turing.cases] == [1] * 4 + [0] * 3
    before, temporary, steps = sceneContent(core), temporaryFolders(), []
    found = turing.newStudy(
        tmp_path / "study", PASSPHRASE, {"cue": True}, IMAGES, onProgress=lambda *step: steps.append(step), secret=3
    )
    assert found["cases"] == 8 and found["leaks"] == []
    assert sceneContent(core) == before and temporaryFolders() == temporary
    assert ("1 of 7", 0) in steps and any(stage.startswith("Image 8 of 8") for stage, _ in steps)
    values = keys.unseal(tmp_path / "study.key.json", PASSPHRASE)
    sources = {Path(case["source"]).name for case in values["cases"].values() if case["truth"] == "real"}
    assert sources == {f"patient0{n}.nii" for n in range(4)}
    radii = {case.lesions[0].radius_mm for case in inputs if case.lesions}
    real = [case for case in values["cases"].values() if case["truth"] == "real"]
    assert {round(case["lesions"][0]["radius_mm"], 6) for case in real} == {round(radius, 6) for radius in radii}
    assert turing.check(tmp_path / "study", PASSPHRASE)["leaks"] == []


def test_a_study_that_cannot_be_made_leaves_nothing(core, turing, inputs, tmp_path):
    temporary = temporaryFolders()
    with pytest.raises(InputError, match="no cases yet"):
        turing.newStudy(tmp_path / "study", PASSPHRASE)
    addAll(turing, inputs[:4])
    turing.removeCases([0, 1])
    assert len(turing.cases) == 2
    with pytest.raises(InputError, match="only in the scene"):
        turing.saveCases(tmp_path / "saved.csv")
    with pytest.raises(InputError, match="too short"):
        turing.newStudy(tmp_path / "study", "short")
    with pytest.raises(InputError, match="No folder"):
        turing.newStudy("", PASSPHRASE)
    with pytest.raises(InputError, match="switch the cue on"):
        turing.newStudy(tmp_path / "study", PASSPHRASE, {"cue": False}, IMAGES)
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        turing.newStudy(tmp_path / "study", PASSPHRASE, {"cue": True}, IMAGES)
    assert [path.name for path in tmp_path.iterdir()] == ["study"] and temporaryFolders() == temporary
    core.scene.RemoveNode(turing.cases[0].volumeNode)
    assert len(turing.cases) == 1


def test_an_image_must_be_what_it_is_given_for(core, turing, inputs, tmp_path):
    ((_, volume, _points, organ),) = addToScene(inputs[-1:])
    with pytest.raises(InputError, match="No volume is chosen"):
        turing.addVolume(None, "real")
    with pytest.raises(InputError, match="has no organ"):
        turing.addVolume(volume, "host")
    with pytest.raises(InputError, match="segment of the organ"):
        turing.addVolume(volume, "host", organNode=organ, organSegmentId="spleen")
    with pytest.raises(InputError, match="truth 'fake'; write real, synthetic or host"):
        turing.addVolume(volume, "fake")
    with pytest.raises(InputError, match="is not a folder"):
        turing.addFolder(tmp_path / "nowhere", "real")
    assert turing.cases == ()


def test_lesions_of_a_segment_and_of_synthetic_tumor_are_known(core, turing, inputs, logic, tmp_path):
    """``logic`` is that of Synthetic Tumor with a CT."""
    index = logic.addLesion(logic.case.clearest_site(), radiusMm=6.0)
    lesion = logic.lesions[index]
    turing.addVolume(logic.results.volume, "synthetic")
    turing.addVolume(logic.inputs.ctNode, "real", logic.results.segmentation, lesionsSegmentId="lesion_1")
    assert [case.lesionCount for case in turing.cases] == [1, 1]
    recorded, measured = (case.written(tmp_path, {})["lesions"][0] for case in turing.cases)
    assert recorded["center_ras"] == pytest.approx(lesion.center_ras)
    assert measured["center_ras"] == pytest.approx(lesion.center_ras, abs=1.0)
    assert measured["radius_mm"] == pytest.approx(recorded["radius_mm"], rel=0.1) == pytest.approx(6.0, rel=0.1)


def test_files_are_read_reported_and_shown(core, turing, inputs, tmp_path):
    folder = Path(inputs[0].image).parent
    assert turing.addTable(writeTable(folder / "cases.csv", inputs)) == 7
    turing.saveCases(tmp_path / "saved.csv")
    values = [case.values for case in turing.cases]
    turing.clearCases()
    turing.addTable(tmp_path / "saved.csv")
    assert [case.values for case in turing.cases] == values
    turing.newStudy(tmp_path / "study", PASSPHRASE, {"cue": True, "title": "Liver"}, IMAGES, secret=4)
    assert turing.status(tmp_path / "study").readers == ()
    with pytest.raises(InputError, match="Nothing has been read"):
        turing.report(tmp_path / "study", PASSPHRASE)
    assert not (tmp_path / "study-report").exists()
    study = Study.load(tmp_path / "study")
    values = keys.unseal(tmp_path / "study.key.json", PASSPHRASE)
    truth = {code: case["truth"] for code, case in values["cases"].items()}
    apart = tmp_path / "answers"
    for number, name in enumerate(("Ada", "Berta")):
        with open_session(study, name, answers=apart) as session:
            read_session(session, truth, OBSERVERS["cue-using"], seed=number)
    assert turing.status(tmp_path / "study").readers == ()
    (ada, berta) = turing.status(tmp_path / "study", apart).readers
    assert ada.of(1) == berta.of(1) == (10, 10)
    report = turing.report(tmp_path / "study", PASSPHRASE, answers=apart)
    assert json.loads((tmp_path / "study-report" / "results.json").read_text()) == report["analysis"]
    nodes = turing.reportNodes(report["analysis"])
    readers = nodes["tables"]["readers"]
    assert readers.GetNumberOfRows() == 2 and readers.GetName() == "Liver: Readers"
    assert readers.GetCellText(0, readers.GetColumnIndex("cases")) == "8"
    assert set(nodes["charts"]) == {"roc", "sensitivity", "answers"}
    assert nodes["charts"]["roc"].GetNumberOfPlotSeriesNodes() == 3
    codes = {case.code for case in study.cases}
    texts = {node.GetCellText(row, column) for node in nodes["tables"].values()
             for row in range(node.GetNumberOfRows()) for column in range(node.GetNumberOfColumns())}  # fmt: skip
    assert not codes & texts, "which case was what is not in the scene"


def test_radiographs_become_a_study_too(turing, tmp_path):
    """Noise that differs by chance alone, half of it called synthetic."""
    from PIL import Image

    rng = np.random.default_rng(2)
    for truth in ("real", "synthetic"):
        (tmp_path / truth).mkdir()
        for number in range(4):
            pixels = rng.integers(0, 255, (40, 30)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / truth / f"film{number}.png")
        assert turing.addFolder(tmp_path / truth, truth, "detector 1") == 4
    images = {"modality": "xray", "size_px": 64}
    with pytest.raises(InputError, match="no lesion position"):
        turing.newStudy(tmp_path / "study", PASSPHRASE, modality="xray")
    found = turing.newStudy(tmp_path / "study", PASSPHRASE, {"modality": "xray", "cue": False}, images, secret=1)
    assert found["cases"] == 8 and found["leaks"] == []
    with pytest.raises(InputError, match="make them one"):
        turing.newStudy(tmp_path / "other", PASSPHRASE, {"modality": "ct"}, images)


def test_single_settings_are_keywords_with_the_sentences_of_the_core(core, turing, inputs, tmp_path):
    addAll(turing, inputs)
    for settings, words in (
        ({"timeLimit": 60}, 'A study has no "timeLimit"; it has title, '),
        ({"timeLimitS": 0.5}, "timeLimitS is 0.5; give a number from 1 to 3600 s"),
        ({"boxMm": (48, 48)}, "give three numbers"),
    ):
        with pytest.raises(InputError, match=words):
            turing.newStudy(tmp_path / "study", PASSPHRASE, **settings)
    turing.newStudy(
        tmp_path / "study", PASSPHRASE, {"title": "Liver"}, IMAGES, timeLimitS=60, repeatShare=0.5, boxMm=(54, 54, 36)
    )
    study = Study.load(tmp_path / "study")
    assert (study.design.title, study.design.time_limit_s, study.design.repeat_share) == ("Liver", 60, 0.5)
    assert study.images["box_mm"] == [54, 54, 36] and study.images["spacing_mm"] == IMAGES["spacing_mm"]
    assert sum(case.repeat for case in study.cases) == 4


PUBLISHED = {"junior": -1.21, "senior": 1.19}


def test_the_published_table_becomes_nodes_that_are_brought_up_to_date(core, turing, tmp_path):
    from VisualTuringLib.Published import PUBLISHED_COUNTS
    from VisualTuringLib.report import ReportNodes

    (tmp_path / "hu2023.csv").write_text(PUBLISHED_COUNTS)
    report = turing.reportCounts(tmp_path / "hu2023.csv", tmp_path / "out")
    nodes = turing.reportNodes(report["analysis"])
    table = nodes["tables"]["readers"]
    for row, (reader, sensitivity) in enumerate(PUBLISHED.items()):
        assert table.GetCellText(row, 0) == reader
        assert float(table.GetCellText(row, table.GetColumnIndex("d prime"))) == pytest.approx(sensitivity, abs=0.005)
    assert table.GetCellText(0, table.GetColumnIndex("verdict")) == "tells apart, labels swapped"
    noted = turing.reportNodes({**report["analysis"], "warnings": ["The study was made although it leaks: noise."]})
    assert noted["tables"]["notes"].GetCellText(0, 0).endswith("leaks: noise.")
    assert set(turing.reportNodes(report["analysis"])["tables"]) == {"readers"}
    count = core.scene.GetNumberOfNodes()
    again = turing.reportNodes(report["analysis"])
    assert again == nodes == ReportNodes.inScene() and core.scene.GetNumberOfNodes() == count
    core.scene.RemoveNode(table)
    renewed = turing.reportNodes(report["analysis"])["tables"]["readers"]
    assert renewed is not table and core.scene.GetNumberOfNodes() == count
    hierarchy = core.scene.GetSubjectHierarchyNode()
    parents = {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in again["charts"].values()}
    assert {hierarchy.GetItemName(parent) for parent in parents} == {"Report of hu2023"}


def test_the_sample_sizes_of_the_facts(turing):
    needed = {row["aim"]: row["cases"] for row in turing.sampleSizes(96, 0.15)}
    assert needed["95 % interval of ±10 %"] == 94
    assert needed["prove equivalence to 0.50 within ±0.15"] == 96 and len(needed) == 11
    assert [row["enough"] for row in turing.sampleSizes(96, 0.12)][-1] is False
    assert turing.sampleSizes(200, 0.12)[-1]["cases"] == 156
