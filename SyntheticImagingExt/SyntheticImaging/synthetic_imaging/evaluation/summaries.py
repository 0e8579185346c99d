"""Tables of plain rows over all cases, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from ..reading.statistics.proportions import proportion
from ..reading.statistics.resampling import Interval, percentile_interval
from .comparing import Comparison
from .lesions import SIZES, Lesions
from .measures import MEASURES, Scores
from .settings import Measures

ALL_SIZES = "all"
_CHUNK = 500
Rows = list[dict]


def tables(cases: Mapping[str, Comparison], measures: Measures | None = None) -> dict[str, Rows]:
    """Comparisons by the name of their case, as tables by name; NaN is what is not defined.

    scores: a row per case and label. summary: a row per label and measure: the mean over those cases where it is
    defined (``cases``; ``missed``: of all, those where only the reference has the label; ``invented``: those where only
    the prediction has it), its 95 % bootstrap interval over cases (percentiles), standard deviation and median.
    lesions: a row per lesion. sensitivity: a row per label and size with the share that was found and its 95 % Wilson
    interval, which takes lesions for independent; false_positives: a row per label, their mean per case.
    The last three are empty unless lesions were looked at.
    """
    measures = measures or Measures()
    labels = dict.fromkeys(_key(entry) for case in cases.values() for entry in case.scores)
    with_lesions = dict.fromkeys(_key(entry) for case in cases.values() for entry in case.lesions)
    return {
        "scores": [{"case": case, **asdict(entry)} for case, found in cases.items() for entry in found.scores],
        "summary": [row for key in labels for row in _summary(key, cases, measures)],
        "lesions": [
            {"case": case, **_flat(asdict(lesion))}
            for case, found in cases.items()
            for entry in found.lesions
            for lesion in entry.lesions
        ],
        "sensitivity": [row for key in with_lesions for row in _sensitivity(key, _lesions_of(key, cases))],
        "false_positives": [_false_positives(key, _lesions_of(key, cases), measures) for key in with_lesions],
    }


def mean_interval(values: np.ndarray, measures: Measures) -> Interval:
    """The mean of values (cases,) with its 95 % interval over draws of cases with replacement."""
    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    if len(values) == 1:
        return Interval(float(values[0]), np.nan, np.nan)
    rng = np.random.default_rng(measures.seed)
    parts = [min(_CHUNK, measures.repetitions - start) for start in range(0, measures.repetitions, _CHUNK)]
    means = [values[rng.integers(0, len(values), (draws, len(values)))].mean(axis=1) for draws in parts]
    return percentile_interval(float(values.mean()), np.concatenate(means))


def _key(entry: Scores | Lesions) -> tuple[int, str]:
    return entry.label, entry.name


def _summary(key: tuple[int, str], cases: Mapping[str, Comparison], measures: Measures) -> Rows:
    found = [entry for case in cases.values() for entry in case.scores if _key(entry) == key]
    missed = sum(entry.predicted_ml == 0 for entry in found)
    invented = sum(entry.reference_ml == 0 for entry in found)
    rows = []
    for measure in MEASURES:
        values = np.array([getattr(entry, measure) for entry in found], float)
        values = values[np.isfinite(values)]
        mean = mean_interval(values, measures)
        rows.append(
            {
                "label": key[0],
                "name": key[1],
                "measure": measure,
                "cases": len(values),
                "missed": missed,
                "invented": invented,
                "mean": mean.estimate,
                "low": mean.low,
                "high": mean.high,
                "std": float(values.std(ddof=1)) if len(values) > 1 else np.nan,
                "median": float(np.median(values)) if len(values) else np.nan,
            }
        )
    return rows


def _lesions_of(key: tuple[int, str], cases: Mapping[str, Comparison]) -> list[Lesions]:
    return [entry for case in cases.values() for entry in case.lesions if _key(entry) == key]


def _sensitivity(key: tuple[int, str], found: Sequence[Lesions]) -> Rows:
    lesions = [lesion for entry in found for lesion in entry.lesions]
    rows = []
    for size in (*SIZES, ALL_SIZES):
        hits = [lesion.found for lesion in lesions if size in (lesion.size, ALL_SIZES)]
        share = proportion(sum(hits), len(hits))
        rows.append(
            {
                "label": key[0],
                "name": key[1],
                "size": size,
                "lesions": len(hits),
                "found": share.count,
                "sensitivity": share.estimate,
                "low": share.wilson[0],
                "high": share.wilson[1],
            }
        )
    return rows


def _false_positives(key: tuple[int, str], found: Sequence[Lesions], measures: Measures) -> dict:
    counts = np.array([entry.false for entry in found], float)
    mean = mean_interval(counts, measures)
    return {
        "label": key[0],
        "name": key[1],
        "cases": len(counts),
        "false_positives": int(counts.sum()),
        "per_case": mean.estimate,
        "low": mean.low,
        "high": mean.high,
    }


def _flat(row: dict) -> dict:
    """A point as three columns."""
    k, j, i = row.pop("center_kji")
    return {**row, "k": k, "j": j, "i": i}
