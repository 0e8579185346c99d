"""``synthetic-imaging evaluate``: predictions against references, measured."""

from __future__ import annotations

from pathlib import Path

from ..evaluation.settings import Measures
from ..io.trust import Trust
from .options import Console, add_settings, add_verb, taken

_SUMMARY = """Measure label volumes against references: Dice, NSD, VOE, RVD, and distances of surfaces (mean,
root mean square, maximum) per label; with --lesions also which lesions were found, by size. Give two files, or two
folders, whose files are matched by name; DICOM segmentations (SEG) and structure sets (RTSTRUCT) are label volumes too.
Means over cases have 95 % bootstrap intervals, shares of lesions 95 % Wilson intervals. What is not defined (a distance
to nothing) is left empty and not counted."""
_EXAMPLE = """  synthetic-imaging evaluate predicted.nrrd reference.nrrd --out table.csv
  synthetic-imaging evaluate predictions references --lesions 2 --out tables/liver.csv"""


def add_to(verbs):
    parser = add_verb(verbs, "evaluate", run, "measure segmentations against references", _SUMMARY, _EXAMPLE)
    parser.add_argument("prediction", metavar="PRED", help="label volume, or a folder of them")
    parser.add_argument("reference", metavar="REF", help="label volume to measure against, or a folder of them")
    parser.add_argument(
        "--lesions", type=_labels, default=(), metavar="N,NAME",
        help="labels, by number in the reference or by name, whose connected pieces are lesions",
    )  # fmt: skip
    add_settings(parser, Measures)
    add_settings(parser.add_argument_group("doubtful input"), Trust, "accept_frame")
    parser.add_argument(
        "--out", required=True, metavar="TABLE.csv",
        help="table of cases and labels; the tables over all cases and a .json of everything are written beside it",
    )  # fmt: skip


def _labels(text: str) -> tuple[int | str, ...]:
    words = [word.strip() for word in text.split(",")]
    return tuple(int(word) if word.isdigit() else word for word in words if word)


def run(options, console: Console) -> int:
    import warnings

    from .. import evaluation

    measures = taken(options, Measures())
    out = Path(options.out).expanduser()
    evaluation.refuse_table(out)
    cases, notes = evaluation.pairs(Path(options.prediction).expanduser(), Path(options.reference).expanduser())
    for note in notes:
        warnings.warn(note, stacklevel=1)
    found = {}
    for pair in cases:
        console.stage(f"Measuring {pair.case}")
        (prediction, names), (reference, reference_names) = evaluation.labels_of_pair(pair, bool(options.accept_frame))
        found[pair.case] = evaluation.compare(
            prediction, reference, measures, prediction_names=names, reference_names=reference_names,
            lesions=options.lesions,
        )  # fmt: skip
        for note in found[pair.case].notes:
            warnings.warn(f"{pair.case}: {note}", stacklevel=1)
    tables = evaluation.tables(found, measures)
    files = evaluation.write_tables(out, tables, measures)
    for line in _told(tables):
        console.result(line)
    console.result(f"{', '.join(file.name for file in files)} are in '{out.parent}'.")
    return 0


def _told(tables: dict[str, list[dict]]) -> list[str]:
    """The means over cases, a line per label, and the share of lesions that were found."""
    lines: dict[tuple, list[str]] = {}
    for row in tables["summary"]:
        if row["cases"]:
            lines.setdefault((row["label"], row["name"]), []).append(f"{row['measure']} {row['mean']:.4g}")
    told = [f"{name} ({label}): {', '.join(values)}" for (label, name), values in lines.items()]
    for row in tables["sensitivity"]:
        if row["size"] == "all":
            told.append(f"{row['name']} ({row['label']}): {row['found']} of {row['lesions']} lesions found")
    return told
