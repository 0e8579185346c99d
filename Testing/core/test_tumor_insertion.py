"""One lesion in a CT: what changes, what must not, and how well it meets the request."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from tumor_bodies import body, case, center_of, grid

from synthetic_imaging import tumor
from synthetic_imaging.tumor.insertion import insert, region_of
from synthetic_imaging.tumor.region import Region
from synthetic_imaging.volume import Volume

FULL = tumor.Lesion(
    radius_mm=12.0,
    contrast_hu=-45.0,
    seed=5,
    elastic=tumor.Elastic(2.5, 0.3),
    capsule=tumor.Shell(30, 1.2),
    rim=tumor.Shell(20, 2, 0.6),
    core=tumor.Core(0.4, -20),
    calcification=tumor.Calcification(0.03),
    texture=tumor.Texture(heterogeneity_hu=6),
)
PLAIN = tumor.Lesion(radius_mm=12.0, contrast_hu=-45.0, seed=5)


def run(prepared, lesion, **options):
    ct = prepared.ct.numpy()
    organ = prepared.organ_in(Region((0, 0, 0), ct.shape)).astype(np.uint8)
    return insert(prepared, lesion, ct, organ, np.zeros(ct.shape, np.int16), 1, **options)


def shown(prepared, lesion) -> tumor.Composition:
    composition = tumor.Composition(prepared)
    composition.set_lesions([lesion])
    return composition


@pytest.fixture(scope="module")
def prepared():
    return case()


def at_center(prepared, lesion, shift=(0.0, 0.0, 0.0)):
    return replace(lesion, center_ras=tuple(center_of(prepared.ct) + shift))


@settings(max_examples=12, deadline=None)
@given(
    st.floats(3, 20),
    st.tuples(*[st.floats(-25, 25)] * 3),
    st.integers(0, 2**31),
    st.floats(-100, 60),
    st.tuples(*[st.sampled_from([0.7, 1.0, 1.6, 3.0])] * 3),
    st.floats(0, 40),
    st.tuples(*[st.sampled_from([-1, 1])] * 3),
    st.sampled_from([np.int16, np.int32, np.float32]),
)
def test_only_the_lesions_box_changes(radius_mm, shift, seed, contrast_hu, spacing, turn_deg, flips, dtype):
    prepared = case(ijk_to_ras=grid(spacing, turn_deg, flips), dtype=dtype, size_mm=80.0)
    lesion = replace(
        FULL, radius_mm=radius_mm, seed=seed, contrast_hu=contrast_hu, elastic=tumor.Elastic(0.2 * radius_mm)
    )
    lesion = at_center(prepared, lesion, shift)
    composition = shown(prepared, lesion)
    before, after = prepared.ct.numpy(), composition.hu
    assert after.dtype == before.dtype
    np.testing.assert_array_equal(composition.ct.ijk_to_ras, prepared.ct.ijk_to_ras)
    outside = np.ones(before.shape, dtype=bool)
    outside[region_of(prepared, lesion).slices] = False
    np.testing.assert_array_equal(after[outside], before[outside])
    assert not composition.instances[outside].any()
    assert np.isfinite(after).all()
    assert set(np.unique(composition.labels)) <= {0, 1, 2}
    np.testing.assert_array_equal(composition.labels == 2, composition.instances > 0)
    composition.set_lesions([])
    np.testing.assert_array_equal(composition.hu, before)


@settings(max_examples=10, deadline=None)
@given(st.floats(4, 18), st.tuples(*[st.floats(-40, 40)] * 3), st.integers(0, 2**31))
def test_lesion_stays_inside_the_pushed_organ(radius_mm, shift, seed):
    prepared = case(size_mm=80.0)
    lesion = replace(at_center(prepared, PLAIN, shift), radius_mm=radius_mm, seed=seed)
    gentle = lesion.without("mass_effect")
    organ = prepared.organ_in(Region((0, 0, 0), prepared.ct.shape))
    assert not (shown(prepared, gentle).instances.astype(bool) & ~organ).any()
    pushed = shown(prepared, lesion)
    spread = ndimage.binary_dilation(organ, iterations=int(np.ceil(0.06 * radius_mm)) + 1)
    assert not (pushed.instances.astype(bool) & ~spread).any()


def test_protrusion_leaves_the_organ_only_when_asked(prepared):
    edge = at_center(prepared, PLAIN, (43.0, 0.0, 0.0))
    organ = prepared.organ_in(Region((0, 0, 0), prepared.ct.shape))
    assert not (shown(prepared, edge.without("mass_effect")).instances.astype(bool) & ~organ).any()
    out = shown(prepared, replace(edge, protrude=True).without("mass_effect")).instances.astype(bool)
    assert (out & ~organ).sum() > 500


def test_replays_bit_for_bit(prepared):
    lesion = at_center(prepared, FULL)
    again = tumor.Lesion.from_dict(lesion.to_dict())
    np.testing.assert_array_equal(run(prepared, lesion).hu, run(prepared, again).hu)
    other = run(prepared, replace(lesion, seed=6))
    assert other.hu.shape != run(prepared, lesion).hu.shape or not np.array_equal(other.hu, run(prepared, lesion).hu)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 0.8, 5.0)])
def test_kernels_equal_the_reference(spacing):
    pytest.importorskip("warp")
    prepared = case(ijk_to_ras=grid(spacing, 20.0))
    for lesion in (FULL, PLAIN, replace(FULL, protrude=True), FULL.without("mass_effect", "edge")):
        lesion = at_center(prepared, lesion)
        fast, slow = run(prepared, lesion), run(prepared, lesion, engine_name="torch")
        assert np.abs(fast.hu - slow.hu).max() < 0.05
        assert (fast.instances != slow.instances).mean() < 1e-4
        assert (fast.organ != slow.organ).mean() < 1e-4


def test_stored_flipped_or_transposed_the_lesion_is_the_same():
    """Random fields live in the patient's axes, so the storage order cannot matter."""
    ct, organ, _ = body()
    prepared = tumor.Case(ct, organ)
    lesion = at_center(prepared, FULL)
    straight = shown(prepared, lesion)
    reorder = np.zeros((4, 4))
    reorder[[0, 1, 2], [2, 0, 1]] = 1
    count = np.array(ct.shape[::-1])
    reorder[3, 3] = 1
    flip = np.diag([-1.0, 1.0, -1.0, 1.0])
    flip[[0, 2], 3] = count[[0, 2]] - 1
    matrix = ct.ijk_to_ras @ flip @ reorder
    turned_ct = Volume.from_numpy(np.ascontiguousarray(_stored(ct.numpy(), ct.ijk_to_ras, matrix)), matrix)
    turned_organ = turned_ct.like(np.ascontiguousarray(_stored(organ.numpy(), ct.ijk_to_ras, matrix)))
    turned = shown(tumor.Case(turned_ct, turned_organ), lesion)
    back = _stored(straight.hu, ct.ijk_to_ras, matrix)
    difference = np.abs(turned.hu.astype(int) - back)
    assert difference.max() <= 2 and (difference > 0).mean() < 0.02
    assert (turned.instances != _stored(straight.instances, ct.ijk_to_ras, matrix)).mean() < 1e-4


