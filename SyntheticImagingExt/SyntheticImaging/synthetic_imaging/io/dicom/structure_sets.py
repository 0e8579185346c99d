"""A DICOM structure set (RTSTRUCT): closed contours, filled on the grid of the image that they were drawn on."""

from __future__ import annotations

import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom

from ...errors import InputError
from ...volume import Volume
from ..geometry import LPS_TO_RAS
from .drawings import FRAME_KEY, Choice, Names, dataset_of, listed, paint, segment_header

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_NOT_CLOSED = ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR")
_OFF_SLICE = 0.1  # of a slice distance; positions are written with few decimals
_CROSSING = 0.01  # of the smaller contour: what neighbors may share, and holes may reach out
_ON_CENTER = 0.01  # of a pixel: a contour that near to a voxel's center goes through it

Contours = list[np.ndarray]
"""Corners (n, 3) of closed contours, in voxels of an image."""


def read_structures(path: Path, choice: Choice, like: Volume | None = None) -> Volume:
    """The structures of an RTSTRUCT as labels on the lattice of ``like``, over the box that the contours need.

    A voxel belongs to a structure when its center lies in an odd number of the slice's contours (so inner contours are
    holes, and keyholes work), or on one of them. Its value is the structure's number; ``metadata`` tells the names.

    Where no structure is chosen, those without closed contours do not count. like: the image.

    InputError where a structure is not there or has no closed contour, where structures overlap, and where contours
    lie between or across the slices of the image.
    """
    dataset, name = dataset_of(path), path.name
    items = {int(item.ROINumber): item for item in dataset.get("StructureSetROISequence", ())}
    contours = {int(c.ReferencedROINumber): _closed(c, name) for c in dataset.get("ROIContourSequence", ())}
    names = {number: str(item.get("ROIName", "")) or f"structure {number}" for number, item in items.items()}
    outlined = {number: title for number, title in names.items() if contours.get(number)}
    if not outlined:
        raise InputError(
            f"'{name}' is a structure set without closed contours ({listed(names)}); give one in which the organ is "
            "outlined."
        )
    picked = choice.of(outlined if choice.segments is None else names, name)
    empty = {number: title for number, title in picked.items() if number not in outlined}
    if empty:
        raise InputError(f"{listed(empty)} of '{name}' has no closed contours; choose one of {listed(outlined)}.")
    if like is None:
        raise InputError(
            f"'{name}' is a structure set: contours without a grid of voxels. Give it together with the image it was "
            "drawn on, or save it as a label map."
        )
    frame = _frame_of(dataset, [items[number] for number in picked])
    return _filled({number: contours[number] for number in picked}, picked, like, frame, name)


def _frame_of(dataset: pydicom.Dataset, items: list[pydicom.Dataset]) -> str:
    frames = [str(item.get("ReferencedFrameOfReferenceUID", "")) for item in items]
    return next(filter(None, frames), str(dataset.get("FrameOfReferenceUID", "")))


