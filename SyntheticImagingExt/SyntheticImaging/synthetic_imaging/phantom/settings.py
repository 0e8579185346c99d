"""What a user sets of a phantom; nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass

from ..declared import Declared, flag, number, numbers, whole, wholes


@dataclass(frozen=True)
class Torso(Declared):
    """A torso on a grid of voxels. The anatomy of a seed is the same on every grid."""

    seed: int = whole(0, "Seed of the anatomy and the noise", low=0, high=2**31 - 1)
    shape: tuple[int, int, int] = wholes((200, 256, 256), "Voxels: slices, rows, columns", low=8, high=2048)
    spacing_mm: tuple[float, float, float] | None = numbers(
        None, "Voxel size along columns, rows and slices; without it the torso fills the voxels", low=0.1, high=50,
        step=0.1, decimals=2,
    )  # fmt: skip
    noise_hu: float = number(12, "Standard deviation of the scanner's noise", unit="HU", low=0, high=500)
    table: bool = flag(True, "The patient lies on a table")
