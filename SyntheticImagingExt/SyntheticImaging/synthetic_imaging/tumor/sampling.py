"""Lesions drawn at random: kinds with their sources, at sites that are free."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from ..errors import InputError
from .lesion import Elastic, Lesion
from .placement import Case
from .plans import DEFAULT_PRESET, LEVEL_NAMES, LEVELS, preset_table

_MIX = {"large": (1, 3), "medium": (2, 5), "small": (5, 10), "tiny": (3, 10)}
_AXES = (0.75, 1.25)
_SHRINK = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


@dataclass(frozen=True)
class Preset:
    """A kind of lesion as ranges of numbers, with the source they come from.

    values: the fields of a Lesion; a pair [low, high] under "ranges" is drawn uniformly. attenuation_hu:
    absolute attenuation in place of a contrast to the organ. organ: the segment it is meant for.
    """

    name: str
    title: str
    organ: str
    source: str
    ranges: dict
    fixed: dict
    attenuation_hu: tuple[float, float] | None = None

    def sample(self, case: Case, center_ras, radius_mm: float | None = None, seed: int = 0) -> Lesion:
        """Draw a lesion of this kind at a place; everything random comes from the seed."""
        rng = np.random.default_rng((seed, 2023))
        values = json.loads(json.dumps(self.fixed))
        for path, (low, high) in self.ranges.items():
            *groups, leaf = path.split(".")
            target = values
            for group in groups:
                target = target.setdefault(group, {})
            target[leaf] = float(rng.uniform(low, high))
        if self.attenuation_hu is not None:
            values["contrast_hu"] = float(rng.uniform(*self.attenuation_hu)) - case.organ_mean_hu
        axes, turn = rng.uniform(*_AXES, size=3), rng.uniform(-180, 180, size=3)
        axes = axes / np.cbrt(axes.prod())
        radius_mm = values.pop("radius_mm") if radius_mm is None else (values.pop("radius_mm"), radius_mm)[1]
        elastic = values.setdefault("elastic", {})
        elastic["sigma_mm"] = elastic.pop("sigma_ratio", 0.2) * radius_mm
        return Lesion.from_dict(
            {
                **values,
                "center_ras": tuple(map(float, center_ras)),
                "radius_mm": float(radius_mm),
                "axes": tuple(map(float, axes)),
                "rotation_deg": tuple(map(float, turn)),
                "seed": seed,
                "name": self.title,
                "preset": self.name,
            }
        )


@cache
def presets() -> dict[str, Preset]:
    """All presets by name, in the order of ``preset_table``."""
    return {name: Preset(name=name, **values) for name, values in preset_table().items()}


def preset_named(name: str) -> Preset:
    """InputError that lists the names when there is no such preset."""
    try:
        return presets()[name]
    except KeyError:
        raise InputError(f"There is no preset '{name}'; choose one of {', '.join(presets())}.") from None


def sample_lesions(
    case: Case,
    preset: str = DEFAULT_PRESET,
    level: str | None = None,
    count: int | None = None,
    radius_mm: float | None = None,
    seed: int = 0,
    avoid: Sequence[Lesion] = (),
    clear_of_vessels: bool = True,
) -> list[Lesion]:
    """Draw lesions of one kind at sites clear of vessels, of the organ's surface and of each other.

    level: a published size level ("tiny" to "large", "mix"), which also sets the count unless one is given;
    without a level, radii come from the preset or ``radius_mm``. A radius that fits nowhere is reduced to as
    little as half. What still finds no place is refused, except in a level: there it keeps its size and
    goes where it is clearest (no liver has a vessel-free sphere for the large level), which its
    ``clearance_mm`` then tells. clear_of_vessels: False leaves vessels out of account (ablation).
    """
    rng = np.random.default_rng(seed)
    kind = preset_named(preset)
    placed: list[Lesion] = []
    for name in _plan(level, count, rng):
        lesion_seed = int(rng.integers(2**31))
        draft = kind.sample(case, (0, 0, 0), LEVELS[name].radius_mm if name else radius_mm, lesion_seed)
        if name:
            sigma = float(rng.uniform(*LEVELS[name].elastic_sigma_mm))
            draft = replace(draft, elastic=Elastic(sigma, draft.elastic.lobulation))
        others = [*avoid, *placed]
        try:
            placed.append(_place(case, draft, rng, others, clear_of_vessels))
        except InputError:
            if name is None:
                raise
            placed.append(replace(draft, center_ras=case.clearest_site(others, inside=not draft.protrude)))
    return [replace(lesion, name=f"{kind.title} {number}") for number, lesion in enumerate(placed, 1)]


def _plan(level: str | None, count: int | None, rng: np.random.Generator) -> list[str | None]:
    """The size level of each lesion to draw, largest first so that the small ones find gaps."""
    if level is None:
        return [None] * (1 if count is None else count)
    if level == "mix":
        names: list[str | None] = [
            name for name, (low, high) in _MIX.items() for _ in range(rng.integers(low, high + 1))
        ]
        return names if count is None else names[:count]
    if level not in LEVELS:
        raise InputError(f"There is no size level '{level}'; choose one of {', '.join(LEVEL_NAMES)}.")
    low, high = LEVELS[level].count
    return [level] * (int(rng.integers(low, high + 1)) if count is None else count)


def _place(
    case: Case, draft: Lesion, rng: np.random.Generator, others: Sequence[Lesion], clear_of_vessels: bool
) -> Lesion:
    """Move a lesion to a clear site, smaller if it must be."""
    problem = None
    for ratio in _SHRINK:
        lesion = draft.resized(draft.radius_mm * ratio)
        reach_mm = case.bounding_radius_mm(lesion)
        try:
            site = case.suggest_site(reach_mm, rng, others, not lesion.protrude, clear_of_vessels)
            return replace(lesion, center_ras=site)
        except InputError as error:
            problem = error
    raise InputError(
        f"A lesion of radius {draft.radius_mm:.1f} mm does not fit, nor one of {lesion.radius_mm:.1f} mm, "
        f"which with its irregular outline reaches {reach_mm:.1f} mm. {problem}"
    ) from problem
