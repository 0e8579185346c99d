"""A whole label volume against another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..errors import InputError
from ..io.labels import resample_labels
from ..volume import Volume
from .lesions import Lesions, lesions_of
from .matching import Match, match
from .measures import Scores, scores_of
from .settings import Measures

Box = tuple[slice, slice, slice]
_NOWHERE: Box = (slice(0, 0), slice(0, 0), slice(0, 0))


@dataclass(frozen=True)
class Comparison:
    """One case: scores per label, lesions of the labels that were asked for, and sentences about what does not fit."""

    scores: tuple[Scores, ...]
    lesions: tuple[Lesions, ...] = ()
    notes: tuple[str, ...] = ()


def compare(prediction: Volume, reference: Volume, measures: Measures | None = None, *,
            prediction_names: Mapping[int, str] | None = None, reference_names: Mapping[int, str] | None = None,
            lesions: Collection[int | str] = ()) -> Comparison:  # fmt: skip
    """Labels (whole numbers, 0 is background) of a prediction against those of a reference.

    names: of labels by value. lesions: labels, by value in the reference or by name, whose pieces are looked at one by
    one. Labels without a voxel in either have no scores. InputError where the grids differ and ``measures.resample`` is
    off, where the volumes hold no labels, or where a label of lesions is not known.
    """
    measures = measures or Measures()
    prediction = _on_the_grid_of(reference, prediction, measures)
    spacing_mm = reference.spacing_mm[::-1]
    predicted, there = _array(prediction, "prediction"), _array(reference, "reference")
    boxes, reference_boxes = _boxes(predicted), _boxes(there)
    matches, notes = match(boxes, reference_boxes, prediction_names or {}, reference_names or {}, measures.match)
    asked = [_asked(matches, label) for label in lesions]
    scores, pieces = [], []
    for entry in [*matches, *(entry for entry in asked if entry not in matches)]:
        box = _union([_box_of(entry.prediction, boxes), _box_of(entry.reference, reference_boxes)])
        masks = _mask(predicted, entry.prediction, box), _mask(there, entry.reference, box)
        if box != _NOWHERE:
            scores.append(scores_of(*masks, spacing_mm, measures, entry.label, entry.name))
        if entry in asked:
            corner = [part.start for part in box]
            pieces.append(lesions_of(*masks, spacing_mm, measures, entry.label, entry.name, corner))
    return Comparison(tuple(scores), tuple(pieces), tuple(notes))


def _on_the_grid_of(reference: Volume, prediction: Volume, measures: Measures) -> Volume:
    if prediction.same_grid(reference):
        return prediction
    if not measures.resample:
        raise InputError(
            f"The prediction has another grid than the reference (shape {prediction.shape} against "
            f"{reference.shape}), so distances would mislead. Export it on the grid of the reference, or ask for it "
            "to be resampled."
        )
    if not prediction.data.any():
        return reference.like(np.zeros(reference.shape, np.uint8))
    return resample_labels(prediction, reference, "the prediction")


def _array(volume: Volume, side: str) -> np.ndarray:
    array = volume.numpy()
    if array.dtype == bool:
        return array.astype(np.uint8)
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"The {side} holds {array.dtype} values; give a label volume of whole numbers.")
    if array.size and array.min() < 0:
        raise InputError(f"The {side} holds negative values, so it looks like a CT; give a label volume.")
    return array


def _boxes(array: np.ndarray) -> dict[int, Box]:
    """The box of each label that has voxels."""
    return {value: box for value, box in enumerate(ndimage.find_objects(array), start=1) if box is not None}


def _box_of(value: int | None, boxes: Mapping[int, Box]) -> Box:
    return _NOWHERE if value is None else boxes.get(value, _NOWHERE)


def _union(boxes: list[Box]) -> Box:
    """The box around those that hold something."""
    known = [box for box in boxes if box != _NOWHERE] or [_NOWHERE]
    return tuple(slice(min(a.start for a in parts), max(a.stop for a in parts)) for parts in zip(*known, strict=True))  # type: ignore[return-value]


def _mask(array: np.ndarray, value: int | None, box: Box) -> np.ndarray:
    return np.zeros(array[box].shape, bool) if value is None else array[box] == value


def _asked(matches: list[Match], label: int | str) -> Match:
    """The structure whose lesions are asked for. A value that no voxel has is one without lesions."""
    for entry in matches:
        if label == entry.label if isinstance(label, int) else label.lower() == entry.name.lower():
            return entry
    if isinstance(label, int):
        return Match(f"label {label}", label, label)
    names = ", ".join(entry.name for entry in matches) or "none"
    raise InputError(f"There is no label '{label}' whose lesions could be looked at; there are {names}.")
