"""A volume: voxels as a tensor, and where they are in the patient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import ArrayLike

from .errors import InputError

PADDING_BELOW_HU = -1500
"""Voxels below this are outside the scan circle (-2000, -2048, -3024 by vendor), not tissue."""

AIR_HU = -1024
"""The lowest Hounsfield number that means anything."""

_UNSIGNED = (torch.uint8, torch.uint16, torch.uint32, torch.uint64)


@dataclass(frozen=True)
class Volume:
    """Voxels and their place.

    data: tensor of shape (K, J, I), slice-row-column as in numpy and Slicer; HU for CT, integers
        for labels; the dtype is that of the file.
    ijk_to_ras: float64 array (4, 4) that maps (i, j, k, 1) to millimeters in RAS; any rotation,
        flip and spacing, no shear.
    metadata: what the file said beside the voxels, kept when the volume is written.
    """

    data: torch.Tensor
    ijk_to_ras: np.ndarray
    metadata: dict[str, str] | None = None

    def __post_init__(self):
        matrix = np.asarray(self.ijk_to_ras, dtype=np.float64)
        if self.data.ndim != 3:
            raise InputError(
                f"The volume has shape {tuple(self.data.shape)}; a three-dimensional scalar volume is needed."
            )
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
            raise InputError("The volume's geometry is not an invertible 4 by 4 matrix; export the series again.")
        object.__setattr__(self, "ijk_to_ras", matrix)

    @classmethod
    def from_numpy(cls, array: np.ndarray, ijk_to_ras: np.ndarray, metadata: dict | None = None) -> Volume:
        """Wrap an array (K, J, I) without copying where torch can share its memory."""
        return cls(torch.from_numpy(np.ascontiguousarray(array)), ijk_to_ras, metadata)

    def numpy(self) -> np.ndarray:
        """The voxels as an array (K, J, I), shared where the tensor lies in main memory."""
        return self.data.detach().cpu().numpy()

    def like(self, data: torch.Tensor | np.ndarray) -> Volume:
        """Another volume on the same grid."""
        data = torch.from_numpy(np.ascontiguousarray(data)) if isinstance(data, np.ndarray) else data
        if data.shape != self.data.shape:
            raise InputError(f"Shapes differ: {tuple(data.shape)} and {tuple(self.data.shape)}.")
        return replace(self, data=data)

    def with_signed_voxels(self) -> Volume:
        """The same numbers in voxels with a sign: HU go below 0, and torch has no arithmetic for most other types.

        int16 where all of them fit, else int32, else float64; itself where there is nothing to do.
        """
        if self.data.dtype not in _UNSIGNED:
            return self
        array = self.numpy()
        highest = int(array.max(initial=0))
        fitting = (dtype for dtype in (np.int16, np.int32) if highest <= np.iinfo(dtype).max)
        return self.like(array.astype(next(fitting, np.float64)))

    @property
    def shape(self) -> tuple[int, int, int]:
        slices, rows, columns = self.data.shape
        return slices, rows, columns

    @cached_property
    def spacing_mm(self) -> np.ndarray:
        """Voxel size along i, j and k in millimeters."""
        return np.linalg.norm(self.ijk_to_ras[:3, :3], axis=0)

    @cached_property
    def directions(self) -> np.ndarray:
        """Unit vectors of the i, j and k axes in RAS, as the columns of a (3, 3) array."""
        return self.ijk_to_ras[:3, :3] / self.spacing_mm

    @cached_property
    def ras_to_ijk(self) -> np.ndarray:
        return np.linalg.inv(self.ijk_to_ras)

    def ras_from_ijk(self, ijk: ArrayLike) -> np.ndarray:
        """Points (..., 3) in voxel coordinates (i, j, k) to millimeters in RAS."""
        return np.asarray(ijk, dtype=np.float64) @ self.ijk_to_ras[:3, :3].T + self.ijk_to_ras[:3, 3]

    def ijk_from_ras(self, ras: ArrayLike) -> np.ndarray:
        """Points (..., 3) in RAS millimeters to continuous voxel coordinates (i, j, k)."""
        inverse = self.ras_to_ijk
        return np.asarray(ras, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]

    def same_grid(self, other: Volume, tolerance_mm: float = 1e-3) -> bool:
        """Whether both volumes have the same shape and every corner within the tolerance."""
        if self.shape != other.shape:
            return False
        corners = np.stack(np.meshgrid(*[(0, n - 1) for n in reversed(self.shape)], indexing="ij"), -1)
        return bool(np.abs(self.ras_from_ijk(corners) - other.ras_from_ijk(corners)).max() <= tolerance_mm)
