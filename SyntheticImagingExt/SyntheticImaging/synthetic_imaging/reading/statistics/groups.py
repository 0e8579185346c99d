"""Agreement, reading time, marks, and results by size and place of the lesion, as plain rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
from scipy import stats

from ..design import PAIRS, RATING, REAL, RIGHT, SYNTHETIC
from . import agreement
from .detection import auc, pair_detectability
from .proportions import equivalence_of_proportion, proportion
from .reads import Read, score_matrix

SIZES_MM = ((0, 10, "below 10 mm"), (10, 20, "10 to 20 mm"), (20, math.inf, "20 mm and more"))
"""Classes of the lesion's diameter."""

_ON_LESION_MM = 5.0


def agreement_rows(reads: Sequence[Read]) -> list[dict]:
    """Between readers (first reads), of each reader with herself (repeats), and between her sessions."""
    rows = []
    for session in sorted({read.session for read in reads}):
        mine = [read for read in reads if read.session == session]
        names, _, scores, _, _ = score_matrix(mine)
        if len(names) > 1:
            rows.append(_between_readers(f"readers, session {session}", scores))
        for name in names:
            rows += _with_herself(name, session, [read for read in mine if read.reader == name and read.arm == RATING])
    for name in sorted({read.reader for read in reads}):
        mine = [read for read in reads if read.reader == name and read.arm == RATING and not read.repeat]
        for first, second in combinations(sorted({read.session for read in mine}), 2):
            pairs = _matched(
                [read for read in mine if read.session == first], [read for read in mine if read.session == second]
            )
            rows += [_pairwise(f"{name}, sessions {first} and {second}", pairs)] if len(pairs) > 1 else []
    return rows


def time_rows(reads: Sequence[Read]) -> list[dict]:
    """Geometric mean seconds by truth and their ratio, synthetic over real, with Welch's interval on the logarithm.

    The pooled row takes each reader's own pace away first.
    """
    reads = [read for read in reads if read.arm == RATING and not read.repeat and read.seconds > 0]
    rows: list[dict] = []
    centered: dict[str, list[np.ndarray]] = {REAL: [], SYNTHETIC: []}
    for name in sorted({read.reader for read in reads}):
        logs = {
            truth: np.log([read.seconds for read in reads if read.reader == name and read.truth == truth])
            for truth in (REAL, SYNTHETIC)
        }
        if min(map(len, logs.values())) < 2:
            continue
        rows.append(_time_row(name, logs, 0.0))
        pace = (logs[REAL].mean() + logs[SYNTHETIC].mean()) / 2
        for truth, values in logs.items():
            centered[truth].append(values - pace)
    if len(rows) > 1:
        pace = float(np.mean([math.log(row["real_s"] * row["synthetic_s"]) / 2 for row in rows]))
        rows.append(_time_row("all readers", {truth: np.concatenate(parts) for truth, parts in centered.items()}, pace))
    return rows


def stratum_rows(reads: Sequence[Read]) -> list[dict]:
    """Accuracy and AUC, over all readers, by diameter and by place of the lesion."""
    reads = [read for read in reads if read.arm == RATING and not read.repeat]
    rows = []
    for by, word_of in (("diameter", size_of), ("place", lambda read: read.place or None)):
        words = {word for read in reads if (word := word_of(read)) is not None}
        order = [name for *_, name in SIZES_MM if name in words] if by == "diameter" else sorted(words)
        rows += [_stratum_row(by, word, reads, word_of) for word in order]
    return rows


def size_of(read: Read) -> str | None:
    diameter_mm = 2 * read.radius_mm
    return next((name for low, high, name in SIZES_MM if low <= diameter_mm < high), None) if diameter_mm > 0 else None


def mark_rows(reads: Sequence[Read]) -> list[dict]:
    """How often the mark lay on a lesion (within 5 mm of its surface), and the median distance."""
    rows = []
    for name in sorted({read.reader for read in reads}):
        for truth in (REAL, SYNTHETIC):
            far = [r.mark_distance_mm for r in reads if r.reader == name and r.truth == truth and not r.repeat]
            marks = np.array([distance for distance in far if distance is not None])
            if marks.size:
                hit = int((marks <= _ON_LESION_MM).sum())
                rows.append(
                    {"reader": name, "truth": truth, "marks": marks.size, "on_lesion": hit, "share": hit / marks.size}
                    | {"median_distance_mm": float(np.median(marks))}
                )
    return rows


