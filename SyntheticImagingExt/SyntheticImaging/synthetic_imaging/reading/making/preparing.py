"""The images of a study in their common form, real ones and synthetic ones, and those made on the fly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from ... import tumor
from ...errors import InputError
from ...io import read_mask, write_volume
from ...io.trust import Trust
from ...tuples import three
from ...volume import Volume
from ..design import REAL, SYNTHETIC, Design, ImagePolicy
from .cases import CaseInput, LesionSite
from .checks import check_cases, hosts_of, is_made
from .images import read_image, standardize
from .matching import Organ, Place, assign_hosts, scanner_of, twin_lesions

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Prepared:
    """One image, written in the study's form, and what the key tells of it.

    file: its name in the working folder. lesions: in mm of the study's image. twin_of: position of the real image whose
    twin it is. recipe: the lesions that were put in, as the tumor engine records them.
    """

    file: str
    truth: str
    source: str
    scanner: str
    lesions: tuple[LesionSite, ...]
    cue_ras: tuple[float, float, float] | None
    place: Place | None = None
    twin_of: int | None = None
    recipe: list[dict] = field(default_factory=list)

    @property
    def radius_mm(self) -> float:
        """Of the first lesion; 0 where it is not known."""
        return self.lesions[0].radius_mm if self.lesions else 0.0

    def to_dict(self) -> dict:
        """For the key: plain values."""
        values = {name: value for name, value in vars(self).items() if name not in ("file", "cue_ras")}
        values["lesions"] = [{**asdict(site), "center_ras": list(site.center_ras)} for site in self.lesions]
        word = self.lesions[0].place if self.lesions else ""
        values["place"] = word or (self.place.word if self.place else "")
        values["depth_mm"] = self.place.depth_mm if self.place else None
        return values


class Preparer:
    """Writes images into a working folder in the study's form."""

    def __init__(
        self, folder: Path, design: Design, policy: ImagePolicy, rng, total: int, progress: Progress,
        trust: Trust | None = None,
    ):  # fmt: skip
        self.folder, self.design, self.policy, self.rng = folder, design, policy, rng
        self.total, self.progress, self.trust = total, progress, trust
        self.items: list[Prepared] = []

    def read(self, case: CaseInput) -> Volume:
        """The image of a case."""
        return read_image(case.image, self.policy.modality, self.trust)

    def add(self, volume: Volume, case: CaseInput, scanner: str, place: Place | None, **more):
        """Standardize and write one image; its lesions and its cue move with it."""
        self.progress(len(self.items), self.total, f"Image {len(self.items) + 1} of {self.total}")
        focus = np.array(case.lesions[0].center_ras) if case.lesions else None
        image, matrix = standardize(volume, self.policy, focus, self.rng)
        sites = tuple(_moved(site, matrix, image, case) for site in case.lesions)
        cue = three(float(round(x)) for x in sites[0].center_ras) if self.design.cue else None
        name = f"{len(self.items)}.nii"
        write_volume(self.folder / name, image)
        self.items.append(Prepared(name, case.truth, str(case.image), scanner, sites, cue, place, **more))


def prepare(
    cases: Sequence[CaseInput],
    design: Design,
    policy: ImagePolicy,
    preset: str,
    rng: np.random.Generator,
    folder: Path,
    progress: Progress,
    trust: Trust | None = None,
) -> list[Prepared]:
    """All images of a study: the real and the synthetic ones given, and a synthetic twin of each real one where no
    synthetic one is given."""
    facts = [case.facts for case in cases]
    check_cases(facts, design)
    real, fake = ([case for case in cases if case.truth == kind] for kind in (REAL, SYNTHETIC))
    making = is_made(facts)
    total = len(real) * (2 if making else 1) + len(fake)
    preparer = Preparer(folder, design, policy, rng, total, progress, trust)
    for case in (*real, *fake):
        volume = preparer.read(case)
        organ = _organ(case, volume, trust) if case.organ and case.lesions else None
        place = organ.place(case.lesions[0].center_ras) if organ else None
        preparer.add(volume, case, scanner_of(volume, case.scanner), place)
    if making:
        usable = hosts_of(facts)
        hosts = [case for case, fact in zip(cases, facts, strict=True) if fact in usable]
        _make_twins(preparer, real, _merged(hosts, real), preset)
    return preparer.items


