"""Lesions that grow, and lesions that seed others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import InputError
from .lesion import Lesion
from .placement import Case

_TRIES = 200


def growth_series(lesion: Lesion, doubling_time_days: float, days: Sequence[float]) -> list[Lesion]:
    """One lesion on several days: same seed and outline, volume doubling every ``doubling_time_days``.

    Day 0 is the lesion as it stands; earlier days are negative. Radius r(t) = r 2^(t / (3 T)).
    """
    if not np.isfinite(doubling_time_days) or doubling_time_days == 0:
        raise InputError("The doubling time must be a number of days other than zero (negative shrinks the lesion).")
    try:
        return [lesion.resized(lesion.radius_mm * 2 ** (day / (3 * doubling_time_days))) for day in days]
    except OverflowError:
        raise InputError(
            f"A volume that doubles in {doubling_time_days:g} days is beyond all numbers after {max(days, key=abs):g} "
            "days; give a longer doubling time, or fewer days."
        ) from None


def satellites(
    case: Case,
    lesion: Lesion,
    count: int,
    seed: int = 0,
    radius_ratio: tuple[float, float] = (0.2, 0.4),
    distance_ratio: tuple[float, float] = (1.5, 2.5),
    avoid: Sequence[Lesion] = (),
) -> list[Lesion]:
    """Small lesions of the same kind around one: inside the organ, clear of vessels and of each other.

    radius_ratio: range in multiples of the lesion's radius; distance_ratio: in multiples of its bounding
    radius. Raises InputError when fewer than ``count`` places are found.
    """
    rng = np.random.default_rng((seed, lesion.seed))
    reach = case.bounding_radius_mm(lesion)
    placed: list[Lesion] = []
    for _ in range(_TRIES * count):
        if len(placed) == count:
            break
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        center = np.asarray(lesion.center_ras) + direction * reach * rng.uniform(*distance_ratio)
        small = lesion.resized(max(1.0, lesion.radius_mm * rng.uniform(*radius_ratio)))
        small = replace(
            small,
            center_ras=tuple(center),
            seed=int(rng.integers(2**31)),
            name=f"{lesion.name} satellite {len(placed) + 1}",
        )
        if is_clear(case, small, [lesion, *placed, *avoid]):
            placed.append(small)
    if len(placed) < count:
        raise InputError(
            f"Only {len(placed)} of {count} satellites of '{lesion.name}' fit inside the {case.organ_name} "
            "clear of vessels; ask for fewer, or move the lesion."
        )
    return placed


def is_clear(case: Case, lesion: Lesion, others: Sequence[Lesion]) -> bool:
    """Whether a lesion lies in the organ and its bounding sphere meets no vessel and no other lesion."""
    radius = case.bounding_radius_mm(lesion)
    if not case.contains(lesion.center_ras) or case.distance_to_vessel_mm(lesion.center_ras) < radius:
        return False
    if case.distance_to_surface_mm(lesion.center_ras) < radius and not lesion.protrude:
        return False
    gaps = [np.linalg.norm(np.subtract(lesion.center_ras, other.center_ras)) for other in others]
    return all(gap > radius + case.bounding_radius_mm(other) for gap, other in zip(gaps, others, strict=True))
