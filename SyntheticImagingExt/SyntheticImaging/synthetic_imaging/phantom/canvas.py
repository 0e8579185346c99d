"""The voxel grid that solids are painted on: attenuation with partial volume, and the exact label of every voxel."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

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
        signs, counts = (-1, -1, 1), self.shape[::-1]
        axes = [
            center + sign * mm * (torch.arange(count) - (count - 1) / 2)
            for center, sign, mm, count in zip(center_ras, signs, self.spacing_mm, counts, strict=True)
        ]
        self.ijk_to_ras = np.diag([*np.multiply(signs, self.spacing_mm), 1.0])
        self.ijk_to_ras[:3, 3] = [float(axis[0]) for axis in axes]
        self._warp, self._warp_mm = warp, warp_mm
        self.axes = [axis / factor for axis, factor in zip(axes, scale, strict=True)]
        self.points = fields.sample(warp, *self.axes).clamp_(-3, 3).mul_(warp_mm)
        self.points[0] += self.axes[0]
        self.points[1] += self.axes[1][:, None]
        self.points[2] += self.axes[2][:, None, None]
        self.hu = torch.full(self.shape, float(AIR.hu))
        self.labels = torch.zeros(self.shape, dtype=torch.uint8)

    # ---- where ----------------------------------------------------------------------------------------------------

    def box(self, low: Point, high: Point, margin_mm: float = 0.0) -> Box:
        """Slices (k, j, i) that hold every voxel between two corners of the standard body."""
        found = []
        for axis, a, b in zip(self.axes, low, high, strict=True):
            reach = _SLACK_MM + margin_mm + self.edge_mm
            inside = torch.nonzero((axis >= a - reach) & (axis <= b + reach))[:, 0]
            found.append(slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else slice(0, 0))
        return tuple(reversed(found))

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

    def fill(self, solid: Solid, tissue: Tissue, hu: float | Tensor | None = None) -> None:
        """Paint a solid."""
        box = self.box(solid.low, solid.high)
        if all(side.stop > side.start for side in box):
            self.paint(box, solid.distance(*self.at(box)), tissue, hu)

    def paint(self, box: Box, distance: Tensor, tissue: Tissue, hu: float | Tensor | None = None) -> None:
        """Paint where a distance map of the box is negative, with a soft edge as wide as voxel and blur together."""
        cover = (0.5 - distance / self.edge_mm).clamp_(0, 1)
        cover = cover * cover * (3 - 2 * cover)
        level = tissue.hu if hu is None else hu
        view = self.hu[box]
        view += cover * (level - view)
        self.labels[box].masked_fill_(distance < 0, tissue.label)

    def shell(
        self, solid: Solid, outer: Tissue, thickness_mm: float, inner_hu: float, inner: Tissue | None = None
    ) -> None:
        """Paint a solid with a wall: ``outer`` as the wall, inside it ``inner_hu`` (of ``inner``, or the same label)."""
        box = self.box(solid.low, solid.high)
        if all(side.stop > side.start for side in box):
            distance = solid.distance(*self.at(box))
            self.paint(box, distance, outer)
            self.paint(box, distance + thickness_mm, inner or outer, inner_hu)

    def tubes(self, segments: np.ndarray, reach_mm: float = 4.0) -> tuple[Box, Tensor, Tensor]:
        """Distance to the union of many cones, each looked at only near itself.

        segments: (N, 8), start RAS, end RAS, radius at the start and at the end in mm. Returns a box, the distance
        there (large beyond ``reach_mm``), and the height above the center line of the nearest cone in mm, anterior up.
        """
        segments = np.asarray(segments, dtype=float)
        starts, ends, radii = segments[:, :3], segments[:, 3:6], segments[:, 6:]
        low = np.minimum(starts, ends) - radii.max(1, keepdims=True)
        high = np.maximum(starts, ends) + radii.max(1, keepdims=True)
        whole = self.box(low.min(0), high.max(0), reach_mm)
        size = [side.stop - side.start for side in whole]
        distance = torch.full(size, _FAR_MM)
        height = torch.zeros(size)
        for n in range(len(segments)):
            box = self.box(low[n], high[n], reach_mm)
            if any(side.stop <= side.start for side in box):
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


def segments_of(points: np.ndarray, radii_mm) -> np.ndarray:
    """Cones (N - 1, 8) along a chain of points (N, 3)."""
    radii = np.broadcast_to(np.asarray(radii_mm, dtype=float), len(points))
    return np.hstack([points[:-1, :3], points[1:, :3], radii[:-1, None], radii[1:, None]])
