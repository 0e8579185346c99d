"""A whole study in the window: designed, read by keys with a crash in the middle, resumed, reported."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import study_bodies
import turing_reader
from reading_hands import press
from turing_bodies import IMAGES, PASSPHRASE, addToScene

pytestmark = [pytest.mark.gui, pytest.mark.slow]
CASES, REPEATS, BEFORE_CRASH = 20, 2, 8


@pytest.fixture
def turing(host):
    import slicer

    widget = host.selectModule("VisualTuring")
    yield widget
    widget.panel.cancel()
    slicer.util.selectModule("SyntheticImaging")


def test_design_read_crash_resume_report(host, turing, tmp_path):
    import slicer

    ui, study = turing.ui, tmp_path / "study"
    for case, volume, points, organ in addToScene(study_bodies.write_inputs(tmp_path, count=CASES // 2)):
        more = {"radiusMm": case.lesions[0].radius_mm} if points else {}
        turing.logic.addVolume(volume, case.truth, points, organNode=organ, organSegmentId="liver", **more)
    for name, values in (("box", IMAGES["box_mm"]), ("voxel", IMAGES["spacing_mm"])):
        for axis, value in zip("RAS", values, strict=True):
            getattr(ui, f"{name}{axis}SpinBox").value = value
    ui.newStudyEdit.currentPath = str(study)
    ui.newPassphraseEdit.text = ui.repeatPassphraseEdit.text = PASSPHRASE
    turing.panel.refresh()
    ui.makeButton.click()
    assert host.waitUntil(lambda: not turing.panel.isBusy, 90)
    assert f"{CASES} cases" in ui.makeLabel.text, ui.messageLabel.text + ui.makeLabel.text
    # the owner's scene and list do not reach the reader
    turing.logic.clearCases()
    host.clearScene()
    host.processEvents(100)
    names = {path.name.split(".")[0] for path in tmp_path.glob("*.nrrd")}

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
    assert not [text for text in texts if PASSPHRASE in text or "key.json" in text or any(n in text for n in names)]
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
    assert "reader-01" in ui.reportLabel.text and ui.tableComboBox.count >= 4
    assert not host.shownMessages


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
