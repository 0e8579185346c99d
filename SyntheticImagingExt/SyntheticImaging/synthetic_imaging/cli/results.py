"""Writing what a verb made, all of it or nothing. Imports the engine, so verbs import it when they run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .. import tumor
from ..errors import InputError
from ..io.atomic import filling
from ..tumor.dicom import SEGMENTATIONS, SERIES
from ..tumor.provenance import IMAGES, RECORD, has_series

FILES = (*IMAGES, RECORD)
_NO_VESSEL_MM = 900.0


def day_name(day: float) -> str:
    """The folder of one day of growth."""
    return f"day_{day:g}"


def is_complete(folder: Path, dicom: bool) -> bool:
    """Whether a folder holds a whole result, with DICOM where that is asked for."""
    return tumor.is_whole(folder) and (not dicom or has_series(folder))


def refuse_target(out: Path, days: Sequence[str], inputs: Sequence[str | Path | None]):
    """InputError where writing would replace an input."""
    if os.path.lexists(out) and not os.path.isdir(out):
        raise InputError(f"'{out}' is a file; give --out a folder.")
    given = {Path(path).expanduser().resolve() for path in inputs if path}
    for folder in (out / day for day in days):
        replaced = [folder / name for name in (*FILES, SERIES, *SEGMENTATIONS) if (folder / name).resolve() in given]
        if replaced:
            raise InputError(f"'{replaced[0]}' is an input and would be replaced; choose another folder for --out.")


def refuse_older_series(out: Path, days: Sequence[str], dicom: bool):
    """InputError where a DICOM series would be replaced, or stay beside a result that has none."""
    for folder in (out / day for day in days):
        if (folder / SERIES).exists() and (dicom or has_series(folder)):
            raise InputError(f"'{folder / SERIES}' exists, and results must not mix; choose another folder for --out.")


def write(out: Path, case: tumor.Case, series: dict[str, list[tumor.Lesion]], options) -> list[str]:
    """Insert each list of lesions and write it into ``out / name``; the returned lines tell what was made.

    Everything is written in full beside its place before the first file moves there.
    """
    lines: list[str] = []
    with filling(out, RECORD, SEGMENTATIONS) as temporary:
        _write_series(temporary, case, series, options, lines)
    dicom = f" and the DICOM series '{SERIES}' with its segmentations" if options.dicom else ""
    names = f"{', '.join(FILES)}{dicom}"
    return [*lines, f"{names} are in '{out}'." if list(series) == [""] else f"{len(series)} days are in '{out}'."]


def _write_series(staged: Path, case: tumor.Case, series: dict[str, list[tumor.Lesion]], options, lines: list[str]):
    composition = tumor.Composition(case, device=options.device)
    for name, lesions in series.items():
        composition.set_lesions(lesions)
        tumor.save(staged / name, composition, options.dicom)
        lines += [name] if name else []
        lines += [_line(composition, index) for index in range(len(lesions))]


def _line(composition: tumor.Composition, index: int) -> str:
    """One lesion in words."""
    lesion, measured = composition.lesions[index], composition.measure(index)
    place = f"{lesion.name}: at {','.join(f'{x:.1f}' for x in lesion.center_ras)}, radius {lesion.radius_mm:.1f} mm, "
    if measured["volume_ml"] == 0:
        return place + "too small to cover the middle of any voxel, so no label shows it"
    gap = measured["clearance_mm"]
    vessel = "no vessel found" if gap > _NO_VESSEL_MM else f"{gap:.1f} mm from the nearest vessel"
    return f"{place}{measured['volume_ml']:.2f} mL, {measured['mean_hu']:.0f} ± {measured['std_hu']:.0f} HU, " + (
        vessel if gap >= 0 else "may touch a vessel"
    )
