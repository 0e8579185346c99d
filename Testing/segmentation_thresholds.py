"""A model whose network only compares, so that the right labels are known for any image."""

from __future__ import annotations

import numpy as np
import segmentation_models as models
import torch

from synthetic_imaging import segmentation
from synthetic_imaging.segmentation.recipe import Normalization, Recipe
from synthetic_imaging.steps import finished
from synthetic_imaging.volume import Volume


def run(model, volume, within=None, **settings):
    return finished(model.segment([volume], segmentation.Settings(**settings), within)).numpy()


def threshold(recipe: Recipe, calls: list | None = None):
    """A model whose network only compares: label 1 above 0 HU, label 2 above 200 HU. calls: sizes of its tiles."""

    def network(x):
        if calls is not None:
            calls.append(tuple(x.shape[2:]))
        return torch.cat([torch.zeros_like(x), x, 2 * x - 0.8], 1)

    return segmentation.Model(segmentation.Card("t", "t", "package"), recipe, lambda device, folds: [network])


def plain_recipe(**changes):
    scale = hu_range(0, 500)
    return models.recipe(spacing_mm=None, crop_nonzero=False, normalizations=((scale,),), **changes)


def hu_range(low, high):
    return Normalization("range", {"low": low, "high": high, "to_low": 0.0, "to_high": 1.0, "clip": 0.0})


def expected_labels(volume):
    array = volume.numpy()
    return (array > 0).astype(np.uint8) + (array > 400)


def body_in_air(shape):
    array = np.full(shape, -1000, np.int16)
    _, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    inside = ((y - 30) / 18) ** 2 + ((x - 34) / 22) ** 2 < 1
    array[np.broadcast_to(inside, shape)] = 40
    array[:, 24:30, 30:40] = 450
    array[:, 60:62, :] = 100  # the table
    return Volume.from_numpy(array, np.diag([-2.0, -2.0, 3.0, 1.0]))
