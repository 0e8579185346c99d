"""What the files of a folder are: pictures of DICOM series, other things, and what should be a picture and is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.uid import UID, MediaStorageDirectoryStorage

from ...errors import InputError

KEPT_KEYWORDS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "AccessionNumber", "StudyID",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyDescription", "SeriesInstanceUID", "SeriesDescription",
    "FrameOfReferenceUID", "Modality", "Manufacturer", "ManufacturerModelName", "BodyPartExamined", "PatientPosition",
    "KVP", "ConvolutionKernel", "ContrastBolusAgent", "SliceThickness", "RescaleType", "Units",
)  # fmt: skip
"""What is carried in ``Volume.metadata`` as ``DICOM.<keyword>``."""

OVERLAY_BITS = tuple((group << 16) | 0x0102 for group in range(0x6000, 0x6020, 2))
"""Tags that say in which bit of the pixels an overlay lies (0: in none)."""

_HEADER_TAGS: list[str | int] = [
    *KEPT_KEYWORDS, *OVERLAY_BITS, "SOPClassUID", "SOPInstanceUID", "SeriesNumber", "ImageType", "Rows", "Columns",
    "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleSlope", "RescaleIntercept",
    "ModalityLUTSequence", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "GridFrameOffsetVector",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths", "PixelData",
]  # fmt: skip
_LEFT_ON_DISK = 4096  # bytes; larger elements are read when they are asked for, pixel data among them
_SUFFIXES = {".dcm", ".dicom", ".dic", ".ima"}
_VALUE_REPRESENTATIONS = {vr.value.encode() for vr in pydicom.valuerep.VR if len(vr.value) == 2}
_ROOT_OF_DICOM = "1.2.840.10008."
_NUMBER_IN_NAME = re.compile(r"[0-9a-fA-F._-]*\d[0-9a-fA-F._-]*")
_NAMED_IN_SENTENCE = 3


@dataclass
class Found:
    """The pictures of a folder by their SeriesInstanceUID, and what is wrong with files that should be pictures."""

    series: dict[str, list[pydicom.Dataset]] = field(default_factory=dict)
    broken: dict[Path, str] = field(default_factory=dict)

    def refuse_broken_beside(self, headers: list[pydicom.Dataset], name: str) -> None:
        """InputError where a file beside these pictures should be one of them and cannot be read."""
        folders = {Path(header.filename).parent for header in headers}
        faults = [fault for path, fault in self.broken.items() if path.parent in folders]
        if faults:
            raise InputError(
                f"'{name}' is not complete: {told_few(faults)}. Copy or export the series again, or remove what is "
                "none of its slices."
            )


def find(folder: Path, deep: bool = True) -> Found:
    """Look at every file of a folder, and of the folders in it where ``deep``."""
    found = Found()
    others: list[Path] = []
    for path in sorted(folder.rglob("*") if deep else folder.iterdir()):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or "__MACOSX" in path.parts or not path.is_file():
            continue
        try:
            header = header_of(path)
        except InputError as error:
            found.broken[path] = str(error)
            continue
        if header is None:
            others.append(path)
        elif sop_class_of(header) == MediaStorageDirectoryStorage:
            found.broken.update(_absent(path))
        elif is_picture(header):
            found.series.setdefault(said(header, "SeriesInstanceUID"), []).append(header)
    shapes = {
        (Path(header.filename).parent, _shape(Path(header.filename)))
        for headers in found.series.values()
        for header in headers
    }
    for path in others:
        if (path.parent, _shape(path)) in shapes or _SUFFIXES & {suffix.lower() for suffix in path.suffixes}:
            found.broken[path] = f"'{path.name}' {_not_dicom(path)}"
    return found


def header_of(path: Path) -> pydicom.Dataset | None:
    """The header of a DICOM file, its pixels left on the disk; None for a file of another kind.

    InputError where a picture is damaged or cut short.
    """
    start = _start(path)
    if not _is_dicom(start):
        return None
    try:
        header = _read(path)
        sop_class = sop_class_of(header)
        if not sop_class:
            raise ValueError("it does not say what it holds")
        if is_picture(header):
            _refuse_cut(header, path)
    except InputError:
        raise
    except Exception as error:
        # whatever a parser stumbles over in damaged bytes
        raise InputError(f"'{path.name}' is damaged or cut short ({str(error).splitlines()[0]})") from error
    return header


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM by what it holds, with or without the 128 bytes before it."""
    return _is_dicom(_start(path))


def sop_class_of(header: pydicom.Dataset) -> UID:
    """What kind of DICOM object a file holds; empty where it does not say."""
    inside = str(header.get("SOPClassUID", "") or "")
    declared = str(_meta(header, "MediaStorageSOPClassUID") or "")
    if inside and declared and inside != declared:
        raise ValueError("it says twice what it holds, and not the same")
    return UID(inside or declared)


