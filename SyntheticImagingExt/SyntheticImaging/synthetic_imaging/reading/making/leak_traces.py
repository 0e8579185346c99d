"""What can be measured of a study's image without looking at the lesion: its file, its header, its background."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from ...io import read_volume
from ...volume import Volume

_HEADER_BYTES = 352
_GEOMETRY = ((40, 56), (76, 108), (252, 328))
"""Where a NIfTI-1 header holds dimensions, spacing and position: measured apart, as numbers."""

_NOTICED_S = 0.02  # nobody sees a case come earlier by less, and a busy computer differs by more than nothing
_SLICES = 24
_SOFT = {"ct": (-150.0, 300.0), "xray": (400.0, 3700.0)}
_LEAST_VOXELS = 2000
_NOISE_PX = 3


def file_traces(path: Path) -> tuple[dict[str, str], dict[str, float]]:
    """Properties that must be the same in every file, and numbers that may vary but must not tell."""
    status = path.stat()
    with open(path, "rb") as file:
        header = bytearray(file.read(_HEADER_BYTES))
    nifti = header[344:348] in (b"n+1\0", b"ni1\0")
    for start, end in _GEOMETRY:
        header[start:end] = bytes(end - start)
    fixed = {
        "file name": f"{len(path.name)} characters, {path.suffix}",
        "file format": "NIfTI, uncompressed" if nifti else f"other ({bytes(header[:4]).hex()})",
        "file header": hashlib.sha256(header).hexdigest()[:8] if nifti else "other",
        "modification time": f"{status.st_mtime:.0f}",
        "access rights": oct(status.st_mode & 0o777),
    }
    return fixed, {"file size": float(status.st_size)}


def image_traces(path: Path, centers_ras, radii_mm, modality: str) -> tuple[dict[str, str], dict[str, float]]:
    """The same of the voxels. Lesions, with the tissue that they push, are left out."""
    begun = time.perf_counter()
    volume = read_volume(path)
    seconds = round((time.perf_counter() - begun) / _NOTICED_S) * _NOTICED_S
    dtype = str(volume.data.dtype).removeprefix("torch.")
    matrix = volume.ijk_to_ras
    turned = np.round(volume.directions, 3).tolist()
    middle = np.abs(volume.ras_from_ijk((np.array(volume.shape[::-1]) - 1) / 2)).max()
    fixed = {
        "voxel type": dtype,
        "orientation": str(turned),
        "position in the room": "centered" if middle < 0.01 * volume.spacing_mm.max() + 1e-3 else "elsewhere",
        "header texts": ", ".join(sorted(volume.metadata or {})) or "none",
    }
    numbers = {name: float(count) for name, count in zip(("slices", "rows", "columns"), volume.shape, strict=True)}
    numbers |= {f"spacing {axis}": float(step) for axis, step in zip("ijk", np.abs(np.diag(matrix)[:3]), strict=True)}
    numbers["seconds to read"] = seconds
    return fixed, numbers | background_traces(volume, centers_ras, radii_mm, modality)


def background_traces(volume: Volume, centers_ras, radii_mm, modality: str) -> dict[str, float]:
    """Range, padding, steps between values, noise and traces of interpolation, away from the lesions."""
    step = max(1, volume.shape[0] // _SLICES)
    hu = volume.numpy()[::step].astype(np.float32)
    away = _away(volume, centers_ras, radii_mm)[::step]
    if away.sum() < _LEAST_VOXELS:
        away = np.ones_like(away)
    values = hu[away]
    low, high = float(values.min()), float(values.max())
    numbers = {
        "lowest value": low,
        "highest value": high,
        "share of padding": float((values <= low).mean()),
        "share at the upper limit": float((values >= high).mean()),
    }
    soft_low, soft_high = _SOFT[modality]
    soft = away & (hu > soft_low) & (hu < soft_high)
    numbers["values in use"] = _values_in_use(hu[soft])
    numbers["median of soft tissue"] = float(np.median(hu[soft])) if soft.any() else np.nan
    return numbers | _noise(volume, step, soft) | _rhythm(hu, soft)


def _away(volume: Volume, centers_ras, radii_mm) -> np.ndarray:
    away = np.ones(volume.shape, bool)
    axes = [np.arange(n) for n in volume.shape[::-1]]
    for center, radius_mm in zip(centers_ras, radii_mm, strict=True):
        at = volume.ijk_from_ras(center)
        reach_mm = 1.6 * max(radius_mm, 3.0) + 6.0
        i, j, k = (((axis - c) * s) ** 2 for axis, c, s in zip(axes, at, volume.spacing_mm, strict=True))
        away &= k[:, None, None] + j[None, :, None] + i[None, None, :] > reach_mm**2
    return away


def _values_in_use(values: np.ndarray) -> float:
    """Share of the whole numbers in the middle range that occur; gaps come from rescaled or stretched data."""
    if values.size < _LEAST_VOXELS:
        return np.nan
    low, high = np.percentile(values, (25, 75))
    span = np.arange(np.floor(low), np.ceil(high) + 1)
    return float(np.isin(span, np.unique(values)).mean())


def _noise(volume: Volume, step: int, soft: np.ndarray) -> dict[str, float]:
    """Deviation of the fine structure in flat tissue, and how alike neighbors are along each axis."""
    whole = volume.numpy()
    kept = range(0, volume.shape[0], step)
    fine = {k: whole[k].astype(np.float32) for k in {n for a in kept for n in (a, min(a + 1, volume.shape[0] - 1))}}
    fine = {k: plane - ndimage.uniform_filter(plane, _NOISE_PX) for k, plane in fine.items()}
    sums = {name: [0.0, 0.0] for name in ("", "i", "j", "k")}
    for row, k in enumerate(kept):
        flat = _flat(whole[k].astype(np.float32), soft[row])
        r = fine[k]
        _add(sums[""], r * r, flat)
        _add(sums["i"], r[:, :-1] * r[:, 1:], flat[:, :-1] & flat[:, 1:])
        _add(sums["j"], r[:-1] * r[1:], flat[:-1] & flat[1:])
        if k + 1 in fine:
            _add(sums["k"], r * fine[k + 1], flat)
    total, count = sums[""]
    if count < _LEAST_VOXELS / 4 or total <= 0:
        return {"noise": np.nan, **{f"noise along {axis}": np.nan for axis in "ijk"}}
    variance = total / count
    alike = {f"noise along {a}": sums[a][0] / sums[a][1] / variance if sums[a][1] else np.nan for a in "ijk"}
    return {"noise": float(np.sqrt(variance)), **alike}


def _add(sums: list[float], product: np.ndarray, where: np.ndarray):
    sums[0] += float(product[where].sum())
    sums[1] += float(where.sum())


def _flat(plane: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """Soft tissue without edges: the half with the smaller gradient."""
    slope = ndimage.gaussian_gradient_magnitude(plane, 1.5)
    return soft & (slope <= np.median(slope[soft])) if soft.any() else soft


def _rhythm(hu: np.ndarray, soft: np.ndarray) -> dict[str, float]:
    """How regular the roughness is along rows and columns: interpolation makes it periodic (Gallagher 2005)."""
    found = {}
    for axis, name in ((2, "i"), (1, "j")):
        rough = np.abs(np.diff(hu, 2, axis=axis))
        inside = np.take(soft, range(1, soft.shape[axis] - 1), axis)
        others = tuple(a for a in range(3) if a != axis)
        count = inside.sum(axis=others)
        with np.errstate(invalid="ignore", divide="ignore"):
            profile = np.where(inside, rough, 0).sum(axis=others) / count
        used = np.flatnonzero(count >= 20)
        if used.size < 32:
            found[f"interpolation along {name}"] = np.nan
            continue
        profile = np.interp(np.arange(used[0], used[-1] + 1), used, profile[used])
        profile = profile / np.maximum(ndimage.median_filter(profile, 9), 1e-6) - 1
        spectrum = np.abs(np.fft.rfft(profile * np.hanning(profile.size)))[profile.size // 8 :]
        found[f"interpolation along {name}"] = float(spectrum.max() / max(np.median(spectrum), 1e-9))
    return found


def header_texts(path: Path) -> str:
    """Every text of an image file's header, to be searched for names."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    texts = [f"{key}={reader.GetMetaData(key)}" for key in reader.GetMetaDataKeys()]
    with open(path, "rb") as file:
        return " ".join(texts) + file.read(_HEADER_BYTES).decode("latin-1")
