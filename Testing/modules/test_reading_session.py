"""Reading on the full screen with real key events: a whole session, what is logged, and what is given back."""

import pytest
from reading_hands import answersOf, awaitCase, press, readToEnd, settle, windowState
from study_sessions import Watch

from VisualTuringLib.conduct.ReadingLogic import State


def test_twenty_cases_by_keys(host, openDesk):
    import qt

    before = windowState(host)
    study, reading, desk = openDesk(cases=20, mark="optional")
    shown = [widget.objectName for kind in (qt.QMenuBar, qt.QToolBar, qt.QDockWidget, qt.QStatusBar)
             for widget in host.window.findChildren(kind) if widget.visible]  # fmt: skip
    assert shown == ["VisualTuringReadingDock"], "a page and nothing else"
    assert not host.window.centralWidget().visible and "Session test" in desk.page.ui.pageLabel.text
    press(host, "Space")
    awaitCase(host, reading)
    assert desk.strip.ui.progressLabel.text == "1 of 20"
    assert not desk.page.widget.visible and desk.strip.widget.visible
    host.moveSlice("Reading1", (4, 5, reading.look.nodes.views[0].GetSliceOffset()))
    press(host, "Space", "Up", "Up", "Down", "F2", "F1", "4")
    awaitCase(host, reading)
    assert desk.strip.ui.progressLabel.text == "2 of 20" and reading.look.markRas is None
    assert readToEnd(host, reading, lambda r: "123456"[r.answered % 6]) == 19
    assert "complete" in desk.page.ui.pageLabel.text and not desk.page.ui.proceedButton.visible
    press(host, "Space")
    host.processEvents(20)
    entries = answersOf(study)
    assert [entry["answer"] for entry in entries] == [4] + [n % 6 + 1 for n in range(1, 20)]
    assert [entry["trial_id"] for entry in entries] == [trial.trial_id for trial in reading.session.trials]
    first = entries[0]
    assert first["mark_ras"] == pytest.approx([4, 5, first["mark_ras"][2]], abs=1.5)
    assert first["slices_visited"] == 3 and first["window_changes"] == 2
    assert all(0.02 < entry["seconds"] < 30 and entry["confidence"] is None for entry in entries)
    assert windowState(host) == before


def test_each_case_opens_at_its_lesion_in_the_standard_window_filling_the_view(host, openDesk):
    _study, reading, _desk = openDesk(cases=4)
    press(host, "Space")
    for _ in range(4):
        awaitCase(host, reading)
        view, volume = reading.look.nodes.views[0], reading.look.nodes.volumes[0]
        cue = reading.study.case(reading.trial.codes[0]).cue_ras
        assert view.GetSliceOffset() == pytest.approx(cue[2], abs=0.01)
        display = volume.GetDisplayNode()
        assert (display.GetLevel(), display.GetWindow(), display.GetInterpolate()) == (50, 400, 1)
        width, height = view.GetSliceNode().GetFieldOfView()[:2]
        assert min(width, height) == pytest.approx(64 * 1.5, rel=0.05), "the picture is as large as the view lets it"
        assert view.GetSliceNode().GetDimensions()[0] == host.sliceView("Reading1").width
        press(host, "Up", "+", "F3", "2")


def test_looking_around_by_keys_and_wheel(host, openDesk):
    _study, reading, _desk = openDesk(cases=2)
    press(host, "Space")
    awaitCase(host, reading)
    view, display = reading.look.nodes.views[0], reading.look.nodes.volumes[0].GetDisplayNode()
    start, field = view.GetSliceOffset(), view.GetSliceNode().GetFieldOfView()[0]
    press(host, "Up")
    assert view.GetSliceOffset() == pytest.approx(start + 3)
    host.wheelSlice("Reading1", -1)
    assert view.GetSliceOffset() != pytest.approx(start + 3)
    press(host, *["PgUp"] * 9)
    assert view.GetSliceOffset() == pytest.approx(22.5), "the last slice, not beyond"
    press(host, "Home")
    assert view.GetSliceOffset() == pytest.approx(start)
    press(host, "+", "+")
    assert view.GetSliceNode().GetFieldOfView()[0] == pytest.approx(field / 1.44)
    press(host, "R")
    assert view.GetSliceNode().GetFieldOfView()[0] == pytest.approx(field)
    press(host, "F3")
    assert (display.GetLevel(), display.GetWindow()) == (-500, 1500)
    cue = reading.look.nodes._cues[0].GetDisplayNode()
    press(host, "C")
    assert not cue.GetVisibility()
    press(host, "P", "P")
    assert not cue.GetVisibility(), "a pause changes nothing"
    press(host, "C")
    assert cue.GetVisibility()
    assert reading.answered == 0


def test_a_pause_hides_the_image_and_its_time_does_not_count(host, openDesk):
    watch = Watch()
    study, reading, desk = openDesk(cases=2, clock=watch)
    press(host, "Space")
    awaitCase(host, reading)
    watch.pass_s(10)
    press(host, "Up", "Esc")
    offset = reading.look.nodes.views[0].GetSliceOffset()
    assert "Paused" in desk.page.ui.pageLabel.text and not host.window.centralWidget().visible
    assert reading.look.nodes.views[0].GetSliceCompositeNode().GetBackgroundVolumeID() is None
    watch.pass_s(1000)
    press(host, "3", "Up", "P")
    assert reading.answered == 0 and reading.look.nodes.views[0].GetSliceOffset() == offset
    assert host.window.centralWidget().visible
    watch.pass_s(5)
    settle(host)
    press(host, "3")
    assert answersOf(study)[0]["seconds"] == 15


