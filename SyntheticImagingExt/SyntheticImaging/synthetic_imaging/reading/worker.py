"""The study owner's long tasks as plain requests and answers, so that a program can hand them to another process.

``python -m synthetic_imaging.reading.worker REQUEST ANSWER`` reads a request from a JSON file and writes the answer to
another; progress goes to the output as JSON lines. The passphrase comes in the environment variable
SYNTHETIC_IMAGING_PASSPHRASE.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ..serving import Tell, serve
from .key import PASSPHRASE_VARIABLE

_NAMED = 10
"""Names of files in one sentence of a window."""


def perform(request: dict, passphrase: str = "", progress: Tell = lambda stage, percent: None) -> dict:
    """Carry out a request and return its answer, both of plain values; InputError as from the task itself.

    request["task"]:
    "folder": folder, truth, scanner -> cases, left_out (sentences). "table": path -> cases.
    "new": folder, key, cases, design, images, preset, accept_leaks -> cases (number), leaks, notes.
    "check": folder, key -> cases (number), leaks, notes.
    "report": folder, key, out -> files, warnings (sentences), analysis (as in results.json). "counts": path, margin,
    out -> the same. "sizes": margin -> rows (aim, cases that it needs).
    """
    return _TASKS[request["task"]](request, passphrase, progress)


def _folder(request: dict, passphrase: str, progress: Tell) -> dict:
    from .making.folders import cases_from_folder

    progress("Looking for images", 10)
    found = cases_from_folder(request["folder"], request["truth"], request["scanner"])
    return {"cases": [case.to_dict() for case in found.cases], "left_out": found.sentences(_NAMED)}


def _table(request: dict, passphrase: str, progress: Tell) -> dict:
    from .making.cases import cases_from_table

    progress("Reading the table", 10)
    return {"cases": [case.to_dict() for case in cases_from_table(request["path"])]}


def _new(request: dict, passphrase: str, progress: Tell) -> dict:
    from ..io.trust import Trust
    from .design import Design, ImagePolicy
    from .making.building import build_study
    from .making.cases import CaseInput

    study, report = build_study(
        request["folder"],
        [CaseInput.from_dict(values) for values in request["cases"]],
        Design.from_dict(request["design"]),
        ImagePolicy.from_dict(request["images"]),
        passphrase,
        request["preset"],
        request["key"],
        request.get("secret"),
        request["accept_leaks"],
        lambda done, total, text: progress(text, 100 * (done + 1) / (total + 2)),
        Trust.from_dict(request.get("trust", {})),
    )
    return _findings(study, report)


def _check(request: dict, passphrase: str, progress: Tell) -> dict:
    from .key import unseal
    from .making.leaks import check_study
    from .study import Study

    study = Study.load(request["folder"])
    values = unseal(request["key"], passphrase, study.study_id)
    progress("Comparing the images with those that were made", 10)
    study.check_images()
    progress(f"Measuring {len(study.cases)} images", 40)
    return _findings(study, check_study(study, values))


def _findings(study, report) -> dict:
    return {
        "study_id": study.study_id,
        "cases": len(study.cases),
        "leaks": [leak.sentence for leak in report.leaks],
        "notes": list(report.notes),
    }


def _report(request: dict, passphrase: str, progress: Tell) -> dict:
    from .statistics.analysis import analyze_study
    from .study import Study

    study = Study.load(request["folder"])
    progress("Evaluating", 10)
    return _written(request, analyze_study(study, request["key"], passphrase, request.get("answers")), progress)


def _counts(request: dict, passphrase: str, progress: Tell) -> dict:
    from .design import Design
    from .statistics.analysis import analyze_counts
    from .statistics.ratings import counts_from_table

    path = Path(request["path"])
    counts = counts_from_table(path)
    progress("Evaluating", 10)
    return _written(request, analyze_counts(counts, Design(title=path.stem, margin=request["margin"])), progress)


def _sizes(request: dict, passphrase: str, progress: Tell) -> dict:
    from .statistics.proportions import sample_size_rows

    return {"rows": sample_size_rows(margin=request["margin"])}


def _written(request: dict, analysis, progress: Tell) -> dict:
    """The report with every export there are data for."""
    from .design import RATING
    from .report.export import analysis_json, write_exports, write_report
    from .report.html_page import warnings_of

    progress("Writing the report", 60)
    files = write_report(request["out"], analysis)
    if analysis.reads:
        progress("Writing the tables", 90)
        rated = any(read.arm == RATING for read in analysis.reads)
        files += write_exports(request["out"], analysis, ("csv", "json", "imrmc") if rated else ("csv", "json"))
    else:
        files += write_exports(request["out"], analysis, ("json",))
    values = json.loads(analysis_json(analysis))
    return {"files": [str(path) for path in files], "warnings": warnings_of(analysis), "analysis": values}


_TASKS = {
    "folder": _folder,
    "table": _table,
    "new": _new,
    "check": _check,
    "report": _report,
    "counts": _counts,
    "sizes": _sizes,
}


def main(request_path: str, answer_path: str) -> int:
    """See ``serving.serve``."""
    passphrase = os.environ.pop(PASSPHRASE_VARIABLE, "")
    return serve(lambda request, tell: perform(request, passphrase, tell), request_path, answer_path)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
