"""From CT numbers to millimeters of materials, so that the CT number is returned exactly.

A voxel's attenuation relative to water at the CT's effective energy is 1 + HU/1000. The split writes it as
water + bone·r with r the attenuation of cortical bone relative to water at that energy: between soft tissue and
cortical bone it is a mixture that moves linearly from one to the other, so there is no step at any CT number.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from ..errors import InputError
from ..volume import Volume
from .bases import WATER as WATER_BASES
from .bases import Bases
from .checks import finite
from .materials import attenuation_per_mm, material_named
from .projector import Projector
from .settings import CT_KEV, Contrast

WATER, BONE = "water", "cortical-bone"
SOFT_BELOW_HU = 100.0
"""Below this everything is water of varying density: muscle, organs, unenhanced blood."""

HARD_THRESHOLD_HU = 350.0
_LOWEST_HU, _HIGHEST_HU = -1000.0, 31000.0
_STEP_HU = 1e-3


@dataclass(frozen=True)
class Split:
    """Which materials a CT is made of, for each CT number, and for each label where a label map is given.

    materials: names, the first two water and cortical bone. bases: amounts by CT number. labels and tables: the
    label map on the CT's grid and the amounts that hold inside a label instead. Amounts are in volumes of the
    material at its own density per volume, so that their line integrals are millimeters of it.
    """

    materials: tuple[str, ...]
    bases: Bases
    labels: Volume | None = None
    tables: dict[int, Bases] = field(default_factory=dict)
    ct_kev: float = CT_KEV

    def projector(self, ct: Volume, device: str = "cpu", engine: str = "auto") -> Projector:
        """The CT prepared for line integrals of these materials."""
        return Projector(ct, self.bases, self.labels, self.tables, device, engine)

    def making(self, ct: Volume, device: str = "cpu", engine: str = "auto") -> Generator[float, None, Projector]:
        """``projector`` piece by piece: yields the share that is done, returns it."""
        return Projector.making(ct, self.bases, self.labels, self.tables, device, engine)


def continuous(ct_kev: float = CT_KEV, soft_below_hu: float = SOFT_BELOW_HU) -> Split:
    """Water below ``soft_below_hu``, cortical bone at its own CT number, a linear mixture between: the default."""
    ratio = _bone_over_water(ct_kev)
    return Split((WATER, BONE), _mixture(ratio, soft_below_hu), ct_kev=ct_kev)


def water_only() -> Split:
    """Water of varying density, nothing else: one line integral, for water paths and naive images."""
    return Split((WATER,), WATER_BASES)


def threshold(hu: float = HARD_THRESHOLD_HU, ct_kev: float = CT_KEV) -> Split:
    """All bone from ``hu`` on, all water below; the CT number is returned exactly on both sides."""
    ratio = _bone_over_water(ct_kev)
    hu = _inside(hu, "hu")
    knots = (_LOWEST_HU, hu - _STEP_HU, hu, _HIGHEST_HU)
    water = (0.0, _density(knots[1]), 0.0, 0.0)
    bone = (0.0, 0.0, _density(hu) / ratio, _density(_HIGHEST_HU) / ratio)
    return Split((WATER, BONE), Bases(knots, (water, bone)), ct_kev=ct_kev)


def labeled(
    labels: Volume,
    bones: Sequence[int] = (),
    contrast: Sequence[Contrast] = (),
    ct_kev: float = CT_KEV,
    soft_below_hu: float = SOFT_BELOW_HU,
) -> Split:
    """The split told by a label map on the CT's grid.

    bones: labels that are bone; inside them the mixture begins at 0 HU, and outside nothing is bone. Without any,
    bone is found by CT number as in ``continuous``. contrast: agents dissolved in labels, one material for all.
    """
    ratio = _bone_over_water(ct_kev)
    agents = sorted({entry.material for entry in contrast})
    inside = _mixture(ratio, 0.0)
    outside = _only_water() if len(bones) else _mixture(ratio, soft_below_hu)
    tables = {int(label): _with_agents(inside, agents, {}) for label in bones}
    for entry in contrast:
        base = inside if entry.label in tables else outside
        amount = entry.mg_ml / 1000 / material_named(entry.material).g_cm3
        tables[int(entry.label)] = _with_agents(base, agents, {entry.material: amount})
    return Split((WATER, BONE, *agents), _with_agents(outside, agents, {}), labels, tables, ct_kev)


def _mixture(ratio: float, soft_below_hu: float) -> Bases:
    soft, cortical = _inside(soft_below_hu, "soft_below_hu"), 1000.0 * (ratio - 1)
    if soft >= cortical:
        raise InputError(f"soft_below_hu is {soft:g}; cortical bone has {cortical:.0f} HU, so give a lower number.")
    knots = (_LOWEST_HU, soft, cortical, _HIGHEST_HU)
    return Bases(knots, ((0.0, _density(soft), 0.0, 0.0), (0.0, 0.0, 1.0, _density(_HIGHEST_HU) / ratio)))


def _only_water() -> Bases:
    return Bases((_LOWEST_HU, _HIGHEST_HU), ((0.0, _density(_HIGHEST_HU)), (0.0, 0.0)))


def _with_agents(bases: Bases, agents: Sequence[str], amounts: dict[str, float]) -> Bases:
    rows = tuple((amounts.get(agent, 0.0),) * len(bases.hu) for agent in agents)
    return Bases(bases.hu, (*bases.weights, *rows))


def _bone_over_water(ct_kev: float) -> float:
    return float(attenuation_per_mm(BONE, ct_kev) / attenuation_per_mm(WATER, ct_kev))


def _density(hu: float) -> float:
    return 1 + hu / 1000


def _inside(hu: float, name: str) -> float:
    if not _LOWEST_HU < finite(hu, name) < _HIGHEST_HU:
        raise InputError(f"{name} is {hu:g}; give a CT number above {_LOWEST_HU:g} and below {_HIGHEST_HU:g} HU.")
    return float(hu)
