"""The surfaces that everything else is fitted between: skin, muscle envelope, body cavity, diaphragm.

The standard body has its origin in the middle of the body at the height of the center of vertebra L3; r to the
patient's right, a to anterior, s to superior, millimeters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..tuples import three
from .shapes import Point, Profile, Solid, blend, carve, column, ellipsoid, half_space

_HEIGHTS = (-230, -190, -150, -100, -50, 0, 50, 100, 150, 210, 260)
_AXIS_A = (-12, -12, -10, -6, -4, -4, -6, -8, -10, -12, -12)
"""Where the widest line of the body lies along a, at each of the heights."""

# half width, depth to the front and depth to the back from that line, at each of the heights, mm
_CAVITY = (
    (100, 104, 112, 118, 118, 118, 121, 124, 126, 124, 118),
    (62, 66, 76, 82, 84, 84, 84, 86, 88, 92, 92),
    (74, 76, 74, 68, 64, 66, 72, 80, 86, 86, 84),
)
_ENVELOPE = (
    (158, 160, 156, 146, 136, 134, 135, 137, 139, 140, 138),
    (78, 80, 88, 93, 95, 95, 95, 98, 101, 105, 105),
    (108, 110, 106, 98, 94, 93, 95, 97, 98, 99, 98),
)
_SKIN = (
    (160, 162, 158, 148, 138, 135, 135, 137, 139, 141, 140),
    (80, 83, 92, 96, 97, 96, 96, 99, 102, 106, 106),
    (112, 113, 110, 100, 95, 94, 96, 98, 99, 100, 100),
)
_FAT = (
    (1.3, 1.3, 1.3, 1.3, 1.2, 1.1, 1.0, 0.9, 0.8, 0.8, 0.8),
    (1.5, 1.5, 1.5, 1.4, 1.3, 1.1, 0.9, 0.7, 0.6, 0.6, 0.6),
    (1.3, 1.2, 1.1, 1.0, 0.9, 0.8, 0.7, 0.7, 0.7, 0.7, 0.7),
)
"""Subcutaneous fat relative to ``Habitus.fat_mm``, to the same three sides."""
_BELLY = (0, 0.3, 0.6, 1, 1, 1, 1, 0.8, 0.4, 0, 0)
"""How much visceral fat pushes the front outward."""


@dataclass(frozen=True)
class Habitus:
    """What differs between bodies as a whole; organs vary by ``jitter`` besides."""

    scale: Point
    fat_mm: float
    visceral_fat: float
    muscle: float
    rng: np.random.Generator

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Habitus:
        stature = rng.uniform(0.96, 1.03)
        scale = stature * rng.uniform((0.96, 0.95, 0.98), (1.03, 1.04, 1.02))
        fat_mm, belly, muscle = rng.uniform((9, 0, 0.88), (22, 1, 1.1))
        return cls(three(map(float, scale)), float(fat_mm), float(belly), float(muscle), rng)

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
        belly = 14.0 * habitus.visceral_fat * np.array(_BELLY)
        fat = habitus.fat_mm * np.array(_FAT)
        axis = _profile(_AXIS_A)
        cavity = column(axis, *_profiles(_CAVITY, (0, belly, 0)), 2.3)
        envelope = column(axis, *_profiles(_ENVELOPE, (0, belly, 0)), 2.25)
        skin = column(axis, *_profiles(_SKIN, (fat[0], belly + fat[1], fat[2])), 2.3)
        roof = _diaphragm(habitus)
        return cls(
            skin=_furrowed(skin),
            envelope=envelope,
            cavity=cavity,
            abdomen=carve(cavity, roof, radius_mm=6),
            chest=cavity - roof.grown(3.0),
        )


def _profile(values) -> Profile:
    return Profile(_HEIGHTS, tuple(float(value) for value in values))


def _profiles(table, extra) -> tuple[Profile, Profile, Profile]:
    return three(_profile(np.add(row, more)) for row, more in zip(table, extra, strict=True))


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
