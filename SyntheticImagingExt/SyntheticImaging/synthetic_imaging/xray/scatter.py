"""Scatter as a superposition of kernels, with a scatter-to-primary ratio that is stated and can be checked.

Every point of the detector sends out a blurred share of the primary that it receives, in proportion to the
thickness of water in its ray. The only free number is the scatter-to-primary ratio in a reference condition; the
shape of the kernels and the growth with thickness follow the form of scatter kernel superposition (Sun and
Star-Lack, Phys Med Biol 2010;55:6695) with widths chosen here, and the air gap the law of an effective scatter
source in front of the exit surface. It says how scatter lowers contrast and adds noise, not where every photon goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
import torch

from .geometry import View
from .settings import Scatter

REFERENCE_WATER_MM, REFERENCE_FIELD_MM = 200.0, 200.0
REFERENCE_GAP_MM, REFERENCE_DISTANCE_MM = 300.0, 1000.0
"""The condition in which the ratio is stated: 20 cm of water, a field of 20 x 20 cm on the detector, a gap of 30 cm
between patient and detector, 1 m from source to detector."""

SCATTER_SOURCE_MM = 175.0
"""The effective source of scatter lies this far before the exit surface (published range: 150 to 200)."""

GRID_PRIMARY, GRID_SCATTER = 0.70, 0.12
"""Shares of primary and scatter that a typical grid (ratio about 12) lets through."""

_SIGMAS_MM, _SHARES = (20.0, 50.0, 110.0), (0.15, 0.45, 0.40)
"""Chosen, not published, as is the growth in proportion to thickness: coefficients of published kernels belong to one
machine each. With a ratio of 1 they meet the published orders of magnitude: above 1 for a pelvis before a flat panel
(Siewerdsen and Jaffray, Med Phys 2001;28:220), about 2 for a large one (Sun and Star-Lack 2010), several
primaries in a large field with the detector at the abdomen."""
_COARSE_PIXELS = 96
_BODY_MM = 20.0


def primary_share(scatter: Scatter) -> float:
    """Share of the primary quanta that reach the detector."""
    return GRID_PRIMARY if scatter.grid else 1.0


def scattered(scatter: Scatter, primary: torch.Tensor, water_mm: torch.Tensor, view: View) -> torch.Tensor:
    """Scatter (rows, columns) in the unit of the primary, smooth; zero outside the field.

    primary: signal over signal in air, after collimation. water_mm: water-equivalent length of each ray.
    """
    ratio = scatter.ratio * (GRID_SCATTER / GRID_PRIMARY if scatter.grid else 1.0)
    if ratio == 0:
        return torch.zeros_like(primary)
    ratio *= _air_gap_factor(view, water_mm) / _reference_response()
    height, width = primary.shape
    share = min(1.0, _COARSE_PIXELS / max(height, width))
    size = max(1, round(height * share)), max(1, round(width * share))
    sent = (primary * water_mm.clamp_min(0) / REFERENCE_WATER_MM)[None, None]
    sent = torch.nn.functional.interpolate(sent, size=size, mode="area")[0, 0]
    row_mm, column_mm = view.pixel_mm
    steps = row_mm * height / size[0], column_mm * width / size[1]
    spread = ratio * _superpose(sent, steps)
    smooth = torch.nn.functional.interpolate(spread[None, None], size=(height, width), mode="bicubic")
    return smooth[0, 0].clamp_min(0)


def _superpose(sent: torch.Tensor, steps_mm: Sequence[float]) -> torch.Tensor:
    """Convolve with the sum of Gaussians; nothing comes from outside the image."""
    total = torch.zeros_like(sent)
    for sigma, share in zip(_SIGMAS_MM, _SHARES, strict=True):
        down, across = (
            torch.from_numpy(_gaussian(count, float(step), sigma)).to(sent)
            for count, step in zip(sent.shape, steps_mm, strict=True)
        )
        total += share * (down @ sent @ across)
    return total


@lru_cache(maxsize=64)
def _gaussian(count: int, step_mm: float, sigma_mm: float) -> np.ndarray:
    """Matrix (count, count) whose product with a line is its convolution with a Gaussian of integral 1."""
    distance = step_mm * (np.arange(count)[:, None] - np.arange(count))
    return step_mm / (np.sqrt(2 * np.pi) * sigma_mm) * np.exp(-0.5 * (distance / sigma_mm) ** 2)


@cache
def _reference_response() -> float:
    """What an even field of the reference size gives at its center, for a kernel amplitude of 1."""
    count = 100
    line = [_gaussian(count + 1, REFERENCE_FIELD_MM / count, sigma)[count // 2] for sigma in _SIGMAS_MM]
    edges = [(weights.sum() - (weights[0] + weights[-1]) / 2) ** 2 for weights in line]
    return float(np.dot(_SHARES, edges))


def _air_gap_factor(view: View, water_mm: torch.Tensor) -> float:
    """The ratio over that behind the reference gap.

    From the exit surface to the detector scatter falls by the inverse square from its effective source, the primary
    by that from the focal spot. The exit surface is where half of a typical ray's water beyond the isocenter ends.
    """
    body = water_mm.detach()[::4, ::4]
    body = body[body > _BODY_MM]
    thickness = float(body.median()) if body.numel() else REFERENCE_WATER_MM
    distance = view.source_to_detector_mm
    gap = min(max(0.0, distance - view.source_to_isocenter_mm - thickness / 2), 0.95 * distance)
    return _gap_law(gap, distance) / _gap_law(REFERENCE_GAP_MM, REFERENCE_DISTANCE_MM)


def _gap_law(gap_mm: float, source_to_detector_mm: float) -> float:
    scatter = SCATTER_SOURCE_MM / (SCATTER_SOURCE_MM + gap_mm)
    primary = (source_to_detector_mm - gap_mm) / source_to_detector_mm
    return (scatter / primary) ** 2
