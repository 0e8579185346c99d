"""Results as files: CSV and JSON of every read, the report, and the formats of iMRMC (FDA, R package and program)."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from ... import __version__
from ...errors import InputError
from ...io.atomic import filling
from ..design import RATING, SYNTHETIC
from ..statistics.analysis import Analysis
from ..statistics.reads import Read
from .figures import figures
from .html_page import html, warnings_of
from .pdf_pages import pdf
from .wording import conclusions, methods

FORMATS = ("csv", "json", "imrmc")


def reads_csv(reads: Sequence[Read]) -> str:
    """One row per read; a mark in three columns."""
    names = [entry.name for entry in fields(Read) if entry.name != "mark_ras"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "correct", "mark_r", "mark_a", "mark_s"])
    for read in reads:
        correct = "" if read.correct is None else int(read.correct)
        writer.writerow([_plain(getattr(read, name)) for name in names] + [correct, *(read.mark_ras or ("", "", ""))])
    return text.getvalue()


def analysis_json(analysis: Analysis) -> str:
    """Design, tables, sentences and reads; numbers that do not exist are null."""
    values = {
        "schema": "synthetic-imaging-study-results/1",
        "version": __version__,
        "study_id": analysis.study_id,
        "design": analysis.design.to_dict(),
        "conclusions": conclusions(analysis),
        "methods": methods(analysis),
        "warnings": warnings_of(analysis),
        "tables": analysis.tables,
        "reads": [vars(read) for read in analysis.reads],
    }
    return json.dumps(_finite(values), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def imrmc_rows(reads: Sequence[Read]) -> list[tuple[str, str, str, float]]:
    """(readerID, caseID, modalityID, score) of first ratings, after one truth row per case (1: synthetic).

    A modality is a session, so that sessions can be compared.
    """
    reads = [read for read in reads if read.arm == RATING and not read.repeat]
    if not reads:
        raise InputError("iMRMC takes ratings, and this study has none; export CSV or JSON.")
    truths = {read.case: float(read.truth == SYNTHETIC) for read in reads}
    rows = [("truth", case, "truth", truth) for case, truth in sorted(truths.items())]
    return rows + [(read.reader, read.case, f"session{read.session}", read.score) for read in reads]


def imrmc_csv(reads: Sequence[Read]) -> str:
    """For the R package: ``doIMRMC(read.csv(file, stringsAsFactors = TRUE))``."""
    lines = ["readerID,caseID,modalityID,score", *(f"{r},{c},{m},{score:g}" for r, c, m, score in imrmc_rows(reads))]
    return "\n".join(lines) + "\n"


def imrmc_text(reads: Sequence[Read], title: str) -> str:
    """For the Java program (.imrmc): sizes, then the data; the reader of truth rows is -1."""
    rows = imrmc_rows(reads)
    truths = [score for reader, *_, score in rows if reader == "truth"]
    head = [
        " ".join(title.replace(":", " ").split()),
        f"N0:{truths.count(0.0)}",
        f"N1:{truths.count(1.0)}",
        f"NR:{len({reader for reader, *_ in rows} - {'truth'})}",
        f"NM:{len({modality for _, _, modality, _ in rows} - {'truth'})}",
        "BEGIN DATA:",
    ]
    data = [f"-1,{c},0,{s:g}" if reader == "truth" else f"{reader},{c},{m},{s:g}" for reader, c, m, s in rows]
    return "\n".join(head + data) + "\n"


def write_report(folder: str | Path, analysis: Analysis) -> list[Path]:
    """report.html and report.pdf into a folder, both or none."""
    drawn = figures(analysis)
    return _write(Path(folder).expanduser(), {"report.pdf": pdf(analysis, drawn), "report.html": html(analysis, drawn)})


def write_exports(folder: str | Path, analysis: Analysis, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Reads in the wanted formats into a folder, all or none: reads.csv, results.json, imrmc.csv and study.imrmc."""
    unknown = set(formats) - set(FORMATS)
    if unknown:
        raise InputError(f"There is no format {', '.join(sorted(unknown))}; choose of {', '.join(FORMATS)}.")
    texts: dict[str, str | bytes] = {}
    if "csv" in formats:
        texts["reads.csv"] = reads_csv(analysis.reads)
    if "imrmc" in formats:
        texts["imrmc.csv"] = imrmc_csv(analysis.reads)
        texts["study.imrmc"] = imrmc_text(analysis.reads, analysis.design.title)
    if "json" in formats:
        texts["results.json"] = analysis_json(analysis)
    return _write(Path(folder).expanduser(), texts)


def _write(folder: Path, files: dict[str, str | bytes]) -> list[Path]:
    with filling(folder, list(files)[-1]) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return [folder / name for name in files]


def _plain(value):
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _finite(value):
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
