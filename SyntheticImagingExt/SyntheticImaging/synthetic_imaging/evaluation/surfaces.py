"""Distances between the surfaces of two masks, in mm, whatever the spacing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..cores import CORES


@dataclass(frozen=True)
class Distances:
    """From every surface voxel of one mask to the nearest of the other, both ways; each empty where a mask is.

    A surface voxel is one of the mask whose six neighbors are not all of the mask; what lies outside the image is not.
    Each counts the same, whatever the spacing. Heimann et al., IEEE TMI 2009;28:1251, take 18 neighbors; six is what
    MONAI and SimpleITK take.
    """

    there: np.ndarray
    back: np.ndarray

    @property
    def all(self) -> np.ndarray:
        return np.concatenate([self.there, self.back])

    def share_within(self, tolerance_mm: float) -> float:
        """Normalized surface dice (Nikolov et al., J Med Internet Res 2021;23:e26151), with voxels for areas."""
        return _mean(self.all <= tolerance_mm)

    @property
    def mean_mm(self) -> float:
        """Average symmetric surface distance."""
        return _mean(self.all)

    @property
    def root_mean_square_mm(self) -> float:
        return float(np.sqrt(_mean(self.all**2)))

    @property
    def largest_mm(self) -> float:
        """Hausdorff distance."""
        return float(self.all.max()) if self.all.size else float("nan")


def surface_voxels(mask: np.ndarray) -> np.ndarray:
    """Indices (N, 3) of the voxels of a mask (K, J, I) that touch what is not the mask with a face."""
    padded = np.pad(mask, 1)
    inner = mask.copy()
    for axis in range(3):
        for start in (0, 2):
            moved = tuple(
                slice(start, start + n) if axis == here else slice(1, 1 + n) for here, n in enumerate(mask.shape)
            )
            inner &= padded[moved]
    return np.argwhere(mask & ~inner)


def distances(prediction: np.ndarray, reference: np.ndarray, spacing_mm: np.ndarray) -> Distances:
    """Of two masks (K, J, I) on one grid. spacing_mm: along k, j, i.

    A tree of the surface voxels finds the nearest of them exactly; a map of distances would take many times the memory
    of the image.
    """
    first, second = (surface_voxels(mask) * np.asarray(spacing_mm) for mask in (prediction, reference))
    if not len(first) or not len(second):
        return Distances(np.empty(0), np.empty(0))
    there = cKDTree(second).query(first, workers=CORES)[0]
    back = cKDTree(first).query(second, workers=CORES)[0]
    return Distances(there, back)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
