"""Structures, landmarks and belief maps."""

import numpy as np
import pytest
import torch
import xray_bodies as bodies

from synthetic_imaging.errors import InputError
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import projector, truth
from synthetic_imaging.xray.geometry import Pose, View
from synthetic_imaging.xray.projector_reference import voxel_chords
from synthetic_imaging.xray.rays import Rays
from synthetic_imaging.xray.truth import Landmark, StructureProjector


def rough_labels(seed: int, high: int = 4) -> tuple[Volume, View]:
    rng = np.random.default_rng(seed)
    grid = bodies.random_grid(rng, rng.uniform(6, 12), rng.uniform(0.7, 2.2, 3))
    values = torch.from_numpy(rng.integers(0, high + 1, grid.shape).astype(np.uint8))
    return grid.like(values), bodies.random_view(rng, 30.0, 24)


@pytest.mark.parametrize("engine", ["warp", "torch"])
def test_lengths_in_voxels_are_exact(engine):
    """One pass over all labels against the lengths of Siddon's algorithm, label by label, in double precision."""
    for seed in range(10):
        labels, view = rough_labels(seed)
        found = StructureProjector(labels, engine=engine).of(view)
        rays = Rays.of(view, labels.ijk_to_ras)
        voxels, mm = voxel_chords(rays.source, rays.targets().reshape(-1, 3), labels.shape, rays.metric_mm)
        assert found.labels == (1, 2, 3, 4)
        for label in found.labels:
            exact = torch.where(labels.data.flatten()[voxels] == label, mm, 0.0).sum(1).view(24, 24)
            assert (found.length_mm(label) - exact).abs().max() < 1e-3
            assert torch.equal(found.masks()[label - 1], found.length_mm(label) > 0)
            sure = (exact == 0) | (exact > 1e-4)  # what grazes an edge is a matter of rounding
            assert torch.equal(found.masks()[label - 1][sure], exact[sure] > 0) and int((~sure).sum()) <= 2


def test_masks_of_a_box_of_voxels():
    """The mask of a block of voxels is the set of rays with a chord in its box, and the chord is the box's."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        grid = bodies.random_grid(rng, 12.0, rng.uniform(0.7, 2.2, 3))
        low = np.array([rng.integers(1, count // 2) for count in grid.shape])
        high = np.array([rng.integers(count // 2 + 1, count - 1) for count in grid.shape])
        values = torch.zeros(grid.shape, dtype=torch.int16)
        values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = 7
        view = bodies.random_view(rng, 30.0, 40)
        found = truth.structures(grid.like(values), view)
        half = (high - low)[::-1] * grid.spacing_mm / 2
        body = bodies.Body("box", half, grid.directions, grid.ras_from_ijk((low + high - 1)[::-1] / 2))
        exact = body.chords_mm(np.array(view.source_ras), bodies.pixels_ras(view))
        assert np.abs(found.length_mm(7).numpy() - exact).max() < 1e-3
        clear = (exact == 0) | (exact > 1e-3)
        assert (found.masks()[0].numpy() == (exact > 0))[clear].all()


def test_source_and_detector_inside():
    labels = Volume(torch.ones((30, 30, 30), dtype=torch.uint8), np.eye(4))
    view = View.of(bodies.machine(20.0, 8.0, 9, 0.5), Pose(20, 30, isocenter_ras=(15, 15, 15)))
    far = np.linalg.norm(bodies.pixels_ras(view) - view.source_ras, axis=-1)
    assert np.abs(truth.structures(labels, view).length_mm(1).numpy() - far).max() < 1e-4


def test_all_lengths_together_are_the_volume():
    labels, view = rough_labels(5)
    labels = labels.like(labels.data.clamp_min(1))
    whole = projector.water_path(labels.like(torch.zeros(labels.shape)), view)
    assert torch.allclose(StructureProjector(labels).of(view).lengths_mm.sum(0), whole, atol=1e-3)


def test_chosen_labels_and_types():
    labels, view = rough_labels(1, high=200)
    some = StructureProjector(labels, [40, 3, 999]).of(view)
    every = StructureProjector(labels).of(view)
    assert some.labels == (40, 3, 999)
    assert torch.equal(some.length_mm(40), every.length_mm(40))
    assert not some.length_mm(999).any() and not some.length_mm(5).any()
    large = labels.like(labels.data.to(torch.int64) * 100_000)
    assert torch.equal(StructureProjector(large).of(view).lengths_mm, every.lengths_mm)
    empty = labels.like(torch.zeros_like(labels.data))
    assert StructureProjector(empty).of(view).lengths_mm.shape == (0, 24, 24)
    with pytest.raises(InputError, match="whole numbers"):
        StructureProjector(labels.like(labels.data.float()))
    with pytest.raises(InputError, match="at most"):
        StructureProjector(labels, range(1, 5000))


def test_landmarks_and_why_they_are_not_seen():
    view = View.of(bodies.machine(1000, 600, 100, 2.0), Pose())
    points = {"middle": (0, 0, 0), "left": (-59, 0, 0), "beside": (-62, 0, 0), "near": (0, -700, 0), "far": (0, 500, 0)}
    found = {landmark.name: landmark for landmark in truth.landmarks(points, view)}
    assert found["middle"].visible and (found["middle"].column, found["middle"].row) == pytest.approx((49.5, 49.5))
    assert found["left"].visible and found["left"].column > 90
    assert found["beside"].unseen == "beside the detector"
    assert found["near"].unseen == "behind the source"
    assert found["far"].unseen == "behind the detector"
    assert truth.landmarks({}, view) == []


def test_belief_maps_peak_at_their_landmarks():
    view = View.of(bodies.machine(1000, 600, 60, 2.0), Pose())
    found = [
        Landmark("a", (0, 0, 0), 20.0, 33.0),
        Landmark("b", (0, 0, 0), 21.25, 40.5),
        Landmark("c", (0, 0, 0), 5, 5, "x"),
    ]
    maps = truth.belief_maps(found, view, sigma_pixels=3.0)
    assert maps.shape == (3, 60, 60) and maps.dtype == torch.float32
    assert float(maps[0, 33, 20]) == 1.0
    assert float(maps[0, 33, 23]) == pytest.approx(np.exp(-0.5), rel=1e-6)
    rows, columns = torch.arange(60.0), torch.arange(60.0)
    center = (
        float((maps[1].sum(0) * columns).sum() / maps[1].sum()),
        float((maps[1].sum(1) * rows).sum() / maps[1].sum()),
    )
    assert center == pytest.approx((21.25, 40.5), abs=1e-3)
    assert not maps[2].any()
    with pytest.raises(InputError, match="sigma_pixels"):
        truth.belief_maps(found, view, 0)
