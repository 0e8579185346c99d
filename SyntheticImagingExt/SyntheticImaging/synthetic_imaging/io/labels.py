"""Label volumes: whole numbers, zero is background, on the grid of the image they belong to."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import InputError
from ..volume import Volume
from .dicom.drawings import (
    FRAME_KEY,
    SEGMENTATION,
    STRUCTURE_SET,
    Choice,
    drawing_in,
    drawing_kind,
    names_in,
    refuse_other_frame,
)
from .geometry import image_from_volume
from .volumes import read_volume

_OFF_LATTICE = 0.05  # of a voxel: grids that are no further apart share their voxels


def read_labels(
    path: str | PathLike,
    like: Volume | None = None,
    may_be_empty: bool = False,
    segments: Sequence[int | str] | None = None,
    image: Volume | None = None,
    accept_frame: bool = False,
) -> Volume:
    """Read a label volume as uint8, int16 or int32, the smallest that holds its values.

    path: a label map (NRRD, NIfTI, MetaImage, DICOM images), a DICOM segmentation or structure set, or a folder with
        one of these. The number of a segment is its label; ``metadata`` tells the names.
    like: the volume whose grid the labels must have; labels on another grid are resampled (nearest neighbor)
        with a warning.
    may_be_empty: whether labels without a voxel are labels.
    segments: numbers or names of those to read, None: all.
    image: whose voxels the contours of a structure set fill, by default ``like``.
    accept_frame: take what was drawn in another frame of reference than that of ``like`` where it lies.

    InputError where they are empty, not whole numbers, overlapping, of another frame of reference, or nowhere inside
    ``like``.
    """
    labels, name = _read(Path(path).expanduser(), Choice(segments), image or like)
    if not may_be_empty and not labels.data.any():
        raise InputError(_no_voxels(name))
    return labels if like is None else _on_image(labels, like, name, accept_frame)


def read_mask(
    path: str | PathLike,
    like: Volume,
    segments: Sequence[int | str] | None = None,
    option: str = "",
    accept_frame: bool = False,
) -> Volume:
    """One region of a file that ``read_labels`` reads: the chosen segments together, as 1, on the grid of ``like``.

    Without segments it is all labels of a label map, or the only segment of a DICOM file; InputError where that has
    several, with their names. option: what chooses a segment, for that sentence. accept_frame: as for ``read_labels``.
    """
    labels, name = _read(Path(path).expanduser(), Choice(segments, alone=True, option=option), like)
    if not labels.data.any():
        raise InputError(_no_voxels(name))
    labels = _on_image(labels, like, name, accept_frame)
    return labels.like((labels.numpy() != 0).astype(np.uint8))


def _read(path: Path, choice: Choice, image: Volume | None) -> tuple[Volume, str]:
    """What was asked for of a file, on a grid of its own, and the file's name."""
    drawing = drawing_in(path) if os.path.exists(path) else None
    if drawing is None:
        return _picked(_as_labels(read_volume(path), path.name), choice, path.name), path.name
    return _as_labels(_drawn(drawing, choice, image), drawing.name), drawing.name


def _drawn(path: Path, choice: Choice, image: Volume | None) -> Volume:
    from .dicom import segmentations, structure_sets

    kind = drawing_kind(path)
    try:
        if kind == SEGMENTATION:
            return segmentations.read_segmentation(path, choice, image)
        if kind == STRUCTURE_SET:
            return structure_sets.read_structures(path, choice, image)
    except InputError:
        raise
    except Exception as error:  # damaged headers fail in many ways
        why = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(
            f"'{path.name}' is a {kind} that cannot be understood ({why}); copy or export it again."
        ) from error
    raise InputError(f"'{path.name}' is a {kind}, which has no voxels; export it as a label map.")


def _picked(labels: Volume, choice: Choice, name: str) -> Volume:
    """Labels of a label map by number, of which one has to be there, or by the names that its header tells."""
    if choice.segments is None:
        return labels
    array = labels.numpy()
    there = np.isin(array, [_label_of(wanted, labels, name) for wanted in choice.segments])
    if not there.any():
        found = ", ".join(str(value) for value in np.unique(array) if value)
        wanted = ", ".join(map(str, choice.segments))
        raise InputError(f"'{name}' has no voxel of label {wanted}; give {choice.option or 'it'} one of {found}.")
    return labels.like(np.where(there, array, 0).astype(array.dtype))


def _label_of(wanted: int | str, labels: Volume, name: str) -> int:
    if isinstance(wanted, int):
        return wanted
    (number,) = Choice([wanted]).of(names_in(labels.metadata or {}), name)
    return number


def _on_image(labels: Volume, like: Volume, name: str, accept_frame: bool) -> Volume:
    if not accept_frame:
        refuse_other_frame((labels.metadata or {}).get(FRAME_KEY, ""), like, name)
    return resample_labels(labels, like, name)


def _no_voxels(name: str) -> str:
    return f"'{name}' has no labeled voxels (all are 0); save the segmentation again, with a segment in it."


