"""The lesion's voxel arithmetic in plain torch: the reference for the kernels, and the fall-back without them.

``outline`` and ``compose`` take and return tensors of one region, shape (K, J, I), float32 unless said
otherwise. ``kernels`` offers the same two functions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from ..volume import PADDING_BELOW_HU

INVISIBLE = 1e-4
"""Weights below this change nothing; such voxels keep their very bits."""


@dataclass(frozen=True)
class Fields:
    """What is known of a region before the lesion's outline is.

    hu: the CT. smooth: the CT without its noise. organ: 1 inside the organ, else 0. instances: int32,
    0 or the number of the lesion that is already there.
    displacement: (3, K, J, I) mm along the region's (k, j, i) axes. texture, slow, flecks: random fields of
    variance 1, or None where nothing asks for them.
    coordinates_mm: three tensors, the distance of the voxel planes from the center along k, j, i.
    """

    hu: torch.Tensor
    smooth: torch.Tensor
    organ: torch.Tensor
    instances: torch.Tensor
    displacement: torch.Tensor
    texture: torch.Tensor | None
    slow: torch.Tensor | None
    flecks: torch.Tensor | None
    coordinates_mm: tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Outline:
    """rho: ellipsoidal radius. distance_mm: signed distance from the surface, negative inside.
    sigma_mm: blur of the edge there. soft: weight of the lesion, 0.5 at the surface."""

    rho: torch.Tensor
    distance_mm: torch.Tensor
    sigma_mm: torch.Tensor
    soft: torch.Tensor


@dataclass(frozen=True)
class Recipe:
    """The numbers of one insertion, all in mm and HU; ``to_unit`` and ``offset`` in (k, j, i) order."""

    to_unit: tuple[tuple[float, float, float], ...]
    offset: tuple[float, float, float]
    voxel_variance: tuple[float, float, float]
    center_index: tuple[float, float, float]
    blur_mm: float
    radius_mm: float
    base_hu: float
    push: float
    reach: float
    protrude: bool
    instance: int
    capsule_hu: float
    capsule_mm: float
    rim_hu: float
    rim_mm: float
    rim_nodularity: float
    core_fraction: float
    core_hu: float
    fleck_hu: float
    fleck_level: float


def normal_cdf(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * torch.erfc(x * (-1 / math.sqrt(2)))


def outline(fields: Fields, recipe: Recipe) -> Outline:
    """Ellipsoidal radius, first-order signed distance, and soft weight of every voxel.

    The edge's variance is that of the blur asked for plus that of a voxel's own extent along the
    surface normal, so thick slices blur the lesion as they blur the patient.
    """
    z, y, x = fields.coordinates_mm
    point = torch.stack(torch.broadcast_tensors(z[:, None, None], y[None, :, None], x[None, None, :]))
    point = point + torch.tensor(recipe.offset, device=point.device)[:, None, None, None] + fields.displacement
    to_unit = torch.tensor(recipe.to_unit, dtype=torch.float32, device=point.device)
    unit = torch.einsum("xd,dkji->xkji", to_unit, point)
    gradient = torch.einsum("xd,xkji->dkji", to_unit, unit)
    rho = unit.square().sum(0).sqrt().clamp_min(1e-6)
    slope = gradient.square().sum(0).sqrt().clamp_min(1e-9)
    variance = torch.tensor(recipe.voxel_variance, dtype=torch.float32, device=point.device)
    sigma = (torch.einsum("d,dkji->kji", variance, (gradient / slope).square()) + recipe.blur_mm**2).sqrt()
    distance = (rho - 1) * rho / slope
    return Outline(rho, distance, sigma, normal_cdf(-distance / sigma))


def compose(fields: Fields, shape: Outline, inner: torch.Tensor, recipe: Recipe):
    """Push the tissue aside, fill the lesion, draw its layers.

    inner: what varies inside the lesion, HU about its mean.
    Returns (hu, organ, instances) of the region.
    """
    scale = 1 - (1 - shape.rho / recipe.reach).clamp_min(0).square() * recipe.push
    smooth, organ, instances = fields.smooth, fields.organ, fields.instances
    if recipe.push > 0:
        index = _scaled_index(scale, recipe.center_index)
        smooth, organ = _linear(torch.stack([fields.smooth, fields.organ]), index)
        instances = _nearest(fields.instances, index)
        still = scale == 1
        smooth = torch.where(still, fields.smooth, smooth)
        organ = torch.where(still, fields.organ, organ)
        instances = torch.where(still, fields.instances, instances)
    pushed = fields.hu + (smooth - fields.smooth)
    clip = torch.ones_like(organ) if recipe.protrude else organ
    weight = shape.soft * clip
    inside = recipe.base_hu + inner + _layers(fields, shape, recipe)
    capsule = recipe.capsule_hu * _band(shape, -recipe.capsule_mm / 2, recipe.capsule_mm / 2) * clip
    hu = pushed + weight * (inside - pushed) + capsule
    hit = (scale < 1) & (recipe.push > 0) | (weight > INVISIBLE) | (capsule.abs() > INVISIBLE)
    padding = fields.hu < PADDING_BELOW_HU
    hu = torch.where(hit & ~padding, hu, fields.hu)
    belongs = (shape.distance_mm <= 0) & ((organ >= 0.5) | recipe.protrude) & ~padding
    instances = torch.where(belongs, torch.full_like(instances, recipe.instance), instances)
    return hu, organ >= 0.5, instances


def _layers(fields: Fields, shape: Outline, recipe: Recipe) -> torch.Tensor:
    """Rim, necrotic core and calcification, HU added to the lesion's tissue."""
    added = torch.zeros_like(shape.rho)
    slow = fields.slow if fields.slow is not None else torch.zeros_like(shape.rho)
    if recipe.rim_hu:
        patchy = (1 - recipe.rim_nodularity + recipe.rim_nodularity * (0.5 + 0.9 * slow)).clamp(0, 1.5)
        added = added + recipe.rim_hu * patchy * _band(shape, -recipe.rim_mm, 0.0)
    if recipe.core_fraction > 0:
        depth = (recipe.core_fraction * (1 + 0.15 * slow) - shape.rho) * recipe.radius_mm
        added = added + recipe.core_hu * normal_cdf(depth / shape.sigma_mm.clamp_min(1.0))
    if fields.flecks is not None:
        added = added + recipe.fleck_hu * normal_cdf((fields.flecks - recipe.fleck_level) * 4)
    return added


