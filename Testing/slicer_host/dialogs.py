"""Message boxes and file dialogs: recorded and answered at once when nobody sits in front of the window."""

from PySide6.QtWidgets import QFileDialog, QMessageBox

_LEVELS = {
    QMessageBox.Critical: "error", QMessageBox.Warning: "warning", QMessageBox.Question: "question",
    QMessageBox.Information: "info", QMessageBox.NoIcon: "info",
}  # fmt: skip
_AFFIRMATIVE = (QMessageBox.Ok, QMessageBox.Yes, QMessageBox.Save, QMessageBox.Retry, QMessageBox.Close)


class Dialogs:
    """What the user was shown (`messages`: (level, text)), and the answers that are given for him.

    `answers` (standard buttons) and `paths` (for file dialogs) are used up first; then the affirmative button is
    pressed, and a file dialog is canceled.
    """

    def __init__(self):
        self.messages, self.answers, self.paths = [], [], []

    def reset(self):
        """Forget what was shown and what was to be answered."""
        for items in (self.messages, self.answers, self.paths):
            items.clear()

    def install(self):
        """Replace the blocking calls of Qt's dialogs for the whole process."""
        QMessageBox.exec = QMessageBox.exec_ = self._onMessageBox
        for name, level in (("information", "info"), ("warning", "warning"), ("critical", "error"),
                            ("question", "question")):  # fmt: skip
            setattr(QMessageBox, name, staticmethod(self._static(level)))
        for name in ("getOpenFileName", "getSaveFileName"):
            setattr(QFileDialog, name, staticmethod(lambda *args, **kwargs: self._path()))
        QFileDialog.getExistingDirectory = staticmethod(lambda *args, **kwargs: self._path())

    def _path(self):
        return self.paths.pop(0) if self.paths else ""

    @property
    def _onMessageBox(self):
        dialogs = self

        def execute(box):
            text = "\n".join(t for t in (box.text(), box.informativeText(), box.detailedText()) if t)
            dialogs.messages.append((_LEVELS[box.icon()], text))
            return dialogs._answer(box.standardButtons())

        return execute

    def _static(self, level):
        def show(parent, title, text, buttons=QMessageBox.Ok, *args, **kwargs):
            self.messages.append((level, text))
            return self._answer(buttons)

        return show

    def _answer(self, buttons):
        if self.answers:
            return self.answers.pop(0)
        return next((button for button in _AFFIRMATIVE if button & buttons), QMessageBox.Ok)
