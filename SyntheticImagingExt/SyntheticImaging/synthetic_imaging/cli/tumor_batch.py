"""``synthetic-imaging tumor-batch``: lesions into every CT of a folder, resumable."""

from __future__ import annotations

import hashlib
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..tumor.plans import Plan
from .batches import Batch
from .options import Console, add_lesion_options, add_verb, taken

_SUMMARY = """Put synthetic lesions into every CT of a folder, at places that are found. Each case gets
a folder with the files of the verb tumor, and a seed of its own that follows from --seed and
its name. Run the same command again to resume: complete cases are skipped. A case that
fails does not stop the others; it is listed at the end, and the exit status is 1."""
_EXAMPLE = """  synthetic-imaging tumor-batch cts livers --level mix --seed 1 --out synthetic
  (cts/a.nii.gz goes with livers/a.nii.gz; cts/b_0000.nrrd with livers/b.nrrd; the folder cts/c/, a DICOM
  series, with livers/c.nrrd)"""
_KEPT = ("contrast_hu", "without", "organ_value", "dicom", "series")
_CHANNEL, _DICOM = "_0000", ".dcm"
_SETTINGS = "batch.json"


def add_to(verbs):
    parser = add_verb(verbs, "tumor-batch", run, "the same for a folder of CTs", _SUMMARY, _EXAMPLE)
    parser.add_argument("cts", metavar="CTS", help="folder of CT files, or of folders with one DICOM series each")
    parser.add_argument(
        "organs", metavar="ORGANS", help="folder of label volumes, or DICOM segmentations, with the same names"
    )
    add_lesion_options(parser)


@dataclass(frozen=True)
class Entry:
    """One CT of the folder and its organ, None where there is none."""

    name: str
    ct: Path
    organ: Path | None


def run(options, console: Console) -> int:
    from tqdm import tqdm

    from . import cases, results

    cases.check_options(options)
    entries = {
        entry.name: entry for entry in entries_of(Path(options.cts).expanduser(), Path(options.organs).expanduser())
    }
    out = Path(options.out).expanduser()
    batch = Batch(out, "case", _SETTINGS, console)
    plan = taken(options, Plan())
    batch.begin({**plan.to_dict(), **{name: getattr(options, name) for name in _KEPT}}, _present)
    failures: dict[str, str] = {}
    for name in batch.waiting(entries, lambda name: results.is_complete(out / name, options.dicom)):
        with warnings.catch_warnings(record=True) as notes:
            problem = _attempt(entries[name], out / name, options)
        for note in notes:
            tqdm.write(f"synthetic-imaging: {name}: warning: {note.message}", file=sys.stderr)
        if problem:
            failures[name] = problem
    return batch.end(entries, failures, lambda name: (out / name / results.RECORD).is_file())


def _present(record: dict) -> dict:
    """A record of version 0.1 left out what was not given, and had other names; later ones had no series."""
    plan = {name: value for name, value in record.items() if name not in _KEPT and value is not None}
    return {
        "series": None,
        **Plan.from_dict(plan).to_dict(),
        **{name: record[name] for name in _KEPT if name in record},
    }


def entries_of(cts: Path, organs: Path) -> list[Entry]:
    """The CTs of a folder by name, each with the label volume of the same name."""
    for folder in (cts, organs):
        if not folder.is_dir():
            raise InputError(f"'{folder}' is not a folder; for a single CT use: synthetic-imaging tumor.")
    if cts.resolve() == organs.resolve():
        raise InputError("CTs and organs must lie in two folders, for they go together by their names.")
    found, masks = _by_name(cts), _by_name(organs, also=_DICOM)
    if not found:
        raise InputError(f"'{cts}' holds no CT: no NRRD, NIfTI or MetaImage file and no folder.")
    entries = [
        Entry(name, path, masks.get(name, masks.get(name.removesuffix(_CHANNEL)))) for name, path in found.items()
    ]
    if not any(entry.organ for entry in entries):
        raise InputError(
            f"No file of '{organs}' is named like a CT of '{cts}'; the organ of '{entries[0].ct.name}' should be "
            f"called, for instance, '{entries[0].name}.nrrd'."
        )
    return entries


def seed_of(seed: int, name: str) -> int:
    """A case's own seed: the same for the same name, whatever else lies in the folder."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:4], "big") >> 1


def _by_name(folder: Path, also: str = "") -> dict[str, Path]:
    """Image files, folders, and files that end in ``also``."""
    from ..io.files import suffix_of

    named: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        ending = also if also and path.name.lower().endswith(also) else None
        suffix = "" if path.is_dir() else suffix_of(path) or ending
        if suffix is None or path.name.startswith("."):
            continue
        name = path.name[: len(path.name) - len(suffix)]
        if name in named:
            raise InputError(f"'{named[name].name}' and '{path.name}' in '{folder}' have the same name; keep one.")
        named[name] = path
    return named


def _attempt(entry: Entry, out: Path, options) -> str | None:
    """Make one case; returns what went wrong, if anything."""
    import argparse

    from . import cases, results

    silent = Console(quiet=True)
    mine = argparse.Namespace(**{**vars(options), "seed": seed_of(options.seed or 0, entry.name)})
    try:
        if entry.organ is None:
            raise InputError(f"has no organ; add '{entry.name}.nrrd' to '{options.organs}'.")
        results.refuse_target(out, [""], [entry.ct, entry.organ])  # an incomplete case is replaced, its series too
        case = cases.read_case(mine, entry.ct, entry.organ, silent)
        results.write(out, case, {"": cases.lesions_of(case, mine)}, mine)
    except InputError as error:
        return str(error)
    except Exception as error:
        if getattr(options, "debug", False):
            raise
        return f"unexpected {type(error).__name__}: {error}. Add --debug to stop at such an error and see where it is."
    return None
