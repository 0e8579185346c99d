"""Boxes of voxels, and the patient-like axes of a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..tuples import three
from ..volume import Volume


@dataclass(frozen=True)
class Region:
    """A box of voxels; start and stop in array order (k, j, i)."""

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        return three(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))

    @property
    def shape(self) -> tuple[int, int, int]:
        return three(max(0, b - a) for a, b in zip(self.start, self.stop, strict=True))

    @property
    def empty(self) -> bool:
        return 0 in self.shape

    def union(self, other: Region) -> Region:
        return Region(three(map(min, self.start, other.start)), three(map(max, self.stop, other.stop)))

    def intersects(self, other: Region) -> bool:
        return all(a < d and c < b for a, b, c, d in zip(self.start, self.stop, other.start, other.stop, strict=True))

    def relative_to(self, other: Region) -> Region:
        """This box counted from the start of another."""
        return Region(
            three(a - b for a, b in zip(self.start, other.start, strict=True)),
            three(a - b for a, b in zip(self.stop, other.start, strict=True)),
        )

    def cut(self, values: np.ndarray, where: Region) -> np.ndarray:
        """The part in this box of an array known only in the box ``where``; zero beyond."""
        result = np.zeros(self.shape, dtype=values.dtype)
        common = Region(three(map(max, self.start, where.start)), three(map(min, self.stop, where.stop)))
        if not common.empty:
            result[common.relative_to(self).slices] = values[common.relative_to(where).slices]
        return result

    @classmethod
    def around(cls, mask: np.ndarray, margin: int = 0) -> Region:
        """The smallest box around the nonzero voxels of an array, grown by a margin."""
        start, stop = [], []
        for axis in range(3):
            hits = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
            start.append(max(0, int(hits[0]) - margin) if hits.size else 0)
            stop.append(min(mask.shape[axis], int(hits[-1]) + 1 + margin) if hits.size else 0)
        return cls(three(start), three(stop))


@dataclass(frozen=True)
class Frame:
    """The axes of a grid, ordered and signed so that they point nearly right, anterior and superior.

    Random fields live in these axes: a volume stored flipped or transposed gets the same lesion.

    array_axes: for R, A and S the array axis (0 = k, 1 = j, 2 = i) that runs along it.
    signs: whether that axis runs with (1) or against (-1) it.
    directions: the three unit vectors in RAS, as columns.
    spacing_mm: voxel size along each.
    """

    array_axes: tuple[int, int, int]
    signs: tuple[int, int, int]
    directions: np.ndarray
    spacing_mm: np.ndarray

    @classmethod
    def of(cls, volume: Volume) -> Frame:
        """InputError when the grid is sheared (a tilted gantry that was never resampled)."""
        directions, spacing = volume.directions, volume.spacing_mm
        if np.abs(directions.T @ directions - np.eye(3)).max() > 1e-3:
            raise InputError("The volume's axes are not perpendicular (tilted gantry); resample the volume first.")
        columns, remaining = [0, 0, 0], {0, 1, 2}
        for column in np.argsort(-np.abs(directions).max(axis=0)):
            axis = max(remaining, key=np.abs(directions[:, column]).item)
            columns[axis] = int(column)
            remaining.remove(axis)
        signs = three(1 if directions[ras, column] > 0 else -1 for ras, column in enumerate(columns))
        return cls(three(2 - column for column in columns), signs, directions[:, columns] * signs, spacing[columns])

    def coordinates_mm(self, volume: Volume, region: Region, center_ras) -> list[np.ndarray]:
        """Distances of a region's voxel planes from a point, along each array axis (k, j, i).

        The sign is the frame's: the list holds, per array axis, millimeters along R, A or S.
        """
        center_ijk = volume.ijk_from_ras(center_ras)
        coordinates = [np.empty(0)] * 3
        for ras, array_axis in enumerate(self.array_axes):
            index = np.arange(region.start[array_axis], region.stop[array_axis], dtype=np.float64)
            coordinates[array_axis] = self.signs[ras] * self.spacing_mm[ras] * (index - center_ijk[2 - array_axis])
        return coordinates
