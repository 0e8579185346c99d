"""From millimeters of materials to what a detector makes of the photons that are left, by look-up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch

from ..errors import InputError
from ..tuples import two
from .materials import attenuation_per_mm, mass_attenuation_cm2_g
from .settings import RESPONSES
from .spectrum import Spectrum, kerma_per_photon
from .split import BONE, WATER

SCINTILLATOR_G_CM2 = 0.22
"""0.6 mm of columnar cesium iodide that fills 81 % of its volume."""

_NODES = 768
_WATER_MM, _WATER_SCALE_MM = 1500.0, 60.0
_BONE_MM, _BONE_SCALE_MM = 600.0, 8.0
_CHUNK = 1 << 16
_TINY = 1e-300


class SignalTable:
    """Detector signal behind any amount of water and bone, for one spectrum and one detector.

    response: "scintillator" weighs a photon by its energy and its absorption in cesium iodide (fluorescence
    escape is not modeled), "ideal" by its energy, "counting" by 1, "kerma" by what it gives to air. The signal is
    S = Σ p(E) w(E) exp(-Σ μ_m(E) L_m), with p the share of photons at E. Where other materials than water and bone
    lie in a ray, the sum is done in full; everywhere else it is read from a table of its logarithm.
    """

    def __init__(self, spectrum: Spectrum, response: str = "scintillator"):
        self.energies_kev = spectrum.energies_kev
        shares = spectrum.photons / spectrum.photons.sum()
        mean, square = _weights(self.energies_kev, response)
        self._weights = np.stack([shares * mean, shares * square])
        self.air_signal = float(self._weights[0].sum())
        """Mean signal of one photon of the unattenuated beam, keV (or 1, or keV cm2/g)."""
        self.air_quanta = float(self.air_signal**2 / self._weights[1].sum())
        """Photons of ideal counting that have the relative noise of one photon of the unattenuated beam."""
        self._tables = {torch.device("cpu"): self._tabulate()}

    def attenuation_and_quanta(self, paths: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """-ln(signal / signal in air), and noise-equivalent photons per photon of the beam.

        paths: millimeters (rows, columns) of each material by name, all on one device. Differentiable. Below
        0 mm counts as 0.
        """
        water, bone = _two(paths)
        attenuation, log_quanta = self._look_up(water, bone)
        others = {name: path for name, path in paths.items() if name not in (WATER, BONE)}
        for name in others:
            attenuation_per_mm(name, self.energies_kev[0])  # refuses what is no material
        touched = torch.zeros_like(water, dtype=torch.bool)
        for path in others.values():
            touched |= path > 0
        if touched.any():
            amounts = {name: path[touched].clamp_min(0) for name, path in {WATER: water, BONE: bone, **others}.items()}
            exact_attenuation, exact_quanta = self.summed(amounts)
            attenuation = attenuation.masked_scatter(touched, exact_attenuation.to(attenuation.dtype))
            log_quanta = log_quanta.masked_scatter(touched, exact_quanta.to(attenuation.dtype).log())
        return attenuation, log_quanta.exp()

    def summed(self, paths: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """What ``attenuation_and_quanta`` gives, by the sum over all energies, in float64; any materials."""
        names = list(paths)
        table = np.stack([attenuation_per_mm(name, self.energies_kev) for name in names])
        lengths = torch.stack([paths[name].reshape(-1).double() for name in names], dim=1)
        per_mm, weights = (torch.from_numpy(x).to(lengths.device) for x in (table, self._weights))
        parts = [torch.exp(-part @ per_mm) @ weights.T for part in lengths.split(_CHUNK)]
        mean, square = torch.cat(parts).clamp_min(_TINY).T
        shape = paths[names[0]].shape
        return -(mean / self.air_signal).log().reshape(shape), (mean**2 / square).reshape(shape)

    def _look_up(self, water: torch.Tensor, bone: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        place = torch.stack(
            [_position(bone, _BONE_MM, _BONE_SCALE_MM), _position(water, _WATER_MM, _WATER_SCALE_MM)], -1
        )
        if place.device not in self._tables:
            self._tables[place.device] = self._tables[torch.device("cpu")].to(place.device)
        table = self._tables[place.device]
        return two(
            torch.nn.functional.grid_sample(
                table, place[None], mode="bilinear", padding_mode="border", align_corners=True
            )[0]
        )

    def _tabulate(self) -> torch.Tensor:
        """(1, 2, water nodes, bone nodes): attenuation and logarithm of the noise-equivalent photons."""
        water = np.exp(-np.outer(_nodes(_WATER_MM, _WATER_SCALE_MM), attenuation_per_mm(WATER, self.energies_kev)))
        bone = np.exp(-np.outer(_nodes(_BONE_MM, _BONE_SCALE_MM), attenuation_per_mm(BONE, self.energies_kev)))
        mean, square = (np.maximum((water * weights) @ bone.T, _TINY) for weights in self._weights)
        table = np.stack([-np.log(mean / self.air_signal), np.log(np.maximum(mean**2 / square, _TINY))])
        return torch.from_numpy(table.astype(np.float32))[None]


@lru_cache(maxsize=16)
def signal_table(spectrum: Spectrum, response: str = "scintillator") -> SignalTable:
    """The table of a spectrum and detector, made once (about 0.03 s)."""
    return SignalTable(spectrum, response)


def monoenergetic(paths: Mapping[str, torch.Tensor], kev: float) -> torch.Tensor:
    """The line integral of attenuation at one energy, without unit."""
    found = (path.clamp_min(0) * float(attenuation_per_mm(name, kev)) for name, path in paths.items())
    return sum(found, torch.zeros(()))


def _weights(energies_kev: np.ndarray, response: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean signal of a photon at each energy, and mean of its square."""
    if response == "scintillator":
        absorbed = 1 - np.exp(-mass_attenuation_cm2_g("cesium-iodide", energies_kev) * SCINTILLATOR_G_CM2)
        return energies_kev * absorbed, energies_kev**2 * absorbed
    signal = {"ideal": energies_kev, "counting": np.ones_like(energies_kev), "kerma": kerma_per_photon(energies_kev)}
    if response not in signal:
        raise InputError(f"There is no detector response '{response}'; choose one of {', '.join(RESPONSES)}.")
    return signal[response], signal[response] ** 2


def _two(paths: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    if not paths:
        raise InputError("There is no path to look up; give the millimeters of at least one material.")
    nothing = torch.zeros_like(next(iter(paths.values())))
    return paths.get(WATER, nothing).clamp_min(0), paths.get(BONE, nothing).clamp_min(0)


def _nodes(longest_mm: float, scale_mm: float) -> np.ndarray:
    """Lengths at the nodes: dense where the beam hardens fastest, near 0."""
    return scale_mm * np.expm1(np.linspace(0, np.log1p(longest_mm / scale_mm), _NODES))


def _position(path: torch.Tensor, longest_mm: float, scale_mm: float) -> torch.Tensor:
    """Where a length lies between the first node (-1) and the last (1)."""
    return torch.log1p(path / scale_mm) * (2 / float(np.log1p(longest_mm / scale_mm))) - 1
