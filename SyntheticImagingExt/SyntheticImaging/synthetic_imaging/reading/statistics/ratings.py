"""What one reader's yes-no answers and ratings say: can this reader tell real from synthetic?"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import stats

from ...errors import InputError
from ..design import COUNT_COLUMNS, RATINGS, REAL, SYNTHETIC
from .detection import Auc, auc, detectability
from .proportions import equivalence_of_estimate, equivalence_of_proportion, proportion
from .reads import Read

SIGNIFICANT = 0.05
TELLS, SWAPS, EQUIVALENT, OPEN = "tells apart", "tells apart, labels swapped", "equivalent to chance", "undecided"


@dataclass(frozen=True)
class Counts:
    """Answers by truth; open ones ("unsure", out of time) are kept."""

    real_as_real: int
    real_as_synthetic: int
    synthetic_as_real: int
    synthetic_as_synthetic: int
    real_open: int = 0
    synthetic_open: int = 0

    @classmethod
    def of(cls, reads: Sequence[Read]) -> Counts:
        def count(truth: str, called: str | None) -> int:
            return sum(read.truth == truth and read.called == called for read in reads)

        return cls(
            count(REAL, REAL),
            count(REAL, SYNTHETIC),
            count(SYNTHETIC, REAL),
            count(SYNTHETIC, SYNTHETIC),
            count(REAL, None),
            count(SYNTHETIC, None),
        )

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def correct(self) -> int:
        return self.real_as_real + self.synthetic_as_synthetic

    @property
    def definite(self) -> int:
        return self.correct + self.real_as_synthetic + self.synthetic_as_real

    @property
    def open(self) -> int:
        return self.real_open + self.synthetic_open

    @property
    def total(self) -> int:
        return self.definite + self.open


def counts_from_table(path: str | Path) -> dict[str, Counts]:
    """Published counts (CSV, one row per reader) by reader."""
    path = Path(path).expanduser()
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        if not rows or not set(COUNT_COLUMNS[:5]) <= set(rows[0]):
            raise ValueError(f"columns needed: {', '.join(COUNT_COLUMNS[:5])}")
        return {row["reader"]: Counts(*(_whole(row.get(name)) for name in COUNT_COLUMNS[1:])) for row in rows}
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            f"The counts '{path}' cannot be used: {error}. Give a CSV file with one row per reader and the columns "
            f"{', '.join(COUNT_COLUMNS)}, the last two if known."
        ) from error


def _whole(text: str | None) -> int:
    value = int(text or 0)
    if value < 0:
        raise ValueError(f"'{text}' is not a whole number of at least 0")
    return value


def summary_of_counts(counts: Counts, margin: float) -> dict:
    """One row of numbers for a table of answers.

    accuracy, wilson, exact, p_chance: of the definite answers. accuracy_half: open answers count one half;
    accuracy_least, accuracy_most: all open answers wrong, all right. p_association: Fisher's exact test. p_equivalence:
    TOST of the accuracy over all answers, the worse of the two bounds, so open answers cannot make equivalence.
    """
    answered = proportion(counts.correct, counts.definite)
    found = detectability(
        counts.synthetic_as_synthetic,
        counts.synthetic_as_synthetic + counts.synthetic_as_real,
        counts.real_as_synthetic,
        counts.real_as_synthetic + counts.real_as_real,
    )
    total = max(counts.total, 1)
    bounds = counts.correct, counts.correct + counts.open
    table = [
        [counts.real_as_real, counts.real_as_synthetic],
        [counts.synthetic_as_real, counts.synthetic_as_synthetic],
    ]
    return {
        "cases": counts.total,
        **vars(counts),
        "correct": counts.correct,
        "accuracy": answered.estimate,
        "wilson_low": answered.wilson[0],
        "wilson_high": answered.wilson[1],
        "exact_low": answered.exact[0],
        "exact_high": answered.exact[1],
        "p_chance": answered.p_two_sided,
        "accuracy_half": (counts.correct + counts.open / 2) / total,
        "accuracy_least": bounds[0] / total,
        "accuracy_most": bounds[1] / total,
        "p_association": float(stats.fisher_exact(table).pvalue),
        "d_prime": found.d_prime,
        "d_prime_low": found.low,
        "d_prime_high": found.high,
        "criterion": found.criterion,
        "criterion_low": found.criterion_low,
        "criterion_high": found.criterion_high,
        "p_equivalence": max(equivalence_of_proportion(bound, counts.total, margin).p for bound in bounds),
    }


def summary_of_reader(reads: Sequence[Read], margin: float) -> dict:
    """The row of ``summary_of_counts`` with the area under the ROC curve of the ratings, and the verdict.

    p_equivalence_auc: the worst of open answers between the sides, all wrong, and all right.
    """
    row = summary_of_counts(Counts.of(reads), margin)
    area = _area(reads)
    bounds = (
        [area, *(_area(open_as(reads, right)) for right in (False, True))]
        if row["real_open"] + row["synthetic_open"]
        else [area]
    )
    row |= {
        "auc": area.auc,
        "auc_low": area.low,
        "auc_high": area.high,
        "folded_auc": area.folded,
        "folded_auc_low": area.folded_low,
        "folded_auc_high": area.folded_high,
        "folded_auc_at_chance": area.folded_at_chance,
        "p_equivalence_auc": max(equivalence_of_estimate(bound.auc, bound.se, margin).p for bound in bounds),
    }
    return row | {"verdict": verdict_of(row)}


def open_as(reads: Sequence[Read], right: bool) -> list[Read]:
    """The reads with open answers made certain ones, all right or all wrong: bounds of what they may hide."""

    def scored(read: Read) -> Read:
        if read.called is not None:
            return read
        return replace(read, score=float(max(RATINGS) if (read.truth == SYNTHETIC) == right else min(RATINGS)))

    return [scored(read) for read in reads]


def _area(reads: Sequence[Read]) -> Auc:
    real, fake = (np.array([read.score for read in reads if read.truth == truth]) for truth in (REAL, SYNTHETIC))
    return auc(real, fake)


def verdict_of(row: dict) -> str:
    """Discrimination is judged first, in either direction; equivalence needs its own proof.

    By the AUC where there are ratings, else by Fisher's test and the accuracy.
    """
    if math.isfinite(row.get("auc_low", math.nan)):
        differs, direction = not row["auc_low"] <= 0.5 <= row["auc_high"], row["auc"] - 0.5
    else:
        differs, direction = row["p_association"] < SIGNIFICANT, row["d_prime"]
    if differs:
        return TELLS if direction > 0 else SWAPS
    return EQUIVALENT if row.get("p_equivalence_auc", row["p_equivalence"]) < SIGNIFICANT else OPEN
