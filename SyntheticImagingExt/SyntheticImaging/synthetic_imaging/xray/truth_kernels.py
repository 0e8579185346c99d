"""Exact lengths of rays in labeled voxels as a Warp kernel."""

from __future__ import annotations

import torch
import warp as wp

from ..warp_start import launch_in_bands
from .rays import Rays


@wp.func
def next_plane(voxel: int, start: wp.float64, along: wp.float64) -> wp.float64:
    """Fraction of the way at which a ray leaves a voxel on one axis."""
    if along > wp.float64(0.0):
        return (wp.float64(voxel) + wp.float64(0.5) - start) / along
    if along < wp.float64(0.0):
        return (wp.float64(voxel) - wp.float64(0.5) - start) / along
    return wp.float64(1.0e30)


@wp.func
def stepped(voxel: int, along: wp.float64) -> int:
    if along > wp.float64(0.0):
        return voxel + 1
    return voxel - 1


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
    at_k, at_j, at_i = (
        next_plane(k, source[0], along[0]),
        next_plane(j, source[1], along[1]),
        next_plane(i, source[2], along[2]),
    )
    label = int(numbers[k, j, i])
    begun = place
    while place < end:
        place = wp.min(at_k, wp.min(at_j, at_i))
        if at_k <= place:
            k = stepped(k, along[0])
            at_k = next_plane(k, source[0], along[0])
        elif at_j <= place:
            j = stepped(j, along[1])
            at_j = next_plane(j, source[1], along[1])
        else:
            i = stepped(i, along[2])
            at_i = next_plane(i, source[2], along[2])
        found = int(-1)  # noqa: RUF046, UP018  (to Warp a bare -1 is a constant)
        if place < end and k >= 0 and k < shape[0] and j >= 0 and j < shape[1] and i >= 0 and i < shape[2]:
            found = int(numbers[k, j, i])
        if found != label:
            if label > 0:
                out[label - 1, ray] += float((wp.min(place, end) - begun) * mm)
            begun = place
            label = found
        if found < 0:
            place = end


def add_lengths(numbers: torch.Tensor, rays: Rays, lengths: torch.Tensor) -> None:
    """Add to lengths (L, rows, columns) those in voxels numbered 1 to L; numbers int16 (K, J, I), rays in its voxels."""
    vectors = [wp.vec3d(*part.tolist()) for part in (rays.source, rays.origin, rays.row_step, rays.column_step)]
    out = wp.from_torch(lengths.view(len(lengths), -1))
    metric = wp.mat33d(*rays.metric_mm.flatten().tolist())
    inputs = [wp.from_torch(numbers), *vectors, metric, rays.columns, out]
    launch_in_bands(label_lengths, rays.rows * rays.columns, inputs, wp.get_device("cpu"))
