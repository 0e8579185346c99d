"""The lesion's voxel arithmetic as Warp kernels: one source for CUDA and CPU.

Same functions and results as ``reference`` (tested to 0.01 HU); one pass over the voxels each, rows in
parallel.
"""

from __future__ import annotations

import torch
import warp as wp

from ..cores import CORES
from ..volume import PADDING_BELOW_HU
from ..warp_start import launch_in_bands
from .reference import INVISIBLE, Fields, Outline, Recipe

_FEW_VOXELS = 50_000
"""So few are done before a second thread is awake."""

wp.set_module_options({"enable_backward": False, "fast_math": False})


@wp.struct
class Numbers:
    to_unit: wp.mat33
    offset: wp.vec3
    voxel_variance: wp.vec3
    center_index: wp.vec3
    blur_mm: float
    radius_mm: float
    base_hu: float
    push: float
    reach: float
    protrude: int
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
    padding_hu: float
    invisible: float


@wp.func
def normal_cdf(x: float) -> float:
    return 0.5 * wp.erfc(x * -0.70710678)


@wp.func
def band(distance: float, sigma: float, low: float, high: float) -> float:
    return normal_cdf((distance - low) / sigma) - normal_cdf((distance - high) / sigma)


@wp.func
def sample(image: wp.array3d(dtype=float), k: float, j: float, i: float) -> float:
    k0, j0, i0 = int(k), int(j), int(i)
    k1 = wp.min(k0 + 1, image.shape[0] - 1)
    j1 = wp.min(j0 + 1, image.shape[1] - 1)
    i1 = wp.min(i0 + 1, image.shape[2] - 1)
    u, v, w = k - float(k0), j - float(j0), i - float(i0)
    low = wp.lerp(wp.lerp(image[k0, j0, i0], image[k0, j0, i1], w), wp.lerp(image[k0, j1, i0], image[k0, j1, i1], w), v)
    high = wp.lerp(
        wp.lerp(image[k1, j0, i0], image[k1, j0, i1], w), wp.lerp(image[k1, j1, i0], image[k1, j1, i1], w), v
    )
    return wp.lerp(low, high, u)


@wp.kernel
def outline_rows(
    first: int,
    n: Numbers,
    z: wp.array(dtype=float),
    y: wp.array(dtype=float),
    x: wp.array(dtype=float),
    displacement: wp.array4d(dtype=float),
    rho: wp.array3d(dtype=float),
    distance: wp.array3d(dtype=float),
    sigma: wp.array3d(dtype=float),
    soft: wp.array3d(dtype=float),
):
    row = first + wp.tid()
    k, j = row / rho.shape[1], row % rho.shape[1]
    for i in range(rho.shape[2]):
        moved = wp.vec3(displacement[0, k, j, i], displacement[1, k, j, i], displacement[2, k, j, i])
        unit = n.to_unit * (wp.vec3(z[k], y[j], x[i]) + n.offset + moved)
        gradient = wp.transpose(n.to_unit) * unit
        radius = wp.max(wp.length(unit), 1.0e-6)
        slope = wp.max(wp.length(gradient), 1.0e-9)
        normal = gradient / slope
        spread = wp.sqrt(wp.dot(n.voxel_variance, wp.cw_mul(normal, normal)) + n.blur_mm * n.blur_mm)
        away = (radius - 1.0) * radius / slope
        rho[k, j, i] = radius
        distance[k, j, i] = away
        sigma[k, j, i] = spread
        steps = away / spread
        if steps > 6.0:
            soft[k, j, i] = 0.0
        else:
            soft[k, j, i] = normal_cdf(-steps)


