"""Bodies whose shadows are known in closed form, and random grids and views to put them in."""

# no postponed annotations here: Warp reads the types of its kernels
from dataclasses import dataclass, replace

import numpy as np
import torch
import warp as wp
from scipy.spatial.transform import Rotation

from synthetic_imaging.volume import Volume
from synthetic_imaging.warp_start import launch_in_bands
from synthetic_imaging.xray.geometry import Machine, Pose, View, machine_named

KINDS = ("box", "cylinder", "ellipsoid")
_SAMPLES = (np.arange(1, 129)[:, None] * np.array([0.8191725134, 0.6710436067, 0.5497004779])) % 1 - 0.5
"""Points that fill a voxel evenly in every direction (a Kronecker sequence of the plastic number)."""


@dataclass(frozen=True)
class Body:
    """A box (half sizes), ellipsoid (half axes) or cylinder (radius twice, half height), turned, about a center."""

    kind: str
    size_mm: np.ndarray
    axes: np.ndarray
    center_ras: np.ndarray

    def local(self, points: np.ndarray) -> np.ndarray:
        return (points - self.center_ras) @ self.axes

    def inside(self, points: np.ndarray) -> np.ndarray:
        x = self.local(points) / self.size_mm
        if self.kind == "box":
            return (np.abs(x) <= 1).all(axis=-1)
        if self.kind == "cylinder":
            return (np.linalg.norm(x[..., :2], axis=-1) <= 1) & (np.abs(x[..., 2]) <= 1)
        return np.linalg.norm(x, axis=-1) <= 1

    @property
    def reach_mm(self) -> float:
        """Radius of a ball about the center that holds the body."""
        if self.kind == "ellipsoid":
            return float(self.size_mm.max())
        return float(np.linalg.norm(self.size_mm if self.kind == "box" else self.size_mm[1:]))

    def chords_mm(self, source: np.ndarray, targets: np.ndarray, less_mm: float = 0.0) -> np.ndarray:
        """Lengths inside of the segments from a source to targets (..., 3), of the body shrunk by ``less_mm``."""
        low, high, _, _ = self._crossed(source, targets, less_mm)
        return np.clip(np.minimum(high, 1) - np.maximum(low, 0), 0, None) * np.linalg.norm(targets - source, axis=-1)

    def clear(self, source: np.ndarray, targets: np.ndarray, band_mm: float, grazing_deg: float = 15) -> np.ndarray:
        """Rays away from edges: a band on either side of the surface does not change which faces they pass.

        A face that is met at less than ``grazing_deg`` is an edge too: its shadow is one.
        """
        within, beyond = (self._crossed(source, targets, less) for less in (band_mm, -band_mm))
        clear = (within[2] == beyond[2]) & (within[3] == beyond[3]) & (within[0] < within[1])
        if grazing_deg:
            growth = self.chords_mm(source, targets, -band_mm) - self.chords_mm(source, targets, band_mm)
            clear &= growth < 2 * band_mm * (1 + 1 / np.sin(np.deg2rad(grazing_deg)))
        return clear | (beyond[0] >= beyond[1])

    def _crossed(self, source, targets, less_mm):
        """Fractions of the way at entry and exit, and the number of the face at each."""
        size = np.maximum(self.size_mm - less_mm, 1e-9)
        start, along = self.local(source) / size, self.local(targets) / size
        along = along - start
        groups = {"box": [(0,), (1,), (2,)], "cylinder": [(0, 1), (2,)], "ellipsoid": [(0, 1, 2)]}[self.kind]
        ends = [_ball(start[list(axes)], along[..., list(axes)]) for axes in groups]
        lows, highs = (np.stack([end[side] for end in ends]) for side in (0, 1))
        return lows.max(axis=0), highs.min(axis=0), lows.argmax(axis=0), highs.argmin(axis=0)

    def filled(self, grid: Volume) -> torch.Tensor:
        """Share of every voxel (K, J, I) that the body fills, by 128 points in each voxel that its surface may cut."""
        inward = (self.axes / self.size_mm).T
        matrix = inward @ grid.ijk_to_ras[:3, :3]
        start = inward @ (grid.ijk_to_ras[:3, 3] - self.center_ras)
        touch = 0.5 * np.linalg.norm(grid.spacing_mm) / self.size_mm.min()
        share = torch.zeros(grid.shape)
        inputs = [
            wp.from_torch(share),
            KINDS.index(self.kind),
            wp.mat33(*matrix.ravel()),
            wp.vec3(*start),
            float(touch),
        ]
        launch_in_bands(_fill, share.numel(), [*inputs, wp.array(_SAMPLES, dtype=wp.vec3)], wp.get_device("cpu"))
        return share


