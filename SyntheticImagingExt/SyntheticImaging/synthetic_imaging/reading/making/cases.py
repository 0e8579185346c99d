"""The images that go into a study, with what is known of them: from a table or from folders."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...declared import Declared, number, text
from ...errors import InputError
from ...tuples import three
from .checks import CaseFacts, check_truth

if TYPE_CHECKING:
    from ...volume import Volume

COLUMNS = ("image", "truth", "r", "a", "s", "radius_mm", "place", "scanner", "organ", "organ_value", "case")
_TABLE_HELP = f"The columns are {', '.join(COLUMNS)}; image and truth are needed, one row per lesion."


@dataclass(frozen=True)
class LesionSite(Declared):
    """Where a lesion is in its image: RAS mm, the radius of a sphere as large, and a word for the place."""

    center_ras: tuple[float, float, float]
    radius_mm: float = number(
        0, "Radius of a sphere as large as the lesion; 0 where it is not known", unit="mm", low=0, high=500, step=0.5
    )
    place: str = text("", "A word for the place, by which the report groups")


@dataclass(frozen=True)
class CaseInput:
    """One image of a study, or a host: a CT that can carry synthetic lesions.

    truth: "real", "synthetic" or "host". scanner: images with the same word come from the same scanner and protocol;
    empty takes it from the image. organ: label volume of the organ, of which organ_values are the labels, by number or
    name (all).
    """

    image: Path
    truth: str
    lesions: tuple[LesionSite, ...] = ()
    scanner: str = ""
    organ: Path | None = None
    organ_values: tuple[int | str, ...] = field(default=())

    def __post_init__(self):
        check_truth(self.truth, f"'{self.name}'")

    @property
    def name(self) -> str:
        return self.image.name

    @property
    def facts(self) -> CaseFacts:
        return CaseFacts(self.name, self.truth, bool(self.lesions), self.organ is not None)

    def to_dict(self) -> dict:
        """Plain values, for another process."""
        return {**asdict(self), "image": str(self.image), "organ": None if self.organ is None else str(self.organ)}

    @classmethod
    def from_dict(cls, values: dict) -> CaseInput:
        """The inverse of ``to_dict``."""
        lesions = [
            LesionSite(tuple(site["center_ras"]), site["radius_mm"], site["place"]) for site in values["lesions"]
        ]
        organ = None if values["organ"] is None else Path(values["organ"])
        return cls(
            Path(values["image"]), values["truth"], tuple(lesions), values["scanner"], organ,
            tuple(values["organ_values"]),
        )  # fmt: skip


def cases_from_table(path: str | Path) -> list[CaseInput]:
    """Read a CSV file, with commas or, as spreadsheets in half of Europe write it, semicolons and decimal commas; paths
    in it are relative to it.

    Rows of the same image and the same word under ``case`` (or none) are the lesions of one case. So a CT with three
    lesions is one case, or three with the words 1, 2, 3.
    """
    path = Path(path).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"The table '{path}' cannot be read: {getattr(error, 'strerror', None) or error}. Save it as CSV in UTF-8."
        ) from error
    if problem := _problem_of_columns(rows):
        raise InputError(f"'{path.name}' is not a table of cases: {problem}. {_TABLE_HELP}")
    grouped: dict[tuple[Path, str, str], list[tuple[int, dict]]] = {}
    for line, row in enumerate(rows, 2):
        image, truth, word = (str(row.get(name) or "").strip() for name in ("image", "truth", "case"))
        if not image:
            raise InputError(f"Line {line} of '{path.name}' names no image; fill it in, or remove the line.")
        key = path.parent / Path(image).expanduser(), truth.lower(), word
        grouped.setdefault(key, []).append((line, row))
    return [_case(path, image, truth, lines) for (image, truth, _), lines in grouped.items()]


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return ";" if ";" in head and "," not in head else ","


def _problem_of_columns(rows: list[dict]) -> str:
    if not rows:
        return "it has no rows"
    missing = [name for name in ("image", "truth") if name not in rows[0]]
    if missing:
        return f"it has no column '{missing[0]}'"
    if any(None in row for row in rows):
        return "a line has more values than there are columns"
    unknown = sorted(set(rows[0]) - set(COLUMNS))
    return f"the column '{unknown[0]}' is not known" if unknown else ""


def table_of_cases(cases: Sequence[CaseInput]) -> str:
    """The text of a CSV file from which ``cases_from_table`` reads the same cases; paths are absolute."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for nth, case in enumerate(cases, 1):
        same = {"image": case.image.absolute(), "truth": case.truth, "scanner": case.scanner, "case": nth}
        if case.organ is not None:
            same |= {"organ": case.organ.absolute(), "organ_value": "+".join(map(str, case.organ_values))}
        for site in case.lesions or (None,):
            lesion = {}
            if site is not None:
                lesion = dict(zip("ras", site.center_ras, strict=True)) | {
                    "radius_mm": site.radius_mm,
                    "place": site.place,
                }
            writer.writerow(same | lesion)
    return text.getvalue()


