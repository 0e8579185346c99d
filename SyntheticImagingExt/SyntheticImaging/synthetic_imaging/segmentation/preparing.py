"""Volumes as the network takes them, and the way back for its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..errors import InputError
from ..io.hounsfield import not_hounsfield, problem_of
from ..tuples import three
from ..volume import Volume
from .normalizing import normalize
from .recipe import Recipe
from .regions import Box
from .resampling import Line, coarse_axis, line, new_shape, resample_image

BODY_HU = -500
"""Between air and fat, with the noise of low-dose CT."""

_BODY_GRID_MM = 3.0
_LETTERS = ("LR", "PA", "IS")
"""Ends of the RAS axes: where an index that falls and one that grows goes."""


@dataclass(frozen=True)
class Frame:
    """How the array that the network's grid is made of lies in the volume.

    axes: axis of the stored array (K, J, I) that each axis is; flips: axes that run the other way after that.
    spacing_mm: per axis. shape: of the turned array; box: the part of it that is looked at.
    """

    axes: tuple[int, int, int]
    flips: tuple[int, ...]
    spacing_mm: tuple[float, float, float]
    shape: tuple[int, int, int]
    box: Box

    def turned(self, stored: np.ndarray) -> np.ndarray:
        """A stored array (K, J, I) in this frame, a view."""
        return np.flip(np.transpose(stored, self.axes), self.flips)

    def stored(self, turned: np.ndarray) -> np.ndarray:
        """The inverse of ``turned``."""
        return np.transpose(np.flip(turned, self.flips), np.argsort(self.axes))

    @property
    def box_shape(self) -> tuple[int, int, int]:
        return three(part.stop - part.start for part in self.box)


@dataclass(frozen=True)
class Prepared:
    """image: (C, z, y, x) float32 on the network's grid. inside: (z, y, x) where there is something to find, None for
    everywhere. spacing_mm: of that grid."""

    frame: Frame
    image: np.ndarray
    spacing_mm: tuple[float, float, float]
    inside: np.ndarray | None

    def lines(self, recipe: Recipe) -> list[Line]:
        """How the voxels of the frame's box lie among those of the network's grid, per axis."""
        how, box = recipe.resampling, self.frame.box_shape
        shape = self.image.shape[1:]
        if how.alignment == "origin":
            steps = np.divide(self.frame.spacing_mm, self.spacing_mm)
            return [
                line(size, new, how.answer_order, "origin", step)
                for size, new, step in zip(shape, box, steps, strict=True)
            ]
        coarse = coarse_axis(self.spacing_mm, self.frame.spacing_mm, how.answer_separate)
        return [
            line(size, new, 0 if axis == coarse else how.answer_order)
            for axis, (size, new) in enumerate(zip(shape, box, strict=True))
        ]

    def labels_of(self, boxed: np.ndarray) -> np.ndarray:
        """Labels of the box as a stored array (K, J, I), 0 around it."""
        whole = np.zeros(self.frame.shape, dtype=boxed.dtype)
        whole[self.frame.box] = boxed
        return np.ascontiguousarray(self.frame.stored(whole))


def check_inputs(volumes: Sequence[Volume], recipe: Recipe) -> None:
    """InputError where the volumes are not what the model takes."""
    wanted = ", ".join(recipe.channels)
    if len(volumes) != len(recipe.channels):
        plural = "image" if len(recipe.channels) == 1 else "images"
        raise InputError(
            f"The model takes {len(recipe.channels)} {plural} ({wanted}) and was given {len(volumes)}; give them "
            "in this order."
        )
    for volume, name in zip(volumes, recipe.channels, strict=True):
        if not volume.same_grid(volumes[0]):
            raise InputError(
                f"The image for {name} lies on another grid than the first one (shape {volume.shape} against "
                f"{volumes[0].shape}); resample it to the first one."
            )
        if min(volume.shape) == 0:
            raise InputError(f"The image for {name} is empty (shape {volume.shape}); choose another image.")
        array = volume.numpy()
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(
                f"The image for {name} has voxels that are not a number or infinite; replace them, for CT by -1000 "
                "(air)."
            )
        if array.dtype.kind not in "fiub":
            raise InputError(f"The image for {name} has voxels of type {array.dtype}; real numbers are needed.")
        if array.min() == array.max():
            raise InputError(
                f"The image for {name} has the value {array.min():g} everywhere; there is nothing to find."
            )
    for volume, name, modality in zip(volumes, recipe.channels, recipe.modalities, strict=True):
        if modality == "CT" and (problem := problem_of(volume)):
            raise not_hounsfield(
                f"The model takes CT for {name}, and this image {problem}", "Accept as HU, --accept-hu"
            )


def prepare(volumes: Sequence[Volume], recipe: Recipe, *, within: np.ndarray | None = None, margin_mm: float = 0.0,
            inside: np.ndarray | None = None) -> Prepared:  # fmt: skip
    """The network's image.

    within: stored array (K, J, I), True where the user wants labels; the rest is cut off but for a margin.
    inside: stored array, True where there can be anything.
    """
    first = volumes[0]
    axes, flips = _turning(first, recipe)
    spacing = three(float(np.round(first.spacing_mm[2 - axis], 9)) for axis in axes)
    shape = three(first.shape[axis] for axis in axes)
    whole = Frame(axes, flips, spacing, shape, three(slice(0, size) for size in shape))
    box = _box(whole.turned(within), spacing, margin_mm) if within is not None else whole.box
    channels = np.stack([whole.turned(volume.numpy())[box].astype(np.float32) for volume in volumes])
    mask = None
    if recipe.crop_nonzero:
        found = ndimage.binary_fill_holes((channels != 0).any(axis=0))
        if found.any():
            inner = ndimage.find_objects(found.astype(np.uint8))[0]
            box = three(slice(a.start + b.start, a.start + b.stop) for a, b in zip(box, inner, strict=True))
            channels, mask = channels[(slice(None), *inner)], found[inner]
    frame = Frame(axes, flips, spacing, shape, box)
    grid = _grid_spacing(recipe, spacing)
    size = new_shape(frame.box_shape, spacing, grid, recipe.resampling.alignment)
    if recipe.normalize_first:
        channels = _normalized(channels, recipe, mask)
    image = channels if grid == spacing else resample_image(channels, spacing, size, grid, recipe.resampling)
    if not recipe.normalize_first:
        image = _normalized(image, recipe, None)
    near = None
    if inside is not None:
        near = whole.turned(inside)[box]
        for axis, new in enumerate(image.shape[1:]):
            near = np.take(near, line(near.shape[axis], new, 0).first, axis)
    return Prepared(frame, image, grid, near)


def _grid_spacing(recipe: Recipe, spacing: tuple[float, float, float]) -> tuple[float, float, float]:
    if recipe.spacing_mm is None:
        return spacing
    return three(own if new is None else new for own, new in zip(spacing, recipe.spacing_mm, strict=True))


def _normalized(channels: np.ndarray, recipe: Recipe, mask: np.ndarray | None) -> np.ndarray:
    return np.stack(
        [
            normalize(np.ascontiguousarray(channel), steps, mask)
            for channel, steps in zip(channels, recipe.normalizations, strict=True)
        ]
    )


def _turning(volume: Volume, recipe: Recipe) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """Axes and flips that bring a stored array into the recipe's frame."""
    axes, flipped = [0, 1, 2], [False] * 3
    if recipe.orientation:
        along = _axes_of(volume)
        for place, letter in enumerate(recipe.orientation):
            world = next(index for index, ends in enumerate(_LETTERS) if letter in ends)
            axis, grows = along[world]
            axes[place] = axis
            flipped[place] = grows != (letter == _LETTERS[world][1])
    axes = [axes[index] for index in recipe.transpose]
    flips = tuple(place for place, index in enumerate(recipe.transpose) if flipped[index])
    return three(axes), flips


