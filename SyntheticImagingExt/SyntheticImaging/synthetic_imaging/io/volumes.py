"""Reading and writing by what a path names."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path

from ..errors import InputError
from ..volume import Volume
from . import files
from .dicom import finding, writing
from .dicom.series import read_series


def read_volume(
    path: str | PathLike,
    series: int | str | None = None,
    *,
    series_uid: str | None = None,
    accept_data_elsewhere: bool = False,
) -> Volume:
    """Read a scalar three-dimensional volume with its own dtype.

    path: NRRD, NIfTI, MHA or MHD file; a folder that holds a DICOM series, or the DICOMDIR of a disc; one slice of a
        series, which stands for those of its series in the same folder; or a multi-frame DICOM file.
    series: which DICOM series to read where a folder holds several: its number in ``list_series``, its UID, or its
        description, whole or in part. Files of other formats have one image and leave it unused.
    series_uid: the same, by its former name.
    accept_data_elsewhere: read voxels also from another folder, where a .mhd or .nrrd header names one.

    DICOM values are rescaled to HU: int16 where slope and intercept are whole numbers and the result is in its range,
    else int32 or float32. Raises InputError for anything that is not one finite scalar volume on a straight grid.
    """
    path = Path(path).expanduser()
    if not os.path.exists(path):  # False, too, for a name that is longer than the system takes
        raise InputError(f"'{path}' does not exist; check the path for typing errors.")
    if path.is_dir() or finding.is_dicom(path):
        return read_series(path, series_uid if series is None else series)
    return files.read_file(path, accept_data_elsewhere)


def write_volume(path: str | PathLike, volume: Volume) -> Path:
    """Write a volume and return its path; the folder is created where it is missing.

    path: ends in .nrrd, .nii, .nii.gz, .mha or .mhd: one file (two for .mhd), replaced in one step, dtype
        kept. Without a suffix: a new folder with a DICOM series of CT images, always marked as derived and
        synthetic, one file per slice.

    Raises InputError where the format cannot hold the volume or the disk refuses; nothing is left behind.
    """
    path = Path(path).expanduser()
    if files.suffix_of(path):
        files.write_file(path, volume)
    elif path.suffix == "" or path.is_dir():
        writing.write_series(path, volume)
    else:
        raise InputError(
            f"'{path.name}' has an unknown file type; end the name in {', '.join(files.SUFFIXES)}, "
            "or give a folder name without a dot for a DICOM series."
        )
    return path
