"""Lesions one by one: which of the reference were found, and what was found that is none.

A lesion is a connected piece of a label, voxels that touch at a corner among it. It is found where the prediction
covers at least a share of it (``hit_percent``), and one voxel; a piece of the prediction is false where less than
that share of it lies in lesions, or none. So one finding may meet several lesions, and each is found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import ndimage

from ..tumor.plans import LEVELS
from .settings import Measures

_TOUCHING = np.ones((3, 3, 3), bool)
SIZES = tuple(LEVELS)
_EDGES_MM = [math.sqrt(low.radius_mm * high.radius_mm) for low, high in pairwise(LEVELS.values())]
SIZE_RANGES = dict(zip(SIZES, pairwise([0.0, *_EDGES_MM, math.inf]), strict=True))
"""Equivalent radii in mm of each published size level, from the first up to below the second: its neighbors' radii are
parted at their geometric mean."""


@dataclass(frozen=True)
class Lesion:
    """A lesion of the reference. radius_mm: of a ball of its volume; center_kji: of its voxels, in those of the image.

    covered_percent: of it, by the prediction.
    """

    label: int
    name: str
    center_kji: tuple[float, float, float]
    volume_ml: float
    radius_mm: float
    size: str
    covered_percent: float
    found: bool


@dataclass(frozen=True)
class Lesions:
    """Of one label of one case. found: pieces of the prediction; false: how many of them are none."""

    label: int
    name: str
    lesions: tuple[Lesion, ...]
    pieces: int
    false: int


def radius_mm(volume_ml: float) -> float:
    """The radius of a ball of that volume."""
    return (3 * volume_ml * 1000 / (4 * math.pi)) ** (1 / 3)


def size_of(radius_mm: float) -> str:
    """The published size level of an equivalent radius."""
    return SIZES[int(np.searchsorted(_EDGES_MM, radius_mm, side="right"))]


def lesions_of(prediction: np.ndarray, reference: np.ndarray, spacing_mm: np.ndarray, measures: Measures,
               label: int = 1, name: str = "", corner_kji=(0, 0, 0)) -> Lesions:  # fmt: skip
    """Of two masks (K, J, I) on one grid. spacing_mm: along k, j, i. corner_kji: where their box begins."""
    voxel_ml = float(np.prod(spacing_mm)) / 1000
    pieces, count, sizes, covered = _covered(reference, prediction)
    centers = ndimage.center_of_mass(reference, pieces, range(1, count + 1)) if count else []
    low_k, low_j, low_i = corner_kji
    lesions = []
    for (k, j, i), size, part in zip(centers, sizes, covered, strict=True):
        volume_ml = float(size) * voxel_ml
        lesions.append(
            Lesion(
                label,
                name,
                (float(k + low_k), float(j + low_j), float(i + low_i)),
                volume_ml,
                radius_mm(volume_ml),
                size_of(radius_mm(volume_ml)),
                100 * float(part) / float(size),
                _is_hit(part, size, measures),
            )
        )
    _, found, sizes, covered = _covered(prediction, reference)
    false = sum(not _is_hit(part, size, measures) for part, size in zip(covered, sizes, strict=True))
    return Lesions(label, name, tuple(lesions), found, false)


def _covered(mask: np.ndarray, by: np.ndarray) -> tuple[np.ndarray, int, np.ndarray, np.ndarray]:
    """The pieces of a mask, their number, voxels of each, and how many of these another mask covers."""
    pieces, count = ndimage.label(mask, _TOUCHING)
    sizes = np.bincount(pieces[mask], minlength=count + 1)[1:]
    return pieces, count, sizes, np.bincount(pieces[mask & by], minlength=count + 1)[1:]


def _is_hit(covered: int, size: int, measures: Measures) -> bool:
    return bool(covered > 0 and 100 * covered >= measures.hit_percent * size)
