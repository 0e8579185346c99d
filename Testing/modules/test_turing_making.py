"""Visual Turing in the window: a study is made, refused or canceled, and no secret stays anywhere."""

import gc
import os
import signal

import pytest
from turing_bodies import IMAGES, PASSPHRASE

from VisualTuringLib.Work import Work

pytestmark = pytest.mark.gui
WORK_S = 60


def wait(host, turing):
    assert host.waitUntil(lambda: not turing.panel.isBusy, WORK_S)
    host.processEvents(250)


def setPictures(ui):
    for name, values in (("box", IMAGES["box_mm"]), ("spacing", IMAGES["spacing_mm"])):
        for axis, value in zip("RAS", values, strict=True):
            getattr(ui, f"{name}{axis}SpinBox").value = value


def fillIn(ui, folder, passphrase=PASSPHRASE, again=PASSPHRASE):
    setPictures(ui)
    ui.newStudyEdit.currentPath = str(folder)
    ui.newPassphraseEdit.text, ui.repeatPassphraseEdit.text = passphrase, again


def test_a_study_is_made_in_the_panel_and_no_secret_stays(host, turing, turingTable, tmp_path):
    ui = turing.ui
    turing.logic.addTable(turingTable)
    fillIn(ui, "")
    ui.makeButton.click()
    wait(host, turing)
    assert ui.messageLabel.text == "No folder is chosen for the study. Choose a new one."
    fillIn(ui, tmp_path / "study", again="another passphrase")
    ui.makeButton.click()
    assert "two passphrases differ" in ui.messageLabel.text and not turing.panel.isBusy
    ui.repeatPassphraseEdit.text = PASSPHRASE
    ui.makeButton.click()
    assert turing.panel.isBusy and ui.jobFrame.visible and not ui.makeButton.enabled
    assert "Wait until the task is done, or cancel it." in ui.makeButton.toolTip
    wait(host, turing)
    assert (tmp_path / "study").exists(), (ui.makeLabel.text, host.shownMessages)
    assert len(list((tmp_path / "study" / "images").iterdir())) == 8
    assert "8 cases" in ui.makeLabel.text and "nothing but the lesion" in ui.makeLabel.text
    assert ui.newPassphraseEdit.text == ui.repeatPassphraseEdit.text == ""
    assert ui.studyEdit.currentPath == ui.readStudyPathLineEdit.currentPath == str(tmp_path / "study")
    assert turing.panel.parameters.studyFolder == str(tmp_path / "study")
    for widget in (ui.makeButton, ui.addFolderButton, ui.clearCasesButton, ui.reportButton, ui.checkImagesButton):
        assert widget.enabled, "the panel is unlocked"
    gc.collect()
    assert not [thing for thing in gc.get_objects() if type(thing) is Work], "nothing that knew the passphrase is left"
    ui.passphraseEdit.text = PASSPHRASE
    host.saveScene(tmp_path / "scene.mrml")
    text = (tmp_path / "scene.mrml").read_text()
    assert PASSPHRASE not in text and "patient0" not in text and "key.json" not in text
    ui.checkButton.click()
    wait(host, turing)
    assert ui.findingsLabel.text.startswith("8 cases searched.\nThe search found nothing but")


def test_a_study_that_leaks_is_refused_with_reasons(host, turing, turingCases, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for case in turingCases[:4]:
        (source / case.image.name).symlink_to(case.image)
    ui = turing.ui
    fillIn(ui, tmp_path / "study")
    ui.cueCheckBox.checked = False
    for truth in ("real", "synthetic"):
        turing.logic.addFolder(source, truth)
    assert ui.outlookLabel.text == "4 real, 4 synthetic."
    ui.makeButton.click()
    wait(host, turing)
    assert "because it leaks" in ui.makeLabel.text and "the very same image" in ui.makeLabel.text
    assert [path.name for path in tmp_path.iterdir()] == ["source"] and not host.shownMessages
    ui.acceptLeaksCheckBox.checked = True
    ui.makeButton.click()
    wait(host, turing)
    assert "8 cases" in ui.makeLabel.text and "the very same image" in ui.makeLabel.text
    assert not ui.acceptLeaksCheckBox.checked, "the next study is not made so unasked"


def test_a_study_that_is_canceled_or_breaks_down_leaves_nothing(host, turing, turingTable, tmp_path):
    ui = turing.ui
    turing.logic.addTable(turingTable)
    fillIn(ui, tmp_path / "new" / "study")
    ui.makeButton.click()
    assert host.waitUntil(lambda: "Image 3" in ui.jobLabel.text, WORK_S)
    assert list((tmp_path / "new").iterdir())
    ui.cancelButton.click()
    assert not turing.panel.isBusy and not ui.jobFrame.visible
    assert list(tmp_path.iterdir()) == [] and ui.makeButton.enabled
    ui.makeButton.click()
    assert host.waitUntil(lambda: "Image 2" in ui.jobLabel.text, WORK_S)
    os.kill(turing.panel._worker._job._process.processId(), signal.SIGKILL)
    wait(host, turing)
    ((level, text),) = host.shownMessages
    assert level == "error" and text.startswith("Making the study failed.")
    assert list(tmp_path.iterdir()) == [] and ui.makeButton.enabled
    ui.makeButton.click()
    assert host.waitUntil(lambda: "Image 2" in ui.jobLabel.text, WORK_S)
    host.clearScene()
    host.processEvents(100)
    assert not turing.panel.isBusy and list(tmp_path.iterdir()) == []
    assert ui.newPassphraseEdit.text == ""
