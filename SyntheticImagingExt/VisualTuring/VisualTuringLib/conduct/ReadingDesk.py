"""A reader at the full screen: keys to the logic, the logic's state to the screen, images read ahead meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

import qt

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import jobs

from . import ReadingWords
from .ReadingAnswers import KEYS, answerOf
from .ReadingKeys import ReadingKeys
from .ReadingLogic import ReadingLogic, State
from .ReadingScreen import ReadingScreen
from .ReadingStrip import ReadingPage, ReadingStrip

DOUBLE_PRESS_S = 0.25
"""A second answer within this time after a case appeared is the echo of the first."""
_AHEAD_BUDGET_S = 0.01
_CLOCK_MS = 100
_ZOOM, _PAGE_SLICES = 1.2, 5


class ReadingDesk:
    """Runs a ReadingLogic on the main window. onLeft(): called when the window was given back."""

    def __init__(self, reading: ReadingLogic, onLeft: Callable[[], None] = lambda: None):
        self.reading, self._onLeft = reading, onLeft
        self.screen, self.keys = ReadingScreen(), ReadingKeys()
        self.strip = ReadingStrip(reading, self._choose, self._pauseOrGoOn)
        self.page = ReadingPage(reading, self._proceed, self.leave)
        self._opening, self._ahead = jobs.Steps(), jobs.Steps(_AHEAD_BUDGET_S)
        self._clock = qt.QTimer()
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self._tick)
        self._viewCount, self._state, self._since = 0, None, 0.0

    def open(self) -> None:
        """Take the window over and begin; where that fails, everything is given back and the session closed."""
        reading = self.reading
        reading.changed.connect(self._refresh)
        reading.drawing.connect(self._draw)
        reading.closed.connect(self.leave)
        try:
            self.screen.open(self.strip.widget, self.page.widget)
            self.keys.open(self._actions())
            self._clock.start()
            reading.start()
        except Exception:
            self.leave()
            raise

    def leave(self) -> None:
        """Close the session and give the window back; it can be resumed."""
        reading = self.reading
        for signal, slot in (
            (reading.changed, self._refresh),
            (reading.drawing, self._draw),
            (reading.closed, self.leave),
        ):
            signal.disconnect(slot)
        self._clock.stop()
        self._opening.cancel()
        self._ahead.cancel()
        wasOpen = self.screen.isOpen
        reading.close()
        self.keys.close()
        self.screen.close()
        if wasOpen:
            self._onLeft()

    # From the logic to the screen

    def _refresh(self):
        reading = self.reading
        if not self.screen.isOpen or not reading.isOpen:
            return
        if reading.state is not self._state:
            self._state, self._since = reading.state, time.monotonic()
        if not (reading.state is State.opening and reading.isNextReady):
            self.strip.refresh()  # else the next case is there at once; words in between would only flicker
        self.page.refresh()
        self.screen.showImage(not ReadingWords.page(reading))
        if reading.state is State.opening and not self._opening.isRunning:
            self._openCase()

    def _openCase(self):
        self._ahead.cancel()
        count = len(self.reading.trial.codes)
        if count != self._viewCount:
            self.reading.look.attach(self.screen.showViews(count))
            self._viewCount = count
        self._opening.start(self.reading.caseSteps(), None, self._onShown, self._say)

    def _onShown(self, _result):
        if self.reading.state is State.reading:
            self._since = time.monotonic()
            self._ahead.start(self.reading.aheadSteps())

    def _draw(self):
        self.screen.showImage(True)
        self.screen.draw()

    def _tick(self):
        self._guarded(self.reading.checkTime)
        if self.reading.isOpen:
            self.strip.refreshTime()

    # From the keys to the logic

    def _actions(self):
        look, nodes = self.reading.look, self.reading.look.nodes
        looking = {
            "Up": lambda: nodes.scroll(1),
            "Right": lambda: nodes.scroll(1),
            "Down": lambda: nodes.scroll(-1),
            "Left": lambda: nodes.scroll(-1),
            "PgUp": lambda: nodes.scroll(_PAGE_SLICES),
            "PgDown": lambda: nodes.scroll(-_PAGE_SLICES),
            "+": lambda: nodes.zoom(_ZOOM),
            "=": lambda: nodes.zoom(_ZOOM),
            "-": lambda: nodes.zoom(1 / _ZOOM),
            "R": nodes.fit,
            "C": look.toggleCues,
            "Home": nodes.backToStart,
            "Del": look.removeMark,
        }
        for number, name in enumerate(self.reading.design.windows):
            looking[f"F{number + 1}"] = lambda name=name: look.setWindow(name)
        actions = {key: self._whileLooking(action) for key, action in looking.items()}
        for key in KEYS:
            actions[key] = lambda *_a, key=key: self._press(key)
        actions |= {"Space": self._space, "Return": self._proceed, "Enter": self._proceed, "Q": self._quit}
        actions |= {"P": self._pauseOrGoOn, "Esc": self._pauseOrGoOn, "Backspace": self._back}
        return actions

    def _whileLooking(self, action):
        def act(*_arguments):
            if self.reading.state in (State.reading, State.sure, State.feedback):
                self._guarded(action)

        return act

    def _press(self, key):
        answer = answerOf(self.reading, key)
        if answer is not None and time.monotonic() - self._since >= DOUBLE_PRESS_S:
            self._choose(answer.value)

    def _choose(self, value):
        reading = self.reading
        if reading.state is State.sure:
            self._guarded(lambda: reading.sure(value))
        elif reading.isPair:
            self._guarded(lambda: reading.choose(value))
        else:
            self._guarded(lambda: reading.answer(value))

    def _space(self, *_arguments):
        if self.reading.state in (State.reading, State.sure):
            self._guarded(self.reading.markAtCursor)
        else:
            self._proceed()

    def _proceed(self, *_arguments):
        if self.reading.state is State.finished:
            self.leave()
        else:
            self._guarded(self.reading.proceed)

    def _pauseOrGoOn(self, *_arguments):
        self._guarded(self.reading.goOn if self.reading.state is State.paused else self.reading.pause)

    def _back(self, *_arguments):
        if self.reading.state in (State.reading, State.sure):
            self._guarded(self.reading.back)

    def _quit(self, *_arguments):
        if self.reading.state in (State.briefing, State.paused, State.finished):
            self.leave()

    def _guarded(self, action):
        """A problem is said on the screen and nothing else happens."""
        try:
            action()
        except InputError as error:
            self._say(error)

    def _say(self, error):
        """The sentence of a problem; an unexpected error is raised as well, once the screen shows it."""
        self.page.refresh()
        self.strip.showSentence(str(error))
        if not isinstance(error, InputError):
            raise error
