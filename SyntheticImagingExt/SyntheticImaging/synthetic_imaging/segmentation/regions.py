"""Boxes, distances and pieces of masks (K, J, I)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from ..tuples import three

Box = tuple[slice, slice, slice]
Spacing = Sequence[float] | np.ndarray
_SLAB_VOXELS = 8_000_000


def box_of(mask: np.ndarray) -> Box | None:
    """The box of what is not 0; None where nothing is."""
    lines: list[np.ndarray] = [np.any(mask, tuple(other for other in range(3) if other != axis)) for axis in range(3)]
    if not lines[0].any():
        return None
    ends = [(int(line.argmax()), len(line) - int(line[::-1].argmax())) for line in lines]
    return three(slice(start, stop) for start, stop in ends)


def grown(box: Box, shape: Sequence[int], spacing_mm: Spacing, by_mm: float) -> Box:
    """A box with a margin, cut to the image. spacing_mm: along k, j, i."""
    margins = [n if by_mm > n * step else int(np.ceil(by_mm / step)) for n, step in zip(shape, spacing_mm, strict=True)]
    return three(
        slice(max(part.start - margin, 0), min(part.stop + margin, n))
        for part, margin, n in zip(box, margins, shape, strict=True)
    )


def near(mask: np.ndarray, spacing_mm: Spacing, distance_mm: float) -> np.ndarray:
    """Voxels no further than that from a voxel of the mask; all of them for an infinite distance, mask or not.

    In slabs, for a map of distances takes many times the memory of the mask.
    """
    if np.isinf(distance_mm):
        return np.ones(mask.shape, bool)
    box = box_of(mask)
    found = np.zeros(mask.shape, bool)
    if box is None or distance_mm <= 0:
        return mask.copy()
    box = grown(box, mask.shape, spacing_mm, distance_mm)
    inner, result = mask[box], found[box]
    halo = int(np.ceil(distance_mm / spacing_mm[0]))
    thick = max(_SLAB_VOXELS // max(inner[0].size, 1), halo, 1)
    for start in range(0, len(inner), thick):
        stop, first = min(start + thick, len(inner)), max(start - halo, 0)
        part = inner[first : stop + halo]
        if part.any():
            apart = ndimage.distance_transform_edt(~part, spacing_mm)
            result[start:stop] = apart[start - first : stop - first] <= distance_mm * (1 + 1e-9)
    return found