@wp.func
def _depth(kind: int, x: wp.vec3) -> float:
    """How far a point is in, over the body's size: above 0 inside, below 0 outside."""
    if kind == 0:
        return 1.0 - wp.max(wp.max(wp.abs(x[0]), wp.abs(x[1])), wp.abs(x[2]))
    if kind == 1:
        return 1.0 - wp.max(wp.sqrt(x[0] * x[0] + x[1] * x[1]), wp.abs(x[2]))
    return 1.0 - wp.length(x)


@wp.kernel(enable_backward=False)
def _fill(
    first: int, share: wp.array3d(dtype=float), kind: int, matrix: wp.mat33, start: wp.vec3, touch: float,
    samples: wp.array(dtype=wp.vec3),
):  # fmt: skip
    voxel = first + wp.tid()
    i = voxel % share.shape[2]
    j = (voxel // share.shape[2]) % share.shape[1]
    k = voxel // (share.shape[2] * share.shape[1])
    center = wp.vec3(float(i), float(j), float(k))
    depth = _depth(kind, matrix * center + start)
    if wp.abs(depth) > touch:
        share[k, j, i] = wp.where(depth > 0.0, 1.0, 0.0)
    else:
        inside = int(0)  # noqa: RUF046, UP018  (to Warp a bare 0 is a constant)
        for n in range(samples.shape[0]):
            if _depth(kind, matrix * (center + samples[n]) + start) >= 0.0:
                inside += 1
        share[k, j, i] = float(inside) / float(samples.shape[0])


def _ball(start, along):
    """Where start + t · along is within 1 of 0, in any number of dimensions: from t to t; from ∞ to -∞ for never."""
    a, b, c = (along**2).sum(-1), along @ start, start @ start - 1
    square = b * b - a * c
    root, safe = np.sqrt(np.maximum(square, 0)), np.where(a > 0, a, 1.0)
    meets, stays = (square > 0) & (a > 0), (a == 0) & (c < 0)
    low, high = np.where(stays, -np.inf, np.inf), np.where(stays, np.inf, -np.inf)
    return np.where(meets, (-b - root) / safe, low), np.where(meets, (-b + root) / safe, high)


def water(share: torch.Tensor, grid: Volume) -> Volume:
    """A body of water in air."""
    return grid.like((1000 * share - 1000).float())


def random_grid(rng: np.random.Generator, reach_mm: float, spacing_mm: np.ndarray, oblique: bool = True) -> Volume:
    """An empty grid about the origin that holds a ball of this radius; turned, and flipped every other time."""
    shape = tuple(int(np.ceil(2 * reach_mm / step)) + 3 for step in spacing_mm[::-1])
    turn = Rotation.random(random_state=int(rng.integers(1 << 31))).as_matrix() if oblique else np.eye(3)
    matrix = np.eye(4)
    matrix[:3, :3] = turn * spacing_mm * np.where(rng.random(3) < 0.5, -1, 1)
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2) + rng.uniform(-1, 1, 3)
    return Volume(torch.zeros(shape), matrix)


def random_view(rng: np.random.Generator, field_mm: float, pixels: int, isocenter=(0.0, 0.0, 0.0)) -> View:
    """A view from anywhere whose image shows about ``field_mm`` at the isocenter."""
    distances = rng.uniform(900, 1200), rng.uniform(450, 700)
    pixel = field_mm / pixels * distances[0] / distances[1]
    pose = Pose(rng.uniform(-180, 180), rng.uniform(-90, 90), rng.uniform(-180, 180), tuple(isocenter))
    return View.of(machine(*distances, pixels, pixel), pose)


def machine(source_to_detector_mm: float, source_to_isocenter_mm: float, pixels: int, pixel_mm: float) -> Machine:
    return replace(
        machine_named("generic"), source_to_detector_mm=source_to_detector_mm,
        source_to_isocenter_mm=source_to_isocenter_mm, rows=pixels, columns=pixels, pixel_mm=pixel_mm,
    )  # fmt: skip


def pixels_ras(view: View) -> np.ndarray:
    """Pixel centers (rows, columns, 3)."""
    row, column = np.meshgrid(np.arange(view.rows), np.arange(view.columns), indexing="ij")
    return view.pixel_ras(column, row)
