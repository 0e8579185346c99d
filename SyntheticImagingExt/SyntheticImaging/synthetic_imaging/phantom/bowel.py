"""Stomach, duodenum, small bowel and colon: walls, content, and gas that floats to the front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.distance import cdist

from . import fields
from . import tissues as t
from .canvas import Box, Canvas, segments_of
from .frame import Frame, Habitus
from .shapes import Solid, curve, ellipsoid
from .vessels import grow_tree, scatter

_STOMACH_LEVEL_A = 46.0


@dataclass(frozen=True)
class Bowel:
    """Center lines with radius (N, 4) of the hollow organs, and what varies inside them."""

    stomach: np.ndarray
    colon: np.ndarray
    loops: list[np.ndarray]
    mesentery: list[tuple[t.Tissue, np.ndarray]]
    mottle: torch.Tensor
    filling: torch.Tensor
    room: Solid
    """What all of it has to stay inside."""

    @classmethod
    def build(cls, frame: Frame, habitus: Habitus, blocked: Solid) -> Bowel:
        """Small bowel fills what ``blocked`` (the solid organs), stomach and colon leave free."""
        colon, stomach = _colon(habitus), _stomach(habitus)
        loops = _loops(frame, habitus, blocked, np.vstack([colon, stomach]))
        mesentery = _mesentery(habitus, np.vstack(loops)[:, :3])
        mottle, filling = fields.lattice(habitus.rng, 3.4), fields.lattice(habitus.rng, 38.0)
        return cls(stomach, colon, loops, mesentery, mottle, filling, frame.abdomen.grown(-0.5))


def paint_bowel(canvas: Canvas, bowel: Bowel) -> None:
    for tissue, cones in bowel.mesentery:
        canvas.fill_tubes(cones, tissue)
    _paint_small_bowel(canvas, bowel)
    _paint_duodenum(canvas)
    mottle = fields.sample(bowel.mottle, *canvas.axes)[0]
    _paint_colon(canvas, bowel, mottle)
    _paint_stomach(canvas, bowel, mottle)


def _hollow(canvas: Canvas, path: np.ndarray, room: Solid) -> tuple[Box, torch.Tensor, torch.Tensor]:
    """As ``Canvas.tubes``, held back by the wall and the diaphragm."""
    box, distance, height = canvas.tubes(segments_of(path, path[:, 3]))
    return box, torch.maximum(distance, canvas.distance(room, box, coarse=True)), height


def _paint_colon(canvas: Canvas, bowel: Bowel, mottle: torch.Tensor) -> None:
    """Stool below, gas above it in the front part of every haustrum."""
    box, distance, height = _hollow(canvas, bowel.colon, bowel.room)
    canvas.paint(box, distance, t.COLON)
    inner = distance + 2.2
    canvas.paint(box, inner, t.BOWEL_CONTENT, t.STOOL_HU + t.STOOL_TEXTURE_HU * mottle[box])
    surface = 8.0 + 1.0 * mottle[box]
    canvas.paint(box, torch.maximum(inner, surface - height), t.BOWEL_GAS)


def _paint_stomach(canvas: Canvas, bowel: Bowel, mottle: torch.Tensor) -> None:
    """Fluid with a level: the gas bubble lies in front, in the body and antrum of a lying person."""
    box, distance, _ = _hollow(canvas, bowel.stomach, bowel.room)
    folds = 0.8 * mottle[box]
    canvas.paint(box, distance, t.STOMACH)
    inner = distance + 3.2 + folds
    canvas.paint(box, inner, t.BOWEL_CONTENT, t.BOWEL_CONTENT.hu + 14 + 6 * mottle[box])
    canvas.paint(box, torch.maximum(inner, _STOMACH_LEVEL_A - canvas.points[1][box]), t.BOWEL_GAS)


def _stomach(habitus: Habitus) -> np.ndarray:
    """Fundus at the back under the left dome, body behind the left lobe of the liver, antrum across the midline."""
    points = (
        (-48, -34, 138, 24), (-56, -12, 128, 31), (-62, 16, 108, 32), (-60, 42, 84, 27), (-44, 58, 64, 22),
        (-20, 60, 52, 18), (8, 52, 50, 14), (26, 40, 54, 10),
    )  # fmt: skip
    path = np.array(points, dtype=float)
    path[:, :3] += habitus.jitter(2.5)
    path[:, 3] *= habitus.factor(0.08)
    return curve(path, 6.0)


def _paint_duodenum(canvas: Canvas) -> None:
    points = (
        (28, 38, 54, 10), (42, 22, 54, 11), (46, 8, 34, 12), (44, 4, 8, 12), (28, 6, -6, 11), (4, 8, -4, 10),
        (-20, 12, 8, 10), (-34, 24, 22, 10),
    )  # fmt: skip
    path = curve(np.array(points, dtype=float), 6.0)
    box, distance, _ = canvas.tubes(segments_of(path, path[:, 3]))
    canvas.paint(box, distance, t.SMALL_BOWEL)
    canvas.paint(box, distance + 3.0, t.BOWEL_CONTENT, 25.0)


def _colon(habitus: Habitus) -> np.ndarray:
    """Cecum, ascending, transverse, descending and sigmoid colon with haustra, then rectum."""
    sag = float(habitus.rng.uniform(-30, 15))
    points = (
        (88, 22, -108, 25), (92, 12, -78, 29), (94, -6, -40, 27), (92, -16, -8, 25), (88, -2, 18, 23),
        (82, 34, 14, 21), (62, 60, 4 + 0.6 * sag, 22), (28, 70, -8 + sag, 22), (-10, 72, -10 + sag, 22),
        (-48, 68, 12 + 0.7 * sag, 22), (-82, 44, 46, 22), (-98, 10, 74, 22), (-100, -16, 64, 20), (-98, -30, 30, 18),
        (-98, -32, -10, 17), (-96, -20, -55, 17), (-88, 4, -92, 16), (-66, 26, -118, 16), (-36, 14, -128, 16),
        (-10, 22, -116, 16), (16, 6, -120, 16), (22, -24, -134, 16), (8, -50, -146, 18), (0, -66, -168, 20),
        (0, -64, -215, 19),
    )  # fmt: skip
    frame_path = np.array(points, dtype=float)
    frame_path[1:-3, :3] += habitus.rng.normal(0, 2.5, (len(frame_path) - 4, 3))
    path = curve(frame_path, 4.0)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path[:, :3], axis=0), axis=1))])
    haustra = np.where(along < 0.85 * along[-1], 0.13 * np.cos(2 * np.pi * along / 27), 0.0)
    path[:, 3] *= 1 + haustra
    return path


def _paint_small_bowel(canvas: Canvas, bowel: Bowel) -> None:
    box, distance, height = canvas.tubes(np.vstack([segments_of(loop, loop[:, 3]) for loop in bowel.loops]))
    canvas.paint(box, distance, t.SMALL_BOWEL)
    filling = fields.sample(bowel.filling, *canvas.axes)[0][box]
    inner = distance + 2.3 + 1.5 * (filling < -0.6)  # some loops are empty, their walls lie together
    canvas.paint(box, inner, t.BOWEL_CONTENT, 24 + 14 * filling)
    canvas.paint(box, torch.maximum(torch.maximum(inner, 4.5 - height), 4 * (1.4 - filling)), t.BOWEL_GAS)


def _mesentery(habitus: Habitus, ends: np.ndarray) -> list[tuple[t.Tissue, np.ndarray]]:
    """Veins and arteries that fan out from the superior mesenteric vessels to the loops."""
    trees = []
    for tissue, root, radius in ((t.VEIN, (8, 22, 0), 3.4), (t.ARTERY, (0, 20, 2), 2.6)):
        trunk = np.array([root, (root[0] + 4, 26, -32), (root[0] + 10, 26, -68)], dtype=float)
        targets = ends[habitus.rng.choice(len(ends), min(70, len(ends)), replace=False)]
        trees.append((tissue, grow_tree([trunk], targets, radius, habitus.rng, step_mm=9.0, tip_radius_mm=0.8)))
    return trees


def _loops(frame: Frame, habitus: Habitus, blocked: Solid, occupied: np.ndarray) -> list[np.ndarray]:
    """Center lines of loops that lie side by side: evenly scattered points, joined from neighbor to neighbor."""
    rng = habitus.rng
    room = frame.abdomen.grown(-14) & ellipsoid((0, 34, -48), (104, 66, 104))
    room = Solid((room - blocked.grown(9)).distance, (-100, -40, -150), (100, 105, 50))
    points = scatter(room, 330, rng, 0.0)
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
            radii = rng.uniform(9.0, 13.0, len(order))
            loops.append(curve(np.column_stack([points[order], radii]), 7.0))
    return loops