def test_a_key_that_bounces_answers_once(host, openDesk, monkeypatch):
    study, reading, _desk = openDesk(cases=4)
    press(host, "Space")
    awaitCase(host, reading)
    press(host, "5")
    with monkeypatch.context() as slow:
        slow.setattr("VisualTuringLib.conduct.ReadingDesk.DOUBLE_PRESS_S", 60.0)
        assert host.waitUntil(lambda: reading.state is State.reading)
        press(host, "5", "5")
        assert len(answersOf(study)) == 1
    press(host, "5")
    assert len(answersOf(study)) == 2


def test_unsure_is_an_answer_where_it_is_offered(host, openDesk):
    study, reading, _desk = openDesk(cases=2, allow_unsure=True)
    press(host, "Space")
    awaitCase(host, reading)
    press(host, "U")
    assert answersOf(study)[0]["answer"] == "unsure"


def test_a_mark_that_is_required(host, openDesk):
    study, reading, desk = openDesk(cases=2, mark="required")
    press(host, "Space")
    awaitCase(host, reading)
    press(host, "2")
    assert "Mark the place" in desk.strip.ui.sentenceLabel.text and desk.strip.ui.sentenceLabel.visible
    offset = reading.look.nodes.views[0].GetSliceOffset()
    host.moveSlice("Reading1", (60, 0, offset))
    press(host, "Space")
    assert "Move the mouse to the place" in desk.strip.ui.sentenceLabel.text and reading.look.markRas is None
    host.moveSlice("Reading1", (10, 0, offset))
    press(host, "Space")
    assert not desk.strip.ui.sentenceLabel.visible
    assert reading.look.nodes.mark.GetDisplayNode().GetViewNodeIDs() == (
        reading.look.nodes.views[0].GetSliceNode().GetID(),
    )
    press(host, "Del")
    assert reading.look.nodes.mark is None
    press(host, "Space", "2")
    assert answersOf(study)[0]["mark_ras"][0] == pytest.approx(10, abs=1.5)


def test_training_says_what_it_was_and_the_rest_does_not(host, openDesk):
    study, reading, desk = openDesk(cases=2, training=2, instructions="Read as you do\nevery day.")
    assert "every day" in desk.page.ui.pageLabel.text and "training" in desk.page.ui.pageLabel.text
    press(host, "Space")
    awaitCase(host, reading)
    truth = study.case(reading.trial.codes[0]).truth
    press(host, "6")
    verdict = "right" if truth == "synthetic" else "wrong"
    assert desk.strip.ui.questionLabel.text == f"It is {truth}. Your answer was {verdict}."
    assert desk.strip.ui.progressLabel.text == "Training, 1 of 4" and host.window.centralWidget().visible
    press(host, "Space")
    awaitCase(host, reading)
    press(host, "1", "Space")
    assert "Now the cases that count" in desk.page.ui.pageLabel.text
    press(host, "Space")
    awaitCase(host, reading)
    assert desk.strip.ui.progressLabel.text == "3 of 4"
    press(host, "1")
    assert "It is" not in desk.strip.ui.questionLabel.text
    awaitCase(host, reading)


def test_pairs_ask_how_sure_and_backspace_takes_the_side_back(host, openDesk):
    study, reading, desk = openDesk(cases=4, arms=("pairs",), allow_back=True)
    press(host, "Space")
    awaitCase(host, reading)
    assert host.layoutManager.sliceWidget("Reading2").visible
    press(host, "1")
    assert "left image is synthetic. How sure" in desk.strip.ui.questionLabel.text
    press(host, "Backspace")
    assert desk.strip.ui.questionLabel.text == "Which image is synthetic?"
    settle(host)
    press(host, "2")
    settle(host)
    press(host, "5")
    awaitCase(host, reading)
    press(host, "Backspace")
    awaitCase(host, reading)
    press(host, "1")
    settle(host)
    press(host, "3")
    entries = answersOf(study)
    assert [(e["answer"], e["confidence"], e.get("revised")) for e in entries] == [
        ("right", 5, None), ("left", 3, True)
    ]  # fmt: skip
    assert entries[0]["slices_visited"] == 2, "one of each image"


def test_no_way_back_where_the_design_does_not_allow_it(host, openDesk):
    study, reading, desk = openDesk(cases=3)
    press(host, "Space")
    awaitCase(host, reading)
    press(host, "1")
    awaitCase(host, reading)
    press(host, "Backspace")
    assert "no way back" in desk.strip.ui.sentenceLabel.text and reading.answered == 1 == len(answersOf(study))


def test_the_time_limit_is_shown_and_enforced(host, openDesk):
    watch = Watch()
    study, reading, desk = openDesk(cases=2, time_limit_s=90, clock=watch)
    press(host, "Space")
    awaitCase(host, reading)
    watch.pass_s(25)
    host.processEvents(150)
    assert desk.strip.ui.timeLabel.text == "1:05"
    first = reading.trial
    watch.pass_s(66)
    assert host.waitUntil(lambda: reading.trial != first)
    awaitCase(host, reading)
    entry = answersOf(study)[0]
    assert entry["timed_out"] and entry["answer"] is None and entry["seconds"] == 91


def test_radiographs_are_one_flat_picture(host, openDesk):
    study, reading, desk = openDesk(cases=2, modality="xray", cue=False)
    press(host, "Space")
    awaitCase(host, reading)
    assert reading.look.nodes.volumes[0].GetImageData().GetDimensions()[2] == 1
    press(host, "Up", "F2")
    assert reading.look.nodes.volumes[0].GetDisplayNode().GetLevel() == 2800
    assert "Arrows" not in desk.strip.ui.helpLabel.text
    press(host, "1")
    assert answersOf(study)[0]["slices_visited"] == 1
