"""The surfaces that everything else is fitted between: skin, muscle envelope, body cavity, diaphragm.

The standard body has its origin in the middle of the body at the height of the center of vertebra L3; r to the
patient's right, a to anterior, s to superior, millimeters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from .shapes import Point, Profile, Solid, blend, carve, column, ellipsoid, half_space

_HEIGHTS = (-230.0, -190.0, -150.0, -100.0, -50.0, 0.0, 50.0, 100.0, 150.0, 210.0, 260.0)


@dataclass(frozen=True)
class Habitus:
    """What differs between bodies as a whole; organs vary by ``jitter`` besides."""

    scale: Point
    fat_mm: float
    visceral_fat: float
    rng: np.random.Generator

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Habitus:
        stature = rng.uniform(0.96, 1.03)
        scale = stature * rng.uniform((0.96, 0.95, 0.98), (1.03, 1.04, 1.02))
        return cls(tuple(float(x) for x in scale), float(rng.uniform(9, 22)), float(rng.uniform(0, 1)), rng)

    def jitter(self, mm: float = 3.0) -> np.ndarray:
        """A small displacement (3,), within twice ``mm`` along each axis."""
        return np.clip(self.rng.normal(0, mm, 3), -2 * mm, 2 * mm)

    def factor(self, spread: float = 0.05) -> float:
        """A factor near one, for sizes."""
        return float(1 + np.clip(self.rng.normal(0, spread), -2 * spread, 2 * spread))


@dataclass(frozen=True)
class Frame:
    skin: Solid
    envelope: Solid
    cavity: Solid
    abdomen: Solid
    """The part of the cavity below the diaphragm."""
    chest: Solid
    """The part of the cavity above it."""

    @classmethod
    def build(cls, habitus: Habitus) -> Frame:
        fat = habitus.fat_mm
        belly = 14.0 * habitus.visceral_fat
        axis = Profile(_HEIGHTS, (-12.0, -12, -10, -6, -4, -4, -6, -8, -10, -12, -12))
        cavity = column(
            axis,
            Profile(_HEIGHTS, (100.0, 104, 112, 118, 118, 118, 121, 124, 126, 124, 118)),
            _plus(
                (62.0, 66, 76, 82, 84, 84, 84, 86, 88, 92, 92),
                belly * np.array((0, 0.3, 0.6, 1, 1, 1, 1, 0.8, 0.4, 0, 0)),
            ),
            Profile(_HEIGHTS, (74.0, 76, 74, 68, 64, 66, 72, 80, 86, 86, 84)),
            2.3,
        )
        envelope = column(
            axis,
            Profile(_HEIGHTS, (158.0, 160, 156, 146, 136, 134, 135, 137, 139, 140, 138)),
            _plus(
                (78.0, 80, 88, 93, 95, 95, 95, 98, 101, 105, 105),
                belly * np.array((0, 0.3, 0.6, 1, 1, 1, 1, 0.8, 0.4, 0, 0)),
            ),
            Profile(_HEIGHTS, (108.0, 110, 106, 98, 94, 93, 95, 97, 98, 99, 98)),
            2.25,
        )
        skin = column(
            axis,
            _plus((160.0, 162, 158, 148, 138, 135, 135, 137, 139, 141, 140), fat * np.array((1.3, 1.3, 1.3, 1.3, 1.2, 1.1, 1, 0.9, 0.8, 0.8, 0.8))),
            _plus((80.0, 83, 92, 96, 97, 96, 96, 99, 102, 106, 106), belly + fat * np.array((1.5, 1.5, 1.5, 1.4, 1.3, 1.1, 0.9, 0.7, 0.6, 0.6, 0.6))),
            _plus((112.0, 113, 110, 100, 95, 94, 96, 98, 99, 100, 100), fat * np.array((1.3, 1.2, 1.1, 1.0, 0.9, 0.8, 0.7, 0.7, 0.7, 0.7, 0.7))),
            2.3,
        )  # fmt: skip
        roof = _diaphragm(habitus)
        return cls(
            skin=_furrowed(skin),
            envelope=envelope,
            cavity=cavity,
            abdomen=carve(cavity, roof, radius_mm=6),
            chest=cavity - roof.grown(3.0),
        )


def _plus(values, extra) -> Profile:
    return Profile(_HEIGHTS, tuple(float(v) for v in np.add(values, extra)))


def _diaphragm(habitus: Habitus) -> Solid:
    """Two domes and the saddle under the heart over a slope that falls to the back."""
    lift = float(habitus.rng.uniform(-6, 6))
    right = ellipsoid((68, -8, 78 + lift), (64, 92, 98))
    left = ellipsoid((-68, -8, 72 + lift), (62, 90, 91))
    saddle = ellipsoid((0, 10, 78 + lift), (66, 80, 80))
    slope = half_space((0.0, -0.35, 1.0), 96 + lift)
    return blend(right, left, saddle, slope, radius_mm=22)


def _furrowed(skin: Solid) -> Solid:
    """The furrow over the spine, deepening into the cleft between the buttocks."""
    depth_mm = Profile((-230.0, -150.0, -115.0, -60.0, 120.0, 230.0), (38.0, 26.0, 5.0, 5.0, 5.0, 2.0))
    width_mm = Profile((-230.0, -150.0, -115.0, -60.0, 230.0), (7.0, 9.0, 16.0, 16.0, 16.0))

    def distance(r, a, s):
        furrow = depth_mm(s) * torch.exp(-((r / width_mm(s)) ** 2))
        return skin.distance(r, torch.where(a < 0, a - furrow, a), s)

    return Solid(distance)