def _band(shape: Outline, low_mm: float, high_mm: float) -> torch.Tensor:
    """A layer between two signed distances, blurred like the edge."""
    return normal_cdf((shape.distance_mm - low_mm) / shape.sigma_mm) - normal_cdf(
        (shape.distance_mm - high_mm) / shape.sigma_mm
    )


def _scaled_index(scale: torch.Tensor, center: tuple[float, float, float]) -> list[torch.Tensor]:
    index = []
    for axis, (count, middle) in enumerate(zip(scale.shape, center, strict=True)):
        line = torch.arange(count, device=scale.device, dtype=torch.float32)
        view = [1, 1, 1]
        view[axis] = count
        index.append((middle + (line.reshape(view) - middle) * scale).clamp(0, count - 1))
    return index


def _linear(images: torch.Tensor, index: list[torch.Tensor]) -> torch.Tensor:
    """Trilinear samples of (C, K, J, I) at fractional indices, each (K, J, I)."""
    grid = torch.stack(
        [2 * part / max(count - 1, 1) - 1 for part, count in zip(index, images.shape[1:], strict=True)][::-1], dim=-1
    )
    return functional.grid_sample(images[None], grid[None], align_corners=True, padding_mode="border")[0]


def _nearest(labels: torch.Tensor, index: list[torch.Tensor]) -> torch.Tensor:
    k, j, i = ((part + 0.5).floor().long() for part in index)
    return labels[k, j, i]
