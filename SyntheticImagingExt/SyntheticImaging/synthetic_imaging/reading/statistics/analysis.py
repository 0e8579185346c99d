"""The whole evaluation of a study as tables of plain rows, ready for a report, for Slicer's tables, and for files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...errors import InputError
from .. import key as keys
from ..conduct.readers import readers
from ..design import RATING, RATINGS, REAL, SYNTHETIC, UNSURE, Design
from ..study import Study
from .detection import roc_points
from .groups import agreement_rows, mark_rows, pair_rows, stratum_rows, time_rows
from .proportions import auc_standard_error, equivalence_of_estimate
from .ratings import Counts, open_as, summary_of_counts, summary_of_reader, verdict_of
from .reads import Read, collect, score_matrix
from .resampling import mean_auc, pooled

REPETITIONS = 2000
ALL_READERS = "all readers"
_OF_COUNTS = (
    "wilson_low", "wilson_high", "exact_low", "exact_high", "p_chance", "accuracy_least", "accuracy_most", "d_prime",
    "criterion",
)  # fmt: skip


@dataclass(frozen=True)
class Analysis:
    """tables: name to rows (dicts of plain values with the same names in each row of a table).

    Tables: readers, pooled, pairs, agreement, time, strata, marks, answers, roc, profiles; each only where there is
    something to say. warnings: sentences about incomplete data. reads: what it was computed from.
    """

    design: Design
    tables: dict[str, list[dict]]
    warnings: tuple[str, ...] = ()
    reads: tuple[Read, ...] = ()
    study_id: str = ""
    facts: dict = field(default_factory=dict)

    def rows(self, table: str) -> list[dict]:
        return self.tables.get(table, [])


def analyze_study(study: Study, key_path: str | Path, passphrase: str, answers: str | Path | None = None) -> Analysis:
    """Open the key and evaluate all that was read; InputError where nothing was."""
    values = keys.unseal(key_path, passphrase, study.study_id)
    people = readers(study, answers)
    reads = collect(study, values, answers)
    profiles = [
        {"reader": person.reader_id, "experience_years": person.experience_years, "specialty": person.specialty}
        for person in people
    ]
    expected = len(study.cases) * (RATING in study.design.arms) + len(study.pairs)
    facts = {
        "real": sum(values["cases"][case.code]["truth"] == REAL for case in study.cases),
        "synthetic": sum(values["cases"][case.code]["truth"] == SYNTHETIC for case in study.cases),
        "made": sum(bool(values["cases"][case.code]["recipe"]) for case in study.cases),
        "scanners": len({values["cases"][case.code]["scanner"] for case in study.cases}),
        "images": study.images,
        "leaks": values.get("leaks", []),
    }
    return analyze(reads, study.design, profiles, expected, study.study_id, facts)


def analyze(
    reads: Sequence[Read],
    design: Design,
    profiles: Sequence[dict] = (),
    expected: int | None = None,
    study_id: str = "",
    facts: dict | None = None,
    repetitions: int = REPETITIONS,
) -> Analysis:
    """Evaluate reads. Per reader and pooled results are those of first reads in session 1; later sessions and repeats
    serve agreement."""
    if not reads:
        raise InputError("Nothing has been read yet, so there is nothing to report; the answers folder is empty.")
    first = [read for read in reads if read.session == 1 and not read.repeat]
    rated = [read for read in first if read.arm == RATING]
    tables: dict[str, list[dict]] = {"profiles": list(profiles)}
    if rated:
        tables["readers"] = reader_rows(rated, design.margin)
        tables["pooled"] = [pooled_row(rated, design.margin, repetitions)]
        tables["roc"] = _roc_rows(rated)
        tables["answers"] = _answer_rows(rated)
    tables["pairs"] = pair_rows(first, design.margin)
    tables["agreement"] = agreement_rows(reads)
    tables["time"] = time_rows(first)
    tables["strata"] = stratum_rows(first)
    tables["marks"] = mark_rows(first)
    tables = {name: rows for name, rows in tables.items() if rows}
    return Analysis(design, tables, tuple(_warnings(first, expected)), tuple(reads), study_id, facts or {})


def reader_rows(reads: Sequence[Read], margin: float) -> list[dict]:
    """One row per reader."""
    names = sorted({read.reader for read in reads})
    return [
        {"reader": name, **summary_of_reader([read for read in reads if read.reader == name], margin)} for name in names
    ]


def analyze_counts(counts: dict[str, Counts], design: Design) -> Analysis:
    """Evaluate published two by two tables (reader's name to counts), for which no single reads are known."""
    rows = [{"reader": name, **summary_of_counts(table, design.margin)} for name, table in counts.items()]
    return Analysis(design, {"readers": [row | {"verdict": verdict_of(row)} for row in rows]})


def pooled_row(reads: Sequence[Read], margin: float, repetitions: int) -> dict:
    """One row for all readers.

    accuracy (an open answer counts one half), auc, folded_auc: with intervals over readers and cases.
    accuracy_definite, wilson, exact, p_chance: of the definite answers, as if all reads were independent.
    """
    names, cases, scores, correct, synthetic = score_matrix(reads)
    counts = Counts.of(reads)
    simple = summary_of_counts(counts, margin)
    row = {"readers": len(names), "cases": len(cases), "reads": counts.total, "open": counts.open}
    row |= vars(counts) | {"accuracy_definite": simple["accuracy"]}
    row |= {name: simple[name] for name in _OF_COUNTS}
    if not synthetic.any() or synthetic.all():
        return row
    both = pooled(scores, correct, synthetic, repetitions)
    bounds = [both.auc.estimate]
    if counts.open:
        bounds += [mean_auc(score_matrix(open_as(reads, right))[2], synthetic) for right in (False, True)]
    for name in ("accuracy", "auc", "folded_auc"):
        interval = getattr(both, name)
        row |= {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return row | {
        "folded_auc_at_chance": both.folded_at_chance,
        "p_discrimination": both.p_discrimination,
        "p_equivalence_auc": max(equivalence_of_estimate(bound, both.auc_se, margin).p for bound in bounds),
        "auc_se_one_reader": auc_standard_error(int((~synthetic).sum()), int(synthetic.sum())),
    }


def _roc_rows(reads: Sequence[Read]) -> list[dict]:
    rows = []
    for name in sorted({read.reader for read in reads}):
        mine = [read for read in reads if read.reader == name]
        real, fake = (np.array([read.score for read in mine if read.truth == truth]) for truth in (REAL, SYNTHETIC))
        rows += [{"reader": name, "false_alarms": x, "hits": y} for x, y in roc_points(real, fake)]
    return rows


def _answer_rows(reads: Sequence[Read]) -> list[dict]:
    """How often each answer was given, by truth, over all readers."""
    rows = []
    for answer, text in [*RATINGS.items(), (UNSURE, UNSURE), (None, "no answer in time")]:
        count = {truth: sum(r.answer == answer and r.truth == truth for r in reads) for truth in (REAL, SYNTHETIC)}
        if answer in RATINGS or any(count.values()):
            rows.append({"answer": text, **count})
    return rows


def _warnings(first: Sequence[Read], expected: int | None) -> list[str]:
    warnings = []
    for name in sorted({read.reader for read in first}):
        done = sum(read.reader == name for read in first)
        if expected is not None and done < expected:
            warnings.append(f"{name} has read {done} of {expected} cases so far; the results are of these.")
        if all(read.correct is None for read in first if read.reader == name):
            warnings.append(f"{name} gave no definite answer, so nothing can be said about what this reader sees.")
    changed = sum(read.revised for read in first)
    if changed:
        warnings.append(f"{changed} answers were changed later; the last ones count, all are in the answers files.")
    return warnings