def _axes_of(volume: Volume) -> list[tuple[int, bool]]:
    """For R, A and S: the axis of the stored array closest to it, and whether its index grows that way.

    Axes i, j, k choose in turn, as nibabel's ``io_orientation`` lets them.
    """
    cosines = volume.directions.copy()
    found: list = [None] * 3
    for index in range(3):
        world = int(np.argmax(np.abs(cosines[:, index])))
        found[world] = (2 - index, bool(cosines[world, index] > 0))
        cosines[world] = 0
    return found


def _box(mask: np.ndarray, spacing: Sequence[float], margin_mm: float) -> Box:
    found = ndimage.find_objects(mask.astype(np.uint8))
    if not found:
        raise InputError("The region to look at is empty; choose a segment with voxels in it.")
    margins = [int(np.ceil(margin_mm / size)) for size in spacing]
    return three(
        slice(max(0, part.start - margin), min(size, part.stop + margin))
        for part, margin, size in zip(found[0], margins, mask.shape, strict=True)
    )


def body_of(ct: Volume) -> np.ndarray | None:
    """The patient in a CT, (K, J, I), hollow organs among it; None where nothing is dense enough.

    Found on a coarse grid, so edges are some millimeters off: use it with a margin.
    """
    every = np.maximum(1, np.floor(_BODY_GRID_MM / ct.spacing_mm[::-1])).astype(int)
    coarse = ct.numpy()[tuple(slice(None, None, step) for step in every)] > BODY_HU
    # the table and what lies on the patient are thin
    solid = ndimage.binary_opening(coarse, iterations=2)
    pieces, count = ndimage.label(solid)
    if count == 0:
        return None
    body = pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])
    body = ndimage.binary_dilation(body, iterations=2)
    for index, section in enumerate(body):
        body[index] = ndimage.binary_fill_holes(section)
    for axis, (step, size) in enumerate(zip(every, ct.shape, strict=True)):
        body = np.take(body, np.minimum(np.arange(size) // step, body.shape[axis] - 1), axis)
    return body
