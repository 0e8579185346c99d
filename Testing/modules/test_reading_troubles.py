"""What goes wrong while somebody reads: a sentence on the screen, no answer lost, and reading goes on."""

import errno
import os
import shutil

from reading_hands import answersOf, awaitCase, press, readToEnd

from VisualTuringLib.conduct.ReadingLogic import State


def test_a_full_disk_is_said_and_the_case_answered_again(host, openDesk, monkeypatch):
    study, reading, desk = openDesk(cases=3)
    press(host, "Space")
    awaitCase(host, reading)
    press(host, "4")
    awaitCase(host, reading)
    code = reading.trial.codes

    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        press(host, "6")
        text = desk.page.ui.pageLabel.text
        assert "Reading has stopped" in text and "No space left" in text and "1 of 3 cases are answered" in text
        press(host, "P")
        awaitCase(host, reading)
        assert reading.trial.codes == code
        press(host, "6")
        assert "No space left" in desk.page.ui.pageLabel.text
    press(host, "P")
    awaitCase(host, reading)
    press(host, "6")
    readToEnd(host, reading)
    assert [entry["answer"] for entry in answersOf(study)] == [4, 6, 2]


def test_a_study_that_is_pulled_out_and_put_back(host, openDesk):
    study, reading, desk = openDesk(cases=4)
    press(host, "Space")
    awaitCase(host, reading)
    away = study.folder.with_name("away")
    images = study.folder / "images"
    press(host, "1")
    awaitCase(host, reading)
    assert host.waitUntil(lambda: not desk._ahead.isRunning)
    shutil.move(images, away)
    press(host, "2")
    awaitCase(host, reading)
    press(host, "3")
    assert host.waitUntil(lambda: reading.state is State.paused)
    assert "is missing from the study folder" in desk.page.ui.pageLabel.text
    press(host, "P")
    assert host.waitUntil(lambda: reading.state is State.paused), "it is still away"
    shutil.move(away, images)
    press(host, "P")
    awaitCase(host, reading)
    readToEnd(host, reading)
    assert [entry["answer"] for entry in answersOf(study)] == [1, 2, 3, 2]


def test_leaving_and_resuming_later(host, openDesk):
    from VisualTuringLib.conduct.ReadingDesk import ReadingDesk
    from VisualTuringLib.conduct.ReadingLogic import ReadingLogic

    study, reading, desk = openDesk(cases=4)
    press(host, "Space")
    awaitCase(host, reading)
    press(host, "3")
    awaitCase(host, reading)
    press(host, "Q")
    assert reading.isOpen, "Q does nothing while a case is shown"
    press(host, "P", "Q")
    assert not reading.isOpen and not desk.screen.isOpen
    again = ReadingDesk(ReadingLogic(study.folder, "Ann Lee", resume=True))
    again.open()
    press(host, "Space")
    awaitCase(host, again.reading)
    assert again.strip.ui.progressLabel.text == "2 of 4"
    readToEnd(host, again.reading)
    press(host, "Return")
    assert not again.screen.isOpen
    assert [entry["answer"] for entry in answersOf(study)] == [3, 2, 2, 2]


def test_an_answer_that_a_crash_cut_off_is_told_and_asked_again(host, openDesk):
    from VisualTuringLib.conduct.ReadingDesk import ReadingDesk
    from VisualTuringLib.conduct.ReadingLogic import ReadingLogic

    study, reading, desk = openDesk(cases=3)
    press(host, "Space")
    for key in "12":
        awaitCase(host, reading)
        press(host, key)
    second = answersOf(study)[1]["trial_id"]
    desk.leave()
    path = study.folder / "answers" / "reader-01" / "session-1.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    again = ReadingDesk(ReadingLogic(study.folder, "Ann Lee", resume=True))
    again.open()
    assert "that case is shown again" in again.page.ui.pageLabel.text
    press(host, "Space")
    awaitCase(host, again.reading)
    assert again.reading.trial.trial_id == second
    again.leave()


def test_an_image_deleted_from_the_scene_is_shown_again(host, openDesk):
    study, reading, desk = openDesk(cases=2)
    press(host, "Space")
    awaitCase(host, reading)
    host.scene.RemoveNode(reading.look.nodes.volumes[0])
    host.processEvents(20)
    assert "deleted from the scene" in desk.page.ui.pageLabel.text
    press(host, "P")
    awaitCase(host, reading)
    assert reading.look.nodes.views[0].GetBackgroundLayer().GetVolumeNode() is reading.look.nodes.volumes[0]
    press(host, "5")
    assert answersOf(study)[0]["answer"] == 5
