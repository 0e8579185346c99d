"""Sums over all voxels of an image, weighed by a Gaussian of their distance in mm and, if wanted, in HU.

The sum over all pairs would take days. As in a bilateral grid (Paris and Durand, IJCV 2009;81:24), values are dealt out
linearly to the corners of cells a fraction of a sigma wide, the grid is blurred along one axis after the other, and
read linearly. What dealing out and reading blur is taken off the variance of the blur between.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from .regions import Spacing

CELLS_PER_SIGMA = 2
"""Three would halve the error, and take five times the cells."""

REACH_SIGMAS = 4.0
"""Pairs further apart than this along any axis do not count; their weight would be below 0.0004."""

_MOST_CELLS = 12_000_000
_CHUNK = 65_536  # arrays of that length stay in the processor's cache


@dataclass(frozen=True)
class Axis:
    """One axis of the grid. step: of a cell, in mm or HU. between: whether voxels lie between corners.

    taps: weight by the distance in cells, up to the reach.
    """

    step: float
    between: bool
    taps: torch.Tensor

    @classmethod
    def of(cls, sigma: float, spacing: float | None) -> Axis:
        """spacing: of voxels along it, whose cells they are where these are fine enough; None: any values."""
        if spacing is not None and CELLS_PER_SIGMA * spacing >= sigma:
            step, between, width = spacing, False, sigma
        else:
            step, between = sigma / CELLS_PER_SIGMA, True
            width = (sigma**2 - step**2 / 3) ** 0.5  # a hat of one cell has the variance step² / 6, and there are two
        cells = torch.arange(int(REACH_SIGMAS * sigma / step) + 1, dtype=torch.float64) * step
        return cls(step, between, (sigma / width * torch.exp(-0.5 * (cells / width) ** 2)).float())

    @property
    def reach(self) -> int:
        return len(self.taps) - 1

    def weights(self, targets: range, sources: range) -> torch.Tensor:
        """What each target corner takes of each source corner, (targets, sources)."""
        apart = (torch.arange(targets.start, targets.stop)[:, None] - torch.arange(sources.start, sources.stop)).abs()
        return torch.where(apart <= self.reach, self.taps[apart.clamp(max=self.reach)], 0.0)

    def itself(self, fraction: torch.Tensor) -> torch.Tensor:
        """What a value at that fraction of a cell gives to itself."""
        if not self.between:
            return torch.ones_like(fraction)
        nearest, next_one = float(self.taps[0]), float(self.taps[1])
        return ((1 - fraction) ** 2 + fraction**2) * nearest + 2 * fraction * (1 - fraction) * next_one


class GaussianSums:
    """Sums of values at voxels, given by their index in the flattened image (K, J, I).

    spacing_mm: along k, j, i. hu: (K × J × I,) float32, with sigma_hu; None: distance in HU does not count.
    """

    def __init__(self, shape: Sequence[int], spacing_mm: Spacing, sigma_mm: float,
                 hu: torch.Tensor | None = None, sigma_hu: float = 1.0):  # fmt: skip
        self.shape, self.hu = tuple(shape), hu
        self.spacing = [float(step) for step in spacing_mm]
        self.axes = [Axis.of(sigma_mm, step) for step in self.spacing]
        if hu is not None:
            self.axes.append(Axis.of(sigma_hu, None))
            self.lowest = float(hu.min())

    def at(self, targets: torch.Tensor, sources: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """For each target i the sum of weight(i, j) value(j) over all sources j, i itself among them if it is one.

        targets, sources: indices (N,), ascending. values: (sources,) float32.
        """
        found = torch.zeros(len(targets))
        if len(targets) and len(sources):
            first = self._lower(targets)
            cells = first if targets is sources else self._lower(sources)
            self._sum(targets, sources, values, first, cells, torch.arange(len(targets)), found)
        return found

    @property
    def reach_slices(self) -> int:
        """Slices on both sides of a voxel that count in its sum."""
        axis = self.axes[0]
        return math.ceil((axis.reach + 2) * axis.step / self.spacing[0])

    def itself(self, targets: torch.Tensor) -> torch.Tensor:
        """The weight of a voxel in its own sum, 1 but for the grid."""
        total = torch.ones(len(targets))
        for part in _parts(targets):
            for axis, fraction in zip(self.axes, self._cells(targets[part])[1].unbind(1), strict=True):
                total[part] *= axis.itself(fraction)
        return total

    def _lower(self, index: torch.Tensor) -> torch.Tensor:
        """The lower corner of the cell of each voxel, (N, axes) int16."""
        return torch.cat([self._cells(index[part])[0].to(torch.int16) for part in _parts(index)])

    def _cells(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The lower corner of the cell of each voxel (N, axes), and where in it the voxel lies, 0 to 1."""
        _, rows, columns = self.shape
        places = [index // (rows * columns), index // columns % rows, index % columns]
        lower: list[torch.Tensor] = []
        inside: list[torch.Tensor] = []
        for place, step, axis in zip(places, self.spacing, self.axes, strict=False):
            self._locate(place.float() * (step / axis.step) if axis.between else place, lower, inside)
        if self.hu is not None:
            self._locate((self.hu[index] - self.lowest) / self.axes[3].step, lower, inside)
        return torch.stack(lower, 1), torch.stack(inside, 1)

    @staticmethod
    def _locate(place: torch.Tensor, lower: list[torch.Tensor], inside: list[torch.Tensor]) -> None:
        cell = place.floor() if place.is_floating_point() else place
        lower.append(cell.to(torch.int32))
        inside.append((place - cell).float())

    def _sum(self, targets, sources, values, first, cells, places, found) -> None:
        """Into found at places. first, cells: lower corners of targets and sources. In halves while too large."""
        low, high = first.amin(0).tolist(), first.amax(0).tolist()
        wanted = [range(a, b + 1 + axis.between) for a, b, axis in zip(low, high, self.axes, strict=True)]
        near = torch.ones(len(sources), dtype=torch.bool)
        for index, (axis, part) in enumerate(zip(self.axes, wanted, strict=True)):
            near &= (cells[:, index] >= part.start - axis.reach - 1) & (cells[:, index] < part.stop + axis.reach)
        if not near.all():
            sources, values, cells = sources[near], values[near], cells[near]
        if not len(sources):
            return
        low, high = cells.amin(0).tolist(), cells.amax(0).tolist()
        given = [range(a, b + 1 + axis.between) for a, b, axis in zip(low, high, self.axes, strict=True)]
        longest = max(range(len(wanted)), key=lambda index: len(wanted[index]) / (2 * self.axes[index].reach + 1))
        if _size(given) > _MOST_CELLS and len(wanted[longest]) > 2:
            middle = wanted[longest].start + len(wanted[longest]) // 2
            for half in (first[:, longest] < middle, first[:, longest] >= middle):
                if half.any():
                    self._sum(targets[half], sources, values, first[half], cells, places[half], found)
            return
        grid = torch.zeros(_size(given))
        for chunk in _parts(sources):
            for index, weight in self._corners(sources[chunk], given, values[chunk]):
                grid.index_add_(0, index, weight)
        grid = grid.reshape([len(part) for part in given])
        for axis, (target, source) in zip(self.axes, zip(wanted, given, strict=True), strict=True):
            grid = _blurred(grid, axis, target, source)
        grid = grid.reshape(-1)
        for chunk in _parts(targets):
            corners = self._corners(targets[chunk], wanted, torch.ones(len(targets[chunk])))
            found[places[chunk]] = sum(grid[index].mul_(weight) for index, weight in corners)

    def _corners(self, voxels: torch.Tensor, box: Sequence[range], values: torch.Tensor) -> Iterator:
        """The corners around voxels, as indices into the flattened box, each with its share of their values."""
        lower, inside = self._cells(voxels)
        strides = [_size(box[place + 1 :]) for place in range(len(box))]
        base = (lower[:, -1] - box[-1].start).clone()
        for place in range(len(box) - 1):
            base += (lower[:, place] - box[place].start) * strides[place]
        yield from self._shared(base, values, inside, strides, 0)

    def _shared(self, index: torch.Tensor, values: torch.Tensor, inside: torch.Tensor, strides, place: int) -> Iterator:
        """Values dealt out along one axis after the other, so that what corners have in common is computed once."""
        if place == len(self.axes):
            yield index, values
        elif not self.axes[place].between:
            yield from self._shared(index, values, inside, strides, place + 1)
        else:
            upper = values * inside[:, place]
            yield from self._shared(index, values - upper, inside, strides, place + 1)
            yield from self._shared(index + strides[place], upper, inside, strides, place + 1)


def _blurred(grid: torch.Tensor, axis: Axis, targets: range, sources: range) -> torch.Tensor:
    """Along the axis in front, which goes to the end, so that after all of them their order is as before.

    In blocks, as far from the diagonal all weights are 0.
    """
    block, found = 2 * axis.reach + 1, []
    for start in range(targets.start, targets.stop, block):
        part = range(start, min(start + block, targets.stop))
        first, last = max(part.start - axis.reach, sources.start), min(part.stop + axis.reach, sources.stop)
        given = range(first, max(first, last))  # nothing may be near
        rows = grid[given.start - sources.start : given.stop - sources.start]
        found.append(torch.tensordot(rows, axis.weights(part, given), dims=([0], [1])))
    return found[0] if len(found) == 1 else torch.cat(found, -1)


def _parts(index: torch.Tensor) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, len(index), _CHUNK))


def _size(box: Sequence[range]) -> int:
    return math.prod(len(part) for part in box)
