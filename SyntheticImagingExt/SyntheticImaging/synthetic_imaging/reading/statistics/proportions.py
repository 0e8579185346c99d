"""Proportions of correct answers: intervals, tests against chance, equivalence, and how many cases they need."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ...errors import InputError
from ..design import enough

CHANCE = 0.5
_MOST_CASES = 4000


@dataclass(frozen=True)
class Proportion:
    """A proportion with what is needed to judge it.

    wilson, exact: 95 % intervals (Wilson 1927; Clopper and Pearson 1934).
    p_two_sided: exact binomial test against chance. Small p below chance is discrimination, not deception.
    """

    count: int
    total: int
    estimate: float
    wilson: tuple[float, float]
    exact: tuple[float, float]
    p_two_sided: float


def proportion(count: int, total: int, chance: float = CHANCE, level: float = 0.95) -> Proportion:
    """``count`` of ``total``; with a total of 0 the estimate is NaN, the intervals are (0, 1) and p is 1."""
    if not 0 <= count <= total:
        raise InputError(f"{count} of {total} is not a proportion; the count must lie between 0 and the total.")
    if total == 0:
        return Proportion(0, 0, math.nan, (0.0, 1.0), (0.0, 1.0), 1.0)
    test = stats.binomtest(int(count), int(total), chance)
    wilson, exact = (test.proportion_ci(level, method) for method in ("wilson", "exact"))
    wilson_ends, exact_ends = ((float(interval.low), float(interval.high)) for interval in (wilson, exact))
    return Proportion(int(count), int(total), count / total, wilson_ends, exact_ends, float(test.pvalue))


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests (Schuirmann 1987): ``p`` below .05 proves that the value lies within chance ± margin."""

    margin: float
    p: float
    chance: float = CHANCE

    @property
    def proven(self) -> bool:
        return self.p < 0.05


def equivalence_of_proportion(count: int, total: int, margin: float, chance: float = CHANCE) -> Equivalence:
    """TOST with exact binomial tails: is the proportion between chance - margin and chance + margin?"""
    _check_margin(margin, chance)
    if total == 0:
        return Equivalence(margin, 1.0, chance)
    above = stats.binom.sf(count - 1, total, chance - margin)
    below = stats.binom.cdf(count, total, chance + margin)
    return Equivalence(margin, float(max(above, below)), chance)


def equivalence_of_estimate(estimate: float, se: float, margin: float, chance: float = CHANCE) -> Equivalence:
    """TOST with normal tails, for an AUC and its standard error.

    Without spread p is 1: a reader who answers the same to everything proves nothing.
    """
    _check_margin(margin, chance)
    if not (math.isfinite(estimate) and math.isfinite(se)) or se <= 0:
        return Equivalence(margin, 1.0, chance)
    above = stats.norm.sf((estimate - (chance - margin)) / se)
    below = stats.norm.cdf((estimate - (chance + margin)) / se)
    return Equivalence(margin, float(max(above, below)), chance)


def power_to_detect(cases: int, accuracy: float, alpha: float = 0.05, chance: float = CHANCE) -> float:
    """Power of the exact two-sided binomial test when the true accuracy is ``accuracy``."""
    counts = np.arange(cases + 1)
    tail = np.minimum(stats.binom.cdf(counts, cases, chance), stats.binom.sf(counts - 1, cases, chance))
    return float(stats.binom.pmf(counts, cases, accuracy)[2 * tail <= alpha].sum())


def power_of_equivalence(
    cases: int, margin: float, alpha: float = 0.05, accuracy: float = CHANCE, chance: float = CHANCE
) -> float:
    """Power of the exact TOST when the true accuracy is ``accuracy``."""
    _check_margin(margin, chance)
    counts = np.arange(cases + 1)
    above = stats.binom.sf(counts - 1, cases, chance - margin)
    below = stats.binom.cdf(counts, cases, chance + margin)
    return float(stats.binom.pmf(counts, cases, accuracy)[(above <= alpha) & (below <= alpha)].sum())


def cases_for_interval(half_width: float, level: float = 0.95) -> int:
    """Smallest even number of cases whose Wilson interval at one half correct is no wider than ± half_width."""
    _check_between("The half-width of the interval", half_width, 0.0, 0.5)
    z = stats.norm.isf((1 - level) / 2)
    return _up_to_multiple(z**2 / (4 * half_width**2) - z**2, 2)


def cases_to_detect(accuracy: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Smallest even number of cases, half of each kind, with that power against chance."""
    _check_between("The accuracy to detect", abs(accuracy - CHANCE), 0.0, 0.5)
    return _smallest(lambda cases: power_to_detect(cases, accuracy, alpha), power, 2, f"accuracy {accuracy:g}")


def cases_for_equivalence(margin: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Smallest number of cases with that power to prove equivalence to chance, when there is nothing to see.

    In steps of four, so that two balanced blocks can be made.
    """
    return _smallest(lambda cases: power_of_equivalence(cases, margin, alpha), power, 4, f"margin {margin:g}")


def auc_standard_error(real: int, synthetic: int) -> float:
    """Standard error of the empirical AUC where its true value is one half (Mann and Whitney 1947)."""
    if min(real, synthetic) < 1:
        raise InputError("An AUC needs at least one real and one synthetic case.")
    return math.sqrt((real + synthetic + 1) / (12 * real * synthetic))


def sample_size_rows(cases: int | None = None, margin: float | None = None) -> list[dict]:
    """The planning table: aim, cases per reader that it needs, and whether ``cases`` are enough.

    margin: of one more row, of equivalence, unless the table has it; its cases are None where thousands are not enough.
    """
    aims: list[tuple[str, int | None]] = [
        (f"95 % interval of ±{100 * h:g} %", cases_for_interval(h)) for h in (0.15, 0.10, 0.075, 0.05)
    ]
    aims += [(f"detect an accuracy of {a:.2f} (80 % power)", cases_to_detect(a)) for a in (0.75, 0.70, 0.65, 0.60)]
    margins = [0.20, 0.15, 0.10]
    margins += [margin] if margin is not None and f"{margin:.2f}" not in [f"{m:.2f}" for m in margins] else []
    aims += [(f"prove equivalence to 0.50 within ±{m:.2f}", _cases_for_equivalence_or_none(m)) for m in margins]
    return [
        {"aim": aim, "cases": need, **({} if cases is None else {"enough": enough(cases, need)})} for aim, need in aims
    ]


def _cases_for_equivalence_or_none(margin: float) -> int | None:
    try:
        return cases_for_equivalence(margin)
    except InputError:
        return None


def _smallest(power_at, wanted: float, step: int, aim: str) -> int:
    _check_between("The power", wanted, 0.0, 1.0)
    for cases in range(step, _MOST_CASES + 1, step):
        if power_at(cases) >= wanted:
            return cases
    raise InputError(f"More than {_MOST_CASES} cases per reader would be needed for {aim}; choose a coarser aim.")


def _up_to_multiple(value: float, step: int) -> int:
    return max(step, step * math.ceil(value / step))


def _check_margin(margin: float, chance: float):
    _check_between("The equivalence margin", margin, 0.0, min(chance, 1 - chance))


def _check_between(what: str, value: float, low: float, high: float):
    if not low < value < high:
        raise InputError(f"{what} is {value:g}; it must lie between {low:g} and {high:g}.")
