"""Small CTs with known truth for the tumor tests."""

import numpy as np
from scipy import ndimage

from synthetic_imaging import tumor
from synthetic_imaging.volume import Volume

ORGAN_HU, NOISE_HU = 110.0, 14.0


def grid(spacing_mm=(1.0, 1.0, 1.0), turn_deg=0.0, flips=(1, 1, 1), origin=(10.0, -20.0, 30.0)) -> np.ndarray:
    """An ijk_to_ras: spacing along i, j, k, optional flips, rotated about S and R."""
    angle = np.radians(turn_deg)
    about_s = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    about_r = np.array(
        [[1, 0, 0], [0, np.cos(angle / 2), -np.sin(angle / 2)], [0, np.sin(angle / 2), np.cos(angle / 2)]]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = about_s @ about_r @ np.diag(np.array(flips) * spacing_mm)
    matrix[:3, 3] = origin
    return matrix


def body(size_mm=100.0, ijk_to_ras=None, dtype=np.int16, noise_hu=NOISE_HU, vessels=True, seed=0):
    """A ball-like organ of correlated noise in fat, with two straight vessels through it.

    Returns (ct, organ, vessel) volumes; the organ's radius is 0.45 of the size.
    """
    ijk_to_ras = grid() if ijk_to_ras is None else ijk_to_ras
    spacing = np.linalg.norm(ijk_to_ras[:3, :3], axis=0)
    shape = tuple(round(size_mm / step) for step in spacing[::-1])
    lines = [(np.arange(n) - (n - 1) / 2) * step for n, step in zip(shape, spacing[::-1], strict=True)]
    z, y, x = np.meshgrid(*lines, indexing="ij")
    organ = np.sqrt(x**2 + y**2 + z**2) < 0.45 * size_mm
    vessel = organ & vessels & ((np.hypot(x - 18, y + 6) < 4) | (np.hypot(y - 20, z) < 3))
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.normal(size=shape), 0.7 / spacing[::-1])
    hu = np.where(organ, ORGAN_HU, -80.0) + np.where(vessel, 60.0, 0.0)
    hu = ndimage.gaussian_filter(hu, 0.6 / spacing[::-1]) + noise * (noise_hu / noise.std())
    hu = hu.astype(dtype) if np.issubdtype(dtype, np.floating) else np.rint(hu).astype(dtype)
    ct = Volume.from_numpy(hu, ijk_to_ras)
    return ct, ct.like(organ.astype(np.uint8)), ct.like(vessel.astype(np.uint8))


def case(**options) -> tumor.Case:
    ct, organ, _ = body(**options)
    return tumor.Case(ct, organ, organ_name="liver")


def center_of(volume: Volume) -> np.ndarray:
    return volume.ras_from_ijk((np.array(volume.shape[::-1]) - 1) / 2)
