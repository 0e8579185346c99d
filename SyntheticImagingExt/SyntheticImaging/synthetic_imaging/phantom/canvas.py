"""The voxel grid that solids are painted on: attenuation with partial volume, and the exact label of every voxel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..tuples import three
from . import fields
from .shapes import Point, Solid, cone_distance
from .tissues import AIR, Tissue

Box = tuple[slice, slice, slice]
_SIGNS = np.array((-1.0, -1.0, 1.0))
_SLACK_MM = 8.0  # the warp moves no point further than this
_FAR_MM = 1e3


@dataclass(frozen=True)
class Warp:
    """A smooth random displacement of the body: lattice values (3, N, N, N), cut off at 3, times ``amplitude_mm``."""

    values: Tensor
    amplitude_mm: float

    def shift(self, r: Tensor, a: Tensor, s: Tensor) -> Tensor:
        return fields.sample(self.values, r, a, s).clamp_(-3, 3).mul_(self.amplitude_mm)

    def undone(self, point: Point) -> np.ndarray:
        """Where the displacement takes to ``point`` (3,): fixed-point inversion."""
        target = torch.tensor(point, dtype=torch.float32)
        found = target.clone()
        for _ in range(25):
            found = target - self.shift(found[0:1], found[1:2], found[2:3])[:, 0, 0, 0]
        return found.numpy().astype(float)


@dataclass(frozen=True)
class Grid:
    """An axis-aligned voxel grid: i to the patient's left, j to posterior, k to superior, as in a supine head-first CT.

    shape: (K, J, I); spacing_mm along i, j and k; first_ras: center of voxel (0, 0, 0).
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    first_ras: tuple[float, float, float]

    @classmethod
    def around(cls, center_ras: Point, shape, spacing_mm) -> Grid:
        extent = (np.array(shape[::-1]) - 1) * spacing_mm
        return cls(three(shape), three(spacing_mm), three(np.subtract(center_ras, _SIGNS * extent / 2)))

    @property
    def step_ras(self) -> np.ndarray:
        return _SIGNS * self.spacing_mm

    @property
    def ijk_to_ras(self) -> np.ndarray:
        matrix = np.diag([*self.step_ras, 1.0])
        matrix[:3, 3] = self.first_ras
        return matrix

    def slab(self, start: int, stop: int) -> Grid:
        """The slices from start to stop."""
        first = (*self.first_ras[:2], self.first_ras[2] + start * self.spacing_mm[2])
        return Grid((stop - start, *self.shape[1:]), self.spacing_mm, first)


