"""From a CT and a view to line integrals: millimeters of each material along every ray."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ..errors import InputError
from ..volume import Volume
from . import projector_reference as reference
from .rays import Rays

_LARGEST_INDEX = 2**31 - 1
_LARGEST_SHORT = 2**15 - 1


@dataclass(frozen=True)
class Bases:
    """How much of each material a voxel of a CT number holds, as piecewise linear functions.

    hu: rising CT numbers, at least two. weights: for each basis as many numbers, the amount per volume there
    (1 for water: the integral is then in mm of water). Constant below the first and above the last CT number.
    """

    hu: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]

    def __post_init__(self):
        knots = np.asarray(self.hu, dtype=np.float64)
        if knots.ndim != 1 or len(knots) < 2 or not np.isfinite(knots).all() or (np.diff(knots) <= 0).any():
            raise InputError("The CT numbers of a material table must be finite and rise; give at least two.")
        weights = np.asarray(self.weights, dtype=np.float64)
        if weights.ndim != 2 or weights.shape[1] != len(knots) or not len(weights) or not np.isfinite(weights).all():
            raise InputError(f"Each material needs one finite weight for each of the {len(knots)} CT numbers.")
        object.__setattr__(self, "hu", tuple(knots.tolist()))
        object.__setattr__(self, "weights", tuple(map(tuple, weights.tolist())))

    def pieces(self) -> tuple[torch.Tensor, torch.Tensor]:
        """As functions of v = hu - hu[0], 0 ≤ v: (B, 2 + H) value at 0, slope there, changes of slope; (H,) where."""
        hu, weights = np.array(self.hu), np.array(self.weights)
        slopes = np.diff(weights, axis=1) / np.diff(hu)
        table = np.hstack([weights[:, :1], slopes[:, :1], np.diff(slopes, axis=1)])
        return torch.from_numpy(table), torch.from_numpy(hu[1:-1] - hu[0])

    def at(self, hu: torch.Tensor) -> torch.Tensor:
        """The amounts at CT numbers of any shape (...): (B, ...)."""
        table, knots = self.pieces()
        value = hu.clamp(self.hu[0], self.hu[-1]) - self.hu[0]
        bent = [(value - knot).clamp_min(0.0) for knot in knots.tolist()]
        rows = [
            row[0] + row[1] * value + sum(c * part for c, part in zip(row[2:], bent, strict=True))
            for row in table.tolist()
        ]
        return torch.stack(rows)


WATER = Bases(hu=(-1000.0, 31000.0), weights=((0.0, 32.0),))
"""Water-equivalent path length: max(0, 1 + HU/1000)."""


@dataclass(frozen=True)
class ViewVectors:
    """The vectors of a view as torch tensors (3,), to be differentiated: RAS mm, named as in ``geometry.View``."""

    source_ras: torch.Tensor
    detector_origin_ras: torch.Tensor
    row_step_ras: torch.Tensor
    column_step_ras: torch.Tensor
    rows: int
    columns: int

    @classmethod
    def of(cls, view) -> ViewVectors:
        """The vectors of a view, each a float64 leaf that receives gradients."""
        names = ("source_ras", "detector_origin_ras", "row_step_ras", "column_step_ras")
        parts = [torch.tensor(getattr(view, name), dtype=torch.float64, requires_grad=True) for name in names]
        return cls(*parts, view.rows, view.columns)


@dataclass(frozen=True)
class _Field:
    """What one march along the rays reads: voxels that are 0 where there is nothing, and how to read them.

    data: (K, J, I) float32, or int16 where that loses nothing. support: (first, one past last) voxel (k, j, i) that
    is not 0. pieces, knots: see ``Bases.pieces``. factors: voxels of the CT per voxel of this field along k, j, i.
    """

    data: torch.Tensor
    support: tuple[tuple[int, int, int], tuple[int, int, int]]
    pieces: torch.Tensor
    knots: torch.Tensor
    factors: tuple[int, int, int] = (1, 1, 1)

    @classmethod
    def of(cls, data: torch.Tensor, pieces: torch.Tensor, knots: torch.Tensor, factors=(1, 1, 1)) -> _Field:
        whole = bool((pieces[:, 0] != 0).any())
        support = ((0, 0, 0), tuple(data.shape)) if whole else _support(data)
        return cls(data, support, pieces, knots, tuple(factors))

    def coarser(self, factors: tuple[int, int, int]) -> _Field:
        """Blocks of voxels averaged; blocks that stand over the edge are filled up with nothing."""
        if tuple(factors) == (1, 1, 1):
            return self
        fine = self.data.float()[None, None]
        data = torch.nn.functional.avg_pool3d(fine, factors, ceil_mode=True, count_include_pad=False)[0, 0].contiguous()
        for axis, (count, factor) in enumerate(zip(self.data.shape, factors, strict=True)):
            if count % factor:
                data.narrow(axis, data.shape[axis] - 1, 1).mul_(count % factor / factor)
        data = _short(data) if self.data.dtype == torch.int16 else data
        return _Field.of(data, self.pieces, self.knots, factors)


class Projector:
    """A CT, prepared once, that gives line integrals for any view.

    volume: CT numbers in HU, any voxel type, any affine ``ijk_to_ras``. bases: the amounts to integrate, by CT
    number. labels: a label volume on the same grid; materials: for labels found there, the table that counts
    instead of ``bases`` in their voxels. device: a torch device; a GPU without enough memory is not used, and
    ``notice`` says so. engine: "auto" for the fastest there is, or "simd", "warp", "torch".
    """

    def __init__(
        self,
        volume: Volume,
        bases: Bases = WATER,
        labels: Volume | None = None,
        materials: dict[int, Bases] | None = None,
        device: str | torch.device = "cpu",
        engine: str = "auto",
    ):
        if volume.data.numel() > _LARGEST_INDEX:
            raise InputError("The CT has more than 2147483647 voxels; crop it or resample it to larger voxels.")
        self.volume, self.bases, self.notice = volume, bases, ""
        self.engine = engine
        try:
            self._fields = _fields(volume, bases, labels, materials or {}, torch.device(device))
        except torch.OutOfMemoryError:
            self.notice = "The GPU has not enough free memory for this CT, so images are computed on the CPU."
            self._fields = _fields(volume, bases, labels, materials or {}, torch.device("cpu"))
        self._coarse: dict[tuple[int, int, int], list[_Field]] = {(1, 1, 1): self._fields}

    @property
    def device(self) -> torch.device:
        return self._fields[0].data.device

    def integrate(self, view, cells: int = 1, matched: bool = False) -> torch.Tensor:
        """Line integrals in mm, float32 (B, rows, columns), on the projector's device.

        view: a ``geometry.View``. cells: samples per voxel along the axis on which a ray moves fastest.
        matched: average voxels up to the size of a pixel's footprint first, for images coarser than the CT.
        """
        fields = self._matched(view) if matched else self._fields
        return self._march(fields, Rays.of(view, self.volume.ijk_to_ras), cells)

    def steps(self, view, coarse_pixels: int = 128, step_s: float = 0.02) -> Iterator[torch.Tensor]:
        """The image of a view in steps that each take about ``step_s``: at once a coarse one, then better ones.

        Yields the same (B, rows, columns) tensor again and again: first the coarse image enlarged, then with more
        and more rows in full quality; the last one equals ``integrate(view)``. To drop a request, stop asking.
        """
        rays = Rays.of(view, self.volume.ijk_to_ras)
        stride = max(1, max(rays.rows, rays.columns) // coarse_pixels)
        image = self._enlarged(view, rays, stride)
        yield image
        row, count = 0, max(1, rays.rows // 32)
        while row < rays.rows:
            started = time.perf_counter()
            stop = min(rays.rows, row + count)
            image[:, row:stop] = self._march(self._fields, rays.between(row, stop), 1)
            spent = max(time.perf_counter() - started, 1e-6)
            count = max(1, min(4 * count, int((stop - row) * step_s / spent)))
            row = stop
            yield image

    def prepare(self, view) -> None:
        """Make what the first coarse image of such a view needs, so that it comes at once."""
        for _ in self.steps(view):
            break

    def _enlarged(self, view, rays: Rays, stride: int) -> torch.Tensor:
        coarse = rays.every(stride)
        small = self._march(self._matched(view, stride), coarse, 1)
        size = (coarse.rows * stride, coarse.columns * stride)
        large = torch.nn.functional.interpolate(small[None], size=size, mode="bilinear", align_corners=False)[0]
        return large[:, : rays.rows, : rays.columns].contiguous()

    def _matched(self, view, stride: int = 1) -> list[_Field]:
        """The fields with voxels averaged to about the footprint that a pixel has at the CT's center."""
        center = self.volume.ras_from_ijk((np.array(self.volume.shape[::-1]) - 1) / 2)
        source, column = np.array(view.source_ras), np.array(view.column_step_ras)
        beam = np.array(view.detector_origin_ras) + 0.5 * (
            np.array(view.row_step_ras) * (view.rows - 1) + column * (view.columns - 1)
        )
        share = np.clip(np.linalg.norm(center - source) / np.linalg.norm(beam - source), 0.05, 1.0)
        footprint = stride * share * np.linalg.norm(column)
        ratio = footprint / self.volume.spacing_mm[::-1]
        factors = tuple(int(2 ** max(0, round(float(np.log2(r))))) for r in ratio)
        if factors not in self._coarse:
            self._coarse[factors] = [field.coarser(factors) for field in self._fields]
        return self._coarse[factors]

    def _march(self, fields: list[_Field], rays: Rays, cells: int) -> torch.Tensor:
        return torch.cat([march(field, rays.on_coarser_grid(field.factors), cells, self.engine) for field in fields])


