"""Implicit solids: functions that give the distance to a surface, and how they are combined.

Points are three tensors (r, a, s) in RAS millimeters that broadcast together. Distances are in millimeters,
negative inside; exact for planes and tubes, first-order for the others, which is enough for walls of a few mm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

Point = tuple[float, float, float]
Distance = Callable[[Tensor, Tensor, Tensor], Tensor]
EVERYWHERE = ((-1e4, -1e4, -1e4), (1e4, 1e4, 1e4))
_TINY = 1e-6


@dataclass(frozen=True)
class Solid:
    """A distance function and a box (low and high corner, RAS mm) outside of which there is nothing of it."""

    distance: Distance
    low: Point = EVERYWHERE[0]
    high: Point = EVERYWHERE[1]

    def __or__(self, other: Solid) -> Solid:
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        return Solid(lambda *p: torch.minimum(self.distance(*p), other.distance(*p)), tuple(low), tuple(high))

    def __and__(self, other: Solid) -> Solid:
        low, high = np.maximum(self.low, other.low), np.minimum(self.high, other.high)
        return Solid(lambda *p: torch.maximum(self.distance(*p), other.distance(*p)), tuple(low), tuple(high))

    def __sub__(self, other: Solid) -> Solid:
        return Solid(lambda *p: torch.maximum(self.distance(*p), -other.distance(*p)), self.low, self.high)

    def grown(self, mm: float) -> Solid:
        """The solid with its surface moved outward; inward where mm is negative."""
        low, high = np.subtract(self.low, max(mm, 0)), np.add(self.high, max(mm, 0))
        return Solid(lambda *p: self.distance(*p) - mm, tuple(low), tuple(high))

    def mirrored(self) -> Solid:
        """The solid on the other side of the body."""
        low = (-self.high[0], *self.low[1:])
        high = (-self.low[0], *self.high[1:])
        return Solid(lambda r, a, s: self.distance(-r, a, s), low, high)

    def contains(self, points: np.ndarray, margin_mm: float = 0.0) -> np.ndarray:
        """Which of the points (N, 3) lie inside by at least the margin."""
        r, a, s = torch.as_tensor(np.asarray(points), dtype=torch.float32).T
        return (self.distance(r, a, s) < -margin_mm).numpy()


def smooth_min(x: Tensor, y: Tensor, radius_mm: float) -> Tensor:
    """Minimum with the crease rounded over ``radius_mm`` (quadratic polynomial)."""
    gap = (radius_mm - (x - y).abs()).clamp_min(0)
    return torch.minimum(x, y) - gap * gap / (4 * radius_mm)


def blend(*solids: Solid, radius_mm: float) -> Solid:
    """Union with filled creases."""

    def distance(r: Tensor, a: Tensor, s: Tensor) -> Tensor:
        total = solids[0].distance(r, a, s)
        for solid in solids[1:]:
            total = smooth_min(total, solid.distance(r, a, s), radius_mm)
        return total

    low = np.min([solid.low for solid in solids], axis=0) - radius_mm / 4
    high = np.max([solid.high for solid in solids], axis=0) + radius_mm / 4
    return Solid(distance, tuple(low), tuple(high))


def carve(*solids: Solid, radius_mm: float) -> Solid:
    """Intersection with rounded edges."""

    def distance(r: Tensor, a: Tensor, s: Tensor) -> Tensor:
        total = -solids[0].distance(r, a, s)
        for solid in solids[1:]:
            total = smooth_min(total, -solid.distance(r, a, s), radius_mm)
        return -total

    low = np.max([solid.low for solid in solids], axis=0)
    high = np.min([solid.high for solid in solids], axis=0)
    return Solid(distance, tuple(low), tuple(high))


def outside(solid: Solid) -> Solid:
    return Solid(lambda *p: -solid.distance(*p))


def half_space(normal: Point, offset_mm: float) -> Solid:
    """Points with normal . point < offset, the normal being brought to unit length."""
    length = float(np.linalg.norm(normal))
    n, offset = [component / length for component in normal], offset_mm / length
    return Solid(lambda r, a, s: n[0] * r + n[1] * a + n[2] * s - offset)


def ellipsoid(center: Point, radii: Point, rotation: np.ndarray | None = None) -> Solid:
    """center and half-axes in mm; the columns of ``rotation`` (3, 3) are the directions of the half-axes.

    Distance to first order: (k - 1) k / |grad k^2 / 2|, with k the scaled radius.
    """
    axes = np.eye(3) if rotation is None else np.asarray(rotation)
    reach = np.sqrt(((axes * np.asarray(radii)) ** 2).sum(axis=1))
    size = float(np.prod(radii)) ** (1 / 3)

    def distance(r: Tensor, a: Tensor, s: Tensor) -> Tensor:
        offset = (r - center[0], a - center[1], s - center[2])
        square, slope = _TINY, _TINY / size**2
        for n, radius in enumerate(radii):
            along = offset[n] if rotation is None else sum(float(axes[m, n]) * offset[m] for m in range(3))
            t = along / radius
            square = square + t * t
            slope = slope + (t / radius) ** 2
        return (square.sqrt() - 1) * (square / slope).sqrt()

    return Solid(distance, tuple(np.subtract(center, reach)), tuple(np.add(center, reach)))


def tube(points: ArrayLike, radii_mm: ArrayLike, flatten: Point = (1, 1, 1)) -> Solid:
    """A chain of cones with round ends through points (N, 3), for short chains; ``Canvas.tubes`` serves long ones.

    flatten: factors of the cross-section along r, a and s (a blade: one of them well below 1).
    """
    points = np.asarray(points, dtype=float)
    radii = np.broadcast_to(np.asarray(radii_mm, dtype=float), len(points))
    scale = np.asarray(flatten, dtype=float)

    def distance(r: Tensor, a: Tensor, s: Tensor) -> Tensor:
        total = None
        scaled = (r / scale[0], a / scale[1], s / scale[2])
        for n in range(len(points) - 1):
            d, _ = cone_distance(scaled, points[n] / scale, points[n + 1] / scale, radii[n], radii[n + 1])
            total = d if total is None else torch.minimum(total, d)
        return total * float(scale.min())

    reach = radii[:, None] * scale
    return Solid(distance, tuple((points - reach).min(axis=0)), tuple((points + reach).max(axis=0)))


def cone_distance(p: tuple[Tensor, Tensor, Tensor], start, end, radius_start: float, radius_end: float):
    """Distance to a cone with round ends, and where along its axis, from 0 to 1, the nearest point lies."""
    step = [float(end[n] - start[n]) for n in range(3)]
    length = sum(component * component for component in step) + _TINY
    offset = [p[n] - float(start[n]) for n in range(3)]
    along = offset[0] * (step[0] / length)
    along = along.add_(offset[1] * (step[1] / length)).add_(offset[2] * (step[2] / length)).clamp_(0, 1)
    square = _TINY
    for n in range(3):
        square = square + (offset[n] - along * step[n]) ** 2
    return square.sqrt() - along * float(radius_end - radius_start) - float(radius_start), along


class Profile:
    """A number that changes smoothly along the body: values at heights S, cosine-like steps between them."""

    _STEP_MM = 0.25

    def __init__(self, heights, values):
        count = round((heights[-1] - heights[0]) / self._STEP_MM) + 1
        s = np.linspace(heights[0], heights[-1], count)
        n = np.clip(np.searchsorted(heights, s) - 1, 0, len(heights) - 2)
        heights, values = np.asarray(heights, dtype=float), np.asarray(values, dtype=float)
        t = (s - heights[n]) / (heights[n + 1] - heights[n])
        table = values[n] + (values[n + 1] - values[n]) * t * t * (3 - 2 * t)
        self._low, self._last = float(heights[0]), count - 1
        self._table = torch.from_numpy(table.astype(np.float32))

    def __call__(self, s: Tensor) -> Tensor:
        n = ((s - self._low) * (1 / self._STEP_MM) + 0.5).clamp_(0, self._last).to(torch.int32)
        return self._table.index_select(0, n.reshape(-1)).reshape(s.shape)


def column(center_a: Profile, half_width: Profile, front: Profile, back: Profile, power: float) -> Solid:
    """A body-shaped column along S: superellipses with their own depth to the front and to the back."""

    def distance(r: Tensor, a: Tensor, s: Tensor) -> Tensor:
        depth_a = a - center_a(s)
        width = half_width(s)
        depth = torch.where(depth_a > 0, front(s), back(s))
        x, y = r.abs() / width + _TINY, depth_a.abs() / depth + _TINY
        g = (x**power + y**power) ** (1 / power)
        gradient = g ** (1 - power) * ((x ** (power - 1) / width) ** 2 + (y ** (power - 1) / depth) ** 2).sqrt()
        return (g - 1) / gradient

    return Solid(distance)


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Rotation matrix (3, 3) about 'r', 'a' or 's'."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    n = "ras".index(axis)
    i, j = (n + 1) % 3, (n + 2) % 3
    matrix = np.eye(3)
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = c, -s, s, c
    return matrix


def curve(points, step_mm: float) -> np.ndarray:
    """Points (N, D) about ``step_mm`` apart on a Catmull-Rom curve through the given ones; further columns follow."""
    points = np.asarray(points, dtype=float)
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    pieces = []
    for n in range(1, len(points)):
        p0, p1, p2, p3 = padded[n - 1 : n + 3]
        count = max(1, round(float(np.linalg.norm((p2 - p1)[:3])) / step_mm))
        t = np.arange(count)[:, None] / count
        pieces.append(
            0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
        )
    return np.vstack([*pieces, points[-1:]])
