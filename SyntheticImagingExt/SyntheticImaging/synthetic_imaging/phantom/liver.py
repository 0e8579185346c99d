"""Liver, gallbladder, portal and hepatic venous trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ..tuples import three
from . import tissues as t
from .canvas import Canvas
from .frame import Frame, Habitus
from .shapes import Solid, blend, carve, ellipsoid, half_space, outside, rotation, tube
from .vessels import grow_tree, scatter

HILUM = np.array([30.0, 12.0, 80.0])
CAVAL_CONFLUENCE = np.array([17.0, -26.0, 151.0])
_PORTAL_TIPS, _HEPATIC_TIPS = 130, 110


@dataclass(frozen=True)
class Liver:
    solid: Solid
    gallbladder: Solid
    portal: np.ndarray
    hepatic: np.ndarray
    """Vessel trees as cones (N, 8)."""

    @classmethod
    def build(cls, frame: Frame, habitus: Habitus, right_kidney: Solid) -> Liver:
        shift = habitus.jitter(2.5)
        reach = float(habitus.rng.uniform(-14, 14))  # how far the left lobe reaches
        tip = float(habitus.rng.uniform(-10, 8))  # how far the right lobe hangs down

        def visceral(r, a, s):
            # the lower surface looks to the left, back and down; in front of the stomach it turns into the left lobe
            lean = 1.15 * functional.softplus((a - 6) / 8) * 8
            return -(r + 0.65 * (s - shift[2]) + 1.08 * lean - 92 - tip * (r > 60)) / 1.55

        edge = half_space((-0.62, 0, -1), -(68 + tip * 0.5))  # the free lower margin, rising to the left
        left_end = ellipsoid((40, 10, 95), (126 + reach, 120, 125))
        solid = carve(
            frame.abdomen.grown(-0.5), Solid(visceral), edge, left_end, outside(right_kidney.grown(6.0)),
            outside(tube([(-14, -40, 40), (-12, -44, 190)], 31)), radius_mm=11,
        )  # fmt: skip
        fissure = tube([(14, 96, 40), (9, 80, 58), (4, 50, 82)], [3.5, 3.0, 1.5], flatten=(1, 2.5, 1))
        bladder = _gallbladder(habitus)
        caudate = tube([(12, -6, 82), (10, -9, 112), (14, -10, 132)], [9, 12, 8], flatten=(0.9, 1.1, 1))
        solid = blend(solid, caudate, radius_mm=6) - fissure - bladder.grown(1.5)
        solid = Solid(solid.distance, (-95, -100, -45), (130, 105, 190))
        return cls(solid, bladder, _portal(solid, habitus), _hepatic(solid, habitus))


def _gallbladder(habitus: Habitus) -> Solid:
    size = habitus.factor(0.1)
    middle = three(np.add((50, 46, 42), habitus.jitter(2)))
    body = ellipsoid(middle, (14 * size, 30 * size, 15 * size), rotation("r", -28))
    neck = tube([three(np.add(middle, (-4, -22, 10))), (34, 16, 66)], [7 * size, 3])
    return Solid((body | neck).distance, (body | neck).low, (body | neck).high)


def paint_liver(canvas: Canvas, liver: Liver) -> None:
    canvas.fill(liver.solid, t.LIVER)
    canvas.shell(liver.gallbladder, t.GALLBLADDER, 1.6, t.GALLBLADDER.hu)
    hilum = ellipsoid(tuple(HILUM), (24, 20, 24))
    for cones, tissue in ((liver.hepatic, t.HEPATIC_VEIN), (liver.portal, t.PORTAL_VEIN)):
        where, tree, _ = canvas.tubes(cones, reach_mm=2.5)
        # branches stay a little below the capsule, only the trunks pass through the fat of the hilum
        inside = torch.minimum(
            canvas.distance(liver.solid, where, coarse=True) + 1.0, hilum.distance(*canvas.at(where))
        )
        canvas.paint(where, torch.maximum(tree, inside), tissue)


def portal_trunk() -> np.ndarray:
    """From the confluence of splenic and superior mesenteric vein to the hilum."""
    return np.array([(6.0, 4, 46), (16, 4, 62), tuple(HILUM)])


def _portal(solid: Solid, habitus: Habitus) -> np.ndarray:
    wobble = habitus.jitter
    root = tuple(HILUM)
    right = np.array([root, (52, 6, 90), (70, 0, 96)], dtype=float)
    trunks = [
        right,
        np.array([right[-1], np.add((88, 26, 100), wobble(4)), np.add((96, 44, 112), wobble(5))]),
        np.array([right[-1], np.add((88, -28, 92), wobble(4)), np.add((98, -46, 76), wobble(5))]),
        np.array([root, (20, 26, 92), np.add((8, 40, 100), wobble(2)), np.add((2, 58, 100), wobble(3))]),
    ]
    return grow_tree(trunks, scatter(solid, _PORTAL_TIPS, habitus.rng, 6.0), 7.0, habitus.rng, tip_radius_mm=0.9)


def _hepatic(solid: Solid, habitus: Habitus) -> np.ndarray:
    """Right, middle and left vein run between the portal branches to the vena cava under the dome."""
    wobble = habitus.jitter
    root = tuple(CAVAL_CONFLUENCE)
    trunks = [
        np.array(
            [
                root,
                np.add((48, -22, 142), wobble(3)),
                np.add((76, -14, 124), wobble(4)),
                np.add((94, -8, 92), wobble(5)),
            ]
        ),
        np.array(
            [root, np.add((30, 4, 140), wobble(3)), np.add((44, 30, 116), wobble(4)), np.add((50, 50, 88), wobble(4))]
        ),
        np.array(
            [root, np.add((10, 8, 143), wobble(3)), np.add((-8, 36, 130), wobble(4)), np.add((-22, 54, 118), wobble(4))]
        ),
    ]
    return grow_tree(trunks, scatter(solid, _HEPATIC_TIPS, habitus.rng, 6.0), 6.4, habitus.rng, tip_radius_mm=0.9)