def march(field: _Field, rays: Rays, cells: int = 1, engine: str = "auto") -> torch.Tensor:
    """Line integrals of one field in mm, (B, rows, columns), by the named engine."""
    if cells < 1:
        raise InputError(f"{cells} samples per voxel cannot be taken; give 1 or more.")
    engine = _engine(engine, field.data)
    if engine == "torch":
        return reference.integrate(field.data.float(), rays, field.pieces, field.knots, cells)
    if engine == "simd" and cells == 1:
        from . import projector_simd as simd

        if simd.usable(field.data):
            return simd.integrate(field.data, field.support, rays, field.pieces, field.knots)
    from . import projector_kernels as kernels

    return kernels.integrate(field.data, field.support, rays, field.pieces, field.knots, cells)


def integrate(
    hu: torch.Tensor, ijk_to_ras: np.ndarray, view, bases: Bases = WATER, cells: int = 1, engine: str = "auto"
) -> torch.Tensor:
    """Line integrals in mm, (B, rows, columns), differentiable with respect to the CT and to the view.

    hu: (K, J, I) CT numbers; floating point where gradients are wanted. view: a ``geometry.View``, or
    ``ViewVectors`` for gradients to the pose. For many views of one CT without gradients, ``Projector`` is faster.
    """
    hu = hu if hu.is_floating_point() else hu.float()
    data = hu.clamp(bases.hu[0], bases.hu[-1]) - bases.hu[0]
    rays = Rays.of(view, ijk_to_ras)
    table, knots = bases.pieces()
    if _engine(engine, data) == "torch":
        return reference.integrate(data, rays, table, knots, cells)
    from . import projector_kernels as kernels

    data = data.float().contiguous()
    if not (rays.differentiable or data.requires_grad):
        return march(_Field.of(data, table, knots), rays, cells, engine)
    return kernels.integrate_with_gradient(data, ((0, 0, 0), tuple(data.shape)), rays, table, knots, cells)


