"""In which order one reader sees the cases: her own random order, in balanced blocks, repeats far from the first time.

Only what the manifest shows goes in, so the order says nothing about the truth.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from ..design import PAIRS, RATING
from ..study import Study

TRAINING, READING = "training", "reading"


@dataclass(frozen=True)
class Trial:
    """One question to a reader. codes: one image, or the left and the right one of a pair."""

    trial_id: str
    phase: str
    arm: str
    codes: tuple[str, ...]
    block: int
    repeat: bool = False

    def to_dict(self) -> dict:
        return {**vars(self), "codes": list(self.codes)}

    @classmethod
    def from_dict(cls, values: dict) -> Trial:
        return cls(**{**values, "codes": tuple(values["codes"])})


def reader_seed(study: Study, reader_id: str, session: int) -> int:
    """The seed of one reader's order in one session."""
    text = f"{study.order_seed}|{reader_id}|{session}"
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


def plan(study: Study, reader_id: str, session: int = 1) -> list[Trial]:
    """All trials of one reader's session: for each arm its training, then its blocks."""
    rng = np.random.default_rng(reader_seed(study, reader_id, session))
    trials: list[Trial] = []
    for arm in study.design.arms:
        practice, items = (study.training, study.cases) if arm == RATING else (study.training_pairs, study.pairs)
        trials += [_trial(item, TRAINING, arm, rng) for item in _shuffled(list(practice), rng)]
        trials += _with_repeats(items, arm, rng)
    return trials


def _with_repeats(items, arm: str, rng: np.random.Generator) -> list[Trial]:
    """The blocks in random order, shuffled inside; each repeat at least a third of the arm away from its twin."""
    blocks = _shuffled(sorted({item.block for item in items}), rng)
    order = [item for block in blocks for item in _shuffled([item for item in items if item.block == block], rng)]
    trials = [_trial(item, READING, arm, rng) for item in order]
    gap = max(1, len(trials) // 3)
    for item in _shuffled([item for item in order if item.repeat], rng):
        twin = _trial(item, READING, arm, rng)
        at = next(index for index, trial in enumerate(trials) if trial.trial_id == twin.trial_id)
        places = [place for place in range(len(trials) + 1) if place <= at - gap or place > at + gap]
        trials.insert(int(rng.choice(places)) if places else len(trials), twin)
    seen: set[str] = set()
    for index, trial in enumerate(trials):
        if trial.trial_id in seen:
            trials[index] = replace(trial, trial_id=f"{trial.trial_id}.2", repeat=True)
        seen.add(trial.trial_id)
    return trials


def _trial(item, phase: str, arm: str, rng: np.random.Generator) -> Trial:
    if arm == PAIRS:
        codes = item.codes if rng.random() < 0.5 else item.codes[::-1]
        return Trial(f"{arm}:{item.name}", phase, arm, tuple(codes), item.block)
    return Trial(f"{arm}:{item.code}", phase, arm, (item.code,), item.block)


def _shuffled(items: list, rng: np.random.Generator) -> list:
    return [items[index] for index in rng.permutation(len(items))]
