"""What a panel says and how long work ends, in all modules: beside the control that was used, never locked."""

import pytest

pytestmark = pytest.mark.gui

TASKS = ("SyntheticTumor", "VirtualCArm", "VisualTuring")


class BrokenError(RuntimeError):
    pass


@pytest.fixture(params=TASKS)
def opened(request, host):
    """A task's widget, open, with an empty scene."""
    import slicer

    widget = host.selectModule(request.param)
    host.processEvents(50)
    yield widget
    widget.panel.cancel()
    slicer.util.selectModule("SyntheticImaging")


@pytest.fixture
def tumor(host):
    import slicer

    widget = host.selectModule("SyntheticTumor")
    host.processEvents(50)
    yield widget
    slicer.util.selectModule("SyntheticImaging")


def steps():
    yield "Half", 50


def breaks(*_arguments):
    raise BrokenError("this ending is broken")


def taken(host):
    """The exceptions that were logged, which the test expects."""
    found = [type(error) for error in host.exceptions]
    host.exceptions.clear()
    return found


def calloutOf(widget):
    return widget.ui.Callout


def inForm(widget, child):
    """(left, top, right, bottom) of a control, in the coordinates of the form."""
    from PySide6.QtCore import QPoint

    corner = child.mapTo(calloutOf(widget).parentWidget(), QPoint(0, 0))
    return corner.x(), corner.y(), corner.x() + child.width, corner.y() + child.height


def shownPart(host, widget):
    """The same of what the panel's scroll area shows of the form."""
    from PySide6.QtCore import QPoint

    view, form = host.window.modulePanel().viewport(), calloutOf(widget).parentWidget()
    corner = form.mapTo(view, QPoint(0, 0))
    return -corner.x(), -corner.y(), -corner.x() + view.width, -corner.y() + view.height


def assertWithin(inner, outer):
    assert inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def test_an_error_at_the_end_of_long_work_is_shown_and_frees_the_panel(host, opened):
    opened.panel.run("Trying", steps(), breaks)
    assert opened.ui.jobFrame.visible
    assert host.waitUntil(lambda: not opened.panel.isBusy)
    host.processEvents()
    assert not opened.ui.jobFrame.visible and taken(host) == [BrokenError]
    assert [text for level, text in host.shownMessages if level == "error" and "this ending is broken" in text]


def test_an_error_while_a_problem_is_handled_frees_the_panel(host, opened):
    from synthetic_imaging.errors import InputError

    def problem():
        yield "Half", 50
        raise InputError("nothing was chosen")

    opened.panel.run("Trying", problem(), None, breaks)
    assert host.waitUntil(lambda: not opened.panel.isBusy)
    host.processEvents()
    assert not opened.ui.jobFrame.visible and taken(host) == [BrokenError]


def test_an_error_while_the_state_is_shown_locks_nothing(host, opened, monkeypatch):
    button = opened.ui.cancelButton
    panel = opened.panel
    panel._usability.set(button, "Wait until the task is done.")
    monkeypatch.setattr(panel, "refresh", breaks)
    panel.run("Trying", steps(), lambda _result: None)
    assert host.waitUntil(lambda: not panel.isBusy)
    host.processEvents()
    assert taken(host) == [BrokenError] and button.enabled
    assert [text for level, text in host.shownMessages if "could not be brought up to date" in text]


def test_a_problem_is_said_and_not_logged(host, opened):
    from synthetic_imaging.errors import InputError

    def refuse(*_arguments):
        raise InputError("Choose something first.")

    opened.panel.do(refuse)
    opened.panel.run("Trying", steps(), refuse)
    assert host.waitUntil(lambda: not opened.panel.isBusy)
    host.processEvents()
    assert opened.ui.messageLabel.text == "Choose something first." and opened.ui.messageLabel.visible
    assert not host.exceptions and not host.shownMessages


def test_a_sentence_stands_beside_the_button_and_moves_nothing(host, tumor):
    ui, panel = tumor.ui, tumor.panel
    ui.undoButton.enabled = True
    host.window.modulePanel().ensureWidgetVisible(ui.undoButton)
    before = inForm(tumor, ui.undoButton)
    ui.undoButton.click()
    panel.say("A sentence that is so long that it cannot possibly stand in a single line of this narrow panel. " * 2)
    host.processEvents()
    frame, button = inForm(tumor, calloutOf(tumor)), inForm(tumor, ui.undoButton)
    assert button == before
    assert 0 < frame[1] - button[3] < 10 or 0 < button[1] - frame[3] < 10
    assertWithin(frame, shownPart(host, tumor))
    assert ui.messageLabel.height >= 2 * ui.messageLabel.fontMetrics().height()


