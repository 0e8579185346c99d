"""Points that Slicer saved: markups of every kind as JSON, and point lists in the older .fcsv, in RAS mm."""

from __future__ import annotations

import csv
import math
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import InputError
from .json_files import read_json

_SIGNS = {"RAS": (1.0, 1.0, 1.0), "0": (1.0, 1.0, 1.0), "LPS": (-1.0, -1.0, 1.0), "1": (-1.0, -1.0, 1.0)}
"""By the name of a coordinate system, or the number that stood for it before 2020."""

_FCSV = "# Markups fiducial file version"
_FCSV_LABEL, _FCSV_DESCRIPTION, _FCSV_STATUS = 11, 12, 14
_DEFINED, _FCSV_DEFINED = "defined", "2"


@dataclass(frozen=True)
class Point:
    """A control point that has a place. ras: mm. label, description: as the user wrote them."""

    label: str
    ras: tuple[float, float, float]
    description: str = ""


def is_fcsv(path: Path) -> bool:
    """Whether a file is a point list of the older kind, by its first line."""
    try:
        with open(path, "rb") as file:
            return file.readline(100).startswith(_FCSV.encode())
    except OSError:
        return False


def read_points(path: str | PathLike) -> list[Point]:
    """Points of markups that Slicer saved, as .mrk.json or .fcsv; those without a place are left out, and said.

    InputError where the file is neither, does not tell its coordinate system, or no point has a place.
    """
    path = Path(path).expanduser()
    rows = _fcsv_points(path) if is_fcsv(path) else points_of(read_json(path), path.name)
    return _placed(rows, path.name)


def points_of(content: Any, name: str) -> list[tuple[Point, bool]]:
    """Points of the JSON of markups, and whether they have a place. name: of the file, for sentences."""
    try:
        return [row for markup in content["markups"] for row in _json_points(markup, name)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"'{name}' holds no markups that can be read; save them from Slicer again.") from error


def told_apart(names: Iterable[str], key: Callable[[str], str] = str) -> list[str]:
    """The names, each once: F, F-2, F-3. key: what makes two names the same."""
    found: dict[str, str] = {}
    for name in names:
        candidate, number = name, 2
        while key(candidate) in found:
            candidate, number = f"{name}-{number}", number + 1
        found[key(candidate)] = candidate
    return list(found.values())


def _placed(rows: list[tuple[Point, bool]], name: str) -> list[Point]:
    unset = [point.label or "without a name" for point, is_placed in rows if not is_placed]
    points = [point for point, is_placed in rows if is_placed]
    if rows and not points:
        raise InputError(f"No point of '{name}' has a place yet; place them in Slicer and save them again.")
    if unset:
        warnings.warn(f"'{name}' has points without a place, left out: {', '.join(unset)}.", stacklevel=3)
    return points


def _signs(system: str, name: str) -> tuple[float, float, float]:
    if system not in _SIGNS:
        raise InputError(f"'{name}' is in the coordinate system '{system}'; save it from Slicer in RAS or LPS.")
    return _SIGNS[system]


def _ras(position: Iterable, signs: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = (sign * float(part) for sign, part in zip(signs, position, strict=True))
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError("not finite")
    return x + 0.0, y + 0.0, z + 0.0


def _json_points(markup: dict, name: str) -> list[tuple[Point, bool]]:
    unit = markup.get("coordinateUnits", "mm")
    unit = unit[0] if isinstance(unit, list) and unit else unit
    if unit not in ("mm", ""):
        raise InputError(f"'{name}' is in the unit {unit!r}; save it from Slicer in mm.")
    signs = _signs(str(markup.get("coordinateSystem") or "LPS"), name)
    rows = []
    for point in markup.get("controlPoints", []):
        label, description = (str(point.get(part) or "") for part in ("label", "description"))
        is_placed = point.get("positionStatus", _DEFINED) == _DEFINED and bool(point.get("position"))
        ras = _ras(point["position"], signs) if is_placed else (0.0, 0.0, 0.0)
        rows.append((Point(label, ras, description), is_placed))
    return rows


def _fcsv_points(path: Path) -> list[tuple[Point, bool]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'{path.name}' cannot be read ({error}); save it from Slicer again.") from error
    heads = dict(line[1:].partition("=")[::2] for line in lines if line.startswith("#"))
    system = next((value.strip() for key, value in heads.items() if key.strip() == "CoordinateSystem"), None)
    if system is None:
        raise InputError(f"'{path.name}' does not say whether it is in RAS or LPS; save it from Slicer again.")
    signs, rows = _signs(system, path.name), []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            fields = next(csv.reader([line]))
            fields += [""] * (_FCSV_STATUS + 1 - len(fields))
            is_placed = fields[_FCSV_STATUS].strip() in ("", _FCSV_DEFINED)
            ras = _ras(fields[1:4], signs) if is_placed else (0.0, 0.0, 0.0)
        except (ValueError, csv.Error):
            raise InputError(f"Line {number} of '{path.name}' is no point; save it from Slicer again.") from None
        rows.append((Point(fields[_FCSV_LABEL], ras, fields[_FCSV_DESCRIPTION]), is_placed))
    return rows
