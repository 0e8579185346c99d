"""A whole study in the window: designed, read by keys with a crash in the middle, resumed, reported."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import turing_patients
import turing_reader
from reading_hands import press
from turing_bodies import PASSPHRASE

pytestmark = [pytest.mark.gui, pytest.mark.slow]
CASES, REPEATS, BEFORE_CRASH = 20, 2, 8
BOX_MM, SPACING_MM = (120, 120, 60), (1.5, 1.5, 5)
READ_MB = BOX_MM[0] * BOX_MM[1] * BOX_MM[2] / (SPACING_MM[0] * SPACING_MM[1] * SPACING_MM[2]) * 2 / 1e6


@pytest.fixture
def turing(host):
    import slicer

    widget = host.selectModule("VisualTuring")
    yield widget
    widget.panel.cancel()
    slicer.util.selectModule("SyntheticImaging")


def test_design_read_crash_resume_report(host, turing, tmp_path, fastHands):
    """Twenty cases of the torso phantom and, where it is there, a real CT."""
    import slicer

    ui, study = turing.ui, tmp_path / "study"
    patients, hasRealCt = turing_patients.addCases()
    design(turing, patients)
    make(host, turing, study)
    sources = {node.GetName() for nodes in patients for node in nodes[:3]}
    # the owner's scene and list do not reach the reader
    turing.logic.clearCases()
    host.clearScene()
    host.processEvents(100)

    crashed = subprocess.run(
        [sys.executable, str(Path(turing_reader.__file__)), str(study), "Ada", str(BEFORE_CRASH)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert crashed.returncode == -signal.SIGKILL, crashed.stderr
    assert turing.logic.status(study).reader("Ada").of(1) == (BEFORE_CRASH, CASES + REPEATS)

    ui.passphraseEdit.text = PASSPHRASE
    desk = turing_reader.begin(turing, study, "ada", resume=True)
    assert ui.passphraseEdit.text == ""
    assert desk.reading.answered == BEFORE_CRASH
    turing_reader.readOn(host, turing, ["5"])
    texts = sceneTexts(slicer.mrmlScene)
    assert not [text for text in texts if PASSPHRASE in text or "key.json" in text or any(s in text for s in sources)]
    turing_reader.readOn(host, turing, ["2", "5"] * 6 + ["5"])
    assert desk.reading.isFinished
    press(host, "Return")
    assert turing.panel.read.desk is None and slicer.util.mainWindow().isVisible()
    assert not host.exceptions

    ui.taskTabs.setCurrentIndex(2)
    ui.studyEdit.currentPath, ui.passphraseEdit.text = str(study), PASSPHRASE
    assert ui.readersTable.item(0, 2).text() == f"{CASES + REPEATS} / {CASES + REPEATS}"
    turing.panel.refresh()
    ui.reportButton.click()
    assert host.waitUntil(lambda: not turing.panel.isBusy, 90)
    results = json.loads((tmp_path / "study-report" / "results.json").read_text())
    reads = results["reads"]
    assert len(reads) == CASES + REPEATS and all(read["seconds"] > 0 for read in reads)
    assert [read["answer"] for read in reads].count(2) == BEFORE_CRASH + 6
    first = [read for read in reads if not read["repeat"]]
    assert len({read["case"] for read in first}) == CASES
    assert sum(read["truth"] == "synthetic" for read in first) == CASES // 2
    assert len({read["scanner"] for read in first}) == 1 + hasRealCt
    assert "reader-01" in ui.reportLabel.text and ui.tableComboBox.count >= 4
    assert not host.shownMessages


def design(turing, patients):
    """Add each lesion's CT, as a person chooses them, and say which part of it readers see."""
    ui = turing.ui
    ui.casePointsRadiusSpinBox.value = turing_patients.RADIUS_MM
    for volume, points, organ, segmentId in patients:
        ui.caseVolumeSelector.setCurrentNode(volume)
        ui.scannerEdit.text = volume.GetName()
        ui.casePointsSelector.setCurrentNode(points)
        ui.caseOrganSelector.setCurrentNode(organ)
        ui.caseOrganSelector.setCurrentSegmentID(segmentId)
        ui.addVolumeButton.click()
    for name, values in (("box", BOX_MM), ("spacing", SPACING_MM)):
        for axis, value in zip("RAS", values, strict=True):
            getattr(ui, f"{name}{axis}SpinBox").value = value
    assert len(turing.logic.cases) == CASES // 2, ui.messageLabel.text


def make(host, turing, study):
    """Make the study; as the search for leaks asks for, once more where chance dealt the codes out too regularly."""
    ui = turing.ui
    ui.newStudyEdit.currentPath = str(study)
    for _ in range(3):
        ui.newPassphraseEdit.text = ui.repeatPassphraseEdit.text = PASSPHRASE
        turing.panel.refresh()
        ui.makeButton.click()
        assert host.waitUntil(lambda: not turing.panel.isBusy, 240)
        if study.exists():
            break
        assert "it leaks" in ui.makeLabel.text, ui.messageLabel.text + ui.makeLabel.text
    assert f"{CASES} cases" in ui.makeLabel.text
    sizes = {path.stat().st_size / 1e6 for path in (study / "images").iterdir()}
    assert max(sizes) - min(sizes) == 0 and max(sizes) == pytest.approx(READ_MB, rel=0.05)


def sceneTexts(scene):
    """All that the nodes of a scene say: names, attributes, file names, texts."""
    texts = []
    for index in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(index)
        texts += [node.GetName() or "", node.GetDescription() or ""]
        texts += [node.GetAttribute(name) or "" for name in node.GetAttributeNames()]
        if node.IsA("vtkMRMLStorageNode"):
            texts.append(node.GetFileName() or "")
        if node.IsA("vtkMRMLTextNode"):
            texts.append(node.GetText() or "")
    return texts
