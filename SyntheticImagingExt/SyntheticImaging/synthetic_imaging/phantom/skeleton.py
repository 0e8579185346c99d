"""Spine, ribs, sternum, sacrum, hip bones and femora: compact bone around spongiosa."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from . import tissues as t
from .canvas import Canvas, segments_of
from .frame import Frame, Habitus
from .shapes import Profile, Solid, blend, curve, ellipsoid, outside, rotation, tube

BODY_CENTERS_S = {
    "T6": 278.0, "T7": 252.0, "T8": 225.0, "T9": 197.0, "T10": 168.0, "T11": 138.0, "T12": 106.0, "L1": 72.0,
    "L2": 36.5, "L3": 0.0, "L4": -37.0, "L5": -73.0,
}  # fmt: skip
"""Height of the centers of the vertebral bodies; lumbar bodies are about 28 mm high, discs 8 to 11 mm."""

CURVATURE = Profile((-110.0, -73.0, -37.0, 0.0, 72.0, 138.0, 280.0), (-47.0, -36.0, -29.0, -29.0, -39.0, -52.0, -60.0))
"""Where the centers lie along a: lumbar lordosis and thoracic kyphosis."""


@dataclass(frozen=True)
class Vertebra:
    """Size and place of one vertebra; mm."""

    name: str
    center: tuple[float, float, float]
    half_width: float
    half_depth: float
    half_height: float
    tilt_deg: float

    @property
    def is_lumbar(self) -> bool:
        return self.name.startswith("L")


@dataclass(frozen=True)
class Skeleton:
    vertebrae: list[Vertebra]
    ribs: np.ndarray
    cartilage: np.ndarray
    """Cones (N, 8)."""

    @classmethod
    def build(cls, frame: Frame, habitus: Habitus) -> Skeleton:
        return cls(_vertebrae(habitus.factor(0.04)), *_ribs(frame))


def _vertebrae(size: float) -> list[Vertebra]:
    found = []
    for n, (name, s) in enumerate(BODY_CENTERS_S.items()):
        share = n / (len(BODY_CENTERS_S) - 1)
        a = float(CURVATURE(torch.tensor([s])))
        slope = float(CURVATURE(torch.tensor([s + 8.0])) - CURVATURE(torch.tensor([s - 8.0]))) / 16
        found.append(
            Vertebra(
                name=name,
                center=(0.0, a, s),
                half_width=size * (15.5 + 9.5 * share),
                half_depth=size * (14.0 + 4.0 * share),
                half_height=9.6 + 4.6 * share,
                tilt_deg=float(np.degrees(np.arctan(slope))),
            )
        )
    return found


def paint_spine(canvas: Canvas, bones: list[Vertebra]) -> None:
    canal = [(0, v.center[1] - v.half_depth - 9.5, v.center[2]) for v in bones]
    canal = [*canal, (0, -66, -105), (0, -88, -140)]
    canvas.fill(tube(canal, 9.0), t.SPINAL_CANAL)
    for above, below in pairwise(bones):
        canvas.fill(_disc(above, below), t.DISC)
    for bone in bones:
        posterior = _posterior_elements(bone)
        tissue = t.VERTEBRAE[bone.name]
        canvas.shell(posterior - tube(canal, 8.0), tissue, 1.8, 260.0)
        canvas.shell(_body(bone), tissue, 1.5, t.SPONGIOSA_HU)


def _local(bone: Vertebra):
    """Coordinates of the vertebra: its end plates level."""
    c, sn = np.cos(np.radians(bone.tilt_deg)), np.sin(np.radians(bone.tilt_deg))
    _, a0, s0 = bone.center

    def coordinates(r, a, s):
        da, ds = a - a0, s - s0
        return r, c * da - sn * ds, sn * da + c * ds

    return coordinates


def _body(bone: Vertebra) -> Solid:
    """A kidney-shaped cylinder with a waist and hollowed end plates."""
    local = _local(bone)

    def distance(r, a, s):
        x, y, z = local(r, a, s)
        rim = (z / bone.half_height).clamp(-1.2, 1.2) ** 2
        waist = 0.90 + 0.10 * rim
        # the back is flat to hollow, the front round
        y = y + 2.5 * (1 - (x / bone.half_width) ** 2).clamp_min(0) * (y < 0)
        ring = (
            ((x / bone.half_width).abs() ** 2.2 + (y / bone.half_depth).abs() ** 2.2 + 1e-6) ** (1 / 2.2) - waist
        ) * (bone.half_depth)
        hollow = 1.6 * (1 - (x / bone.half_width) ** 2 - (y / bone.half_depth) ** 2).clamp_min(0)
        return torch.maximum(ring, z.abs() - (bone.half_height - hollow))

    return _boxed(distance, bone, 4.0)


def _disc(above: Vertebra, below: Vertebra) -> Solid:
    center = 0.5 * (np.array(above.center) + np.array(below.center))
    gap = above.center[2] - below.center[2] - above.half_height - below.half_height
    tilt = 0.5 * (above.tilt_deg + below.tilt_deg)
    return ellipsoid(
        tuple(center), (below.half_width * 1.02, below.half_depth * 1.04, gap * 0.5 + 5.0), rotation("r", -tilt)
    )


def _boxed(distance, bone: Vertebra, margin: float) -> Solid:
    reach = np.array([bone.half_width, bone.half_depth + 4, bone.half_height + 4]) + margin
    return Solid(distance, tuple(np.subtract(bone.center, reach)), tuple(np.add(bone.center, reach)))


def _posterior_elements(bone: Vertebra) -> Solid:
    """Pedicles, laminae, spinous, transverse and articular processes."""
    _, a0, s0 = bone.center
    w, d = bone.half_width, bone.half_depth
    back, rise = a0 - d, 0.25 * bone.half_height
    lumbar = bone.is_lumbar
    spread = 42.0 if lumbar else 31.0
    backward, drop = (4.0, 4.0) if lumbar else (13.0, 8.0)
    pieces = []
    for side in (1, -1):
        arch = (side * 0.62 * w, back - 15, s0)
        pieces += [
            tube([(side * 0.62 * w, a0 - 0.6 * d, s0 + rise), arch], 4.6 if lumbar else 3.8, flatten=(0.9, 1, 1.5)),
            tube([arch, (side * 2, back - 23, s0 - 5)], 3.6, flatten=(1, 0.9, 2.0)),
            tube([arch, (side * spread, back - 14 - backward, s0 + 3)], [4.2, 2.6]),
            ellipsoid((side * 0.72 * w, back - 15, s0 + 14), (6, 6.5, 9)),
            ellipsoid((side * 0.66 * w, back - 19, s0 - 13), (5.5, 5.5, 9)),
        ]
    tip = (0, back - 23 - (26 if lumbar else 20), s0 - 8 - drop * (1 if lumbar else 2.5))
    spine = tube([(0, back - 21, s0 - 5), tip], [4.0, 5.0], flatten=(0.75, 1, 2.2 if lumbar else 1.5))
    return blend(*pieces, spine, radius_mm=3.0)


# ---- chest ----------------------------------------------------------------------------------------------------------


def _ribs(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Ribs 6 to 12 of each side, arches that fall from the spine to the front, and the cartilage after them."""
    bony, soft = [], []
    for number, name in zip(range(6, 13), ("T6", "T7", "T8", "T9", "T10", "T11", "T12"), strict=True):
        ribbon = segments_of(_rib(frame, BODY_CENTERS_S[name], number), 5.2 if number < 11 else 4.4)
        end = len(ribbon) if number > 10 else int(0.80 * len(ribbon))
        for side in (1, -1):
            flip = np.array([side, 1, 1, side, 1, 1, 1, 1])
            bony.append(ribbon[:end] * flip)
            soft.append(ribbon[end:] * flip)
    return np.vstack(bony), np.vstack(soft)


