"""One reader reading: which case is next, how long it was looked at, and the answer on the disk before the next one."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ... import __version__
from ...errors import InputError
from ..design import CONFIDENCES, LEFT, PAIRS, RATINGS, REAL, RIGHT, SYNTHETIC, UNSURE
from ..study import Study
from .answers import AnswerFile, read_entries
from .order import TRAINING, Trial, plan, reader_seed
from .readers import Reader, find, register

CLOCK_TOLERANCE_S = 5.0
_DAY_S = 86400.0


class Clock:
    """Seconds that never jump for durations, and the wall clock for the record; tests put another in its place."""

    def seconds(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class Feedback:
    """What a training case was. synthetic: of a pair, the side with the synthetic image."""

    truth: str
    correct: bool | None


def open_session(
    study: Study,
    name: str,
    number: int = 1,
    resume: bool = False,
    experience_years: float | None = None,
    specialty: str = "",
    answers: str | Path | None = None,
    clock: Clock | None = None,
) -> Session:
    """Begin or resume a session of a reader. A reader that is not known yet is entered.

    InputError where the name is taken and neither ``resume`` nor a later session is asked for, where the pause
    between sessions is too short, or where answers cannot be saved.
    """
    clock = clock or Clock()
    if not 1 <= number <= study.design.sessions:
        raise InputError(f"The study has {study.design.sessions} session(s) per reader; there is no session {number}.")
    reader = find(study, name, answers)
    begun = reader is not None and number in reader.sessions()
    if resume and not begun:
        raise InputError(f"There is nothing to resume for '{name}' in session {number}; start the session instead.")
    if not resume and (begun or (reader is not None and number == 1 and reader.sessions())):
        reader = register(study, name, answers=answers)  # raises: the name is taken
    if reader is None:
        if number > 1:
            raise InputError(f"'{name}' has not read session 1 yet; check the name, or begin with session 1.")
        reader = register(study, name, experience_years, specialty, answers)
    if not begun and number > 1:
        _check_washout(study, reader, number, clock)
    return Session(study, reader, number, clock)


class Session:
    """A session that is open. ``current`` is the case to show, None at the end.

    notes: sentences about how it was opened (a torn line set aside, a clock that went back).
    """

    def __init__(self, study: Study, reader: Reader, number: int = 1, clock: Clock | None = None):
        self.study, self.reader, self.number = study, reader, number
        self.clock = clock or Clock()
        self.notes: list[str] = []
        self._file = self._open()
        self._shown_at: float | None = None
        self._looked_s = 0.0
        self._marks = self.clock.seconds(), self.clock.now()
        try:
            self._restore()
            if len(self._file.entries) > 1:
                self._file.append({"kind": "resumed", "at": self._time()})
        except BaseException:
            self._file.close()
            raise

    @property
    def total(self) -> int:
        return len(self.trials)

    @property
    def answered(self) -> int:
        """How many trials have an answer: progress, without any score."""
        return len(self._answers)

    @property
    def current(self) -> Trial | None:
        return self.trials[self._position] if self._position < self.total else None

    @property
    def finished(self) -> bool:
        return self.answered == self.total

    @property
    def can_go_back(self) -> bool:
        return self.study.design.allow_back and self._position > 0 and self.trials[self._position - 1].phase != TRAINING

    def coming(self, count: int = 1) -> list[Trial]:
        """The trials after the current one, for reading their images ahead."""
        return self.trials[self._position + 1 : self._position + 1 + count]

    def image_paths(self, trial: Trial | None = None) -> list[Path]:
        """Image files of a trial, left to right; InputError where one is missing."""
        trial = trial or self._asked()
        return [self.study.image_path(code) for code in trial.codes]

    def shown(self):
        """The image of the current trial is on the screen: its time runs from now."""
        self._asked()
        if self._shown_at is None:
            self._shown_at = self.clock.seconds()

    def pause(self):
        """The image is hidden: its time stands still until it is shown again."""
        if self._shown_at is not None:
            self._looked_s += self.clock.seconds() - self._shown_at
            self._shown_at = None
            self._file.append({"kind": "paused", "at": self._time()})

    @property
    def seconds(self) -> float:
        """How long the current trial was looked at so far."""
        running = 0.0 if self._shown_at is None else self.clock.seconds() - self._shown_at
        return self._looked_s + running

    @property
    def remaining_s(self) -> float | None:
        """Until the time limit; None without one."""
        limit = self.study.design.time_limit_s
        return None if limit is None else max(0.0, limit - self.seconds)

    def answer(
        self,
        answer: int | str,
        confidence: int | None = None,
        mark_ras: Sequence[float] | None = None,
        slices_visited: int | None = None,
        window_changes: int | None = None,
    ) -> Feedback | None:
        """Save the answer to the current trial, then move on. Returns what the case was, in training only.

        answer: 1 to 6 or "unsure" for a rating; "left" or "right", where the synthetic one is, with a confidence of 1
        to 5, for a pair. mark_ras: the place that decided, in mm of the study's image. When it cannot be saved an
        InputError says why, and the trial stays the current one.
        """
        trial = self._asked()
        self.check(answer, confidence, mark_ras)
        return self._record(trial, answer, confidence, mark_ras, slices_visited, window_changes, False)

    def time_out(self, slices_visited: int | None = None, window_changes: int | None = None) -> Feedback | None:
        """Save that the time limit passed without an answer, then move on."""
        if self.study.design.time_limit_s is None:
            raise InputError("The study has no time limit, so a case cannot run out of time.")
        return self._record(self._asked(), None, None, None, slices_visited, window_changes, True)

    def back(self):
        """Return to the trial before, to answer it again; both answers are kept. InputError where not allowed."""
        if not self.can_go_back:
            raise InputError("There is no way back to an earlier case in this study.")
        self._position -= 1
        self._reset()

    def close(self):
        self._file.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_):
        self.close()

    def _open(self) -> AnswerFile:
        path = self.reader.session_path(self.number)
        if path.exists() and not read_entries(path):
            with suppress(OSError):  # begun, but a crash cut its first line off: nothing was answered yet
                os.replace(path, path.with_suffix(".torn-0"))
        if path.exists():
            return AnswerFile(path)
        trials = plan(self.study, self.reader.reader_id, self.number)
        header = {
            "kind": "begun",
            "study_id": self.study.study_id,
            "manifest_sha256": self.study.digest,
            "reader_id": self.reader.reader_id,
            "session": self.number,
            "seed": reader_seed(self.study, self.reader.reader_id, self.number),
            "version": __version__,
            "at": self.clock.now().isoformat(timespec="seconds"),
            "trials": [trial.to_dict() for trial in trials],
        }
        return AnswerFile(path, header)

    def _restore(self):
        header = self._file.entries[0]
        mine = {"study_id": self.study.study_id, "reader_id": self.reader.reader_id, "session": self.number}
        if any(header.get(name) != value for name, value in mine.items()):
            raise InputError(f"'{self._file.path}' belongs to another study or reader; move it away to go on.")
        if header["manifest_sha256"] != self.study.digest:
            raise InputError(
                "The study was changed after this session was begun; go on with the copy it was begun with. "
                "The answers are kept."
            )
        self.trials = [Trial.from_dict(values) for values in header["trials"]]
        self._answers = {entry["trial_id"] for entry in self._file.entries if entry["kind"] == "answer"}
        self._position = next((i for i, t in enumerate(self.trials) if t.trial_id not in self._answers), self.total)
        if self._file.torn:
            self.notes.append(
                "The last answer had not been saved completely before the program ended; that case is shown again. "
                f"What was left of it is in '{self._file.torn.name}'."
            )
        last = max(datetime.fromisoformat(entry["at"]) for entry in self._file.entries)
        if (self.clock.now() - last).total_seconds() < -CLOCK_TOLERANCE_S:
            self.notes.append(
                f"This computer's clock is behind the last answer ({last:%Y-%m-%d %H:%M} UTC); correct it if it is "
                "wrong. Reading times do not depend on it."
            )

    def _asked(self) -> Trial:
        if self.current is None:
            raise InputError("All cases of this session are answered; there is nothing left to read.")
        return self.current

    def check(self, answer: int | str, confidence: int | None = None, mark_ras: Sequence[float] | None = None):
        """InputError where ``answer`` would refuse these for what they are; nothing is saved."""
        trial, design = self._asked(), self.study.design
        if trial.arm == PAIRS:
            if answer not in (LEFT, RIGHT):
                raise InputError(f"'{answer}' is not an answer; choose left or right, where the synthetic image is.")
            if confidence not in CONFIDENCES:
                raise InputError(f"Say how sure you are, from 1 ({CONFIDENCES[1]}) to 5 ({CONFIDENCES[5]}).")
        elif answer == UNSURE and not design.allow_unsure:
            raise InputError("'unsure' is not offered in this study; choose from 1 (real) to 6 (synthetic).")
        elif answer != UNSURE and (answer not in RATINGS or isinstance(answer, bool)):
            raise InputError(f"'{answer}' is not an answer; choose from 1 (certainly real) to 6 (certainly synthetic).")
        if mark_ras is None and design.mark == "required":
            raise InputError("Mark the place that made you decide, then answer again.")
        if mark_ras is not None and (len(mark_ras) != 3 or not all(math.isfinite(x) for x in mark_ras)):
            raise InputError("The mark is not a point of three numbers in mm; place it again.")

    def _record(self, trial, answer, confidence, mark_ras, slices_visited, window_changes, timed_out):
        entry = {
            "kind": "answer",
            **trial.to_dict(),
            "answer": answer,
            "confidence": confidence,
            "mark_ras": None if mark_ras is None else [round(float(x), 2) for x in mark_ras],
            "seconds": round(self.seconds, 3),
            "slices_visited": slices_visited,
            "window_changes": window_changes,
            "timed_out": timed_out,
            "at": self._time(),
        }
        entry |= self._clock_shift()
        if trial.trial_id in self._answers:
            entry["revised"] = True
        self._file.append(entry)
        self._answers.add(trial.trial_id)
        self._position = min(self._position + 1, self.total)
        while self.current is not None and self.current.trial_id in self._answers:
            self._position += 1
        self._reset()
        return self._feedback(trial, answer)

    def _reset(self):
        self._shown_at, self._looked_s = None, 0.0

    def _feedback(self, trial: Trial, answer) -> Feedback | None:
        if trial.phase != TRAINING:
            return None
        if trial.arm == PAIRS:
            pair = next(pair for pair in self.study.training_pairs if set(pair.codes) == set(trial.codes))
            side = LEFT if trial.codes[0] == pair.synthetic else RIGHT
            return Feedback(side, None if answer is None else answer == side)
        truth = self.study.case(trial.codes[0]).truth
        assert truth is not None  # the manifest tells that of training cases
        said = None if answer in (None, UNSURE) else SYNTHETIC if answer > 3 else REAL
        return Feedback(truth, None if said is None else said == truth)

    def _clock_shift(self) -> dict:
        """How far the wall clock was set while the session ran; durations are measured on another clock."""
        seconds, now = self.clock.seconds(), self.clock.now()
        shift = (now - self._marks[1]).total_seconds() - (seconds - self._marks[0])
        self._marks = seconds, now
        return {"clock_shift_s": round(shift, 1)} if abs(shift) > CLOCK_TOLERANCE_S else {}

    def _time(self) -> str:
        return self.clock.now().isoformat(timespec="seconds")


def _check_washout(study: Study, reader: Reader, number: int, clock: Clock):
    """A later session needs the earlier one complete and its days of pause."""
    path = reader.session_path(number - 1)
    if not path.exists():
        raise InputError(f"'{reader.name}' has not read session {number - 1} yet; begin with that one.")
    answered, total = reader.progress(number - 1)
    if answered < max(total, 1):
        raise InputError(f"'{reader.name}' has not finished session {number - 1}; resume and finish it first.")
    last = max(datetime.fromisoformat(entry["at"]) for entry in read_entries(path))
    missing = study.design.washout_days - (clock.now() - last).total_seconds() / _DAY_S
    if missing > 0:
        raise InputError(
            f"Session {number} may begin {study.design.washout_days:g} days after session {number - 1}, that is in "
            f"{missing:.1f} days (by this computer's clock, {clock.now():%Y-%m-%d})."
        )
