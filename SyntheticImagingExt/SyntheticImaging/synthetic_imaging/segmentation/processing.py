"""The steps after a model, done: each a function of label arrays (K, J, I) that leaves its input as it was."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from ..errors import InputError
from ..volume import Volume
from .postprocessing import CONNECTIVITIES, Crf, FillHoles, HuRange, LargestComponent, Step, Within, steps_from
from .progress import Progress
from .regions import Box, box_of, grown, near

if TYPE_CHECKING:
    from .model import Model
    from .settings import Settings

STAGE = "Cleaning up"


def segmented(model: Model, images: Sequence[Volume], settings: Settings, within: Volume | None = None,
              steps: Iterable[Step] = (), own_steps: bool = True) -> Generator[Progress, None, Volume]:  # fmt: skip
    """Labels of a model after the steps of its description (own_steps) and further ones; see ``Model.segment``.

    InputError where a step looks at HU and the model's first image is no CT, before anything is computed.
    """
    steps = (*steps_from(model.card.postprocessing if own_steps else ()), *steps)
    if any(step.needs_ct for step in steps) and model.recipe.modalities[0] not in ("CT", ""):
        raise InputError("Steps that look at HU need a CT as the first image; switch them off for this model.")
    labels = yield from model.segment(images, settings, within)
    return (yield from processed(labels, steps, images[0]))


def processed(labels: Volume, steps: Iterable[Step], ct: Volume | None = None) -> Generator[Progress, None, Volume]:
    """Labels (whole numbers) after steps, one after the other; background is 0.

    ct: in HU on the same grid, for steps that look at it. InputError where it is missing or on another grid. Closing
    the generator ends it; the given labels are never changed.
    """
    steps = tuple(steps)
    for step in steps:
        if step.needs_ct and ct is None:
            raise InputError(f"The step '{step.name}' looks at the CT; give the CT too.")
    if ct is not None and not ct.same_grid(labels):
        raise InputError("Labels and CT lie on different grids; resample one to the other.")
    for index, step in enumerate(steps):
        yield Progress(STAGE, index / len(steps))
        if isinstance(step, Crf):
            from .crf import refine

            assert ct is not None  # the step needs it, as was asked above
            labels = yield from refine(labels, ct, step)
            continue
        array = labels.numpy().copy()
        spacing_mm = labels.spacing_mm[::-1]
        for label in _labels(step, array):
            # each label by itself, in its box, so that the time between steps is short
            yield Progress(STAGE, index / len(steps))
            _one(step, array, label, spacing_mm, ct)
        labels = labels.like(array)
    return labels


def _one(step: Step, array: np.ndarray, label: int, spacing_mm: np.ndarray, ct: Volume | None) -> None:
    box = box_of(array == label)
    if box is None:
        return
    inside = array[box]
    if isinstance(step, LargestComponent):
        inside[_small_pieces(inside == label, step, spacing_mm)] = 0
    elif isinstance(step, FillHoles):
        inside[_holes(inside == label, step, spacing_mm) & (inside == 0)] = label
    elif isinstance(step, Within):
        inside[(inside == label) & ~_organ(step, array, box, spacing_mm)] = 0
    elif isinstance(step, HuRange):
        assert ct is not None  # the step needs it
        hu = ct.numpy()[box]
        inside[(inside == label) & ((hu < step.low) | (hu > step.high))] = 0


def _labels(step: Step, array: np.ndarray) -> list[int]:
    if step.labels:
        return list(step.labels)
    present = [value for value, box in enumerate(ndimage.find_objects(array), start=1) if box is not None]
    return [value for value in present if not isinstance(step, Within) or value != step.organ]


def _small_pieces(mask: np.ndarray, step: LargestComponent, spacing_mm: np.ndarray) -> np.ndarray:
    """What goes. Of pieces of one size the first in the order of slices, rows and columns is the larger."""
    neighbors = ndimage.generate_binary_structure(3, 1 + CONNECTIVITIES.index(step.connectivity))
    pieces, count = ndimage.label(mask, neighbors)
    sizes = np.bincount(pieces.reshape(-1), minlength=count + 1)[1:]
    order = np.argsort(-sizes, kind="stable")
    kept = np.zeros(count + 1, bool)
    kept[1 + order[: step.keep or count]] = True
    kept[1:] &= sizes * (np.prod(spacing_mm) / 1000) >= step.least_ml * (1 - 1e-9)
    return mask & ~kept[pieces]


def _holes(mask: np.ndarray, step: FillHoles, spacing_mm: np.ndarray) -> np.ndarray:
    holes = ndimage.binary_fill_holes(mask) & ~mask
    if not step.most_ml or not holes.any():
        return holes
    pieces, count = ndimage.label(holes)
    sizes = np.bincount(pieces.reshape(-1), minlength=count + 1) * (np.prod(spacing_mm) / 1000)
    small = sizes <= step.most_ml * (1 + 1e-9)
    small[0] = False
    return small[pieces]


def _organ(step: Within, array: np.ndarray, box: Box, spacing_mm: np.ndarray) -> np.ndarray:
    """The organ and its margin, in a box; looked at no further around the box than the margin reaches."""
    around = grown(box, array.shape, spacing_mm, step.margin_mm)
    inner = tuple(
        slice(part.start - outer.start, part.stop - outer.start) for part, outer in zip(box, around, strict=True)
    )
    return near(array[around] == step.organ, spacing_mm, step.margin_mm)[inner]
