"""Putting one lesion into a CT: only the voxels around it are read and written."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from scipy.special import ndtri
from torch.nn import functional

from .. import volume as volumes
from ..cores import one_torch_thread, pool
from ..tuples import three
from . import reference
from .lesion import Lesion
from .noise import expand, gaussian_rows, lattice, linear_rows, spline_rows
from .placement import Case
from .region import Region
from .shape import Shape, shape_of

_TEXTURE, _SLOW, _FLECKS = 16, 17, 18
"""Random channels of the fields; 0 to 5 belong to the shape."""
_TAIL = 4.0
_SLOW_STEP = 0.35
_STATISTICS_SAMPLES = 12_000
_FEWEST_SAMPLES = 100
_PREVIEW_MM = 1.0


@dataclass(frozen=True)
class Insertion:
    """What a lesion did to a region: hu float32, organ bool, instances int32, each (K, J, I)."""

    region: Region
    hu: np.ndarray
    organ: np.ndarray
    instances: np.ndarray


@cache
def engine(device_type: str = "cpu", name: str = "auto"):
    """The module that does the voxel arithmetic: Warp kernels where Warp is installed, else torch."""
    if name != "torch" and importlib.util.find_spec("warp") and device_type in ("cpu", "cuda"):
        from . import kernels

        return kernels
    return reference


def region_of(case: Case, lesion: Lesion) -> Region:
    """The box of voxels that a lesion may change, clipped to the CT."""
    shape = shape_of(lesion, case.frame.directions)
    sigma = math.sqrt(lesion.edge.blur_mm**2 + float(case.ct.spacing_mm.max()) ** 2 / 12)
    tail = _TAIL * sigma + (lesion.capsule.thickness_mm if lesion.capsule.contrast_hu else 0.0)
    low, high = shape.box_mm[0] - tail, shape.box_mm[1] + tail
    if lesion.mass_effect.intensity_percent > 0:
        low, high = np.minimum(low, shape.reach_box_mm[0]), np.maximum(high, shape.reach_box_mm[1])
    center = case.ct.ijk_from_ras(lesion.center_ras)[::-1]
    start, stop = [0, 0, 0], [0, 0, 0]
    frame = case.frame
    for ras, axis in enumerate(frame.array_axes):
        ends = sorted(frame.signs[ras] * end / frame.spacing_mm[ras] for end in (low[ras], high[ras]))
        count = case.ct.shape[axis]
        start[axis] = int(np.clip(math.floor(center[axis] + ends[0]), 0, count))
        stop[axis] = int(np.clip(math.ceil(center[axis] + ends[1]) + 1, start[axis], count))
    return Region(three(start), three(stop))


def insert(
    case: Case,
    lesion: Lesion,
    hu: np.ndarray,
    organ: np.ndarray,
    instances: np.ndarray,
    instance: int,
    device: str = "cpu",
    engine_name: str = "auto",
    preview: bool = False,
) -> Insertion:
    """Insert a lesion into a CT as it stands, and return its region anew; the arrays are not changed.

    hu, organ, instances: the whole CT (any real dtype), the organ as it lies (nonzero inside) and the
    lesions already there, each (K, J, I). instance: the number of this lesion. device: a torch device.
    preview: compute on voxels of at most 2 mm and add only the difference, so the patient's own grain
    shows but no texture is added; about four times faster.
    """
    region = region_of(case, lesion)
    if region.empty:
        return Insertion(region, *(part[region.slices] for part in (hu, organ, instances)))
    with one_torch_thread():
        parts = three(torch.from_numpy(np.ascontiguousarray(part[region.slices])) for part in (hu, organ, instances))
        builder = _Builder(case, lesion, region, torch.device(device), preview)
        result = builder.insert(
            *three(part.to(device) for part in parts), instance, engine(builder.device.type, engine_name)
        )
        return Insertion(region, *(part.cpu().numpy() for part in result))


def _pool(values: torch.Tensor, factor) -> torch.Tensor:
    return functional.avg_pool3d(values[None, None], factor, ceil_mode=True, count_include_pad=False)[0, 0]


def _pick(values: torch.Tensor, factor) -> torch.Tensor:
    return values[tuple(slice(None, None, step) for step in factor)].contiguous()


def _spread(values: torch.Tensor, factor, shape) -> torch.Tensor:
    """Repeat every cell ``factor`` times along each axis, and cut to the shape; one copy."""
    k, j, i = values.shape
    cells = values[:, None, :, None, :, None].expand(k, factor[0], j, factor[1], i, factor[2])
    whole = cells.reshape(k * factor[0], j * factor[1], i * factor[2])
    return whole[: shape[0], : shape[1], : shape[2]]


def _body(soft: torch.Tensor) -> torch.Tensor:
    """The voxels of a lesion that its edge does not reach; of a very small one, the softest ones too."""
    body = soft > 0.9
    return body if body.any() else soft > 0.8 * soft.max()


def _middles(line: np.ndarray, factor: int) -> np.ndarray:
    """Coordinates of cells of ``factor`` voxels along one axis."""
    if factor == 1:
        return line
    step = line[1] - line[0] if len(line) > 1 else 0.0
    return line[::factor] + 0.5 * (factor - 1) * step


@dataclass(frozen=True)
class _Statistics:
    """Of the vessel-free, lesion-free organ nearby: mean, standard deviation, and that of the grain."""

    mean_hu: float
    std_hu: float
    grain_hu: float


def _surroundings(case: Case, region: Region, factor, fields: reference.Fields) -> _Statistics:
    """Measured on a regular subset of the region's voxels, without values far from the organ's."""
    inner = case.parenchyma_in(region)[tuple(slice(None, None, step) for step in factor)]
    stride = max(1, round((inner.size * math.prod(factor) / _STATISTICS_SAMPLES) ** 0.5))
    part = (slice(None), slice(None, None, stride), slice(None, None, stride))
    hu, smooth, others = (values[part].contiguous() for values in (fields.hu, fields.smooth, fields.instances))
    chosen = torch.from_numpy(np.ascontiguousarray(inner[part])).to(hu.device) & (others == 0)
    chosen &= (hu - case.organ_mean_hu).abs() < 4 * case.noise_std_hu
    values, smooth = hu[chosen].double(), smooth[chosen].double()
    if len(values) < _FEWEST_SAMPLES:
        return _Statistics(case.organ_mean_hu, case.noise_std_hu, 0.7 * case.noise_std_hu)
    return _Statistics(float(values.mean()), float(values.std()), float((values - smooth).std()))


class _Builder:
    """Random fields and numbers of one lesion in one region of a CT."""

    def __init__(self, case: Case, lesion: Lesion, region: Region, device: torch.device, preview: bool):
        self.case, self.lesion, self.region, self.device, self.preview = case, lesion, region, device, preview
        self.factor = tuple(2 if preview and step <= _PREVIEW_MM else 1 for step in case.ct.spacing_mm[::-1])
        self.shape: Shape = shape_of(lesion, case.frame.directions)
        lines = case.frame.coordinates_mm(case.ct, region, lesion.center_ras)
        self.lines = [_middles(line, step) for line, step in zip(lines, self.factor, strict=True)]
        self.order = case.frame.array_axes

    def insert(self, hu: torch.Tensor, organ: torch.Tensor, instances: torch.Tensor, instance: int, work):
        """The region's (hu, organ, instances) with the lesion; ``work`` does the voxel arithmetic."""
        fine, factor = hu.float(), self.factor
        hu = fine
        if self.preview:
            hu, organ, instances = _pool(fine, factor), _pick(organ, factor), _pick(instances, factor)
        fields = self.fields(hu, (organ > 0).float(), instances.to(torch.int32))
        statistics = _surroundings(self.case, self.region, factor, fields)
        recipe = self.recipe(statistics.mean_hu, instance)
        outline = work.outline(fields, recipe)
        inner = self.inner(fields, outline.soft, statistics)
        result = work.compose(fields, outline, inner, recipe)
        if not self.preview:
            return result
        rows = [self.tensor(linear_rows(count, step)) for count, step in zip(fine.shape, factor, strict=True)]
        changed = expand(result[0] - hu, rows).add_(fine)
        padding = fine < volumes.PADDING_BELOW_HU
        if padding.any():
            changed = torch.where(padding, fine, changed)
        return changed, *(_spread(part, factor, fine.shape) for part in result[1:])

    def fields(self, hu: torch.Tensor, organ: torch.Tensor, instances: torch.Tensor) -> reference.Fields:
        """Everything that does not need the outline; the parts are made beside each other."""
        lesion, texture = self.lesion, self.lesion.texture
        slow = (
            texture.heterogeneity_hu > 0
            or lesion.core.radius_fraction > 0
            or (lesion.rim.contrast_hu != 0 and lesion.rim.nodularity > 0)
        )
        noises = {
            "texture": (_TEXTURE, texture.coarseness_mm, texture.noise_ratio > 0 and not self.preview),
            "slow": (_SLOW, _SLOW_STEP * lesion.radius_mm, slow),
            "flecks": (_FLECKS, lesion.calcification.size_mm, lesion.calcification.volume_fraction > 0),
        }
        jobs = {
            name: pool.submit(self._noise, channel, step_mm)
            for name, (channel, step_mm, wanted) in noises.items()
            if wanted
        }
        displacement = self._displacement()
        smooth = hu if self.preview else self._smooth(hu)
        made = {name: job.result() for name, job in jobs.items()}
        return reference.Fields(
            hu=hu,
            smooth=smooth,
            organ=organ,
            instances=instances,
            displacement=displacement,
            texture=made.get("texture"),
            slow=made.get("slow"),
            flecks=made.get("flecks"),
            coordinates_mm=three(self.tensor(line.astype(np.float32)) for line in self.lines),
        )

    def tensor(self, rows: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(rows).to(self.device)

    def _smooth(self, hu: torch.Tensor) -> torch.Tensor:
        """The published noise filter of the scan: 0.5 voxel plus 0.025 voxel per HU of noise."""
        spacing = self.case.ct.spacing_mm[::-1]
        sigma_mm = (0.5 + 0.025 * min(self.case.noise_std_hu, 40.0)) * spacing.min()
        matrices = [
            self.tensor(gaussian_rows(count, sigma_mm / step)) for count, step in zip(hu.shape, spacing, strict=True)
        ]
        return expand(hu.clamp_min(volumes.AIR_HU), matrices)

    def _displacement(self) -> torch.Tensor:
        """Displacements along k, j, i at every voxel, from the shape's control points."""
        shape, ras_of = self.shape, np.argsort(self.order)
        control = torch.from_numpy(np.ascontiguousarray(shape.control.transpose(0, *(ras_of + 1))[ras_of]))
        matrices = [
            self.tensor(spline_rows((line + shape.offset[ras]) / shape.step_mm, shape.half, unit_variance=False))
            for line, ras in zip(self.lines, ras_of, strict=True)
        ]
        return expand(control.to(self.device), matrices).contiguous()

    def _noise(self, channel: int, step_mm: float) -> torch.Tensor:
        """Interpolated noise of variance 1, anchored to the lesion's center."""
        ras_of = np.argsort(self.order)
        half = three(int(np.ceil(np.abs(self.lines[axis]).max() / step_mm)) + 2 for axis in range(3))
        noise = lattice(self.lesion.seed, channel, three(half[axis] for axis in self.order))
        values = torch.from_numpy(np.ascontiguousarray(noise.transpose(*ras_of))).to(self.device)
        matrices = [
            self.tensor(spline_rows(line / step_mm, count)) for line, count in zip(self.lines, half, strict=True)
        ]
        return expand(values, matrices).contiguous()

    def inner(self, fields: reference.Fields, soft: torch.Tensor, statistics: _Statistics) -> torch.Tensor:
        """What varies inside the lesion about its mean: grain, texture, slow variation, in HU.

        The texture supplies the part of the noise that the patient's own grain does not; the sum is
        centered and scaled where the edge does not reach, so that small lesions meet the request too.
        """
        texture = self.lesion.texture
        body = _body(soft)
        values = torch.zeros_like(fields.hu)
        wanted = texture.noise_ratio * (statistics.std_hu if texture.noise_hu is None else texture.noise_hu)
        grain = min(statistics.grain_hu, wanted) if texture.grain else 0.0
        if fields.texture is not None and wanted > 0:
            if grain > 0:
                limit = 3 * statistics.grain_hu
                values = (fields.hu - fields.smooth).clamp_(-limit, limit).mul_(grain / statistics.grain_hu)
            values.add_(fields.texture, alpha=math.sqrt(max(0.0, wanted**2 - grain**2)))
            part = values[body].double()
            spread = float(part.std()) if len(part) > 1 else wanted
            values.sub_(float(part.mean())).mul_(wanted / min(max(spread, wanted / 2), wanted * 2))
        if texture.heterogeneity_hu > 0 and fields.slow is not None:
            values.add_(fields.slow - fields.slow[body].mean(), alpha=texture.heterogeneity_hu)
        return values

    def recipe(self, mean_hu: float, instance: int) -> reference.Recipe:
        lesion, shape, ras_of = self.lesion, self.shape, np.argsort(self.order)
        center = (self.case.ct.ijk_from_ras(lesion.center_ras)[::-1] - self.region.start + 0.5) / self.factor - 0.5
        flecks = lesion.calcification
        return reference.Recipe(
            to_unit=tuple(three(map(float, line)) for line in shape.to_unit[:, ras_of]),
            offset=three(map(float, shape.offset[ras_of])),
            voxel_variance=three(map(float, self.case.ct.spacing_mm[::-1] ** 2 / 12)),
            center_index=three(map(float, center)),
            blur_mm=lesion.edge.blur_mm,
            radius_mm=lesion.radius_mm,
            base_hu=mean_hu + lesion.contrast_hu,
            push=lesion.mass_effect.intensity_percent / 100,
            reach=lesion.mass_effect.reach,
            protrude=lesion.protrude,
            instance=instance,
            capsule_hu=lesion.capsule.contrast_hu,
            capsule_mm=lesion.capsule.thickness_mm,
            rim_hu=lesion.rim.contrast_hu,
            rim_mm=lesion.rim.thickness_mm,
            rim_nodularity=lesion.rim.nodularity,
            core_fraction=lesion.core.radius_fraction,
            core_hu=lesion.core.contrast_hu,
            fleck_hu=flecks.contrast_hu,
            fleck_level=float(ndtri(1 - flecks.volume_fraction)) if flecks.volume_fraction > 0 else 0.0,
        )
