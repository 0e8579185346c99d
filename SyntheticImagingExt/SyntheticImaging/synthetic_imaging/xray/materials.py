"""What tissues, implants and contrast agents do to photons from 5 to 150 keV."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from ..errors import InputError

LOWEST_KEV, HIGHEST_KEV = 5.0, 150.0


@dataclass(frozen=True)
class Material:
    """A mixture of elements: density g_cm3 and mass fractions by element symbol."""

    name: str
    title: str
    g_cm3: float
    fractions: dict[str, float]


@cache
def materials() -> dict[str, Material]:
    """All materials by name, from ``tables/materials.json``."""
    return {name: Material(name=name, **values) for name, values in _table("materials")["materials"].items()}


def material_named(name: str) -> Material:
    """InputError that lists the names when there is no such material."""
    try:
        return materials()[name]
    except KeyError:
        raise InputError(f"There is no material '{name}'; choose one of {', '.join(materials())}.") from None


def mass_attenuation_cm2_g(material: str, energies_kev) -> np.ndarray:
    """Total mass attenuation, coherent scattering included, in cm2/g at each energy; InputError out of 5-150 keV.

    Elements by log-log interpolation between the grid and their absorption edges, mixtures by mass fraction.
    """
    energies = np.asarray(energies_kev, dtype=np.float64)
    if energies.size and not (energies.min() >= LOWEST_KEV and energies.max() <= HIGHEST_KEV):
        raise InputError(f"Attenuation is tabulated from {LOWEST_KEV:g} to {HIGHEST_KEV:g} keV; stay in that range.")
    total = np.zeros_like(energies)
    for symbol, fraction in material_named(material).fractions.items():
        log_kev, log_cm2_g = _element(symbol)
        total += fraction * np.exp(np.interp(np.log(energies), log_kev, log_cm2_g))
    return total


def attenuation_per_mm(material: str, energies_kev, g_cm3: float | None = None) -> np.ndarray:
    """Linear attenuation in 1/mm at the material's own density, or another."""
    density = material_named(material).g_cm3 if g_cm3 is None else g_cm3
    return mass_attenuation_cm2_g(material, energies_kev) * density / 10


@cache
def _element(symbol: str) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of energies in keV, an edge as two neighbors, and of cm2/g."""
    table = _table("elements")
    entry = table["elements"][symbol]
    points = list(zip(table["energies_kev"], entry["cm2_g"], strict=True))
    for edge, below, above in entry["edges"]:
        points += [(edge * (1 - 1e-9), below), (edge * (1 + 1e-9), above)]
    energies, values = np.array(sorted(points)).T
    return np.log(energies), np.log(values)


@cache
def _table(name: str) -> dict:
    return json.loads((resources.files(__package__) / "tables" / f"{name}.json").read_text(encoding="utf-8"))
