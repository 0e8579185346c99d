"""Hands of a reader for tests: real key events to the main window, and what the answers file says after them."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from synthetic_imaging.reading.conduct.answers import read_entries

_KEYS = {
    "Space": Qt.Key_Space, "Esc": Qt.Key_Escape, "Up": Qt.Key_Up, "Down": Qt.Key_Down, "Backspace": Qt.Key_Backspace,
    "PgUp": Qt.Key_PageUp, "Home": Qt.Key_Home, "Del": Qt.Key_Delete, "+": Qt.Key_Plus, "-": Qt.Key_Minus,
    "Return": Qt.Key_Return,
}  # fmt: skip


def press(host, *keys):
    """Press keys one after the other; each goes through Qt's shortcuts as from the keyboard."""
    for key in keys:
        code = _KEYS.get(key) or getattr(Qt, f"Key_{key}")
        QTest.keyClick(host.window, code, Qt.KeypadModifier if key in "+-" else Qt.NoModifier)
        host.processEvents(20)


def settle(host):
    """Wait longer than an echo of a key is ignored."""
    from VisualTuringLib.conduct import ReadingDesk

    host.processEvents(round(1000 * ReadingDesk.DOUBLE_PRESS_S) + 20)


def awaitCase(host, reading):
    """Wait until a case is on the screen and an answer would count."""
    from VisualTuringLib.conduct.ReadingLogic import State

    assert host.waitUntil(lambda: reading.state is State.reading)
    settle(host)


def readToEnd(host, reading, keyOf=lambda reading: "2"):
    """Answer every case by key until the end is on the screen; the number of answers."""
    from VisualTuringLib.conduct.ReadingLogic import State

    count = 0
    while True:
        host.waitUntil(lambda: reading.state is not State.opening)
        if reading.state is State.reading:
            awaitCase(host, reading)
            press(host, keyOf(reading))
            count += 1
        elif reading.state in (State.briefing, State.feedback):
            press(host, "Space")
        else:
            assert reading.state is State.finished, (reading.state, reading.sentence)
            return count


def answersOf(study, reader="reader-01", number=1):
    """The answers of a session as they are on the disk."""
    path = study.folder / "answers" / reader / f"session-{number}.jsonl"
    return [entry for entry in read_entries(path) if entry["kind"] == "answer"]


def windowState(host):
    """What a user sees of the window: its parts, layout, keys, mouse mode."""
    import qt
    import slicer

    kinds = (qt.QMenuBar, qt.QToolBar, qt.QDockWidget, qt.QStatusBar)
    parts = {(widget.className(), widget.objectName): widget.visible for kind in kinds
             for widget in host.window.findChildren(kind)}  # fmt: skip
    shortcuts = [(item.key.toString(), item.enabled) for item in host.window.findChildren(qt.QShortcut)]
    interaction = slicer.app.applicationLogic().GetInteractionNode().GetCurrentInteractionMode()
    crosshair = slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode").GetCrosshairMode()
    layout, center = host.layoutManager.layout, host.window.centralWidget().visible
    return parts, shortcuts, interaction, crosshair, layout, center, host.window.windowState(), host.window.styleSheet
