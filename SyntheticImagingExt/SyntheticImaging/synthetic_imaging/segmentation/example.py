"""A model that was never trained, for tests and examples: the body in CT, as what is brighter than its surroundings."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from ..volume import Volume
from .model import Card
from .package_writing import write_package
from .recipe import Label, Normalization, Recipe

ARGUMENTS = {
    "inputs": 1, "classes": 2, "features": [1, 1], "kernels": [[3, 3, 3], [1, 1, 1]],
    "strides": [[1, 1, 1], [2, 2, 2]], "encoder_counts": [1, 1], "decoder_counts": [1], "slope": 1.0,
}  # fmt: skip
CARD = Card(
    id="example-body",
    name="Body (example)",
    kind="package",
    version="1.0.0",
    summary="An example without training: smoothed voxels that are brighter than the mean of their tile.",
    intended_use="To try the program, and its tests.",
    limits=("No model of anatomy: everything that is denser than air counts, a table too.",),
    licenses={"code": "Apache-2.0", "weights": "CC0-1.0", "data": "none"},
    provenance={"recipe": "weights set by hand in synthetic_imaging.segmentation.example", "seed": 0, "commit": "none"},
    postprocessing=({"name": "largest_component", "labels": [1]}, {"name": "fill_holes", "labels": [1]}),
)
RECIPE = Recipe(
    channels=("CT",),
    modalities=("CT",),
    labels=(
        Label(
            1, "body", (216, 169, 147), ("SCT", "123037004", "Anatomical Structure"), ("SCT", "38266002", "Entire Body")
        ),
    ),
    heads=2,
    head_labels=(0, 1),
    patch=(32, 96, 96),
    stride=(2, 2, 2),
    normalizations=((Normalization("ct", {"low": -1000.0, "high": 300.0, "mean": -500.0, "std": 500.0}),),),
    spacing_mm=(4.0, 4.0, 4.0),
    mirror_axes=(0, 1, 2),
)


def write_example(path: str | PathLike) -> Path:
    """Write the package (a zip of some kB); InputError where it cannot be written."""
    return write_package(
        path, CARD, RECIPE, network="PlainConvUNet", weights=_weights(), arguments=ARGUMENTS, test=[_ball()]
    )


def _weights():
    """A mean over 27 voxels goes through the short cut of the U-Net; its lower level is left at nothing."""
    import torch

    from .networks import build

    weights = {name: torch.zeros(empty.shape) for name, empty in build("PlainConvUNet", ARGUMENTS).state_dict().items()}
    weights["encoder.stages.0.0.convs.0.conv.weight"][:] = 1 / 27
    weights["decoder.stages.0.convs.0.conv.weight"][0, 1, 1, 1, 1] = 1
    for norm in ("encoder.stages.0.0.convs.0.norm", "decoder.stages.0.convs.0.norm"):
        weights[f"{norm}.weight"][:] = 1
    weights["decoder.seg_layers.0.weight"][:, 0, 0, 0, 0] = torch.tensor([-1.0, 1.0])
    return weights


def _ball() -> Volume:
    """A ball of water in air."""
    k, j, i = np.ogrid[-8:8, -8:8, -8:8]
    return Volume.from_numpy(np.where(k**2 + j**2 + i**2 < 25, 0, -1000).astype(np.int16), np.diag([-4.0, -4, 4, 1]))
