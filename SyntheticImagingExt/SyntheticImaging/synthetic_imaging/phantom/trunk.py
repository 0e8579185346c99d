"""Skin, fat and the muscles of the trunk."""

from __future__ import annotations

import numpy as np
import torch

from . import tissues as t
from .canvas import Canvas
from .frame import Frame
from .shapes import Profile, Solid, carve, ellipsoid, half_space, rotation, tube

_SKIN_MM = 2.0
_FAT_PLANE_MM = 1.4  # between neighboring muscles
_WHOLE_LOW, _WHOLE_HIGH = (-260.0, -220.0, -320.0), (260.0, 220.0, 320.0)


def paint_hull(canvas: Canvas, frame: Frame) -> None:
    """Skin, fat, the muscle sheets of the wall, and the fat of the cavity."""
    box = canvas.box(_WHOLE_LOW, _WHOLE_HIGH)
    skin, envelope, cavity = (
        canvas.distance(solid, box, coarse=True) for solid in (frame.skin, frame.envelope, frame.cavity)
    )
    canvas.paint(box, skin, t.SKIN)
    canvas.paint(box, skin + _SKIN_MM, t.FAT)
    envelope = torch.maximum(envelope, skin + _SKIN_MM + 3)
    canvas.paint(box, envelope, t.INNER_FAT)
    # the sheets are thin, so they are computed at every voxel, but only between the two surfaces
    near = (envelope < canvas.edge_mm) & (cavity > -canvas.edge_mm)
    wall = torch.full_like(cavity, 1e3)
    wall[near] = _wall([axis[near] for axis in canvas.at(box)], envelope[near], cavity[near])
    canvas.paint(box, wall, t.WALL)
    canvas.paint(box, cavity, t.INNER_FAT)


def _wall(p, envelope, cavity):
    """Distance to the muscle of the wall: three sheets at the flank, the rectus pair in front, thin over the chest."""
    r, a, s = p
    thickness = (cavity - envelope).clamp_min(1.0)
    depth = cavity / thickness  # 0 at the cavity, 1 at the envelope
    is_belly = ((s + 105) / 40).clamp(0, 1) * ((100 - s) / 30).clamp(0, 1)
    flank = ((r.abs() - 62) / 25).clamp(0, 1) * is_belly
    sheets = torch.minimum((depth - 0.33).abs(), (depth - 0.64).abs()) * thickness
    muscle = torch.maximum(envelope + 0.5, 0.8 - cavity)
    muscle = torch.maximum(muscle, 0.8 * flank - sheets)
    # behind this line, which runs to the front near the spine, the back muscles are painted one by one
    back = torch.where(is_belly > 0, -74 - a + 0.3 * (95 - r.abs()).clamp_min(0), -1e3)
    front = torch.where((a > 20) & (is_belly > 0.3), 0.0, -1e3)
    midline = 1.6 - r.abs() + front  # linea alba
    lateral = 1.4 - (r.abs() - (70 + 0.05 * s)).abs() + front  # semilunar line
    latissimus = torch.maximum(torch.maximum(envelope + 0.5, -6.5 - envelope), 42 - r.abs())
    latissimus = torch.where((a < -40) & (s > -15), latissimus, 1e3)
    wall = torch.maximum(torch.maximum(muscle, back), torch.maximum(midline, lateral))
    return torch.minimum(wall, latissimus)


def paint_muscles(canvas: Canvas, frame: Frame, bulk: float) -> None:
    """Back, psoas and gluteal muscles, thicker or thinner by the factor ``bulk``; kept inside the envelope."""
    inside = frame.envelope.grown(-1.0)
    for side in (lambda solid: solid, Solid.mirrored):
        for tissue, muscles in ((t.PARASPINAL, _back(bulk)), (t.GLUTEUS, _glutei(bulk))):
            for solid in muscles:
                canvas.fill(side(solid).grown(_FAT_PLANE_MM) & inside, t.INNER_FAT, coarse=True)
                canvas.fill(side(solid) & inside, tissue, coarse=True)
        canvas.fill(side(_psoas(bulk)), t.PSOAS)
        canvas.fill(side(_iliacus()), t.PSOAS)


def _back(bulk: float) -> list[Solid]:
    """Erector spinae as two columns, multifidus at the spine, quadratus lumborum in front of them."""

    def along(
        half_width: float, front: float, back: float, center_r: Profile, center_a: Profile, low: float, high: float
    ):
        def distance(r, a, s):
            x = (r - center_r(s)) / (half_width * bulk)
            y = a - center_a(s)
            y = torch.where(y > 0, y / front, y / back)
            ring = ((x * x + y * y + 1e-6).sqrt() - 1) * min(half_width, front, back)
            taper = 0.25 * torch.maximum(low - s, s - high)
            return torch.maximum(ring, taper)

        return Solid(distance, (0, -135, low - 8), (110, 10, high + 8))

    heights = (-160.0, -90.0, -30.0, 40.0, 110.0, 220.0)
    erector = along(
        23,
        17,
        17,
        Profile(heights, (18, 24, 34, 36, 33, 29)),
        Profile(heights, (-94, -88, -79, -81, -87, -90)),
        -165,
        330,
    )
    multifidus = along(
        12,
        14,
        16,
        Profile(heights, (14, 15, 13, 12, 11, 11)),
        Profile(heights, (-92, -88, -82, -84, -92, -95)),
        -165,
        330,
    )
    quadratus = along(
        18, 9, 9, Profile(heights, (62, 66, 60, 52, 44, 40)), Profile(heights, (-66, -64, -61, -63, -69, -72)), -60, 100
    )
    return [quadratus, erector, multifidus]


def _psoas(bulk: float) -> Solid:
    points = (
        (24, -46, 78, 4), (32, -46, 45, 10), (40, -42, 5, 16), (47, -36, -40, 20), (53, -22, -85, 20.5),
        (62, 4, -130, 18), (72, 18, -170, 16), (76, 14, -230, 15),
    )  # fmt: skip
    path = np.array(points, dtype=float)
    return tube(path[:, :3], path[:, 3] * bulk, flatten=(0.92, 1.08, 1))


def _iliacus() -> Solid:
    wing = ellipsoid((84, -12, -92), (26, 46, 52), rotation("a", -22) @ rotation("s", 12))
    return carve(wing, ellipsoid((112, -20, -95), (44, 90, 75)), half_space((0.25, 0, 1), -25), radius_mm=8)


def _glutei(bulk: float) -> list[Solid]:
    maximus = ellipsoid((72, -88, -162), (60 * bulk, 36 * bulk, 84), rotation("s", -24))
    medius = ellipsoid((124, -20, -114), (26 * bulk, 60, 66), rotation("s", -14))
    minimus = ellipsoid((116, 18, -165), (26 * bulk, 34, 60))
    return [medius, minimus, maximus]


def paint_diaphragm(canvas: Canvas, frame: Frame) -> None:
    """The sheet between chest and abdomen, and its crura beside the aorta."""
    sheet = frame.cavity.grown(2) - frame.chest - frame.abdomen
    canvas.fill(Solid(sheet.distance, (-150, -120, 20), (150, 130, 220)), t.DIAPHRAGM, coarse=True)
    crura = [
        (tube([(10, -16, 30), (13, -18, 70), (15, -22, 105), (14, -20, 140)], [2, 5, 6.5, 4])),
        (tube([(-26, -22, 45), (-27, -24, 80), (-25, -26, 110), (-20, -22, 140)], [2, 4.5, 6, 4])),
    ]
    for crus in crura:
        canvas.fill(crus, t.DIAPHRAGM)
