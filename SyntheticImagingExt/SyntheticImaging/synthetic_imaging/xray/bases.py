"""Material tables: how much of each material a voxel of a CT number holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..errors import InputError

_STEEPEST_PER_HU = 0.05


@dataclass(frozen=True)
class Bases:
    """How much of each material a voxel of a CT number holds, as piecewise linear functions.

    hu: rising CT numbers, at least two. weights: for each basis as many numbers, the amount per volume there
    (1 for water: the integral is then in mm of water). Constant below the first and above the last CT number.
    """

    hu: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]

    def __post_init__(self):
        knots = np.asarray(self.hu, dtype=np.float64)
        if knots.ndim != 1 or len(knots) < 2 or not np.isfinite(knots).all() or (np.diff(knots) <= 0).any():
            raise InputError("The CT numbers of a material table must be finite and rise; give at least two.")
        weights = np.asarray(self.weights, dtype=np.float64)
        if weights.ndim != 2 or weights.shape[1] != len(knots) or not len(weights) or not np.isfinite(weights).all():
            raise InputError(f"Each material needs one finite weight for each of the {len(knots)} CT numbers.")
        object.__setattr__(self, "hu", tuple(knots.tolist()))
        object.__setattr__(self, "weights", tuple(map(tuple, weights.tolist())))

    @property
    def steep(self) -> bool:
        """Whether an amount changes so fast with the CT number that it is a step: a threshold, not a mixture."""
        return bool((np.abs(np.diff(self.weights, axis=1) / np.diff(self.hu)) > _STEEPEST_PER_HU).any())

    def pieces(self) -> tuple[torch.Tensor, torch.Tensor]:
        """As functions of v = hu - hu[0], 0 ≤ v: (B, 2 + H) value at 0, slope there, changes of slope; (H,) where."""
        hu, weights = np.array(self.hu), np.array(self.weights)
        slopes = np.diff(weights, axis=1) / np.diff(hu)
        table = np.hstack([weights[:, :1], slopes[:, :1], np.diff(slopes, axis=1)])
        return torch.from_numpy(table), torch.from_numpy(hu[1:-1] - hu[0])

    def at(self, hu: torch.Tensor) -> torch.Tensor:
        """The amounts at CT numbers of any shape (...): (B, ...), in their type; computed in double precision."""
        value = hu.double().clamp(self.hu[0], self.hu[-1])
        knots = torch.tensor(self.hu, dtype=torch.float64, device=hu.device)
        piece = (torch.searchsorted(knots, value.detach(), right=True) - 1).clamp(0, len(self.hu) - 2)
        share = (value - knots[piece]) / (knots[piece + 1] - knots[piece])
        table = torch.tensor(self.weights, dtype=torch.float64, device=hu.device)
        amounts = torch.stack([torch.lerp(row[piece], row[piece + 1], share) for row in table])
        return amounts.to(hu.dtype if hu.is_floating_point() else torch.float32)


WATER = Bases(hu=(-1000.0, 31000.0), weights=((0.0, 32.0),))
"""Water-equivalent path length: max(0, 1 + HU/1000)."""
