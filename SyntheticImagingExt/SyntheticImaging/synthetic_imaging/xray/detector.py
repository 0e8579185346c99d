"""From the mean signal of each pixel to one exposure of it: collimation, quanta, electronics, blur."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..errors import InputError
from .checks import finite, positive
from .geometry import View

_FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
_SHARP = 1e-3
"""A blur that takes less than this from a pixel is not done."""

_MANY_QUANTA = 25.0


@dataclass(frozen=True)
class Collimation:
    """What of the field is open, in mm on the detector from its center.

    iris_radius_mm: radius of a round opening. left_mm, right_mm, top_mm, bottom_mm: distances of the shutters' edges
    from the center, on the side of the image that they are named after. None: fully open.
    """

    iris_radius_mm: float | None = None
    left_mm: float | None = None
    right_mm: float | None = None
    top_mm: float | None = None
    bottom_mm: float | None = None

    def __post_init__(self):
        for name in ("left_mm", "right_mm", "top_mm", "bottom_mm"):
            if getattr(self, name) is not None:
                finite(getattr(self, name), name)
        if self.iris_radius_mm is not None:
            positive(self.iris_radius_mm, "iris_radius_mm")
        for first, second in (("left_mm", "right_mm"), ("top_mm", "bottom_mm")):
            given = getattr(self, first), getattr(self, second)
            if None not in given and sum(given) <= 0:
                raise InputError(f"The shutters {first} and {second} overlap; open one of them.")

    def opening(self, view: View, device=None) -> torch.Tensor | None:
        """The open share of each pixel (rows, columns), or None where nothing is closed."""
        shutters = (self.left_mm, self.right_mm, self.top_mm, self.bottom_mm)
        if self.iris_radius_mm is None and all(edge is None for edge in shutters):
            return None
        row_mm, column_mm = view.pixel_mm
        across = (torch.arange(view.columns, device=device) - (view.columns - 1) / 2)[None, :] * column_mm
        up = -(torch.arange(view.rows, device=device) - (view.rows - 1) / 2)[:, None] * row_mm
        share = torch.ones(view.rows, view.columns, device=device)
        sides = ((-across, column_mm), (across, column_mm), (up, row_mm), (-up, row_mm))
        for edge, (place, pixel) in zip(shutters, sides, strict=True):
            if edge is not None:
                share = share * ((edge - place) / pixel + 0.5).clamp(0, 1)
        if self.iris_radius_mm is not None:
            radius = torch.sqrt(across**2 + up**2)
            share = share * ((self.iris_radius_mm - radius) / column_mm + 0.5).clamp(0, 1)
        return share


@dataclass(frozen=True)
class Exposure:
    """Quanta, electronics and sharpness of the detector.

    photons_per_mm2: photons of the unattenuated beam on the detector; 2.7e5 are 10 000 on a pixel of 0.194 mm, which
    after a patient is the order of fluoroscopy (a radiograph takes 10 to 100 times as many). electronic_photons:
    standard deviation of the electronic noise of a pixel, in photons of the unattenuated beam. blur_mm: full width at
    half maximum of the detector's point spread, which correlates the quantum noise too. focal_spot_mm: size of the
    focal spot, which blurs by the magnification at the isocenter. noise: whether quanta and electronics fluctuate.
    seed: of the noise.
    """

    photons_per_mm2: float = 2.7e5
    electronic_photons: float = 3.0
    blur_mm: float = 0.35
    focal_spot_mm: float = 0.6
    noise: bool = True
    seed: int = 0

    def __post_init__(self):
        positive(self.photons_per_mm2, "photons_per_mm2")
        for name in ("electronic_photons", "blur_mm", "focal_spot_mm"):
            if finite(getattr(self, name), name) < 0:
                raise InputError(f"{name} is {getattr(self, name):g}; give 0 or more.")
        if self.seed != int(self.seed) or self.seed < 0:
            raise InputError(f"The seed is {self.seed!r}; give a whole number from 0 on.")

    def expose(self, mean: torch.Tensor, quanta_per_photon: torch.Tensor | float, view: View) -> torch.Tensor:
        """One exposure of a mean image, in its own unit.

        mean: (rows, columns), signal over signal in air. quanta_per_photon: noise-equivalent quanta of a pixel with the
        mean 1, per photon of the unattenuated beam. The focal spot blurs the mean; quanta are then drawn, and what the
        detector makes of them is blurred; the electronics add white noise.
        """
        mean = blurred(mean, self._focal_sigmas(view))
        if not self.noise:
            return blurred(mean, self._detector_sigmas(view))
        row_mm, column_mm = view.pixel_mm
        in_air = self.photons_per_mm2 * row_mm * column_mm
        generator = torch.Generator(device=mean.device).manual_seed(int(self.seed))
        quanta = in_air * quanta_per_photon
        drawn = _draw(quanta * mean, generator)
        image = blurred(drawn / quanta, self._detector_sigmas(view))
        if self.electronic_photons > 0:
            white = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
            image = image + white * (self.electronic_photons / in_air)
        return image

    def _focal_sigmas(self, view: View) -> tuple[float, float]:
        # an even focal spot of width w has the standard deviation w / sqrt(12)
        sigma = self.focal_spot_mm * (view.magnification - 1) / math.sqrt(12)
        return tuple(sigma / pixel for pixel in view.pixel_mm)

    def _detector_sigmas(self, view: View) -> tuple[float, float]:
        return tuple(self.blur_mm / _FWHM_PER_SIGMA / pixel for pixel in view.pixel_mm)


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
