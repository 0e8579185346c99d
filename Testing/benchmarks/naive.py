"""The published method as it is written down, with SciPy on every voxel of the array it is given.

Formulas: Hu et al., "Label-Free Liver Tumor Segmentation", CVPR 2023; elastic deformation by smoothed random
displacements (Simard et al., ICDAR 2003); local scaling warp (Gustafsson 1993). No published code was used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

COARSENESS = 1.6
TEXTURE_BLUR = 0.5
CAPSULE_BAND = (0.4, 0.7)
CAPSULE_BLUR = 0.8
ELASTIC_RADII = 0.75
"""Smoothing of the random displacements, in radii."""


@dataclass(frozen=True)
class Wanted:
    """A lesion in array order (k, j, i): center in voxels; push 0 to 1 and reach in radii are the mass effect's."""

    spacing_mm: tuple[float, float, float]
    center: tuple[float, float, float]
    half_axes_mm: tuple[float, float, float]
    mean_hu: float
    noise_hu: float
    elastic_mm: float
    edge_mm: float
    push: float
    reach: float
    capsule_hu: float
    seed: int


def insert(hu: np.ndarray, organ: np.ndarray, wanted: Wanted) -> tuple[np.ndarray, np.ndarray]:
    """The CT (K, J, I) with the lesion in it, and the lesion's voxels."""
    rng = np.random.default_rng(wanted.seed)
    spacing = np.asarray(wanted.spacing_mm)
    mask = _deformed(_ellipsoid(hu.shape, wanted), wanted, rng)
    soft = _blurred(mask, wanted.edge_mm / spacing)
    weight = soft * (organ > 0)
    result = (1 - weight) * _pushed(hu, wanted) + weight * _texture(hu.shape, wanted, rng)
    if wanted.capsule_hu:
        low, high = CAPSULE_BAND
        result += wanted.capsule_hu * _blurred(((soft >= low) & (soft <= high)).astype(np.float32), CAPSULE_BLUR)
    return np.rint(result).astype(hu.dtype), (soft > 0.5) & (organ > 0)


def _blurred(values: np.ndarray, sigma) -> np.ndarray:
    return ndimage.gaussian_filter(values, sigma, output=np.float32)


def _squared_mm(shape, wanted: Wanted) -> list[np.ndarray]:
    """Squared distances from the center along each axis, ready to be added up."""
    lines = [
        ((np.arange(n, dtype=np.float32) - np.float32(c)) * np.float32(s)) ** 2
        for n, c, s in zip(shape, wanted.center, wanted.spacing_mm, strict=True)
    ]
    return [lines[0][:, None, None], lines[1][None, :, None], lines[2][None, None, :]]


def _ellipsoid(shape, wanted: Wanted) -> np.ndarray:
    parts = [line / np.float32(a) ** 2 for line, a in zip(_squared_mm(shape, wanted), wanted.half_axes_mm, strict=True)]
    return (sum(parts) <= 1).astype(np.float32)


def _deformed(mask: np.ndarray, wanted: Wanted, rng: np.random.Generator) -> np.ndarray:
    sigma = ELASTIC_RADII * float(np.mean(wanted.half_axes_mm)) / np.asarray(wanted.spacing_mm)
    where = np.indices(mask.shape, dtype=np.float32)
    for axis, step in enumerate(wanted.spacing_mm):
        moved = _blurred(rng.standard_normal(mask.shape, dtype=np.float32), sigma)
        where[axis] += moved * np.float32(wanted.elastic_mm / step / moved.std())
    return ndimage.map_coordinates(mask, where, order=1, mode="nearest")


def _texture(shape, wanted: Wanted, rng: np.random.Generator) -> np.ndarray:
    size = [round(n / COARSENESS) for n in shape]
    coarse = rng.normal(wanted.mean_hu, wanted.noise_hu, size).astype(np.float32)
    zoom = [n / m for n, m in zip(shape, size, strict=True)]
    return _blurred(ndimage.zoom(coarse, zoom, order=3, mode="nearest"), TEXTURE_BLUR)


def _pushed(hu: np.ndarray, wanted: Wanted) -> np.ndarray:
    away = np.sqrt(sum(_squared_mm(hu.shape, wanted))) / np.float32(wanted.reach * np.mean(wanted.half_axes_mm))
    scale = 1 - np.clip(1 - away, 0, None) ** 2 * np.float32(wanted.push)
    where = np.indices(hu.shape, dtype=np.float32)
    for axis, center in enumerate(wanted.center):
        where[axis] = center + (where[axis] - np.float32(center)) * scale
    return ndimage.map_coordinates(hu, where, order=1, mode="nearest", output=np.float32)
