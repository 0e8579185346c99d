"""Lesions in a real portal-venous CT, against the request and the scanner's own noise and edges."""

from dataclasses import replace

import numpy as np
import pytest
import realdata
from scipy import ndimage

from synthetic_imaging import tumor
from synthetic_imaging.io import read_labels, read_volume

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prepared():
    folder = realdata.path("crlm-ct-1006")
    ct = read_volume(folder / "crlm-ct-1006.nrrd")
    return tumor.Case(ct, read_labels(folder / "crlm-ct-1006-liver-semiauto.nrrd", ct), organ_name="liver")


def uniform(lesion: tumor.Lesion) -> tumor.Lesion:
    """Tissue of one mean, so that the request is one number."""
    plain = replace(lesion, core=tumor.Core(), rim=tumor.Shell(), capsule=tumor.Shell())
    return replace(plain, texture=tumor.Texture(), edge=tumor.Edge(0.9))


@pytest.fixture(scope="module")
def inserted(prepared):
    """Twelve lesions of three kinds at clear sites, each alone in the CT."""
    results = []
    for preset in ("metastasis-colorectal", "hcc-arterial", "hcc-portal"):
        for seed in range(4):
            lesion = uniform(tumor.sample_lesions(prepared, preset, radius_mm=10 + seed, seed=seed)[0])
            composition = tumor.Composition(prepared)
            composition.set_lesions([lesion])
            results.append((lesion, composition))
    return results


def around(prepared, composition, margin=12):
    """HU of the vessel-free liver within about a centimeter of the lesion, in the original CT."""
    region = tumor.Region.around(composition.instances > 0, margin)
    near = prepared.parenchyma_in(region) & ~ndimage.binary_dilation(composition.instances[region.slices] > 0)
    values = prepared.ct.numpy()[region.slices][near].astype(float)
    return values[np.abs(values - prepared.organ_mean_hu) < 4 * prepared.noise_std_hu]


def deep(composition):
    """Lesion voxels that neither the edge nor a neighboring slice reaches."""
    step = np.zeros((3, 3, 3), dtype=bool)
    step[1], step[:, 1, 1] = True, True
    inner = ndimage.binary_erosion(composition.instances > 0, step)
    return ndimage.binary_erosion(inner, step[1:2], iterations=2)


def test_contrast_volume_and_noise_meet_the_request(prepared, inserted):
    contrasts, noises = [], []
    for lesion, composition in inserted:
        measured = composition.measure(0)
        assert measured["volume_ml"] * 1000 == pytest.approx(lesion.volume_mm3, rel=0.1)
        assert measured["clearance_mm"] >= 0
        inside, outside = composition.hu[deep(composition)].astype(float), around(prepared, composition)
        contrasts.append(inside.mean() - outside.mean() - lesion.contrast_hu)
        noises.append(inside.std() / outside.std())
    assert np.abs(contrasts).max() < 3, np.round(contrasts, 1)
    assert np.abs(np.array(noises) - 1).max() < 0.15, np.round(noises, 2)


def signed_distance(mask, spacing):
    """To the boundary between voxels, positive inside."""
    half = min(spacing) / 2
    inside, outside = (ndimage.distance_transform_edt(part, spacing) for part in (mask, ~mask))
    return np.where(mask, inside - half, half - outside)


def edge_profile(values, distance, step_mm=0.8):
    """Mean value against signed distance."""
    bins = np.arange(-8, 9) * step_mm
    which = np.digitize(distance, bins)
    return np.array([values[which == index].mean() for index in range(1, len(bins))])


def steepness(profile, step_mm=0.8):
    """Largest slope relative to the edge's height, per millimeter."""
    return np.abs(np.diff(profile)).max() / step_mm / abs(profile[-1] - profile[0])


def test_edges_are_no_steeper_than_the_scanners(prepared, inserted):
    spacing = prepared.ct.spacing_mm[1::-1]
    middle = prepared.ct.numpy()[25].astype(float)
    tissue = ndimage.binary_fill_holes(ndimage.binary_opening(middle > -500, iterations=3))
    signed = signed_distance(tissue, spacing)
    near = (np.abs(signed) < 8) & (middle > -1500)
    scanner = steepness(edge_profile(np.clip(middle, -1000, -100)[near], signed[near]))
    slopes = []
    for lesion, _ in inserted[:4]:
        composition = tumor.Composition(prepared)
        composition.set_lesions([replace(lesion, contrast_hu=-100)])  # well above the noise
        k = round(prepared.ct.ijk_from_ras(lesion.center_ras)[2])
        mask = composition.instances[k] > 0
        change = composition.hu[k].astype(float) - prepared.ct.numpy()[k]
        slopes.append(steepness(edge_profile(change, signed_distance(mask, spacing))))
    assert max(slopes) <= 1.05 * scanner, (np.round(slopes, 2), round(scanner, 2))


def test_nothing_else_changes(prepared, inserted):
    original = prepared.ct.numpy()
    for _, composition in inserted:
        assert composition.hu.dtype == original.dtype and (composition.hu[original == -3024] == -3024).all()
        region = tumor.Region.around(composition.hu != original)
        share = np.prod(region.shape) / original.size
        assert share < 0.01
        labels = composition.labels
        assert (labels == 2).sum() == (composition.instances > 0).sum()
        moved = (labels > 0) != prepared.organ_in(tumor.Region((0, 0, 0), original.shape))
        assert moved.mean() < 1e-4


def test_vessels_are_found_and_avoided(prepared):
    original = prepared.ct.numpy()[prepared.region.slices]
    smooth = ndimage.gaussian_filter(original.astype(float), (0, 1, 1))
    vessels = prepared.vessel_mask
    assert 0.01 < vessels.sum() / prepared.organ_mask.sum() < 0.1
    assert smooth[vessels].mean() > prepared.organ_mean_hu + 20
    assert 105 < prepared.organ_mean_hu < 125 and 10 < prepared.noise_std_hu < 20


def test_growth_keeps_the_outline(prepared):
    lesion = tumor.sample_lesions(prepared, "metastasis-colorectal", radius_mm=12, seed=8)[0]
    sizes = []
    for grown in tumor.growth_series(lesion, 90, [-270, -180, -90, 0]):
        composition = tumor.Composition(prepared)
        composition.set_lesions([grown])
        sizes.append(composition.measure(0)["volume_ml"])
    np.testing.assert_allclose(np.array(sizes[1:]) / sizes[:-1], 2, rtol=0.15)
