"""The declarative lesion: JSON, limits, ablation, growth."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_imaging import tumor
from synthetic_imaging.errors import InputError

numbers = st.floats(-100, 100)
lesions = st.builds(
    tumor.Lesion,
    center_ras=st.tuples(numbers, numbers, numbers),
    radius_mm=st.floats(1, 60),
    axes=st.tuples(*[st.floats(0.75, 1.25)] * 3),
    rotation_deg=st.tuples(*[st.floats(-180, 180)] * 3),
    contrast_hu=st.floats(-150, 150),
    seed=st.integers(0, 2**40),
    name=st.text(max_size=20),
    visible=st.booleans(),
    elastic=st.builds(tumor.Elastic, st.floats(0, 10), st.floats(0, 1)),
    capsule=st.builds(tumor.Shell, st.floats(-50, 120), st.floats(0.2, 5)),
    texture=st.builds(tumor.Texture, st.floats(0, 2), st.floats(0.5, 5), st.floats(0, 30), st.booleans()),
)


@given(lesions)
def test_json_round_trip_is_exact(lesion):
    assert tumor.Lesion.from_dict(json.loads(json.dumps(lesion.to_dict()))) == lesion


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"radius_mm": 300, "name": "x"}, "Lesion 'x': radius_mm is 300; give a number from 0.5 to 100 mm"),
        ({"radius_mm": 0}, "radius_mm"),
        ({"radius_mm": float("nan")}, "radius_mm"),
        ({"axes": (1, 1)}, "axes is \\(1, 1\\); give three numbers"),
        ({"axes": (1, 0, 1)}, r"axes\[1\] is 0; give a number from 0.2 to 5"),
        (
            {"name": "x", "mass_effect": {"intensity_percent": 100}},
            "mass_effect of lesion 'x', intensity_percent is 100",
        ),
        ({"radius": 5}, "unknown fields: radius"),
        ({"texture": {"eta": 2}}, "unknown fields: eta"),
        ({"texture": 3}, "texture of lesion is not an object"),
        ({"radius_mm": "big"}, "finite number"),
    ],
)
def test_bad_values_are_named(change, says):
    with pytest.raises(InputError, match=says):
        tumor.Lesion.from_dict(change)


def test_made_directly_the_same_checks_hold():
    for wrong in ({"contrast_hu": "dark"}, {"visible": 1}, {"edge": 0.5}, {"center_ras": (0, None, 0)}, {"name": 3}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            tumor.Lesion(**wrong)
    with pytest.raises(InputError, match="sigma_mm is 'soft'"):
        tumor.Elastic(sigma_mm="soft")


def test_numbers_of_numpy_become_plain():
    lesion = tumor.Lesion(center_ras=np.ones(3, np.float32), radius_mm=np.float32(5), seed=np.int64(4))
    assert lesion == tumor.Lesion(center_ras=(1, 1, 1), radius_mm=5, seed=4)
    assert json.loads(json.dumps(lesion.to_dict()))["seed"] == 4


def test_without_switches_steps_off():
    lesion = tumor.Lesion(capsule=tumor.Shell(30))
    plain = lesion.without("elastic", "texture", "edge", "mass_effect", "capsule")
    assert plain.elastic.sigma_mm == 0 and plain.edge.blur_mm == 0
    assert plain.mass_effect.intensity_percent == 0 and plain.capsule.contrast_hu == 0
    assert plain.texture.noise_ratio == 0 and not plain.texture.grain
    with pytest.raises(InputError, match="No step is called location"):
        lesion.without("location")


@settings(deadline=None)  # the first one loads the engine
@given(st.floats(10, 500), st.integers(-300, 300))
def test_growth_doubles_the_volume(doubling_days, day):
    lesion = tumor.Lesion(radius_mm=10, seed=3)
    radius = 10 * 2 ** (day / doubling_days / 3)
    if not 0.5 <= radius <= 100:
        return
    now, later = tumor.growth_series(lesion, doubling_days, [0, day])
    assert now == lesion
    np.testing.assert_allclose(later.volume_mm3 / lesion.volume_mm3, 2 ** (day / doubling_days), rtol=1e-9)
    assert later.seed == lesion.seed
    np.testing.assert_allclose(later.elastic.sigma_mm / later.radius_mm, lesion.elastic.sigma_mm / lesion.radius_mm)


def test_growth_needs_a_doubling_time():
    with pytest.raises(InputError, match="doubling time"):
        tumor.growth_series(tumor.Lesion(), 0, [1])
    for doubling_days, day in ((1e-300, 30), (100, 1e30)):
        with pytest.raises(InputError, match="beyond all numbers after"):
            tumor.growth_series(tumor.Lesion(), doubling_days, [0, day])


def test_record_refuses_what_is_not_one():
    for text, says in (("{", "line 1"), ("[]", "schema"), ('{"schema": "x"}', "schema")):
        with pytest.raises(InputError, match=says):
            tumor.lesions_of(text)
    with pytest.raises(InputError, match="no list of lesions"):
        tumor.lesions_of(json.dumps({"schema": "synthetic-imaging-lesions/1", "lesions": [1]}))


def test_every_field_has_a_default():
    assert all(
        field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        for field in dataclasses.fields(tumor.Lesion)
    )
