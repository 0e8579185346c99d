"""The reading screen: what nobody finds while somebody reads, and that the window is given back as it was."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from reading_hands import answersOf, awaitCase, press, windowState
from reading_studies import NAMES, PASSPHRASE


def test_nobody_finds_names_or_truth_while_reading(host, openDesk, tmp_path):
    import qt

    study, reading, _desk = openDesk(cases=2, mark="optional")
    press(host, "Space")
    awaitCase(host, reading)
    host.moveSlice("Reading1", (0, 0, reading.look.nodes.views[0].GetSliceOffset()))
    press(host, "Space")
    widgets = [w.text for kind in (qt.QLabel, qt.QPushButton, qt.QLineEdit) for w in host.window.findChildren(kind)]
    visible = [w.text for w in host.window.findChildren(qt.QLabel) if w.visible]
    code = reading.trial.codes[0]
    assert not any(code in text for text in [*visible, host.window.windowTitle])
    corner = host.sliceView("Reading1").cornerAnnotation()
    assert not corner.GetVisibility()
    assert not host.scene.GetSubjectHierarchyNode().GetItemByName(code)
    host.saveScene(str(tmp_path / "scene.mrb"))
    saved = (tmp_path / "scene.mrb").read_bytes()
    host.scene.SetURL(str(tmp_path / "scene.mrml"))
    assert host.scene.Commit()
    saved += (tmp_path / "scene.mrml").read_bytes()
    assert code.encode() not in saved and b"Reading1" not in saved
    for secret in (*NAMES, PASSPHRASE, study.folder.name, "Ann Lee"):
        assert secret.encode() not in saved
        assert not any(secret in text for text in widgets)


def test_the_image_keeps_its_size_whatever_the_strip_says(host, openDesk):
    _study, reading, desk = openDesk(cases=2, training=2, mark="required")
    press(host, "Space")
    awaitCase(host, reading)
    view = host.sliceView("Reading1")
    sizes = [(view.width, view.height)]

    def note():
        host.processEvents(50)
        sizes.append((view.width, view.height))

    press(host, "1")
    assert desk.strip.ui.sentenceLabel.visible
    note()
    reading.putMark((0, 0, 0))
    press(host, "1")
    assert reading.feedback is not None
    note()
    press(host, "Space")
    awaitCase(host, reading)
    note()
    assert len(set(sizes)) == 1 and sizes[0][0] > 100


@pytest.mark.parametrize("arm", ["rating", "pairs"])
def test_all_words_are_readable_in_a_small_window_and_move_nothing(host, openDesk, arm):
    question = "Is the lesion between the pointers one that grew in this patient, or was it put in by a program? " * 2
    _study, reading, desk = openDesk(cases=2, mark="required", question=question, allow_unsure=True, arms=(arm,))
    host.window.showNormal()
    host.window.resize(1280, 720)
    press(host, "Space")
    awaitCase(host, reading)
    view, ui = host.sliceView("Reading1"), desk.strip.ui
    size = view.width, view.height
    assert host.window.width == 1280 and size[1] > 560
    for label in (ui.questionLabel, ui.helpLabel):
        assert label.height >= label.heightForWidth(label.width), "nothing is cut off"
    press(host, "1")
    host.processEvents(50)
    assert ui.sentenceLabel.visible and (view.width, view.height) == size
    reading.putMark((0, 0, 0))
    press(host, "1")
    host.processEvents(50)
    assert reading.isFinished or (view.width, view.height) == size


def test_what_the_scene_shows_does_not_lie_over_the_images(host, body, openDesk):
    import slicer

    display = body[1].GetDisplayNode()
    points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "truth")
    points.CreateDefaultDisplayNodes()
    points.AddControlPoint(0, 0, 0)
    _study, reading, desk = openDesk(cases=2)
    press(host, "Space")
    awaitCase(host, reading)
    assert not display.GetVisibility() and not points.GetDisplayNode().GetVisibility()
    desk.leave()
    assert display.GetVisibility() and points.GetDisplayNode().GetVisibility()


def test_the_mouse_opens_no_menu_and_keys_of_the_views_are_off(host, openDesk):
    import slicer

    menus = []
    logic = slicer.app.applicationLogic()
    tag = logic.AddObserver(logic.ShowViewContextMenuEvent, lambda *_a: menus.append(True))
    host.clickSlice("Red", (0, 0, 0), button="right")
    assert menus.pop() and not menus, "elsewhere it does"
    _study, reading, desk = openDesk(cases=2)
    press(host, "Space")
    awaitCase(host, reading)
    host.clickSlice("Reading1", (0, 0, reading.look.nodes.views[0].GetSliceOffset()), button="right")
    assert not menus
    for name, changes in (("Red", True), ("Reading1", False)):
        node = host.layoutManager.sliceWidget(name).mrmlSliceNode()
        before = node.GetSliceVisible()
        QTest.keyClick(host.sliceView(name), Qt.Key_V)  # shows the slice in 3D views
        assert (node.GetSliceVisible() != before) == changes
    desk.leave()
    host.clickSlice("Red", (0, 0, 0), button="right")
    assert menus
    logic.RemoveObserver(tag)


def test_keys_of_the_application_are_away_and_come_back(host, openDesk):
    import qt

    called = []
    mine = qt.QShortcut(qt.QKeySequence("2"), host.window)
    mine.activated.connect(lambda: called.append("shortcut"))
    action = qt.QAction("Close scene", host.window)
    action.setShortcut(qt.QKeySequence("P"))
    action.triggered.connect(lambda *_a: called.append("action"))
    host.window.addAction(action)
    off = qt.QShortcut(qt.QKeySequence("3"), host.window)
    off.setEnabled(False)
    study, reading, desk = openDesk(cases=2)
    press(host, "Space")
    awaitCase(host, reading)
    press(host, "2")
    assert called == [] and len(answersOf(study)) == 1
    desk.leave()
    host.processEvents(20)
    press(host, "2", "P")
    assert called == ["shortcut", "action"] and not off.enabled
    for item in (mine, off, action):
        item.setParent(None)
        item.deleteLater()


def test_a_scene_that_closes_gives_the_window_back(host, openDesk):
    before = windowState(host)
    study, reading, desk = openDesk(cases=3)
    press(host, "Space")
    awaitCase(host, reading)
    press(host, "2")
    awaitCase(host, reading)
    host.clearScene()
    host.processEvents(50)
    assert not reading.isOpen and not desk.screen.isOpen and len(answersOf(study)) == 1
    assert windowState(host) == before


def test_an_error_while_opening_gives_the_window_back(host, openDesk, monkeypatch):
    from VisualTuringLib.conduct.ReadingScreen import ReadingScreen

    before = windowState(host)

    def fail(self, window, strip, page):
        raise RuntimeError("no tool bar")

    with monkeypatch.context() as patch:
        patch.setattr(ReadingScreen, "_addWidgets", fail)
        with pytest.raises(RuntimeError, match="no tool bar"):
            openDesk(cases=2)
    host.processEvents(20)
    assert windowState(host) == before
