"""Tungsten spectra against published half-value layers, and the detector's look-up against the plain sum."""

import numpy as np
import pytest
import torch

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.materials import attenuation_per_mm
from synthetic_imaging.xray.signal import RESPONSES, SignalTable, monoenergetic, signal_table
from synthetic_imaging.xray.spectrum import Spectrum, half_value_layer_mm_al, kerma_per_photon

# kVp, mm Al: mean keV, first and second half-value layer, air kerma uGy/mAs at 1 m (spekpy, casim, 12 degrees)
PUBLISHED = [
    (60, 3.5, 37.46, 2.51, 3.32, 33.9), (70, 2.5, 39.40, 2.40, 3.46, 64.9), (80, 2.5, 42.90, 2.73, 4.08, 82.0),
    (90, 2.5, 46.17, 3.09, 4.74, 100.1), (90, 4.0, 48.74, 3.99, 5.62, 68.4), (100, 2.5, 49.14, 3.46, 5.40, 118.9),
    (120, 2.5, 54.44, 4.22, 6.67, 158.7), (120, 4.3, 57.50, 5.49, 7.72, 112.1),
]  # fmt: skip
KEV_PER_G_IN_UGY = 1.602176634e-16 * 1e3 * 1e6


@pytest.mark.parametrize(("kvp", "al_mm", "mean", "first", "second", "kerma"), PUBLISHED)
def test_spectra_are_the_published_ones(kvp, al_mm, mean, first, second, kerma):
    spectrum = Spectrum(kvp, al_mm, 0)
    assert spectrum.mean_kev == pytest.approx(mean, rel=3e-3)
    assert half_value_layer_mm_al(spectrum) == pytest.approx(first, rel=5e-3)
    assert half_value_layer_mm_al(spectrum, 2) == pytest.approx(second, rel=7e-3)
    per_mm2 = spectrum.photons @ kerma_per_photon(spectrum.energies_kev)
    assert per_mm2 * 100 * KEV_PER_G_IN_UGY == pytest.approx(kerma, rel=1e-2)


def test_filters_act_by_beer_and_lambert():
    thin, thick = Spectrum(100, 2, 0.1), Spectrum(100, 5, 0.3)
    layer = 3 * attenuation_per_mm("aluminum", thin.energies_kev) + 0.2 * attenuation_per_mm(
        "copper", thin.energies_kev
    )
    assert np.allclose(thick.photons, thin.photons * np.exp(-layer), rtol=1e-12)


def test_spectra_between_whole_kvp_lie_between_their_neighbors():
    low, middle, high = (Spectrum(kvp, 3, 0).mean_kev for kvp in (80, 80.5, 81))
    assert low < middle < high
    assert Spectrum(80.5).energies_kev[-1] == 80.5 and Spectrum(80.5).photons[-1] > 0


@pytest.mark.parametrize("response", RESPONSES)
@pytest.mark.parametrize(("kvp", "al_mm", "cu_mm"), [(60, 2.5, 0), (80, 3, 0.1), (125, 2.5, 0)])
def test_slabs_are_those_of_the_integral_over_energies(response, kvp, al_mm, cu_mm):
    """Polyenergetic Beer-Lambert through stacks of water and bone: the table against direct integration."""
    spectrum, rng = Spectrum(kvp, al_mm, cu_mm), np.random.default_rng(kvp)
    water = 800 * rng.uniform(0, 1, 3000) ** 2
    bone = 200 * rng.uniform(0, 1, 3000) ** 3
    water[:50], bone[25:75] = 0, 0
    paths = {"water": torch.from_numpy(water).float()[None], "cortical-bone": torch.from_numpy(bone).float()[None]}
    attenuation, quanta = signal_table(spectrum, response).attenuation_and_quanta(paths)
    energies = spectrum.energies_kev
    per_mm = [attenuation_per_mm(name, energies) for name in paths]
    left = np.exp(-np.outer(water, per_mm[0]) - np.outer(bone, per_mm[1])) * spectrum.photons
    weight = {"counting": np.ones_like(energies), "ideal": energies, "kerma": kerma_per_photon(energies)}.get(response)
    square = weight**2 if weight is not None else None
    if weight is None:
        absorbed = 1 - np.exp(-attenuation_per_mm("cesium-iodide", energies) * 10 / 4.51 * 0.22)
        weight, square = energies * absorbed, energies**2 * absorbed
    signal = left @ weight / (spectrum.photons @ weight)
    assert np.abs(np.exp(-attenuation[0].double().numpy()) / signal - 1).max() < 1e-4
    expected = (left @ weight) ** 2 / (left @ square) / spectrum.photons.sum()
    assert np.abs(quanta[0].double().numpy() / expected - 1).max() < 2e-4


def test_other_materials_are_summed_in_full():
    table = signal_table(Spectrum(90, 3, 0))
    water, steel = torch.linspace(0, 300, 64).reshape(8, 8), torch.zeros(8, 8)
    steel[2:5, 3:6] = 1.5
    attenuation, quanta = table.attenuation_and_quanta({"water": water, "steel": steel})
    plain, plain_quanta = table.attenuation_and_quanta({"water": water})
    exact, exact_quanta = table.summed({"water": water, "steel": steel})
    assert torch.allclose(attenuation.double(), exact, atol=1e-4)
    assert torch.allclose(quanta.double(), exact_quanta, rtol=2e-4)
    assert torch.equal(attenuation[steel == 0], plain[steel == 0]) and torch.equal(quanta[0], plain_quanta[0])
    assert (attenuation[steel > 0] > plain[steel > 0] + 0.5).all()


def test_the_look_up_passes_gradients_on():
    table = SignalTable(Spectrum(80, 3, 0))
    water = torch.full((2, 3), 150.0, requires_grad=True)
    table.attenuation_and_quanta({"water": water})[0].sum().backward()
    step = torch.tensor([[150.5, 149.5]])
    high, low = table.summed({"water": step})[0][0]
    assert torch.allclose(water.grad.double(), (high - low).expand(2, 3), rtol=2e-2)


def test_one_energy_is_a_plain_sum():
    paths = {"water": torch.tensor([[100.0]]), "cortical-bone": torch.tensor([[20.0]])}
    expected = 100 * attenuation_per_mm("water", 70) + 20 * attenuation_per_mm("cortical-bone", 70)
    assert float(monoenergetic(paths, 70)) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Spectrum(kvp=39), "40 to 125"),
        (lambda: Spectrum(al_mm=-1), "al_mm"),
        (lambda: Spectrum(cu_mm=float("inf")), "finite"),
        (lambda: half_value_layer_mm_al(Spectrum(), 3), "first"),
        (lambda: SignalTable(Spectrum(), "film"), "scintillator"),
        (lambda: signal_table(Spectrum()).attenuation_and_quanta({}), "at least one"),
        (lambda: signal_table(Spectrum()).attenuation_and_quanta({"cheese": torch.ones(1, 1)}), "no material 'cheese'"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused_in_words(make, words):
    with pytest.raises(InputError, match=words):
        make()