class Canvas:
    """Painting in the body's own coordinates; later paint covers earlier paint.

    ``points`` (3, K, J, I) tells where in the standard body each voxel lies: stature scales it, a smooth random warp
    makes every body different.
    """

    def __init__(self, grid: Grid, scale: Point, warp: Warp, psf_mm: float):
        self.grid = grid
        self.edge_mm = float(np.hypot(psf_mm, np.mean(grid.spacing_mm)))
        self._first, self._step = np.divide(grid.first_ras, scale), grid.step_ras / scale
        self._counts = np.array(grid.shape[::-1])
        self.axes = [
            torch.tensor(first + step * np.arange(count), dtype=torch.float32)
            for first, step, count in zip(self._first, self._step, self._counts, strict=True)
        ]
        self.points = warp.shift(*self.axes)
        self.points[0] += self.axes[0]
        self.points[1] += self.axes[1][:, None]
        self.points[2] += self.axes[2][:, None, None]
        self._points = self.points.numpy()
        self.hu = torch.full(grid.shape, float(AIR.hu))
        self.labels = torch.zeros(grid.shape, dtype=torch.uint8)

    # ---- where ----------------------------------------------------------------------------------------------------

    def box(self, low: Point, high: Point, slack_mm: float = _SLACK_MM) -> Box:
        """Slices (k, j, i) that hold every voxel between two corners of the standard body."""
        reach = slack_mm + self.edge_mm
        ends = np.stack([(np.subtract(low, reach) - self._first), (np.add(high, reach) - self._first)]) / self._step
        start = np.clip(np.ceil(ends.min(0)), 0, self._counts).astype(int)
        stop = np.clip(np.floor(ends.max(0)) + 1, start, self._counts).astype(int)
        return three(slice(int(a), int(b)) for a, b in zip(start[::-1], stop[::-1], strict=True))

    def _warped_box(self, low: np.ndarray, high: np.ndarray, reach_mm: float) -> Box:
        """The box of something small, moved by the warp at its place."""
        middle = 0.5 * (low + high)
        i, j, k = np.clip(np.rint((middle - self._first) / self._step), 0, self._counts - 1).astype(int)
        shift = self._points[:, k, j, i] - (self._first + self._step * (i, j, k))
        return self.box(low - shift, high - shift, 0.06 * float(np.max(high - low)) + reach_mm)

    def _may_touch(self, low: np.ndarray, high: np.ndarray, slack_mm: float) -> np.ndarray:
        """Which of many boxes (N, 3) come near the grid at all."""
        ends = np.stack([self._first, self._first + self._step * (self._counts - 1)])
        reach = slack_mm + self.edge_mm
        return ((high + reach >= ends.min(0)) & (low - reach <= ends.max(0))).all(axis=1)

    def at(self, box: Box) -> tuple[Tensor, Tensor, Tensor]:
        """Coordinates r, a, s in the standard body of the voxels in a box."""
        return self.points[0][box], self.points[1][box], self.points[2][box]

    # ---- paint ----------------------------------------------------------------------------------------------------

    def distance(self, solid: Solid, box: Box, coarse: bool = False) -> Tensor:
        """The distance map of a solid in a box; ``coarse`` computes every second voxel and interpolates, for large
        solids without thin parts."""
        points = self.at(box)
        if not coarse or min(points[0].shape) < 4:
            return solid.distance(*points)
        sparse = solid.distance(*(axis[::2, ::2, ::2] for axis in points))
        dense = fields.upsampled(sparse[None], three(2 * n - 1 for n in sparse.shape))[0]
        for dim, full in enumerate(points[0].shape):
            if dense.shape[dim] < full:
                last, before = dense.narrow(dim, -1, 1), dense.narrow(dim, -2, 1)
                dense = torch.cat([dense, 2 * last - before], dim)
        return dense

    def fill(self, solid: Solid, tissue: Tissue, hu: float | Tensor | None = None, coarse: bool = False) -> None:
        """Paint a solid."""
        box = self.box(solid.low, solid.high)
        if _is_filled(box):
            self.paint(box, self.distance(solid, box, coarse), tissue, hu)

    def paint(self, box: Box, distance: Tensor, tissue: Tissue, hu: float | Tensor | None = None) -> None:
        """Paint where a distance map of the box is negative, with a soft edge as wide as voxel and blur together."""
        cover = (0.5 - distance / self.edge_mm).clamp_(0, 1)
        cover = cover * cover * (3 - 2 * cover)
        level = tissue.hu if hu is None else hu
        view = self.hu[box]
        view += cover * (level - view)
        self.labels[box].masked_fill_(distance < 0, tissue.label)

    def shell(self, solid: Solid, wall: Tissue, wall_mm: float, inner_hu: float) -> None:
        """Paint a solid with a wall of that thickness, and another attenuation inside it under the same label."""
        box = self.box(solid.low, solid.high)
        if _is_filled(box):
            distance = self.distance(solid, box)
            self.paint(box, distance, wall)
            self.paint(box, distance + wall_mm, wall, inner_hu)

    def tubes(self, segments: np.ndarray, reach_mm: float = 4.0) -> tuple[Box, Tensor, Tensor]:
        """Distance to the union of many cones, each looked at only near itself.

        segments: (N, 8), start RAS, end RAS, radius at the start and at the end in mm. Returns a box, the distance
        there (large beyond ``reach_mm``), and the height above the center line of the nearest cone in mm, anterior up.
        """
        starts, ends, radii = segments[:, :3], segments[:, 3:6], segments[:, 6:]
        low = np.minimum(starts, ends) - radii.max(1, keepdims=True)
        high = np.maximum(starts, ends) + radii.max(1, keepdims=True)
        whole = self.box(low.min(0), high.max(0), _SLACK_MM + reach_mm)
        size = [side.stop - side.start for side in whole]
        distance, height = torch.full(size, _FAR_MM), torch.zeros(size)
        for n in np.flatnonzero(self._may_touch(low, high, _SLACK_MM + reach_mm)):
            box = _common(self._warped_box(low[n], high[n], reach_mm), whole)
            if not _is_filled(box):
                continue
            local = three(slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, whole, strict=True))
            p = self.at(box)
            d, along = cone_distance(p, starts[n], ends[n], radii[n, 0], radii[n, 1])
            nearer = d < distance[local]
            center_a = starts[n, 1] + along * (ends[n, 1] - starts[n, 1])
            height[local] = torch.where(nearer, p[1] - center_a, height[local])
            distance[local] = torch.where(nearer, d, distance[local])
        return whole, distance, height

    def fill_tubes(self, segments: np.ndarray, tissue: Tissue, hu: float | None = None) -> None:
        """Paint cones, for vessels and other thin things."""
        box, distance, _ = self.tubes(segments, reach_mm=2.5)
        if _is_filled(box):
            self.paint(box, distance, tissue, hu)


def _is_filled(box: Box) -> bool:
    return all(side.stop > side.start for side in box)


def _common(box: Box, whole: Box) -> Box:
    return three(slice(max(b.start, w.start), min(b.stop, w.stop)) for b, w in zip(box, whole, strict=True))


def segments_of(points: np.ndarray, radii_mm) -> np.ndarray:
    """Cones (N - 1, 8) along a chain of points (N, 3)."""
    radii = np.broadcast_to(np.asarray(radii_mm, dtype=float), len(points))
    return np.hstack([points[:-1, :3], points[1:, :3], radii[:-1, None], radii[1:, None]])
