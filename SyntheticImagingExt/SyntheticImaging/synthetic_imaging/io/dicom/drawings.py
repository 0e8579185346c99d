"""DICOM files with what is drawn on images: segmentations (SEG), structure sets (RTSTRUCT), and their parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import RTStructureSetStorage, SegmentationStorage, SurfaceSegmentationStorage

from ...errors import InputError
from ...volume import Volume
from ..metadata import DICOM_PREFIX
from .finding import is_dicom

FRAME_KEY = f"{DICOM_PREFIX}FrameOfReferenceUID"
LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"  # newer than the list of pydicom
SEGMENTATION, STRUCTURE_SET, SURFACES = "segmentation", "structure set", "surface segmentation"
_KINDS = {
    SegmentationStorage: SEGMENTATION,
    LABEL_MAP_STORAGE: SEGMENTATION,
    RTStructureSetStorage: STRUCTURE_SET,
    SurfaceSegmentationStorage: SURFACES,
}
_HEADER_KEYWORDS = ["SOPClassUID", "SOPInstanceUID", "SeriesDescription", "StructureSetLabel"]
_LISTED = 20

Names = Mapping[int, str]
"""Names of segments, or of regions of interest, by their number."""


def drawing_kind(path: Path) -> str | None:
    """SEGMENTATION, STRUCTURE_SET or SURFACES; None for every other file, and for a folder."""
    return _KINDS.get(_header(path).get("SOPClassUID", ""))


def drawing_in(path: Path) -> Path | None:
    """The DICOM segmentation or structure set that a file is, or that a folder holds; None where it is none.

    InputError where a folder holds several; copies of one count once.
    """
    found = _drawings(path)
    if len(found) > 1:
        told = "".join(f"\n  {file.relative_to(path)}: {what}" for file, what in found.items())
        raise InputError(f"The folder '{path}' holds {len(found)} segmentations; give one of the files:{told}")
    return next(iter(found), None)


def refuse_as_image(path: Path) -> None:
    """InputError where what is given for an image is a segmentation or structure set, or holds nothing else."""
    if found := _drawings(path):
        file, what = next(iter(found.items()))
        raise InputError(
            f"'{file.name}' is a DICOM {what.partition(',')[0]}, not an image; give it for the organ, or where labels "
            "are asked for, and for the image give the folder of the series that it was drawn on."
        )


def _drawings(path: Path) -> dict[Path, str]:
    """Segmentations and structure sets, and what they are; of copies the first."""
    found: dict[str, tuple[Path, str]] = {}
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        header = _header(file) if file.is_file() and not file.name.startswith(".") else {}
        if kind := _KINDS.get(header.get("SOPClassUID", "")):
            title = header["SeriesDescription"] or header["StructureSetLabel"] or "no description"
            found.setdefault(header["SOPInstanceUID"] or str(file), (file, f"{kind}, {title}"))
    return dict(found.values())


def dataset_of(path: Path) -> pydicom.Dataset:
    """A whole DICOM file; InputError where it cannot be read."""
    try:
        return pydicom.dcmread(path, force=True)
    except Exception as error:  # a damaged file fails in many ways
        raise InputError(f"'{path.name}' is damaged or cut short ({error}); copy or export it again.") from error


@dataclass(frozen=True)
class Choice:
    """Which parts of a file are asked for.

    segments: their numbers or names, in any case of letters; None: all. alone: several are not taken without being
    chosen. option: what chooses them, for the sentence that says so.
    """

    segments: Sequence[int | str] | None = None
    alone: bool = False
    option: str = ""

    def of(self, names: Names, name: str) -> dict[int, str]:
        """The parts that are meant, of all those in the file ``name``; InputError that lists them where none is."""
        if self.segments is None:
            if self.alone and len(names) > 1:
                how = f" with {self.option}" if self.option else ""
                raise InputError(
                    f"'{name}' holds {len(names)} segments: {listed(names)}. Choose one{how}, by its number or name."
                )
            return dict(names)
        return {number: names[number] for wanted in self.segments for number in [_number_of(wanted, names, name)]}


def listed(names: Names) -> str:
    """Numbers and names in words."""
    told = [f"{number} '{name}'" for number, name in names.items()]
    more = f" and {len(told) - _LISTED} more" if len(told) > _LISTED else ""
    return (", ".join(told[:_LISTED]) + more) or "none"


def segment_header(names: Names) -> dict[str, str]:
    """Names of labels as ``Volume.metadata`` holds them, like those of a Slicer segmentation in NRRD."""
    header: dict[str, str] = {}
    for index, (number, name) in enumerate(names.items()):
        header |= {f"Segment{index}_Name": name, f"Segment{index}_LabelValue": str(number)}
    return header


def names_in(header: Mapping[str, str]) -> dict[int, str]:
    """The names of labels that a header tells, see ``segment_header``."""
    names = {}
    for key, name in header.items():
        segment, _, field = key.partition("_")
        value = header.get(f"{segment}_LabelValue", "")
        if field == "Name" and segment.startswith("Segment") and value.isdigit():
            names[int(value)] = name
    return names


def paint(labels: np.ndarray, mask: np.ndarray, number: int, names: Names, name: str) -> None:
    """Set the voxels of one part; InputError where another part has them already."""
    taken = labels[mask]
    if taken.any():
        other = int(taken[taken != 0][0])
        raise InputError(
            f"The segments {other} '{names[other]}' and {number} '{names[number]}' of '{name}' overlap, and a voxel "
            "can have one label only; choose one segment, or save them as files of their own."
        )
    labels[mask] = number


def refuse_other_frame(frame: str, like: Volume, name: str) -> None:
    """InputError where a frame of reference is not that of the image, so far as both are known."""
    known = (like.metadata or {}).get(FRAME_KEY, "")
    if frame and known and frame != known:
        raise InputError(
            f"'{name}' belongs to another frame of reference than the image (their FrameOfReferenceUID differ), so "
            "nothing says where it lies in it; give the one that was drawn on this image. Where you know that both "
            "belong together, say so (accept_frame=True, --accept-frame)."
        )


def _number_of(wanted: int | str, names: Names, name: str) -> int:
    if isinstance(wanted, int):
        numbers = [wanted] if wanted in names else []
    else:
        numbers = [number for number, known in names.items() if known.casefold() == wanted.casefold()]
    if not numbers:
        told = wanted if isinstance(wanted, int) else f"'{wanted}'"
        raise InputError(f"'{name}' has no segment {told}; it holds {listed(names)}.")
    if len(numbers) > 1:
        raise InputError(
            f"'{name}' has several segments '{wanted}': {' and '.join(map(str, numbers))}; choose one by its number."
        )
    return numbers[0]


def _header(path: Path) -> dict[str, str]:
    """What a DICOM file says of itself; nothing for other files."""
    if not is_dicom(path):
        return {}
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_HEADER_KEYWORDS, force=True)
        return {keyword: str(header.get(keyword, "") or "") for keyword in _HEADER_KEYWORDS}
    except Exception:  # what cannot be read is said by the reader that is asked for it
        return {}
