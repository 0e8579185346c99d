"""Seeded random fields: smooth ones fixed in the body, and the noise of a scanner."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

EXTENT_MM = 640.0
"""Side of the cube around the body's origin in which a lattice is defined; beyond it the edge values continue."""


def lattice(rng: np.random.Generator, scale_mm: float, channels: int = 1) -> Tensor:
    """Independent normal values (channels, N, N, N) about ``scale_mm`` apart: the same anatomy for every voxel grid."""
    count = max(4, math.ceil(EXTENT_MM / scale_mm))
    return torch.from_numpy(rng.standard_normal((channels, count, count, count), dtype=np.float32))


def sample(values: Tensor, r: Tensor, a: Tensor, s: Tensor) -> Tensor:
    """A lattice on a grid with axes r (I,), a (J,) and s (K,) in mm, as (channels, K, J, I), unit standard deviation.

    Separable interpolation with quadratic B-splines, one axis after the other, so that fine grids stay cheap.
    """
    for dim, axis in ((1, s), (2, a), (3, r)):  # the shortest axis of a slab first
        values = torch.movedim(torch.movedim(values, dim, -1) @ _spline_weights(axis, values.shape[dim]), -1, dim)
    return values


def _spline_weights(axis: Tensor, count: int) -> Tensor:
    """Weights (count, n): quadratic B-spline of each lattice node at each point, scaled to keep the variance at one."""
    position = (axis / EXTENT_MM + 0.5) * (count - 1)
    distance = (position[None, :].clamp(1, count - 2) - torch.arange(count)[:, None]).abs()
    inner = 0.75 - distance**2
    outer = 0.5 * (1.5 - distance).clamp_min(0) ** 2
    weights = torch.where(distance < 0.5, inner, outer)
    return weights / (weights**2).sum(0, keepdim=True).sqrt()


def scanner_noise(
    shape: tuple[int, int, int], spacing_mm, generator: torch.Generator, cutoff_mm: float = 1.1
) -> Tensor:
    """Noise of a filtered back-projection with a soft kernel: unit standard deviation, (K, J, I).

    Its power in a slice rises with the frequency and is rolled off by the kernel (ramp times Gaussian; Riederer,
    Pelc and Chesler 1978); neighboring slices are correlated as far as the slice profile reaches.
    """
    slices, rows, columns = shape
    white = torch.randn((slices + 2, rows, columns), generator=generator)
    overlap = math.exp(-((spacing_mm[2] / 2.5) ** 2))
    white = white[1:-1] + overlap * 0.5 * (white[:-2] + white[2:])
    fy = torch.fft.fftfreq(rows, float(spacing_mm[1]))[:, None]
    fx = torch.fft.rfftfreq(columns, float(spacing_mm[0]))[None, :]
    f = (fx**2 + fy**2).sqrt()
    amplitude = (f + 0.004).sqrt() * torch.exp(-0.5 * (2 * math.pi * f * cutoff_mm / 2) ** 2)
    noise = torch.fft.irfft2(torch.fft.rfft2(white) * amplitude, s=(rows, columns))
    return noise / noise.std()


def upsampled(values: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """A coarse field (channels, k, j, i) stretched linearly over (channels, K, J, I)."""
    return functional.interpolate(values[None], size=shape, mode="trilinear", align_corners=True)[0]
