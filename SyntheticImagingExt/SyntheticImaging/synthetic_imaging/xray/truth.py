"""What is where in an image: structures, landmarks, belief maps."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..errors import InputError
from ..tuples import three
from ..volume import Volume
from .checks import positive
from .projector_reference import voxel_chords
from .rays import Rays

_MOST_LABELS = 2000
_CHUNK = 4096
_LARGEST_TABLE = 1 << 20


@dataclass(frozen=True)
class Structures:
    """How long each ray runs in each structure of a label map.

    labels: the values. lengths_mm: (L, rows, columns) float32, in the order of the values.
    """

    labels: tuple[int, ...]
    lengths_mm: torch.Tensor

    def length_mm(self, label: int) -> torch.Tensor:
        """(rows, columns) of one structure; 0 everywhere for a value that is not in the map."""
        if label not in self.labels:
            return torch.zeros_like(self.lengths_mm[0]) if self.labels else torch.empty(0)
        return self.lengths_mm[self.labels.index(label)]

    def masks(self) -> torch.Tensor:
        """(L, rows, columns) bool: where a ray meets a voxel of the structure."""
        return self.lengths_mm > 0


class StructureProjector:
    """A label map, prepared once, that gives the lengths of rays in its structures for any view.

    labels: whole numbers; 0 is nothing. values: which labels (default: all that occur). engine: "auto", "warp" or
    "torch". Formula: Siddon, Med Phys 12(2):252, 1985.
    """

    def __init__(self, labels: Volume, values: Sequence[int] | None = None, engine: str = "auto"):
        if labels.data.is_floating_point():
            raise InputError("A label map holds whole numbers; this volume holds fractions. Give a segmentation.")
        data = labels.numpy()
        chosen = _occurring(data) if values is None else values
        self.labels = tuple(int(value) for value in chosen if value != 0)
        if len(self.labels) > _MOST_LABELS:
            raise InputError(f"The label map has {len(self.labels)} structures; choose at most {_MOST_LABELS} of them.")
        self._ijk_to_ras = labels.ijk_to_ras
        self._numbers, self._begin = _numbered(data, self.labels)
        self._warp = engine == "warp" or (engine == "auto" and importlib.util.find_spec("warp") is not None)

    def of(self, view) -> Structures:
        """Exact lengths of the rays of a view (``geometry.View``) in the voxels of every label, all in one pass."""
        rays = Rays.of(view, self._ijk_to_ras)
        lengths = torch.zeros(len(self.labels), rays.rows, rays.columns)
        if self._numbers is not None:
            (_by_kernel if self._warp else _by_torch)(self._numbers, _inside(rays, self._begin), lengths)
        return Structures(self.labels, lengths)


def structures(labels: Volume, view, values: Sequence[int] | None = None) -> Structures:
    """The lengths of one view's rays in each structure; for many views, keep a ``StructureProjector``."""
    return StructureProjector(labels, values).of(view)


def _occurring(data: np.ndarray) -> list[int]:
    low, high = int(data.min()), int(data.max())
    if high - low >= _LARGEST_TABLE:
        return np.unique(data).tolist()
    there = np.zeros(high - low + 1, dtype=bool)
    for plane in data:
        there[plane.astype(np.intp) - low] = True
    return (np.flatnonzero(there) + low).tolist()


