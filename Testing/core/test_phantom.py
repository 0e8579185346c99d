"""The torso: believable anatomy with exact truth, the same for a seed on every grid."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from synthetic_imaging import io
from synthetic_imaging.errors import InputError
from synthetic_imaging.phantom import TISSUES, fields, label_of, torso
from synthetic_imaging.phantom.shapes import ellipsoid, rotation, tube
from synthetic_imaging.phantom.vessels import grow_tree, scatter

SMALL = (50, 64, 64)


@pytest.fixture(scope="module")
def body():
    """The phantom as users get it."""
    return torso(seed=0)


@pytest.fixture(scope="module")
def quiet():
    """Without noise, at half the resolution."""
    return torso(seed=0, shape=(100, 128, 128), noise_hu=0)


@pytest.fixture(scope="module")
def family():
    return [torso(seed=seed, shape=SMALL, noise_hu=0) for seed in range(4)]


def volume_ml(phantom, *names):
    return int(phantom.mask(*names).data.sum()) * np.prod(phantom.ct.spacing_mm) / 1000


def centers_ras(phantom):
    """Centers of all tissues by name, RAS mm."""
    labels = phantom.labels.numpy()
    present = np.unique(labels)
    centers = ndimage.center_of_mass(np.ones(labels.shape, np.uint8), labels, present)
    return {
        phantom.label_names[int(n)]: phantom.ct.ras_from_ijk(center[::-1])
        for n, center in zip(present, centers, strict=True)
    }


def cut_out(phantom, *names):
    """The mask and the HU in the box around the named tissues."""
    mask = phantom.mask(*names).numpy()
    box = ndimage.find_objects(mask)[0]
    return mask[box] > 0, phantom.ct.numpy()[box]


def depth_mm(phantom, mask):
    return ndimage.distance_transform_edt(np.pad(mask, 1), phantom.ct.spacing_mm[::-1])[1:-1, 1:-1, 1:-1]


def label_at(phantom, ras):
    i, j, k = np.rint(phantom.ct.ijk_from_ras(ras)).astype(int)
    return phantom.label_names[int(phantom.labels.data[k, j, i])]


def largest_share(mask):
    parts, count = ndimage.label(mask, np.ones((3, 3, 3)))
    return 0.0 if count == 0 else np.bincount(parts.ravel())[1:].max() / mask.sum()


# ---- what it is -----------------------------------------------------------------------------------------------------


def test_volumes_are_what_the_interface_promises(body):
    assert body.ct.shape == body.labels.shape == (200, 256, 256)
    assert body.ct.data.dtype == torch.int16
    assert body.labels.data.dtype == torch.uint8
    assert body.ct.same_grid(body.labels)
    assert set(np.unique(body.labels.numpy())) <= set(body.label_names)
    np.testing.assert_array_equal(np.sign(np.diag(body.ct.ijk_to_ras)[:3]), [-1, -1, 1])  # supine, head first


def test_it_is_marked_as_synthetic_in_every_file(tmp_path, family):
    for volume in (family[0].ct, family[0].labels):
        read = io.read_volume(io.write_volume(tmp_path / "torso.nrrd", volume))
        assert read.metadata[io.SYNTHETIC_KEY].startswith("synthetic: torso phantom")
        np.testing.assert_array_equal(read.numpy(), volume.numpy())


def test_a_seed_replays_bit_for_bit(family):
    first, second = (torso(5, (27, 40, 40)) for _ in range(2))
    assert torch.equal(first.ct.data, second.ct.data)
    assert torch.equal(first.labels.data, second.labels.data)
    assert first.landmarks == second.landmarks
    assert family[0].landmarks != family[1].landmarks


def test_the_anatomy_does_not_depend_on_the_grid(quiet):
    shape, spacing = (70, 90, 100), (4.1, 4.4, 5.5)
    other = torso(0, shape, spacing, noise_hu=0)
    np.testing.assert_allclose(other.ct.spacing_mm, spacing)
    assert other.landmarks == quiet.landmarks
    centers, quiet_centers = centers_ras(other), centers_ras(quiet)
    for name in ("liver", "spleen", "vertebra L3", "psoas and iliacus muscle", "kidney parenchyma"):
        assert volume_ml(other, name) == pytest.approx(volume_ml(quiet, name), rel=0.08)
        np.testing.assert_allclose(centers[name], quiet_centers[name], atol=2.0)


def test_slabs_join_without_a_seam(quiet):
    """Slices are painted in groups of 25: across their joints, nothing may change more than elsewhere."""
    steps = np.abs(np.diff(quiet.ct.numpy().astype(float), axis=0)).mean(axis=(1, 2))
    joints = np.arange(24, len(steps), 25)
    neighbors = 0.5 * (steps[joints - 1] + steps[joints + 1])
    assert (steps[joints] < 1.15 * neighbors + 0.5).all()


# ---- anatomy --------------------------------------------------------------------------------------------------------


def test_organs_lie_where_they_belong(body):
    at = centers_ras(body)
    right, anterior, superior = 0, 1, 2
    assert at["liver"][right] > 30 and at["gallbladder"][right] > 20
    assert at["spleen"][right] < -60 and at["heart muscle"][right] < 10
    assert at["inferior vena cava"][right] > at["aorta"][right]
    assert at["vertebra L3"][anterior] < at["aorta"][anterior] + 5
    assert at["paraspinal muscle"][anterior] < at["psoas and iliacus muscle"][anterior] < at["colon"][anterior]
    order = ["heart chambers", "liver", "kidney parenchyma", "urinary bladder"]
    heights = [at[name][superior] for name in order]
    assert heights == sorted(heights, reverse=True)
    lumbar = [at[f"vertebra {name}"][superior] for name in ("T12", "L1", "L2", "L3", "L4", "L5")]
    assert all(26 < upper - lower < 45 for upper, lower in pairwise(lumbar))


def test_landmarks_lie_in_what_they_name(body):
    for name in ("T11", "T12", "L1", "L2", "L3", "L4", "L5"):
        assert label_at(body, body.landmarks[f"vertebra {name}"]) == f"vertebra {name}"
    assert label_at(body, body.landmarks["caval confluence"]) == "inferior vena cava"
    assert label_at(body, body.landmarks["right femoral head"]) == "femora"
    assert label_at(body, body.landmarks["left femoral head"]) == "femora"
    assert label_at(body, body.landmarks["liver hilum"]) in ("portal vein", "veins")


def test_sizes_are_those_of_adults_and_vary_with_the_seed(family):
    liver = [volume_ml(body, "liver", "portal vein", "hepatic veins") for body in family]
    assert all(1000 < ml < 2300 for ml in liver)
    assert np.std(liver) > 20
    for body in family:
        assert 80 < volume_ml(body, "spleen") < 400
        assert 180 < volume_ml(body, "kidney parenchyma") < 420
        assert 40 < volume_ml(body, "pancreas") < 130
    fat = [volume_ml(body, "subcutaneous fat") for body in family]
    assert max(fat) > 1.15 * min(fat)


def test_every_tissue_is_there_in_every_body(family):
    beyond_the_field = {"vertebra T6", "vertebra T7", "vertebra T8"}
    for body in family:
        missing = {tissue.name for tissue in TISSUES if not body.mask(tissue.name).data.any()}
        assert missing <= beyond_the_field


def test_organs_are_whole(body):
    for names in (["liver", "portal vein", "hepatic veins"], ["spleen"], ["vertebra L3"], ["urinary bladder"]):
        mask, _ = cut_out(body, *names)
        assert largest_share(mask) > 0.99


@pytest.mark.parametrize(("tree", "source"), [("portal vein", "veins"), ("hepatic veins", "inferior vena cava")])
def test_liver_vessels_branch_inside_the_liver_and_hang_together(body, tree, source):
    mask, _ = cut_out(body, tree, source)
    assert largest_share(mask) > 0.75  # the ends of the thinnest branches fall below a voxel
    whole, _ = cut_out(body, "liver", "portal vein", "hepatic veins")
    assert 0.01 < volume_ml(body, tree) / (whole.sum() * np.prod(body.ct.spacing_mm) / 1000) < 0.06
    alone, _ = cut_out(body, tree)
    assert depth_mm(body, alone).max() > 4.0


# ---- attenuation and noise ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "tolerance_hu"),
    [
        ("background", 1), ("subcutaneous fat", 4), ("liver", 4), ("spleen", 4), ("gallbladder", 5), ("aorta", 4),
        ("inferior vena cava", 6), ("psoas and iliacus muscle", 5), ("heart chambers", 5), ("urinary bladder", 4),
    ],
)  # fmt: skip
def test_attenuation_inside_an_organ_is_that_of_its_tissue(quiet, name, tolerance_hu):
    inside = ndimage.binary_erosion(quiet.mask(name).numpy(), iterations=2)
    assert inside.sum() > 20
    tissue = TISSUES[label_of(name)]
    assert quiet.ct.numpy()[inside].mean() == pytest.approx(tissue.hu, abs=tolerance_hu)


@pytest.mark.parametrize("name", ["vertebra L3", "hip bones", "femora"])
def test_bone_has_a_cortex_around_spongiosa(body, name):
    bone, hu = cut_out(body, name)
    assert np.percentile(hu[bone], 98) > 750
    assert 120 < np.median(hu[depth_mm(body, bone) > 6]) < 320


def test_borders_are_blurred_not_stepped(quiet):
    """Between liver and fat lie voxels of either label with values in between, as a scanner's blur makes them."""
    liver = quiet.mask("liver").numpy() > 0
    fat = quiet.mask("visceral and intermuscular fat").numpy() > 0
    rim = liver & ndimage.binary_dilation(fat)
    hu = quiet.ct.numpy()[rim]
    assert rim.sum() > 500
    assert ((hu > -60) & (hu < 85)).mean() > 0.3