def _closed(structure: pydicom.Dataset, name: str) -> Contours:
    """The closed contours of a structure in LPS mm; copies of one count once."""
    found: dict[bytes, np.ndarray] = {}
    others = 0
    for contour in structure.get("ContourSequence") or ():
        kind = str(contour.get("ContourGeometricType") or _CLOSED[0])
        if kind in _NOT_CLOSED:
            others += 1
            continue
        values = np.array(contour.get("ContourData") or (), float)
        count = int(contour.get("NumberOfContourPoints") or values.size // 3)
        if kind not in _CLOSED or values.size == 0 or values.size != 3 * count or not np.isfinite(values).all():
            raise InputError(
                f"'{name}' holds a contour that cannot be used ({kind}, {count} points, {values.size} numbers); export "
                "it again."
            )
        found[values.tobytes()] = values.reshape(-1, 3)
    if found and others:
        warnings.warn(
            f"'{name}' has {others} points or open contours beside closed ones; they were left out.", stacklevel=4
        )
    return list(found.values())


def _filled(contours: dict[int, Contours], names: Names, like: Volume, frame: str, name: str) -> Volume:
    lps_to_ijk = like.ras_to_ijk @ LPS_TO_RAS
    points = {n: [line @ lps_to_ijk[:3, :3].T + lps_to_ijk[:3, 3] for line in lines] for n, lines in contours.items()}
    every = [line for lines in points.values() for line in lines]
    axis = _slice_axis(every, name)
    low = np.floor(np.min([line.min(axis=0) for line in every], axis=0) + 0.5 - _OFF_SLICE).astype(int)
    high = np.ceil(np.max([line.max(axis=0) for line in every], axis=0) - 0.5 + _OFF_SLICE).astype(int)
    size = np.array(like.shape[::-1])
    if (high < 0).any() or (low >= size).any() or (high - low > 3 * size + 3).any():
        reach = np.array([like.ras_from_ijk(low), like.ras_from_ijk(high)])
        told = ", ".join(f"{a} {x:.0f} to {y:.0f}" for a, x, y in zip("RAS", reach.min(0), reach.max(0), strict=True))
        raise InputError(
            f"The contours of '{name}' do not lie in the image (they reach from {told} mm); give the structure set "
            "that was drawn on this image."
        )
    labels = np.zeros((high - low + 1)[::-1], np.int32)
    planes = np.moveaxis(labels, 2 - axis, 0)
    for number, lines in points.items():
        slices: dict[int, list[np.ndarray]] = defaultdict(list)
        for line in lines:
            slices[int(np.rint(line[0, axis])) - low[axis]].append(np.delete(line - low, axis, axis=1))
        _tell_gaps(sorted(slices), f"'{names[number]}' of '{name}'")
        for k, outlines in slices.items():
            paint(planes[k], _inside(outlines, planes[k].shape, names[number], name), number, names, name)
    matrix = like.ijk_to_ras.copy()
    matrix[:3, 3] = like.ras_from_ijk(low)
    return Volume.from_numpy(labels, matrix, segment_header(names) | {FRAME_KEY: frame})


def _slice_axis(lines: Contours, name: str) -> int:
    """The axis of the image (0 i, 1 j, 2 k) across whose slices the contours lie."""
    for axis in (2, 1, 0):
        heights = np.concatenate([line[:, axis] for line in lines])
        flat = all(np.ptp(line[:, axis]) <= 2 * _OFF_SLICE for line in lines)
        if not flat:
            continue
        off = np.abs(heights - np.rint(heights)) > _OFF_SLICE
        if not off.any():
            return axis
        count = sum(bool((np.abs(line[:, axis] - np.rint(line[:, axis])) > _OFF_SLICE).any()) for line in lines)
        raise InputError(
            f"{count} of {len(lines)} contours of '{name}' lie between the slices of the image; give the image that "
            "they were drawn on, or export the structures as a label map."
        )
    raise InputError(
        f"The contours of '{name}' cross the slices of the image at an angle; give the image that they were drawn on, "
        "or export the structures as a label map."
    )


def _tell_gaps(slices: list[int], what: str) -> None:
    """Contours on every n-th slice only are no solid: refused. Single gaps are said."""
    gaps = np.diff(slices)
    missing = int((gaps - 1).sum()) if gaps.size else 0
    if missing and (gaps == gaps[0]).all():
        raise InputError(
            f"{what} is outlined on every {gaps[0]}. slice of the image only; interpolate the contours in the program "
            "that drew them, or give the image with those slices."
        )
    if missing:
        warnings.warn(
            f"{what} has no contour on {missing} slices between its first and its last; they stay empty.", stacklevel=4
        )


def _inside(outlines: Contours, shape: tuple[int, ...], title: str, name: str) -> np.ndarray:
    """The pixels (second axis of the points, first) whose centers are inside an odd number of outlines, or on one."""
    whole = np.zeros(shape, bool)
    edge = np.zeros(shape, bool)
    regions: list[np.ndarray] = []
    for outline in outlines:
        inner, on = _polygon(outline, shape)
        edge |= on
        if any(np.array_equal(inner, region) for region in regions):
            continue  # a copy that begins at another corner
        for region in regions:
            smaller = min(int(inner.sum()), int(region.sum()))
            shared = int((inner & region).sum())
            if min(shared, smaller - shared) > _CROSSING * smaller:
                raise InputError(
                    f"Two contours of '{title}' in '{name}' cross each other on one slice, so what is inside is not "
                    "clear; correct them in the program that drew them."
                )
        regions.append(inner)
        whole ^= inner
    return whole | edge


def _polygon(points: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels inside a polygon by the even-odd rule, without its line; and pixels whose centers lie on the line.

    points: (n, 2) as (x, y) in pixels. Edges cross rows of pixels; inside is what has an odd number of crossings on
    its left.
    """
    near = np.rint(points)
    x, y = np.where(np.abs(points - near) < _ON_CENTER, near, points).T
    on = np.zeros(shape, bool)
    level = y == np.roll(y, -1)
    edges = np.stack([x, y, np.roll(x, -1), np.roll(y, -1)])
    x0, y0, x1, _ = edges[:, level & (y == np.rint(y))]
    edge, columns = _whole_numbers(np.minimum(x0, x1), np.maximum(x0, x1))
    on[y0[edge].astype(int), columns] = True

    x0, y0, x1, y1 = edges[:, ~level]
    low, high = np.minimum(y0, y1), np.maximum(y0, y1)
    edge, rows = _whole_numbers(low, high)
    crossing = x0[edge] + (rows - y0[edge]) * ((x1 - x0) / (y1 - y0))[edge]
    center = np.rint(crossing).astype(int)
    through = np.abs(crossing - center) < _ON_CENTER
    on[rows[through], center[through]] = True
    first = np.where(through, center, np.floor(crossing).astype(int)) + 1
    once = rows < high[edge]  # a corner belongs to the edge above it
    count = np.zeros((shape[0], shape[1] + 1), np.int32)
    np.add.at(count, (rows[once], first[once]), 1)
    return (np.cumsum(count, axis=1)[:, :-1] % 2 == 1) & ~on, on


def _whole_numbers(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The whole numbers from low to high of each interval: whose they are, and what they are."""
    start = np.ceil(low).astype(int)
    count = np.maximum(np.floor(high).astype(int) - start + 1, 0)
    whose = np.repeat(np.arange(len(count)), count)
    return whose, start[whose] + np.arange(count.sum()) - (np.cumsum(count) - count)[whose]
