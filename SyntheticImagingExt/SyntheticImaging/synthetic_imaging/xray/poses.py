"""Poses in files: JSON records, matrices, images of this package, DICOM."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..io.dicom.finding import is_dicom
from ..io.files import suffix_of
from ..io.json_files import read_json
from .geometry import View
from .pose_records import KIND, POSE_KEY, record_of, view_of

__all__ = ["KIND", "POSE_KEY", "read_json", "read_pose", "record_of", "view_of", "write_pose"]


def write_pose(path: str | PathLike, view: View) -> Path:
    """Write the record of a view as JSON; returns the path, which ends in .json."""
    from ..io.atomic import publish, staging

    path = Path(path).expanduser()
    if path.suffix.lower() != ".json":
        raise InputError(f"'{path.name}' is no name for a pose; end it in .json.")
    with staging(path) as folder:
        (folder / path.name).write_text(json.dumps(record_of(view), indent=2) + "\n", encoding="utf-8")
        publish(folder, path)
    return path


def read_pose(path: str | PathLike, default: View | None = None) -> View:
    """The view of a pose file: JSON, a text file with a 3x4 matrix, an image of this package, or DICOM XA.

    default: has what the file does not tell, of other makers' DICOM the isocenter. DICOM and NRRD are known by what
    they hold, whatever their name; a matrix by .txt or .csv.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; give the file of a pose.")
    if not path.is_file():
        raise InputError(f"'{path}' does not exist; check the path for typing errors.")
    if is_dicom(path):
        from .dicom_xa import read_view

        return read_view(path) if default is None else read_view(path, default.isocenter_ras)
    if suffix_of(path) or path.suffix.lower() == ".nhdr" or _start(path) == b"NRRD":
        return _from_image(path)
    if path.suffix.lower() in (".txt", ".csv"):
        return view_of({"projection_matrix": _matrix_in(path)}, default)
    return view_of(read_json(path), default)


def _start(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(4)
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from error


def _from_image(path: Path) -> View:
    from ..io import read_volume

    text = (read_volume(path).metadata or {}).get(POSE_KEY)
    if text is None:
        raise InputError(f"'{path.name}' holds no C-arm pose; give an image made by this program, or a JSON file.")
    try:
        return view_of(json.loads(text))
    except json.JSONDecodeError as error:
        raise InputError(f"The pose in '{path.name}' is damaged ({error}); give another image, or enter it.") from error


def _matrix_in(path: Path) -> list:
    """Numbers between blanks, commas or semicolons; the last row of a 4x4 matrix, 0 0 0 1, says nothing."""
    try:
        lines = path.read_text(encoding="utf-8-sig").replace(",", " ").replace(";", " ").splitlines()
        numbers = np.loadtxt(lines, ndmin=2)
    except (OSError, ValueError) as error:
        raise InputError(f"'{path.name}' is not a table of numbers ({error}); write 3 rows of 4 numbers.") from error
    if numbers.shape == (4, 4) and numbers[3].tolist() == [0, 0, 0, 1]:
        numbers = numbers[:3]
    return numbers.tolist()
