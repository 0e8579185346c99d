"""A DICOM segmentation (SEG) as a label volume: binary, fractional, or a label map."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom

from ...errors import InputError
from ...volume import Volume
from ..geometry import LPS_TO_RAS, SHEAR_TOLERANCE
from .drawings import FRAME_KEY, Choice, Names, dataset_of, listed, paint, segment_header

BINARY, FRACTIONAL, LABEL_MAP = "BINARY", "FRACTIONAL", "LABELMAP"

_OFF_GRID = 0.05  # of a slice distance or a pixel; positions are written with few decimals
_MOST_SLICES = 20_000


@dataclass(frozen=True)
class _Frame:
    """One frame: which of the file, of what segment (None in a label map), and where: LPS mm, as DICOM has it."""

    index: int
    segment: int | None
    position: np.ndarray
    orientation: np.ndarray
    spacing: np.ndarray


def read_segmentation(path: Path, choice: Choice, like: Volume | None = None) -> Volume:
    """The segments of a DICOM SEG as labels: its own pixels, over the slices that have frames.

    A voxel's value is the number of its segment, 0 is background; ``metadata`` tells the names. Of fractions what is
    above one half is taken.

    like: the image, whose slice distance counts where the file tells none.

    InputError where a segment is not there, where segments overlap, and where the frames are no parallel slices.
    """
    dataset, name = dataset_of(path), path.name
    names = {int(item.SegmentNumber): str(item.get("SegmentLabel", "")) for item in dataset.get("SegmentSequence", ())}
    names = {number: label or f"segment {number}" for number, label in names.items() if number > 0}
    if not names or not dataset.get("PerFrameFunctionalGroupsSequence"):
        raise InputError(f"'{name}' is a segmentation without segments or frames; save it again, with a segment in it.")
    picked = choice.of(names, name)
    every = list(_frames(dataset, name))
    if lost := {frame.segment for frame in every} - {None, *names}:
        raise InputError(f"'{name}' has frames of segment {lost.pop()}, of which it says nothing; export it again.")
    frames = [frame for frame in every if frame.segment is None or frame.segment in picked]
    if not frames:
        raise InputError(f"'{name}' has no frame of {listed(picked)}: the segment is empty. Choose another one.")
    matrix, slices = _grid(frames, dataset, like, name)
    if len({(frame.segment, k) for frame, k in zip(frames, slices, strict=True)}) < len(frames):
        raise InputError(f"'{name}' has two frames of one segment at the same place; export the segmentation again.")
    labels = np.zeros((max(slices) + 1, int(dataset.Rows), int(dataset.Columns)), np.uint16)
    for frame, k, pixels in zip(frames, slices, _pixels(dataset, frames, name), strict=True):
        _put(labels[k], pixels, frame, picked, names, name)
    header = segment_header(picked) | {FRAME_KEY: str(dataset.get("FrameOfReferenceUID", ""))}
    return Volume.from_numpy(labels.astype(np.int32), matrix, header)


def _put(plane: np.ndarray, pixels: np.ndarray, frame: _Frame, picked: Names, names: Names, name: str) -> None:
    if frame.segment is not None:
        paint(plane, pixels, frame.segment, picked, name)
        return
    if unknown := set(np.unique(pixels).tolist()) - {0, *names}:
        raise InputError(f"'{name}' has pixels of segment {min(unknown)}, of which it says nothing; export it again.")
    for number in picked:
        plane[pixels == number] = number


def _kind(dataset: pydicom.Dataset, name: str) -> str:
    kind = str(dataset.get("SegmentationType") or (BINARY if dataset.BitsAllocated == 1 else ""))
    if kind not in (BINARY, FRACTIONAL, LABEL_MAP):
        raise InputError(f"'{name}' is a segmentation of the unknown type '{kind}'; export it as a binary one.")
    return kind


def _frames(dataset: pydicom.Dataset, name: str) -> Iterator[_Frame]:
    shared = dataset.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()]
    is_label_map = _kind(dataset, name) == LABEL_MAP
    for index, own in enumerate(dataset.PerFrameFunctionalGroupsSequence):

        def value(group: str, keyword: str, own: pydicom.Dataset = own, index: int = index):
            for place in (own, shared[0]):
                items = place.get(group)
                if items and items[0].get(keyword) is not None:
                    return items[0].get(keyword)
            raise InputError(
                f"Frame {index + 1} of '{name}' has no {keyword}, so its place in the patient is not known; "
                "export the segmentation again."
            )

        yield _Frame(
            index,
            None if is_label_map else int(value("SegmentIdentificationSequence", "ReferencedSegmentNumber")),
            np.array(value("PlanePositionSequence", "ImagePositionPatient"), float),
            np.array(value("PlaneOrientationSequence", "ImageOrientationPatient"), float),
            np.array(value("PixelMeasuresSequence", "PixelSpacing"), float),
        )


def _grid(
    frames: list[_Frame], dataset: pydicom.Dataset, like: Volume | None, name: str
) -> tuple[np.ndarray, list[int]]:
    """ijk_to_ras of the slices from the first frame to the last, and the slice of each frame."""
    first = frames[0]
    along_i, along_j = first.orientation[:3], first.orientation[3:]
    if (
        not all(np.allclose(frame.orientation, first.orientation, atol=SHEAR_TOLERANCE) for frame in frames)
        or not all(np.allclose(frame.spacing, first.spacing, rtol=SHEAR_TOLERANCE) for frame in frames)
        or abs(along_i @ along_j) > SHEAR_TOLERANCE
        or not np.allclose([np.linalg.norm(along_i), np.linalg.norm(along_j)], 1, atol=SHEAR_TOLERANCE)
        or not (first.spacing > 0).all()
    ):
        raise InputError(
            f"The frames of '{name}' have several directions or pixel sizes, or none that can be used; export the "
            "segmentation as parallel slices."
        )
    normal = np.cross(along_i, along_j)
    positions = np.array([frame.position for frame in frames])
    aside = (positions - positions[0]) @ np.stack([along_i, along_j]).T / first.spacing[::-1]
    if np.abs(aside).max() > _OFF_GRID:
        raise InputError(
            f"The frames of '{name}' are shifted against each other within their plane (by up to "
            f"{np.abs(aside).max():.1f} pixels), as with a tilted gantry; export the segmentation on a straight grid."
        )
    heights = (positions - positions[0]) @ normal
    heights -= heights.min()
    step = _step(heights, frames[0], dataset, like, normal)
    slices = np.rint(heights / step).astype(int)
    if np.abs(heights / step - slices).max() > _OFF_GRID or slices.max() >= _MOST_SLICES:
        raise InputError(
            f"The frames of '{name}' do not lie at equal distances ({step:g} mm); export the segmentation on the "
            "slices of the image."
        )
    lps = np.eye(4)
    lps[:3, :3] = np.stack([along_i * first.spacing[1], along_j * first.spacing[0], normal * step], axis=1)
    lps[:3, 3] = positions[int(np.argmin(heights))]
    return LPS_TO_RAS @ lps, slices.tolist()


def _step(heights: np.ndarray, first: _Frame, dataset: pydicom.Dataset, like: Volume | None, normal) -> float:
    """The slice distance in mm. Slices without frames are normal, so the smallest gap can be several slices."""
    candidates = _measures(dataset, "SpacingBetweenSlices")
    if like is not None:
        across = np.abs(like.directions.T @ (LPS_TO_RAS[:3, :3] @ normal))
        axis = int(np.argmax(across))
        candidates += [float(like.spacing_mm[axis])] if across[axis] > 1 - SHEAR_TOLERANCE else []
    candidates += _measures(dataset, "SliceThickness")
    for step in candidates:
        if np.abs(heights / step - np.rint(heights / step)).max() <= _OFF_GRID:
            return step
    gaps = np.diff(np.unique(np.round(heights, 4)))
    return float(gaps.min()) if gaps.size else float(first.spacing[0])


def _measures(dataset: pydicom.Dataset, keyword: str) -> list[float]:
    groups = [*dataset.get("SharedFunctionalGroupsSequence", ()), dataset.PerFrameFunctionalGroupsSequence[0]]
    items = [group.PixelMeasuresSequence[0] for group in groups if group.get("PixelMeasuresSequence")]
    values = [abs(float(item.get(keyword) or 0)) for item in items]
    return [value for value in values if value > 0]


def _pixels(dataset: pydicom.Dataset, frames: list[_Frame], name: str) -> Iterator[np.ndarray]:
    """Pixels (rows, columns) of each frame: whether it is in the segment, or in a label map its number."""
    from pydicom.pixels import iter_pixels

    fractional = _kind(dataset, name) == FRACTIONAL
    if fractional:
        warnings.warn(
            f"'{name}' holds fractions; voxels of more than one half were taken as the segment.", stacklevel=2
        )
    _refuse_length(dataset, name)
    half = int(dataset.get("MaximumFractionalValue", 255)) / 2 if fractional else 0
    try:
        for pixels in iter_pixels(dataset, indices=[frame.index for frame in frames]):
            yield pixels > half if frames[0].segment is not None else pixels
    except Exception as error:  # decoders fail in many ways
        raise InputError(
            f"The frames of '{name}' could not be read ({error}); the file may be cut short or compressed in a way "
            "that is not known here. Copy or export it again, uncompressed."
        ) from error


def _refuse_length(dataset: pydicom.Dataset, name: str) -> None:
    """InputError where uncompressed pixels are not as many as the frames need."""
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return
    frames = len(dataset.PerFrameFunctionalGroupsSequence)
    needed = (frames * int(dataset.Rows) * int(dataset.Columns) * int(dataset.BitsAllocated) + 7) // 8
    there = len(dataset.get("PixelData") or b"")
    if not needed <= there <= needed + 1:
        raise InputError(
            f"'{name}' has {there} bytes of pixels where its {frames} frames take {needed}; it may be cut short, so "
            "copy or export it again."
        )
