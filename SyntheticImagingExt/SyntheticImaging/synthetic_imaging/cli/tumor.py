"""``synthetic-imaging tumor``: lesions into one CT."""

from __future__ import annotations

from pathlib import Path

from ..declared import paths
from ..errors import InputError
from ..tumor.plans import Growth, Plan
from .options import Console, add_lesion_options, add_settings, add_verb, label_choice, numbers, triple

_SUMMARY = """Put synthetic lesions into a CT. Writes ct.nrrd, labels.nrrd (1 organ, 2 lesion),
instances.nrrd (one number per lesion) and lesions.json, from which --lesions makes the
same voxels again. CT, ORGAN and --vessels may be NRRD, NIfTI or MetaImage files, the CT also a
folder with a DICOM series; ORGAN and --vessels also a DICOM segmentation (SEG) or structure set
(RTSTRUCT), or a folder with one. An organ on another grid is resampled to that of the CT."""
_EXAMPLE = """  synthetic-imaging tumor ct.nii.gz liver.nii.gz --at -45,12,30 --radius-mm 12 --out one
  synthetic-imaging tumor dicom/ liver.nrrd --auto --level small --seed 3 --out many
  synthetic-imaging tumor ct.nrrd liver.nrrd --lesions one/lesions.json \\
    --doubling-time-days 90 --days 0,60,120 --out grown"""
_REFUSED_WITH = {
    "lesions": (*paths(Plan), "contrast_hu", "without"),
    "at": ("level", "count"),
}


def add_to(verbs):
    parser = add_verb(verbs, "tumor", run, "put lesions into a CT", _SUMMARY, _EXAMPLE)
    parser.add_argument("ct", metavar="CT", help="the CT in HU")
    parser.add_argument("organ", metavar="ORGAN", help="label volume of the organ, or DICOM SEG or RTSTRUCT")
    place = parser.add_argument_group("place (one of the three)").add_mutually_exclusive_group(required=True)
    place.add_argument(
        "--at", type=triple, action="append", metavar="R,A,S", help="a lesion's center in mm; repeatable"
    )
    place.add_argument("--auto", action="store_true", help="find places clear of vessels, surface and each other")
    place.add_argument("--lesions", metavar="JSON", help="replay the lesions of a lesions.json")
    add_lesion_options(parser)
    growth = parser.add_argument_group("growth, where one of these is given: a folder for each day")
    add_settings(growth, Growth)
    growth.add_argument("--days", type=numbers, metavar="D,D", help="days to write instead; negative are before day 0")
    vessels = parser.add_argument_group("vessels")
    vessels.add_argument("--vessels", metavar="FILE", help="label volume of the vessels (default: found by brightness)")
    vessels.add_argument(
        "--vessels-value", type=label_choice, metavar="N,NAME", help="labels of the vessels (default: as for the organ)"
    )


def run(options, console: Console) -> int:
    _refuse_contradictions(options)
    from . import cases, results

    cases.check_options(options)
    out = Path(options.out).expanduser()
    growth = cases.growth_of(options)
    days = [results.day_name(day) for day in growth[1]] if growth else [""]
    results.refuse_target(out, days, [options.ct, options.organ, options.vessels, options.lesions])
    results.refuse_older_series(out, days, options.dicom)
    recorded = cases.read_record(options.lesions) if options.lesions else None
    case = cases.read_case(options, options.ct, options.organ, console)
    console.stage("Placing lesions")
    lesions = cases.lesions_of(case, options, recorded)
    series = dict(zip(days, cases.grown(case, lesions, growth), strict=True))
    console.stage("Inserting and writing")
    for line in results.write(out, case, series, options):
        console.result(line)
    return 0


def _refuse_contradictions(options):
    for source, refused in _REFUSED_WITH.items():
        wrong = ["--" + name.replace("_", "-") for name in refused if getattr(options, name) is not None]
        if getattr(options, source) and wrong:
            raise InputError(f"{', '.join(wrong)} cannot be combined with --{source}; leave one of them out.")
    if options.at and "site" in (options.without or ()):
        raise InputError("--without site goes with --auto, for --at already names the place; leave it out.")
    if options.days is not None and not {options.interval_days, options.frame_count} <= {None}:
        raise InputError("--days names the days, and so do --interval-days and --frame-count; leave one of them out.")
    if options.vessels_value and not options.vessels:
        raise InputError("--vessels-value names labels of the file that --vessels gives; add --vessels FILE.")
