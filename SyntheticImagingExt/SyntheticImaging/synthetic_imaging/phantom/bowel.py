"""Stomach, duodenum, small bowel and colon: walls, content, and gas that floats to the front."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial.distance import cdist

from . import fields
from . import tissues as t
from .canvas import Canvas, segments_of
from .frame import Frame, Habitus
from .shapes import Solid, curve, ellipsoid
from .vessels import scatter


def paint_bowel(canvas: Canvas, frame: Frame, habitus: Habitus, blocked: Solid) -> None:
    """All hollow organs; small bowel fills what ``blocked`` (the solid organs) and the others leave free."""
    colon = _colon(habitus)
    stomach = _stomach(habitus)
    _paint_small_bowel(canvas, frame, habitus, blocked, [colon, stomach])
    _paint_duodenum(canvas)
    content = fields.sample(fields.lattice(habitus.rng, 5.0), *canvas.axes)[0]
    _paint_hollow(canvas, colon, t.COLON, 2.2, gas_above=0.30, content_hu=t.STOOL_HU + t.STOOL_TEXTURE_HU * content)
    _paint_hollow(canvas, stomach, t.STOMACH, 4.0, gas_above=0.42, content_hu=t.BOWEL_CONTENT.hu + 9 * content)


def _paint_hollow(
    canvas: Canvas, path: np.ndarray, wall: t.Tissue, wall_mm: float, gas_above: float, content_hu
) -> None:
    """A hollow organ along a center line (N, 4: r, a, s, radius); gas lies above ``gas_above`` of the radius."""
    box, distance, height = canvas.tubes(segments_of(path, path[:, 3]))
    canvas.paint(box, distance, wall)
    inner = distance + wall_mm
    level = content_hu[box] if isinstance(content_hu, torch.Tensor) else content_hu
    canvas.paint(box, inner, t.BOWEL_CONTENT, level)
    gas = torch.maximum(inner, gas_above * float(path[:, 3].mean()) - height)
    canvas.paint(box, gas, t.BOWEL_GAS)


def _stomach(habitus: Habitus) -> np.ndarray:
    fill = habitus.factor(0.10)
    path = np.array(
        [(-58, -22, 146, 24), (-66, -8, 130, 34), (-70, 14, 108, 35), (-66, 36, 84, 30), (-48, 54, 62, 24), (-20, 60, 50, 20),
         (8, 52, 50, 15), (26, 40, 54, 10)], dtype=float,
    )  # fmt: skip
    path[:, :3] += habitus.jitter(2.5)
    path[:, 3] *= fill
    return curve(path, 6.0)


def _paint_duodenum(canvas: Canvas) -> None:
    path = [
        (28, 38, 54, 10),
        (42, 22, 54, 11),
        (46, 8, 34, 12),
        (44, 4, 8, 12),
        (28, 6, -6, 11),
        (4, 8, -4, 10),
        (-20, 12, 8, 10),
        (-34, 24, 22, 10),
    ]
    path = curve(np.array(path, dtype=float), 6.0)
    box, distance, _ = canvas.tubes(segments_of(path, path[:, 3]))
    canvas.paint(box, distance, t.SMALL_BOWEL)
    canvas.paint(box, distance + 3.0, t.BOWEL_CONTENT, 25.0)


def _colon(habitus: Habitus) -> np.ndarray:
    """Cecum, ascending, transverse, descending and sigmoid colon with haustra, then rectum."""
    sag = float(habitus.rng.uniform(-30, 15))
    frame_path = np.array(
        [(88, 22, -108, 25), (92, 12, -78, 29), (94, -6, -40, 27), (92, -16, -8, 25), (88, -2, 18, 23), (82, 34, 14, 21),
         (62, 60, 4 + 0.6 * sag, 22), (28, 70, -8 + sag, 22), (-10, 72, -10 + sag, 22), (-48, 68, 12 + 0.7 * sag, 22),
         (-82, 44, 46, 22), (-98, 10, 74, 22), (-100, -16, 64, 20), (-98, -30, 30, 18), (-98, -32, -10, 17),
         (-96, -20, -55, 17), (-88, 4, -92, 16), (-66, 26, -118, 16), (-36, 14, -128, 16), (-10, 22, -116, 16),
         (16, 6, -120, 16), (22, -24, -134, 16), (8, -50, -146, 18), (0, -66, -168, 20), (0, -64, -215, 19)], dtype=float,
    )  # fmt: skip
    frame_path[1:-3, :3] += habitus.rng.normal(0, 2.5, (len(frame_path) - 4, 3))
    path = curve(frame_path, 4.0)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path[:, :3], axis=0), axis=1))])
    haustra = np.where(along < 0.85 * along[-1], 0.13 * np.cos(2 * np.pi * along / 27), 0.0)
    path[:, 3] *= 1 + haustra
    return path


def _paint_small_bowel(
    canvas: Canvas, frame: Frame, habitus: Habitus, blocked: Solid, others: list[np.ndarray]
) -> None:
    loops = _loops(frame, habitus, blocked, others)
    box, distance, height = canvas.tubes(np.vstack([segments_of(loop, loop[:, 3]) for loop in loops]))
    canvas.paint(box, distance, t.SMALL_BOWEL)
    kind = fields.sample(fields.lattice(habitus.rng, 38.0), *canvas.axes)[0][box]
    inner = distance + 2.3 + 1.5 * (kind < -0.6)  # some loops are empty, their walls lie together
    canvas.paint(box, inner, t.BOWEL_CONTENT, 24 + 14 * kind)
    canvas.paint(box, torch.maximum(torch.maximum(inner, 4.5 - height), 4 * (1.4 - kind)), t.BOWEL_GAS)


def _loops(frame: Frame, habitus: Habitus, blocked: Solid, others: list[np.ndarray]) -> list[np.ndarray]:
    """Center lines of loops that lie side by side: evenly scattered points, joined from neighbor to neighbor."""
    rng = habitus.rng
    room = frame.abdomen.grown(-14) & ellipsoid((0, 34, -48), (104, 66, 104))
    room = Solid((room - blocked.grown(9)).distance, (-100, -40, -150), (100, 105, 50))
    points = scatter(room, 230, rng, 0.0)
    occupied = np.vstack(others)
    points = points[(cdist(points, occupied[:, :3]) - occupied[:, 3]).min(axis=1) > 8]
    free = np.ones(len(points), dtype=bool)
    loops = []
    while free.sum() > 3:
        order = [int(np.flatnonzero(free)[np.argmax(points[free][:, 2])])]
        free[order[0]] = False
        while free.any() and len(order) < 30:
            gaps = np.linalg.norm(points - points[order[-1]], axis=1)
            gaps[~free] = np.inf
            nearest = int(np.argmin(gaps))
            if gaps[nearest] > 38:
                break
            order.append(nearest)
            free[nearest] = False
        if len(order) > 2:
            radii = rng.uniform(8.0, 11.5, len(order))
            loops.append(curve(np.column_stack([points[order], radii]), 5.0))
    return loops
