"""From the image's grid to the network's and back, axis by axis.

nnU-Net aligns the outer faces of first and last voxel, and treats coarse slices apart: within the slice at the order
that was asked, across slices the nearest one (Isensee et al., Nat Methods 2021;18:203, supplement). MONAI aligns the
center of the first voxel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage

from .recipe import Resampling

COARSE = 3
"""Slices more than so many times as thick as the finest spacing are treated apart."""


@dataclass(frozen=True)
class Line:
    """Where each voxel along one axis of the result lies between two voxels of the source: first + weight."""

    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray

    @property
    def plain(self) -> bool:
        """Whether nothing lies between two voxels: the result is a choice of voxels."""
        return not self.weight.any()

    def identical(self, size: int) -> bool:
        return self.plain and np.array_equal(self.first, np.arange(size))


def line(size: int, new_size: int, order: int, alignment: str = "edges", step: float = 1.0) -> Line:
    """How ``new_size`` voxels are taken from ``size``. step: their distance in old voxels, with alignment "origin"."""
    index = np.arange(new_size, dtype=np.float64)
    place = index * step if alignment == "origin" else (index + 0.5) * (size / new_size) - 0.5
    if order == 0:
        # halves are rounded as SciPy does in nnU-Net, and as torch does in MONAI
        found = (
            np.clip(np.rint(place), 0, size - 1).astype(np.int64)
            if alignment == "origin"
            else ndimage.map_coordinates(np.arange(size), place[None], order=0, mode="nearest")
        )
        return Line(found, found, np.zeros(new_size))
    place = np.clip(place, 0, size - 1)
    first = np.floor(place).astype(np.int64)
    return Line(first, np.minimum(first + 1, size - 1), place - first)


def coarse_axis(spacing: Sequence[float], other: Sequence[float], wanted: bool | None) -> int | None:
    """The axis across which slices are treated apart, None where there is none; the first spacing is asked first."""
    if wanted is False:
        return None
    if wanted or max(spacing) / min(spacing) > COARSE:
        asked = spacing
    elif max(other) / min(other) > COARSE:
        asked = other
    else:
        return None
    axes = [axis for axis, size in enumerate(asked) if size == max(asked)]
    return axes[0] if len(axes) == 1 else None


def new_shape(shape: Sequence[int], spacing: Sequence[float], new_spacing: Sequence[float], alignment: str):
    """Voxels per axis on the new grid."""
    if alignment == "edges":
        sizes = [round(old / new * size) for size, old, new in zip(shape, spacing, new_spacing, strict=True)]
    else:
        sizes = [
            int(np.round((size - 1) * old / new + 1))
            for size, old, new in zip(shape, spacing, new_spacing, strict=True)
        ]
    return tuple(max(1, size) for size in sizes)


def resample_image(image: np.ndarray, spacing, shape, new_spacing, how: Resampling) -> np.ndarray:
    """Channels (C, z, y, x) on a grid of another shape, float32."""
    if how.alignment == "origin":
        lines = [
            line(size, new, how.image_order, "origin", to / at)
            for size, new, at, to in zip(image.shape[1:], shape, spacing, new_spacing, strict=True)
        ]
        return np.stack([_along_lines(channel, lines) for channel in image])
    if tuple(image.shape[1:]) == tuple(shape):
        return image
    axis = coarse_axis(spacing, new_spacing, how.image_separate)
    result = np.empty((len(image), *shape), dtype=np.float32)
    for source, target in zip(image, result, strict=True):
        if axis is None:
            target[:] = _resized(source, shape, how.image_order)
        else:
            _by_slices(source, target, axis, how.image_order)
    return result


def _resized(array: np.ndarray, shape, order: int) -> np.ndarray:
    from skimage.transform import resize

    return resize(array.astype(np.float64), shape, order, mode="edge", anti_aliasing=False)


def _by_slices(source: np.ndarray, target: np.ndarray, axis: int, order: int) -> None:
    source, target = np.moveaxis(source, axis, 0), np.moveaxis(target, axis, 0)
    nearest = line(len(source), len(target), 0).first
    for index in np.unique(nearest):
        target[nearest == index] = _resized(source[index], target.shape[1:], order)


def _along_lines(array: np.ndarray, lines: Sequence[Line]) -> np.ndarray:
    tensor = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
    for axis, along in enumerate(lines):
        tensor = taken(tensor, axis, along)
    return tensor.numpy()


def taken(tensor: torch.Tensor, axis: int, along: Line) -> torch.Tensor:
    """A tensor resampled along one of its axes, float32 where it lies between voxels."""
    if along.identical(tensor.shape[axis]):
        return tensor
    first = torch.from_numpy(along.first).to(tensor.device)
    near = tensor.index_select(axis, first)
    if along.plain:
        return near
    far = tensor.index_select(axis, torch.from_numpy(along.second).to(tensor.device))
    weight = torch.from_numpy(along.weight.astype(np.float32)).to(tensor.device)
    weight = weight.view([-1 if index == axis else 1 for index in range(tensor.ndim)])
    return torch.lerp(near.float(), far.float(), weight.expand_as(near))