def _stored(array, old_matrix, new_matrix):
    """The same samples in another axis order: looked up point by point."""
    to_old = np.rint(np.linalg.inv(old_matrix) @ new_matrix).astype(int)
    shape_ijk = np.abs(to_old[:3, :3]).T @ np.array(array.shape[::-1])
    k, j, i = np.meshgrid(*[np.arange(n) for n in shape_ijk[::-1]], indexing="ij")
    old = np.einsum("ab,bkji->akji", to_old[:3, :3], np.stack([i, j, k])) + to_old[:3, 3][:, None, None, None]
    return array[old[2], old[1], old[0]]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 0.8, 5.0), (2.0, 0.7, 1.2)])
@pytest.mark.parametrize("radius_mm", [9.0, 14.0])
def test_volume_contrast_and_noise_meet_the_request(spacing, radius_mm):
    prepared = case(ijk_to_ras=grid(spacing), vessels=False)
    for seed in range(3):
        lesion = replace(
            at_center(prepared, PLAIN), radius_mm=radius_mm, seed=seed, elastic=tumor.Elastic(0.2 * radius_mm)
        )
        composition = shown(prepared, lesion)
        measured = composition.measure(0)
        assert measured["volume_ml"] * 1000 == pytest.approx(lesion.volume_mm3, rel=0.1)
        deep = _deep(composition, 2.5)
        organ = prepared.parenchyma_mask
        around = prepared.ct.numpy()[prepared.region.slices][organ].astype(float)
        inside = composition.hu[deep].astype(float)
        assert inside.mean() - around.mean() == pytest.approx(lesion.contrast_hu, abs=3)
        assert inside.std() == pytest.approx(around.std(), rel=0.15)


