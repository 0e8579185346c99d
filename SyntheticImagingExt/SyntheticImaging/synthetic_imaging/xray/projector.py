"""From a CT and a view to line integrals: millimeters of each material along every ray."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from ..errors import InputError
from ..steps import finished, in_background
from ..tuples import three, two
from ..volume import Volume
from . import projector_reference as reference
from .bases import WATER, Bases
from .fields import AS_IT_IS, Field, fields_of
from .rays import Rays

__all__ = ["WATER", "Bases", "Projector", "ViewVectors", "integrate", "water_path"]

_LARGEST_INDEX = 2**31 - 1


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

        def leaf(vector) -> torch.Tensor:
            return torch.tensor(vector, dtype=torch.float64, requires_grad=True)

        return cls(
            leaf(view.source_ras),
            leaf(view.detector_origin_ras),
            leaf(view.row_step_ras),
            leaf(view.column_step_ras),
            view.rows,
            view.columns,
        )


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
        finished(self._prepare(volume, bases, labels, materials, device, engine))

    @classmethod
    def making(cls, volume: Volume, *args, **options) -> Generator[float, None, Projector]:
        """The same piece by piece: yields the share that is done, returns the projector."""
        projector = cls.__new__(cls)
        yield from projector._prepare(volume, *args, **options)
        return projector

    def _prepare(
        self, volume: Volume, bases: Bases = WATER, labels=None, materials=None, device="cpu", engine: str = "auto"
    ) -> Generator[float, None, None]:
        if volume.data.numel() > _LARGEST_INDEX:
            raise InputError("The CT has more than 2147483647 voxels; crop it or resample it to larger voxels.")
        self.volume, self.bases, self.notice = volume, bases, ""
        self.engine = engine
        content = volume, bases, labels, materials or {}
        try:
            self._fields = yield from fields_of(*content, torch.device(device))
        except torch.OutOfMemoryError:
            self.notice = "The GPU has not enough free memory for this CT, so images are computed on the CPU."
            self._fields = yield from fields_of(*content, torch.device("cpu"))
        self._coarse: dict[tuple[int, int, int], list[Field]] = {(1, 1, 1): self._fields}

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
        stride = _stride(view, coarse_pixels)
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

    def along(self, view, pixels: torch.Tensor, start: torch.Tensor, stop: torch.Tensor) -> torch.Tensor:
        """Integrals in mm over parts of rays, (B, n).

        pixels: (n,) row · columns + column. start, stop: (n,) fractions of the way from source to pixel.
        """
        rays = Rays.of(view, self.volume.ijk_to_ras)
        source = rays.source
        along = rays.targets().reshape(-1, 3)[pixels.cpu()] - source
        ends = two(source + part.cpu().double()[:, None] * along for part in (start, stop))
        return torch.cat([march_lines(field, *ends, rays.metric_mm, self.engine) for field in self._fields])

    def prepare(self, view) -> None:
        """Make what the first coarse image of such a view needs, so that it comes at once."""
        finished(self.preparing(view))

    def preparing(self, view, coarse_pixels: int = 128) -> Generator[float, None, None]:
        """``prepare`` piece by piece: yields the share that is done; never stops at compiling, done once in a life."""
        for share in self._coarser(self._factors(view, _stride(view, coarse_pixels))):
            yield 0.5 * share
        for field in self._fields:
            for _ in in_background(partial(self._compile, field, view)):
                yield 0.5

    def _compile(self, field: Field, view) -> None:
        """Kernels for such fields are compiled when first launched: here, on next to nothing."""
        tiny = replace(field, data=field.data.new_zeros(10)[:8].view(2, 2, 2), support=((0, 0, 0), (2, 2, 2)))
        rays = replace(Rays.of(view, self.volume.ijk_to_ras), rows=1, columns=1)
        march(tiny, rays, 1, self.engine)
        march_lines(tiny, rays.source[None], rays.origin[None], rays.metric_mm, self.engine)

    def _enlarged(self, view, rays: Rays, stride: int) -> torch.Tensor:
        coarse = rays.every(stride)
        small = self._march(self._matched(view, stride), coarse, 1)
        size = (coarse.rows * stride, coarse.columns * stride)
        large = torch.nn.functional.interpolate(small[None], size=size, mode="bilinear", align_corners=False)[0]
        return large[:, : rays.rows, : rays.columns].contiguous()

    def _matched(self, view, stride: int = 1) -> list[Field]:
        """The fields with voxels averaged to about the footprint that a pixel has at the CT's center."""
        return finished(self._coarser(self._factors(view, stride)))

    def _coarser(self, factors: tuple[int, int, int]) -> Generator[float, None, list[Field]]:
        if factors not in self._coarse:
            made = []
            for field in self._fields:
                made.append((yield from field.coarser(factors)))
            self._coarse[factors] = made
        return self._coarse[factors]

    def _factors(self, view, stride: int) -> tuple[int, int, int]:
        center = self.volume.ras_from_ijk((np.array(self.volume.shape[::-1]) - 1) / 2)
        source, column = np.array(view.source_ras), np.array(view.column_step_ras)
        beam = np.array(view.detector_origin_ras) + 0.5 * (
            np.array(view.row_step_ras) * (view.rows - 1) + column * (view.columns - 1)
        )
        share = np.clip(np.linalg.norm(center - source) / np.linalg.norm(beam - source), 0.05, 1.0)
        footprint = stride * share * np.linalg.norm(column)
        ratio = footprint / self.volume.spacing_mm[::-1]
        return three(int(2 ** max(0, round(float(np.log2(r))))) for r in ratio)

    def _march(self, fields: list[Field], rays: Rays, cells: int) -> torch.Tensor:
        return torch.cat([march(field, rays.on_coarser_grid(field.factors), cells, self.engine) for field in fields])


