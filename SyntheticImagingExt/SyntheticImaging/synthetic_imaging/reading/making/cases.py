"""The images that go into a study, with what is known of them: from a table or from folders."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...declared import Declared, number, text
from ...errors import InputError
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
    empty takes it from the image. organ: label volume of the organ, of which organ_values are the labels (all).
    """

    image: Path
    truth: str
    lesions: tuple[LesionSite, ...] = ()
    scanner: str = ""
    organ: Path | None = None
    organ_values: tuple[int, ...] = field(default=())

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


def cases_from_folder(folder: str | Path, truth: str, scanner: str = "") -> list[CaseInput]:
    """One case per image of a folder.

    An image file may have its lesions beside it: ``<name>.mrk.json`` (Slicer points, radius 0), ``<name>.lesions.json``
    (record of the tumor engine) or ``<name>.lesions.nrrd`` (mask). A subfolder that the verb ``tumor`` wrote is a case
    with its own record; any other subfolder is a DICOM series.
    """
    from ...io.files import suffix_of

    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise InputError(f"'{folder}' is not a folder; give a folder of images, or a table (.csv).")
    cases = []
    for path in sorted(folder.iterdir()):
        suffix = suffix_of(path)
        if path.name.startswith(".") or (path.is_file() and _is_sidecar(path, suffix)):
            continue
        if path.is_dir():
            made = (path / "lesions.json").is_file() and (path / "ct.nrrd").is_file()
            image = path / "ct.nrrd" if made else path
            lesions = _recorded(path / "lesions.json") if made else ()
        else:
            image, lesions = path, _beside(path, suffix)
        cases.append(CaseInput(image, truth, tuple(lesions), scanner))
    if not cases:
        raise InputError(f"'{folder}' holds no image: no NRRD, NIfTI, MetaImage or picture file and no folder.")
    return cases


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
        tuple(int(_number(where, "organ_value", value)) for value in values if value.strip()),
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


def _is_sidecar(path: Path, suffix: str | None) -> bool:
    name = path.name.lower()
    pictures = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm")
    return name.endswith(f".lesions{suffix}") or not (suffix or name.endswith(pictures))


def _beside(path: Path, suffix: str | None) -> list[LesionSite]:
    stem = path.name[: len(path.name) - len(suffix)] if suffix else path.stem
    points, record = path.with_name(f"{stem}.mrk.json"), path.with_name(f"{stem}.lesions.json")
    mask = path.with_name(f"{stem}.lesions{suffix or '.nrrd'}")
    if points.is_file():
        return _points(points)
    if record.is_file():
        return _recorded(record)
    return sites_of_mask(mask) if mask.is_file() else []


def _recorded(path: Path) -> list[LesionSite]:
    from ...tumor import lesions_of

    try:
        lesions = lesions_of(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The lesion record '{path}' cannot be read: {error}.") from error
    return [LesionSite(lesion.center_ras, (lesion.volume_mm3 * 0.75 / math.pi) ** (1 / 3)) for lesion in lesions]


def _points(path: Path) -> list[LesionSite]:
    """Control points of a Slicer markups file."""
    try:
        markups = json.loads(path.read_text(encoding="utf-8"))["markups"]
        sites = []
        for markup in markups:
            signs = (-1, -1, 1) if str(markup.get("coordinateSystem", "LPS")) in ("LPS", "1") else (1, 1, 1)
            for point in markup["controlPoints"]:
                center = tuple(sign * float(x) for sign, x in zip(signs, point["position"], strict=True))
                sites.append(LesionSite(center, 0.0, str(point.get("description", ""))))
        return sites
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"'{path.name}' is not a point list of Slicer ({error}); save it from there again.") from error


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
        LesionSite(tuple(map(float, labels.ras_from_ijk(center[::-1]))), (n * voxel_mm3 * 0.75 / math.pi) ** (1 / 3))
        for center, n in zip(centers, voxels, strict=True)
    ]
