"""What is asked for when lesions are drawn and grown: kind, number, size, time. Nothing here needs torch or NumPy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ..declared import Declared, choice, number, setting_of, whole
from ..errors import InputError
from .lesion import Lesion

DEFAULT_PRESET = "hcc-portal"


@dataclass(frozen=True)
class Level:
    """A published size level: radius, how many per scan, and the elastic deformation's range."""

    radius_mm: float
    count: tuple[int, int]
    elastic_sigma_mm: tuple[float, float]


LEVELS: dict[str, Level] = {
    "tiny": Level(4, (3, 10), (0.5, 1.0)),
    "small": Level(8, (3, 10), (1.0, 2.0)),
    "medium": Level(16, (2, 5), (3.0, 6.0)),
    "large": Level(32, (1, 3), (5.0, 10.0)),
}
"""Hu et al., CVPR 2023; "mix" draws all four, with 5 to 10 small ones."""

LEVEL_NAMES = (*LEVELS, "mix")
_RADIUS = setting_of(Lesion, "radius_mm")


@cache
def preset_table() -> Mapping[str, dict[str, Any]]:
    """The kinds of lesion by name, as ``presets.json`` has them; see ``sampling.Preset``.

    In their order, the most typical kind of an organ stands before its others (most CTs of the liver are taken in the
    portal venous phase), and what suits any organ comes last, the mass before the cyst.
    """
    return json.loads((resources.files(__package__) / "presets.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Plan(Declared):
    """Which lesions are drawn. A level sets their radius, and their number unless one is given."""

    renamed = {"satellites": "satellite_count"}

    preset: str = choice(DEFAULT_PRESET, preset_table(), "Kind of lesion")
    level: str | None = choice(
        None, LEVEL_NAMES, "Published size and number; without it those of the kind", source="Hu et al., CVPR 2023"
    )
    count: int = whole(0, "How many; 0 for as many as the level has, or one", low=0, high=100)
    radius_mm: float | None = number(
        None, "Radius; without it one of the kind or the level", unit=_RADIUS.unit, low=_RADIUS.low, high=_RADIUS.high,
        step=_RADIUS.step,
    )  # fmt: skip
    satellite_count: int = whole(0, "Small lesions around each one", low=0, high=10)
    seed: int = whole(0, "Seed of everything random", low=0, high=2**31 - 1)

    def check(self):
        if self.level is not None and self.radius_mm is not None:
            raise InputError(
                "The level sets the radius, so it cannot be combined with radius_mm; leave one of them out."
            )


@dataclass(frozen=True)
class Growth(Declared):
    """How lesions grow, and when they are looked at; day 0 is the lesion as it is described."""

    doubling_time_days: float = number(
        100, "Time in which the volume doubles; negative shrinks", unit="days", low=-2000, high=2000, step=10
    )
    interval_days: float = number(30, "Time between two images", unit="days", low=1, high=365, step=5)
    frame_count: int = whole(6, "Number of images, day 0 among them", low=2, high=24)

    def check(self):
        if self.doubling_time_days == 0:
            raise InputError("doubling_time_days is 0; give a number other than zero (negative shrinks the lesion).")

    @property
    def days(self) -> tuple[float, ...]:
        """When the images are taken."""
        return tuple(index * self.interval_days for index in range(self.frame_count))
