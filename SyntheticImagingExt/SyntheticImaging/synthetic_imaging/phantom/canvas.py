"""The voxel grid that solids are painted on: attenuation with partial volume, and the exact label of every voxel."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..volume import Volume
from . import fields
from .shapes import Point, Solid, cone_distance, cone_parameter
from .tissues import AIR, Tissue

Box = tuple[slice, slice, slice]
_SLACK_MM = 9.0  # boxes are found in unwarped coordinates; the warp moves no point further than this
_FAR_MM = 1e3


class Canvas:
    """Painting in the body's own coordinates.

    The grid is axis-aligned in RAS (i to the patient's left, j to posterior, k to superior, as in a supine head-first
    CT). ``points`` (3, K, J, I) tells where in the standard body each voxel lies: stature scales it, a smooth random
    warp makes every body different. Later paint covers earlier paint.
    """

    def __init__(self, shape, spacing_mm, center_ras: Point, scale: Point, warp: Tensor, warp_mm: float, psf_mm: float):
        self.shape = tuple(int(n) for n in shape)
        self.spacing_mm = tuple(float(mm) for mm in spacing_mm)
        self.scale = scale
        self.edge_mm = float(np.hypot(psf_mm, np.mean(self.spacing_mm)))
        signs, counts = np.array((-1.0, -1.0, 1.0)), np.array(self.shape[::-1])
        step_ras = signs * self.spacing_mm
        first_ras = np.asarray(center_ras) - step_ras * (counts - 1) / 2
        self.ijk_to_ras = np.diag([*step_ras, 1.0])
        self.ijk_to_ras[:3, 3] = first_ras
        self._first, self._step, self._counts = first_ras / scale, step_ras / scale, counts
        self.axes = [
            torch.tensor(first + step * np.arange(count), dtype=torch.float32)
            for first, step, count in zip(self._first, self._step, counts, strict=True)
        ]
        self._warp, self._warp_mm = warp, warp_mm
        self.points = fields.sample(warp, *self.axes).clamp_(-3, 3).mul_(warp_mm)
        self.points[0] += self.axes[0]
        self.points[1] += self.axes[1][:, None]
        self.points[2] += self.axes[2][:, None, None]
        self._points = self.points.numpy()
        self.hu = torch.full(self.shape, float(AIR.hu))
        self.labels = torch.zeros(self.shape, dtype=torch.uint8)

    # ---- where ----------------------------------------------------------------------------------------------------

    def box(self, low: Point, high: Point, slack_mm: float = _SLACK_MM) -> Box:
        """Slices (k, j, i) that hold every voxel between two corners of the standard body."""
        reach = slack_mm + self.edge_mm
        ends = np.stack([(np.subtract(low, reach) - self._first), (np.add(high, reach) - self._first)]) / self._step
        start = np.clip(np.ceil(ends.min(0)), 0, self._counts).astype(int)
        stop = np.clip(np.floor(ends.max(0)) + 1, start, self._counts).astype(int)
        return tuple(slice(int(a), int(b)) for a, b in zip(start[::-1], stop[::-1], strict=True))

    def _warped_box(self, low: np.ndarray, high: np.ndarray, slack_mm: float) -> Box:
        """The box of something small, moved by the warp at its place."""
        middle = 0.5 * (low + high)
        i, j, k = np.clip(np.rint((middle - self._first) / self._step), 0, self._counts - 1).astype(int)
        shift = self._points[:, k, j, i] - (self._first + self._step * (i, j, k))
        return self.box(low - shift, high - shift, slack_mm + 0.06 * float(np.max(high - low)))

    def at(self, box: Box) -> tuple[Tensor, Tensor, Tensor]:
        """Coordinates r, a, s in the standard body of the voxels in a box."""
        return self.points[0][box], self.points[1][box], self.points[2][box]

    def ras_of(self, point: Point) -> Point:
        """Where a point of the standard body lies in this body, in RAS mm (fixed-point inversion of the warp)."""
        target = torch.tensor(point, dtype=torch.float32)
        found = target.clone()
        for _ in range(20):
            shift = fields.sample(self._warp, found[0:1], found[1:2], found[2:3]).clamp(-3, 3)[:, 0, 0, 0]
            found = target - self._warp_mm * shift
        return tuple(float(x) * factor for x, factor in zip(found, self.scale, strict=True))

    # ---- paint ----------------------------------------------------------------------------------------------------

    def distance(self, solid: Solid, box: Box, coarse: bool = False) -> Tensor:
        """The distance map of a solid in a box; ``coarse`` computes every second voxel and interpolates, for large
        solids without thin parts."""
        points = self.at(box)
        if not coarse or min(points[0].shape) < 4:
            return solid.distance(*points)
        sparse = solid.distance(*(axis[::2, ::2, ::2] for axis in points))
        size = tuple(2 * n - 1 for n in sparse.shape)
        dense = fields.upsampled(sparse[None], size)
        missing = [full - n for full, n in zip(points[0].shape, size, strict=True)]
        return functional.pad(dense, (0, missing[2], 0, missing[1], 0, missing[0]), mode="replicate")[0]

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
        segments = np.asarray(segments, dtype=float)
        starts, ends, radii = segments[:, :3], segments[:, 3:6], segments[:, 6:]
        low = np.minimum(starts, ends) - radii.max(1, keepdims=True)
        high = np.maximum(starts, ends) + radii.max(1, keepdims=True)
        whole = self.box(low.min(0), high.max(0), _SLACK_MM + reach_mm)
        size = [side.stop - side.start for side in whole]
        distance = torch.full(size, _FAR_MM)
        height = torch.zeros(size)
        for n in range(len(segments)):
            box = _common(self._warped_box(low[n], high[n], reach_mm), whole)
            if not _is_filled(box):
                continue
            local = tuple(slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, whole, strict=True))
            p = self.at(box)
            d = cone_distance(p, starts[n], ends[n], radii[n, 0], radii[n, 1])
            center_a = starts[n, 1] + cone_parameter(p, starts[n], ends[n]) * (ends[n, 1] - starts[n, 1])
            nearer = d < distance[local]
            height[local] = torch.where(nearer, p[1] - center_a, height[local])
            distance[local] = torch.where(nearer, d, distance[local])
        return whole, distance, height

    def volume(self, data: Tensor) -> Volume:
        return Volume(data, self.ijk_to_ras)


def _is_filled(box: Box) -> bool:
    return all(side.stop > side.start for side in box)


def _common(box: Box, whole: Box) -> Box:
    return tuple(slice(max(b.start, w.start), min(b.stop, w.stop)) for b, w in zip(box, whole, strict=True))


def segments_of(points: np.ndarray, radii_mm) -> np.ndarray:
    """Cones (N - 1, 8) along a chain of points (N, 3)."""
    radii = np.broadcast_to(np.asarray(radii_mm, dtype=float), len(points))
    return np.hstack([points[:-1, :3], points[1:, :3], radii[:-1, None], radii[1:, None]])
