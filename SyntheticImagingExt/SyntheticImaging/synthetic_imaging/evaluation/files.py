"""Label volumes of files and folders, and tables into files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from ..errors import InputError
from ..io import read_labels
from ..io.atomic import publish, staging
from ..io.dicom.drawings import FRAME_KEY, STRUCTURE_SET, drawing_kind, names_in, refuse_other_frame
from ..io.files import SUFFIXES, suffix_of
from ..io.labels import joined
from ..volume import Volume
from .settings import Measures

NAMES_FILE = "labels.json"
OWN_TABLE = "scores"
_DICOM = ".dcm"


Named = tuple[Volume, dict[int, str]]
"""Labels, and the names of their values."""


@dataclass(frozen=True)
class Pair:
    """A case and its two files."""

    case: str
    prediction: Path
    reference: Path


def pairs(prediction: Path, reference: Path) -> tuple[list[Pair], list[str]]:
    """The cases of two files, or of two folders by the names of their files, endings aside, and sentences about those
    that have no partner. InputError where a path is missing, where a file is set against a folder, or none match.
    """
    for path in (prediction, reference):
        if not path.exists():
            raise InputError(f"'{path}' does not exist; check the path for typing errors.")
    if prediction.is_dir() != reference.is_dir():
        raise InputError("One path is a folder and the other a file; give two files, or two folders.")
    if not prediction.is_dir():
        return [Pair(case_of(reference), prediction, reference)], []
    left, right = _cases(prediction), _cases(reference)
    common = [case for case in left if case in right]
    if not common:
        raise InputError(
            f"No file in '{prediction}' has the name of one in '{reference}'; name them alike, endings aside."
        )
    notes = [
        f"{len(alone)} of '{folder}' without a partner: {', '.join(alone[:8])}{' ...' if len(alone) > 8 else ''}."
        for folder, mine, others in ((prediction, left, right), (reference, right, left))
        if (alone := [case for case in mine if case not in others])
    ]
    return [Pair(case, left[case], right[case]) for case in common], notes


def case_of(path: Path) -> str:
    """The name without its ending; ".seg" belongs to the ending."""
    name = path.name[: len(path.name) - len(suffix_of(path) or "")].removesuffix(_DICOM)
    return name.removesuffix(".seg")


def _cases(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        is_labels = suffix_of(path) is not None or path.name.lower().endswith(_DICOM)
        if not path.is_file() or not is_labels or path.name.startswith("."):
            continue
        if case_of(path) in found:
            raise InputError(
                f"'{folder}' has two files for the case '{case_of(path)}': '{found[case_of(path)].name}' and "
                f"'{path.name}'; take one away."
            )
        found[case_of(path)] = path
    if not found:
        raise InputError(f"'{folder}' holds no file that ends in {', '.join((*SUFFIXES, _DICOM))}.")
    return found


def labels_of(path: Path, image: Volume | None = None) -> Named:
    """A label volume, empty or not, and the names of its labels as far as they are known.

    Names: those of the segments of a DICOM file or in the header of an NRRD file, or of a file labels.json beside it
    ({"labels": {"1": "liver"}}), as the verb ``phantom`` writes it. image: whose voxels the contours of a structure set
    fill.
    """
    labels = read_labels(path, may_be_empty=True, image=image)
    return labels, names_in(labels.metadata or {}) or _names_beside(path)


def labels_of_pair(pair: Pair, accept_frame: bool = False) -> tuple[Named, Named]:
    """``labels_of`` the prediction and of the reference, over the box of both where they share their voxels: a DICOM
    segmentation has only the slices that it needs. Contours of a structure set fill the voxels of the other one.
    accept_frame: also of two frames of reference.
    """
    if drawing_kind(pair.prediction) == STRUCTURE_SET:
        reference, reference_names = labels_of(pair.reference)
        prediction, names = labels_of(pair.prediction, image=reference)
    else:
        prediction, names = labels_of(pair.prediction)
        reference, reference_names = labels_of(pair.reference, image=prediction)
    if not accept_frame:
        refuse_other_frame((prediction.metadata or {}).get(FRAME_KEY, ""), reference, pair.prediction.name)
    prediction, reference = joined(prediction, reference)
    return (prediction, names), (reference, reference_names)


def _names_beside(path: Path) -> dict[int, str]:
    file = path.parent / NAMES_FILE
    if not file.is_file():
        return {}
    try:
        return {int(value): str(name) for value, name in json.loads(file.read_text("utf-8"))["labels"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f'\'{file}\' does not name labels like {{"labels": {{"1": "liver"}}}}; correct it.') from None


def refuse_table(path: Path) -> None:
    """InputError where ``write_tables`` could not write a table."""
    if path.suffix.lower() != ".csv":
        raise InputError(f"'{path.name}' is no table; end its name in .csv (a file .json is written beside it).")
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; choose another name for the table.")


def write_tables(path: Path, tables: Mapping[str, list[dict]], measures: Measures) -> list[Path]:
    """Write what was measured and return the files, all or none: the table of scores as ``path`` (.csv), the others
    that have rows beside it as NAME-summary.csv and so on, and all of them with the settings as NAME.json. Tables of
    these names that an earlier run left are gone.
    """
    refuse_table(path)
    files = {path.with_suffix(".json"): json.dumps(_described(tables, measures), indent=2, allow_nan=False)}
    empty = []
    for name, rows in tables.items():
        file = path if name == OWN_TABLE else path.with_name(f"{path.stem}-{name.replace('_', '-')}.csv")
        if rows or name == OWN_TABLE:
            files[file] = _csv_text(rows)
        else:
            empty.append(escape(file.name))
    with staging(path) as folder:
        for file, text in files.items():
            (folder / file.name).write_text(text, encoding="utf-8", newline="")
        publish(folder, path, empty)
    return list(files)


def _described(tables: Mapping[str, list[dict]], measures: Measures) -> dict:
    plain = {
        name: [{key: _plain(value) for key, value in row.items()} for row in rows] for name, rows in tables.items()
    }
    return {"measures": measures.to_dict(), **plain}


def _plain(value):
    """What is not defined is null in JSON."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv_text(rows: list[dict]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["case"], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return text.getvalue()


def _cell(value):
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return int(value) if isinstance(value, bool) else value
