"""A DICOM series as a volume in HU."""

from __future__ import annotations

import filecmp
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import MediaStorageDirectoryStorage, SecondaryCaptureImageStorage

from ...errors import InputError
from ...volume import Volume
from ..geometry import LPS_TO_RAS
from ..metadata import DICOM_PREFIX
from . import finding
from .drawings import refuse_as_image
from .finding import KEPT_KEYWORDS, Found, header_of, is_picture, said, sop_class_of
from .frames import Frame, frames_of, is_localizer
from .pixels import Reader, hounsfield, refuse_unreadable
from .stack import stacked


@dataclass(frozen=True)
class SeriesInfo:
    """One series in a folder: what a person needs to choose it.

    number: its SeriesNumber where these tell the series of the folder apart, else its place in the list.
    """

    number: int
    uid: str
    description: str
    modality: str
    images: int

    def __str__(self) -> str:
        what = f"{self.modality or 'unknown modality'}, {self.images} {'image' if self.images == 1 else 'images'}"
        return f"{self.number}: {self.description or 'no description'} ({what}): {self.uid}"


@dataclass(frozen=True)
class Slices:
    """The pictures of a series from slice to slice, and their grid.

    ijk_to_ras: as of the ``Volume`` that the series is. metadata: the same.
    """

    frames: list[Frame]
    ijk_to_ras: np.ndarray
    metadata: dict[str, str]


def list_series(folder: Path) -> list[SeriesInfo]:
    """The image series in a folder and its subfolders, the largest first."""
    with _silence():
        return _infos(finding.find(Path(folder)))


def read_series(path: Path, series: int | str | None = None) -> Volume:
    """Read a series; see ``read_volume``.

    path: a folder, with those in it; the DICOMDIR of a disc; a slice, for its series in that folder; or a multi-frame
    file, for itself.
    """
    with _silence():
        frames, to_lps, name = _stack(*_chosen(Path(path), series))
        refuse_unreadable(frames, name)
        return Volume.from_numpy(hounsfield(frames, name), LPS_TO_RAS @ to_lps, _metadata(frames[0].header))


def slices_of(path: str | PathLike | Sequence[Path], series: int | str | None = None) -> Slices:
    """Where the slices of a series lie, without their pixels. path: as for ``read_series``, or the series' files."""
    with _silence():
        if isinstance(path, str | PathLike):
            frames, to_lps, _ = _stack(*_chosen(Path(path), series))
        else:
            headers = [header for file in path if (header := header_of(file)) is not None]
            if not headers:
                raise InputError("None of the files is a DICOM image; give the files of the series.")
            frames, to_lps, _ = _stack(headers, Path(path[0]).parent.name)
        return Slices(frames, LPS_TO_RAS @ to_lps, _metadata(frames[0].header))


def _stack(headers: list[pydicom.Dataset], name: str) -> tuple[list[Frame], np.ndarray, str]:
    frames = _once([frame for header in headers for frame in frames_of(header)])
    return *stacked(frames, name), name


