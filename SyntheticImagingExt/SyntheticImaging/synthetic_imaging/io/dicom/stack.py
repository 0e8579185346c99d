"""The one check that pictures are a stack: each at origin + k·step, straight above the one before, none lost or twice.

Positions are written with few decimals, and scanners count their table's steps; so a picture may be off its place a
little. Everything is relative to the voxel, for a micro-CT's voxels are a hundredth of a clinical one's.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from ...errors import InputError
from ..geometry import SHEAR_TOLERANCE
from .frames import Frame

_OFF = 0.02  # of a voxel, anywhere
_OFF_BY_ROUNDING = 0.1  # of a voxel, as long as it is less than:
_OFF_BY_ROUNDING_MM = 0.06  # of tenths, and what that moves the fit
_SAME_PLACE = 0.02  # of the usual distance
_SPACING_TOLERANCE = 1e-3  # relative
_AXES_TOLERANCE = 1e-3  # of directions that have length 1


def stacked(frames: list[Frame], name: str) -> tuple[list[Frame], np.ndarray]:
    """The frames in order along their normal, and the matrix (4, 4) from (i, j, k, 1) to LPS mm.

    Localizers are left aside. InputError where the rest is not one straight stack, naming the picture.
    """
    body = [frame for frame in frames if not frame.localizer]
    if not body:
        raise InputError(f"'{name}' holds localizers (scouts) only; give the series of the CT itself.")
    _refuse_unplaced(body, name)
    _refuse_mixed(body, name)
    axes = _axes(body[0], name)
    normal = np.cross(*axes)
    if len(body) == 1:
        raise InputError(
            f"'{name}' is a single picture ({body[0].told}); a volume needs all slices of the series, so give the "
            "folder that holds them."
        )
    body.sort(key=lambda frame: (float(normal @ _position(frame)), frame.path.name, frame.index))
    positions = np.stack([_position(frame) for frame in body])
    _refuse_same_place(body, positions @ normal, name)
    step = _step(body, positions, normal, name)
    row_mm, column_mm = _spacing(body[0])
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = axes[0] * column_mm, axes[1] * row_mm, step
    matrix[:3, 3] = positions.mean(axis=0) - step * (len(body) - 1) / 2
    return body, matrix


def _refuse_unplaced(frames: list[Frame], name: str) -> None:
    lost = [f for f in frames if f.position is None or f.axes is None or f.spacing_mm is None or min(f.spacing_mm) <= 0]
    if lost:
        raise InputError(
            f"'{name}' has {len(lost)} of {len(frames)} images without a position in the patient, the first is "
            f"{lost[0].told}; export the series as axial CT slices."
        )


def _refuse_mixed(frames: list[Frame], name: str) -> None:
    sizes = Counter((frame.columns, frame.rows) for frame in frames)
    usual_size, usual = sizes.most_common(1)[0][0], _usual(frames)
    for frame in frames:
        if (frame.columns, frame.rows) != usual_size:
            what = f"{frame.columns}x{frame.rows} pixels, {usual_size[0]}x{usual_size[1]}"
        elif np.abs(_spacing(frame) / _spacing(usual) - 1).max() > _SPACING_TOLERANCE:
            what = f"pixels of {_told(_spacing(frame))} mm, {_told(_spacing(usual))} mm"
        elif np.abs(_directions(frame) - _directions(usual)).max() > _AXES_TOLERANCE:
            what = f"the direction {_told(_directions(frame).ravel())}, {_told(_directions(usual).ravel())}"
        else:
            continue
        raise InputError(
            f"'{name}' mixes images of different size, spacing or direction: {frame.told} has {what} elsewhere; "
            "export one stack."
        )


def _usual(frames: list[Frame]) -> Frame:
    """One of the frames that are like the most."""
    planes = [tuple(np.round([*_spacing(frame), *_directions(frame).ravel()], 2)) for frame in frames]
    return frames[planes.index(Counter(planes).most_common(1)[0][0])]


def _axes(frame: Frame, name: str) -> np.ndarray:
    axes = _directions(frame)
    lengths = np.linalg.norm(axes, axis=1)
    if np.abs(lengths - 1).max() > _AXES_TOLERANCE or abs(axes[0] @ axes[1]) > _AXES_TOLERANCE:
        raise InputError(
            f"'{name}' gives directions of rows and columns that are not at right angles or not of length 1 "
            f"({_told(axes.ravel())}); export the series again."
        )
    row = axes[0] / lengths[0]
    column = axes[1] - (axes[1] @ row) * row
    return np.stack([row, column / np.linalg.norm(column)])


def _refuse_same_place(frames: list[Frame], heights: np.ndarray, name: str) -> None:
    gaps = np.diff(heights)
    same = np.flatnonzero(gaps <= _SAME_PLACE * (heights[-1] - heights[0]) / len(gaps))
    if len(same):
        first = int(same[0])
        raise InputError(
            f"'{name}' has {len(same)} slices at a place where there is one already, as {frames[first + 1].told} and "
            f"{frames[first].told} at {heights[first]:g} mm (several phases or reconstructions in one series?); export "
            "one of them alone."
        )


def _step(frames: list[Frame], positions: np.ndarray, normal: np.ndarray, name: str) -> np.ndarray:
    """The vector from slice to slice, the same all along."""
    number = np.arange(len(frames)) - (len(frames) - 1) / 2
    step = number @ positions / (number @ number)
    off = positions - positions.mean(axis=0) - np.outer(number, step)
    along = off @ normal
    distance = float(step @ normal)
    if np.abs(along).max() > _allowed(distance):
        raise InputError(_uneven(frames, positions @ normal, name))
    aside = off - np.outer(along, normal)
    pixel_allowed = _allowed(float(min(_spacing(frames[0]))))
    if np.linalg.norm(aside, axis=1).max() > pixel_allowed:
        steps = np.diff(positions - np.outer(positions @ normal, normal), axis=0)
        jumps = np.linalg.norm(steps - np.median(steps, axis=0), axis=1)
        at = int(jumps.argmax())
        raise InputError(
            f"'{name}' has slices that do not lie straight above one another: from {frames[at].told} to "
            f"{frames[at + 1].told} they jump {jumps[at]:.3g} mm to the side; export the series again, as one stack."
        )
    lean = step - distance * normal
    if np.linalg.norm(lean) * (len(frames) - 1) <= pixel_allowed:
        return distance * normal
    if np.linalg.norm(lean) > SHEAR_TOLERANCE * distance:
        angle = np.degrees(np.arctan2(np.linalg.norm(lean), distance))
        raise InputError(
            f"'{name}' lies on a sheared grid: each slice is shifted against the one before, as with a gantry tilted "
            f"by {angle:.3g}°; export it without tilt, or straighten it first, for example with the option of Slicer's "
            "DICOM module that regularizes acquisition geometry, and Harden Transform."
        )
    return step


def _uneven(frames: list[Frame], heights: np.ndarray, name: str) -> str:
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    at = int(np.abs(gaps - usual).argmax())
    return (
        f"'{name}' has slices missing or unevenly spaced: {gaps[at]:.4g} mm from {frames[at].told} to "
        f"{frames[at + 1].told} (at {heights[at]:.5g} and {heights[at + 1]:.5g} mm), {usual:.4g} mm elsewhere; export "
        "the complete series again."
    )


def _allowed(voxel_mm: float) -> float:
    return max(_OFF * voxel_mm, min(_OFF_BY_ROUNDING * voxel_mm, _OFF_BY_ROUNDING_MM))


def _position(frame: Frame) -> np.ndarray:
    assert frame.position is not None
    return frame.position


def _spacing(frame: Frame) -> np.ndarray:
    assert frame.spacing_mm is not None
    return frame.spacing_mm


def _directions(frame: Frame) -> np.ndarray:
    assert frame.axes is not None
    return frame.axes


def _told(values: np.ndarray) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
