"""A CT made ready for marching along rays, slab by slab, so that a window can live on meanwhile."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from ..errors import InputError
from ..steps import on_all_cores
from ..tuples import three
from ..volume import Volume
from .bases import Bases

AS_IT_IS = torch.tensor([[0.0, 1.0]], dtype=torch.float64), torch.empty(0, dtype=torch.float64)
"""Pieces and knots of a field that holds the amounts of one material."""

_LARGEST_SHORT = 2**15 - 1
_LARGEST_TABLE = 1 << 17
_SLAB_VOXELS = 1 << 21


@dataclass(frozen=True)
class Field:
    """What one march along the rays reads: voxels that are 0 where there is nothing, and how to read them.

    data: (K, J, I) float32, or int16 where that loses nothing. support: (first, one past last) voxel (k, j, i) that
    is not 0. pieces, knots: see ``Bases.pieces``. factors: voxels of the CT per voxel of this field along k, j, i.
    """

    data: torch.Tensor
    support: tuple[tuple[int, int, int], tuple[int, int, int]]
    pieces: torch.Tensor
    knots: torch.Tensor
    factors: tuple[int, int, int] = (1, 1, 1)

    @classmethod
    def of(cls, data: torch.Tensor, pieces: torch.Tensor, knots: torch.Tensor) -> Field:
        """Voxels as they are, on their device."""
        occupied = _Occupied(data)
        for first, last in _slabs(data.shape):
            occupied.note(_where(first, data[first:last]))
        return cls(data, occupied.box(pieces), pieces, knots)

    def coarser(self, factors: tuple[int, int, int]) -> Generator[float, None, Field]:
        """Blocks of voxels averaged; blocks that stand over the edge are filled up with nothing.

        Yields the share that is done after every slab.
        """
        factors = three(factors)
        if factors == (1, 1, 1):
            return self
        shape = tuple(-(-count // factor) for count, factor in zip(self.data.shape, factors, strict=True))
        filling = _Filling(shape, self.data.dtype, self.data.device)

        def fill(first: int, last: int):
            return last, [filling.put(first // factors[0], _averaged(self.data[first:last].float(), factors))]

        yield from _filled([filling], fill, self.data.shape, factors[0])
        return filling.field(self.pieces, self.knots, factors)


def fields_of(
    volume: Volume, bases: Bases, labels: Volume | None, materials: dict[int, Bases], device: torch.device
) -> Generator[float, None, list[Field]]:
    """The fields whose integrals, one after the other, are the amounts of the materials.

    One field for all where amounts follow from the CT number at each sample; one per material, of amounts in the
    voxels, where a label map tells them or a table has steps, which only voxels can have. Yields the share that is
    done after every slab.
    """
    if labels is None and not bases.steep:
        return (yield from _numbers(volume.data, bases, device))
    if labels is not None and not volume.same_grid(labels):
        raise InputError("The label map lies on another grid than the CT; resample it onto the CT first.")
    if any(len(table.weights) != len(bases.weights) for table in materials.values()):
        raise InputError(
            f"Every label's table must hold {len(bases.weights)} materials, as that of the unlabeled voxels does."
        )
    return (yield from _amounts(volume, bases, labels, materials, device))


def _numbers(hu: torch.Tensor, bases: Bases, device: torch.device) -> Generator[float, None, list[Field]]:
    """CT numbers above the first of the table, and not above its last; int16 where all are whole numbers."""
    low, high = bases.hu[0], bases.hu[-1]
    short = not hu.is_floating_point() and low.is_integer() and high.is_integer() and high - low <= _LARGEST_SHORT
    if short and not (hu.dtype == torch.int16 and low >= -_LARGEST_SHORT and high <= _LARGEST_SHORT):
        wide = torch.int32
    else:
        wide = torch.int16 if short else torch.float32
    low, high = (int(low), int(high)) if short else (low, high)
    filling = _Filling(hu.shape, torch.int16 if short else torch.float32, device)

    def fill(first: int, last: int):
        return last, [filling.put(first, hu[first:last].to(wide).clamp(low, high).sub_(low))]

    yield from _filled([filling], fill, hu.shape)
    return [filling.field(*bases.pieces())]


def _amounts(volume: Volume, bases: Bases, labels, materials, device) -> Generator[float, None, list[Field]]:
    """One field per material."""
    fillings = [_Filling(volume.shape, torch.float32, device) for _ in bases.weights]

    def fill(first: int, last: int):
        hu = volume.data[first:last]
        amounts = _amounts_at(hu, bases)
        for label, table in materials.items() if labels is not None else ():
            inside = labels.data[first:last] == label
            amounts[:, inside] = _amounts_at(hu[inside], table)
        return last, [filling.put(first, amount) for filling, amount in zip(fillings, amounts, strict=True)]

    yield from _filled(fillings, fill, volume.shape)
    return [filling.field(*AS_IT_IS) for filling in fillings]


def _amounts_at(hu: torch.Tensor, bases: Bases) -> torch.Tensor:
    """Amounts (B, ...) float32 at CT numbers, looked up where these are whole numbers, as in most scans."""
    table, lowest = _table(bases)
    if table is None or (hu.is_floating_point() and not torch.equal(hu, hu.round())):
        return bases.at(hu.double()).float()
    wide = hu if hu.is_floating_point() else hu.to(torch.int32)
    index = (wide.clamp(lowest, lowest + table.shape[1] - 1) - lowest).to(torch.int32).flatten()
    return torch.stack([row.index_select(0, index).view(hu.shape) for row in table.to(hu.device)])


@lru_cache(maxsize=64)
def _table(bases: Bases) -> tuple[torch.Tensor | None, int]:
    """Amounts (B, n) at the whole CT numbers from the returned one on; None for more numbers than are worth it."""
    lowest, highest = int(np.floor(bases.hu[0])), int(np.ceil(bases.hu[-1]))
    if highest - lowest > _LARGEST_TABLE:
        return None, lowest
    return bases.at(torch.arange(lowest, highest + 1, dtype=torch.float64)).float(), lowest


def _filled(fillings: list[_Filling], fill, shape, multiple: int = 1) -> Generator[float, None, None]:
    """Every slab by ``fill(first, last)``, on all cores; yields the share that is done."""
    for last, seen in on_all_cores(fill, _slabs(shape, multiple)):
        for filling, where in zip(fillings, seen, strict=True):
            filling.occupied.note(where)
        yield last / shape[0]


class _Filling:
    """A field that is being filled slab by slab."""

    def __init__(self, shape, dtype: torch.dtype, device: torch.device):
        count = int(np.prod(shape))
        # one voxel to spare behind the last, for readers of pairs
        self._data = torch.empty(count + 2, dtype=dtype, device=device)[:count].view(tuple(shape))
        self.occupied = _Occupied(self._data)

    def put(self, first: int, slab: torch.Tensor) -> _Where:
        """Slices (k, J, I) from ``first`` on, rounded where the field holds whole numbers; tells what is not 0."""
        if slab.is_floating_point() and not self._data.is_floating_point():
            slab = slab.round_()
        place = self._data[first : first + len(slab)]
        place.copy_(slab)
        return _where(first, place)

    def field(self, pieces: torch.Tensor, knots: torch.Tensor, factors=(1, 1, 1)) -> Field:
        return Field(self._data, self.occupied.box(pieces), pieces, knots, factors)


_Where = tuple[int, torch.Tensor, torch.Tensor]
"""First slice of a slab, which of its slices hold anything (k,), and where any of them does (J, I)."""


def _where(first: int, slab: torch.Tensor) -> _Where:
    size = slab.abs() if slab.is_floating_point() else slab  # whole numbers are never negative here
    return first, size.flatten(1).amax(dim=1) != 0, size.amax(dim=0) != 0


class _Occupied:
    """The box of voxels that are not 0."""

    def __init__(self, data: torch.Tensor):
        self._shape = three(data.shape)
        self._slices = torch.zeros(self._shape[0], dtype=torch.bool, device=data.device)
        self._front = torch.zeros(self._shape[1:], dtype=torch.bool, device=data.device)

    def note(self, where: _Where) -> None:
        first, slices, front = where
        self._slices[first : first + len(slices)] = slices
        self._front |= front

    def box(self, pieces: torch.Tensor) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """First and one past the last along k, j, i; the whole volume where a 0 counts, too."""
        if bool((pieces[:, 0] != 0).any()):
            return (0, 0, 0), self._shape
        lines = (self._slices, self._front.any(dim=1), self._front.any(dim=0))
        found = [torch.nonzero(line)[:, 0].tolist() or [0, -1] for line in lines]
        return three(places[0] for places in found), three(places[-1] + 1 for places in found)


def _averaged(slab: torch.Tensor, factors: tuple[int, int, int]) -> torch.Tensor:
    """Means over blocks; what is missing of the last block along an axis counts as 0."""
    for axis, factor in enumerate(factors):
        if factor == 1:
            continue
        missing = -slab.shape[axis] % factor
        if missing:
            slab = torch.nn.functional.pad(slab, [0, 0] * (2 - axis) + [0, missing])
        blocks = slab.unflatten(axis, (-1, factor))
        slab = sum(blocks.select(axis + 1, place) for place in range(factor)) / factor
    return slab


def _slabs(shape, multiple: int = 1) -> Iterator[tuple[int, int]]:
    """First and one past the last slice of parts that take a few milliseconds each, in multiples of some slices."""
    thick = max(1, _SLAB_VOXELS // max(1, shape[1] * shape[2]) // multiple) * multiple
    for first in range(0, shape[0], thick):
        yield first, min(first + thick, shape[0])
