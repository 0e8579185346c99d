"""Sites: vessels, distances, suggestions, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from tumor_bodies import ORGAN_HU, body, case, center_of, grid

from synthetic_imaging import tumor
from synthetic_imaging.errors import InputError
from synthetic_imaging.tumor.region import Frame, Region
from synthetic_imaging.volume import Volume


@pytest.fixture(scope="module")
def prepared():
    return case()


def test_finds_the_vessels():
    ct, organ, vessel = body()
    prepared = tumor.Case(ct, organ)
    found, truth = prepared.vessel_volume().numpy() > 0, vessel.numpy() > 0
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.85
    assert prepared.organ_mean_hu == pytest.approx(ORGAN_HU, abs=3)


def test_uneven_enhancement_is_not_a_vessel():
    ct, organ, _ = body(vessels=False)
    ramp = np.linspace(-20, 20, ct.shape[2])
    prepared = tumor.Case(ct.like((ct.numpy() + ramp).astype(np.int16)), organ)
    assert prepared.vessel_mask.sum() < 0.01 * prepared.organ_mask.sum()


def test_given_vessels_are_used(prepared):
    ct, organ, vessel = body(vessels=False)
    chosen = np.zeros_like(vessel.numpy())
    chosen[50, 50, 60] = 1
    prepared = tumor.Case(ct, organ, vessels=ct.like(chosen))
    assert prepared.vessel_volume().numpy().sum() == 1
    point = ct.ras_from_ijk((60, 50, 50))
    assert prepared.distance_to_vessel_mm(point) <= 1
    assert prepared.distance_to_vessel_mm(np.add(point, (0, 20, 0))) == pytest.approx(20, abs=1.5)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 0.7, 5.0), (0.5, 0.5, 0.6)])
def test_one_look_up_is_the_exact_distance(spacing):
    size = 50.0 if spacing[0] < 0.6 else 100.0
    ct, organ, vessel = body(ijk_to_ras=grid(spacing, 15.0, (-1, 1, 1)), size_mm=size)
    prepared = tumor.Case(ct, organ, vessels=vessel)
    exact = ndimage.distance_transform_edt(vessel.numpy() == 0, ct.spacing_mm[::-1])
    rng = np.random.default_rng(0)
    inside = np.argwhere(organ.numpy() > 0)
    chosen = inside[rng.integers(len(inside), size=200)]
    found = np.array([prepared.distance_to_vessel_mm(ct.ras_from_ijk(index[::-1])) for index in chosen])
    error = found - exact[tuple(chosen.T)]
    assert np.abs(error).max() < max(2.6, 0.6 * max(spacing)) and error.mean() < 0.3


@settings(max_examples=10, deadline=None)
@given(st.floats(3, 14), st.integers(0, 10**6))
def test_suggested_sites_are_clear(radius_mm, seed):
    prepared = case()
    site = prepared.suggest_site(radius_mm, seed)
    assert site == prepared.suggest_site(radius_mm, seed)
    assert prepared.contains(site)
    ct = prepared.ct
    axes = np.meshgrid(*[np.arange(n) for n in ct.shape], indexing="ij")
    distance = np.linalg.norm(ct.ras_from_ijk(np.stack(axes[::-1], axis=-1)) - site, axis=-1)
    ball = distance < radius_mm - 1.0
    assert not prepared.vessel_volume().numpy()[ball].any()
    assert prepared.organ_in(Region((0, 0, 0), ct.shape))[ball].all()


def test_suggestions_avoid_other_lesions(prepared):
    lesions = []
    for seed in range(4):
        site = prepared.suggest_site(9.0, seed, avoid=lesions)
        lesions.append(replace(tumor.Lesion(radius_mm=7.0, seed=seed, elastic=tumor.Elastic(1)), center_ras=site))
    composition = tumor.Composition(prepared)
    composition.set_lesions(lesions)
    assert set(np.unique(composition.instances)) == {0, 1, 2, 3, 4}
    assert all(not prepared.collides(lesion) for lesion in lesions)
    with pytest.raises(InputError, match=r"clear for a radius of 44.0 mm; the largest that fits is \d"):
        prepared.suggest_site(44.0)


def test_clearance_is_distance_minus_radius(prepared):
    lesion = tumor.Lesion(center_ras=tuple(center_of(prepared.ct)), radius_mm=5.0, elastic=tumor.Elastic(0))
    expected = prepared.distance_to_vessel_mm(lesion.center_ras) - prepared.bounding_radius_mm(lesion)
    assert prepared.clearance_mm(lesion) == expected
    assert prepared.collides(replace(lesion, radius_mm=40.0)) and not prepared.collides(replace(lesion, radius_mm=2.0))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda ct, organ: (ct, organ.like(np.zeros_like(organ.numpy()))), "empty"),
        (lambda ct, organ: (ct, Volume(organ.data[1:], organ.ijk_to_ras)), "different grids"),
        (lambda ct, organ: (ct, Volume(organ.data, organ.ijk_to_ras @ np.diag([1, 1, 1.1, 1]))), "different grids"),
        (lambda ct, organ: (ct.like(np.full(ct.shape, np.nan, np.float32)), organ), "NaN"),
        (lambda ct, organ: (ct.like(np.full(ct.shape, 40, np.int16)), organ), "same value"),
        (lambda ct, organ: (ct.like(ct.numpy().astype(np.uint8)), organ), "uint8"),
    ],
)
def test_refusals_say_what_is_wrong(spoil, says):
    ct, organ, _ = body(size_mm=40.0)
    with pytest.raises(InputError, match=says):
        tumor.Case(*spoil(ct, organ), organ_name="liver")


def test_preparation_in_steps_gives_the_same_case():
    ct, organ, _ = body(size_mm=60.0)
    whole, steps, stages = (
        tumor.Case(ct, organ, organ_name="liver"),
        tumor.Case.steps(ct, organ, organ_name="liver"),
        [],
    )
    while True:
        try:
            stages.append(next(steps))
        except StopIteration as end:
            made = end.value
            break
    assert len(stages) == len(set(stages)) == 4
    np.testing.assert_array_equal(made.vessel_mask, whole.vessel_mask)
    assert (made.organ_mean_hu, made.noise_std_hu) == (whole.organ_mean_hu, whole.noise_std_hu)
    assert made.suggest_site(5, 1) == whole.suggest_site(5, 1)


def test_a_label_that_is_not_there():
    ct, organ, _ = body(size_mm=40.0)
    with pytest.raises(InputError, match="no voxel of value 7"):
        tumor.Case(ct, organ, organ_value=7)


def test_tilted_gantry_is_refused():
    ct, organ, _ = body(size_mm=40.0)
    shear = np.eye(4)
    shear[1, 2] = 0.3
    with pytest.raises(InputError, match="not perpendicular"):
        tumor.Case(Volume(ct.data, ct.ijk_to_ras @ shear), Volume(organ.data, ct.ijk_to_ras @ shear))


def test_frame_names_the_nearest_axes():
    volume = Volume.from_numpy(np.zeros((4, 5, 6), np.int16), grid((1, 2, 3), 20, (-1, 1, -1)))
    frame = Frame.of(volume)
    assert frame.array_axes == (2, 1, 0) and frame.signs == (-1, 1, -1)
    np.testing.assert_allclose(frame.spacing_mm, (1, 2, 3))
    assert (np.diag(frame.directions) > 0.8).all()


@given(*[st.tuples(*[st.integers(0, 9)] * 3)] * 4)
def test_regions(start, size, other_start, other_size):
    first = Region(start, tuple(a + b for a, b in zip(start, size, strict=True)))
    second = Region(other_start, tuple(a + b for a, b in zip(other_start, other_size, strict=True)))
    masks = []
    for region in (first, second):
        mask = np.zeros((20, 20, 20), dtype=bool)
        mask[region.slices] = True
        masks.append(mask)
    both = masks[0] & masks[1]
    if not first.empty and not second.empty:
        assert first.intersects(second) == both.any()
    values = np.random.default_rng(0).integers(1, 9, size=first.shape)
    whole = np.zeros((20, 20, 20), dtype=values.dtype)
    whole[first.slices] = values
    np.testing.assert_array_equal(second.cut(values, first), whole[second.slices])
    assert Region.around(masks[0]) == first or first.empty
