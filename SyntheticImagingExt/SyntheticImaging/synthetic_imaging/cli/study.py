"""``synthetic-imaging study``: reader studies that show whether readers can tell synthetic from real."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from ..errors import InputError
from ..reading.design import COUNT_COLUMNS
from ..reading.key import PASSPHRASE_VARIABLE
from .options import Console, add_verb, natural, number, positive_integer, triple

_SUMMARY = """Make, check and evaluate visual Turing tests. A study is a folder with images under random codes;
its key, encrypted, lies apart. Readers read it in the module Visual Turing of 3D Slicer, or in a
program of yours (Session in synthetic_imaging.reading.session). The passphrase is asked for, or taken
from --passphrase-file or the environment variable SYNTHETIC_IMAGING_PASSPHRASE."""
_EXAMPLE = """  synthetic-imaging study new --table cases.csv --cue --box-mm 120,120,60 --out study
  synthetic-imaging study check study --key study.key.json
  synthetic-imaging study report study --key study.key.json --out report
  synthetic-imaging study simulate --observer cue-using --readers 4 --cases 60 --power 200"""
_NEW = """Make a study. Cases come from a table with the columns image, truth (real, synthetic or host),
r, a, s, radius_mm, place, scanner, organ, organ_value, case (one row per lesion, paths relative to
the table, several organ labels as 38+39; one image is one case, unless case tells its lesions apart),
or from folders. Without synthetic images the synthetic
half is made: each real lesion gets a twin of its size and place in a host of its scanner.
The study is not made when real and synthetic can be told apart without looking at the lesion."""


def add_to(verbs):
    parser = add_verb(verbs, "study", None, "reader studies: can readers tell synthetic from real?", _SUMMARY, _EXAMPLE)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for add in (_add_new, _add_check, _add_report, _add_export, _add_simulate):
        add(actions)


def _add_new(actions):
    example = "  synthetic-imaging study new --table cases.csv --cue --box-mm 120,120,60 --out study"
    parser = add_verb(actions, "new", run_new, "make a study", _NEW, example)
    source = parser.add_argument_group("cases")
    source.add_argument("--table", metavar="CSV", help="table of all cases")
    source.add_argument("--real", metavar="DIR", help="folder of real images")
    source.add_argument("--synthetic", metavar="DIR", help="folder of synthetic images")
    source.add_argument("--preset", default="hcc-portal", metavar="NAME", help="kind of the lesions that are made")
    plan = parser.add_argument_group("design")
    plan.add_argument("--title", default="Visual Turing test", metavar="TEXT")
    plan.add_argument("--question", metavar="TEXT", help="what readers are asked")
    plan.add_argument("--instructions", default="", metavar="TEXT", help="shown before the first case")
    plan.add_argument("--arms", default="rating", metavar="A,A", help="rating, pairs, or rating,pairs")
    plan.add_argument("--training", type=natural, default=0, metavar="N", help="cases with feedback, an even number")
    plan.add_argument("--repeat-share", type=number, default=0.1, metavar="X", help="shown twice (default 0.1)")
    plan.add_argument("--block-size", type=positive_integer, default=10, metavar="N", help="cases per balanced block")
    plan.add_argument("--time-limit-s", type=number, metavar="S", help="seconds per case")
    plan.add_argument("--mark", default="off", metavar="WHEN", help="mark what decided: off, optional, required")
    plan.add_argument("--cue", action="store_true", help="show where the lesion is")
    plan.add_argument("--allow-unsure", action="store_true", help="offer unsure beside the scale")
    plan.add_argument("--allow-back", action="store_true", help="let readers change earlier answers")
    plan.add_argument("--sessions", type=positive_integer, default=1, metavar="N", help="per reader")
    plan.add_argument("--washout-days", type=number, default=14.0, metavar="D", help="between sessions")
    plan.add_argument("--margin", type=number, default=0.15, metavar="X", help="of equivalence (default 0.15)")
    images = parser.add_argument_group("images")
    images.add_argument("--modality", default="ct", metavar="M", help="ct (default) or xray")
    images.add_argument("--box-mm", type=triple, metavar="X,Y,Z", help="part to show around the lesion")
    images.add_argument("--spacing-mm", type=triple, metavar="X,Y,Z", help="resample all images to these voxels")
    images.add_argument("--size-px", type=positive_integer, default=1024, metavar="N", help="of radiographs")
    parser.add_argument("--seed", type=natural, metavar="S", help="of all that depends on the truth (default: secret)")
    parser.add_argument("--accept-leaks", action="store_true", help="make the study even where the classes leak")
    parser.add_argument("--key", metavar="FILE", help="where the key goes (default: beside the folder)")
    parser.add_argument("--out", required=True, metavar="DIR", help="the study folder; must not exist")
    _add_passphrase(parser)


def _add_check(actions):
    summary = "Search a study for all but the lesion that tells real from synthetic; exit status 1 where it leaks."
    example = "  synthetic-imaging study check study --key study.key.json"
    parser = add_verb(actions, "check", run_check, "search a study for leaks", summary, example)
    _add_study(parser)


def _add_report(actions):
    summary = f"""Evaluate a study: report.html and report.pdf, with a methods paragraph. Or evaluate published
