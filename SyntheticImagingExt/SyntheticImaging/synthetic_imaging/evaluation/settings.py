"""What a user sets of a comparison; nothing here needs NumPy."""

from __future__ import annotations

from dataclasses import dataclass

from ..declared import Declared, choice, flag, number, whole

BY_NAME, BY_VALUE = "name", "value"


@dataclass(frozen=True)
class Measures(Declared):
    """How a prediction is measured against a reference."""

    tolerance_mm: float = number(
        2, "Distance between surfaces that NSD forgives", unit="mm", low=0, high=50, step=0.5,
        source="Hu et al., CVPR 2023",
    )  # fmt: skip
    hit_percent: float = number(
        10,
        "A lesion is found where at least this share of it is covered; a finding is false where less of it is lesion",
        unit="%", low=0, high=100, step=5,
    )  # fmt: skip
    match: str = choice(BY_NAME, (BY_NAME, BY_VALUE), "Labels belong together by name where both sides have names")
    resample: bool = flag(False, "Bring a prediction on another grid onto the grid of the reference, nearest voxel")
    repetitions: int = whole(2000, "Draws of cases for the intervals", low=100, high=100_000, step=100)
    seed: int = whole(0, "Seed of the draws of cases", low=0, high=2**31 - 1)
