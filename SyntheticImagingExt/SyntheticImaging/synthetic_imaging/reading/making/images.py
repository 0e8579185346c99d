"""One pipeline for every image of a study, real or synthetic, so that only the picture can tell them apart.

Order: turn to the standard axes, cut or resample to the study's grid, clip, round to int16, forget where it came from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ...errors import InputError
from ...io import read_volume
from ...io.geometry import image_from_volume
from ...io.hounsfield import in_hounsfield
from ...io.trust import Trust
from ...volume import Volume
from ..design import ImagePolicy
from .radiographs import gray_values

XRAY_MAXIMUM = 4095
_PERCENTILES = (0.5, 99.5)
_RAS_SIGNS = (-1.0, -1.0, 1.0)
"""Standard axes: i to the left of the patient, j to the back, k upward, as radiology shows slices."""


def read_image(path: str | Path, modality: str, trust: Trust | None = None) -> Volume:
    """A CT in HU, or a radiograph as a volume of one slice (gray; a color picture only if its colors are equal)."""
    path = Path(path).expanduser()
    if modality == "ct":
        trust = trust or Trust()
        ct = read_volume(path, accept_data_elsewhere=trust.accept_data_elsewhere)
        return in_hounsfield(ct, path.name, trust.accept_hu, "Accept as HU, or --accept-hu")
    if not path.is_file():
        raise InputError(f"There is no image '{path}'; check the path.")
    return Volume.from_numpy(gray_values(path)[None], np.diag([-1.0, -1.0, 1.0, 1.0]))


def standardize(
    volume: Volume, policy: ImagePolicy, focus_ras: np.ndarray | None, rng: np.random.Generator
) -> tuple[Volume, np.ndarray]:
    """An image as the study shows it, and the matrix (4, 4) from its old RAS coordinates to the new ones.

    focus_ras: what the box is put around, with a random offset of up to a sixth of the box; None takes the middle.
    """
    turned, matrix = _turned(volume)
    if policy.modality == "xray":
        return _radiograph(turned, matrix, policy)
    if policy.box_mm is not None:
        turned = _boxed(turned, matrix, policy, focus_ras, rng)
    if policy.spacing_mm is not None:
        turned = _resampled(turned, policy)
    hu = np.rint(np.clip(turned.numpy(), policy.low_hu, policy.high_hu)).astype(np.int16)
    return _centered(Volume.from_numpy(hu, turned.ijk_to_ras), matrix)


def _turned(volume: Volume) -> tuple[Volume, np.ndarray]:
    """The voxels along the standard axes; a small tilt of the patient is dropped, for no viewer shows it."""
    directions = volume.directions
    axes = _nearest_axes(directions)  # axes[a] is the voxel axis (i, j, k) nearest to RAS axis a
    signs = [np.sign(directions[a, axes[a]]) for a in range(3)]
    array = volume.numpy().transpose([2 - axes[a] for a in (2, 1, 0)])
    flips = [signs[a] != _RAS_SIGNS[a] for a in (2, 1, 0)]
    array = np.ascontiguousarray(array[tuple(slice(None, None, -1 if flip else 1) for flip in flips)])
    new = np.diag([*(np.array(_RAS_SIGNS) * volume.spacing_mm[axes]), 1.0])
    index = np.zeros((4, 4))  # from the new voxel indices to the old ones
    index[3, 3] = 1
    for a in range(3):
        index[axes[a], a] = signs[a] * _RAS_SIGNS[a]
        if signs[a] != _RAS_SIGNS[a]:
            index[axes[a], 3] = volume.shape[2 - axes[a]] - 1
    return Volume.from_numpy(array, new), new @ np.linalg.inv(volume.ijk_to_ras @ index)


def _nearest_axes(directions: np.ndarray) -> list[int]:
    """For R, A and S the voxel axis that runs along it most, each axis once."""
    left, axes = {0, 1, 2}, [0, 0, 0]
    for a in np.argsort(-np.abs(directions).max(axis=1), kind="stable"):
        axes[a] = max(left, key=lambda axis: abs(directions[a, axis]))
        left.remove(axes[a])
    return axes


def _boxed(volume: Volume, matrix: np.ndarray, policy: ImagePolicy, focus_ras, rng) -> Volume:
    """The part of the volume that the study shows, padded only where the image is smaller than the box."""
    spacing = volume.spacing_mm
    count = np.maximum(1, np.rint(np.array(policy.box_mm) / spacing)).astype(int)
    middle = (np.array(volume.shape[::-1]) - 1) / 2
    if focus_ras is not None:
        middle = volume.ijk_from_ras((matrix @ [*focus_ras, 1])[:3])
        middle = middle + rng.uniform(-1 / 6, 1 / 6, 3) * count
    start = np.rint(middle - (count - 1) / 2).astype(int)
    size = np.array(volume.shape[::-1])
    start = np.where(size >= count, np.clip(start, 0, np.maximum(size - count, 0)), -((count - size) // 2))
    low, high = np.maximum(start, 0), np.minimum(start + count, size)
    part = volume.numpy()[tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))]
    before, after = low - start, start + count - high
    padding = list(zip(before[::-1], after[::-1], strict=True))
    part = np.pad(part, padding, constant_values=policy.floor) if np.any(padding) else part
    moved = volume.ijk_to_ras.copy()
    moved[:3, 3] = volume.ras_from_ijk(start)
    return Volume.from_numpy(part, moved)


def _resampled(volume: Volume, policy: ImagePolicy) -> Volume:
    """The same extent (the box, where there is one) in other voxels; smoothed first along axes that get coarser."""
    from scipy import ndimage

    spacing = np.array(policy.spacing_mm)
    extent = np.array(policy.box_mm) if policy.box_mm else volume.spacing_mm * volume.shape[::-1]
    count = np.maximum(1, np.rint(extent / spacing)).astype(int)
    ratio = spacing / volume.spacing_mm
    sigma = np.where(ratio > 1.01, 0.5 * np.sqrt(np.maximum(ratio**2 - 1, 0)), 0)[::-1]
    hu = np.clip(volume.numpy(), policy.low_hu, policy.high_hu).astype(np.float32)
    smooth = volume.like(ndimage.gaussian_filter(hu, sigma, mode="nearest") if sigma.any() else hu)
    middle = volume.ras_from_ijk((np.array(volume.shape[::-1]) - 1) / 2)
    new = np.diag([*(np.array(_RAS_SIGNS) * spacing), 1.0])
    new[:3, 3] = middle - new[:3, :3] @ ((count - 1) / 2)
    grid = image_from_volume(Volume.from_numpy(np.zeros(count[::-1], np.uint8), new))
    image = sitk.Resample(
        image_from_volume(smooth), grid, sitk.Transform(), sitk.sitkLinear, float(policy.floor), sitk.sitkFloat32
    )
    return Volume.from_numpy(sitk.GetArrayFromImage(image), new)


def _centered(volume: Volume, matrix: np.ndarray) -> tuple[Volume, np.ndarray]:
    """The middle of the image at (0, 0, 0): the position on the scanner's table says where it was taken."""
    shift = np.eye(4)
    shift[:3, 3] = -volume.ras_from_ijk((np.array(volume.shape[::-1]) - 1) / 2)
    return Volume(volume.data, shift @ volume.ijk_to_ras), shift @ matrix


