"""A view as a record that people and programs read: names and numbers, with angles, distances and the matrix."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..declared import own_settings
from ..errors import InputError
from ..tuples import two
from .checks import finite
from .geometry import Pose, View

KIND = "synthetic-imaging c-arm pose"
POSE_KEY = "SyntheticImaging_pose"
"""Header key under which images hold their pose."""

_DIGITS = 10
_DISTANCES = ("source_to_detector_mm", "source_to_isocenter_mm")
_POSE = tuple(own_settings(Pose))
_TOLD = (*_POSE, *_DISTANCES)


def record_of(view: View) -> dict:
    """All numbers of a view, ready for JSON.

    The pose, distances, detector (rows, columns, mm between rows and between columns) and off-center
    mm rebuild the view; projection_matrix (RAS mm to column, row) and source are for other programs.
    """
    pose, to_detector, to_isocenter, off_center = view.pose_and_distances()
    return {
        "kind": KIND,
        **{name: _rounded(value) for name, value in pose.to_dict().items()},
        "source_to_detector_mm": _rounded(to_detector),
        "source_to_isocenter_mm": _rounded(to_isocenter),
        "rows": view.rows,
        "columns": view.columns,
        "pixel_mm": _rounded(view.pixel_mm),
        "off_center_mm": _rounded(off_center),
        "source_ras_mm": list(view.source_ras),
        "projection_matrix": view.projection_matrix.tolist(),
    }


def view_of(record: dict, default: View | None = None) -> View:
    """The view of a record.

    With angles: what is missing is taken from ``default``; a name alone is the default under that name. With a
    projection_matrix, or K (3, 3) and Rt (3, 4), and no angles: see ``View.from_matrix``; "mirrored": true for the
    matrix of a camera. InputError names what is missing.
    """
    if not isinstance(record, dict):
        raise InputError('A pose is a set of names and numbers, like {"lao_deg": 30}; this is something else.')
    record = {Pose.renamed.get(name, name): value for name, value in record.items()}
    if "lao_deg" not in record and ("projection_matrix" in record or "K" in record):
        return _from_matrix(record, default)
    if set(record) != {"name"} and not any(name in record for name in _TOLD):
        raise InputError(f"The pose tells none of {', '.join(_TOLD)}; check the names in it.")
    merged = {**_known(default), **record}
    missing = [name for name in (*_DISTANCES, "rows", "columns", "pixel_mm") if name not in merged]
    if missing:
        raise InputError(f"The pose lacks {', '.join(missing)}; add them, or name a C-arm.")
    told = {name: merged[name] for name in _POSE if name in merged}
    for name in ("lao_deg", "roll_deg"):
        told[name] = within_turn(finite(told.get(name, 0), name))
    pose = Pose.from_dict(told)
    distances = two(merged[name] for name in _DISTANCES)
    size = two(_count(merged[name], name) for name in ("rows", "columns"))
    return View.from_pose(pose, *distances, *size, _pair(merged["pixel_mm"]), _shift(merged))


@lru_cache(maxsize=4)
def _known(default: View | None) -> dict:
    """What a default tells; thousands of poses have the same one."""
    return {} if default is None else record_of(default)


def within_turn(degrees: float) -> float:
    """The same angle between -180 and 180, for files that count on to 360; exactly what it was where it lies there."""
    return degrees if -180 <= degrees <= 180 else (degrees + 180) % 360 - 180


def _from_matrix(record: dict, default: View | None) -> View:
    known = _known(default)
    merged = {**{name: known[name] for name in ("rows", "columns", "pixel_mm") if name in known}, **record}
    missing = [name for name in ("rows", "columns", "pixel_mm") if name not in merged]
    if missing:
        raise InputError(f"A matrix alone does not tell {', '.join(missing)}; add them, or name a C-arm.")
    try:
        if "projection_matrix" in record:
            matrix = np.array(record["projection_matrix"], dtype=np.float64)
        else:
            matrix = np.array(record["K"], dtype=np.float64) @ np.array(record["Rt"], dtype=np.float64)[:3]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("The matrix is not made of numbers; give projection_matrix (3x4), or K and Rt.") from error
    size = two(_count(merged[name], name) for name in ("rows", "columns"))
    return View.from_matrix(
        matrix, *size, _pair(merged["pixel_mm"])[1], merged.get("isocenter_ras"),
        merged.get("source_to_isocenter_mm"), bool(merged.get("mirrored", False)),
    )  # fmt: skip


def _rounded(value):
    """A number, or several, without the last digits, which are rounding: 30 and not 29.999999999999996."""
    return round(value, _DIGITS) + 0.0 if isinstance(value, int | float) else [_rounded(part) for part in value]


def _count(value, name: str) -> int:
    number = finite(value, name)
    if number != int(number) or number < 1:
        raise InputError(f"{name} is {value!r}; give a whole number of at least 1.")
    return int(number)


def _shift(record: dict) -> tuple[float, float]:
    value = record.get("off_center_mm", (0, 0))
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InputError(f"off_center_mm is {value!r}; give two numbers: to the right and up in the picture.")
    return value[0], value[1]


def _pair(value) -> tuple[float, float]:
    values = list(value) if isinstance(value, list | tuple) else [value, value]
    if len(values) != 2:
        raise InputError(f"pixel_mm is {value!r}; give one number, or two for rows and columns.")
    return values[0], values[1]
