"""What a reader sees beside the image: answers, progress, time, pause; and the page between cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from SyntheticImagingLib.widgets import setTextIfNew

from . import ReadingWords
from .ReadingAnswers import answers
from .ReadingLogic import ReadingLogic, State

_FORMS = Path(__file__).resolve().parents[2] / "Resources" / "UI"
_PAGE_WIDTH_PX = 900


class ReadingStrip:
    """The strip below the image; shows a ReadingLogic.

    onChoice(value): an answer was clicked. onPause(): the button was.
    """

    def __init__(self, reading: ReadingLogic, onChoice: Callable, onPause: Callable):
        self._reading, self._onChoice, self._shown = reading, onChoice, None
        self._heldWidth = None
        self.widget, self.ui = _load("ReadingStrip.ui")
        self.ui.pauseButton.clicked.connect(lambda *_a: onPause())

    def refresh(self):
        """Show the answers that can be given now."""
        reading, ui = self._reading, self.ui
        setTextIfNew(ui.questionLabel, ReadingWords.question(reading))
        setTextIfNew(ui.progressLabel, ReadingWords.progress(reading))
        setTextIfNew(ui.helpLabel, ReadingWords.help(reading))
        self.showSentence(reading.sentence)
        self.refreshTime()
        self._showChoices(answers(reading))
        if reading.state is State.reading and not reading.sentence:
            self._holdHeight()

    def refreshTime(self):
        setTextIfNew(self.ui.timeLabel, ReadingWords.timeLeft(self._reading))

    def showSentence(self, text):
        """A problem, in place of the question: the strip, and with it the image, keeps its size."""
        setTextIfNew(self.ui.sentenceLabel, text)
        self.ui.sentenceLabel.visible, self.ui.questionLabel.visible = bool(text), not text

    def _holdHeight(self):
        """As high as its fullest state needs in this width: whatever it says, the image above keeps its size."""
        width = self.widget.window().width  # its own is not laid out yet when the first case comes
        if width != self._heldWidth:
            self._heldWidth = width
            self.widget.layout().activate()  # else heights are those of texts and fonts before
            self.widget.setFixedHeight(self.widget.heightForWidth(width))

    def _showChoices(self, choices):
        if choices == self._shown:
            return
        self._shown = choices
        layout = self.ui.choicesFrame.layout()
        while layout.count():
            button = layout.takeAt(0).widget()
            button.hide()
            button.deleteLater()
        for key, value, text in choices:
            button = qt.QPushButton(f"{key}\n{text}")
            button.setObjectName(f"choice{key}Button")
            button.setFocusPolicy(qt.Qt.NoFocus)
            button.clicked.connect(lambda *_a, value=value: self._onChoice(value))
            layout.addWidget(button)


class ReadingPage:
    """What stands in place of the image: before a part, in a pause, at the end.

    onProceed(), onLeave(): a button was clicked.
    """

    def __init__(self, reading: ReadingLogic, onProceed: Callable, onLeave: Callable):
        self._reading = reading
        self.widget, self.ui = _load("ReadingPage.ui")
        self.ui.pageLabel.setMaximumWidth(_PAGE_WIDTH_PX)
        self.ui.proceedButton.clicked.connect(lambda *_a: onProceed())
        self.ui.leaveButton.clicked.connect(lambda *_a: onLeave())

    def refresh(self):
        setTextIfNew(self.ui.pageLabel, ReadingWords.page(self._reading))
        state = self._reading.state
        setTextIfNew(self.ui.proceedButton, _("Begin") if state is State.briefing else _("Go on"))
        self.ui.proceedButton.visible = state is not State.finished


def _load(form):
    widget = slicer.util.loadUI(str(_FORMS / form))
    return widget, slicer.util.childWidgetVariables(widget)
