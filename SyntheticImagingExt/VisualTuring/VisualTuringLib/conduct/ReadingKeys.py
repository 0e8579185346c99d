"""The keys while somebody reads."""

import qt
import slicer

REPEATING = ("Up", "Down", "Left", "Right", "PgUp", "PgDown", "+", "=", "-")
"""Keys that act again while they are held down; an answer never does."""


class ReadingKeys:
    """Shortcuts of the main window, from ``open`` to ``close``."""

    def __init__(self):
        self._shortcuts = []

    def open(self, actions):
        """actions: key (as in "Space") to what it does."""
        for key, action in actions.items():
            shortcut = qt.QShortcut(qt.QKeySequence(key), slicer.util.mainWindow())
            shortcut.setAutoRepeat(key in REPEATING)
            shortcut.connect("activated()", action)
            self._shortcuts.append(shortcut)

    def close(self):
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._shortcuts = []
