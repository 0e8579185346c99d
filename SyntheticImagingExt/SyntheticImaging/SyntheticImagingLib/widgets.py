"""Small helpers for the widgets of a module's panel."""

from contextlib import contextmanager

import qt


class Usability:
    """Disables widgets with a tool tip that says why, and gives them their own tool tip back."""

    def __init__(self):
        self._toolTips = {}

    def set(self, widget, problem):
        """problem: why the widget cannot be used, or "" where it can."""
        name = widget.objectName
        if name not in self._toolTips:
            self._toolTips[name] = widget.toolTip
        widget.enabled = not problem
        widget.toolTip = problem or self._toolTips[name]


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


def singleShot(milliseconds, action):
    """A timer that runs an action once for each start; starting it again puts the action off."""
    timer = qt.QTimer()
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(action)
    return timer
