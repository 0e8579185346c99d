"""The images of a folder that go into a study, with what lies beside them, and what is left out and why."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from .cases import CaseInput, LesionSite, sites_of_mask

_OF_THE_SYSTEM = ("thumbs.db", "desktop.ini", "__macosx")
"""What file managers leave in folders, besides what begins with a dot."""

_MARKUPS = (".mrk.json", ".fcsv")
_RECORD, _MASK = ".lesions.json", ".lesions"
_PIXELS = (".raw", ".zraw")
"""Where an .mhd file has its voxels."""


@dataclass(frozen=True)
class FolderCases:
    """cases: one for each image. left_out: for each reason the names of files that are no case."""

    cases: list[CaseInput]
    left_out: dict[str, list[str]]

    def sentences(self, most: int | None = None) -> list[str]:
        """What is left out and why, a sentence for each reason, with at most so many names."""
        return [_told(reason, names, most) for reason, names in self.left_out.items()]


def cases_from_folder(folder: str | Path, truth: str, scanner: str = "") -> FolderCases:
    """One case per image of a folder; files are known by what they hold, whatever their name.

    An image file may have its lesions beside it: ``<name>.mrk.json`` or ``<name>.fcsv`` (Slicer points, radius 0),
    ``<name>.lesions.json`` (record of the tumor engine) or ``<name>.lesions.nrrd`` (mask). A subfolder that the verb
    ``tumor`` wrote is a case with its own record; any other subfolder with DICOM files is a series, as are the slices
    of one CT series in the folder itself.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise InputError(f"'{folder}' is not a folder; give a folder of images, or a table (.csv).")
    paths = [path for path in sorted(folder.iterdir()) if not _is_of_the_system(path)]
    images: list[Path] = []
    left_out: dict[str, list[str]] = {}
    others, series = [], set()
    for path in paths:
        if path.is_file() and _is_sidecar(path):
            others.append(path)
            continue
        reason, uid = _kind(path)
        if uid and uid in series:
            continue  # another slice of a series that is a case already
        series.add(uid)
        if reason:
            left_out.setdefault(reason, []).append(path.name)
        else:
            images.append(path)
    owners = {_stem(path).casefold() for path in images}
    for path in others:
        if _stem(path).casefold() not in owners:
            left_out.setdefault("belongs to no image of the folder", []).append(path.name)
    found = FolderCases([_case(path, truth, scanner) for path in images], left_out)
    if not found.cases:
        why = " ".join(found.sentences(3))
        raise InputError(f"'{folder}' holds no image: no DICOM, NRRD, NIfTI, MetaImage or picture. {why}".rstrip())
    return found


def _told(reason: str, names: list[str], most: int | None) -> str:
    shown = names if most is None else names[:most]
    rest = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    return f"Left out: {', '.join(shown)}{rest} ({reason})."


def _is_of_the_system(path: Path) -> bool:
    return path.name.startswith(".") or path.name.casefold() in _OF_THE_SYSTEM


def _stem(path: Path) -> str:
    """The name without what tells its kind, which an image and what lies beside it share."""
    from ...io.files import suffix_of

    name, suffix = path.name, suffix_of(path)
    endings = [ending for ending in (*_MARKUPS, _RECORD) if name.casefold().endswith(ending)]
    if endings:
        return name[: -len(endings[0])]
    stem = name[: -len(suffix)] if suffix else path.stem
    return stem[: -len(_MASK)] if suffix and stem.casefold().endswith(_MASK) else stem


def _is_sidecar(path: Path) -> bool:
    from ...io.files import suffix_of

    name, suffix = path.name.casefold(), suffix_of(path)
    return name.endswith((*_MARKUPS, _RECORD, *_PIXELS)) or bool(suffix and name.endswith(f"{_MASK}{suffix}"))


def _kind(path: Path) -> tuple[str, str]:
    """Why a path is no case, or ""; and the series of which it is a slice, or ""."""
    from ...io.dicom.finding import header_of, is_dicom, is_picture
    from ...io.files import suffix_of
    from .radiographs import is_picture_file

    if path.is_dir():
        return ("" if _is_made(path) or _has_any(path, is_dicom) else "a folder without DICOM files"), ""
    try:
        if path.stat().st_size == 0:
            return "empty, 0 bytes", ""
        if suffix_of(path) or is_picture_file(path) or _is_volume(path):
            return "", ""
        header = header_of(path)
    except InputError as error:
        return f"cannot be read: {str(error).rstrip('.')}", ""
    except OSError as error:
        return f"cannot be read: {error.strerror}", ""
    if header is None:
        return "no image: neither DICOM, NRRD, NIfTI, MetaImage nor picture", ""
    if not is_picture(header):
        return "DICOM, but no image", ""
    return "", str(header.SeriesInstanceUID) if header.get("Modality") == "CT" else ""


def _is_volume(path: Path) -> bool:
    from ...io.headers import kind_of

    try:
        return bool(kind_of(path))
    except InputError:
        return False


def _has_any(folder: Path, is_one) -> bool:
    return any(path.is_file() and is_one(path) for path in _walked(folder))


def _walked(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*")) if not _is_of_the_system(path))


def _is_made(folder: Path) -> bool:
    return (folder / "lesions.json").is_file() and (folder / "ct.nrrd").is_file()


def _case(path: Path, truth: str, scanner: str) -> CaseInput:
    if path.is_dir() and _is_made(path):
        return CaseInput(path / "ct.nrrd", truth, tuple(_recorded(path / "lesions.json")), scanner)
    return CaseInput(path, truth, () if path.is_dir() else tuple(_beside(path)), scanner)


def _beside(path: Path) -> list[LesionSite]:
    """Lesions of an image by the files beside it."""
    from ...io.files import suffix_of
    from ...io.markups import read_points

    def named(ending: str) -> Path:
        return path.with_name(f"{_stem(path)}{ending}")

    for points in map(named, _MARKUPS):
        if points.is_file():
            return [LesionSite(point.ras, 0.0, point.description) for point in read_points(points)]
    if named(_RECORD).is_file():
        return _recorded(named(_RECORD))
    mask = named(f"{_MASK}{suffix_of(path) or '.nrrd'}")
    return sites_of_mask(mask) if mask.is_file() else []


def _recorded(path: Path) -> list[LesionSite]:
    from ...tumor import lesions_of

    try:
        lesions = lesions_of(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The lesion record '{path}' cannot be read: {error}.") from error
    return [LesionSite(lesion.center_ras, (lesion.volume_mm3 * 0.75 / math.pi) ** (1 / 3)) for lesion in lesions]
