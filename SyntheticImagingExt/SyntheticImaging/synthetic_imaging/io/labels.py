"""Label volumes: whole numbers, zero is background, on the grid of the image they belong to."""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import InputError
from ..volume import Volume
from .geometry import image_from_volume
from .volumes import read_volume


def read_labels(path: str | PathLike, like: Volume | None = None, may_be_empty: bool = False) -> Volume:
    """Read a label volume as uint8, int16 or int32, the smallest that holds its values.

    like: the volume whose grid the labels must have; labels on another grid are resampled (nearest neighbor)
        with a warning.
    may_be_empty: whether labels without a voxel are labels.

    InputError where they are empty, not whole numbers, or nowhere inside ``like``.
    """
    name = Path(path).name
    labels = _as_labels(read_volume(path), name)
    if not may_be_empty and not labels.data.any():
        raise InputError(
            f"'{name}' has no labeled voxels (all are 0); save the segmentation again, with a segment in it."
        )
    return labels if like is None else resample_labels(labels, like, name)


def resample_labels(labels: Volume, like: Volume, name: str = "labels") -> Volume:
    """The labels on the grid of ``like``, nearest neighbor; unchanged where the grids are the same.

    Warns when it resamples, and how much labeled volume is lost; InputError where nothing is left.
    """
    if labels.same_grid(like):
        return labels
    grid = sitk.Image(*reversed(like.shape), sitk.sitkUInt8)
    grid.CopyInformation(image_from_volume(like.like(np.zeros(like.shape, np.uint8))))
    image = sitk.Resample(image_from_volume(labels), grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    resampled = Volume.from_numpy(sitk.GetArrayFromImage(image), like.ijk_to_ras, labels.metadata)
    kept_ml, whole_ml = _labeled_ml(resampled), _labeled_ml(labels)
    if kept_ml == 0:
        raise InputError(_disjoint(labels, like, name))
    warnings.warn(
        f"'{name}' lies on another grid than the image (shape {labels.shape} against {like.shape}); it was resampled "
        f"to the nearest voxel: {kept_ml:.1f} of {whole_ml:.1f} mL of labels lie inside the image.",
        stacklevel=3,
    )
    return resampled


def _as_labels(volume: Volume, name: str) -> Volume:
    array = volume.numpy()
    if np.issubdtype(array.dtype, np.floating) and not np.array_equal(array, np.rint(array)):
        raise InputError(
            f"'{name}' holds fractions, so it looks like an image and not like labels; give a label volume."
        )
    low, high = int(array.min()), int(array.max())
    if low < 0:
        raise InputError(f"'{name}' holds negative values (down to {low}), so it looks like a CT; give a label volume.")
    for dtype in (np.uint8, np.int16, np.int32):
        if high <= np.iinfo(dtype).max:
            return volume.like(array.astype(dtype, copy=False))
    raise InputError(f"'{name}' holds label {high}, which is too large; number the labels from 1.")


def _labeled_ml(labels: Volume) -> float:
    return int((labels.data != 0).sum()) * float(np.prod(labels.spacing_mm)) / 1000


def _disjoint(labels: Volume, like: Volume, name: str) -> str:
    k, j, i = np.nonzero(labels.numpy())
    labeled = labels.ras_from_ijk(np.stack([i, j, k], -1))
    corners = np.stack(np.meshgrid(*[(-0.5, n - 0.5) for n in reversed(like.shape)], indexing="ij"), -1).reshape(-1, 3)
    image = like.ras_from_ijk(corners)

    def extent(points: np.ndarray) -> str:
        low, high = points.min(axis=0), points.max(axis=0)
        return ", ".join(f"{axis} {a:.0f} to {b:.0f}" for axis, a, b in zip("RAS", low, high, strict=True))

    hint = " Both have the same shape, so a header may have lost its position." if labels.shape == like.shape else ""
    return (
        f"No label of '{name}' lies inside the image: labels at {extent(labeled)} mm, image at {extent(image)} mm."
        f"{hint} Give the labels that were drawn on this image."
    )