def test_noise_has_the_asked_strength_and_a_soft_grain():
    shape, spacing = (24, 96, 96), (1.0, 1.0, 2.0)
    clean, *noisy = (torso(1, shape, spacing, noise_hu=hu).ct.numpy().astype(float) for hu in (0, 6, 20))
    inside = clean > -900  # air is cut off at -1024
    for image, noise_hu in zip(noisy, (6, 20), strict=True):
        noise = image - clean
        assert noise[inside].std() == pytest.approx(noise_hu, rel=0.05)
        assert abs(noise[inside].mean()) < 0.05 * noise_hu
        neighbors = np.corrcoef(noise[:, :, 1:].ravel(), noise[:, :, :-1].ravel())[0, 1]
        assert 0.2 < neighbors < 0.9


@pytest.mark.parametrize(
    "wrong",
    [{"shape": (4, 64, 64)}, {"shape": (64, 64)}, {"spacing_mm": (1, 1)}, {"spacing_mm": (0, 1, 1)}, {"noise_hu": -1}],
)
def test_impossible_requests_are_refused(wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))}.* is .*; give"):
        torso(**wrong)


def test_an_unknown_label_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=r"no label 'livre'.*liver"):
        label_of("livre")


# ---- tools ----------------------------------------------------------------------------------------------------------