def _radiograph(volume: Volume, matrix: np.ndarray, policy: ImagePolicy) -> tuple[Volume, np.ndarray]:
    """A flat image in the middle of a square, its longer side filling it, in pixels of 1 mm."""
    if volume.shape[0] != 1:
        raise InputError(f"An image of {volume.shape[0]} slices is no radiograph; give flat images for an X-ray study.")
    pixels = volume.numpy()[0].astype(np.float32)
    low, high = np.percentile(pixels, _PERCENTILES)
    if high <= low:
        raise InputError("A radiograph has the same value everywhere; check the file.")
    gray = np.clip((pixels - low) / (high - low), 0, 1) * XRAY_MAXIMUM
    flat = Volume.from_numpy(gray[None], np.diag([-1.0, -1.0, 1.0, 1.0]))
    ratio = max(pixels.shape) / policy.size_px
    square = ImagePolicy(
        "ct", (policy.size_px * ratio, policy.size_px * ratio, 1.0), (ratio, ratio, 1.0), 0, XRAY_MAXIMUM
    )
    image = _resampled(flat, square)
    scale = np.diag([*([1 / ratio] * 2), 1.0, 1.0]) @ flat.ijk_to_ras @ np.linalg.inv(volume.ijk_to_ras)
    scaled = Volume.from_numpy(np.rint(image.numpy()).astype(np.int16), np.diag([-1.0, -1.0, 1.0, 1.0]))
    scaled.ijk_to_ras[:3, 3] = np.diag([1 / ratio, 1 / ratio, 1.0]) @ image.ijk_to_ras[:3, 3]
    return _centered(scaled, scale @ matrix)
