"""From options to a prepared case and its lesions. Imports the engine, so verbs import it when they run."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .. import tumor
from ..declared import changed
from ..errors import InputError
from ..io import read_mask
from ..io.trust import Trust
from ..tumor.checks import check_lesion
from ..tumor.lesion import Lesion
from ..tumor.plans import Growth, Plan
from .devices import check_device
from .images import read_ct
from .options import Console, given, taken

SITE = "site"
"""The step of --without that belongs to the choice of a place, not to the lesion."""
_IDENTITY = {"ct_sha256": "CT", "organ_sha256": "organ", "vessels_sha256": "vessels"}


def check_options(options):
    """InputError for options that name what does not exist, before any file is read."""
    taken(options, Plan())
    Lesion().without(*_lesion_steps(options))
    check_device(options.device)


def read_case(options, ct_path: str | Path, organ_path: str | Path, console: Console) -> tumor.Case:
    """Read a CT with its organ, and the vessels where the options name them, and prepare it."""
    console.stage(f"Reading {Path(ct_path).name}")
    ct = read_ct(ct_path, options)
    console.stage(f"Reading {Path(organ_path).name}")
    trust = taken(options, Trust())
    organ = read_mask(organ_path, ct, options.organ_value, "--organ-value", trust.accept_frame)
    vessels = None
    if vessels_path := getattr(options, "vessels", None):
        console.stage(f"Reading {Path(vessels_path).name}")
        vessels = read_mask(vessels_path, ct, options.vessels_value, "--vessels-value", trust.accept_frame)
    console.stage(f"Preparing the {options.organ_name}")
    return tumor.Case(ct, organ, vessels, organ_name=options.organ_name)


def read_record(path: str | Path) -> str:
    """The text of a lesions.json."""
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'{path}' could not be read as a lesion record: {error}.") from error


def lesions_of(case: tumor.Case, options, recorded: str | None = None) -> list[Lesion]:
    """The lesions that the options describe: recorded, at given points, or at clear sites."""
    if recorded is not None:
        return _replayed(case, recorded)
    plan = taken(options, Plan())
    points = getattr(options, "at", None)
    if points:
        kind = tumor.preset_named(plan.preset)
        lesions = [kind.sample(case, ras, plan.radius_mm, plan.seed + index) for index, ras in enumerate(points)]
        lesions = [replace(lesion, name=f"{lesion.name} {number}") for number, lesion in enumerate(lesions, 1)]
    else:
        careful = SITE not in (options.without or ())
        lesions = tumor.sample_lesions(
            case, plan.preset, plan.level, plan.count or None, plan.radius_mm, plan.seed, clear_of_vessels=careful
        )
    look = given(options, Lesion, ["contrast_hu"])
    lesions = [changed(lesion, look) for lesion in lesions]
    lesions = [lesion.without(*_lesion_steps(options)) for lesion in lesions]
    for lesion in lesions if points else ():
        check_lesion(case, lesion)
    return _with_satellites(case, lesions, plan.satellite_count, plan.seed)


def growth_of(options) -> tuple[Growth, tuple[float, ...]] | None:
    """How the lesions grow, and the days to write; None where no option asks for it."""
    if options.days is None and not given(options, Growth):
        return None
    growth = taken(options, Growth())
    return growth, options.days or growth.days


def grown(
    case: tumor.Case, lesions: Sequence[Lesion], growth: tuple[Growth, tuple[float, ...]] | None
) -> list[list[Lesion]]:
    """The lesions on each day, or just as they are."""
    if growth is None:
        return [list(lesions)]
    how, days = growth
    per_lesion = [tumor.growth_series(lesion, how.doubling_time_days, days) for lesion in lesions]
    for series in per_lesion:
        for lesion in series:
            check_lesion(case, lesion)
    return [[series[index] for series in per_lesion] for index in range(len(days))]


def _lesion_steps(options) -> list[str]:
    return [step for step in options.without or () if step != SITE]


def _replayed(case: tumor.Case, recorded: str) -> list[Lesion]:
    lesions = tumor.lesions_of(recorded)
    was, now = json.loads(recorded), tumor.record(case, [])
    different = [word for key, word in _IDENTITY.items() if was.get(key) != now[key]]
    if different:
        warnings.warn(
            f"the {' and the '.join(different)} differ from those of the lesion record, so the voxels will differ.",
            stacklevel=2,
        )
        for lesion in lesions:
            check_lesion(case, lesion)
    return lesions


def _with_satellites(case: tumor.Case, lesions: list[Lesion], count: int, seed: int) -> list[Lesion]:
    complete = list(lesions)
    for lesion in lesions if count else ():
        others = [other for other in complete if other is not lesion]
        complete += tumor.satellites(case, lesion, count, seed, avoid=others)
    return complete