@wp.kernel
def compose_rows(
    first: int,
    n: Numbers,
    with_slow: int,
    with_flecks: int,
    hu: wp.array3d(dtype=float),
    smooth: wp.array3d(dtype=float),
    organ: wp.array3d(dtype=float),
    instances: wp.array3d(dtype=wp.int32),
    slow: wp.array3d(dtype=float),
    flecks: wp.array3d(dtype=float),
    inner: wp.array3d(dtype=float),
    rho: wp.array3d(dtype=float),
    distance: wp.array3d(dtype=float),
    sigma: wp.array3d(dtype=float),
    soft: wp.array3d(dtype=float),
    out_hu: wp.array3d(dtype=float),
    out_organ: wp.array3d(dtype=wp.bool),
    out_instances: wp.array3d(dtype=wp.int32),
):
    row = first + wp.tid()
    k, j = row / rho.shape[1], row % rho.shape[1]
    for i in range(rho.shape[2]):
        here, was = rho[k, j, i], hu[k, j, i]
        pushed, inside_organ, number = float(was), float(organ[k, j, i]), wp.int32(instances[k, j, i])
        rest = 1.0 - here / n.reach
        hit = n.push > 0.0 and rest > 0.0
        if hit:
            scale = 1.0 - rest * rest * n.push
            fk = wp.clamp(n.center_index[0] + (float(k) - n.center_index[0]) * scale, 0.0, float(rho.shape[0] - 1))
            fj = wp.clamp(n.center_index[1] + (float(j) - n.center_index[1]) * scale, 0.0, float(rho.shape[1] - 1))
            fi = wp.clamp(n.center_index[2] + (float(i) - n.center_index[2]) * scale, 0.0, float(rho.shape[2] - 1))
            pushed = was + (sample(smooth, fk, fj, fi) - smooth[k, j, i])
            inside_organ = sample(organ, fk, fj, fi)
            number = instances[int(fk + 0.5), int(fj + 0.5), int(fi + 0.5)]
        clip = float(inside_organ)
        if n.protrude != 0:
            clip = 1.0
        weight = soft[k, j, i] * clip
        away, spread = distance[k, j, i], sigma[k, j, i]
        value = float(pushed)
        if weight > n.invisible:
            hit = True
            vary = float(0.0)  # noqa: UP018  (to Warp a bare 0.0 is a constant)
            if with_slow != 0:
                vary = slow[k, j, i]
            inside = n.base_hu + inner[k, j, i]
            if n.rim_hu != 0.0:
                patchy = wp.clamp(1.0 - n.rim_nodularity + n.rim_nodularity * (0.5 + 0.9 * vary), 0.0, 1.5)
                inside += n.rim_hu * patchy * band(away, spread, -n.rim_mm, 0.0)
            if n.core_fraction > 0.0:
                depth = (n.core_fraction * (1.0 + 0.15 * vary) - here) * n.radius_mm
                inside += n.core_hu * normal_cdf(depth / wp.max(spread, 1.0))
            if with_flecks != 0:
                inside += n.fleck_hu * normal_cdf((flecks[k, j, i] - n.fleck_level) * 4.0)
            value += weight * (inside - pushed)
        if n.capsule_hu != 0.0 and wp.abs(away) < 0.5 * n.capsule_mm + 5.0 * spread:
            layer = n.capsule_hu * band(away, spread, -0.5 * n.capsule_mm, 0.5 * n.capsule_mm) * clip
            if wp.abs(layer) > n.invisible:
                hit = True
                value += layer
        padding = was < n.padding_hu
        if hit and not padding:
            out_hu[k, j, i] = value
        else:
            out_hu[k, j, i] = was
        if away <= 0.0 and (inside_organ >= 0.5 or n.protrude != 0) and not padding:
            number = n.instance
        out_organ[k, j, i] = inside_organ >= 0.5
        out_instances[k, j, i] = number


def outline(fields: Fields, recipe: Recipe) -> Outline:
    """See ``reference.outline``."""
    parts = [torch.empty_like(fields.hu) for _ in range(4)]
    inputs = [_numbers(recipe), *fields.coordinates_mm, fields.displacement, *parts]
    _launch(outline_rows, fields.hu, inputs)
    return Outline(*parts)


def compose(fields: Fields, shape: Outline, inner: torch.Tensor, recipe: Recipe):
    """See ``reference.compose``."""
    hu = torch.empty_like(fields.hu)
    organ = torch.empty_like(fields.hu, dtype=torch.bool)
    instances = torch.empty_like(fields.instances)
    nothing = fields.hu[:1, :1, :1]
    inputs = [
        _numbers(recipe),
        int(fields.slow is not None),
        int(fields.flecks is not None),
        fields.hu,
        fields.smooth,
        fields.organ,
        fields.instances,
        fields.slow if fields.slow is not None else nothing,
        fields.flecks if fields.flecks is not None else nothing,
        inner,
        shape.rho,
        shape.distance_mm,
        shape.sigma_mm,
        shape.soft,
        hu,
        organ,
        instances,
    ]
    _launch(compose_rows, fields.hu, inputs)
    return hu, organ, instances


def _numbers(recipe: Recipe) -> Numbers:
    numbers = Numbers()
    for name, value in vars(recipe).items():
        if name == "to_unit":
            value = wp.mat33(*[float(x) for line in value for x in line])
        elif isinstance(value, tuple):
            value = wp.vec3(*[float(x) for x in value])
        elif isinstance(value, bool):
            value = int(value)
        setattr(numbers, name, value)
    numbers.padding_hu, numbers.invisible = PADDING_BELOW_HU, INVISIBLE
    return numbers


def _launch(kernel, like: torch.Tensor, inputs: list):
    """Run a kernel over the (k, j) rows of a region, in bands on the CPU."""
    rows = like.shape[0] * like.shape[1]
    arrays = [wp.from_torch(part, return_ctype=True) if isinstance(part, torch.Tensor) else part for part in inputs]
    bands = CORES if like.numel() > _FEW_VOXELS else 1
    launch_in_bands(kernel, rows, arrays, wp.device_from_torch(like.device), bands)
