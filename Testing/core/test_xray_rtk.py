"""Against another projector: the Joseph projector of RTK, on a real CT and on the phantom."""

import importlib.util

import numpy as np
import pytest
import rtk_images
import torch

from synthetic_imaging.xray.geometry import View
from synthetic_imaging.xray.projector import WATER, Projector
from synthetic_imaging.xray.projector_reference import voxel_chords
from synthetic_imaging.xray.rays import Rays

pytestmark = pytest.mark.slow


def by_voxels(amounts: torch.Tensor, ijk_to_ras: np.ndarray, view: View) -> np.ndarray:
    rays = Rays.of(view, ijk_to_ras)
    parts = []
    for targets in rays.targets().reshape(-1, 3).split(1024):
        voxels, mm = voxel_chords(rays.source, targets, tuple(amounts.shape), rays.metric_mm)
        parts.append((amounts.flatten()[voxels] * mm).sum(1))
    return torch.cat(parts).view(view.rows, view.columns).numpy()


@pytest.mark.parametrize("name", rtk_images.BODIES)
def test_the_images_are_those_of_rtk(name):
    """Within 0.2 % of the maximum and 0.02 % on average, and no farther from exact lengths in voxels than RTK's."""
    ct = rtk_images.in_air(rtk_images.BODIES[name]())
    prepared, amounts = Projector(ct), WATER.at(ct.data.double())[0]
    for view, theirs in zip(rtk_images.views(ct), rtk_images.stored(name), strict=True):
        ours = prepared.integrate(view)[0].numpy()
        exact = by_voxels(amounts, ct.ijk_to_ras, view)
        assert theirs.max() > 100
        assert np.abs(ours - theirs).max() < 2e-3 * theirs.max()
        assert np.abs(ours - theirs).mean() < 2e-4 * theirs.max()
        errors = [np.sqrt(np.square(image - exact).mean()) for image in (ours, theirs)]
        assert errors[0] < 1.01 * errors[1]


@pytest.mark.skipif(importlib.util.find_spec("itk") is None, reason='needs RTK (pip install ".[rtk]", 1.6 GB)')
@pytest.mark.parametrize("name", rtk_images.BODIES)
def test_the_stored_images_are_those_of_rtk(name):
    theirs = rtk_images.made(rtk_images.in_air(rtk_images.BODIES[name]()))
    stored = rtk_images.stored(name)
    assert np.abs(theirs - stored).max() < 1e-5 * stored.max()
