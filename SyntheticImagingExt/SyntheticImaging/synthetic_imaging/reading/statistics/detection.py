"""Signal detection: d', criterion, and the area under the ROC curve with DeLong's interval.

The signal is a synthetic image: a hit calls a synthetic image synthetic, a false alarm calls a real one synthetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from .proportions import proportion

_Z95 = float(stats.norm.isf(0.025))


@dataclass(frozen=True)
class Detectability:
    """d' with its 95 % interval; the sign says whether "synthetic" was answered for synthetic images (+) or for real
    ones (-); far from 0 on either side the reader tells the classes apart. criterion: below 0, "synthetic" comes
    easily.
    """

    d_prime: float
    low: float
    high: float
    criterion: float
    criterion_low: float
    criterion_high: float


def detectability(hits: int, synthetic: int, false_alarms: int, real: int) -> Detectability:
    """d' = z(H) - z(F) and c = -(z(H) + z(F)) / 2 with the log-linear correction (count + 1/2) / (total + 1).

    Correction: Hautus 1995; variance H(1-H) / (n phi(z(H))^2) + the same for F: Gourevitch and Galanter 1967.
    """
    if synthetic == 0 or real == 0:
        return Detectability(*[math.nan] * 6)
    rates = np.array([(hits + 0.5) / (synthetic + 1), (false_alarms + 0.5) / (real + 1)])
    z = stats.norm.ppf(rates)
    se = math.sqrt((rates * (1 - rates) / (np.array([synthetic, real]) * stats.norm.pdf(z) ** 2)).sum())
    d_prime, criterion = float(z[0] - z[1]), float(-z.sum() / 2)
    return Detectability(
        d_prime, d_prime - _Z95 * se, d_prime + _Z95 * se, criterion, criterion - _Z95 * se / 2,
        criterion + _Z95 * se / 2,
    )  # fmt: skip


@dataclass(frozen=True)
class Auc:
    """Empirical AUC with DeLong's standard error and 95 % interval, and the folded AUC max(A, 1 - A).

    The folded AUC measures discrimination in either direction; it is above one half even for a guesser, by
    ``folded_at_chance`` on average, so that is what to compare it with.
    """

    auc: float
    se: float
    low: float
    high: float
    folded: float
    folded_low: float
    folded_high: float
    folded_at_chance: float


def auc(real_scores: ArrayLike, synthetic_scores: ArrayLike) -> Auc:
    """AUC of scores that grow toward "synthetic" (Mann-Whitney, ties one half); variance: DeLong et al. 1988.

    Where that variance is 0 (all scores the same, or the classes wholly apart) the interval is the exact one of a
    proportion of as many cases as the smaller class has, for an interval without width would claim too much.
    """
    real, synthetic = np.asarray(real_scores, float), np.asarray(synthetic_scores, float)
    if real.size == 0 or synthetic.size == 0:
        return Auc(*[math.nan] * 8)
    wins = win_matrix(real, synthetic)
    area, se = float(wins.mean()), math.nan
    if real.size > 1 and synthetic.size > 1:
        variance = wins.mean(axis=1).var(ddof=1) / synthetic.size + wins.mean(axis=0).var(ddof=1) / real.size
        se = math.sqrt(variance)
    low, high = _interval(area, se, min(real.size, synthetic.size))
    folded_low, folded_high = folded_interval(low, high)
    null_se = math.sqrt((real.size + synthetic.size + 1) / (12 * real.size * synthetic.size))
    at_chance = 0.5 + null_se * math.sqrt(2 / math.pi)
    return Auc(area, se, low, high, max(area, 1 - area), folded_low, folded_high, at_chance)


def _interval(area: float, se: float, cases: int) -> tuple[float, float]:
    if not math.isfinite(se):
        return 0.0, 1.0
    if se == 0:
        return proportion(round(area * cases), cases).exact
    return max(0.0, area - _Z95 * se), min(1.0, area + _Z95 * se)


def win_matrix(real: np.ndarray, synthetic: np.ndarray) -> np.ndarray:
    """For each synthetic (row) and real (column) image 1, 0.5, 0: the synthetic one scored higher, equal, lower."""
    return 0.5 * ((synthetic[:, None] > real[None, :]).astype(float) + (synthetic[:, None] >= real[None, :]))


def folded_interval(low: float, high: float) -> tuple[float, float]:
    """The image of an interval of AUCs under max(A, 1 - A)."""
    ends = max(low, 1 - low), max(high, 1 - high)
    return (0.5 if low <= 0.5 <= high else min(ends)), max(ends)


def roc_points(real_scores: np.ndarray, synthetic_scores: np.ndarray) -> list[tuple[float, float]]:
    """(false alarm rate, hit rate) from (0, 0) to (1, 1), one point for each threshold between scores."""
    real, synthetic = np.asarray(real_scores, float), np.asarray(synthetic_scores, float)
    if real.size == 0 or synthetic.size == 0:
        return []
    thresholds = np.unique(np.concatenate([real, synthetic]))[::-1]
    return [(0.0, 0.0)] + [(float((real >= t).mean()), float((synthetic >= t).mean())) for t in thresholds]


def pair_detectability(correct: int, pairs: int) -> float:
    """d' of a two-alternative forced choice, sqrt(2) z(Pc), log-linear correction (Macmillan and Creelman 2005)."""
    return math.sqrt(2) * float(stats.norm.ppf((correct + 0.5) / (pairs + 1))) if pairs else math.nan
