"""Exact lengths of rays in labeled voxels as a Warp kernel."""

from __future__ import annotations

import torch
import warp as wp

from ..warp_start import launch_in_bands
from .rays import Rays


@wp.func
def entered(start: wp.float64, along: wp.float64, place: wp.float64, count: int) -> int:
    return wp.clamp(int(wp.floor(start + place * along + wp.float64(0.5))), 0, count - 1)


@wp.kernel(enable_backward=False)
def label_lengths(
    first: int,
    numbers: wp.array3d(dtype=wp.int16),
    source: wp.vec3d,
    origin: wp.vec3d,
    row_step: wp.vec3d,
    column_step: wp.vec3d,
    metric: wp.mat33d,
    columns: int,
    out: wp.array2d(dtype=float),
):
    ray = first + wp.tid()
    along = origin + wp.float64(ray / columns) * row_step + wp.float64(ray % columns) * column_step - source
    shape = wp.vec3i(numbers.shape[0], numbers.shape[1], numbers.shape[2])
    place, end = wp.float64(0.0), wp.float64(1.0)
    for axis in range(3):
        low, high = wp.float64(-0.5) - source[axis], wp.float64(shape[axis]) - wp.float64(0.5) - source[axis]
        if along[axis] != wp.float64(0.0):
            a, b = low / along[axis], high / along[axis]
            place, end = wp.max(place, wp.min(a, b)), wp.min(end, wp.max(a, b))
        elif low > wp.float64(0.0) or high < wp.float64(0.0):
            end = wp.float64(-1.0)
    if place >= end:
        return
    mm = wp.length(metric * along)
    k = entered(source[0], along[0], place, shape[0])
    j = entered(source[1], along[1], place, shape[1])
    i = entered(source[2], along[2], place, shape[2])
    # how far it is to the next plane of each axis, from plane to plane, and how many planes are left inside
    far = wp.float64(1.0e30)
    at = wp.vec3d(far, far, far)
    step = wp.vec3d(far, far, far)
    turn = wp.vec3i(0, 0, 0)
    left = wp.vec3i(0, 0, 0)
    voxel = wp.vec3i(k, j, i)
    for axis in range(3):
        if along[axis] != wp.float64(0.0):
            step[axis] = wp.float64(1.0) / wp.abs(along[axis])
            turn[axis] = wp.where(along[axis] > wp.float64(0.0), 1, -1)
            plane = wp.float64(voxel[axis]) + wp.float64(0.5) * wp.float64(turn[axis])
            at[axis] = (plane - source[axis]) / along[axis]
            left[axis] = wp.where(turn[axis] > 0, shape[axis] - 1 - voxel[axis], voxel[axis])
    at_k, at_j, at_i = at[0], at[1], at[2]
    left_k, left_j, left_i = left[0], left[1], left[2]
    label = int(numbers[k, j, i])
    begun = place
    inside = bool(True)  # noqa: UP018  (to Warp a bare True is a constant)
    while inside:
        if at_k < at_j and at_k < at_i:
            place = at_k
            at_k += step[0]
            k += turn[0]
            left_k -= 1
            inside = left_k >= 0
        elif at_j < at_i:
            place = at_j
            at_j += step[1]
            j += turn[1]
            left_j -= 1
            inside = left_j >= 0
        else:
            place = at_i
            at_i += step[2]
            i += turn[2]
            left_i -= 1
            inside = left_i >= 0
        inside = inside and place < end
        found = int(-1)  # noqa: RUF046, UP018  (to Warp a bare -1 is a constant)
        if inside:
            found = int(numbers[k, j, i])
        if found != label:
            if label > 0:
                out[label - 1, ray] += float((wp.min(place, end) - begun) * mm)
            begun = place
            label = found


def add_lengths(numbers: torch.Tensor, rays: Rays, lengths: torch.Tensor) -> None:
    """Add to lengths (L, rows, columns) those in voxels that are numbered 1 to L.

    numbers: int16 (K, J, I). rays: in its voxels.
    """
    vectors = [wp.vec3d(*part.tolist()) for part in (rays.source, rays.origin, rays.row_step, rays.column_step)]
    out = wp.from_torch(lengths.view(len(lengths), -1))
    metric = wp.mat33d(*rays.metric_mm.flatten().tolist())
    inputs = [wp.from_torch(numbers), *vectors, metric, rays.columns, out]
    launch_in_bands(label_lengths, rays.rows * rays.columns, inputs, wp.get_device("cpu"))
