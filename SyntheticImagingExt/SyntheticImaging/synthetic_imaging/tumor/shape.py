"""The outline of a lesion: an ellipsoid seen through a smooth random displacement.

The shape is implicit: a point belongs to the lesion when its displaced position lies in the
ellipsoid. No mask is ever resampled, so the shape is the same on every grid and isotropic in mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from ..cores import one_torch_thread
from ..tuples import two
from .lesion import Elastic, Lesion
from .noise import expand, lattice, spline_rows

_ELASTIC_STEP = 2.0
_LOBE_STEP = 0.6
_LOBE_AMPLITUDE = 0.17
_SPLINE_GAIN = (151 / 315) ** -1.5
"""Undoes the mean loss of variance of white noise under a cubic B-spline in three dimensions."""
_SAMPLES = 36


@dataclass(frozen=True)
class Shape:
    """A lesion's outline in millimeters about its center, in the axes of a grid's frame.

    to_unit: (3, 3) float64; the ellipsoid is |to_unit (y + offset + u(y + offset))| <= 1.
    control: float32 (3, n, n, n) displacement u at control points ``step_mm`` apart, center in the middle.
    offset: keeps the centroid at the lesion's center.
    box_mm, reach_box_mm: (2, 3) corners of the boxes around the lesion and around what it pushes.
    bounding_radius_mm: radius of the sphere about the center that holds the lesion.
    """

    to_unit: np.ndarray
    control: np.ndarray
    step_mm: float
    offset: np.ndarray
    box_mm: np.ndarray
    reach_box_mm: np.ndarray
    bounding_radius_mm: float

    @property
    def half(self) -> int:
        return self.control.shape[1] // 2


@lru_cache(maxsize=64)
def rotation_matrix(rotation_deg: tuple[float, float, float]) -> np.ndarray:
    """Rotations about R, then A, then S, as one (3, 3) matrix."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(rotation_deg)):
        first, second = [index for index in range(3) if index != axis]
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        matrix = (turn.T if axis == 1 else turn) @ matrix
    return matrix


def shape_of(lesion: Lesion, directions: np.ndarray) -> Shape:
    """The outline in a frame's axes (columns of ``directions``); cached, for it ignores the position."""
    turn = np.round(directions.T @ rotation_matrix(lesion.rotation_deg), 9)
    return _shape(
        lesion.radius_mm,
        lesion.axes,
        tuple(map(tuple, turn)),
        lesion.elastic,
        lesion.seed,
        max(1.0, lesion.mass_effect.reach),
    )


@lru_cache(maxsize=256)
def _shape(radius_mm: float, axes, turn, elastic: Elastic, seed: int, reach: float) -> Shape:
    half_axes = radius_mm * np.asarray(axes)
    turn = np.asarray(turn)
    extent = np.sqrt((turn**2 * half_axes**2).sum(axis=1)) * reach
    spread = 3 * elastic.sigma_mm + elastic.lobulation * 3 * _LOBE_AMPLITUDE * radius_mm
    to_unit = (turn / half_axes).T
    while True:
        box = 1.1 * extent + spread
        control = _control(radius_mm, elastic, seed, box)
        samples, rho, cell_mm, rim = _sample(to_unit, control, _LOBE_STEP * radius_mm, box)
        level = _level_of_volume(rho, 4 / 3 * np.pi * half_axes.prod() / cell_mm.prod())
        if rho[rim].min() > level * reach:
            break
        spread = 1.4 * spread + 0.2 * radius_mm
    inside = samples[rho < level]
    offset = inside.mean(axis=0)
    radius = np.linalg.norm(inside - offset, axis=1).max() + 0.5 * cell_mm.max()
    boxes = two(_box(samples[rho < level * reached] - offset, cell_mm) for reached in (1.0, reach))
    return Shape(to_unit / level, control, _LOBE_STEP * radius_mm, offset, *boxes, float(radius))


def _box(points: np.ndarray, margin_mm: np.ndarray) -> np.ndarray:
    return np.stack([points.min(axis=0) - margin_mm, points.max(axis=0) + margin_mm])


def _control(radius_mm: float, elastic: Elastic, seed: int, box: np.ndarray) -> np.ndarray:
    """Displacements (3, n, n, n) on the lobes' control points: the slow field plus the lobes."""
    half = int(np.ceil(box.max() / (_LOBE_STEP * radius_mm))) + 3
    slow_half = int(np.ceil(half * _LOBE_STEP / _ELASTIC_STEP)) + 2
    rows = spline_rows(np.arange(-half, half + 1) * _LOBE_STEP / _ELASTIC_STEP, slow_half)
    field = np.zeros((3, *(2 * half + 1,) * 3), dtype=np.float32)
    for axis in range(3):
        if elastic.sigma_mm > 0:
            field[axis] = elastic.sigma_mm * _expanded(lattice(seed, axis, (slow_half,) * 3), [rows] * 3)
        if elastic.lobulation > 0:
            amplitude = elastic.lobulation * _LOBE_AMPLITUDE * radius_mm * _SPLINE_GAIN
            field[axis] += amplitude * lattice(seed, 3 + axis, (half,) * 3)
    middle = slice(half - 1, half + 2)
    weights = np.array([1, 4, 1]) / 6
    at_center = np.einsum("dabc,a,b,c->d", field[:, middle, middle, middle], weights, weights, weights)
    return (field - at_center[:, None, None, None]).astype(np.float32)


def _expanded(values: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
    """``noise.expand`` of arrays."""
    with one_torch_thread():
        return expand(torch.from_numpy(values), [torch.from_numpy(part) for part in rows]).numpy()


def _sample(to_unit: np.ndarray, control: np.ndarray, step_mm: float, box: np.ndarray):
    """Ellipsoidal radius on a grid of points over the box, the grid's cell size and its outer layer."""
    half = control.shape[1] // 2
    lines = [np.linspace(-extent, extent, _SAMPLES) for extent in box]
    rows = [spline_rows(line / step_mm, half, unit_variance=False) for line in lines]
    points = np.stack(np.meshgrid(*[line.astype(np.float32) for line in lines], indexing="ij"))
    unit = np.einsum("xd,dijk->xijk", to_unit.astype(np.float32), points + _expanded(control, rows))
    rho = np.sqrt(np.einsum("xijk,xijk->ijk", unit, unit))
    rim = np.ones(rho.shape, dtype=bool)
    rim[1:-1, 1:-1, 1:-1] = False
    cell_mm = np.array([line[1] - line[0] for line in lines])
    return points.reshape(3, -1).T, rho.ravel(), cell_mm, rim.ravel()


def _level_of_volume(rho: np.ndarray, cells: float) -> float:
    """The ellipsoidal radius below which lie ``cells`` sample points: it keeps the volume asked for."""
    index = min(max(int(cells), 1), len(rho) - 1)
    return float(np.partition(rho, index)[index])