counts: a table with the columns {", ".join(COUNT_COLUMNS)}."""
    example = "  synthetic-imaging study report study --key study.key.json --out report"
    parser = add_verb(actions, "report", run_report, "evaluate a study", summary, example)
    _add_study(parser, needed=False)
    parser.add_argument("--counts", metavar="CSV", help="published counts instead of a study")
    parser.add_argument("--margin", type=number, default=0.15, metavar="X", help="of equivalence, with --counts")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the report")


def _add_export(actions):
    summary = "Write every read with the truth: reads.csv, results.json, and imrmc.csv and study.imrmc for iMRMC."
    example = "  synthetic-imaging study export study --key study.key.json --formats csv,imrmc --out results"
    parser = add_verb(actions, "export", run_export, "write the reads as files", summary, example)
    _add_study(parser)
    parser.add_argument("--formats", default="csv,json,imrmc", metavar="F,F", help="of csv, json, imrmc (default all)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the files")


def _add_simulate(actions):
    summary = """Let model observers read a study that does not exist, for planning: guessing, cue-using, biased
(leans to real), swapping (sees the difference and names it wrongly)."""
    example = "  synthetic-imaging study simulate --observer guessing --readers 4 --cases 96 --power 200"
    parser = add_verb(actions, "simulate", run_simulate, "model observers, for planning", summary, example)
    parser.add_argument("--observer", default="guessing", metavar="NAME", help="guessing (default), cue-using, ...")
    parser.add_argument("--d-prime", type=number, metavar="D", help="instead of the observer's")
    parser.add_argument("--criterion", type=number, metavar="C", help="instead of the observer's")
    parser.add_argument("--readers", type=positive_integer, default=4, metavar="N")
    parser.add_argument("--cases", type=positive_integer, default=100, metavar="N", help="half of them synthetic")
    parser.add_argument("--repeat-share", type=number, default=0.1, metavar="X", help="shown twice (default 0.1)")
    parser.add_argument("--margin", type=number, default=0.15, metavar="X", help="of equivalence (default 0.15)")
    parser.add_argument("--seed", type=natural, default=0, metavar="S")
    parser.add_argument("--power", type=positive_integer, metavar="N", help="simulate N studies: how many prove what")
    parser.add_argument("--out", metavar="DIR", help="folder for the report and the exports")


def run_new(options, console: Console) -> int:
    from ..reading.building import build_study
    from ..reading.design import Design
    from ..reading.images import ImagePolicy
    from ..reading.proportions import sample_size_rows

    question = {"question": options.question} if options.question else {}
    design = Design(
        title=options.title, instructions=options.instructions, arms=tuple(options.arms.split(",")),
        training_cases=options.training, repeat_share=options.repeat_share, block_size=options.block_size,
        time_limit_s=options.time_limit_s, mark=options.mark, cue=options.cue, allow_unsure=options.allow_unsure,
        allow_back=options.allow_back, sessions=options.sessions, washout_days=options.washout_days,
        margin=options.margin, modality=options.modality, **question,
    )  # fmt: skip
    policy = ImagePolicy(options.modality, options.box_mm, options.spacing_mm, size_px=options.size_px)
    cases = _cases(options)
    passphrase = _passphrase(options, new=True)
    study, report = build_study(
        options.out, cases, design, policy, passphrase, options.preset, options.key, options.seed, options.accept_leaks,
        lambda done, total, text: console.stage(text),
    )  # fmt: skip
    count = len(study.cases)
    key = options.key or f"{str(Path(options.out)).rstrip('/')}.key.json"
    console.result(f"The study with {count} cases is in '{options.out}', its key in '{key}'. Keep them apart.")
    _print_findings(report, console)
    for row in sample_size_rows(count):
        console.result(f"{'enough' if row['enough'] else 'too few'} to {_aim(row['aim'])}: {row['cases']} cases")
    return 0


def run_check(options, console: Console) -> int:
    from ..reading import key as keys
    from ..reading.leaks import check_study
    from ..reading.study import Study

    study = Study.load(options.study)
    values = keys.unseal(options.key, _passphrase(options), study.study_id)
    study.check_images()
    console.stage(f"Measuring {len(study.cases)} images")
    report = check_study(study, values)
    _print_findings(report, console)
    if not report.leaks:
        console.result(f"No leak found in {len(study.cases)} cases.")
    return 1 if report.leaks else 0


def run_report(options, console: Console) -> int:
    from ..reading.export import write_report

    analysis = _counted(options) if options.counts else _analyzed(options, console)
    _write(options, console, analysis, write_report)
    return 0


def run_export(options, console: Console) -> int:
    from ..reading.export import write_exports

    analysis = _analyzed(options, console)
    formats = tuple(options.formats.split(","))
    _write(options, console, analysis, lambda folder, result: write_exports(folder, result, formats))
    return 0


def run_simulate(options, console: Console) -> int:
    from dataclasses import replace

    from ..reading.analysis import analyze
    from ..reading.design import Design
    from ..reading.export import write_exports, write_report
    from ..reading.observers import observer_named, power, simulate

    given = {"d_prime": options.d_prime, "criterion": options.criterion}
    observer = replace(observer_named(options.observer), **{k: v for k, v in given.items() if v is not None})
    design = Design(title=f"Simulated study: {options.observer}", margin=options.margin)
    reads = simulate(observer, options.readers, options.cases, options.seed, options.repeat_share)
    analysis = analyze(reads, design)
    _print_result(analysis, console)
    if options.power:
        shares = power(observer, options.readers, options.cases, options.margin, options.power, options.seed)
        for claim, share in shares.items():
            console.result(f"{100 * share:.0f} % of {options.power} such studies prove {claim}.")
    if options.out:
        paths = write_report(options.out, analysis) + write_exports(options.out, analysis)
        console.result(f"{', '.join(path.name for path in paths)} are in '{options.out}'.")
    return 0


def _cases(options) -> list:
    from ..reading.cases import cases_from_folder, cases_from_table
    from ..reading.design import REAL, SYNTHETIC

    cases = cases_from_table(options.table) if options.table else []
    for folder, truth in ((options.real, REAL), (options.synthetic, SYNTHETIC)):
        cases += cases_from_folder(folder, truth) if folder else []
    if not cases:
        raise InputError("No cases were given; add --table, or --real and --synthetic.")
    return cases


def _analyzed(options, console: Console):
    from ..reading.analysis import analyze_study
    from ..reading.study import Study

    if not options.study or not options.key:
        raise InputError("Give the study folder and its key with --key, or published counts with --counts.")
    study = Study.load(options.study)
    passphrase = _passphrase(options)
    console.stage("Evaluating")
    return analyze_study(study, options.key, passphrase, options.answers)


def _counted(options):
    from ..reading.analysis import analyze_counts
    from ..reading.design import Design
    from ..reading.ratings import counts_from_table

    counts = counts_from_table(options.counts)
    return analyze_counts(counts, Design(title=Path(options.counts).stem, margin=options.margin))


def _write(options, console: Console, analysis, write):
    _print_result(analysis, console)
    paths = write(options.out, analysis)
    console.result(f"{', '.join(path.name for path in paths)} are in '{options.out}'.")


def _print_result(analysis, console: Console):
    from ..reading.wording import conclusions

    for warning in analysis.warnings:
        print(f"synthetic-imaging: warning: {warning}", file=sys.stderr)
    for sentence in conclusions(analysis):
        console.result(sentence)


def _print_findings(report, console: Console):
    for note in report.notes:
        console.result(f"Note: {note}")
    for leak in report.leaks:
        print(f"synthetic-imaging: leak: {leak.sentence}", file=sys.stderr)


def _aim(text: str) -> str:
    return f"give a {text}" if text.startswith("95") else text


def _add_study(parser: argparse.ArgumentParser, needed: bool = True):
    parser.add_argument("study", metavar="STUDY", nargs=None if needed else "?", help="the study folder")
    parser.add_argument("--key", required=needed, metavar="FILE", help="the key of the study")
    parser.add_argument("--answers", metavar="DIR", help="folder of the answers, where it is not in the study")
    _add_passphrase(parser)


def _add_passphrase(parser: argparse.ArgumentParser):
    parser.add_argument("--passphrase-file", metavar="FILE", help="file whose first line is the passphrase")


def _passphrase(options, new: bool = False) -> str:
    """From the file, the environment or the keyboard; never from the command line, which others can see."""
    if options.passphrase_file:
        try:
            lines = Path(options.passphrase_file).expanduser().read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"The passphrase file cannot be read: {error}.") from error
        return lines[0].strip() if lines else ""
    if PASSPHRASE_VARIABLE in os.environ:
        return os.environ[PASSPHRASE_VARIABLE]
    if not sys.stdin.isatty():
        raise InputError(f"No passphrase: give --passphrase-file, or set {PASSPHRASE_VARIABLE}.")
    passphrase = getpass.getpass("Passphrase of the key: ")
    if new and getpass.getpass("Once more: ") != passphrase:
        raise InputError("The two passphrases differ; start again.")
    return passphrase
