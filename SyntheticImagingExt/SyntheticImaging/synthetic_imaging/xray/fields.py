"""A CT made ready for marching along rays."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..errors import InputError
from ..volume import Volume
from .bases import Bases

AS_IT_IS = torch.tensor([[0.0, 1.0]], dtype=torch.float64), torch.empty(0, dtype=torch.float64)
"""Pieces and knots of a field that holds the amounts of one material."""

_LARGEST_SHORT = 2**15 - 1


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
    def of(cls, data: torch.Tensor, pieces: torch.Tensor, knots: torch.Tensor, factors=(1, 1, 1)) -> Field:
        whole = bool((pieces[:, 0] != 0).any())
        support = ((0, 0, 0), tuple(data.shape)) if whole else _support(data)
        return cls(data, support, pieces, knots, tuple(factors))

    def coarser(self, factors: tuple[int, int, int]) -> Field:
        """Blocks of voxels averaged; blocks that stand over the edge are filled up with nothing."""
        if tuple(factors) == (1, 1, 1):
            return self
        fine = self.data.float()[None, None]
        data = torch.nn.functional.avg_pool3d(fine, factors, ceil_mode=True, count_include_pad=False)[0, 0].contiguous()
        for axis, (count, factor) in enumerate(zip(self.data.shape, factors, strict=True)):
            if count % factor:
                data.narrow(axis, data.shape[axis] - 1, 1).mul_(count % factor / factor)
        data = _short(data) if self.data.dtype == torch.int16 else data
        return Field.of(data, self.pieces, self.knots, factors)


def fields_of(volume: Volume, bases: Bases, labels, materials: dict[int, Bases], device: torch.device) -> list[Field]:
    """The fields whose integrals, one after the other, are the amounts of the materials.

    One field for all where amounts follow from the CT number at each sample; one per material, of amounts in the
    voxels, where a label map tells them or a table has steps, which only voxels can have.
    """
    if labels is None and not bases.steep:
        return [Field.of(_above(volume.data, bases).to(device), *bases.pieces())]
    if labels is not None and not volume.same_grid(labels):
        raise InputError("The label map lies on another grid than the CT; resample it onto the CT first.")
    count = len(bases.weights)
    if any(len(table.weights) != count for table in materials.values()):
        raise InputError(f"Every label's table must hold {count} materials, as that of the unlabeled voxels does.")
    amounts = torch.empty((count, *volume.shape))
    for k in range(volume.shape[0]):
        hu = volume.data[k].double()
        amounts[:, k] = bases.at(hu)
        for label, table in materials.items() if labels is not None else ():
            inside = labels.data[k] == label
            amounts[:, k, inside] = table.at(hu[inside]).float()
    return [Field.of(data.to(device), *AS_IT_IS) for data in amounts]


def _above(hu: torch.Tensor, bases: Bases) -> torch.Tensor:
    """CT numbers above the first of the table, and not above its last; int16 where all are whole numbers."""
    low, high = bases.hu[0], bases.hu[-1]
    whole = not hu.is_floating_point() and low.is_integer() and high.is_integer() and high - low <= _LARGEST_SHORT
    if not whole:
        return hu.float().clamp(low, high).sub_(low).contiguous()
    return _short(hu.to(torch.int32) if hu.dtype not in (torch.int16, torch.int32) else hu, int(low), int(high))


def _short(values: torch.Tensor, low: int = 0, high: int = _LARGEST_SHORT) -> torch.Tensor:
    """Whole numbers in [low, high] above low as int16, with a spare one behind the last for readers of pairs."""
    room = torch.empty(values.numel() + 2, dtype=torch.int16, device=values.device)
    data = room[: values.numel()].view(values.shape)
    for k in range(len(values)):
        plane = values[k].round() if values.is_floating_point() else values[k]
        data[k] = plane.clamp(low, high).to(torch.int32) - low
    return data


def _support(data: torch.Tensor) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The box of voxels that are not 0: first and one past the last along each axis."""
    low, high = [], []
    occupied = data != 0
    flat = [occupied.any(dim=2).any(dim=1), occupied.any(dim=2).any(dim=0), occupied.any(dim=1).any(dim=0)]
    for line in flat:
        found = torch.nonzero(line)[:, 0]
        low.append(int(found[0]) if len(found) else 0)
        high.append(int(found[-1]) + 1 if len(found) else 0)
    return tuple(low), tuple(high)
