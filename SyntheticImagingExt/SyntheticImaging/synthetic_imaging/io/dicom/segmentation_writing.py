"""Labels as a DICOM segmentation (SEG) that refers to the images that they were drawn on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
from pydicom.uid import generate_uid

from ... import __version__
from ...errors import InputError
from ...volume import Volume
from ..atomic import publish, staging
from ..geometry import LPS_TO_RAS
from ..labels import resample_labels, share_voxels
from .copying import copy_header, decimals, text_for
from .series import Slices

if TYPE_CHECKING:
    import highdicom

Triple = tuple[str, str, str]
"""Coding scheme, code and meaning: ("SCT", "10200004", "Liver")."""

ANATOMY: Triple = ("SCT", "123037004", "Anatomical Structure")
ALTERED: Triple = ("SCT", "49755003", "Morphologically Altered Structure")
MASS: Triple = ("SCT", "4147007", "Mass")
TISSUE: Triple = ("SCT", "85756007", "Tissue")

AUTOMATIC, SEMIAUTOMATIC, MANUAL = "AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"

_SERIES_NUMBER = 9003  # above what scanners use, after the series of images
_PATIENT_AND_STUDY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "AccessionNumber", "StudyID",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyDescription", "FrameOfReferenceUID",
)  # fmt: skip
_REQUIRED_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
    "StudyTime", "ReferringPhysicianName", "PositionReferenceIndicator",
)  # fmt: skip
_MAKER = "Synthetic Imaging"


@dataclass(frozen=True)
class Segment:
    """What the voxels of one label are.

    label: their value. type: what they show, of the category; None takes what the name says, see ``anatomic_term``.
    region: the organ that it lies in. color: red, green, blue to 255. method: AUTOMATIC, SEMIAUTOMATIC or MANUAL;
    algorithm: name of what found it. tracking: a name and a UID under which the same finding is known elsewhere.
    """

    label: int
    name: str
    category: Triple | None = None
    type: Triple | None = None
    region: Triple | None = None
    color: tuple[int, int, int] | None = None
    method: str = AUTOMATIC
    algorithm: str = _MAKER
    learned: bool = False
    description: str = ""
    tracking: tuple[str, str] | None = None


def anatomic_term(name: str) -> Triple | None:
    """The SNOMED CT term of DICOM's own dictionary that is called like that ("liver", "Aorta"), or None."""
    from pydicom.sr.codedict import codes

    words = name.replace("_", " ").split()
    try:
        code = getattr(codes.SCT, "".join(word.capitalize() for word in words))
    except AttributeError:
        return None
    return code.scheme_designator, code.value, code.meaning


