"""What comes out of the tube: tungsten spectra from 40 to 125 kVp behind aluminum and copper."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

import numpy as np

from ..declared import Declared, number
from ..errors import InputError
from .materials import attenuation_per_mm


@dataclass(frozen=True)
class Spectrum(Declared):
    """A tube's setting and its photons.

    Tables are those of unfiltered tungsten (see ``tables/spectra.json``); filters act by Beer and Lambert.
    """

    kvp: float = number(80, "Tube voltage", unit="kV", low=40, high=125, source="range of the tables")
    al_mm: float = number(3, "All aluminum in the beam, inherent and added", unit="mm", low=0, high=50, step=0.5)
    cu_mm: float = number(0.1, "All copper in the beam", unit="mm", low=0, high=5, step=0.1)

    @cached_property
    def energies_kev(self) -> np.ndarray:
        """Centers of the 1 keV bins (n,)."""
        return _first_kev() + np.arange(len(self._unfiltered))

    @cached_property
    def photons(self) -> np.ndarray:
        """Photons per mAs, mm2 and keV at 1 m from the focal spot (n,)."""
        depth = self.al_mm * attenuation_per_mm("aluminum", self.energies_kev)
        depth += self.cu_mm * attenuation_per_mm("copper", self.energies_kev)
        return self._unfiltered * np.exp(-depth)

    @property
    def mean_kev(self) -> float:
        return float(np.average(self.energies_kev, weights=self.photons))

    @cached_property
    def _unfiltered(self) -> np.ndarray:
        lower, part = int(self.kvp), self.kvp - int(self.kvp)
        if part == 0:
            return _unfiltered(lower)
        upper = _unfiltered(lower + 1)
        return (1 - part) * np.pad(_unfiltered(lower), (0, 1)) + part * upper


def half_value_layer_mm_al(spectrum: Spectrum, layer: int = 1) -> float:
    """Aluminum in mm that halves the air kerma: the first (layer=1) or second half-value layer, narrow beam."""
    from scipy.optimize import brentq  # slow to load, and a spectrum alone does not need it

    if layer not in (1, 2):
        raise InputError(f"layer is {layer!r}; ask for the first (1) or second (2) half-value layer.")
    kerma = spectrum.photons * kerma_per_photon(spectrum.energies_kev)
    per_mm = attenuation_per_mm("aluminum", spectrum.energies_kev)

    def depth_of(share: float) -> float:
        return brentq(lambda mm: kerma @ np.exp(-per_mm * mm) - share * kerma.sum(), 0, 100, xtol=1e-9)

    return depth_of(0.5) if layer == 1 else depth_of(0.25) - depth_of(0.5)


def kerma_per_photon(energies_kev: np.ndarray) -> np.ndarray:
    """Energy that a photon per cm2 gives to a gram of air, keV: E (mu_en/rho) of air."""
    table = _spectra()
    centers = _first_kev() + np.arange(len(table["air_absorption_cm2_g"]))
    log_absorption = np.interp(np.log(energies_kev), np.log(centers), np.log(table["air_absorption_cm2_g"]))
    return energies_kev * np.exp(log_absorption)


def _first_kev() -> float:
    return _spectra()["first_energy_kev"]


def _unfiltered(kvp: int) -> np.ndarray:
    return np.array(_spectra()["photons_per_mas_mm2_kev"][str(kvp)], dtype=np.float64)


@cache
def _spectra() -> dict:
    return json.loads((resources.files(__package__) / "tables" / "spectra.json").read_text(encoding="utf-8"))