def _deep(composition, depth_mm):
    inside = composition.instances > 0
    return ndimage.distance_transform_edt(inside, composition.case.ct.spacing_mm[::-1]) > depth_mm


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.floats(5, 14))
def test_shape_is_isotropic_in_millimeters(seed, radius_mm):
    """On 0.8 x 0.8 x 5 mm the second moments of a sphere are those of a sphere."""
    prepared = case(ijk_to_ras=grid((0.8, 0.8, 5.0)), vessels=False)
    sphere = replace(at_center(prepared, PLAIN), radius_mm=radius_mm, seed=seed).without("elastic", "mass_effect")
    k, j, i = np.nonzero(shown(prepared, sphere).instances)
    points = prepared.ct.ras_from_ijk(np.stack([i, j, k], axis=1))
    np.testing.assert_allclose(points.mean(axis=0), sphere.center_ras, atol=0.6)
    deviations = points.std(axis=0)
    np.testing.assert_allclose(deviations[:2], radius_mm / np.sqrt(5), rtol=0.12)
    assert deviations[2] == pytest.approx(radius_mm / np.sqrt(5), abs=2.0)


def test_same_lesion_on_two_grids_has_the_same_outline():
    masks = []
    for spacing in ((1.0, 1.0, 1.0), (0.5, 0.5, 2.0)):
        prepared = case(ijk_to_ras=grid(spacing), vessels=False)
        lesion = replace(PLAIN, center_ras=(60.0, 30.0, 80.0), elastic=tumor.Elastic(3.0, 0.5)).without("mass_effect")
        composition = shown(prepared, lesion)
        k, j, i = np.nonzero(composition.instances)
        cells = np.floor(prepared.ct.ras_from_ijk(np.stack([i, j, k], axis=1)) / 4).astype(int)
        masks.append({tuple(cell) for cell in cells})
    first, second = masks
    assert len(first & second) / len(first | second) > 0.85


def test_padding_is_never_touched():
    ct, organ, _ = body()
    hu = ct.numpy().copy()
    hu[:, :, 60:] = -3024
    prepared = tumor.Case(ct.like(hu), organ)
    lesion = at_center(prepared, FULL, (5.0, 0.0, 0.0))
    for preview in (False, True):
        composition = tumor.Composition(prepared)
        composition.set_lesions([lesion], preview=preview)
        assert (composition.hu[:, :, 60:] == -3024).all()
        assert composition.hu[:, :, :60].min() > -400


def test_mass_effect_moves_image_and_labels_alike():
    """A bright vessel and the organ's surface move by the displacement of the published formula."""
    ct, organ, _ = body(noise_hu=0.5, vessels=False)
    center = center_of(ct)
    hu = ct.numpy().copy().astype(np.float32)
    prepared = tumor.Case(ct.like(hu), organ)
    lesion = replace(
        at_center(prepared, PLAIN, (31.0, 0.0, 0.0)),
        protrude=True,
        elastic=tumor.Elastic(0),
        mass_effect=tumor.MassEffect(60, 1.9),
        edge=tumor.Edge(0.3),
    )
    composition = shown(prepared, lesion)
    row = np.rint(prepared.ct.ijk_from_ras(center))[::-1].astype(int)
    line, old = composition.labels[row[0], row[1]] > 0, organ.numpy()[row[0], row[1]] > 0
    assert line.sum() > old.sum()
    x = prepared.ct.ras_from_ijk(np.stack([np.arange(len(line)), *[np.full(len(line), n) for n in row[1::-1]]], 1))[
        :, 0
    ]
    surface_before, surface_after = x[old].max() - lesion.center_ras[0], x[line].max() - lesion.center_ras[0]
    gamma = surface_after + 0.5
    rest = 1 - gamma / (1.9 * lesion.radius_mm)
    assert gamma * (1 - 0.6 * rest**2) == pytest.approx(surface_before + 0.5, abs=0.8)


