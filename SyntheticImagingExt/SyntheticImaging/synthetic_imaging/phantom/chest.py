"""Lungs with their vessels, heart, esophagus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from . import tissues as t
from .canvas import Canvas
from .frame import Frame, Habitus
from .shapes import Solid, blend, ellipsoid, rotation, tube
from .vessels import grow_tree, scatter

_CHEST_LOW, _CHEST_HIGH = (-140.0, -120.0, 40.0), (140.0, 110.0, 330.0)
_GULLET = np.array([(-6, -26, 330), (-8, -24, 230), (-10, -18, 190), (-20, -8, 162), (-34, -4, 148)])


@dataclass(frozen=True)
class Chest:
    lungs: Solid
    heart: Solid
    chambers: list[Solid]
    lung_vessels: np.ndarray
    """Cones (N, 8)."""

    @classmethod
    def build(cls, frame: Frame, habitus: Habitus) -> Chest:
        heart, chambers = _heart(habitus)
        lungs = _lungs(frame, heart)
        return cls(lungs, heart, chambers, _lung_vessels(lungs, habitus))


def paint_chest(canvas: Canvas, chest: Chest) -> None:
    box = canvas.box(chest.lungs.low, chest.lungs.high)
    distance = canvas.distance(chest.lungs, box, coarse=True)
    # blood settles: the lung is denser at the back of a lying person
    canvas.paint(box, distance, t.LUNG, t.LUNG.hu - 0.32 * (canvas.points[1][box] + 20))
    box, distance, _ = canvas.tubes(chest.lung_vessels, reach_mm=2.5)
    canvas.paint(box, torch.maximum(distance, canvas.distance(chest.lungs, box, coarse=True)), t.LUNG_VESSEL)
    canvas.fill(chest.heart.grown(1.5), t.HEART)
    for chamber in chest.chambers:
        canvas.fill(chamber, t.HEART_BLOOD)
    canvas.shell(tube(_GULLET, [7, 7.5, 8, 8, 8]), t.ESOPHAGUS, 3.5, 30.0)


def _lungs(frame: Frame, heart: Solid) -> Solid:
    middle = tube([(0, -60, 20), (0, -58, 340)], 25, flatten=(1.0, 1.2, 1))  # spine
    front = ellipsoid((-4, 92, 240), (16, 50, 160))
    core = ellipsoid((-4, -20, 240), (20, 34, 300))  # great vessels, esophagus
    mediastinum = blend(middle, front, core, heart.grown(5), radius_mm=16)
    chest = frame.chest.grown(-1.5)
    return Solid((chest - mediastinum).distance, _CHEST_LOW, _CHEST_HIGH)


def _heart(habitus: Habitus) -> tuple[Solid, list[Solid]]:
    size = habitus.factor(0.05)
    shift = habitus.jitter(2.0)
    axis = rotation("s", 38) @ rotation("r", -18)

    def part(center, radii, turn=axis):
        return ellipsoid(tuple(np.add(center, shift)), tuple(np.multiply(radii, size)), turn)

    whole = blend(
        part((-30, 34, 203), (44, 60, 40)),
        part((22, 22, 212), (34, 42, 42)),
        part((2, 50, 200), (48, 38, 34)),
        radius_mm=18,
    )
    left = part((-44, 26, 207), (21, 37, 22))
    right = part((-2, 52, 201), (33, 26, 24))
    right_atrium = part((34, 14, 214), (20, 27, 34))
    left_atrium = part((0, -4, 232), (34, 20, 20))
    return whole, [left, right, right_atrium, left_atrium]


def _lung_vessels(lungs: Solid, habitus: Habitus) -> np.ndarray:
    def half(side: int) -> Solid:
        return Solid(
            lambda r, a, s: torch.maximum(lungs.distance(r, a, s), 4 - side * r),
            (min(0, side * 140), -115, 60),
            (max(0, side * 140), 100, 300),
        )

    cones = []
    for side in (1, -1):
        targets = scatter(half(side), 190, habitus.rng, 4.0)
        trunks = [
            np.array([(side * 34, -14, 250), (side * 44, -26, 215), (side * 56, -48, 175)], dtype=float),
            np.array([(side * 44, -26, 215), (side * 66, 10, 205)], dtype=float),
        ]
        cones.append(grow_tree(trunks, targets, 7.0, habitus.rng, step_mm=10.0, tip_radius_mm=0.35))
    return np.vstack(cones)