def _numbered(data: np.ndarray, chosen: tuple[int, ...]):
    """Labels as 1 + their place in ``chosen``, int16, within the box that holds any; and where the box begins."""
    low, high = int(data.min()), int(data.max())
    places = {value: place for place, value in enumerate(chosen, start=1) if low <= value <= high}
    numbers = np.zeros(data.shape, dtype=np.int16)
    if high - low < _LARGEST_TABLE:
        table = np.zeros(high - low + 1, dtype=np.int16)
        table[[value - low for value in places]] = list(places.values())
        for k, plane in enumerate(data):
            numbers[k] = table[plane.astype(np.intp) - low]
    else:
        for value, place in places.items():
            numbers[data == value] = place
    if not numbers.any():
        return None, None
    ends = [np.flatnonzero(numbers.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    box = tuple(slice(end[0], end[-1] + 1) for end in ends)
    return torch.from_numpy(np.ascontiguousarray(numbers[box])), tuple(int(end[0]) for end in ends)


def _inside(rays: Rays, begin: tuple[int, int, int]) -> Rays:
    """The rays in the coordinates of a part of the volume."""
    shift = torch.tensor(begin, dtype=torch.float64)
    ends = rays.source - shift, rays.origin - shift
    return Rays(*ends, rays.row_step, rays.column_step, rays.metric_mm, rays.rows, rays.columns)


def _by_kernel(numbers: torch.Tensor, rays: Rays, lengths: torch.Tensor) -> None:
    from . import truth_kernels as kernels

    kernels.add_lengths(numbers, rays, lengths)


def _by_torch(numbers: torch.Tensor, rays: Rays, lengths: torch.Tensor) -> None:
    names, flat = numbers.flatten().long(), lengths.view(len(lengths), -1)
    targets = rays.targets().reshape(-1, 3)
    for at in range(0, len(targets), _CHUNK):
        voxels, mm = voxel_chords(rays.source, targets[at : at + _CHUNK], three(numbers.shape), rays.metric_mm)
        sums = torch.zeros(len(voxels), len(flat) + 1, dtype=torch.float64).scatter_add_(1, names[voxels], mm)
        flat[:, at : at + _CHUNK] = sums[:, 1:].T.float()


@dataclass(frozen=True)
class Landmark:
    """A point of the patient in an image: its pixel coordinates (column, row), and whether it is seen.

    unseen: why not, in words; empty where it is.
    """

    name: str
    point_ras: tuple[float, float, float]
    column: float
    row: float
    unseen: str = ""

    @property
    def visible(self) -> bool:
        return not self.unseen


def landmarks(points_ras: Mapping[str, Sequence[float]], view) -> list[Landmark]:
    """Named points (RAS mm) as a view shows them. X-rays pass through everything: what lies on the detector is seen."""
    if not points_ras:
        return []
    points = np.array([np.asarray(point, dtype=np.float64) for point in points_ras.values()]).reshape(-1, 3)
    places = view.project(points)
    depths = (points - np.array(view.source_ras)) @ view.direction_ras
    found = []
    for name, point, (column, row), depth in zip(points_ras, points, places, depths, strict=True):
        found.append(
            Landmark(name, tuple(point.tolist()), float(column), float(row), _unseen(column, row, depth, view))
        )
    return found


def _unseen(column: float, row: float, depth: float, view) -> str:
    if depth <= 0:
        return "behind the source"
    if depth > view.source_to_detector_mm:
        return "behind the detector"
    if not (-0.5 <= column < view.columns - 0.5 and -0.5 <= row < view.rows - 0.5):
        return "beside the detector"
    return ""


def belief_maps(found: Sequence[Landmark], view, sigma_pixels: float = 5.0) -> torch.Tensor:
    """One map (n, rows, columns) per landmark, float32: a Gaussian with peak 1 at it, 0 where it is not seen.

    As landmark networks learn them (Bier et al., MICCAI 2018). The peak is at the landmark, between pixels too.
    """
    sigma = positive(sigma_pixels, "sigma_pixels")
    maps = torch.zeros(len(found), view.rows, view.columns)
    rows, columns = torch.arange(view.rows, dtype=torch.float64), torch.arange(view.columns, dtype=torch.float64)
    for index, landmark in enumerate(found):
        if landmark.visible:
            down = torch.exp(-0.5 * ((rows - landmark.row) / sigma) ** 2)
            right = torch.exp(-0.5 * ((columns - landmark.column) / sigma) ** 2)
            maps[index] = (down[:, None] * right).float()
    return maps