def test_mass_effect_off_moves_nothing(prepared):
    lesion = at_center(prepared, PLAIN).without("mass_effect")
    composition = shown(prepared, lesion)
    far = ndimage.distance_transform_edt(composition.instances == 0) > 6
    np.testing.assert_array_equal(composition.hu[far], prepared.ct.numpy()[far])


def test_grain_runs_through_the_lesion(prepared):
    lesion = at_center(prepared, PLAIN).without("mass_effect")
    deep = _deep(shown(prepared, lesion), 3)
    ct = prepared.ct.numpy().astype(float)
    own = ct - ndimage.gaussian_filter(ct, 1.2)

    def likeness(changed):
        new = shown(prepared, changed).hu.astype(float)
        return np.corrcoef((new - ndimage.gaussian_filter(new, 1.2))[deep], own[deep])[0, 1]

    assert likeness(lesion) > 0.6
    assert abs(likeness(replace(lesion, texture=tumor.Texture(grain=False)))) < 0.15


def test_each_step_shows_and_can_be_switched_off(prepared):
    lesion = replace(FULL, rim=tumor.Shell(), core=tumor.Core(), calcification=tumor.Calcification())
    lesion = at_center(prepared, replace(lesion, mass_effect=tumor.MassEffect(60, 1.8)), (4.0, 0.0, 0.0))
    full = shown(prepared, lesion).hu.astype(int)
    for step in tumor.ABLATIONS:
        assert np.abs(shown(prepared, lesion.without(step)).hu.astype(int) - full).max() > 5, step
    bare = shown(prepared, replace(lesion, texture=tumor.Texture(heterogeneity_hu=0)).without(*tumor.ABLATIONS))
    deep = _deep(bare, 2)
    assert np.ptp(bare.hu[deep]) <= 1


@pytest.mark.parametrize(
    ("change", "probe", "sign"),
    [
        ({"rim": tumor.Shell(40, 3)}, (0.75, 0.95), 1),
        ({"capsule": tumor.Shell(60, 2)}, (0.93, 1.07), 1),
        ({"core": tumor.Core(0.5, -40)}, (0.0, 0.3), -1),
        ({"contrast_hu": 60.0}, (0.0, 0.7), 1),
    ],
)
def test_layers_lie_where_they_should(prepared, change, probe, sign):
    sphere = at_center(prepared, PLAIN).without("elastic", "texture", "mass_effect")
    plain, layered = (shown(prepared, item).hu.astype(float) for item in (sphere, replace(sphere, **change)))
    grids = np.meshgrid(*[np.arange(n) for n in plain.shape], indexing="ij")
    points = prepared.ct.ras_from_ijk(np.stack(grids[::-1], axis=-1))
    ratio = np.linalg.norm(points - sphere.center_ras, axis=-1) / sphere.radius_mm
    where = (ratio >= probe[0]) & (ratio <= probe[1])
    difference = layered - plain
    assert sign * difference[where].mean() > 15
    assert np.abs(difference[ratio > 1.6]).max() == 0


def test_calcification_takes_its_share(prepared):
    lesion = replace(at_center(prepared, PLAIN), radius_mm=16.0, calcification=tumor.Calcification(0.1, 300, 1.5))
    inside = shown(prepared, lesion).hu[_deep(shown(prepared, lesion), 2)]
    assert (inside > prepared.organ_mean_hu + 80).mean() == pytest.approx(0.1, abs=0.05)


def test_preview_is_close_to_the_full_picture(prepared):
    lesion = at_center(prepared, replace(PLAIN, contrast_hu=-60.0))
    full, draft = run(prepared, lesion), run(prepared, lesion, preview=True)
    assert full.region == draft.region
    smooth = [ndimage.gaussian_filter(result.hu, 2.0) for result in (full, draft)]
    assert np.abs(smooth[0] - smooth[1]).mean() < 4
    overlap = (full.instances > 0) & (draft.instances > 0)
    assert 2 * overlap.sum() / ((full.instances > 0).sum() + (draft.instances > 0).sum()) > 0.9


@pytest.mark.parametrize("shift", [(500.0, 0, 0), (0, 0, -300.0)])
def test_far_outside_nothing_happens(prepared, shift):
    result = run(prepared, at_center(prepared, PLAIN, shift))
    assert result.region.empty