def water_path(volume: Volume, view, device: str = "cpu", engine: str = "auto") -> torch.Tensor:
    """Water-equivalent path length in mm, float32 (rows, columns): the integral of max(0, 1 + HU/1000)."""
    return Projector(volume, WATER, device=device, engine=engine).integrate(view)[0]


def _engine(name: str, data: torch.Tensor) -> str:
    if name not in ("auto", "simd", "warp", "torch"):
        raise InputError(f"There is no projection engine {name}; use auto, simd, warp or torch.")
    if name != "auto":
        return name
    if data.device.type not in ("cpu", "cuda") or importlib.util.find_spec("warp") is None:
        return "torch"
    return "simd" if data.device.type == "cpu" else "warp"


def _fields(volume: Volume, bases: Bases, labels, materials: dict[int, Bases], device: torch.device) -> list[_Field]:
    if labels is None:
        return [_Field.of(_above(volume.data, bases).to(device), *bases.pieces())]
    if not volume.same_grid(labels):
        raise InputError("The label map lies on another grid than the CT; resample it onto the CT first.")
    count = len(bases.weights)
    if any(len(table.weights) != count for table in materials.values()):
        raise InputError(f"Every label's table must hold {count} materials, as that of the unlabeled voxels does.")
    amounts = torch.empty((count, *volume.shape))
    for k in range(volume.shape[0]):
        hu, names = volume.data[k].float(), labels.data[k]
        amounts[:, k] = bases.at(hu)
        for label, table in materials.items():
            amounts[:, k] = torch.where(names == label, table.at(hu).float(), amounts[:, k])
    plain, nowhere = torch.tensor([[0.0, 1.0]], dtype=torch.float64), torch.empty(0, dtype=torch.float64)
    return [_Field.of(data.to(device).contiguous(), plain, nowhere) for data in amounts]


def _above(hu: torch.Tensor, bases: Bases) -> torch.Tensor:
    """CT numbers above the first of the table, and not above its last; int16 where all are whole numbers."""
    low, high = bases.hu[0], bases.hu[-1]
    whole = not hu.is_floating_point() and low.is_integer() and high.is_integer() and high - low <= _LARGEST_SHORT
    if not whole:
        return hu.float().clamp_(low, high).sub_(low).contiguous()
    return _short(hu.to(torch.int32) if hu.dtype not in (torch.int16, torch.int32) else hu, int(low), int(high))


def _short(values: torch.Tensor, low: int = 0, high: int = _LARGEST_SHORT) -> torch.Tensor:
    """Whole numbers in [low, high] above low as int16, with a spare one behind the last for readers of pairs."""
    room = torch.empty(values.numel() + 2, dtype=torch.int16, device=values.device)
    data = room[: values.numel()].view(values.shape)
    for k in range(len(values)):
        plane = values[k].round() if values.is_floating_point() else values[k]
        data[k] = plane.clamp(low, high).to(torch.int32) - low
    return data


def _support(data: torch.Tensor) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The box of voxels that are not 0: first and one past the last along each axis."""
    low, high = [], []
    occupied = data != 0
    flat = [occupied.any(dim=2).any(dim=1), occupied.any(dim=2).any(dim=0), occupied.any(dim=1).any(dim=0)]
    for line in flat:
        found = torch.nonzero(line)[:, 0]
        low.append(int(found[0]) if len(found) else 0)
        high.append(int(found[-1]) + 1 if len(found) else 0)
    return tuple(low), tuple(high)