def pair_rows(reads: Sequence[Read], margin: float) -> list[dict]:
    """Two-alternative forced choice: share of pairs in which the synthetic image was found (equals an AUC)."""
    rows = []
    reads = [read for read in reads if read.arm == PAIRS and not read.repeat]
    names = sorted({read.reader for read in reads})
    for name in [*names, *(["all readers"] if len(names) > 1 else [])]:
        mine = [read for read in reads if name in (read.reader, "all readers")]
        given = [read for read in mine if read.correct is not None]
        right = sum(bool(read.correct) for read in given)
        share, side = proportion(right, len(given)), proportion(sum(r.answer == RIGHT for r in given), len(given))
        bounds = right, right + len(mine) - len(given)
        rows.append(
            {
                "reader": name, "pairs": len(mine), "open": len(mine) - len(given), "correct": right,
                "share": share.estimate, "wilson_low": share.wilson[0], "wilson_high": share.wilson[1],
                "p_chance": share.p_two_sided, "d_prime": pair_detectability(right, len(given)),
                "p_equivalence": max(equivalence_of_proportion(b, len(mine), margin).p for b in bounds),
                "right_side": side.estimate, "p_side": side.p_two_sided,
                "confidence_when_right": _mean([read.confidence for read in given if read.correct]),
                "confidence_when_wrong": _mean([read.confidence for read in given if not read.correct]),
            }
        )  # fmt: skip
    return rows


def _between_readers(name: str, scores: np.ndarray) -> dict:
    calls = np.where(np.isfinite(scores), np.sign(scores - 3.5), np.nan)
    kappas = [agreement.cohen_kappa(calls[a], calls[b]) for a, b in combinations(range(len(calls)), 2)]
    icc, low, high = agreement.intraclass_correlation(scores)
    return {
        "of": name,
        "cases": int(np.isfinite(scores).all(axis=0).sum()),
        "agree": float(np.mean([np.nanmean(_same(calls[a], calls[b])) for a, b in combinations(range(len(calls)), 2)])),
        "cohen": float(np.nanmean(kappas)) if np.isfinite(kappas).any() else math.nan,
        "fleiss": agreement.fleiss_kappa(calls),
        "krippendorff": agreement.krippendorff_alpha(scores, "ordinal"),
        "kendall_w": agreement.kendall_w(scores),
        "icc": icc,
        "icc_low": low,
        "icc_high": high,
    }


def _with_herself(name: str, session: int, reads: Sequence[Read]) -> list[dict]:
    pairs = _matched([read for read in reads if not read.repeat], [read for read in reads if read.repeat])
    return [_pairwise(f"{name}, repeats in session {session}", pairs)] if len(pairs) > 1 else []


def _matched(first: Sequence[Read], second: Sequence[Read]) -> list[tuple[float, float]]:
    by_case = {read.case: read.score for read in first}
    return [(by_case[read.case], read.score) for read in second if read.case in by_case]


def _pairwise(name: str, pairs: Sequence[tuple[float, float]]) -> dict:
    scores = np.array(pairs).T
    calls = np.sign(scores - 3.5)
    icc, low, high = agreement.intraclass_correlation(scores)
    return {
        "of": name,
        "cases": scores.shape[1],
        "agree": float(_same(*calls).mean()),
        "cohen": agreement.cohen_kappa(*calls),
        "weighted_kappa": agreement.cohen_kappa(scores[0], scores[1], weights="quadratic"),
        "krippendorff": agreement.krippendorff_alpha(scores, "ordinal"),
        "icc": icc,
        "icc_low": low,
        "icc_high": high,
    }


def _same(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(first) & np.isfinite(second), first == second, np.nan)


def _time_row(name: str, logs: dict[str, np.ndarray], pace: float) -> dict:
    test = stats.ttest_ind(logs[SYNTHETIC], logs[REAL], equal_var=False)
    interval = test.confidence_interval(0.95)
    return {
        "reader": name,
        "real_s": math.exp(logs[REAL].mean() + pace),
        "synthetic_s": math.exp(logs[SYNTHETIC].mean() + pace),
        "ratio": math.exp(logs[SYNTHETIC].mean() - logs[REAL].mean()),
        "ratio_low": math.exp(interval.low),
        "ratio_high": math.exp(interval.high),
        "p": float(test.pvalue),
    }


def _stratum_row(by: str, word: str, reads: Sequence[Read], word_of: Callable[[Read], str | None]) -> dict:
    mine = [read for read in reads if word_of(read) == word]
    given = [read for read in mine if read.correct is not None]
    share = proportion(sum(bool(read.correct) for read in given), len(given))
    areas = []
    for name in {read.reader for read in mine}:
        real, fake = ([r.score for r in mine if r.reader == name and r.truth == t] for t in (REAL, SYNTHETIC))
        areas.append(auc(real, fake).auc)
    return {
        "by": by,
        "group": word,
        "real_cases": len({read.case for read in mine if read.truth == REAL}),
        "synthetic_cases": len({read.case for read in mine if read.truth == SYNTHETIC}),
        "reads": len(mine),
        "accuracy": share.estimate,
        "wilson_low": share.wilson[0],
        "wilson_high": share.wilson[1],
        "mean_auc": float(np.nanmean(areas)) if np.isfinite(areas).any() else math.nan,
    }


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else math.nan
