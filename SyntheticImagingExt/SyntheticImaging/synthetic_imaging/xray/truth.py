"""What is where in an image: structures, landmarks, belief maps."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..errors import InputError
from ..volume import Volume
from .checks import positive
from .projector_reference import voxel_chords
from .rays import Rays

_MOST_LABELS = 2000
_CHUNK = 4096


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


def structures(labels: Volume, view, values: Sequence[int] | None = None, engine: str = "auto") -> Structures:
    """Exact lengths of the rays of a view in the voxels of every label, all in one pass.

    labels: whole numbers; 0 is nothing. view: a ``geometry.View``. values: which labels (default: all that occur).
    engine: "auto", "warp" or "torch". Formula: Siddon, Med Phys 12(2):252, 1985.
    """
    if labels.data.is_floating_point():
        raise InputError("A label map holds whole numbers; this volume holds fractions. Give a segmentation.")
    present = torch.unique(labels.data).tolist()
    chosen = tuple(int(value) for value in (present if values is None else values) if value != 0)
    if len(chosen) > _MOST_LABELS:
        raise InputError(f"The label map has {len(chosen)} structures; choose at most {_MOST_LABELS} of them.")
    rays = Rays.of(view, labels.ijk_to_ras)
    lengths = torch.zeros(len(chosen), rays.rows, rays.columns)
    numbers, box = _numbered(labels.data, chosen)
    if numbers is not None:
        with_warp = engine == "warp" or (engine == "auto" and importlib.util.find_spec("warp") is not None)
        (_by_kernel if with_warp else _by_torch)(numbers, _inside(rays, box), lengths)
    return Structures(chosen, lengths)


def _numbered(data: torch.Tensor, chosen: tuple[int, ...]):
    """Labels as 1 + their place in ``chosen``, int16, within the box that holds any; and where the box begins."""
    wanted = torch.isin(data, torch.tensor(chosen, dtype=data.dtype)) if chosen else torch.zeros_like(data, dtype=bool)
    if not wanted.any():
        return None, None
    flat = [wanted.any(2).any(1), wanted.any(2).any(0), wanted.any(1).any(0)]
    ends = [torch.nonzero(line)[:, 0] for line in flat]
    box = tuple(slice(int(end[0]), int(end[-1]) + 1) for end in ends)
    part = data[box].to(torch.int64)
    order = torch.argsort(torch.tensor(chosen))
    rising = torch.tensor(chosen)[order]
    place = torch.searchsorted(rising, part).clamp_max(len(chosen) - 1)
    numbers = torch.where(rising[place] == part, order[place] + 1, 0).to(torch.int16).contiguous()
    return numbers, tuple(side.start for side in box)


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
        voxels, mm = voxel_chords(rays.source, targets[at : at + _CHUNK], tuple(numbers.shape), rays.metric_mm)
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
    """Named points (RAS mm) as a view shows them. X-rays pass through everything, so what lies on the detector is seen."""
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
