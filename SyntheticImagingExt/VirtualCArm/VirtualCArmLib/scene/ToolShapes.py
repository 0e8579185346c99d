"""Instruments by their shape: from an entry and a target (mm RAS, in the world) to a mesh of the core."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.checks import triple

USUAL_MM = {"K-wire": 2.0, "Screw": 6.5, "Needle": 1.3, "Snake": 6.0}
"""Diameters that shapes have unless another one is given."""
_BORE_SHARE = 1.0 / 1.3
Point = Sequence[float]


@dataclass(frozen=True)
class Shape:
    """A mesh of the core, what it is made of, and what it was made from."""

    kind: str
    mesh: Any
    material: str
    entryRas: Point
    targetRas: Point
    diameterMm: float
    lengthMm: float

    def record(self) -> dict:
        """Ready for JSON."""
        return {
            "kind": self.kind,
            "entry_ras_mm": list(map(float, self.entryRas)),
            "target_ras_mm": list(map(float, self.targetRas)),
            "diameter_mm": self.diameterMm,
            "length_mm": self.lengthMm,
        }


def kwire(
    entryRas: Point, targetRas: Point, diameterMm: float = USUAL_MM["K-wire"], lengthMm: float = 150.0,
    material: str = "steel",
) -> Shape:  # fmt: skip
    """A Kirschner wire whose tip is at the target, coming from the entry."""
    from synthetic_imaging.xray import shapes

    mesh = shapes.kwire(targetRas, _direction(entryRas, targetRas), lengthMm, diameterMm)
    return Shape("K-wire", mesh, material, entryRas, targetRas, diameterMm, lengthMm)


def needle(
    entryRas: Point, targetRas: Point, diameterMm: float = USUAL_MM["Needle"], boreMm: float | None = None,
    lengthMm: float = 150.0, material: str = "steel",
) -> Shape:  # fmt: skip
    """A hollow needle with its tip at the target. boreMm: a good three quarters by default."""
    from synthetic_imaging.xray import shapes

    boreMm = diameterMm * _BORE_SHARE if boreMm is None else boreMm
    mesh = shapes.needle(targetRas, _direction(entryRas, targetRas), lengthMm, diameterMm, boreMm)
    return Shape("Needle", mesh, material, entryRas, targetRas, diameterMm, lengthMm)


def screw(
    entryRas: Point, targetRas: Point, diameterMm: float = USUAL_MM["Screw"], material: str = "titanium-alloy"
) -> Shape:
    """A bone screw from the entry, where its head is, to the target."""
    from synthetic_imaging.xray import shapes

    length, scale = math.dist(entryRas, targetRas), diameterMm / 6.5
    sizes = (length, diameterMm, 4.5 * scale, 2.75 * scale, 8.0 * scale, 4.5 * scale)
    mesh = shapes.screw(targetRas, _direction(entryRas, targetRas), *sizes)
    return Shape("Screw", mesh, material, entryRas, targetRas, diameterMm, length)


def snake(
    entryRas: Point, targetRas: Point, bendTowardsRas: Point = (0.0, 0.0, 1.0), diameterMm: float = USUAL_MM["Snake"],
    bendDeg: float = 60.0, lengthMm: float = 35.0, material: str = "nitinol",
) -> Shape:  # fmt: skip
    """A bent, snake-like manipulator whose tip is at the target and points along the way from the entry.

    bendTowardsRas: a direction, to which side it has bent.
    """
    from synthetic_imaging.xray import shapes

    direction, bore = _direction(entryRas, targetRas), diameterMm * 2 / 3
    mesh = shapes.snake(targetRas, direction, bendTowardsRas, lengthMm, diameterMm, bore, bendDeg)
    return Shape("Snake", mesh, material, entryRas, targetRas, diameterMm, lengthMm)


def _direction(entryRas, targetRas):
    way = [b - a for a, b in zip(triple(entryRas, "entryRas"), triple(targetRas, "targetRas"), strict=True)]
    if sum(step * step for step in way) < 1e-12:
        raise InputError("Entry and target are the same point; place them apart.")
    return way