def paint_chest_wall(canvas: Canvas, bones: Skeleton) -> None:
    box, distance, _ = canvas.tubes(bones.ribs)
    canvas.paint(box, distance, t.RIBS)
    canvas.paint(box, distance + 1.7, t.RIBS, t.SPONGIOSA_HU)
    canvas.fill_tubes(bones.cartilage, t.CARTILAGE)
    xiphoid = tube([(0, 98, 330), (0, 97, 215), (0, 93, 180)], [7, 7, 3], flatten=(2.2, 1, 1))
    canvas.shell(xiphoid, t.STERNUM, 1.6, 160.0)


def _rib(frame: Frame, s: float, number: int) -> np.ndarray:
    """Points along a rib, set on the inner surface of the chest wall."""
    fall, length = {12: (30, 75), 11: (50, 100), 10: (88, 142)}.get(number, (96, 158))
    angles = np.radians(np.linspace(12, length, 26))
    share = (angles - angles[0]) / np.radians(146)
    # the first part runs back along the transverse process, then the rib turns forward and down
    heights = s + 2 - fall * share**1.15 * (146 / (length - 12)) ** 0.35
    heights = heights + np.where(np.degrees(angles) > 125, (np.degrees(angles) - 125) * 0.9, 0)
    directions = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    start = np.array([0.0, -22.0])
    radii = _wall_radius(frame, start, directions, heights)
    path = np.column_stack([start + directions * (radii[:, None] + 6.5), heights])
    root = np.array([[13.0, float(CURVATURE(torch.tensor([s]))) - 16, s + 4], [27.0, -84.0, s + 2]])
    return curve(np.vstack([root, path[2:]]), 7.0)