coordinates = st.floats(-40, 40, allow_nan=False)


@settings(deadline=None, max_examples=60)
@given(point=st.tuples(coordinates, coordinates, coordinates), degrees=st.floats(-90, 90))
def test_ellipsoid_knows_inside_from_outside(point, degrees):
    axes = rotation("s", degrees) @ rotation("r", 20)
    solid = ellipsoid((3, -2, 1), (10, 20, 30), axes)
    local = axes.T @ np.subtract(point, (3, -2, 1)) / (10, 20, 30)
    distance = float(solid.distance(*torch.tensor(point, dtype=torch.float64)))
    scaled = np.linalg.norm(local) - 1
    if abs(scaled) > 1e-4:
        assert np.sign(distance) == np.sign(scaled)
    assert abs(distance) <= 30 * abs(scaled) + 1e-3
    if distance < 0:
        assert (np.array(point) >= solid.low).all() and (np.array(point) <= solid.high).all()


@settings(deadline=None, max_examples=60)
@given(point=st.tuples(coordinates, coordinates, coordinates))
def test_tube_distance_is_exact(point):
    solid = tube([(-10, 0, 0), (10, 5, 0), (10, 5, 20)], 3.0)
    pieces = []
    for a, b in (((-10, 0, 0), (10, 5, 0)), ((10, 5, 0), (10, 5, 20))):
        a, b = np.array(a, dtype=float), np.array(b, dtype=float)
        t = np.clip(np.dot(np.subtract(point, a), b - a) / np.dot(b - a, b - a), 0, 1)
        pieces.append(np.linalg.norm(point - (a + t * (b - a))) - 3)
    assert float(solid.distance(*torch.tensor(point, dtype=torch.float64))) == pytest.approx(min(pieces), abs=2e-3)


def test_textures_are_fixed_in_the_body():
    values = fields.lattice(np.random.default_rng(0), 9.0)
    fine = [torch.linspace(-100, 100, 101)] * 3
    coarse = [axis[::10] for axis in fine]
    whole = fields.sample(values, *fine)
    torch.testing.assert_close(whole[:, ::10, ::10, ::10], fields.sample(values, *coarse), atol=1e-4, rtol=0)
    assert float(whole.std()) == pytest.approx(1.0, abs=0.08)


def test_a_tree_reaches_its_targets_and_thins_on_the_way():
    rng = np.random.default_rng(4)
    targets = scatter(ellipsoid((40, 0, 0), (35, 30, 25)), 60, rng, 2.0)
    cones = grow_tree([np.array([(0, 0, 0), (10, 0, 0), (25, 3, 0)], dtype=float)], targets, 6.0, rng)
    ends = cones[:, 3:6]
    assert len(targets) == 60
    assert np.linalg.norm(targets[:, None] - ends[None], axis=-1).min(axis=1).max() < 1e-6
    assert cones[0, 6] == pytest.approx(6.0)
    assert (cones[:, 6] >= cones[:, 7]).all() and cones[:, 7].min() >= 0.7
    starts = {tuple(point) for point in np.round(np.vstack([[(0, 0, 0)], ends]), 6)}
    assert all(tuple(point) in starts for point in np.round(cones[:, :3], 6))  # no loose ends
