"""Which columns of the tables a report shows, under which headings, and with how many digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..statistics.analysis import Analysis
from .wording import p_text


@dataclass(frozen=True)
class Section:
    """A table of the report: heading, column names, rows of texts, and a sentence below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


_NUMBER, _PERCENT, _P, _TEXT, _SECONDS = ".2f", "%", "p", "s", ".1f"
_SECTIONS = (
    ("readers", "Answers of each reader", (
        ("Reader", "reader", _TEXT), ("Cases", "cases", _TEXT), ("Real: real", "real_as_real", _TEXT),
        ("Real: synth.", "real_as_synthetic", _TEXT), ("Real: open", "real_open", _TEXT),
        ("Synth.: real", "synthetic_as_real", _TEXT), ("Synth.: synth.", "synthetic_as_synthetic", _TEXT),
        ("Synth.: open", "synthetic_open", _TEXT),
    ), "Open: unsure, or no answer in time."),
    ("readers", "Accuracy", (
        ("Reader", "reader", _TEXT), ("Accuracy", "accuracy", _PERCENT), ("Wilson 95 %", "wilson", _PERCENT),
        ("Exact 95 %", "exact", _PERCENT), ("Against chance", "p_chance", _P), ("Open = ½", "accuracy_half", _PERCENT),
        ("Bounds", "accuracy_least|accuracy_most", _PERCENT), ("Fisher", "p_association", _P),
        ("Equivalence", "p_equivalence", _P),
    ), "Accuracy of the definite answers. Far below one half is discrimination with the names swapped, not deception."),
    ("readers", "Can the reader tell real from synthetic?", (
        ("Reader", "reader", _TEXT), ("d′", "d_prime", _NUMBER), ("95 %", "d_prime_ci", _NUMBER),
        ("Criterion", "criterion", _NUMBER), ("95 %", "criterion_ci", _NUMBER), ("AUC", "auc", _NUMBER),
        ("DeLong 95 %", "auc_ci", _NUMBER), ("Folded AUC", "folded_auc", _NUMBER),
        ("95 %", "folded_auc_ci", _NUMBER), ("by chance", "folded_auc_at_chance", _NUMBER),
        ("Equivalence", "p_equivalence_auc", _P), ("Verdict", "verdict", _TEXT),
    ), "Positive d′: says synthetic of synthetic images. Criterion above 0: leans to real."),
    ("pooled", "Answers of all readers", (
        ("Reads", "reads", _TEXT), ("Real: real", "real_as_real", _TEXT), ("Real: synth.", "real_as_synthetic", _TEXT),
        ("Real: open", "real_open", _TEXT), ("Synth.: real", "synthetic_as_real", _TEXT),
        ("Synth.: synth.", "synthetic_as_synthetic", _TEXT), ("Synth.: open", "synthetic_open", _TEXT),
    ), ""),
    ("pooled", "Accuracy of all readers (as if reads were independent)", (
        ("Accuracy", "accuracy_definite", _PERCENT), ("Wilson 95 %", "wilson", _PERCENT),
        ("Exact 95 %", "exact", _PERCENT), ("Against chance", "p_chance", _P),
        ("Bounds", "accuracy_least|accuracy_most", _PERCENT), ("d′", "d_prime", _NUMBER),
        ("Criterion", "criterion", _NUMBER),
    ), "Accuracy of the definite answers. The next table allows for reads of one case or reader being alike."),
    ("pooled", "All readers (readers and cases resampled)", (
        ("Readers", "readers", _TEXT), ("Cases", "cases", _TEXT), ("Reads", "reads", _TEXT),
        ("Accuracy", "accuracy", _PERCENT), ("95 %", "accuracy_ci", _PERCENT), ("AUC", "auc", _NUMBER),
        ("95 %", "auc_ci", _NUMBER), ("Folded AUC", "folded_auc", _NUMBER), ("95 %", "folded_auc_ci", _NUMBER),
        ("by chance", "folded_auc_at_chance", _NUMBER),
        ("Discrimination", "p_discrimination", _P), ("Equivalence", "p_equivalence_auc", _P),
    ), "In this accuracy an open answer counts one half."),
    ("pairs", "Side by side (two-alternative forced choice)", (
        ("Reader", "reader", _TEXT), ("Pairs", "pairs", _TEXT), ("Correct", "correct", _TEXT),
        ("Share", "share", _PERCENT), ("Wilson 95 %", "wilson", _PERCENT), ("Against chance", "p_chance", _P),
        ("d′", "d_prime", _NUMBER), ("Equivalence", "p_equivalence", _P), ("Right side", "right_side", _PERCENT),
        ("Confidence right", "confidence_when_right", _NUMBER), ("wrong", "confidence_when_wrong", _NUMBER),
    ), "The share equals an AUC; it has no criterion that could be shifted."),
    ("agreement", "Agreement", (
        ("Of", "of", _TEXT), ("Cases", "cases", _TEXT), ("Same call", "agree", _PERCENT), ("Cohen κ", "cohen", _NUMBER),
        ("Weighted κ", "weighted_kappa", _NUMBER), ("Fleiss κ", "fleiss", _NUMBER),
        ("Krippendorff α", "krippendorff", _NUMBER),
        ("Kendall W", "kendall_w", _NUMBER), ("ICC(2,1)", "icc", _NUMBER), ("95 %", "icc_ci", _NUMBER),
    ), "Kappa of real against synthetic; weighted kappa, alpha, W and ICC of the ratings."),
    ("time", "Seconds per case (geometric mean)", (
        ("Reader", "reader", _TEXT), ("Real", "real_s", _SECONDS), ("Synthetic", "synthetic_s", _SECONDS),
        ("Ratio", "ratio", _NUMBER), ("95 %", "ratio_ci", _NUMBER), ("Difference", "p", _P),
    ), ""),
    ("strata", "By size and place of the lesion (all readers)", (
        ("By", "by", _TEXT), ("Group", "group", _TEXT), ("Real cases", "real_cases", _TEXT),
        ("Synthetic cases", "synthetic_cases", _TEXT), ("Reads", "reads", _TEXT), ("Accuracy", "accuracy", _PERCENT),
        ("Wilson 95 %", "wilson", _PERCENT), ("Mean AUC", "mean_auc", _NUMBER),
    ), "Intervals take the reads for independent, so they are somewhat too narrow with many readers."),
    ("marks", "Marks: what made the reader decide", (
        ("Reader", "reader", _TEXT), ("Truth", "truth", _TEXT), ("Marks", "marks", _TEXT),
        ("On the lesion", "on_lesion", _TEXT),
        ("Share", "share", _PERCENT), ("Median distance mm", "median_distance_mm", _SECONDS),
    ), "On the lesion: within 5 mm of its surface."),
    ("answers", "Answers by truth (all readers)", (
        ("Answer", "answer", _TEXT), ("Real", "real", _TEXT), ("Synthetic", "synthetic", _TEXT),
    ), ""),
    ("profiles", "Readers", (
        ("Reader", "reader", _TEXT), ("Years of experience", "experience_years", _TEXT),
        ("Specialty", "specialty", _TEXT),
    ), ""),
)  # fmt: skip