def _wall_radius(frame: Frame, start, directions, heights) -> np.ndarray:
    """How far the cavity reaches from ``start`` along each direction at each height, by bisection."""
    low, high = np.full(len(heights), 20.0), np.full(len(heights), 220.0)
    for _ in range(25):
        middle = 0.5 * (low + high)
        points = np.column_stack([start + directions * middle[:, None], heights])
        inside = frame.cavity.contains(points)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return low


HIP = (88.0, 2.0, -186.0)
"""Center of the right femoral head."""


# ---- pelvis ---------------------------------------------------------------------------------------------------------


def paint_pelvis(canvas: Canvas) -> None:
    canvas.shell(_sacrum(), t.SACRUM, 1.8, t.SPONGIOSA_HU)
    for sign, side in ((1, lambda solid: solid), (-1, Solid.mirrored)):
        segments = _wing() * np.array([sign, 1, 1, sign, 1, 1, 1, 1])
        cup, socket = side(_acetabulum(HIP)), side(ellipsoid(HIP, (26.5, 26.5, 26.5)))
        box, distance, _ = canvas.tubes(segments, reach_mm=6)
        p = canvas.at(box)
        distance = torch.maximum(torch.minimum(distance, cup.distance(*p)), -socket.distance(*p))
        canvas.fill(socket & cup.grown(4), t.CARTILAGE)
        canvas.paint(box, distance, t.PELVIS)
        canvas.paint(box, distance + 2.0, t.PELVIS, t.SPONGIOSA_HU)
        canvas.shell(side(_femur(HIP)), t.FEMUR, 2.0, 260.0)


def _acetabulum(joint) -> Solid:
    return ellipsoid(joint, (36, 37, 38)) - ellipsoid(tuple(np.add(joint, (16, 4, -18))), (34, 30, 30))


def _femur(joint) -> Solid:
    r, a, s = joint
    head = ellipsoid(joint, (23.5, 23.5, 23.5))
    neck = tube([joint, (r + 38, a - 6, s - 28)], [15, 16])
    shaft = tube([(r + 48, a - 14, s - 12), (r + 46, a - 6, s - 60)], [14, 17])
    return blend(head, neck, shaft, radius_mm=10)


