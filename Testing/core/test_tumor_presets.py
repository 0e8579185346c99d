"""Kinds of lesion, size levels, satellites."""

import numpy as np
import pytest
from tumor_bodies import case, center_of

from synthetic_imaging import tumor
from synthetic_imaging.errors import InputError


@pytest.fixture(scope="module")
def prepared():
    return case(size_mm=120.0)


@pytest.mark.parametrize("name", list(tumor.presets()))
def test_every_preset_has_a_source_and_makes_lesions(name, prepared):
    preset = tumor.presets()[name]
    assert preset.title and preset.organ and len(preset.source) > 20
    lesion = preset.sample(prepared, center_of(prepared.ct), seed=4)
    assert lesion == preset.sample(prepared, center_of(prepared.ct), seed=4)
    assert lesion != preset.sample(prepared, center_of(prepared.ct), seed=5)
    low, high = preset.ranges["radius_mm"]
    assert low <= lesion.radius_mm <= high and lesion.preset == name
    assert np.prod(lesion.axes) == pytest.approx(1)
    if preset.attenuation_hu:
        low, high = preset.attenuation_hu
        assert low <= prepared.organ_mean_hu + lesion.contrast_hu <= high
    composition = tumor.Composition(prepared)
    composition.set_lesions([lesion])
    assert composition.measure(0)["volume_ml"] > 0.3 * lesion.volume_mm3 / 1000


def test_presets_cover_what_clinicians_ask_for(prepared):
    contrasts = {
        name: preset.sample(prepared, (0, 0, 0), seed=1).contrast_hu for name, preset in tumor.presets().items()
    }
    assert (
        contrasts["hcc-arterial"] > 0 > contrasts["hcc-portal"] > contrasts["metastasis-colorectal"] > contrasts["cyst"]
    )
    assert {preset.organ for preset in tumor.presets().values()} >= {"liver", "pancreas", "kidney", "lung", "any"}
    with pytest.raises(InputError, match="choose one of hcc-portal"):
        tumor.preset_named("hepatoma")


@pytest.mark.parametrize(
    ("level", "radius_mm", "low", "high"), [("tiny", 4, 3, 10), ("small", 8, 3, 10), ("medium", 16, 2, 5)]
)
def test_levels_are_the_published_ones(prepared, level, radius_mm, low, high):
    counts = set()
    for seed in range(5):
        lesions = tumor.sample_lesions(prepared, level=level, seed=seed)
        counts.add(len(lesions))
        assert low <= len(lesions) <= high
        assert all(radius_mm / 2 <= lesion.radius_mm <= radius_mm for lesion in lesions)
        clear = [lesion for lesion in lesions if lesion.radius_mm < radius_mm or not prepared.collides(lesion)]
        assert clear
    assert len(counts) > 1


def test_mix_draws_every_size(prepared):
    lesions = tumor.sample_lesions(prepared, level="mix", seed=2)
    assert 11 <= len(lesions) <= 28
    assert {4, 8} <= {round(lesion.radius_mm) for lesion in lesions}
    assert lesions == tumor.sample_lesions(prepared, level="mix", seed=2)


def test_small_lesions_of_a_level_meet_nothing(prepared):
    lesions = tumor.sample_lesions(prepared, level="tiny", seed=3)
    for index, lesion in enumerate(lesions):
        assert tumor.is_clear(prepared, lesion, lesions[:index])


def test_what_does_not_fit_is_refused(prepared):
    with pytest.raises(InputError, match="largest that fits"):
        tumor.sample_lesions(prepared, radius_mm=58.0)
    with pytest.raises(InputError, match=r"radius 58.0 mm does not fit, nor one of 29.0 mm"):
        tumor.sample_lesions(prepared, radius_mm=58.0)
    giant = tumor.Lesion(center_ras=tuple(center_of(prepared.ct)), radius_mm=60.0)
    with pytest.raises(InputError, match="no room left"):
        tumor.sample_lesions(prepared, level="large", avoid=[giant])
    with pytest.raises(InputError, match="no size level 'huge'"):
        tumor.sample_lesions(prepared, level="huge")


def test_satellites_are_small_near_and_clear(prepared):
    center = prepared.suggest_site(12.0, 5)
    parent = tumor.Lesion(center_ras=center, radius_mm=8.0)
    found = tumor.satellites(prepared, parent, 3, seed=1)
    assert len(found) == 3 and found == tumor.satellites(prepared, parent, 3, seed=1)
    reach = prepared.bounding_radius_mm(parent)
    for index, lesion in enumerate(found):
        assert 0.19 * 8 <= lesion.radius_mm <= 0.41 * 8
        distance = np.linalg.norm(np.subtract(lesion.center_ras, center))
        assert 1.49 * reach <= distance <= 2.51 * reach
        assert tumor.is_clear(prepared, lesion, [parent, *found[:index]])
    with pytest.raises(InputError, match="satellites of"):
        tumor.satellites(prepared, parent, 40, seed=1, radius_ratio=(0.9, 0.95))


def test_site_selection_can_be_switched_off(prepared):
    careless = [tumor.sample_lesions(prepared, radius_mm=9, seed=seed, clear_of_vessels=False)[0] for seed in range(12)]
    assert any(prepared.collides(lesion) for lesion in careless)
    careful = [tumor.sample_lesions(prepared, radius_mm=9, seed=seed)[0] for seed in range(12)]
    assert not any(prepared.collides(lesion) for lesion in careful)
