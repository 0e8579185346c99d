"""Kidneys, spleen, pancreas, adrenals, bladder, and the great vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from . import tissues as t
from .canvas import Canvas, segments_of
from .frame import Frame, Habitus
from .liver import CAVAL_CONFLUENCE, portal_trunk
from .shapes import Solid, blend, carve, curve, ellipsoid, outside, rotation, tube


@dataclass(frozen=True)
class Kidney:
    center: np.ndarray
    axes: np.ndarray
    """Columns: outward to the side, to the front, up along the kidney."""
    radii: tuple[float, float, float]
    solid: Solid
    sinus: Solid

    @classmethod
    def build(cls, side: int, habitus: Habitus) -> Kidney:
        center = np.array([side * 59.0, -42.0, 34.0 if side > 0 else 46.0]) + habitus.jitter(2.5)
        size = habitus.factor(0.05)
        radii = (26 * size, 26 * size, 56 * size)
        # the hilum looks to the front and middle, the upper pole lies nearer to the spine and further back
        axes = rotation("s", side * 28) @ rotation("a", -side * 12) @ rotation("r", -10)
        outward = axes[:, 0] * side
        body = ellipsoid(tuple(center), radii, axes)
        notch = ellipsoid(tuple(center - outward * 27 * size), (12 * size, 11 * size, 17 * size), axes)
        sinus = ellipsoid(tuple(center - outward * 11 * size), (15 * size, 10 * size, 27 * size), axes)
        return cls(center, axes, radii, body - notch, sinus)

    @property
    def hilum(self) -> np.ndarray:
        return self.center - self.axes[:, 0] * np.sign(self.center[0]) * self.radii[0] * 0.6


@dataclass(frozen=True)
class Organs:
    """The solid organs of the upper abdomen that others have to give way to."""

    right_kidney: Kidney
    left_kidney: Kidney
    spleen: Solid
    pancreas: np.ndarray
    """Center line and radius (N, 4)."""
    bladder_size: float

    @classmethod
    def build(cls, frame: Frame, habitus: Habitus) -> Organs:
        right, left = Kidney.build(1, habitus), Kidney.build(-1, habitus)
        return cls(right, left, _spleen(frame, habitus, left), _pancreas(habitus), habitus.factor(0.12))


def _spleen(frame: Frame, habitus: Habitus, left_kidney: Kidney) -> Solid:
    size = habitus.factor(0.08)
    center = np.add((-95, -40, 112), habitus.jitter(2.5))
    turn = rotation("s", -28) @ rotation("a", 14)
    body = ellipsoid(tuple(center), (36 * size, 56 * size, 55 * size), turn)
    stomach_bed = ellipsoid(tuple(np.add(center, (50, 36, 4))), (44, 52, 58), turn)
    solid = carve(
        body, frame.abdomen.grown(-3.5), outside(stomach_bed), outside(left_kidney.solid.grown(5)), radius_mm=8
    )
    return Solid(solid.distance, body.low, body.high)


def _pancreas(habitus: Habitus) -> np.ndarray:
    """Center line with radius: head beside the duodenum, neck over the mesenteric vessels, tail toward the spleen."""
    points = (
        (30, 6, 22, 10), (28, 8, 40, 13), (14, 18, 52, 10), (-4, 24, 60, 9), (-28, 16, 70, 9.5), (-52, -4, 82, 9),
        (-72, -22, 92, 7),
    )  # fmt: skip
    path = np.array(points, dtype=float)
    path[:, :3] += habitus.jitter(2)
    path = curve(path, 5.0)
    path[:, 3] *= 1 + 0.16 * habitus.rng.standard_normal(len(path)).clip(-1.6, 1.6)  # lobules
    path[1:-1, :3] += habitus.rng.normal(0, 1.0, (len(path) - 2, 3))
    return path


def paint_organs(canvas: Canvas, organs: Organs) -> None:
    canvas.fill(organs.spleen, t.SPLEEN)
    canvas.fill_tubes(segments_of(organs.pancreas, organs.pancreas[:, 3]), t.PANCREAS)
    for kidney in (organs.right_kidney, organs.left_kidney):
        _paint_kidney(canvas, kidney)
        _paint_adrenal(canvas, kidney)


def _paint_kidney(canvas: Canvas, kidney: Kidney) -> None:
    box = canvas.box(kidney.solid.low, kidney.solid.high)
    p = canvas.at(box)
    distance = kidney.solid.distance(*p)
    canvas.paint(box, distance, t.KIDNEY, _kidney_hu(kidney, p))
    sinus = torch.maximum(kidney.sinus.distance(*p), distance - 4)
    canvas.paint(box, sinus, t.KIDNEY_SINUS)
    # calyces, pelvis and vessels branch in the fat of the sinus
    ends = [kidney.center + kidney.axes @ np.array([np.sign(kidney.center[0]) * 2.0, x, z]) for x, z in
            ((4, 20), (-4, 20), (5, 0), (-5, 0), (4, -20), (-4, -20))]  # fmt: skip
    cones = np.vstack([segments_of(np.array([kidney.hilum, end]), [3.6, 1.8]) for end in ends])
    canvas.fill_tubes(cones, t.VEIN, 120.0)


def _kidney_hu(kidney: Kidney, p) -> torch.Tensor:
    """Cortex with columns between pyramids of medulla."""
    local = [sum(float(kidney.axes[m, n]) * (p[m] - float(kidney.center[m])) for m in range(3)) for n in range(3)]
    x, y, z = (component / radius for component, radius in zip(local, kidney.radii, strict=True))
    depth = (x * x + y * y + z * z).sqrt()
    angle = torch.atan2(y, x)
    pyramids = torch.cos(4.0 * angle) * 0.35 + torch.cos(11.0 * z + 1.3) * 0.65
    medulla = torch.sigmoid((pyramids - 0.05) * 9) * torch.sigmoid((0.76 - depth) * 30)
    return t.KIDNEY.hu + (t.MEDULLA_HU - t.KIDNEY.hu) * medulla


def _paint_adrenal(canvas: Canvas, kidney: Kidney) -> None:
    side = float(np.sign(kidney.center[0]))
    top = kidney.center + np.array([-side * 27.0, 2.0, 56.0])
    limbs = [(top, np.add(top, step)) for step in ((side * 9, -15, -14), (-side * 3, -19, -10))]
    for start, end in limbs:
        canvas.fill(tube([start, end], [3.2, 2.2], flatten=(0.8, 1, 2.4)), t.ADRENAL)


# ---- vessels --------------------------------------------------------------------------------------------------------


AORTA = (
    (-20, -34, 330, 12), (-20, -36, 230, 11.5), (-16, -32, 170, 11), (-9, -24, 120, 10.5), (-7, -16, 70, 9.5),
    (-6, -6, 20, 8.8), (-5, -3, -30, 8.5),
)  # fmt: skip
"""Center line and radius down to the bifurcation, mm."""


def paint_vessels(canvas: Canvas, organs: Organs) -> None:
    trunk = curve(np.array(AORTA), 8.0)
    groups = [
        (t.VEIN, _veins(organs)),
        (t.PORTAL_VEIN, [segments_of(curve(portal_trunk(), 5.0), 6.6)]),
        (t.IVC, [segments_of(path, path[:, 3]) for path in _caval_paths()]),
        (t.ARTERY, _arteries(organs)),
        (t.AORTA, [segments_of(trunk, trunk[:, 3])]),
    ]
    for tissue, pieces in groups:
        canvas.fill_tubes(np.vstack(pieces), tissue)


def _caval_paths() -> list[np.ndarray]:
    top = (20, 2, 176, 12)
    cava = [
        top,
        (*CAVAL_CONFLUENCE, 12.5),
        (22, -22, 110, 11.5),
        (21, -14, 60, 10.5),
        (19, -8, 10, 10),
        (17, -7, -40, 10),
    ]
    right = [cava[-1], (32, -18, -80, 7.5), (52, -26, -125, 7), (66, 16, -180, 6.5), (66, 34, -230, 6.5)]
    left = [
        (17, -7, -40, 9),
        (-8, -13, -62, 7.5),
        (-34, -24, -88, 7),
        (-54, -26, -128, 7),
        (-66, 16, -180, 6.5),
        (-66, 34, -230, 6.5),
    ]
    return [curve(path, 8.0) for path in (cava, right, left)]


def _arteries(organs: Organs) -> list[np.ndarray]:
    def path(points, radii):
        dense = curve(np.column_stack([points, radii]), 5.0)
        return segments_of(dense, dense[:, 3])

    tail, hepatic = organs.pancreas[-1, :3], (26, 10, 76)
    pieces = [
        path([(-8, -14, 88), (-6, 4, 90), (8, 12, 84), hepatic], [4, 3.8, 3.2, 2.6]),  # celiac trunk to common hepatic
        path([(-6, 4, 90), (-30, 8, 84), (-54, -10, 94), np.add(tail, (-12, -4, 8))], [3.6, 3.2, 3, 2.5]),  # splenic
        path(
            [(-7, -8, 74), (-5, 8, 62), (-3, 16, 30), (4, 20, -20), (16, 26, -60)], [4.2, 3.8, 3.4, 3, 2]
        ),  # sup. mesenteric
        path([(-6, -4, -2), (-12, 8, -20), (-24, 4, -60)], [2.2, 2, 1.6]),  # inferior mesenteric
    ]
    for kidney in (organs.right_kidney, organs.left_kidney):
        side = float(np.sign(kidney.center[0]))
        start = (-7 + side * 7, -13, 56)
        pieces.append(path([start, (side * 26, -26, 50), tuple(kidney.hilum)], [3.2, 2.9, 2.6]))
    for side in (1, -1):
        points = [
            (-5, -3, -28),
            (side * 22 - 3, -8, -64),
            (side * 44, -14, -98),
            (side * 60, 18, -165),
            (side * 68, 42, -230),
        ]
        pieces.append(path(points, [6.5, 5.8, 5.2, 4.8, 4.8]))
        pieces.append(path([points[2], (side * 48, -34, -125), (side * 52, -44, -150)], [3.5, 3, 2.4]))
    return pieces


def _veins(organs: Organs) -> list[np.ndarray]:
    def path(points, radii):
        dense = curve(np.column_stack([points, radii]), 5.0)
        return segments_of(dense, dense[:, 3])

    behind_pancreas = np.add(organs.pancreas[-1, :3], (-10, -6, 3))
    pieces = [
        path(
            [(-20 * 4.6, -32, 104), behind_pancreas, (-40, -2, 72), (-14, 9, 56), (6, 4, 46)], [3, 4.2, 4.6, 4.8, 5.2]
        ),  # splenic
        path([(14, 26, -60), (9, 22, -10), (7, 12, 25), (6, 4, 46)], [3, 4.5, 5.2, 5.5]),  # superior mesenteric
    ]
    right, left = organs.right_kidney.hilum, organs.left_kidney.hilum
    pieces.append(path([np.add(right, (0, 3, -3)), (34, -22, 44), (21, -14, 48)], [4.2, 4.4, 4.6]))
    pieces.append(path([np.add(left, (0, 3, -3)), (-28, -12, 50), (-8, 4, 54), (16, -8, 54)], [4.4, 4.4, 3.8, 4.2]))
    return pieces


# ---- pelvis ---------------------------------------------------------------------------------------------------------


def paint_pelvic_organs(canvas: Canvas, size: float) -> None:
    bladder = ellipsoid((0, 36, -172), (42 * size, 34 * size, 30 * size))
    canvas.shell(bladder, t.BLADDER, 3.0, t.BLADDER.hu)
    uterus = blend(ellipsoid((4, -8, -160), (26, 17, 22)), ellipsoid((0, -12, -190), (18, 15, 24)), radius_mm=12)
    canvas.fill(uterus - bladder.grown(2), t.PELVIC_ORGANS)
