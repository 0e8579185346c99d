"""Attenuation against published values."""

import numpy as np
import pytest

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.materials import (
    attenuation_per_mm,
    mass_attenuation_cm2_g,
    material_named,
    materials,
)

# total with coherent scattering, cm2/g, at 30, 60, 80 and 100 keV; tissues and elements agree with NIST's tables
PUBLISHED = {
    "air": (0.3538, 0.1875, 0.1662, 0.1541),
    "water": (0.3756, 0.2059, 0.1837, 0.1707),
    "soft-tissue": (0.3790, 0.2048, 0.1823, 0.1693),
    "cortical-bone": (1.3311, 0.3148, 0.2229, 0.1855),
    "lung": (0.3815, 0.2053, 0.1826, 0.1695),
    "adipose": (0.3064, 0.1974, 0.1800, 0.1688),
    "blood": (0.3852, 0.2057, 0.1827, 0.1695),
    "pmma": (0.3032, 0.1924, 0.1751, 0.1641),
    "aluminum": (1.1284, 0.2778, 0.2018, 0.1704),
    "titanium": (4.9719, 0.7660, 0.4053, 0.2721),
    "iron": (8.1775, 1.2049, 0.5952, 0.3717),
    "iodine": (8.5617, 7.5770, 3.5103, 1.9422),
    "platinum": (26.417, 4.3396, 8.7322, 4.9931),
}
ALLOYS = {"steel": (8.5513, 1.2657, 0.6228, 0.3865), "cobalt-chrome": (9.3097, 1.3811, 0.6731, 0.4124)}


@pytest.mark.parametrize("name", PUBLISHED)
def test_attenuation_is_the_published_one(name):
    assert np.allclose(mass_attenuation_cm2_g(name, [30, 60, 80, 100]), PUBLISHED[name], rtol=5e-4)


@pytest.mark.parametrize("name", ALLOYS)
def test_alloys_lie_within_their_standard(name):
    assert np.allclose(mass_attenuation_cm2_g(name, [30, 60, 80, 100]), ALLOYS[name], rtol=0.02)


def test_the_absorption_edge_of_iodine_is_sharp():
    below, above = mass_attenuation_cm2_g("iodine", [33.16, 33.18])
    assert above / below == pytest.approx(5.46, rel=0.02)
    assert (np.diff(mass_attenuation_cm2_g("iodine", np.arange(20, 33.1, 0.1))) < 0).all()


@pytest.mark.parametrize("name", sorted(materials()))
def test_every_material_is_whole_and_attenuates(name):
    material = material_named(name)
    assert sum(material.fractions.values()) == pytest.approx(1, abs=2e-3)
    values = mass_attenuation_cm2_g(name, np.arange(5, 150.5, 0.5))
    assert (values > 0.1).all() and np.isfinite(values).all()
    assert attenuation_per_mm(name, 60.0) == pytest.approx(material.g_cm3 / 10 * mass_attenuation_cm2_g(name, 60.0))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mass_attenuation_cm2_g("unobtainium", [60]), "titanium"),
        (lambda: mass_attenuation_cm2_g("water", [4]), "5 to 150"),
        (lambda: mass_attenuation_cm2_g("water", [np.nan]), "5 to 150"),
    ],
)
def test_unknown_materials_and_energies_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()