def is_picture(header: pydicom.Dataset) -> bool:
    """Whether an object is an image: neither a segmentation, dose, report nor a state of a viewer.

    ValueError for an object of a kind that DICOM does not know and no maker has named: it is damaged.
    """
    sop_class = sop_class_of(header)
    if sop_class.name != str(sop_class):
        return "Image Storage" in sop_class.name
    if "Rows" in header and "PixelData" in header:
        return header.get("Modality") != "SEG"
    if not sop_class.is_valid or sop_class.startswith(_ROOT_OF_DICOM) or "SOPInstanceUID" not in header:
        raise ValueError(f"it says that it holds {sop_class}, which is unknown")
    return False


def transfer_syntax_of(header: pydicom.Dataset) -> UID | None:
    """How an object is written; None for one without a file header, which is never compressed."""
    uid = _meta(header, "TransferSyntaxUID")
    return UID(str(uid)) if uid else None


def is_compressed(header: pydicom.Dataset) -> bool:
    """Whether the pixels are in encapsulated frames."""
    syntax = transfer_syntax_of(header)
    return syntax is not None and syntax.is_transfer_syntax and syntax.is_encapsulated


def said(header: pydicom.Dataset, keyword: str) -> str:
    """What a picture says of itself, as text; empty where it says nothing. InputError where it is damaged."""
    try:
        return str(header.get(keyword, "") or "")
    except Exception as error:
        # pydicom reads a value when it is asked for
        raise InputError(
            f"The header of '{Path(str(header.filename)).name}' is damaged at {keyword}; export the series again."
        ) from error


def pixel_element(header: pydicom.Dataset) -> RawDataElement:
    """Where the pixels are in the file; ``value`` is None where they were left there."""
    return cast(RawDataElement, header.get_item("PixelData", keep_deferred=True))


def told_few(sentences: list[str]) -> str:
    """Some of many, so that a sentence stays one."""
    few = "; ".join(sentences[:_NAMED_IN_SENTENCE])
    rest = len(sentences) - _NAMED_IN_SENTENCE
    return f"{few}; and {rest} more" if rest > 0 else few


def _start(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(132)
    except OSError:
        return b""


def _is_dicom(start: bytes) -> bool:
    if start[128:132] == b"DICM":
        return True
    # a data set alone begins with group 8 (or with the file header's group 2), in either byte order
    if len(start) < 132 or start[:2] not in (b"\x08\x00", b"\x02\x00", b"\x00\x08"):
        return False
    length = int.from_bytes(start[4:8], "little")
    return start[4:6] in _VALUE_REPRESENTATIONS or (start[3] == 0 and length < 1024 and length % 2 == 0)


def _read(path: Path) -> pydicom.Dataset:
    header = pydicom.dcmread(path, force=True, defer_size=_LEFT_ON_DISK, specific_tags=cast(Any, _HEADER_TAGS))
    syntax = transfer_syntax_of(header)
    if syntax is not None and syntax.is_transfer_syntax and syntax.is_deflated:
        # what is left on the disk could not be found again among deflated bytes
        return pydicom.dcmread(path, force=True, specific_tags=cast(Any, _HEADER_TAGS))
    return header


def _refuse_cut(header: pydicom.Dataset, path: Path) -> None:
    if "SeriesInstanceUID" not in header or "Rows" not in header or "Columns" not in header:
        raise InputError(f"'{path.name}' is damaged or cut short: it does not say its series or its size")
    if "PixelData" not in header:
        raise InputError(f"'{path.name}' is cut short: it ends before its pixels")
    pixels = pixel_element(header)
    if pixels.length == 0xFFFFFFFF:
        return
    there = path.stat().st_size - pixels.value_tell if pixels.value is None else len(pixels.value)
    if there < pixels.length:
        raise InputError(f"'{path.name}' is cut short: {pixels.length - there} bytes of its pixels are missing")


def _meta(header: pydicom.Dataset, keyword: str) -> object:
    return getattr(getattr(header, "file_meta", None), keyword, None)


def _absent(directory: Path) -> dict[Path, str]:
    """Pictures that a DICOMDIR lists and that are not there; names on a disc have no case."""
    there = {str(path.relative_to(directory.parent)).casefold() for path in directory.parent.rglob("*")}
    return {
        directory.parent / listed: f"'{listed}' is listed in the {directory.name} and is not there"
        for listed in _listed(directory)
        if str(listed).casefold() not in there
    }


def _listed(directory: Path) -> Iterator[Path]:
    records = pydicom.dcmread(directory).get("DirectoryRecordSequence") or []
    for record in records:
        parts = record.get("ReferencedFileID")
        if parts and record.get("DirectoryRecordType") == "IMAGE":
            yield Path(*([parts] if isinstance(parts, str) else parts))


def _shape(path: Path) -> str:
    """What the names of the slices of a series have in common: the suffix, else the name without its numbers."""
    suffix = path.suffix.lower()
    return suffix if suffix[1:].isalpha() else _NUMBER_IN_NAME.sub("#", path.name)


def _not_dicom(path: Path) -> str:
    size = path.stat().st_size
    return "is empty (0 bytes)" if size == 0 else f"is not DICOM ({size} bytes of another kind)"