def _merged(hosts: Sequence[CaseInput], real: Sequence[CaseInput]) -> list[CaseInput]:
    """Each host CT once, with all the real lesions that any case knows in it."""
    merged = []
    for image in dict.fromkeys(host.image for host in hosts):
        host = next(host for host in hosts if host.image == image)
        lesions = dict.fromkeys(site for case in (*hosts, *real) if case.image == image for site in case.lesions)
        merged.append(replace(host, lesions=tuple(lesions)))
    return merged


def _make_twins(preparer: Preparer, real: Sequence[CaseInput], hosts: Sequence[CaseInput], preset: str):
    """A synthetic image for each real one, host by host, for a host is large."""
    scanners = [item.scanner for item in preparer.items]
    host_scanners = [host.scanner or scanner_of(preparer.read(host)) for host in hosts]
    chosen = assign_hosts(scanners, hosts, host_scanners, preparer.rng)
    for number, host in enumerate(hosts):
        rows = [row for row, pick in enumerate(chosen) if pick == number]
        if rows:
            _make_in(preparer, host, host_scanners[number], [(row, real[row]) for row in rows], preset)


def _make_in(preparer: Preparer, host: CaseInput, scanner: str, twins: Sequence[tuple[int, CaseInput]], preset: str):
    volume = preparer.read(host)
    organ = _organ(host, volume, preparer.trust)
    case = tumor.Case(volume, organ.volume, organ_name="organ")
    composition = tumor.Composition(case)
    for row, original in twins:
        wanted = [(site, preparer.items[row].place if n == 0 else None) for n, site in enumerate(original.lesions)]
        lesions = twin_lesions(case, organ, wanted, preset, preparer.rng, host.lesions)
        composition.set_lesions(lesions, remember=False)
        sites = tuple(_site_of(composition, index, original.lesions[index].place) for index in range(len(lesions)))
        made = CaseInput(host.image, SYNTHETIC, sites, scanner)
        place = organ.place(sites[0].center_ras)
        recipe = [lesion.to_dict() for lesion in lesions]
        preparer.add(composition.ct, made, scanner, place, twin_of=row, recipe=recipe)


def _site_of(composition: tumor.Composition, index: int, place: str) -> LesionSite:
    """A made lesion, with the radius that it got (it may be clipped by the organ)."""
    lesion, volume_ml = composition.lesions[index], composition.measure(index)["volume_ml"]
    radius_mm = (volume_ml * 1000 * 0.75 / np.pi) ** (1 / 3) if volume_ml > 0 else lesion.radius_mm
    return LesionSite(lesion.center_ras, float(radius_mm), place)


def _organ(case: CaseInput, volume: Volume, trust: Trust | None) -> Organ:
    accept_frame = trust is not None and trust.accept_frame
    return Organ(read_mask(case.organ, volume, case.organ_values or None, "organ_value", accept_frame))


def _moved(site: LesionSite, matrix: np.ndarray, image: Volume, case: CaseInput) -> LesionSite:
    """A lesion's site in the study's image; InputError where it lies outside."""
    center = (matrix @ [*site.center_ras, 1.0])[:3]
    index = image.ijk_from_ras(center)
    if site is case.lesions[0] and not ((index > -1) & (index < image.shape[::-1])).all():
        raise InputError(
            f"The lesion of '{case.name}' at {', '.join(f'{x:.0f}' for x in site.center_ras)} mm lies outside the "
            "image; check the position (RAS, in mm) and the file it belongs to."
        )
    return LesionSite(three(map(float, center)), site.radius_mm, site.place)
