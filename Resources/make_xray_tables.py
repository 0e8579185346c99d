"""Make the small physics tables that the virtual C-arm ships, from two public packages.

    python -m venv tables-venv && tables-venv/bin/pip install spekpy==2.5.4 xraydb==4.5.8
    tables-venv/bin/python Resources/make_xray_tables.py

Neither package is needed to run or test the project. Both are under the MIT license; xraydb's cross sections are
those of Elam, Ravel and Sieber (Radiat Phys Chem 2002;63:121, public domain), spekpy's spectra those of Omar,
Andreo and Poludniowski ("casim", Med Phys 2020), its coefficients of air those of PENELOPE.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import spekpy
import xraydb

TABLES = Path(__file__).resolve().parents[1] / "SyntheticImagingExt/SyntheticImaging/synthetic_imaging/xray/tables"
ELEMENTS = [
    "H", "C", "N", "O", "F", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar", "K", "Ca", "Ti", "V", "Cr", "Mn", "Fe", "Co",
    "Ni", "Cu", "Zr", "Nb", "Mo", "Ag", "Sn", "I", "Cs", "Ba", "Gd", "Ta", "W", "Pt", "Au", "Pb", "Bi",
]  # fmt: skip
ENERGIES_KEV = [*np.arange(5.0, 60.0), *np.arange(60.0, 150.1, 2.5)]
KVP = range(40, 126)
ANODE_DEG = 12
LOWEST_KEV = 5
EDGE_KEV = 0.002  # an edge of the source acts 1 eV above its nominal energy


def main():
    TABLES.mkdir(exist_ok=True)
    write("elements.json", elements())
    write("spectra.json", spectra())


def write(name: str, table: dict):
    """One line per entry, so that a change is a readable difference."""
    text = json.dumps(table, separators=(",", ":"))
    for key in [*table.get("elements", ()), *table.get("photons_per_mas_mm2_kev", ())]:
        text = text.replace(f'"{key}":', f'\n"{key}":')
    (TABLES / name).write_text(text + "\n", encoding="utf-8")
    print(f"{name}: {(TABLES / name).stat().st_size / 1000:.0f} kB")


def elements() -> dict:
    """Mass attenuation with coherent scattering, cm2/g, on a grid and on both sides of each edge."""
    return {
        "provenance": f"xraydb {version('xraydb')}, mu_elam(kind='total'); made by Resources/make_xray_tables.py",
        "energies_kev": [float(value) for value in ENERGIES_KEV],
        "elements": {symbol: element(symbol) for symbol in ELEMENTS},
    }


def element(symbol: str) -> dict:
    edges = sorted({edge.energy / 1000 for edge in xraydb.xray_edges(symbol).values()})
    edges = [edge for edge in edges if ENERGIES_KEV[0] < edge < ENERGIES_KEV[-1]]
    return {
        "cm2_g": total(symbol, ENERGIES_KEV),
        "edges": [[edge, *total(symbol, [edge - EDGE_KEV, edge + EDGE_KEV])] for edge in edges],
    }


def total(symbol: str, energies_kev) -> list[float]:
    return digits(xraydb.mu_elam(symbol, np.array(energies_kev) * 1000, kind="total"), 5)


def spectra() -> dict:
    """Unfiltered tungsten spectra at every whole kVp, and what a photon gives to air (for half-value layers)."""
    photons = {}
    for kvp in KVP:
        tube = spekpy.Spek(kvp=kvp, th=ANODE_DEG, dk=1.0, physics="casim", mas=1, z=100)
        energies, fluence = tube.get_spectrum(edges=False, flu=True, diff=True)
        photons[str(kvp)] = digits(fluence[energies > LOWEST_KEV] / 100, 5)
    centers = np.arange(LOWEST_KEV + 0.5, max(KVP))
    return {
        "provenance": f"spekpy {version('spekpy')}, casim, tungsten, {ANODE_DEG} degree anode, no filter, at 1 m; "
        "mass energy absorption of air from the same package (PENELOPE); made by Resources/make_xray_tables.py",
        "first_energy_kev": LOWEST_KEV + 0.5,
        "bin_kev": 1.0,
        "photons_per_mas_mm2_kev": photons,
        "air_absorption_cm2_g": digits(tube.muen_air_data.get_muen_over_rho_air(centers), 5),
    }


def digits(values, count: int) -> list[float]:
    """Rounded to significant digits; a whole number stays short."""
    rounded = [float(f"{value:.{count}g}") for value in np.maximum(values, 0)]
    return [int(value) if value == int(value) else value for value in rounded]


if __name__ == "__main__":
    main()
