"""What has to be done with an image around a network, as plain data that every kind of model is read into."""

from __future__ import annotations

from dataclasses import dataclass, field

Triple = tuple[str, str, str]
"""Coding scheme, code and meaning: ("SCT", "10200004", "Liver")."""


@dataclass(frozen=True)
class Label:
    """One structure of the result. color: red, green, blue from 0 to 255."""

    value: int
    name: str
    color: tuple[int, int, int] | None = None
    category: Triple | None = None
    type: Triple | None = None


@dataclass(frozen=True)
class Normalization:
    """What is done to one channel. name: one of NORMALIZATIONS; numbers: what that one takes.

    mask_only: only voxels of the nonzero mask count and change (z-score).
    """

    name: str
    numbers: dict[str, float] = field(default_factory=dict)
    mask_only: bool = False


NORMALIZATIONS = {
    "none": (),
    "ct": ("low", "high", "mean", "std"),
    "zscore": (),
    "zscore_nonzero": (),
    "rescale": ("to_low", "to_high"),
    "divide": ("by",),
    "range": ("low", "high", "to_low", "to_high", "clip"),
}
"""Names and their numbers.

ct: clipped to low and high, then (x - mean) / std. zscore: mean and standard deviation of the channel; zscore_nonzero:
those of its voxels other than 0, which alone change. rescale: from its minimum and maximum to to_low and to_high.
divide: by a number. range: linear from low-high to to_low-to_high, cut to that range where clip is 1.
"""


@dataclass(frozen=True)
class Resampling:
    """How images come onto the network's grid and its answers back.

    alignment: "edges": the outer faces of first and last voxel stay (nnU-Net); "origin": the center of the first voxel
        stays (MONAI).
    image_order, answer_order: 0 nearest, 1 linear, 3 cubic (images with aligned edges only).
    separate: True, False or None; coarse slices are resampled nearest across and at the order within, None: where the
        spacing along one axis is more than three times the finest.
    """

    alignment: str = "edges"
    image_order: int = 3
    image_separate: bool | None = None
    answer_order: int = 1
    answer_separate: bool | None = None


@dataclass(frozen=True)
class Recipe:
    """Everything around the network. Axes are those of the network's array after ``orientation`` and ``transpose``.

    channels: names of the inputs, in the order that the network takes them. modalities: "CT", "MR", … or "" per
        channel.
    labels: structures by value. heads: number of the network's outputs. activation: "argmax" over heads, or "regions":
        each head is a region of its own, probability above one half.
    head_labels: the label value of each head ("argmax": what the index becomes; "regions": in the order of writing,
        later ones over earlier ones).
    activate_first: softmax or sigmoid before the answers are resampled, as MONAI's bundles do.
    orientation: "" as stored, or three letters of the axes (k, j, i) before the transposition, the direction in which
        each index grows, e.g. "SAR".
    transpose: axis of the oriented array (K, J, I) that becomes each axis.
    crop_nonzero: cut to what is not exactly 0 in any channel; outside is background.
    normalize_first: before resampling (nnU-Net) or after it (MONAI).
    spacing_mm: per axis, None where that axis keeps its own; the whole None where nothing is resampled.
    patch: tile per axis; 1 along the axis across slices for a 2D network. dims: 2 or 3.
    stride: what the axes of a tile have to be multiples of. mirror_axes: axes of the array that mirroring flips.
    normalizations: per channel, one after the other.
    blend: how a tile is weighed, and with it where tiles stand and how sums are rounded: "nnunet", or MONAI's
        "gaussian" and "constant". padding: "zeros" or "edge", around what is smaller than a tile.
    tile_step: distance of tiles in tiles, as published.
    """

    channels: tuple[str, ...]
    modalities: tuple[str, ...]
    labels: tuple[Label, ...]
    heads: int
    head_labels: tuple[int, ...]
    patch: tuple[int, int, int]
    stride: tuple[int, int, int]
    normalizations: tuple[tuple[Normalization, ...], ...]
    dims: int = 3
    activation: str = "argmax"
    activate_first: bool = False
    orientation: str = ""
    transpose: tuple[int, int, int] = (0, 1, 2)
    crop_nonzero: bool = False
    normalize_first: bool = True
    spacing_mm: tuple[float | None, ...] | None = None
    resampling: Resampling = Resampling()
    mirror_axes: tuple[int, ...] = ()
    blend: str = "nnunet"
    padding: str = "zeros"
    tile_step: float = 0.5
