"""Seeded random fields that do not depend on the grid, the platform or the size asked for."""

from __future__ import annotations

import math

import numpy as np
import torch

_MULTIPLIERS = (np.uint32(0x7FEB352D), np.uint32(0x846CA68B))
_AXIS_STEP = np.uint32(0x9E3779B9)


def _mix(bits: np.ndarray) -> np.ndarray:
    """A bijective 32-bit hash (xorshift-multiply with the constants of C. Wellons' lowbias32)."""
    bits = bits ^ (bits >> np.uint32(16))
    bits = bits * _MULTIPLIERS[0]
    bits ^= bits >> np.uint32(15)
    bits *= _MULTIPLIERS[1]
    bits ^= bits >> np.uint32(16)
    return bits


def lattice(seed: int, channel: int, half: tuple[int, int, int]) -> np.ndarray:
    """White noise of mean 0 and variance 1 on integer points -half..half of three axes.

    A point's value depends on seed, channel and the point alone, so a larger lattice contains the
    smaller ones. The sum of four 16-bit uniforms stands in for a normal deviate: integer arithmetic,
    the same on every machine. Returns float32 of shape (2 half + 1) per axis.
    """
    low, high = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    with np.errstate(over="ignore"):
        state = _mix(np.asarray([_mix(np.asarray([low]))[0] ^ high ^ (np.uint32(channel) * _AXIS_STEP)]))
        for axis, extent in enumerate(half):
            points = np.arange(-extent, extent + 1).astype(np.int32).view(np.uint32) * _AXIS_STEP
            state = _mix(state[..., None] + points) if axis else _mix(state[0] + points)
        second = _mix(state + _AXIS_STEP)
    mask, shift = np.uint32(0xFFFF), np.uint32(16)
    total = (state & mask) + (state >> shift) + (second & mask) + (second >> shift)
    mean, deviation = 4 * 65535 / 2, math.sqrt(4 * (65536**2 - 1) / 12)
    return ((total.astype(np.float32) - np.float32(mean)) * np.float32(1 / deviation)).astype(np.float32)


def spline_rows(positions: np.ndarray, half: int, unit_variance: bool = True) -> np.ndarray:
    """Cubic B-spline weights of lattice points -half..half at positions (in lattice steps).

    unit_variance: scale each row to unit length, so that interpolated white noise has variance 1 at
        every position; otherwise rows sum to 1, which reproduces smooth coefficients.
    Returns float32 (len(positions), 2 half + 1); positions beyond the lattice weigh its rim.
    """
    base = np.floor(positions)
    t = positions - base
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6
    if unit_variance:
        weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    columns = np.clip(base.astype(int)[:, None] + np.arange(-1, 3) + half, 0, 2 * half)
    rows = np.zeros((len(positions), 2 * half + 1), dtype=np.float32)
    np.add.at(rows, (np.arange(len(positions))[:, None], columns), weights.astype(np.float32))
    return rows


def gaussian_rows(count: int, sigma: float) -> np.ndarray:
    """Gaussian smoothing of ``count`` samples as a matrix (count, count); sigma in samples.

    Cut off at four sigma: farther weights would be denormal numbers, which slow a product down a hundredfold.
    """
    if sigma <= 0:
        return np.eye(count, dtype=np.float32)
    distance = np.arange(count)[:, None] - np.arange(count)[None, :]
    rows = np.where(np.abs(distance) <= 4 * sigma, np.exp(-0.5 * (distance / sigma) ** 2), 0.0)
    return (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)


def linear_rows(count: int, factor: int) -> np.ndarray:
    """Linear interpolation of ``count`` samples from means over ``factor`` neighbors, as a matrix."""
    cells = -(-count // factor)
    position = np.clip((np.arange(count) + 0.5) / factor - 0.5, 0, cells - 1)
    distance = np.abs(position[:, None] - np.arange(cells)[None, :])
    return np.clip(1 - distance, 0, None).astype(np.float32)


def expand(values: torch.Tensor, matrices: list[torch.Tensor]) -> torch.Tensor:
    """Apply one matrix (A, a) to each of the last three axes: (..., a, b, c) to (..., A, B, C).

    Three dense products beat sparse interpolation at these sizes and run on any device.
    """
    first, second, third = matrices
    values = second @ (values @ third.T)
    flat = values.reshape(*values.shape[:-2], -1)
    return (first @ flat).reshape(*values.shape[:-3], first.shape[0], *values.shape[-2:])