def _case(table: Path, image: Path, truth: str, lines: list[tuple[int, dict]]) -> CaseInput:
    number, first = lines[0]
    where = f"Line {number} of '{table.name}'"
    check_truth(truth, where)
    if not image.exists():
        raise InputError(f"{where} names '{image}', which does not exist; paths are relative to the table.")
    organ = (first.get("organ") or "").strip()
    organ_path = table.parent / Path(organ).expanduser() if organ else None
    if organ_path is not None and not organ_path.exists():
        raise InputError(
            f"{where} names the organ '{organ_path}', which does not exist; paths are relative to the table."
        )
    values = (first.get("organ_value") or "").split("+")
    lesions = [lesion for line, row in lines if (lesion := _lesion(f"Line {line} of '{table.name}'", row))]
    return CaseInput(
        image, truth, tuple(lesions), (first.get("scanner") or "").strip(), organ_path,
        tuple(_label(value.strip()) for value in values if value.strip()),
    )  # fmt: skip


def _lesion(where: str, row: dict) -> LesionSite | None:
    texts = [(row.get(name) or "").strip() for name in ("r", "a", "s", "radius_mm")]
    if not any(texts):
        return None
    if not all(texts[:3]):
        raise InputError(f"{where} gives only a part of the lesion's position; r, a and s go together, in mm.")
    r, a, s, radius_mm = (
        _number(where, name, text or "0") for name, text in zip(("r", "a", "s", "radius_mm"), texts, strict=True)
    )
    if radius_mm < 0:
        raise InputError(f"{where} has a radius of {radius_mm:g} mm; give 0 where it is not known.")
    return LesionSite((r, a, s), radius_mm, (row.get("place") or "").strip())


def _number(where: str, name: str, text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where} has '{text}' for {name}; a number is needed.")
    return value


def _label(text: str) -> int | str:
    """A label by its number, as spreadsheets write it too (38.0), or by its name."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return text
    return int(value) if value.is_integer() else text


def sites_of_mask(path: Path) -> list[LesionSite]:
    """Center and radius (of the sphere as large) of each connected part of a lesion mask in a file."""
    from ...io import read_labels

    return sites_of_labels(read_labels(path))


def sites_of_labels(labels: Volume) -> list[LesionSite]:
    """Center and radius (of the sphere as large) of each connected part of all that is not 0."""
    import numpy as np
    from scipy import ndimage

    parts, count = ndimage.label(labels.numpy() > 0, np.ones((3, 3, 3)))
    centers = ndimage.center_of_mass(parts > 0, parts, range(1, count + 1))
    voxels = np.bincount(parts.ravel())[1:]
    voxel_mm3 = float(np.prod(labels.spacing_mm))
    return [
        LesionSite(three(map(float, labels.ras_from_ijk(center[::-1]))), (n * voxel_mm3 * 0.75 / math.pi) ** (1 / 3))
        for center, n in zip(centers, voxels, strict=True)
    ]
