"""Single-file formats: NRRD, NIfTI and MetaImage."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import InputError
from ..volume import Volume
from . import headers, nifti
from .atomic import publish, staging
from .checked import write_checked
from .geometry import image_from_volume, matrix_of, refuse_shear, straightened
from .hounsfield import MODALITY_KEY
from .metadata import attach_metadata, metadata_of

SUFFIXES = (".nrrd", ".nii", ".nii.gz", ".mha", ".mhd")
_LIBRARY = {headers.NRRD: "NrrdImageIO", headers.META_IMAGE: "MetaImageIO"}
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
    kind = headers.kind_of(path)
    if kind == headers.NIFTI:
        volume = nifti.read_nifti(path)
    elif not kind and suffix_of(path):
        raise InputError(
            f"'{path.name}' is not an image that can be read: it does not begin as a file of that name does, so it is "
            "damaged, or of another kind; copy or export it again."
        )
    else:
        header = headers.header_of(path, kind) if kind else None
        if header is not None:
            headers.check(path, header, accept_data_elsewhere)
        volume = _read_by_library(path, kind, header)
    refuse_not_finite(volume.numpy(), path.name)
    return volume


def _read_by_library(path: Path, kind: str, header: headers.TextHeader | None) -> Volume:
    reader = _opened(path, kind)
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise InputError(
            f"'{path.name}' could not be read: {_last_line(error)}. The file may be damaged or cut short, or its data "
            "file is missing; copy or export it again."
        ) from error
    matrix, metadata = matrix_of(image), metadata_of(image)
    if header is not None:
        matrix[:3] *= np.reshape(header.mm_per_unit, (-1, 1)) if len(header.mm_per_unit) in (1, 3) else 1.0
        metadata |= {MODALITY_KEY: header.modality} if header.modality else {}
    refuse_shear(matrix, path.name)
    return Volume.from_numpy(sitk.GetArrayFromImage(image), straightened(matrix), metadata)


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


def _opened(path: Path, kind: str) -> sitk.ImageFileReader:
    """A reader that has read the header; InputError for what is no volume of single numbers."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    if kind in _LIBRARY:
        reader.SetImageIO(_LIBRARY[kind])
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
    return reader


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].removeprefix("sitk::ERROR: ").removeprefix("ITK ERROR: ").rstrip(".")
