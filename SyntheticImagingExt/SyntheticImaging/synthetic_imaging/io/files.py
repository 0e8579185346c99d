"""Single-file formats: NRRD, NIfTI and MetaImage."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import InputError
from ..volume import Volume
from .atomic import publish, staging
from .checked import write_checked
from .geometry import image_from_volume, matrix_of, refuse_shear
from .metadata import attach_metadata, metadata_of

SUFFIXES = (".nrrd", ".nii", ".nii.gz", ".mha", ".mhd")
_COMPRESSION_LEVEL = 2  # noise does not compress further; higher levels only take time


def suffix_of(path: Path) -> str | None:
    """The format of a file by its name, in lower case, or None where it is not one of SUFFIXES."""
    return next(
        (suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if path.name.lower().endswith(suffix)), None
    )


def read_file(path: Path, accept_data_elsewhere: bool = False) -> Volume:
    """Read one image file; see ``read_volume``."""
    if path.stat().st_size == 0:
        raise InputError(f"'{path.name}' is empty (0 bytes); copy or export it again.")
    _refuse_unusable_header(path)
    if (suffix_of(path) or "").startswith(".nii"):
        refuse_truncated_nifti(path)
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(
            f"'{path.name}' could not be read: {_last_line(error)}. The file may be damaged or cut short, or its data "
            "file is missing; copy or export it again."
        ) from error
    matrix = matrix_of(image)
    refuse_shear(matrix, path.name)
    array = sitk.GetArrayFromImage(image)
    refuse_not_finite(array, path.name)
    return Volume.from_numpy(array, matrix, metadata_of(image))


def write_file(path: Path, volume: Volume) -> None:
    """Write one image file atomically; see ``write_volume``."""
    suffix = suffix_of(path)
    if os.path.isdir(path):
        raise InputError(f"'{path}' is a folder; choose another name for the file.")
    if min(volume.shape) == 0:
        raise InputError(f"The volume is empty (shape {volume.shape}); there is nothing to write.")
    image = image_from_volume(volume)
    attach_metadata(image, volume.metadata, suffix or "")
    with staging(path) as folder:
        write_checked(image, folder / path.name, -1 if suffix == ".nii" else _COMPRESSION_LEVEL)
        publish(folder, path)


def refuse_not_finite(array: np.ndarray, name: str) -> None:
    if not np.issubdtype(array.dtype, np.floating):
        return
    bad = array.size - int(np.count_nonzero(np.isfinite(array)))
    if bad:
        raise InputError(
            f"'{name}' has {bad:,} voxels that are not a number or infinite; replace them (for CT by -1000, air) "
            "and save it again."
        )


def nifti_is_complete(path: Path) -> bool:
    """Whether a NIfTI file has all the voxels its header promises; the file library itself does not look."""
    try:
        if not path.name.lower().endswith(".gz"):
            with open(path, "rb") as plain:
                return path.stat().st_size >= _nifti_bytes(plain.read(348))
        with gzip.open(path, "rb") as file:
            promised = _nifti_bytes(file.read(348))
            return _gzip_length(path, file, promised) >= promised
    except (EOFError, OSError, struct.error):
        return False


def refuse_truncated_nifti(path: Path) -> None:
    if not nifti_is_complete(path):
        raise InputError(f"'{path.name}' is cut short or damaged: voxels are missing at its end; copy it again.")


def _nifti_bytes(header: bytes) -> int:
    """Length in bytes that a NIfTI-1 or NIfTI-2 header promises (NIfTI-1 and -2 standards, nifti.nimh.nih.gov)."""
    for order in "<>":
        size = struct.unpack_from(order + "i", header)[0]
        if size == 348:
            dim = struct.unpack_from(order + "8h", header, 40)
            bits, offset = (
                struct.unpack_from(order + "h", header, 72)[0],
                struct.unpack_from(order + "f", header, 108)[0],
            )
            break
        if size == 540:
            dim = struct.unpack_from(order + "8q", header, 16)
            bits, offset = (
                struct.unpack_from(order + "h", header, 14)[0],
                struct.unpack_from(order + "q", header, 168)[0],
            )
            break
    else:
        raise OSError("not a NIfTI header")
    voxels = int(np.prod([max(int(n), 1) for n in dim[1 : dim[0] + 1]], dtype=np.int64))
    return int(offset) + voxels * bits // 8


def _gzip_length(path: Path, file: gzip.GzipFile, promised: int) -> int:
    # the trailer of a whole single-member file holds its length; others (cut, or in blocks) are counted through
    with open(path, "rb") as raw:
        raw.seek(-4, 2)
        if struct.unpack("<I", raw.read(4))[0] == promised % 2**32:
            return promised
    length = file.tell()
    while block := file.read(1 << 20):
        length += len(block)
    return length


def _refuse_unusable_header(path: Path) -> None:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise InputError(
            f"'{path.name}' is not an image that can be read ({_last_line(error)}); give a file that ends in "
            f"{', '.join(SUFFIXES)}, or a folder with a DICOM series."
        ) from error
    if reader.GetNumberOfComponents() > 1:
        raise InputError(
            f"'{path.name}' has {reader.GetNumberOfComponents()} values per voxel (a color or vector image, or "
            "overlapping segments); a volume with one value per voxel is needed."
        )
    if reader.GetDimension() > 3:
        raise InputError(
            f"'{path.name}' has {reader.GetDimension()} dimensions {reader.GetSize()} (a time series?); "
            "save one of its volumes as a three-dimensional file."
        )
    if reader.GetDimension() < 3:
        raise InputError(
            f"'{path.name}' is a flat image of {reader.GetSize()} pixels; a three-dimensional volume is needed."
        )


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].removeprefix("sitk::ERROR: ").removeprefix("ITK ERROR: ").rstrip(".")
