"""Single pictures of a series: where each lies, how its numbers are stored, and how they become HU."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from ...errors import InputError
from .finding import OVERLAY_BITS

_ALLOCATED = (8, 16, 32)


@dataclass(frozen=True)
class Storage:
    """How the numbers of one file lie in its bits."""

    allocated: int
    stored: int
    high_bit: int
    signed: bool
    overlays: bool
    padding: tuple[int, int] | None
    """Lowest and highest stored number that means "no picture here", as stored in all allocated bits."""

    @property
    def limits(self) -> tuple[int, int]:
        """The lowest and the highest number that the stored bits hold."""
        return (-(1 << self.stored - 1), (1 << self.stored - 1) - 1) if self.signed else (0, (1 << self.stored) - 1)


@dataclass(frozen=True)
class Frame:
    """One picture. Lengths are mm, points and directions LPS; None where the file does not say."""

    header: pydicom.Dataset
    index: int
    of: int
    rows: int
    columns: int
    storage: Storage
    slope: float | None
    intercept: float | None
    position: np.ndarray | None
    axes: np.ndarray | None
    """Directions along a row and along a column, (2, 3)."""
    spacing_mm: np.ndarray | None
    """From row to row and from column to column."""
    localizer: bool

    @cached_property
    def path(self) -> Path:
        return Path(str(self.header.filename))

    @property
    def told(self) -> str:
        return f"'{self.path.name}'" if self.of == 1 else f"frame {self.index + 1} of '{self.path.name}'"


def is_localizer(image_type: Any) -> bool:
    return "LOCALIZER" in (image_type or [])


def frames_of(header: pydicom.Dataset) -> list[Frame]:
    """The pictures of one file. InputError for a color picture, or a header that contradicts itself."""
    name = Path(str(header.filename)).name
    try:
        return _frames(header, name)
    except InputError:
        raise
    except Exception as error:
        # whatever pydicom stumbles over in damaged numbers
        raise InputError(
            f"The header of '{name}' cannot be understood ({str(error).splitlines()[0]}); export the series again."
        ) from error


def _frames(header: pydicom.Dataset, name: str) -> list[Frame]:
    photometric = str(header.get("PhotometricInterpretation") or "MONOCHROME2")
    if int(header.get("SamplesPerPixel") or 1) > 1 or not photometric.startswith("MONOCHROME"):
        raise InputError(f"'{name}' is a color image; a series with one value per pixel (CT) is needed.")
    if header.get("ModalityLUTSequence"):
        raise InputError(
            f"'{name}' turns its numbers into HU by a table, which is not read; export the series with a rescale slope."
        )
    count = int(header.get("NumberOfFrames") or 1)
    rows, columns = int(header.Rows), int(header.Columns)
    if count < 1 or rows < 1 or columns < 1:
        raise InputError(f"'{name}' says that it has {count} pictures of {columns}x{rows}; export the series again.")
    storage = _storage(header, name)
    groups = _groups(header, count, name)
    offsets = [float(value) for value in header.get("GridFrameOffsetVector") or []]
    return [_frame(header, index, count, (rows, columns), storage, groups[index], offsets) for index in range(count)]


def _frame(header: pydicom.Dataset, index: int, count: int, size: tuple[int, int], storage: Storage,
           groups: list[pydicom.Dataset], offsets: list[float]) -> Frame:  # fmt: skip
    def said(sequence: str, keyword: str) -> Any:
        for group in groups:
            items = group.get(sequence)
            if items and keyword in items[0]:
                return items[0].get(keyword)
        return header.get(keyword) if sequence != "PlanePositionSequence" or count == 1 or offsets else None

    position = _numbers(said("PlanePositionSequence", "ImagePositionPatient"), 3)
    axes = _numbers(said("PlaneOrientationSequence", "ImageOrientationPatient"), 6)
    axes = None if axes is None else axes.reshape(2, 3)
    if count > 1 and not groups and len(offsets) == count and position is not None and axes is not None:
        position = position + np.cross(*axes) * (offsets[index] - offsets[0])
    frame_type = said("CTImageFrameTypeSequence", "FrameType")
    return Frame(
        header, index, count, *size, storage,
        _number(said("PixelValueTransformationSequence", "RescaleSlope")),
        _number(said("PixelValueTransformationSequence", "RescaleIntercept")),
        position, axes,
        _numbers(said("PixelMeasuresSequence", "PixelSpacing"), 2),
        is_localizer(header.get("ImageType")) or is_localizer(frame_type),
    )  # fmt: skip


def _groups(header: pydicom.Dataset, count: int, name: str) -> list[list[pydicom.Dataset]]:
    """The functional groups that speak of each frame, its own before those of all."""
    shared = list(header.get("SharedFunctionalGroupsSequence") or [])
    own = list(header.get("PerFrameFunctionalGroupsSequence") or [])
    if own and len(own) != count:
        raise InputError(f"'{name}' has {count} frames and describes {len(own)}; export the series again.")
    return [[own[index], *shared] if own else shared for index in range(count)]


def _storage(header: pydicom.Dataset, name: str) -> Storage:
    allocated = int(header.BitsAllocated)
    stored = int(header.get("BitsStored") or 0)
    high = header.get("HighBit")
    high_bit = stored - 1 if high is None else int(high)
    if allocated not in _ALLOCATED or not 1 < stored <= high_bit + 1 <= allocated:
        raise InputError(
            f"'{name}' stores its numbers in {stored} bits up to bit {high_bit} of {allocated}, which is not read; "
            "export the series again with 16 bits."
        )
    signed = header.get("PixelRepresentation")
    if signed not in (0, 1):
        raise InputError(f"'{name}' does not say whether its numbers have a sign; export the series again.")
    overlays = any(int(header[tag].value or 0) > 0 for tag in OVERLAY_BITS if tag in header)
    return Storage(allocated, stored, high_bit, bool(signed), overlays, _padding(header, allocated, bool(signed)))


def _padding(header: pydicom.Dataset, allocated: int, signed: bool) -> tuple[int, int] | None:
    first = header.get("PixelPaddingValue")
    if first is None:
        return None
    ends = []
    for value in (first, header.get("PixelPaddingRangeLimit")):
        # some write -2000 as 63536, or the other way about
        wrapped = int(first if value is None else value) % (1 << allocated)
        ends.append(wrapped - (1 << allocated) if signed and wrapped >> (allocated - 1) else wrapped)
    return min(ends), max(ends)


def _number(value: Any) -> float | None:
    return None if value is None or str(value).strip() == "" else _finite(float(value))


def _numbers(values: Any, count: int) -> np.ndarray | None:
    if values is None or str(values).strip() == "":
        return None
    array = np.array([_finite(float(value)) for value in values])
    if len(array) != count:
        raise ValueError(f"{len(array)} numbers where {count} belong")
    return array


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise ValueError("a number that is not finite")
    return value
