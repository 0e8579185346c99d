"""Line integrals of bodies whose chords are known in closed form."""

import numpy as np
import pytest
import torch
import xray_bodies as bodies
from scipy.spatial.transform import Rotation

from synthetic_imaging.xray import projector
from synthetic_imaging.xray.projector import WATER, Projector
from synthetic_imaging.xray.projector_reference import voxel_chords
from synthetic_imaging.xray.rays import Rays

POSES = 50
KINDS = ("box", "ellipsoid", "cylinder", "sphere")


def random_body(kind: str, rng: np.random.Generator):
    """A body whose half sizes are about 50 voxel diagonals, turned anyhow in a grid turned anyhow, and its CT."""
    spacing = rng.uniform(1.0, 1.6, 3)
    return _placed(kind, rng, spacing, rng.uniform(48, 55, 3) * np.linalg.norm(spacing))


def small_body(kind: str, rng: np.random.Generator):
    """The same with half as many voxels across, or fewer."""
    spacing = rng.uniform(1.0, 1.6, 3)
    low, high = {"box": (24, 30), "cylinder": (38, 46)}.get(kind, (45, 55))
    return _placed(kind, rng, spacing, rng.uniform(low, high, 3) * spacing.max())


def _placed(kind: str, rng: np.random.Generator, spacing: np.ndarray, size: np.ndarray):
    size = {"cylinder": size[[0, 0, 2]], "sphere": size[[0, 0, 0]]}.get(kind, size)
    turn = Rotation.random(random_state=int(rng.integers(1 << 31))).as_matrix()
    body = bodies.Body("ellipsoid" if kind == "sphere" else kind, size, turn, rng.uniform(-2, 2, 3))
    grid = bodies.random_grid(rng, body.reach_mm + 6, spacing)
    return body, bodies.water(body.filled(grid), grid)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_chords_of_bodies_from_anywhere(kind):
    """Every ray away from edges is within 0.5 % of the maximum, the sum of all rays of a picture within 0.1 %.

    The band that is left out is one voxel, its diagonal, on either side of the body's surface: a ray is in it when
    the body shrunk or grown by that much would be entered or left through another face, or not at all. Of rays that
    meet no face at less than 15 degrees none exceeds the bound; of the others, along whose face a voxel's share of
    the surface weighs many times as much, one in a hundred may. What errors remain are the voxels', which hold
    shares, not surfaces: they shrink with the voxels across, here about a hundred diagonals as in a CT of a trunk.
    """
    rng = np.random.default_rng(KINDS.index(kind))
    grazing = []
    for _ in range(POSES // 2):
        body, ct = random_body(kind, rng)
        prepared = Projector(ct)
        band = float(np.linalg.norm(ct.spacing_mm))
        for _ in range(2):
            view = bodies.random_view(rng, 2.2 * body.reach_mm, 80)
            source, targets = np.array(view.source_ras), bodies.pixels_ras(view)
            image, exact = prepared.integrate(view)[0].numpy(), body.chords_mm(source, targets)
            errors = (image - exact) / exact.max()
            clear, all_but_band = (body.clear(source, targets, band, degrees) for degrees in (15, 0))
            assert (all_but_band & (exact > 0)).sum() > 0.6 * (exact > 0).sum()
            assert np.abs(errors[clear]).max() < 0.005
            assert abs(errors.sum() / exact.sum() * exact.max()) < 0.001
            grazing.append(np.abs(errors[all_but_band & ~clear]))
    assert np.quantile(np.concatenate(grazing), 0.99) < 0.005


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_chords_of_small_bodies(kind):
    """With half the voxels across, 95 rays of 100 are within 0.5 %, all within 2 %, the sum within 0.1 %."""
    rng = np.random.default_rng(KINDS.index(kind))
    for _ in range(POSES // 5):
        body, ct = small_body(kind, rng)
        prepared = Projector(ct)
        band = float(np.linalg.norm(ct.spacing_mm))
        for _ in range(5):
            view = bodies.random_view(rng, 2.2 * body.reach_mm, 80)
            source, targets = np.array(view.source_ras), bodies.pixels_ras(view)
            image, exact = prepared.integrate(view)[0].numpy(), body.chords_mm(source, targets)
            clear = body.clear(source, targets, band)
            assert (clear & (exact > 0)).mean() > 0.1
            errors = np.abs(image - exact) / exact.max()
            assert np.quantile(errors[clear & (exact > 0)], 0.95) < 0.005
            assert errors[clear].max() < 0.02
            assert abs(image.sum() / exact.sum() - 1) < 0.001


def gaussian_case(sigma_voxels: float, seed: int):
    """A Gaussian cloud of water with other widths along its own, turned axes; a view; the view's exact integrals."""
    rng = np.random.default_rng(seed)
    spacing = rng.uniform(0.7, 1.4, 3)
    turn = Rotation.random(random_state=seed).as_matrix()
    sigma = sigma_voxels * spacing.max() * rng.uniform(1, 1.4, 3)
    inverse = (turn / sigma**2) @ turn.T
    grid = bodies.random_grid(rng, 4.5 * sigma.max(), spacing)
    k, j, i = np.indices(grid.shape)
    points = grid.ras_from_ijk(np.stack([i, j, k], -1))
    density = np.exp(-0.5 * np.einsum("...i,ij,...j", points, inverse, points, optimize=True))
    view = bodies.random_view(rng, 8 * sigma.max(), 48)
    start = np.array(view.source_ras)
    along = bodies.pixels_ras(view) - start
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    square = np.einsum("...i,ij,...j", along, inverse, along)
    away = start @ inverse @ start - (along @ inverse @ start) ** 2 / square
    exact = np.sqrt(2 * np.pi / square) * np.exp(-0.5 * away)
    return bodies.water(torch.from_numpy(density), grid), view, exact


def test_clouds_without_edges():
    """Of a body without edges no ray is left out: 0.5 % of the maximum everywhere, 0.1 % of the sum."""
    for seed in range(12):
        ct, view, exact = gaussian_case(6.0, seed)
        image = projector.water_path(ct, view).numpy()
        assert np.abs(image - exact).max() < 0.005 * exact.max()
        assert image.sum() == pytest.approx(exact.sum(), rel=1e-3)


def test_smaller_voxels_converge():
    """The error of interpolating between voxels falls with the square of their size."""
    for seed in range(4):
        errors = []
        for sigma_voxels in (2.0, 4.0):
            ct, view, exact = gaussian_case(sigma_voxels, seed)
            errors.append(np.abs(projector.water_path(ct, view).numpy() - exact).max() / exact.max())
        assert 3 < errors[0] / errors[1] < 5


@pytest.mark.parametrize("kind", KINDS)
def test_no_farther_from_the_body_than_exact_lengths_in_voxels(kind):
    """Over all rays of a picture, those along edges too."""
    body, ct = small_body(kind, np.random.default_rng(17))
    view = bodies.random_view(np.random.default_rng(18), 2.2 * body.reach_mm, 32)
    rays = Rays.of(view, ct.ijk_to_ras)
    voxels, mm = voxel_chords(rays.source, rays.targets().reshape(-1, 3), ct.shape, rays.metric_mm)
    by_voxels = (WATER.at(ct.data)[0].flatten()[voxels] * mm).sum(1).numpy()
    exact = body.chords_mm(np.array(view.source_ras), bodies.pixels_ras(view)).ravel()
    ours = projector.water_path(ct, view).numpy().ravel()
    assert np.square(ours - exact).mean() < np.square(by_voxels - exact).mean()
