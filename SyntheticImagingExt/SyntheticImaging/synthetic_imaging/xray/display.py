"""From attenuation to gray, with a window that stays where it is set."""

from __future__ import annotations

from dataclasses import replace

import torch

from .detector import blurred
from .settings import Window

_FEW = 16
_SLOPE = 4.0
"""Steepness of a sigmoid with the width of the window, as in DICOM PS3.3 C.11.2.1.3.1."""


def gray(
    window: Window,
    attenuation: torch.Tensor,
    pixel_mm: tuple[float, float] = (1.0, 1.0),
    opening: torch.Tensor | None = None,
) -> torch.Tensor:
    """Gray from 0 to 1, of the shape and type of the attenuation.

    pixel_mm: distance of rows and of columns. opening: open share of each pixel; what is collimated is black and
    does not count as surroundings.
    """
    if window.detail > 0:
        sigmas = [window.detail_mm / pixel for pixel in pixel_mm]
        attenuation = attenuation + window.detail * (attenuation - _surroundings(attenuation, sigmas, opening))
    share = (attenuation - window.low) / (window.high - window.low)
    image = torch.sigmoid(_SLOPE * (share - 0.5)) if window.sigmoid else share.clamp(0, 1)
    image = 1 - image if window.inverted else image
    return image if opening is None else torch.where(opening < 0.5, torch.zeros_like(image), image)


def fitted(window: Window, attenuation: torch.Tensor) -> Window:
    """The same look with its ends set for one image: its 2nd and 99.5th percentile where there is something."""
    seen = attenuation[torch.isfinite(attenuation) & (attenuation > 0.1)]
    if seen.numel() < _FEW:
        return window
    values = seen[:: max(1, seen.numel() // 100_000)].double()
    low, high = torch.quantile(values, torch.tensor([0.02, 0.995]).to(values)).tolist()
    return replace(window, low=low, high=max(high, low + 0.1))


def _surroundings(attenuation: torch.Tensor, sigmas: list[float], opening: torch.Tensor | None) -> torch.Tensor:
    if opening is None:
        return blurred(attenuation, sigmas)
    return blurred(attenuation * opening, sigmas) / blurred(opening, sigmas).clamp_min(1e-3)
