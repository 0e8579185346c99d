"""The synthetic half of a study, made on the fly: as many lesions, as large, as deep, in CTs of the same scanners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, optimize

from ... import tumor
from ...declared import setting_of
from ...errors import InputError
from ...tuples import three
from ...volume import Volume
from .cases import CaseInput, LesionSite

CANDIDATES = 40
_PLACE_SCALE_MM, _DEPTH_SCALE_MM = 30.0, 8.0
_AVOID_MM = 5.0
_LARGEST_MM = setting_of(tumor.Lesion, "radius_mm").high
_SCANNER_KEYS = ("Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "SliceThickness", "KVP")


@dataclass(frozen=True)
class Place:
    """Where in its organ a lesion lies: the fraction of the organ's extent along R, A, S, and mm below its surface."""

    fraction: tuple[float, float, float]
    depth_mm: float

    @property
    def word(self) -> str:
        """A class for the report; 10 mm is what is called subcapsular."""
        return "near the surface" if self.depth_mm < 10 else "deep"


def scanner_of(volume: Volume, given: str = "") -> str:
    """What names the scanner and protocol of an image: the given word, the DICOM header, or the slice spacing."""
    if given:
        return given
    entries = [(volume.metadata or {}).get(f"DICOM.{key}", "") for key in _SCANNER_KEYS]
    return " ".join(part for part in entries if part) or f"slices of {round(volume.spacing_mm[2] * 4) / 4:g} mm"


class Organ:
    """An organ mask, asked where points lie in it."""

    def __init__(self, mask: Volume, values: Sequence[int] = ()):
        array = np.isin(mask.numpy(), values) if len(values) else mask.numpy() > 0
        if not array.any():
            raise InputError("The organ has no voxel with the given label; check the organ_value of the table.")
        found = [np.flatnonzero(array.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
        self._start = np.array([max(line[0] - 1, 0) for line in found])
        box = tuple(slice(a, line[-1] + 2) for a, line in zip(self._start, found, strict=True))
        self.volume = mask.like(array.astype(np.uint8))
        padded = np.pad(array[box], 1)
        self._depth = ndimage.distance_transform_edt(padded, mask.spacing_mm[::-1])[1:-1, 1:-1, 1:-1]
        corners = np.stack(np.meshgrid(*[(line[0], line[-1]) for line in found[::-1]], indexing="ij"), -1).reshape(
            -1, 3
        )
        ras = mask.ras_from_ijk(corners)
        self._low, self.extent_mm = ras.min(axis=0), np.ptp(ras, axis=0)

    def place(self, ras) -> Place:
        """Place of a point; outside the organ the depth is 0."""
        index = np.rint(self.volume.ijk_from_ras(ras))[::-1].astype(int) - self._start
        inside = (index >= 0).all() and (index < self._depth.shape).all()
        fraction = (np.asarray(ras) - self._low) / np.maximum(self.extent_mm, 1e-6)
        return Place(three(map(float, fraction)), float(self._depth[tuple(index)]) if inside else 0.0)


def assign_hosts(
    scanners: Sequence[str], hosts: Sequence[CaseInput], host_scanners: Sequence[str], rng: np.random.Generator
) -> list[int]:
    """For each real case the host of its synthetic twin: of the same scanner, all used about equally often."""
    used: Counter[int] = Counter()
    chosen = []
    for scanner in scanners:
        fitting = [index for index, name in enumerate(host_scanners) if name == scanner]
        if not fitting:
            raise InputError(
                f"No host comes from the scanner '{scanner}' of the real cases (hosts: "
                f"{', '.join(sorted(set(host_scanners)))}). Real and synthetic images must come from the same "
                "scanners, or readers tell the scanners apart; add such a CT with its organ."
            )
        least = min(used[index] for index in fitting)
        pick = int(rng.choice([index for index in fitting if used[index] == least]))
        used[pick] += 1
        chosen.append(pick)
    return chosen


def twin_lesions(
    case: tumor.Case,
    organ: Organ,
    wanted: Sequence[tuple[LesionSite, Place | None]],
    preset: str,
    rng: np.random.Generator,
    real_lesions: Sequence[LesionSite] = (),
) -> list[tumor.Lesion]:
    """Lesions as large as the wanted ones and, where their place is known, about there; clear of real lesions."""
    kind = tumor.preset_named(preset)
    avoid = [
        tumor.Lesion(site.center_ras, min(_LARGEST_MM, max(site.radius_mm, _AVOID_MM)), mass_effect=tumor.MassEffect(0))
        for site in real_lesions
    ]
    lesions: list[tumor.Lesion] = []
    for site, place in wanted:
        radius_mm = float(np.clip(site.radius_mm, 1.0, _LARGEST_MM)) if site.radius_mm > 0 else None
        draft = kind.sample(case, (0, 0, 0), radius_mm, int(rng.integers(2**31)))
        inside = place is None or place.depth_mm >= draft.radius_mm
        center = _best_site(case, organ, draft, place, inside, [*avoid, *lesions], rng)
        lesions.append(tumor.Lesion.from_dict({**draft.to_dict(), "center_ras": center}))
    return lesions


def _best_site(case, organ: Organ, draft, place: Place | None, inside: bool, avoid, rng) -> tuple[float, float, float]:
    """Of many clear sites the one most like the wanted place; where nothing is clear, the clearest site."""
    radius_mm = case.bounding_radius_mm(draft)
    try:
        sites = [case.suggest_site(radius_mm, rng, avoid, inside) for _ in range(1 if place is None else CANDIDATES)]
    except InputError:
        return case.clearest_site(avoid, inside)
    if place is None:
        return sites[0]
    return min(sites, key=lambda site: _difference(organ.place(site), place, organ.extent_mm))


def _difference(here: Place, there: Place, extent_mm: np.ndarray) -> float:
    shift_mm = (np.array(here.fraction) - there.fraction) * extent_mm
    return float((shift_mm**2).sum() / _PLACE_SCALE_MM**2 + ((here.depth_mm - there.depth_mm) / _DEPTH_SCALE_MM) ** 2)


def pair_up(
    real: Sequence[tuple[str, float]], synthetic: Sequence[tuple[str, float]], twins: dict[int, int]
) -> list[tuple[int, int]]:
    """Pairs (real index, synthetic index) of the same scanner and about the same size; twins stay together.

    real, synthetic: (scanner, radius_mm) of each image. The best assignment over all (Kuhn 1955).
    """
    cost = np.array(
        [[(a[0] != b[0]) * 10.0 + abs(np.log((a[1] + 1) / (b[1] + 1))) for b in synthetic] for a in real]
    ).reshape(len(real), len(synthetic))
    for row, column in twins.items():
        cost[row, column] = -1.0
    rows, columns = optimize.linear_sum_assignment(cost)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]
