"""A reader at the keys of Visual Turing; run as a program, one whose computer fails in the middle."""

import os
import signal
import sys

HAND_S = 0.3
"""Between two answers; quicker is taken for the echo of a key."""


def begin(widget, study, name, resume=False):
    """Choose study and name in the panel and press start or resume; the desk at which the reader sits."""
    ui = widget.ui
    ui.taskTabs.setCurrentIndex(1)
    ui.readStudyPathLineEdit.currentPath = str(study)
    ui.readerComboBox.setEditText(name)
    button = ui.resumeReadingButton if resume else ui.startReadingButton
    assert button.enabled, ui.readStatusLabel.text
    button.click()
    return widget.panel.read.desk


def readOn(host, widget, answers, mark=False):
    """Press the keys of so many answers, as soon as each case is there; goes on from texts by itself."""
    from VisualTuringLib.ReadingLogic import State

    desk = widget.panel.read.desk
    for key in answers:
        while desk.reading.state is not State.reading:
            if desk.reading.state in (State.briefing, State.feedback, State.paused):
                host.keyPress("Return")
            assert host.waitUntil(lambda: desk.reading.state is not State.opening, 20)
        host.processEvents(round(1000 * HAND_S))
        before = desk.reading.answered
        host.keyPress("Up")
        host.keyPress(key)
        assert host.waitUntil(lambda before=before: desk.reading.answered == before + 1, 10)


def main(study, name, count):
    import sessions

    host = sessions.startHost(size=(900, 700))
    widget = host.selectModule("VisualTuring")
    begin(widget, study, name)
    readOn(host, widget, ["2"] * int(count))
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
