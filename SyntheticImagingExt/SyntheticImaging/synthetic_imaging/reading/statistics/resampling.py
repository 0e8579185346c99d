"""Many readers: intervals by resampling readers and cases together, and a permutation test of discrimination."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from .detection import win_matrix

_CHUNK = 500


@dataclass(frozen=True)
class Interval:
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Pooled:
    """Over readers and cases, both random: mean AUC, mean folded AUC, mean accuracy (95 % percentile intervals).

    folded_at_chance, p_discrimination: mean folded AUC when the truth is dealt out at random over the cases, and how
    often it is then as large as seen. It also finds readers who tell the classes apart but swap their names.
    """

    readers: int
    auc: Interval
    folded_auc: Interval
    accuracy: Interval
    auc_se: float
    folded_at_chance: float
    p_discrimination: float


def pooled(
    scores: np.ndarray, correct: np.ndarray, synthetic: np.ndarray, repetitions: int = 2000, seed: int = 0
) -> Pooled:
    """Bootstrap over readers and cases (cases within each class) of several readers.

    scores: (readers, cases), growing toward "synthetic", NaN where unread. correct: (readers, cases), 1, 0, 0.5 for an
    answer left open, NaN. synthetic: (cases,) bool. Each draw takes readers and cases with replacement; counts of how
    often each was drawn weigh the comparisons, so nothing is computed twice.
    """
    scores, correct = np.asarray(scores, float), np.asarray(correct, float)
    synthetic = np.asarray(synthetic, bool)
    kernel = _Kernel(scores, correct, synthetic)
    rng = np.random.default_rng(seed)
    draws = [kernel.drawn(rng, min(_CHUNK, repetitions - start)) for start in range(0, repetitions, _CHUNK)]
    auc, folded, accuracy = (np.concatenate(parts) for parts in zip(*draws, strict=True))
    whole = kernel.at(*(np.ones((1, n)) for n in kernel.sizes))
    at_chance, p_value = _permuted(scores, synthetic, float(whole[1][0]), repetitions, rng)
    draws_of = (auc, folded, accuracy)
    areas, foldeds, shares = (percentile_interval(est[0], values) for est, values in zip(whole, draws_of, strict=True))
    spread = float(np.nanstd(auc, ddof=1)) if np.isfinite(auc).sum() > 1 else np.nan
    return Pooled(scores.shape[0], areas, foldeds, shares, spread, at_chance, p_value)


def mean_auc(scores: np.ndarray, synthetic: np.ndarray) -> float:
    """Mean over readers of the AUC of scores (readers, cases); NaN where no reader has one."""
    kernel = _Kernel(scores, np.full(scores.shape, np.nan), synthetic)
    return float(kernel.at(*(np.ones((1, n)) for n in kernel.sizes))[0][0])


class _Kernel:
    """Comparisons of every synthetic with every real case, for each reader, to be weighed by a draw."""

    def __init__(self, scores: np.ndarray, correct: np.ndarray, synthetic: np.ndarray):
        self.correct = [correct[:, ~synthetic], correct[:, synthetic]]
        real, fake = scores[:, ~synthetic], scores[:, synthetic]
        self.read = [np.isfinite(real).astype(float), np.isfinite(fake).astype(float)]
        wins = [win_matrix(row, column) for row, column in zip(np.nan_to_num(real), np.nan_to_num(fake), strict=True)]
        self.wins = [w * f[:, None] * r[None, :] for w, r, f in zip(wins, *self.read, strict=True)]
        self.sizes = len(scores), real.shape[1], fake.shape[1]

    def drawn(self, rng: np.random.Generator, count: int):
        weights = [rng.multinomial(n, np.full(n, 1 / n), size=count).astype(float) for n in self.sizes]
        return self.at(*weights)

    def at(self, readers: np.ndarray, real: np.ndarray, fake: np.ndarray):
        """Mean AUC, mean folded AUC and accuracy for draws of readers and cases, each (draws,)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            areas = np.stack(
                [
                    ((fake @ wins) * real).sum(axis=1) / ((fake @ read_fake) * (real @ read_real))
                    for wins, read_real, read_fake in zip(self.wins, *self.read, strict=True)
                ],
                axis=1,
            )
            parts = [_sums(w, c) for w, c in zip((real, fake), self.correct, strict=True)]
            right = parts[0][0] + parts[1][0]
            given = parts[0][1] + parts[1][1]
            accuracy = right / given
        return _mean(readers, areas), _mean(readers, np.maximum(areas, 1 - areas)), _mean(readers, accuracy)


def _sums(weights: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sum of correct answers and of answers, each (draws, readers)."""
    return weights @ np.nan_to_num(correct).T, weights @ np.isfinite(correct).T.astype(float)


def _mean(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    usable = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights * np.where(usable, values, 0)).sum(axis=1) / (weights * usable).sum(axis=1)


def percentile_interval(estimate: float, values: np.ndarray) -> Interval:
    """The middle 95 % of what draws gave, those that are not defined left out."""
    values = values[np.isfinite(values)]
    if values.size < 2:
        return Interval(float(estimate), np.nan, np.nan)
    low, high = np.quantile(values, (0.025, 0.975))
    return Interval(float(estimate), float(low), float(high))


def _permuted(scores, synthetic, observed: float, repetitions: int, rng) -> tuple[float, float]:
    """Mean folded AUC with the truth shuffled over the cases: its mean, and the share at least as large as seen.

    The truth of a case is shuffled for all readers at once, which keeps what readers have in common.
    """
    if not np.isfinite(observed):
        return np.nan, 1.0
    labels = rng.permuted(np.tile(synthetic.astype(float), (repetitions, 1)), axis=1)
    total, counted = np.zeros(repetitions), np.zeros(repetitions)
    for row in scores:
        read = np.isfinite(row)
        if not read.any():
            continue
        mine = labels[:, read]
        fakes = mine.sum(axis=1)
        reals = read.sum() - fakes
        with np.errstate(invalid="ignore", divide="ignore"):
            area = (mine @ stats.rankdata(row[read]) - fakes * (fakes + 1) / 2) / (fakes * reals)
        usable = np.isfinite(area)
        total += np.where(usable, np.maximum(area, 1 - area), 0)
        counted += usable
    shuffled = total[counted > 0] / counted[counted > 0]
    as_large = (shuffled >= observed - 1e-12).sum()
    return float(shuffled.mean()), float((as_large + 1) / (shuffled.size + 1))
