"""Radiographs in files: DICOM and pictures, known by what they hold, as gray values of an upright flat image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import InputError
from ...io.dicom.finding import header_of, is_dicom, is_picture
from ...io.dicom.frames import frames_of
from ...io.dicom.pixels import hounsfield, refuse_unreadable

PICTURES = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_SQUARE = 0.01


def is_picture_file(path: Path) -> bool:
    """Whether a file is one of PICTURES, by what it holds."""
    from PIL import Image

    try:
        with Image.open(path, formats=PICTURES):
            return True
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def gray_values(path: Path) -> np.ndarray:
    """The gray values (rows, columns) of a radiograph, float32, higher where the film is brighter.

    DICOM is rescaled and MONOCHROME1 turned into light on dark; a picture is turned upright by its EXIF orientation.
    InputError for a color picture, one with transparent parts, several pictures in one file, or pixels that are not
    square.
    """
    if is_dicom(path):
        return _dicom(path)
    values = _picture(path) if is_picture_file(path) else _flat(path)
    if not np.isfinite(values).all():
        raise InputError(f"'{path.name}' has pixels that are not a number or infinite; save it again without.")
    return values


def _dicom(path: Path) -> np.ndarray:
    header = header_of(path)
    if header is None or not is_picture(header):
        raise InputError(f"'{path.name}' is DICOM, but no image; give a radiograph.")
    frames = frames_of(header)
    if len(frames) != 1:
        raise InputError(f"'{path.name}' has {len(frames)} images; a radiograph is one flat image.")
    refuse_unreadable(frames, path.name)
    (frame,), values = frames, hounsfield(frames, path.name)[0].astype(np.float32)
    spacing, padding = frame.spacing_mm, frame.storage.padding
    if spacing is not None and abs(spacing[0] / spacing[1] - 1) > _SQUARE:
        raise InputError(f"The pixels of '{path.name}' are not square; resample it to square ones.")
    is_negative = header.get("PhotometricInterpretation") == "MONOCHROME1"
    values = -values if is_negative else values
    if padding is not None:
        ends = sorted((-1 if is_negative else 1) * ((frame.slope or 1) * x + (frame.intercept or 0)) for x in padding)
        outside = (values >= ends[0]) & (values <= ends[1])
        if outside.any() and not outside.all():
            values[outside] = values[~outside].min()
    return values


def _flat(path: Path) -> np.ndarray:
    import SimpleITK as sitk

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"'{path.name}' cannot be read as an image; save it as PNG, DICOM or NRRD.") from error
    array = sitk.GetArrayFromImage(image).astype(np.float32)
    if image.GetNumberOfComponentsPerPixel() > 1:
        return _one_channel(array.reshape(*array.shape[-3:]), path.name)
    array = array[None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[0] != 1:
        raise InputError(f"'{path.name}' has {array.shape[0]} slices; a radiograph is one flat image.")
    if abs(image.GetSpacing()[0] / image.GetSpacing()[1] - 1) > _SQUARE:
        raise InputError(f"The pixels of '{path.name}' are not square; resample it to square ones.")
    return array[0]


def _picture(path: Path) -> np.ndarray:
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=PICTURES) as opened:
            count = getattr(opened, "n_frames", 1)
            image = ImageOps.exif_transpose(opened)
            is_transparent = image.has_transparency_data
            if image.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV"):
                image = image.convert("RGBA" if is_transparent else "RGB")
            elif is_transparent and image.mode not in ("LA", "RGBA"):
                image = image.convert("RGBA" if image.mode == "RGB" else "LA")
            array = np.asarray(image).astype(np.float32)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"'{path.name}' cannot be read as an image ({error}); save it as PNG or DICOM.") from error
    if count != 1:
        raise InputError(f"'{path.name}' has {count} images; a radiograph is one flat image.")
    if is_transparent:
        if array[..., -1].min() < 255:
            raise InputError(f"'{path.name}' has transparent parts; save it without transparency.")
        array = array[..., :-1]
    return _one_channel(array, path.name) if array.ndim == 3 else array


def _one_channel(array: np.ndarray, name: str) -> np.ndarray:
    """The first of equal colors (rows, columns, colors)."""
    if array.shape[-1] > 1 and np.ptp(array[..., :3], axis=-1).max() > 0:
        raise InputError(f"'{name}' is a color picture; a radiograph in gray is needed.")
    return array[..., 0]
