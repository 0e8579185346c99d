"""From the mean signal of each pixel to one exposure of it: collimation, quanta, electronics, blur."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch

from ..tuples import two
from .geometry import View
from .settings import Collimation, Exposure

_FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
_SHARP = 1e-3
"""A blur that takes less than this from a pixel is not done."""

_MANY_QUANTA = 25.0


def opening(collimation: Collimation, view: View, device=None) -> torch.Tensor | None:
    """The open share of each pixel (rows, columns), or None where nothing is closed."""
    if collimation == Collimation():
        return None
    left, right, bottom, top = collimation.edges_mm(view)
    row_mm, column_mm = view.pixel_mm
    across = (torch.arange(view.columns, device=device) - (view.columns - 1) / 2)[None, :] * column_mm
    up = -(torch.arange(view.rows, device=device) - (view.rows - 1) / 2)[:, None] * row_mm
    share = torch.ones(view.rows, view.columns, device=device)
    inside = ((across - left) / column_mm, (right - across) / column_mm, (up - bottom) / row_mm, (top - up) / row_mm)
    for pixels in inside:
        share = share * (pixels + 0.5).clamp(0, 1)
    if collimation.iris_radius_mm > 0:
        radius = torch.sqrt(across**2 + up**2)
        share = share * ((collimation.iris_radius_mm - radius) / column_mm + 0.5).clamp(0, 1)
    return share


def expose(exposure: Exposure, mean: torch.Tensor, quanta_per_photon: torch.Tensor | float, view: View) -> torch.Tensor:
    """One exposure of a mean image, in its own unit.

    mean: (rows, columns), signal over signal in air. quanta_per_photon: noise-equivalent quanta of a pixel with the
    mean 1, per photon of the unattenuated beam. The focal spot blurs the mean; quanta are then drawn, and what the
    detector makes of them is blurred; the electronics add white noise.
    """
    mean = blurred(mean, _focal_sigmas(exposure, view))
    if not exposure.noise:
        return blurred(mean, _detector_sigmas(exposure, view))
    row_mm, column_mm = view.pixel_mm
    in_air = exposure.photons_per_mm2 * row_mm * column_mm
    generator = torch.Generator(device=mean.device).manual_seed(exposure.seed)
    quanta = in_air * quanta_per_photon
    drawn = _draw(quanta * mean, generator)
    image = blurred(drawn / quanta, _detector_sigmas(exposure, view))
    if exposure.electronic_photons > 0:
        white = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        image = image + white * (exposure.electronic_photons / in_air)
    return image


def _focal_sigmas(exposure: Exposure, view: View) -> tuple[float, float]:
    # an even focal spot of width w has the standard deviation w / sqrt(12)
    sigma = exposure.focal_spot_mm * (view.magnification - 1) / math.sqrt(12)
    return two(sigma / pixel for pixel in view.pixel_mm)


def _detector_sigmas(exposure: Exposure, view: View) -> tuple[float, float]:
    return two(exposure.blur_mm / _FWHM_PER_SIGMA / pixel for pixel in view.pixel_mm)


def blurred(image: torch.Tensor, sigmas: Sequence[float]) -> torch.Tensor:
    """An image (rows, columns) blurred by Gaussians of these standard deviations, in pixels, down and across.

    The Gaussian is integrated over each pixel; the image goes on beyond its edge with the edge's values.
    """
    for axis, sigma in enumerate(sigmas):
        kernel = pixel_gaussian(sigma)
        if 1 - max(kernel) >= _SHARP:
            image = _convolved(image, kernel, axis)
    return image


def pixel_gaussian(sigma: float) -> list[float]:
    """Shares (2 n + 1) of a Gaussian, sigma in pixels, in the pixels around that of its center; their sum is 1."""
    if sigma <= 0:
        return [1.0]
    reach = max(1, math.ceil(4 * sigma))
    edges = [math.erf((place - 0.5) / (sigma * math.sqrt(2))) for place in range(-reach, reach + 2)]
    total = edges[-1] - edges[0]
    return [(upper - lower) / total for lower, upper in itertools.pairwise(edges)]


def _convolved(image: torch.Tensor, kernel: Sequence[float], axis: int) -> torch.Tensor:
    count, reach = image.shape[axis], len(kernel) // 2
    shape = [1, 1]
    shape[axis] = reach
    first, last = image.narrow(axis, 0, 1), image.narrow(axis, count - 1, 1)
    padded = torch.cat([first.repeat(shape), image, last.repeat(shape)], dim=axis)
    total = kernel[reach] * image
    for offset, share in enumerate(kernel):  # a few shifted sums are faster than a convolution with one channel
        if offset != reach:
            total = total.add_(padded.narrow(axis, offset, count), alpha=share)
    return total


def _draw(quanta: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Numbers of quanta around their means.

    From ``_MANY_QUANTA`` on, Poisson's quantiles by the Cornish-Fisher expansion, n + sqrt(n) z + (z² - 1) / 6: mean,
    variance and skewness are right, and a normal deviate z is drawn much faster.
    """
    normal = torch.randn(quanta.shape, generator=generator, device=quanta.device, dtype=quanta.dtype)
    drawn = quanta + quanta.clamp_min(0).sqrt() * normal + (normal.square() - 1) / 6
    few = quanta < _MANY_QUANTA
    if few.any():
        drawn = drawn.masked_scatter(few, torch.poisson(quanta[few].clamp_min(0), generator=generator))
    return drawn