def resample_labels(labels: Volume, like: Volume, name: str = "labels") -> Volume:
    """The labels on the grid of ``like``, nearest neighbor; unchanged where the grids are the same.

    Labels over another part of the same voxels are placed as they are. Warns when it resamples, and how much labeled
    volume is lost; InputError where nothing is left.
    """
    if labels.same_grid(like):
        return labels
    placed = _placed(labels, like)
    resampled = placed or _nearest(labels, like)
    kept_ml, whole_ml = _labeled_ml(resampled), _labeled_ml(labels)
    if kept_ml == 0:
        raise InputError(_disjoint(labels, like, name))
    if placed is None:
        warnings.warn(
            f"'{name}' lies on another grid than the image (shape {labels.shape} against {like.shape}); it was "
            f"resampled to the nearest voxel: {kept_ml:.1f} of {whole_ml:.1f} mL of labels lie inside the image.",
            stacklevel=3,
        )
    elif np.count_nonzero(resampled.numpy()) < np.count_nonzero(labels.numpy()):
        warnings.warn(
            f"'{name}' reaches beyond the image: {kept_ml:.1f} of {whole_ml:.1f} mL of labels lie inside it.",
            stacklevel=3,
        )
    return resampled


def joined(first: Volume, second: Volume) -> tuple[Volume, Volume]:
    """Two label volumes over the box of both, voxel by voxel; as they are where their grids do not meet."""
    aligned = None if first.same_grid(second) else _aligned(first, second)
    if aligned is None:
        return first, second
    array, corner = aligned
    low = np.minimum(corner[::-1], 0)
    high = np.maximum(corner[::-1] + array.shape, second.shape)
    matrix = second.ijk_to_ras.copy()
    matrix[:3, 3] = second.ras_from_ijk(low[::-1])
    both = Volume.from_numpy(np.zeros(high - low, np.uint8), matrix)
    return _placed(first, both) or first, _placed(second, both) or second


def share_voxels(first: Volume, second: Volume) -> bool:
    """Whether two volumes are boxes of the same voxels, whatever the order in which they store them."""
    return _aligned(first, second) is not None


def _aligned(labels: Volume, like: Volume) -> tuple[np.ndarray, np.ndarray] | None:
    """Labels that share their voxels with another volume, (K, J, I) along its axes, and the voxel (i, j, k) of it that
    is their first; None where the grids do not meet.
    """
    matrix = like.ras_to_ijk @ labels.ijk_to_ras
    turn = np.rint(matrix[:3, :3])
    if not (np.abs(turn).sum(axis=0) == 1).all() or not (np.abs(turn).sum(axis=1) == 1).all():
        return None
    ends = np.array(labels.shape[::-1]) - 1
    corners = np.stack(np.meshgrid(*[(0, end) for end in ends], indexing="ij"), -1).reshape(-1, 3)
    whole = corners @ turn.T + np.rint(matrix[:3, 3])
    if np.abs(corners @ matrix[:3, :3].T + matrix[:3, 3] - whole).max() > _OFF_LATTICE:
        return None
    source = np.argmax(np.abs(turn), axis=1)  # the axis of the labels along each axis of like
    array = labels.numpy().transpose([2 - source[axis] for axis in (2, 1, 0)])
    backward = tuple(2 - axis for axis in range(3) if turn[axis, source[axis]] < 0)
    return np.flip(array, backward), whole.min(axis=0).astype(int)


def _placed(labels: Volume, like: Volume) -> Volume | None:
    """The labels on the grid of ``like``, voxel by voxel; None where the grids do not meet."""
    aligned = _aligned(labels, like)
    if aligned is None:
        return None
    array, first = aligned
    target = np.zeros(like.shape, array.dtype)
    start = first[::-1]
    low, high = np.maximum(start, 0), np.minimum(start + array.shape, like.shape)
    if (high > low).all():
        there, here = _box(low, high), _box(low - start, high - start)
        target[there] = array[here]
    return Volume.from_numpy(target, like.ijk_to_ras, labels.metadata)


def _box(low: np.ndarray, high: np.ndarray) -> tuple[slice, ...]:
    return tuple(slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))


def _nearest(labels: Volume, like: Volume) -> Volume:
    grid = sitk.Image(*reversed(like.shape), sitk.sitkUInt8)
    grid.CopyInformation(image_from_volume(like.like(np.zeros(like.shape, np.uint8))))
    image = sitk.Resample(image_from_volume(labels), grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    return Volume.from_numpy(sitk.GetArrayFromImage(image), like.ijk_to_ras, labels.metadata)


def _as_labels(volume: Volume, name: str) -> Volume:
    array = volume.numpy()
    if np.issubdtype(array.dtype, np.floating) and not np.array_equal(array, np.rint(array)):
        raise InputError(
            f"'{name}' holds fractions, so it looks like an image and not like labels; give a label volume."
        )
    low, high = int(array.min()), int(array.max())
    if low < 0:
        raise InputError(
            f"'{name}' holds negative values (down to {low}), so it is an image and not labels; give a label "
            "volume (.nrrd, .nii.gz), a DICOM segmentation or a structure set."
        )
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
