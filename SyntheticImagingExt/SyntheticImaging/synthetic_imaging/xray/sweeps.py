"""Series of poses, evenly spaced."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..declared import Declared, number, whole
from .geometry import Pose

_ANGLES = ("lao_deg", "cran_deg", "roll_deg")


@dataclass(frozen=True)
class Sweep(Declared):
    """Images from one pose to another, in even steps of the angles."""

    prefixed = ("lao_deg", "cran_deg", "count")

    lao_deg: float = number(30, "Primary angle of the last image of a sweep", unit="°", low=-180, high=180)
    cran_deg: float = number(0, "Secondary angle of the last image of a sweep", unit="°", low=-90, high=90)
    count: int = whole(16, "Images of a sweep, the first and the last included", low=2, high=360)

    def poses(self, first: Pose, last: Pose | None = None) -> tuple[Pose, ...]:
        """From the first pose to the last; without one to the angles of the sweep, the roll as it is."""
        end = replace(first, lao_deg=self.lao_deg, cran_deg=self.cran_deg) if last is None else last
        steps = {name: (getattr(first, name), getattr(end, name) - getattr(first, name)) for name in _ANGLES}
        shares = (index / (self.count - 1) for index in range(self.count))
        return tuple(
            replace(first, **{name: start + share * way for name, (start, way) in steps.items()}) for share in shares
        )
