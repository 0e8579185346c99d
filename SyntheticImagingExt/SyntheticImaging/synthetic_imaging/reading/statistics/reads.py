"""Answers joined with the key: one row per read, the table from which everything else is computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..conduct.answers import read_entries
from ..conduct.order import TRAINING
from ..conduct.readers import readers
from ..design import LEFT, PAIRS, RATING, REAL, RIGHT, SYNTHETIC, UNSURE
from ..study import Study

MIDDLE = 3.5
"""The score of "unsure" and of a case that ran out of time: between the real and the synthetic side."""


@dataclass(frozen=True)
class Read:
    """One answer with the truth.

    rating arm: truth "real" or "synthetic", answer 1 to 6, "unsure" or None (out of time), score 1 to 6 or 3.5.
    pairs arm: truth "left" or "right" (the synthetic side), answer "left", "right" or None, score the confidence with
    a minus where "left" was answered. case: the code, or both codes of a pair in alphabetical order.
    """

    reader: str
    session: int
    arm: str
    case: str
    truth: str
    answer: int | str | None
    score: float
    confidence: int | None = None
    repeat: bool = False
    seconds: float = math.nan
    slices_visited: int | None = None
    window_changes: int | None = None
    timed_out: bool = False
    mark_ras: tuple[float, float, float] | None = None
    mark_distance_mm: float | None = None
    radius_mm: float = 0.0
    place: str = ""
    scanner: str = ""
    revised: bool = False
    at: str = ""
    seed: int | None = None

    @property
    def called(self) -> str | None:
        """What the reader took it for; None where the answer was left open."""
        if self.arm == PAIRS:
            return self.answer if isinstance(self.answer, str) else None  # a side
        return None if self.answer in (None, UNSURE) else SYNTHETIC if int(self.answer) > MIDDLE else REAL

    @property
    def correct(self) -> bool | None:
        return None if self.called is None else self.called == self.truth


def collect(study: Study, key_values: dict, answers: str | Path | None = None) -> list[Read]:
    """All reads of a study but the training, by reader, session and order; of changed answers the last."""
    reads: list[Read] = []
    for reader in readers(study, answers):
        for session in reader.sessions():
            entries = read_entries(reader.session_path(session))
            if entries and entries[0]["study_id"] != study.study_id:
                raise InputError(f"'{reader.session_path(session)}' belongs to another study; move it away.")
            last = {entry["trial_id"]: entry for entry in entries if entry["kind"] == "answer"}
            reads += [
                _read(reader.reader_id, session, entries[0]["seed"], entry, key_values)
                for entry in last.values()
                if entry["phase"] != TRAINING
            ]
    return reads


def score_of(arm: str, answer, confidence: int | None) -> float:
    """A number that grows toward "synthetic" (rating) or toward "right" (pairs)."""
    if arm == PAIRS:
        return 0.0 if answer is None else float(confidence or 1) * (1 if answer == RIGHT else -1)
    return MIDDLE if answer in (None, UNSURE) else float(answer)


def score_matrix(reads: Sequence[Read]) -> tuple[list[str], list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Readers, cases, scores and correctness (readers, cases), and which cases are synthetic, of first rating reads.

    Correctness is 1, 0, or 0.5 for an open answer; NaN where unread.
    """
    reads = [read for read in reads if read.arm == RATING and not read.repeat]
    names, cases = sorted({read.reader for read in reads}), sorted({read.case for read in reads})
    row, column = ({name: n for n, name in enumerate(group)} for group in (names, cases))
    scores = np.full((len(names), len(cases)), np.nan)
    correct = scores.copy()
    synthetic = np.zeros(len(cases), bool)
    for read in reads:
        place = row[read.reader], column[read.case]
        scores[place] = read.score
        correct[place] = 0.5 if read.correct is None else float(read.correct)
        synthetic[place[1]] = read.truth == SYNTHETIC
    return names, cases, scores, correct, synthetic


def _read(reader: str, session: int, seed: int, entry: dict, key_values: dict) -> Read:
    arm, codes, answer = entry["arm"], entry["codes"], entry["answer"]
    known = [key_values["cases"].get(code) for code in codes]
    if None in known:
        raise InputError(f"The key does not know image '{codes[known.index(None)]}'; give the key of this study.")
    if arm == PAIRS:
        truth = LEFT if known[0]["truth"] == SYNTHETIC else RIGHT
        told = known[0] if truth == LEFT else known[1]
    else:
        truth, told = known[0]["truth"], known[0]
    lesions, mark = told["lesions"], entry["mark_ras"]
    return Read(
        reader,
        session,
        arm,
        "-".join(sorted(codes)),
        truth,
        answer,
        score_of(arm, answer, entry["confidence"]),
        entry["confidence"],
        entry["repeat"],
        entry["seconds"],
        entry["slices_visited"],
        entry["window_changes"],
        entry["timed_out"],
        None if mark is None else tuple(mark),
        _distance_mm(mark, lesions) if arm == RATING else None,
        lesions[0]["radius_mm"] if lesions else 0.0,
        told["place"],
        told["scanner"],
        bool(entry.get("revised")),
        entry["at"],
        seed,
    )


def _distance_mm(mark, lesions: list[dict]) -> float | None:
    """From the mark to the surface of the nearest lesion; 0 inside."""
    if mark is None or not lesions:
        return None
    return min(max(0.0, math.dist(mark, site["center_ras"]) - site["radius_mm"]) for site in lesions)
