"""From attenuation to gray, with a window that stays where it is set."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from ..errors import InputError
from .checks import finite, positive
from .detector import blurred

_FEW = 16
_SLOPE = 4.0
"""Steepness of a sigmoid with the width of the window, as in DICOM PS3.3 C.11.2.1.3.1."""


@dataclass(frozen=True)
class Window:
    """How attenuation, -ln(signal / signal in air), becomes gray from 0 (black) to 1 (white).

    low, high: attenuation at the ends of the gray scale. sigmoid: soft ends, as film and DICOM's SIGMOID have them.
    inverted: dense is dark, as in fluoroscopy; otherwise dense is bright, as in a radiograph. The same window gives
    the same gray for the same attenuation in every image, as long as detail is 0. detail: how much the deviations from
    the surroundings (detail_mm on the detector) are enlarged, as the processing of radiographs does; 0 for none.
    """

    low: float = 0.5
    high: float = 7.0
    sigmoid: bool = False
    inverted: bool = False
    detail: float = 0.0
    detail_mm: float = 12.0

    def __post_init__(self):
        if finite(self.high, "window high") <= finite(self.low, "window low"):
            raise InputError(f"The window ends at {self.high:g}, below its beginning {self.low:g}; exchange them.")
        if finite(self.detail, "detail") < 0:
            raise InputError(f"detail is {self.detail:g}; give 0 or more.")
        positive(self.detail_mm, "detail_mm")

    def gray(
        self,
        attenuation: torch.Tensor,
        pixel_mm: tuple[float, float] = (1.0, 1.0),
        opening: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Gray from 0 to 1, of the shape and type of the attenuation.

        pixel_mm: distance of rows and of columns. opening: open share of each pixel; what is collimated is black and
        does not count as surroundings.
        """
        if self.detail > 0:
            sigmas = [self.detail_mm / pixel for pixel in pixel_mm]
            attenuation = attenuation + self.detail * (attenuation - _surroundings(attenuation, sigmas, opening))
        share = (attenuation - self.low) / (self.high - self.low)
        gray = torch.sigmoid(_SLOPE * (share - 0.5)) if self.sigmoid else share.clamp(0, 1)
        gray = 1 - gray if self.inverted else gray
        return gray if opening is None else torch.where(opening < 0.5, torch.zeros_like(gray), gray)

    def fitted(self, attenuation: torch.Tensor) -> Window:
        """The same look with its ends set for one image: its 2nd and 99.5th percentile where there is something."""
        seen = attenuation[torch.isfinite(attenuation) & (attenuation > 0.1)]
        if seen.numel() < _FEW:
            return self
        values = seen[:: max(1, seen.numel() // 100_000)].double()
        low, high = torch.quantile(values, torch.tensor([0.02, 0.995]).to(values)).tolist()
        return replace(self, low=low, high=max(high, low + 0.1))


def _surroundings(attenuation: torch.Tensor, sigmas: list[float], opening: torch.Tensor | None) -> torch.Tensor:
    if opening is None:
        return blurred(attenuation, sigmas)
    return blurred(attenuation * opening, sigmas) / blurred(opening, sigmas).clamp_min(1e-3)
