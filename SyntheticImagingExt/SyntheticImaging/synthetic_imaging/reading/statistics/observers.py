"""Model observers that read in place of people: for planning a study and for testing its evaluation.

Each case has an evidence, normal with mean -d'/2 (real) or +d'/2 (synthetic) and variance 1, part of which all readers
share; five thresholds around the criterion turn it into the six-point scale (Green and Swets 1966).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...declared import Declared, choice, number, whole
from ...errors import InputError
from ..conduct.session import Session
from ..design import LEFT, PAIRS, RATING, REAL, RIGHT, SYNTHETIC, UNSURE
from .reads import Read, score_of

_MOST_READS = 50_000
"""What is evaluated within a minute and 2 GB."""

_STEPS = np.array([-1.2, -0.5, 0.0, 0.5, 1.2])


@dataclass(frozen=True)
class Observer(Declared):
    """A model of how a reader decides."""

    d_prime: float = number(
        0, "How well it sees the difference; below 0 it swaps the names", low=-100, high=100, step=0.1
    )
    criterion: float = number(0, "How it leans: above 0 it says real more", low=-100, high=100, step=0.1)
    case_share: float = number(
        0.3, "Part of the variance that comes from the case, the same for all readers", low=0, high=1, step=0.05
    )
    reader_spread: float = number(0, "Standard deviation of d' between readers", low=0, high=10, step=0.1)
    unsure_share: float = number(0, "Share of the answers left open", low=0, high=1, step=0.05)
    seconds: float = number(25, "Geometric mean of the reading time", unit="s", low=0.01, high=3600)
    time_ratio: float = number(
        1, "Reading time of synthetic cases over that of real ones", low=0.01, high=100, step=0.1
    )


OBSERVERS = {
    "guessing": Observer(),
    "cue-using": Observer(d_prime=1.0, reader_spread=0.3, time_ratio=1.1),
    "biased": Observer(criterion=0.8),
    "swapping": Observer(d_prime=-1.2),
}
"""Guessing; seeing a cue; leaning to "real" without seeing anything; seeing a cue and taking it the wrong way."""


@dataclass(frozen=True)
class Simulation(Declared):
    """A study that model observers read."""

    observer: str = choice("guessing", OBSERVERS, "How the readers decide")
    readers: int = whole(4, "Number of readers", low=1, high=1000)
    cases: int = whole(100, "Number of cases, half of them synthetic", low=4, high=10000, step=2)
    power: int = whole(0, "Simulate so many studies, and tell how many prove what", low=0, high=100000)
    seed: int = whole(0, "Seed of everything random", low=0, high=2**31 - 1)

    def check(self):
        if self.readers * self.cases > _MOST_READS:
            raise InputError(
                f"{self.readers} readers of {self.cases} cases are {self.readers * self.cases:,} reads; up to "
                f"{_MOST_READS:,} are simulated, so give fewer readers or cases."
            )


def observer_named(name: str) -> Observer:
    if name not in OBSERVERS:
        raise InputError(f"There is no observer '{name}'; choose one of {', '.join(OBSERVERS)}.")
    return OBSERVERS[name]


def simulate(
    observer: Observer, readers: int, cases: int, seed: int = 0, repeat_share: float = 0.0, arm: str = RATING
) -> list[Read]:
    """Reads of ``readers`` model readers of the same ``cases`` images, half synthetic (or pairs)."""
    if readers < 1 or cases < 4:
        raise InputError("A simulated study needs at least one reader and four cases.")
    rng = np.random.default_rng(seed)
    truths = rng.permutation([SYNTHETIC if n % 2 else REAL for n in range(cases)])
    shared = rng.normal(size=(cases, 2))
    radii = rng.uniform(3.0, 20.0, size=cases)
    again = set(rng.permutation(cases)[: round(repeat_share * cases)].tolist())
    reads = []
    for nth in range(1, readers + 1):
        mind = Mind(observer, rng)
        for case in range(cases):
            for repeat in (False, True) if case in again else (False,):
                reads.append(
                    mind.read(f"reader-{nth:02d}", f"case{case:04d}", str(truths[case]), shared[case], repeat, arm)
                    | {"radius_mm": float(radii[case])}
                )
    return [Read(**values) for values in reads]


class Mind:
    """One model reader."""

    def __init__(self, observer: Observer, rng: np.random.Generator):
        self.observer, self.rng = observer, rng
        self.d_prime = observer.d_prime + observer.reader_spread * rng.normal()

    def evidence(self, truth: str, shared: float) -> float:
        """How synthetic an image looks; ``shared`` is the part that comes from the case."""
        share = self.observer.case_share
        noise = math.sqrt(share) * shared + math.sqrt(1 - share) * self.rng.normal()
        return noise + self.d_prime / 2 * (1 if truth == SYNTHETIC else -1)

    def rating(self, evidence: float) -> int | str:
        if self.rng.random() < self.observer.unsure_share:
            return UNSURE
        return int(np.searchsorted(_STEPS + self.observer.criterion, evidence)) + 1

    def choice(self, left: float, right: float) -> tuple[str, int]:
        """The more synthetic side, and a confidence that grows with the difference."""
        difference = right - left
        return (RIGHT if difference > 0 else LEFT), int(min(5, 1 + abs(difference) / 0.6))

    def time_s(self, truth: str) -> float:
        ratio = self.observer.time_ratio if truth == SYNTHETIC else 1.0
        return float(self.observer.seconds * ratio * np.exp(self.rng.normal(0, 0.4)))

    def read(self, reader: str, case: str, truth: str, shared: np.ndarray, repeat: bool, arm: str) -> dict:
        """Values of a ``Read``. shared: what all readers see in the image, or in the left and the right one."""
        answer: int | str
        confidence: int | None
        if arm == PAIRS:
            side = LEFT if self.rng.random() < 0.5 else RIGHT
            kinds = [SYNTHETIC if side == place else REAL for place in (LEFT, RIGHT)]
            looks = [self.evidence(kind, value) for kind, value in zip(kinds, shared, strict=True)]
            answer, confidence = self.choice(*looks)
            truth = side
        else:
            answer, confidence = self.rating(self.evidence(truth, shared[0])), None
        return {
            "reader": reader, "session": 1, "arm": arm, "case": case, "truth": truth, "answer": answer,
            "score": score_of(arm, answer, confidence), "confidence": confidence, "repeat": repeat,
            "seconds": self.time_s(truth),
        }  # fmt: skip


def read_session(
    session: Session, truth_of: dict[str, str], observer: Observer, seed: int = 0, stop_after: int | None = None
):
    """Let a model observer answer an open session to its end, or only so many trials. truth_of: code to truth."""
    rng = np.random.default_rng(seed)
    mind = Mind(observer, rng)
    done = 0
    while session.current is not None and (stop_after is None or done < stop_after):
        trial = session.current
        shared = [float(np.random.default_rng(list(code.encode())).normal()) for code in trial.codes]
        looks = [mind.evidence(truth_of[code], value) for code, value in zip(trial.codes, shared, strict=True)]
        session.shown()
        mark = (0.0, 0.0, 0.0) if session.study.design.mark == "required" else None
        if trial.arm == PAIRS:
            answer, confidence = mind.choice(*looks)
            session.answer(answer, confidence, mark)
        else:
            rating = mind.rating(looks[0])
            while rating == UNSURE and not session.study.design.allow_unsure:
                rating = mind.rating(looks[0]) if observer.unsure_share < 1 else 3
            session.answer(rating, None, mark, slices_visited=20)
        done += 1


def power(
    observer: Observer, readers: int, cases: int, margin: float, repetitions: int = 100, seed: int = 0
) -> dict[str, float]:
    """Share of simulated studies that find discrimination, and that prove equivalence, over readers and cases."""
    from .analysis import pooled_row

    found = equivalent = 0
    for nth in range(repetitions):
        row = pooled_row(simulate(observer, readers, cases, seed + nth), margin, 400)
        found += row["p_discrimination"] < 0.05
        equivalent += row["p_equivalence_auc"] < 0.05
    return {"discrimination": found / repetitions, "equivalence": equivalent / repetitions}
