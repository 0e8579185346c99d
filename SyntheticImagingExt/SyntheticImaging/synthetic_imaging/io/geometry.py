"""SimpleITK images (LPS, i-j-k) to volumes (RAS, K-J-I) and back."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..errors import InputError
from ..volume import Volume

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHEAR_TOLERANCE = 1e-3
"""Largest cosine between two axes; moves a corner of a 500 mm field by less than a voxel."""

_ROUNDING = 1e-7
"""Of axes in double precision."""


def matrix_of(image: sitk.Image) -> np.ndarray:
    """The ijk_to_ras matrix (4, 4) of an image; either handedness."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.asarray(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return LPS_TO_RAS @ matrix


def place(image: sitk.Image, ijk_to_ras: np.ndarray) -> None:
    """Give an image the geometry of a matrix."""
    lps = LPS_TO_RAS @ ijk_to_ras
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(lps[:3, 3].tolist())


def lean_of(ijk_to_ras: np.ndarray) -> float:
    """The largest cosine between two axes of a grid; 0 where they are at right angles."""
    axes = ijk_to_ras[:3, :3] / np.linalg.norm(ijk_to_ras[:3, :3], axis=0)
    return float(np.abs(axes.T @ axes - np.eye(3)).max())


def straightened(ijk_to_ras: np.ndarray) -> np.ndarray:
    """The nearest grid whose axes are at right angles, of the same voxel size and origin; itself where they are."""
    if lean_of(ijk_to_ras) < _ROUNDING:
        return ijk_to_ras
    size = np.linalg.norm(ijk_to_ras[:3, :3], axis=0)
    left, _, right = np.linalg.svd(ijk_to_ras[:3, :3] / size)
    matrix = ijk_to_ras.copy()
    matrix[:3, :3] = left @ right * size
    return matrix


def refuse_shear(ijk_to_ras: np.ndarray, name: str) -> None:
    if lean_of(ijk_to_ras) > SHEAR_TOLERANCE:
        raise InputError(
            f"'{name}' lies on a sheared grid (its axes are not at right angles, as with a tilted gantry); "
            "resample it to a straight grid first, for example with Slicer's Resample Scalar/Vector/DWI Volume."
        )


def image_from_volume(volume: Volume) -> sitk.Image:
    """An image that holds a copy of the voxels on the same grid."""
    image = sitk.GetImageFromArray(volume.numpy())
    place(image, volume.ijk_to_ras)
    return image