def test_a_sentence_goes_with_a_click_and_with_the_next_use(host, tumor):
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    ui, panel = tumor.ui, tumor.panel
    panel.say("Something is wrong.")
    assert ui.messageLabel.visible
    QTest.mouseClick(ui.messageLabel, Qt.LeftButton)
    assert not ui.messageLabel.visible and not calloutOf(tumor).visible
    panel.say("Something is wrong again.")
    ui.placeButton.pressed.emit()
    assert not ui.messageLabel.visible


def test_a_sentence_from_elsewhere_stands_at_the_top_of_what_is_visible(host, tumor):
    ui, panel = tumor.ui, tumor.panel
    bar = host.window.modulePanel().verticalScrollBar()
    for section in (ui.moreSection, ui.resultsSection, ui.growthSection):
        section.collapsed = False
    host.processEvents(50)
    ui.placeButton.pressed.emit()
    host.sliceView("Red").setFocus()
    bar.value = bar.maximum
    host.processEvents(20)
    assert bar.value > 0
    panel.say("The lesion stays at the last place inside.")
    frame, shown = inForm(tumor, calloutOf(tumor)), shownPart(host, tumor)
    assertWithin(frame, shown)
    assert frame[1] - shown[1] < 10


def test_progress_stands_beside_the_button_that_started_the_work(host, tumor):
    from PySide6.QtWidgets import QPushButton

    ui, panel = tumor.ui, tumor.panel
    ui.exportButton.enabled = True
    ui.resultsSection.collapsed = False
    host.processEvents(20)
    host.window.modulePanel().ensureWidgetVisible(ui.exportButton)
    ui.exportButton.pressed.emit()

    def work():
        for percent in range(100):
            yield "Working", percent

    panel.run("Writing", work(), lambda _result: panel.say("Written."))
    frame, button = inForm(tumor, calloutOf(tumor)), inForm(tumor, ui.exportButton)
    assert 0 < frame[1] - button[3] < 10 or 0 < button[1] - frame[3] < 10
    assert isinstance(ui.cancelButton, QPushButton) and ui.cancelButton.visible
    assert host.waitUntil(lambda: not panel.isBusy)
    assert ui.messageLabel.text == "Written." and not ui.jobFrame.visible


def test_a_module_that_is_reloaded_while_it_is_shown_works_again(host, body):
    import slicer

    old = host.selectModule("SyntheticTumor")
    assert host.waitUntil(lambda: old.logic.isReady)
    old.onReload()
    new = slicer.modules.SyntheticTumorWidget
    assert new is not old
    assert host.waitUntil(lambda: new.logic.isReady)
    new.ui.suggestButton.click()
    assert len(new.logic.lesions) == 1 and not old.panel.isOpen
    slicer.util.selectModule("SyntheticImaging")
    assert not new.panel.isOpen


def test_a_module_that_is_reloaded_in_the_background_stays_closed(host):
    import slicer

    host.selectModule("SyntheticTumor")
    host.selectModule("SyntheticImaging")
    slicer.util.reloadScriptedModule("SyntheticTumor")
    host.processEvents(50)
    assert not slicer.modules.SyntheticTumorWidget.panel.isOpen


def test_data_that_come_while_a_module_is_open_are_proposed(host, tumor):
    from tumor_console import addBody

    assert tumor.panel.parameters.ct is None
    ct = addBody(size_mm=60.0)[0]
    assert host.waitUntil(lambda: tumor.logic.isReady)
    assert tumor.panel.parameters.ct == ct
    tumor.panel.cancel()
    addBody(size_mm=60.0)
    host.processEvents(300)
    assert tumor.panel.parameters.ct == ct


def test_data_that_come_in_a_batch_are_proposed_at_its_end(host, tumor):
    import slicer
    from tumor_console import addBody

    slicer.mrmlScene.StartState(slicer.vtkMRMLScene.BatchProcessState)
    addBody(size_mm=60.0)
    host.processEvents(300)
    assert tumor.panel.parameters.ct is None
    slicer.mrmlScene.EndState(slicer.vtkMRMLScene.BatchProcessState)
    assert host.waitUntil(lambda: tumor.logic.isReady)