def _sacrum() -> Solid:
    """A wedge of fused segments, bent backward, with its wings and the holes of its nerves."""
    block = tube(
        [(0, -52, -106), (0, -72, -136), (0, -92, -166), (0, -98, -196)], [17, 15, 11, 7], flatten=(1.55, 1, 1)
    )
    crest = tube([(0, -84, -112), (0, -104, -145), (0, -112, -175)], [5, 5, 4], flatten=(0.8, 1.2, 1))
    wings = [
        tube([(side * 22, -58, -110), (side * 44, -70, -122), (side * 34, -86, -158)], [13, 12, 8]) for side in (1, -1)
    ]
    solid = blend(block, crest, *wings, radius_mm=9)
    holes = [
        tube([(side * r, a + 18, s), (side * (r - 4), a - 18, s - 6)], 4.5)
        for side in (1, -1)
        for r, a, s in ((27, -72, -122), (24, -84, -143), (20, -92, -162))
    ]
    canal = tube([(0, -74, -100), (0, -92, -135), (0, -102, -165)], [7, 6, 4], flatten=(1.6, 1, 1))
    return Solid((solid & outside(functools.reduce(operator.or_, [*holes, canal]))).distance, solid.low, solid.high)


_WING_GRID = (
    ((38, -98, -88, 7), (62, -84, -52, 7), (98, -48, -30, 6), (126, -4, -32, 7), (132, 38, -52, 7), (122, 64, -84, 7)),
    ((43, -94, -104, 9), (64, -76, -76, 6), (92, -46, -62, 4), (114, -8, -62, 4), (122, 30, -78, 5),
     (116, 56, -104, 7)),
    ((48, -86, -122, 10), (66, -66, -102, 7), (84, -42, -96, 4.5), (100, -12, -98, 4.5), (110, 20, -112, 6),
     (108, 44, -130, 8)),
    ((52, -76, -140, 9), (66, -58, -130, 9), (78, -38, -128, 8), (88, -14, -132, 8), (98, 12, -142, 9),
     (100, 34, -154, 9)),
    ((62, -62, -160, 8), (66, -50, -160, 9), (72, -34, -162, 9), (80, -14, -164, 10), (88, 10, -166, 10),
     (92, 28, -172, 8)),
)  # fmt: skip
"""Rows from the crest down, columns from the sacroiliac joint to the front: r, a, s and half the thickness, mm."""


def _wing() -> np.ndarray:
    """The iliac wing as a sheet of rods close beside each other; ischium and pubis below."""
    return np.vstack([*_sheet(np.array(_WING_GRID), 36, 13), *_rami()])


def _sheet(grid: np.ndarray, rows: int, columns: int) -> list[np.ndarray]:
    """Rods along a smooth surface through a grid of control points (rows, columns, 4: r, a, s, radius)."""
    dense = np.stack([_resampled(grid[:, n], rows) for n in range(grid.shape[1])], axis=1)
    dense = np.stack([_resampled(row, columns) for row in dense])
    return [segments_of(row[:, :3], row[:, 3]) for row in dense]


def _resampled(points: np.ndarray, count: int) -> np.ndarray:
    """``count`` points at even steps along the curve through the given ones, further columns carried along."""
    fine = curve(points, 1.0)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(fine[:, :3], axis=0), axis=1))])
    at = np.linspace(0, length[-1], count)
    return np.column_stack([np.interp(at, length, fine[:, n]) for n in range(fine.shape[1])])


def _rami() -> list[np.ndarray]:
    ischium = curve([(74, -38, -170), (70, -44, -205), (62, -40, -245)], 8.0)
    pubis = curve([(78, 28, -182), (50, 48, -196), (18, 58, -212)], 8.0)
    return [segments_of(ischium, 13.0), segments_of(pubis, 8.5)]
