"""A DICOM series as a volume in HU."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk

from ...errors import InputError
from ...volume import Volume
from ..files import refuse_not_finite
from ..geometry import LPS_TO_RAS, matrix_of, refuse_shear
from ..metadata import DICOM_PREFIX

KEPT_KEYWORDS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "AccessionNumber", "StudyID",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyDescription", "SeriesInstanceUID", "SeriesDescription",
    "FrameOfReferenceUID", "Modality", "Manufacturer", "ManufacturerModelName", "BodyPartExamined", "PatientPosition",
    "KVP", "ConvolutionKernel", "ContrastBolusAgent", "SliceThickness",
)  # fmt: skip
"""What is carried in ``Volume.metadata`` as ``DICOM.<keyword>``."""

_HEADER_KEYWORDS = [
    *KEPT_KEYWORDS, "ImageType", "InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
    "Rows", "Columns", "SamplesPerPixel", "NumberOfFrames", "SpacingBetweenSlices",
]  # fmt: skip
_POSITION_TOLERANCE_MM = 0.05
_GAP_TOLERANCE = 0.02  # of the slice distance; positions are written with few decimals


@dataclass(frozen=True)
class SeriesInfo:
    """One series in a folder: what a person needs to choose it."""

    uid: str
    description: str
    modality: str
    images: int

    def __str__(self) -> str:
        what = f"{self.modality or 'unknown modality'}, {self.images} images"
        return f"{self.description or 'no description'} ({what}): {self.uid}"


def list_series(folder: Path) -> list[SeriesInfo]:
    """The image series in a folder and its subfolders, the largest first."""
    return [_info(uid, headers) for uid, headers in _scan(Path(folder)).items()]


def series_uid_of(path: Path) -> str:
    """The series that one DICOM file belongs to."""
    header = _header(path)
    if header is None:
        raise InputError(f"'{path.name}' is not a DICOM image; give the folder of the series.")
    return str(header.SeriesInstanceUID)


def read_series(folder: Path, series_uid: str | None = None) -> Volume:
    """Read the series of a folder; see ``read_volume``.

    Scouts in the series are left aside. InputError where slices are missing, doubled, tilted or of several sizes.
    """
    headers = _choose(_scan(folder), series_uid, folder)
    name = f"{folder.name}: {_info('', headers).description or 'DICOM series'}"
    if any(int(header.get("SamplesPerPixel") or 1) > 1 for header in headers):
        raise InputError(f"'{name}' is a color series; a series with one value per pixel (CT) is needed.")
    if any(int(header.get("NumberOfFrames") or 1) > 1 for header in headers):
        return _read_multi_frame(headers, name)
    headers = _one_stack(headers, name)
    array = _pixels([header.filename for header in headers], name, len(headers))
    return Volume.from_numpy(_compact(array, name), _matrix(headers, name), _metadata(headers[0]))


def _scan(folder: Path) -> dict[str, list[pydicom.Dataset]]:
    series: dict[str, list[pydicom.Dataset]] = {}
    for path in sorted(folder.rglob("*")):
        header = _header(path) if path.is_file() and not path.name.startswith(".") else None
        if header is not None:
            series.setdefault(str(header.SeriesInstanceUID), []).append(header)
    return dict(sorted(series.items(), key=lambda item: -len(item[1])))


def _header(path: Path) -> pydicom.Dataset | None:
    """The header of a DICOM image, or None for anything else (segmentations, reports, other files)."""
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_HEADER_KEYWORDS)
    except (pydicom.errors.InvalidDicomError, OSError, EOFError):
        return None
    is_scan = "Rows" in header and "SeriesInstanceUID" in header and header.get("Modality") != "SEG"
    return header if is_scan else None


def _info(uid: str, headers: list[pydicom.Dataset]) -> SeriesInfo:
    first = headers[0]
    return SeriesInfo(uid, str(first.get("SeriesDescription", "")), str(first.get("Modality", "")), len(headers))


def _choose(series: dict, series_uid: str | None, folder: Path) -> list[pydicom.Dataset]:
    if not series:
        raise InputError(f"The folder '{folder}' holds no DICOM images; give the folder that a series was exported to.")
    listing = "".join(f"\n  {_info(uid, headers)}" for uid, headers in series.items())
    if series_uid is not None:
        if series_uid not in series:
            raise InputError(f"The folder '{folder}' has no series {series_uid}; it holds:{listing}")
        return series[series_uid]
    if len(series) > 1:
        raise InputError(
            f"The folder '{folder}' holds {len(series)} series; choose one by its UID (series_uid), or move it into a "
            f"folder of its own:{listing}"
        )
    return next(iter(series.values()))


def _one_stack(headers: list[pydicom.Dataset], name: str) -> list[pydicom.Dataset]:
    """The slices of a series in order along their normal, checked to be one stack."""
    body = [header for header in headers if "LOCALIZER" not in (header.get("ImageType") or [])] or headers
    if any(
        "ImagePositionPatient" not in h or "ImageOrientationPatient" not in h or "PixelSpacing" not in h for h in body
    ):
        raise InputError(
            f"'{name}' has images without a position in the patient; export the series as axial CT slices."
        )
    stacks = Counter(_plane(header) for header in body)
    if len(stacks) > 1:
        sizes = "; ".join(f"{count} images of {plane[0]}x{plane[1]}" for plane, count in stacks.items())
        raise InputError(f"'{name}' mixes images of different size, spacing or direction ({sizes}); export one stack.")
    return sorted(body, key=lambda header: float(_normal(header) @ _position(header)))


def _plane(header: pydicom.Dataset) -> tuple:
    numbers = (*header.PixelSpacing, *header.ImageOrientationPatient)
    return (int(header.Columns), int(header.Rows), *(round(float(value), 3) for value in numbers))


def _axes(header: pydicom.Dataset) -> tuple[np.ndarray, np.ndarray]:
    values = np.array(header.ImageOrientationPatient, dtype=float)
    return values[:3], values[3:]


def _normal(header: pydicom.Dataset) -> np.ndarray:
    return np.cross(*_axes(header))


def _position(header: pydicom.Dataset) -> np.ndarray:
    return np.array(header.ImagePositionPatient, dtype=float)


def _matrix(headers: list[pydicom.Dataset], name: str) -> np.ndarray:
    first = headers[0]
    positions = np.stack([_position(header) for header in headers])
    along_i, along_j = _axes(first)
    row_mm, column_mm = (float(value) for value in first.PixelSpacing)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = along_i * column_mm, along_j * row_mm
    matrix[:3, 2] = _step(headers, positions, name)
    matrix[:3, 3] = positions[0]
    refuse_shear(matrix, name)
    return LPS_TO_RAS @ matrix


def _step(headers: list[pydicom.Dataset], positions: np.ndarray, name: str) -> np.ndarray:
    """The vector from slice to slice in LPS mm, the same all along."""
    if len(headers) == 1:
        first = headers[0]
        return _normal(first) * float(first.get("SpacingBetweenSlices") or first.get("SliceThickness") or 1)
    heights = positions @ _normal(headers[0])
    gaps = np.diff(heights)
    if gaps.min() < _POSITION_TOLERANCE_MM:
        raise InputError(
            f"'{name}' has {int((gaps < _POSITION_TOLERANCE_MM).sum())} slices at a place where there is one already "
            "(several phases or reconstructions in one series?); export one of them alone."
        )
    usual = float(np.median(gaps))
    if np.abs(gaps - usual).max() > max(_GAP_TOLERANCE * usual, _POSITION_TOLERANCE_MM):
        at = int(np.abs(gaps - usual).argmax())
        raise InputError(
            f"'{name}' has slices missing or unevenly spaced: {gaps[at]:g} mm between positions {heights[at]:g} and "
            f"{heights[at + 1]:g} mm, {usual:g} mm elsewhere; export the complete series again."
        )
    return (positions[-1] - positions[0]) / (len(headers) - 1)


def _pixels(paths: list, name: str, slices: int) -> np.ndarray:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in paths])
    try:
        array = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise InputError(
            f"The pixels of '{name}' could not be read ({reason}); a file may be cut short or "
            "compressed in an unknown way. Export the series again, uncompressed."
        ) from error
    if array.shape[0] != slices:
        raise InputError(f"'{name}' gave {array.shape[0]} slices instead of {slices}; export the series again.")
    return array


def _read_multi_frame(headers: list[pydicom.Dataset], name: str) -> Volume:
    if len(headers) > 1:
        raise InputError(f"'{name}' has {len(headers)} multi-frame files; give a folder with one of them.")
    try:
        image = sitk.ReadImage(str(headers[0].filename))
    except RuntimeError as error:
        raise InputError(
            f"'{name}' is a multi-frame file that could not be read; export it as single slices."
        ) from error
    matrix = matrix_of(image)
    refuse_shear(matrix, name)
    return Volume.from_numpy(_compact(sitk.GetArrayFromImage(image), name), matrix, _metadata(headers[0]))


def _compact(array: np.ndarray, name: str) -> np.ndarray:
    """The smallest usual dtype for rescaled values, which arrive as int32 or float64."""
    refuse_not_finite(array, name)
    if np.issubdtype(array.dtype, np.floating) and not np.array_equal(array, np.rint(array)):
        return array.astype(np.float32)
    short = np.iinfo(np.int16)
    fits = short.min <= array.min() and array.max() <= short.max
    return array.astype(np.int16 if fits else np.int32, copy=False)


def _metadata(header: pydicom.Dataset) -> dict[str, str]:
    values = {keyword: str(header.get(keyword, "") or "") for keyword in KEPT_KEYWORDS}
    return {DICOM_PREFIX + keyword: value for keyword, value in values.items() if value}
