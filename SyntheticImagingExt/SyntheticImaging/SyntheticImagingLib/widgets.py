"""Small helpers for the widgets of a module's panel."""

import re
from contextlib import contextmanager

import qt
import slicer


class Usability:
    """Disables widgets with a tool tip that says why, and gives them their own tool tip back."""

    def __init__(self):
        self._toolTips, self._widgets = {}, {}

    def set(self, widget, problem):
        """problem: why the widget cannot be used, or "" where it can."""
        name = widget.objectName
        if name not in self._toolTips:
            self._toolTips[name], self._widgets[name] = widget.toolTip, widget
        widget.enabled = not problem
        widget.toolTip = problem or self._toolTips[name]

    def free(self):
        """Let every widget be used that was ever set."""
        for widget in self._widgets.values():
            self.set(widget, "")


@contextmanager
def silent(*widgets):
    """Set values without being called back for it."""
    before = [widget.blockSignals(True) for widget in widgets]
    try:
        yield
    finally:
        for widget, was in zip(widgets, before, strict=True):
            widget.blockSignals(was)


def setTextIfNew(label, text):
    if label.text != text:
        label.text = text


def breakable(text):
    """A text whose long words a label with word wrap can break, paths above all: else they widen the panel for good."""
    parts = r"([/\\_.-]|[^\W_]{16})(?=\w)"
    return re.sub(r"\S{20,}", lambda word: re.sub(parts, "\\1\u200b", word[0]), text)


def singleShot(milliseconds, action):
    """A timer that runs an action once for each start; starting it again puts the action off."""
    timer = qt.QTimer()
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(action)
    return timer


def quiet(segmentSelector):
    """Without its line "No node is selected", which says what the box above it shows."""
    for label in slicer.util.findChildren(segmentSelector, name="label_Message"):
        label.setMaximumHeight(0)


def showAllRows(table):
    """Make a table as high as its rows, so that it needs no scroll bar of its own in a panel that has one; texts go on
    in a second line where the panel is narrow."""
    table.wordWrap = True
    table.resizeRowsToContents()
    rows, header = table.verticalHeader(), table.verticalHeader().defaultSectionSize
    table.horizontalHeader().setFixedHeight(header)  # by itself it is a little higher, and the last row cut off
    table.verticalScrollBarPolicy = qt.Qt.ScrollBarAlwaysOff
    table.setFixedHeight(header + rows.length() + 2 * table.frameWidth)