@contextmanager
def _silence() -> Iterator[None]:
    """pydicom's own warnings are about headers; what matters in them is refused in our words."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pydicom\b.*")
        yield


def _chosen(path: Path, series: int | str | None) -> tuple[list[pydicom.Dataset], str]:
    """The pictures of the series that is meant, and its name for sentences."""
    if path.is_dir():
        folder, found = path, finding.find(path)
    else:
        try:
            header = header_of(path)
        except InputError as error:
            raise InputError(f"{error}; copy or export the series again.") from error
        if header is not None and sop_class_of(header) == MediaStorageDirectoryStorage:
            folder, found = path.parent, finding.find(path.parent)
        elif header is None or not is_picture(header):
            refuse_as_image(path)
            what = "not DICOM" if header is None else f"DICOM of another kind ({sop_class_of(header).name})"
            raise InputError(f"'{path.name}' is {what}; give an image, or the folder of its series.")
        elif int(header.get("NumberOfFrames") or 1) > 1:
            return [header], f"{path.name}: {_info(0, '', [header]).description or 'DICOM image'}"
        else:
            folder, found = path.parent, finding.find(path.parent, deep=False)
            series = said(header, "SeriesInstanceUID")
    uid = _choose(found, series, folder)
    headers = found.series[uid]
    name = f"{folder.resolve().name}: {_info(0, uid, headers).description or 'DICOM series'}"
    found.refuse_broken_beside(headers, name)
    return headers, name


def _choose(found: Found, series: int | str | None, folder: Path) -> str:
    if not found.series:
        if found.broken:
            raise InputError(
                f"The folder '{folder}' holds no whole DICOM image: {finding.told_few(list(found.broken.values()))}. "
                "Copy or export the series again."
            )
        refuse_as_image(folder)
        raise InputError(f"The folder '{folder}' holds no DICOM images; give the folder that a series was exported to.")
    infos = _infos(found)
    listing = "".join(f"\n  {info}" for info in infos)
    if series is not None:
        matches = _matching(infos, str(series).strip())
        if len(matches) == 1:
            return matches[0].uid
        fault = "no series" if not matches else f"{len(matches)} series that could be"
        raise InputError(f"The folder '{folder}' has {fault} {series}; it holds:{listing}")
    volumes = [info.uid for info in infos if not all(_is_aside(header) for header in found.series[info.uid])]
    if len(volumes) == 1:
        return volumes[0]
    if len(infos) == 1:
        return infos[0].uid
    raise InputError(
        f"The folder '{folder}' holds {len(infos)} series; choose one by its number, its description or its UID "
        f"(--series in the shell, series= in Python):{listing}"
    )


def _matching(infos: Sequence[SeriesInfo], series: str) -> list[SeriesInfo]:
    """The series with that UID; else with that number; else with that description, whole or in part."""
    wanted = series.casefold()
    return (
        [info for info in infos if info.uid == series]
        or [info for info in infos if str(info.number) == series]
        or [info for info in infos if info.description.casefold() == wanted]
        or [info for info in infos if wanted and wanted in info.description.casefold()]
    )


def _is_aside(header: pydicom.Dataset) -> bool:
    """Whether a picture says of itself that it is no slice: a scout, or a screenshot such as a dose report."""
    is_screenshot = sop_class_of(header) == SecondaryCaptureImageStorage and "ImagePositionPatient" not in header
    return is_screenshot or is_localizer(header.get("ImageType"))


def _infos(found: Found) -> list[SeriesInfo]:
    series = sorted(found.series.items(), key=lambda item: -len(item[1]))
    numbers = [_series_number(headers[0]) for _, headers in series]
    told_apart = [number for number in numbers if number is not None]
    if len(set(told_apart)) < len(series):
        told_apart = list(range(1, len(series) + 1))
    return [_info(number, uid, headers) for number, (uid, headers) in zip(told_apart, series, strict=True)]


def _series_number(header: pydicom.Dataset) -> int | None:
    try:
        return int(header.SeriesNumber)
    except (AttributeError, TypeError, ValueError):
        return None


def _info(number: int, uid: str, headers: list[pydicom.Dataset]) -> SeriesInfo:
    first = headers[0]
    description, modality = said(first, "SeriesDescription"), said(first, "Modality")
    return SeriesInfo(number, uid, description, modality, len(headers))


def _once(frames: list[Frame]) -> list[Frame]:
    """The frames without copies of the same file, or of the same picture under the same SOPInstanceUID."""
    kept: dict[tuple[str, int], list[Frame]] = {}
    for frame in frames:
        same = kept.setdefault((said(frame.header, "SOPInstanceUID") or str(frame.path), frame.index), [])
        if not any(_is_copy(frame, other) for other in same):
            same.append(frame)
    return [frame for same in kept.values() for frame in same]


def _is_copy(frame: Frame, other: Frame) -> bool:
    if filecmp.cmp(frame.path, other.path, shallow=False):
        return True
    places = ((frame.position, other.position), (frame.axes, other.axes), (frame.spacing_mm, other.spacing_mm))
    alike = (frame.rows, frame.columns, frame.slope, frame.intercept, frame.storage.padding) == (
        other.rows, other.columns, other.slope, other.intercept, other.storage.padding
    ) and all(np.array_equal(np.array(one), np.array(two)) for one, two in places)  # fmt: skip
    reader = Reader()
    return alike and np.array_equal(reader.stored(frame), reader.stored(other))


def _metadata(header: pydicom.Dataset) -> dict[str, str]:
    values = {keyword: said(header, keyword) for keyword in KEPT_KEYWORDS}
    return {DICOM_PREFIX + keyword: value for keyword, value in values.items() if value}
