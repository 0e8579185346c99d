"""A reader at the keys of Visual Turing; run as a program, one whose computer fails in the middle."""

import os
import signal
import sys

from reading_hands import awaitCase, press


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


def readOn(host, widget, answers):
    """Press the keys of so many answers, each when its case is there; goes on from texts by itself."""
    from VisualTuringLib.conduct.ReadingLogic import State

    reading = widget.panel.read.desk.reading
    for key in answers:
        host.waitUntil(lambda: reading.state is not State.opening)
        if reading.state in (State.briefing, State.feedback, State.paused):
            press(host, "Space")
        awaitCase(host, reading)
        press(host, "Up", key)


def main(study, name, count):
    import sessions

    host = sessions.startHost(size=(900, 700))
    widget = host.selectModule("VisualTuring")
    begin(widget, study, name)
    readOn(host, widget, ["2"] * int(count))
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
