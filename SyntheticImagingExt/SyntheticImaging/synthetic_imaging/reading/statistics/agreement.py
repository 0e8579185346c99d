"""Agreement between readers and of a reader with herself: Cohen, Fleiss, Krippendorff, Kendall, intraclass correlation.

Ratings are arrays (readers, cases) of numbers, NaN where a reader gave none.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats


def cohen_kappa(first: np.ndarray, second: np.ndarray, weights: str | None = None) -> float:
    """Cohen's kappa of two series of ratings (1960); weights: None, "linear" or "quadratic" (1968).

    Weights count the distance between ratings by their numbers, so ratings nobody gave still take their place.
    """
    first, second = _complete(np.stack([np.asarray(first, float), np.asarray(second, float)]))
    if first.size == 0:
        return math.nan
    values = np.unique([first, second])
    a, b = np.searchsorted(values, first), np.searchsorted(values, second)
    table = np.zeros((values.size, values.size))
    np.add.at(table, (a, b), 1 / first.size)
    distance = np.abs(values[:, None] - values[None, :])
    cost = {None: distance > 0, "linear": distance, "quadratic": distance**2}[weights].astype(float)
    expected = (cost * np.outer(table.sum(1), table.sum(0))).sum()
    return _one_minus((cost * table).sum(), expected)


def fleiss_kappa(ratings: np.ndarray) -> float:
    """Fleiss' kappa (1971) over the cases that every reader rated."""
    ratings = _complete(ratings)
    readers, cases = ratings.shape
    if cases == 0 or readers < 2:
        return math.nan
    counts = np.stack([(ratings == value).sum(axis=0) for value in np.unique(ratings)], axis=1)
    agreement = ((counts**2).sum(axis=1) - readers) / (readers * (readers - 1))
    chance = float(((counts.sum(axis=0) / (readers * cases)) ** 2).sum())
    return _one_minus(1 - agreement.mean(), 1 - chance)


def krippendorff_alpha(ratings: np.ndarray, level: str = "ordinal") -> float:
    """Krippendorff's alpha (2011) with missing ratings; level: "nominal", "ordinal" or "interval"."""
    ratings = np.asarray(ratings, float)
    values = np.unique(ratings[np.isfinite(ratings)])
    if values.size == 0:
        return math.nan
    counts = np.stack([(ratings == value).sum(axis=0) for value in values], axis=1).astype(float)
    counts = counts[counts.sum(axis=1) >= 2]
    if not len(counts):
        return math.nan
    weight = 1 / (counts.sum(axis=1) - 1)
    coincidence = (counts * weight[:, None]).T @ counts - np.diag((counts * weight[:, None]).sum(axis=0))
    totals = coincidence.sum(axis=1)
    distance = _squared_distance(values, totals, level)
    observed = (coincidence * distance).sum() / totals.sum()
    expected = (np.outer(totals, totals) * distance).sum() / (totals.sum() * (totals.sum() - 1))
    return _one_minus(observed, expected)


def kendall_w(ratings: np.ndarray) -> float:
    """Kendall's coefficient of concordance, corrected for ties, over the cases that every reader rated."""
    ratings = _complete(ratings)
    readers, cases = ratings.shape
    if readers < 2 or cases < 2:
        return math.nan
    ranks = stats.rankdata(ratings, axis=1)
    spread = ((ranks.sum(axis=0) - ranks.sum() / cases) ** 2).sum()
    ties = sum((group**3 - group).sum() for row in ratings for group in [np.unique(row, return_counts=True)[1]])
    most = readers**2 * (cases**3 - cases) - readers * ties
    return float(12 * spread / most) if most > 0 else math.nan


def intraclass_correlation(ratings: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """ICC(2,1): absolute agreement of single ratings, readers and cases random (Shrout and Fleiss 1979).

    Returns the estimate and its interval (Shrout and Fleiss, with Satterthwaite's degrees of freedom), over the
    cases that every reader rated.
    """
    ratings = _complete(ratings).T
    cases, readers = ratings.shape
    if cases < 2 or readers < 2:
        return math.nan, math.nan, math.nan
    mean = ratings.mean()
    ms_cases = readers * ((ratings.mean(axis=1) - mean) ** 2).sum() / (cases - 1)
    ms_readers = cases * ((ratings.mean(axis=0) - mean) ** 2).sum() / (readers - 1)
    residual = ratings - ratings.mean(axis=1, keepdims=True) - ratings.mean(axis=0, keepdims=True) + mean
    ms_error = (residual**2).sum() / ((cases - 1) * (readers - 1))
    whole = ms_cases + (readers - 1) * ms_error + readers * (ms_readers - ms_error) / cases
    if whole <= 0:
        return math.nan, math.nan, math.nan
    icc = (ms_cases - ms_error) / whole
    if ms_error <= 0:
        return float(icc), math.nan, math.nan
    ratio = ms_readers / ms_error
    top = (cases - 1) * (readers - 1) * (readers * icc * ratio + cases * (1 + (readers - 1) * icc) - readers * icc) ** 2
    bottom = (cases - 1) * readers**2 * icc**2 * ratio**2 + (cases * (1 + (readers - 1) * icc) - readers * icc) ** 2
    freedom = top / bottom
    tail = 1 - (1 - level) / 2
    lower, upper = stats.f.ppf(tail, cases - 1, freedom), stats.f.ppf(tail, freedom, cases - 1)
    rest = readers * ms_readers + (readers * cases - readers - cases) * ms_error
    low = cases * (ms_cases - lower * ms_error) / (lower * rest + cases * ms_cases)
    high = cases * (upper * ms_cases - ms_error) / (rest + cases * upper * ms_cases)
    return float(icc), float(low), float(high)


def _complete(ratings: np.ndarray) -> np.ndarray:
    """Only the cases that every reader rated."""
    ratings = np.asarray(ratings, float)
    return ratings[:, np.isfinite(ratings).all(axis=0)]


def _one_minus(observed: float, expected: float) -> float:
    """1 - observed / expected disagreement; NaN where all ratings are the same, for then nothing can be said."""
    return float(1 - observed / expected) if expected > 1e-12 else math.nan


def _squared_distance(values: np.ndarray, totals: np.ndarray, level: str) -> np.ndarray:
    if level == "nominal":
        return (values[:, None] != values[None, :]).astype(float)
    if level == "interval":
        return (values[:, None] - values[None, :]) ** 2
    ranks = np.cumsum(totals) - totals / 2  # distance of the mid-ranks
    return (ranks[:, None] - ranks[None, :]) ** 2
