"""Who goes where in a study: codes, training, balanced blocks, pairs and repeats. Knows the truth, so only the builder
uses it, with a secret seed."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...tuples import two
from ..design import PAIRS, RATING, REAL, SYNTHETIC, Design
from ..study import Study, StudyCase, StudyPair
from .matching import pair_up
from .preparing import Prepared

_CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 6
_UNEQUAL = 0.2


def random_codes(count: int, rng: np.random.Generator) -> list[str]:
    """Random codes, all different, without letters that are easily mistaken for others."""
    codes: dict[str, None] = {}
    while len(codes) < count:
        codes["".join(_CODE_LETTERS[index] for index in rng.integers(len(_CODE_LETTERS), size=_CODE_LENGTH))] = None
    return list(codes)


def plan_study(
    items: Sequence[Prepared],
    codes: Sequence[str],
    digests: Sequence[str],
    design: Design,
    policy: dict,
    rng: np.random.Generator,
) -> tuple[Study, dict[str, str]]:
    """The manifest, and for each pair the code of its synthetic image. items, codes and digests go together."""
    real, fake = ([index for index, item in enumerate(items) if item.truth == truth] for truth in (REAL, SYNTHETIC))
    if min(len(real), len(fake)) < 2:
        raise InputError(f"There are {len(real)} real and {len(fake)} synthetic images; two of each are needed.")
    couples = _couples(items, real, fake)
    half = design.training_cases // 2
    if half and len(couples) - half < 2:
        raise InputError(f"{design.training_cases} training cases leave too few of {len(items)} to read; use fewer.")
    taught = [couples[index] for index in rng.permutation(len(couples))[:half]]
    training = {index for couple in taught for index in couple}
    groups = [[index for index in group if index not in training] for group in (real, fake)]
    _warn_if_unequal(*map(len, groups))

    def case(index: int, **more) -> StudyCase:
        return StudyCase(codes[index], digests[index], cue_ras=items[index].cue_ras, **more)

    def pair(couple: tuple[int, int], **more) -> StudyPair:
        first, second = sorted(codes[index] for index in couple)
        return StudyPair((first, second), **more)

    blocks = _blocks(groups, design.block_size, rng)
    repeats = _repeats(groups, design, rng) if RATING in design.arms else set()
    cases = [case(index, block=blocks[index], repeat=index in repeats) for group in groups for index in group]
    shown = [case(index, truth=items[index].truth) for index in training]
    pairs, practice, synthetic_of = [], [], {}
    if PAIRS in design.arms:
        practice = [pair(couple, synthetic=codes[couple[1]]) for couple in taught]
        couples = [couple for couple in couples if not training & set(couple)]
        again = _repeats([list(range(len(couples)))], design, rng)
        place = _blocks([list(range(len(couples)))], design.block_size, rng)
        pairs = [pair(couple, block=place[n], repeat=n in again) for n, couple in enumerate(couples)]
        synthetic_of = {pair(couple).name: codes[couple[1]] for couple in couples}
    study = Study(
        Path(),
        secrets.token_hex(8),
        design,
        int(rng.integers(2**53)),
        _sorted(cases, "code"),
        _sorted(pairs, "codes"),
        _sorted(shown, "code"),
        _sorted(practice, "codes"),
        policy,
    )
    return study, synthetic_of


def _couples(items: Sequence[Prepared], real: list[int], fake: list[int]) -> list[tuple[int, int]]:
    """Real and synthetic images that go together as training or as a pair."""
    row_of = {index: row for row, index in enumerate(real)}
    twins = {
        row_of[of]: column for column, j in enumerate(fake) if (of := items[j].twin_of) is not None and of in row_of
    }
    kinds = two([(items[index].scanner, items[index].radius_mm) for index in group] for group in (real, fake))
    return [(real[row], fake[column]) for row, column in pair_up(*kinds, twins)]


def _blocks(groups: Sequence[list[int]], block_size: int, rng) -> dict[int, int]:
    """The block of each case; every block has the same mix of the groups, as far as the numbers allow."""
    count = max(1, round(sum(map(len, groups)) / block_size))
    return {
        group[place]: position % count for group in groups for position, place in enumerate(rng.permutation(len(group)))
    }


def _repeats(groups: Sequence[list[int]], design: Design, rng) -> set[int]:
    """The same share of each group."""
    return {group[n] for group in groups for n in rng.permutation(len(group))[: design.repeats_of(len(group))]}


def _sorted(items: list, name: str) -> tuple:
    return tuple(sorted(items, key=lambda item: getattr(item, name)))


def _warn_if_unequal(real: int, fake: int):
    if abs(real - fake) > _UNEQUAL * (real + fake):
        warnings.warn(f"there are {real} real and {fake} synthetic cases; equal numbers prove more.", stacklevel=4)
