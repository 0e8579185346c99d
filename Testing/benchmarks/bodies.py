"""A CT of diagnostic size for the benchmarks."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from synthetic_imaging.phantom import torso
from synthetic_imaging.volume import Volume

NOISE_HU = 12.0
SPACING_MM = (0.75, 0.75, 1.0)
LIVER = ("liver", "portal vein", "hepatic veins")


def liver_ct(shape=(400, 512, 512), seed: int = 0) -> tuple[Volume, Volume]:
    """CT and liver of the torso phantom at 0.75 × 0.75 × 1 mm, painted at half that resolution to save time.

    The noise is made at full resolution, with the grain of a soft kernel.
    """
    half = tuple(n // 2 for n in shape)
    body = torso(seed=seed, shape=half, spacing_mm=tuple(2 * mm for mm in SPACING_MM), noise_hu=0)
    matrix = body.ct.ijk_to_ras.copy()
    matrix[:3, 3] -= matrix[:3, :3].sum(axis=1) / 4
    matrix[:3, :3] /= 2
    hu = functional.interpolate(body.ct.data[None, None].float(), scale_factor=2, mode="trilinear")[0, 0]
    noise = torch.randn(hu.shape, generator=torch.Generator().manual_seed(seed))
    for axis in range(3):
        noise = 2 * noise + noise.roll(1, axis) + noise.roll(-1, axis)
    hu += noise * (NOISE_HU / noise.std())
    ct = Volume(hu.round_().clamp_(-1024, 3071).to(torch.int16), matrix)
    liver = body.mask(*LIVER).numpy()
    return ct, ct.like(np.ascontiguousarray(liver.repeat(2, 0).repeat(2, 1).repeat(2, 2)))


def cropped(volume: Volume, shape: tuple[int, int, int], center_ijk: np.ndarray) -> Volume:
    """A part of a volume of the given shape, with a point as near to its middle as the volume's edges allow."""
    start = [
        int(np.clip(round(c) - n // 2, 0, whole - n))
        for c, n, whole in zip(center_ijk[::-1], shape, volume.shape, strict=True)
    ]
    matrix = volume.ijk_to_ras.copy()
    matrix[:3, 3] = volume.ras_from_ijk(np.array(start[::-1]))
    part = tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))
    return Volume(volume.data[part].contiguous(), matrix)