def sections(analysis: Analysis) -> list[Section]:
    """The tables of a report that have something in them; columns without any value are left out."""
    found = []
    for table, title, columns, note in _SECTIONS:
        rows = analysis.rows(table)
        if rows:
            texts = [[_cell(row, key, kind) for _, key, kind in columns] for row in rows]
            used = [n for n in range(len(columns)) if any(row[n] not in ("", "-") for row in texts)]
            cells = tuple(tuple(row[n] for n in used) for row in texts)
            found.append(Section(title, tuple(columns[n][0] for n in used), cells, note))
    return found


def _cell(row: dict, key: str, kind: str) -> str:
    low, high = _ends(key)
    if low in row and high in row:
        return f"{_text(row[low], kind)} to {_text(row[high], kind)}"
    return _text(row.get(key), kind)


def _ends(key: str) -> Sequence[str]:
    """Names of the two ends of an interval: "auc_ci" means auc_low and auc_high, "a|b" means a and b."""
    if "|" in key:
        return key.split("|")
    stem = key.removesuffix("_ci")
    return (f"{stem}_low", f"{stem}_high") if key != stem or key in ("wilson", "exact") else ("", "")


def _text(value, kind: str) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    if kind == _TEXT:
        return f"{value:g}" if isinstance(value, float) else str(value)
    if kind == _PERCENT:
        return f"{100 * value:.1f} %"
    if kind == _P:
        return p_text(value)
    digits = int(kind[1])
    return f"{round(value, digits) + 0.0:{kind}}".replace("-", "−")  # adding 0 turns −0.00 into 0.00
