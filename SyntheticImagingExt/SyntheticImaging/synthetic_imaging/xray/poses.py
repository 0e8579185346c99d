"""Poses in files: JSON records, matrices, images of this package, DICOM."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..io.files import suffix_of
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
    """The view of a pose file: JSON, a text file with a 3x4 matrix, an image of this package, or DICOM XA."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"'{path}' does not exist; check the path for typing errors.")
    if path.suffix.lower() in (".dcm", ".ima", ".dicom"):
        from .dicom_xa import read_view

        return read_view(path)
    if suffix_of(path) or path.suffix.lower() == ".nhdr":
        return _from_image(path)
    if path.suffix.lower() in (".txt", ".csv"):
        return view_of({"projection_matrix": _matrix_in(path)}, default)
    return view_of(read_json(path), default)


def read_json(path: Path):
    """The content of a JSON file, or InputError."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"'{path.name}' cannot be read as JSON ({error}); export the pose again.") from error


def _from_image(path: Path) -> View:
    from ..io import read_volume

    text = (read_volume(path).metadata or {}).get(POSE_KEY)
    if text is None:
        raise InputError(f"'{path.name}' holds no C-arm pose; give an image made by this program, or a JSON file.")
    return view_of(json.loads(text))


def _matrix_in(path: Path) -> list:
    """Numbers between blanks, commas or semicolons; the last row of a 4x4 matrix, 0 0 0 1, says nothing."""
    try:
        lines = path.read_text(encoding="utf-8").replace(",", " ").replace(";", " ").splitlines()
        numbers = np.loadtxt(lines, ndmin=2)
    except (OSError, ValueError) as error:
        raise InputError(f"'{path.name}' is not a table of numbers ({error}); write 3 rows of 4 numbers.") from error
    if numbers.shape == (4, 4) and numbers[3].tolist() == [0, 0, 0, 1]:
        numbers = numbers[:3]
    return numbers.tolist()
