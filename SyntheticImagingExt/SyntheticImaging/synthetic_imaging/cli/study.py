"""``synthetic-imaging study``: reader studies that show whether readers can tell synthetic from real."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from ..declared import changed, paths
from ..errors import InputError
from ..io.trust import Trust
from ..reading.design import COUNT_COLUMNS, REAL, SYNTHETIC, Design, ImagePolicy
from ..reading.key import PASSPHRASE_VARIABLE, key_beside
from ..reading.statistics.observers import Observer, Simulation, observer_named, power, simulate
from ..tumor.plans import DEFAULT_PRESET, Plan
from .options import Console, add_settings, add_verb, natural, taken

_SUMMARY = """Make, check and evaluate visual Turing tests. A study is a folder with images under random codes;
its key, encrypted, lies apart. Readers read it in the module Visual Turing of 3D Slicer, or in a
program of yours (Session in synthetic_imaging.reading.conduct.session). The passphrase is asked for, or taken
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
    add_settings(source, Plan, "preset")
    add_settings(parser.add_argument_group("doubtful input"), Trust)
    add_settings(parser.add_argument_group("design"), Design)
    images = parser.add_argument_group("images")
    add_settings(images, ImagePolicy, *[name for name in paths(ImagePolicy) if name not in paths(Design)])
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
    add_settings(parser.add_argument_group("with --counts"), Design, "margin")
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
    add_settings(parser, Simulation)
    add_settings(parser, Design, "repeat_share", "margin")
    model = parser.add_argument_group("instead of the observer's own")
    add_settings(model, Observer, told=dict.fromkeys(paths(Observer), "the observer's"))
    parser.add_argument("--out", metavar="DIR", help="folder for the report and the exports")


def run_new(options, console: Console) -> int:
    from ..reading.making.building import build_study
    from ..reading.statistics.proportions import sample_size_rows

    design, policy = taken(options, Design()), taken(options, ImagePolicy())
    cases = _cases(options, console)
    passphrase = _passphrase(options, new=True)
    preset = options.preset or DEFAULT_PRESET
    study, report = build_study(
        options.out, cases, design, policy, passphrase, preset, options.key, options.seed, options.accept_leaks,
        lambda done, total, text: console.stage(text), taken(options, Trust()),
    )  # fmt: skip
    count = len(study.cases)
    key = options.key or key_beside(options.out)
    console.result(f"The study with {count} cases is in '{options.out}', its key in '{key}'. Keep them apart.")
    _print_findings(report, console)
    for row in sample_size_rows(count):
        console.result(f"{'enough' if row['enough'] else 'too few'} to {_aim(row['aim'])}: {row['cases']} cases")
    return 0


def run_check(options, console: Console) -> int:
    from ..reading import key as keys
    from ..reading.making.leaks import check_study
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
    from ..reading.report.export import write_report

    analysis = _counted(options) if options.counts else _analyzed(options, console)
    _write(options, console, analysis, write_report)
    return 0


def run_export(options, console: Console) -> int:
    from ..reading.report.export import write_exports

    analysis = _analyzed(options, console)
    formats = tuple(options.formats.split(","))
    _write(options, console, analysis, lambda folder, result: write_exports(folder, result, formats))
    return 0


def run_simulate(options, console: Console) -> int:
    from ..reading.report.export import write_exports, write_report
    from ..reading.statistics.analysis import analyze

    plan, design = taken(options, Simulation()), taken(options, Design())
    observer = taken(options, observer_named(plan.observer))
    design = changed(design, {"title": f"Simulated study: {plan.observer}"})
    reads = simulate(observer, plan.readers, plan.cases, plan.seed, design.repeat_share)
    analysis = analyze(reads, design)
    _print_result(analysis, console)
    if plan.power:
        shares = power(observer, plan.readers, plan.cases, design.margin, plan.power, plan.seed)
        for claim, share in shares.items():
            console.result(f"{100 * share:.0f} % of {plan.power} such studies prove {claim}.")
    if options.out:
        paths = write_report(options.out, analysis) + write_exports(options.out, analysis)
        console.result(f"{', '.join(path.name for path in paths)} are in '{options.out}'.")
    return 0


def _cases(options, console: Console) -> list:
    from ..reading.making.cases import cases_from_table
    from ..reading.making.folders import cases_from_folder

    cases = cases_from_table(options.table) if options.table else []
    for folder, truth in ((options.real, REAL), (options.synthetic, SYNTHETIC)):
        if folder:
            found = cases_from_folder(folder, truth)
            cases += found.cases
            for sentence in found.sentences():
                console.note(f"'{folder}': {sentence}")
    if not cases:
        raise InputError("No cases were given; add --table, or --real and --synthetic.")
    return cases


def _analyzed(options, console: Console):
    from ..reading.statistics.analysis import analyze_study
    from ..reading.study import Study

    if not options.study or not options.key:
        raise InputError("Give the study folder and its key with --key, or published counts with --counts.")
    study = Study.load(options.study)
    passphrase = _passphrase(options)
    console.stage("Evaluating")
    return analyze_study(study, options.key, passphrase, options.answers)


def _counted(options):
    from ..reading.statistics.analysis import analyze_counts
    from ..reading.statistics.ratings import counts_from_table

    counts = counts_from_table(options.counts)
    return analyze_counts(counts, changed(taken(options, Design()), {"title": Path(options.counts).stem}))


def _write(options, console: Console, analysis, write):
    _print_result(analysis, console)
    paths = write(options.out, analysis)
    console.result(f"{', '.join(path.name for path in paths)} are in '{options.out}'.")


def _print_result(analysis, console: Console):
    from ..reading.report.wording import conclusions

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