def march(field: Field, rays: Rays, cells: int = 1, engine: str = "auto") -> torch.Tensor:
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


def march_lines(
    field: Field, starts: torch.Tensor, stops: torch.Tensor, metric_mm: torch.Tensor, engine: str = "auto"
) -> torch.Tensor:
    """Integrals of one field in mm, (B, n), between points (n, 3) in its voxels, order (k, j, i)."""
    if _engine(engine, field.data) == "torch":
        data = field.data.float()
        return reference.integrate_lines(data, starts, stops, metric_mm, field.pieces, field.knots, 1)
    from . import projector_kernels as kernels

    return kernels.integrate_lines(field.data, field.support, starts, stops, metric_mm, field.pieces, field.knots)


def integrate(
    hu: torch.Tensor, ijk_to_ras: np.ndarray, view, bases: Bases = WATER, cells: int = 1, engine: str = "auto"
) -> torch.Tensor:
    """Line integrals in mm, (B, rows, columns), differentiable with respect to the CT and to the view.

    hu: (K, J, I) CT numbers; floating point where gradients are wanted. view: a ``geometry.View``, or
    ``ViewVectors`` for gradients to the pose. For many views of one CT without gradients, ``Projector`` is faster.
    """
    hu = hu if hu.is_floating_point() else hu.float()
    if bases.steep:
        parts = [_integrate(amounts, ijk_to_ras, view, *AS_IT_IS, cells, engine) for amounts in bases.at(hu)]
        return torch.cat(parts)
    return _integrate(
        hu.clamp(bases.hu[0], bases.hu[-1]) - bases.hu[0], ijk_to_ras, view, *bases.pieces(), cells, engine
    )


def _integrate(data: torch.Tensor, ijk_to_ras, view, table, knots, cells: int, engine: str) -> torch.Tensor:
    rays = Rays.of(view, ijk_to_ras)
    if _engine(engine, data) == "torch":
        return reference.integrate(data, rays, table, knots, cells)
    from . import projector_kernels as kernels

    data = data.float().contiguous()
    if not (rays.differentiable or data.requires_grad):
        return march(Field.of(data, table, knots), rays, cells, engine)
    return kernels.integrate_with_gradient(data, ((0, 0, 0), tuple(data.shape)), rays, table, knots, cells)


def water_path(volume: Volume, view, device: str = "cpu", engine: str = "auto") -> torch.Tensor:
    """Water-equivalent path length in mm, float32 (rows, columns): the integral of max(0, 1 + HU/1000)."""
    return Projector(volume, WATER, device=device, engine=engine).integrate(view)[0]


def _stride(view, coarse_pixels: int) -> int:
    return max(1, max(view.rows, view.columns) // coarse_pixels)


def _engine(name: str, data: torch.Tensor) -> str:
    if name not in ("auto", "simd", "warp", "torch"):
        raise InputError(f"There is no projection engine {name}; use auto, simd, warp or torch.")
    if name != "auto":
        return name
    if data.device.type not in ("cpu", "cuda") or importlib.util.find_spec("warp") is None:
        return "torch"
    return "simd" if data.device.type == "cpu" else "warp"