def write_segmentation(
    path: str | PathLike,
    labels: Volume,
    slices: Slices,
    segments: Sequence[Segment],
    description: str,
    content: str = "SEGMENTATION",
) -> Path:
    """Write labels as a binary SEG in one step, in the study and frame of reference of its images; returns the path.

    labels: whole numbers; on another grid than the images they are resampled, with a warning. slices: the images.
    segments: those without a voxel are left out, and numbered from 1 in their order. description: of the series.
    content: what it is in a word of capitals.

    InputError where no segment has a voxel, where the images name no frame of reference, or the disk refuses.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; choose another name for the file.")
    array = resample_labels(labels, grid_of(slices), "the segmentation").numpy()
    present = set(np.unique(array).tolist())
    kept = [segment for segment in segments if segment.label in present]
    if not kept:
        raise InputError("No segment has a voxel in the image, and an empty DICOM segmentation is not written.")
    numbered = np.zeros(array.shape, np.uint16)
    for number, segment in enumerate(kept, 1):
        numbered[array == segment.label] = number
    with staging(path) as folder:
        _object(numbered, slices, kept, description, content).save_as(folder / path.name, enforce_file_format=True)
        publish(folder, path)
    return path


def grid_of(slices: Slices) -> Volume:
    """Empty labels on the grid of the images."""
    shape = len(slices.frames), slices.frames[0].rows, slices.frames[0].columns
    return Volume.from_numpy(np.zeros(shape, np.uint8), slices.ijk_to_ras)


def refuse_other_grid(labels: Volume, slices: Slices) -> None:
    """InputError where labels do not share the voxels of the images, as after a transform: they would be misplaced."""
    if not share_voxels(labels, grid_of(slices)):
        raise InputError(
            "The image does not lie where its DICOM images do, so it was transformed or resampled after it was loaded; "
            "a DICOM segmentation would be misplaced. Segment the image as it was loaded, or save as .seg.nrrd."
        )


def _object(
    numbered: np.ndarray, slices: Slices, segments: list[Segment], description: str, content: str
) -> highdicom.seg.Segmentation:
    import highdicom

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(pydicom|highdicom)\b.*")
        made = highdicom.seg.Segmentation(
            source_images=_sources(slices),
            pixel_array=numbered[_file_order(slices)],
            segmentation_type="BINARY",
            segment_descriptions=[_description(number, segment) for number, segment in enumerate(segments, 1)],
            series_instance_uid=generate_uid(),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer=_MAKER,
            manufacturer_model_name=_MAKER,
            software_versions=__version__,
            device_serial_number="0",
            content_label=content,
            content_description=text_for("ContentDescription", description),
            series_description=text_for("SeriesDescription", description),
            specific_character_set="ISO_IR 192",
        )
    return made


def _sources(slices: Slices) -> list[pydicom.Dataset]:
    """What highdicom needs of the images, in their order: patient and study as the standard allows them, geometry."""
    shared = pydicom.Dataset()
    for keyword in _REQUIRED_EMPTY:
        setattr(shared, keyword, None)
    copy_header(shared, slices.metadata, _PATIENT_AND_STUDY)
    if "FrameOfReferenceUID" not in shared or "StudyInstanceUID" not in shared:
        raise InputError(
            "The images do not name their study or frame of reference, to which a DICOM segmentation refers; write "
            ".seg.nrrd instead."
        )
    header, count = slices.frames[0].header, len(slices.frames)
    if slices.frames[0].of == 1:
        return [_single(shared, slices, k) for k in range(count)]
    if any(frame.header is not header for frame in slices.frames) or count != slices.frames[0].of:
        raise InputError(
            "The images lie in several multi-frame files, or in a part of one; a DICOM segmentation refers to all "
            "frames of one file. Write .seg.nrrd instead."
        )
    return [_multi(shared, slices)]


def _single(shared: pydicom.Dataset, slices: Slices, k: int) -> pydicom.Dataset:
    source = _identity(shared, slices.frames[k].header)
    source.update(_measures(slices))
    source.update(_orientation(slices))
    source.update(_position(slices, k))
    return source


def _multi(shared: pydicom.Dataset, slices: Slices) -> pydicom.Dataset:
    source, groups = _identity(shared, slices.frames[0].header), pydicom.Dataset()
    groups.PixelMeasuresSequence, groups.PlaneOrientationSequence = [_measures(slices)], [_orientation(slices)]
    source.NumberOfFrames, source.SharedFunctionalGroupsSequence = len(slices.frames), [groups]
    source.PerFrameFunctionalGroupsSequence = []
    for k in _file_order(slices):
        place = pydicom.Dataset()
        place.PlanePositionSequence = [_position(slices, k)]
        source.PerFrameFunctionalGroupsSequence.append(place)
    return source


def _file_order(slices: Slices) -> list[int]:
    """The slices in the order of the frames of a multi-frame file; as they are where each is a file."""
    return sorted(range(len(slices.frames)), key=lambda k: slices.frames[k].index)


def _identity(shared: pydicom.Dataset, header: pydicom.Dataset) -> pydicom.Dataset:
    source = pydicom.Dataset()
    source.update(shared)
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "Modality", "Rows", "Columns"):
        setattr(source, keyword, header.get(keyword))
    return source


def _measures(slices: Slices) -> pydicom.Dataset:
    column_mm, row_mm, slice_mm = np.linalg.norm(slices.ijk_to_ras[:3, :3], axis=0)
    measures = pydicom.Dataset()
    measures.PixelSpacing = decimals((row_mm, column_mm))
    measures.SliceThickness, measures.SpacingBetweenSlices = decimals((slice_mm, slice_mm))
    return measures


def _orientation(slices: Slices) -> pydicom.Dataset:
    axes = (LPS_TO_RAS @ slices.ijk_to_ras)[:3, :2]
    orientation = pydicom.Dataset()
    orientation.ImageOrientationPatient = decimals((axes / np.linalg.norm(axes, axis=0)).T.ravel())
    return orientation


def _position(slices: Slices, k: int) -> pydicom.Dataset:
    position = pydicom.Dataset()
    position.ImagePositionPatient = decimals((LPS_TO_RAS @ slices.ijk_to_ras @ (0, 0, k, 1))[:3])
    return position


def _description(number: int, segment: Segment) -> highdicom.seg.SegmentDescription:
    import highdicom
    from pydicom.sr.codedict import codes

    kind = _known(segment.type) or anatomic_term(segment.name)
    category, region = _known(segment.category) or (ANATOMY if kind else TISSUE), _known(segment.region)
    algorithm = text_for("SegmentAlgorithmName", segment.algorithm) or _MAKER
    tracking_id, tracking_uid = segment.tracking or (None, None)
    family = codes.cid7162.ArtificialIntelligence
    found = highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=text_for("SegmentLabel", segment.name) or f"segment {number}",
        segmented_property_category=_code(category),
        segmented_property_type=_code(kind or TISSUE),
        algorithm_type=segment.method,
        algorithm_identification=None
        if segment.method == MANUAL
        else highdicom.AlgorithmIdentificationSequence(algorithm, family, __version__),
        tracking_id=tracking_id,
        tracking_uid=tracking_uid,
        anatomic_regions=[_code(region)] if region else None,
        display_color=highdicom.color.CIELabColor.from_rgb(*segment.color) if segment.color else None,
    )
    if not segment.learned and segment.method != MANUAL:
        del found.SegmentationAlgorithmIdentificationSequence  # none of the standard's families is meant
    if segment.description:
        found.SegmentDescription = text_for("SegmentDescription", segment.description)
    return found


def _code(triple: Triple) -> Any:
    from pydicom.sr.coding import Code

    scheme, value, meaning = triple
    return Code(value, scheme, text_for("CodeMeaning", meaning))


def _known(triple: Triple | None) -> Triple | None:
    """A term that is whole."""
    return triple if triple is not None and all(part.strip() for part in triple) else None
