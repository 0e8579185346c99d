"""Noise that does not depend on the grid, and outlines of known volume."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_imaging.tumor import Elastic, Lesion, MassEffect
from synthetic_imaging.tumor.noise import expand, gaussian_rows, lattice, linear_rows, spline_rows
from synthetic_imaging.tumor.shape import rotation_matrix, shape_of


def test_lattice_is_white_normal_and_seeded():
    values = lattice(7, 0, (24, 24, 24))
    assert values.shape == (49, 49, 49) and values.dtype == np.float32
    assert abs(values.mean()) < 0.02 and abs(values.std() - 1) < 0.02
    for axis in range(3):
        ahead, behind = np.delete(values, 0, axis), np.delete(values, -1, axis)
        assert abs((ahead * behind).mean()) < 0.02
    np.testing.assert_array_equal(values, lattice(7, 0, (24, 24, 24)))
    for other in (lattice(8, 0, (24, 24, 24)), lattice(7, 1, (24, 24, 24)), lattice(7 + 2**32, 0, (24, 24, 24))):
        assert abs((values * other).mean()) < 0.02


def test_larger_lattice_contains_the_smaller():
    np.testing.assert_array_equal(lattice(3, 2, (9, 7, 8))[4:-4, 2:-2, 3:-3], lattice(3, 2, (5, 5, 5)))


def test_lattice_is_the_same_on_every_machine():
    np.testing.assert_array_equal(
        lattice(1, 0, (1, 1, 1))[0, 0], np.array([2.314123, -0.54998744, 1.1920006], dtype=np.float32)
    )
    assert lattice(20230321, 16, (0, 0, 0))[0, 0, 0] == np.float32(-0.5633605)


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=20))
def test_spline_rows(positions):
    positions = np.array(positions)
    np.testing.assert_allclose(np.linalg.norm(spline_rows(positions, 9), axis=1), 1, atol=1e-5)
    rows = spline_rows(positions, 9, unit_variance=False)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(rows @ np.arange(-9, 10), positions, atol=1e-4)


def test_expand_applies_one_matrix_per_axis():
    rng = np.random.default_rng(0)
    values, matrices = rng.normal(size=(2, 3, 4, 5)), [rng.normal(size=(n + 2, n)) for n in (3, 4, 5)]
    result = expand(torch.from_numpy(values), [torch.from_numpy(matrix) for matrix in matrices])
    np.testing.assert_allclose(result, np.einsum("dabc,ia,jb,kc->dijk", values, *matrices), rtol=1e-9)


def test_smoothing_keeps_constants_and_linear_rows_keep_ramps():
    np.testing.assert_allclose(gaussian_rows(20, 1.7).sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(gaussian_rows(5, 0), np.eye(5))
    rows, ramp = linear_rows(11, 2), np.arange(11.0)
    cells = np.array([ramp[index : index + 2].mean() for index in range(0, 11, 2)])
    np.testing.assert_allclose((rows @ cells)[1:-2], ramp[1:-2], atol=1e-5)


def test_rotation_is_right_handed_about_each_axis():
    np.testing.assert_allclose(rotation_matrix((90, 0, 0)) @ [0, 1, 0], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(rotation_matrix((0, 90, 0)) @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(rotation_matrix((0, 0, 90)) @ [1, 0, 0], [0, 1, 0], atol=1e-12)


@pytest.mark.parametrize("radius_mm", [4.0, 16.0, 32.0])
def test_undeformed_shape_is_the_ellipsoid(radius_mm):
    lesion = Lesion(radius_mm=radius_mm, axes=(0.8, 1.0, 1.25), elastic=Elastic(0), mass_effect=MassEffect(0))
    shape = shape_of(lesion, np.eye(3))
    half = (shape.box_mm[1] - shape.box_mm[0]) / 2
    np.testing.assert_allclose(half, radius_mm * np.array(lesion.axes), rtol=0.12)
    np.testing.assert_allclose(shape.bounding_radius_mm, 1.25 * radius_mm, rtol=0.06)
    assert np.linalg.det(shape.to_unit) == pytest.approx(1 / (radius_mm**3 * np.prod(lesion.axes)), rel=0.03)


@settings(max_examples=15, deadline=None)
@given(st.floats(3, 40), st.floats(0, 0.3), st.floats(0, 1), st.integers(0, 10**9))
def test_deformed_shape_holds_the_volume_and_stays_in_its_box(radius_mm, sigma_ratio, lobulation, seed):
    lesion = Lesion(radius_mm=radius_mm, elastic=Elastic(sigma_ratio * radius_mm, lobulation), seed=seed)
    shape = shape_of(lesion, np.eye(3))
    line = np.linspace(-2.6, 2.6, 79) * radius_mm
    rows = torch.from_numpy(spline_rows((line + 0) / shape.step_mm, shape.half, unit_variance=False))
    moved = expand(torch.from_numpy(shape.control), [rows] * 3).numpy()
    points = np.stack(np.meshgrid(line, line, line, indexing="ij"))
    rho = np.linalg.norm(np.einsum("xd,dijk->xijk", shape.to_unit, points + moved), axis=0)
    inside = points[:, rho < 1].T - shape.offset
    volume = len(inside) * (line[1] - line[0]) ** 3
    assert volume == pytest.approx(lesion.volume_mm3, rel=0.04)
    assert np.linalg.norm(inside.mean(axis=0)) < 0.06 * radius_mm
    assert (inside >= shape.box_mm[0] - 1e-6).all() and (inside <= shape.box_mm[1] + 1e-6).all()
    assert np.linalg.norm(inside, axis=1).max() <= shape.bounding_radius_mm * 1.02
