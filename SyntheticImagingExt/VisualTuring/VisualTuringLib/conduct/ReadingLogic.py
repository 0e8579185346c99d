"""One reader reads a study: what is on the screen, what a key means now, and when the answer is on the disk.

No key, passphrase or truth is read here; of training cases the study itself holds the truth, for the feedback.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.design import Design
from synthetic_imaging.reading.study import Study
from SyntheticImagingLib.observing import Observations
from SyntheticImagingLib.signal import Signal

from .ReadingImages import ImageStore
from .ReadingLook import ReadingLook

if TYPE_CHECKING:
    from synthetic_imaging.reading.conduct.order import Trial
    from synthetic_imaging.reading.conduct.session import Clock


class State(Enum):
    """What the reader sees."""

    briefing = "what comes next, before each part"
    opening = "the next case is being read"
    reading = "the case, and it asks for an answer"
    sure = "the pair, and it asks how sure the reader is"
    feedback = "the training case, and what it was"
    paused = "nothing of the case"
    finished = "the end"
    closed = "nothing: the session is closed"


class ReadingLogic:
    """A session that is open, on nodes of the scene.

    From the console: ``start()``, then ``openCase()`` and ``answer(...)`` until ``isFinished``, then ``close()``.
    A window calls the same methods, and runs ``caseSteps()`` and ``aheadSteps()`` between its events.

    Signals without arguments: changed (anything a screen shows); drawing (the case is in the views, draw it now);
    started, paused, resumed, finished, closed.
    sentence: a problem in words, "" without one. notes: what the reader should know about how the session was opened.
    """

    def __init__(
        self,
        folder: str | Path,
        reader: str,
        number: int = 1,
        resume: bool = False,
        experienceYears: float | None = None,
        specialty: str = "",
        answers: str | Path | None = None,
        clock: Clock | None = None,
    ):
        """Open a session of a study folder; see ``synthetic_imaging.reading.conduct.session.open_session``.

        InputError where it cannot be begun or resumed; the scene is as it was then.
        """
        from synthetic_imaging.reading.conduct.session import open_session

        self.study = Study.load(folder)
        self.session = open_session(self.study, reader, number, resume, experienceYears, specialty, answers, clock)
        self.changed, self.drawing = Signal(), Signal()
        self.started, self.paused, self.resumed, self.finished, self.closed = (Signal() for _ in range(5))
        self.state, self._stateBefore = State.briefing, State.briefing
        self.sentence, self.feedback, self.side = "", None, None
        self.look, self.images = ReadingLook(self.study), ImageStore(self.study)
        self.isFirstBriefing, self._part = True, None
        self._observations = Observations()
        self._observations.observeScene(closes=self.close, nodeRemoved=self._onNodeRemoved)

    # What is there

    @property
    def design(self) -> Design:
        return self.study.design

    @property
    def notes(self) -> list[str]:
        return self.session.notes

    @property
    def trial(self) -> Trial | None:
        """The case to answer: trial_id, phase, arm, codes; None at the end."""
        return self.session.current

    @property
    def total(self) -> int:
        return self.session.total

    @property
    def answered(self) -> int:
        return self.session.answered

    @property
    def isFinished(self) -> bool:
        return self.session.finished

    @property
    def isOpen(self) -> bool:
        return self.state is not State.closed

    @property
    def isPair(self) -> bool:
        return self.trial is not None and len(self.trial.codes) > 1

    @property
    def isNextReady(self) -> bool:
        """Whether the current case can be shown without reading its images first."""
        return self.images.isComplete(self.trial.codes)

    @property
    def remainingS(self) -> float | None:
        """Seconds until the time limit; None without one."""
        return self.session.remaining_s

    # From case to case

    def start(self) -> None:
        """Begin with the text before the first case, or say that everything is answered."""
        self.started.emit()
        self._advance()

    def proceed(self) -> None:
        """Go on from a text, from feedback or from a pause."""
        if self.state is State.paused:
            self.goOn()
        elif self.state is State.briefing:
            self._openNext()
        elif self.state is State.feedback:
            self.feedback = None
            self._advance()

    def caseSteps(self) -> Iterator[tuple[str, float]]:
        """Generator (stage, percent): read the current case and show it. InputError: the session is paused."""
        trial = self.trial
        self.images.keepOnly(trial.codes)
        try:
            for share in self.images.readSteps(trial.codes):
                yield "", 100 * share
                if self.state is not State.opening:
                    return  # paused or left meanwhile
            self._showCase(trial)
        except Exception as error:
            self._halt(error)
            raise

    def openCase(self) -> None:
        """Show the current case at once; for the console."""
        while self.state in (State.briefing, State.feedback, State.paused):
            self.proceed()
        if self.state is State.opening:
            for _step in self.caseSteps():
                pass

    def aheadSteps(self) -> Iterator[tuple[str, float]]:
        """Generator (stage, percent): read the next case ahead; a problem is met when it is its turn."""
        with suppress(InputError):
            for trial in self.session.coming(1):
                for share in self.images.readSteps(trial.codes):
                    yield "", 100 * share

    def answer(self, answer: int | str, confidence: int | None = None) -> None:
        """Save the answer to the case on the screen and go on: 1 to 6, "unsure", "left" or "right" with a confidence.

        InputError where something is missing or is no answer; the case stays as it is. InputError also where it cannot
        be saved: then the session is paused, and the case is answered again.
        """
        self._requireReading()
        self.look.checkMark(answer)
        self.session.check(answer, confidence, self.look.markRas)
        self._saved(lambda: self.session.answer(answer, confidence, self.look.markRas, *self.look.counts))

    def choose(self, side: str) -> None:
        """Of a pair, the side with the synthetic image, "left" or "right"; how sure is asked next."""
        self._requireReading()
        self.look.checkMark(side)
        self.side = side
        self._become(State.sure)

    def sure(self, confidence: int) -> None:
        """How sure the reader is of the chosen side, 1 to 5."""
        if self.state is State.sure:
            self.answer(self.side, confidence)

    def back(self) -> None:
        """From the question how sure to the pair; else to the case before. InputError where that is not allowed."""
        if self.state is State.sure:
            self.side = None
            self._become(State.reading)
        else:
            self._requireReading()
            self.session.back()
            self._openNext()

    def checkTime(self) -> bool:
        """Enforce the time limit: to be called often. True when the time of the case was over."""
        if self.state not in (State.reading, State.sure) or self.remainingS is None or self.remainingS > 0:
            return False
        self._saved(lambda: self.session.time_out(*self.look.counts))
        return True

    # The mark

    def putMark(self, ras: Sequence[float], index: int = 0) -> None:
        """Mark the place that decided, in RAS of image 0 (left) or 1 (right); InputError if none is asked."""
        self._requireReading()
        self.look.putMark(ras, index)
        self.sentence = ""
        self.changed.emit()

    def markAtCursor(self) -> None:
        """Mark what is under the mouse. InputError where that is no place of an image."""
        self.putMark(*self.look.placeAtCursor())

    # Pauses and the end

    def pause(self) -> None:
        """Hide the case; its time stands still."""
        if self.state in (State.paused, State.finished, State.closed):
            return
        self._stateBefore = self.state
        self.look.nodes.conceal()
        try:
            self.session.pause()
        except InputError as error:  # time stands still all the same; it could not be noted
            self.sentence = self.sentence or str(error)
        self._become(State.paused)
        self.paused.emit()

    def goOn(self) -> None:
        """Show the case again, as it was."""
        if self.state is not State.paused:
            return
        self.sentence = ""
        state = self._stateBefore
        if state in (State.reading, State.sure, State.feedback) and not self.look.nodes.areInScene:
            state = State.opening
        if state in (State.reading, State.sure, State.feedback):
            self.look.nodes.reveal()
            self.drawing.emit()
        if state in (State.reading, State.sure):
            self.session.shown()
        self._become(state)
        self.resumed.emit()

    def close(self) -> None:
        """End now; what is answered is on the disk, and nothing of the study stays in the scene."""
        if not self.isOpen:
            return
        self.session.close()
        self._observations.dropAll()
        self.look.close()
        self.images.clear()
        self._become(State.closed)
        self.closed.emit()

    # Inside

    def _onNodeRemoved(self, _node):
        """Where the image was deleted from the scene, it is read again when the reader goes on."""
        if self.state in (State.reading, State.sure, State.feedback) and not self.look.nodes.areInScene:
            self.sentence = "The image was deleted from the scene; go on to show it again."
            self.pause()

    def _showCase(self, trial):
        self.sentence, self.side = "", None
        self.look.show(trial.codes, self.images.take(trial.codes))
        self.state = State.reading
        self.drawing.emit()
        self.session.shown()
        self.changed.emit()

    def _advance(self):
        """After an answer: the next case, a text before it, or the end."""
        if self.trial is None:
            self.look.nodes.conceal()
            self._become(State.finished)
            self.finished.emit()
        elif (part := (self.trial.phase, self.trial.arm)) != self._part:
            self.isFirstBriefing, self._part = self._part is None, part
            self.look.nodes.conceal()
            self._become(State.briefing)
        else:
            self._openNext()

    def _openNext(self):
        """Ask for the current case; a case that has to be read first is not awaited in front of the one before."""
        if not self.isNextReady:
            self.look.nodes.conceal()
        self._become(State.opening)

    def _saved(self, save):
        """Save, and go on where that worked."""
        try:
            self.feedback = save()
        except Exception as error:
            self._halt(error)
            raise
        self.sentence, self.side = "", None
        if self.feedback is not None:
            self._become(State.feedback)
        else:
            self._advance()

    def _halt(self, error):
        """A pause that nobody asked for: say why; the case is shown again afterwards."""
        self.sentence = str(error)
        self.pause()

    def _requireReading(self):
        if self.state not in (State.reading, State.sure):
            raise InputError("No case is on the screen; go on first.")

    def _become(self, state):
        self.state = state
        self.changed.emit()
