"""The record of a synthetic CT: what was put where, into what, by which program; and its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..cores import pool
from ..errors import InputError
from ..io import mark_synthetic, write_volume
from ..io.atomic import filling
from ..steps import finished
from ..volume import Volume
from .composition import Composition
from .dicom import SEGMENTATIONS, SERIES, Result, save_dicom
from .lesion import Lesion
from .placement import Case

SCHEMA = "synthetic-imaging-lesions/1"
NOTICE = "Synthetic lesions inserted by software; not for clinical use."
IMAGES, RECORD = ("ct.nrrd", "labels.nrrd", "instances.nrrd"), "lesions.json"
"""The files of a result, and the one that says that it is whole."""

_TICK_S = 0.02


def digest(values: np.ndarray) -> str:
    """SHA-256 of an array's voxels."""
    return hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()


def record(case: Case, lesions: Sequence[Lesion], measures: Sequence[dict] = ()) -> dict:
    """Everything needed to make the same CT again, ready for JSON.

    measures: what each lesion became (``Composition.measure``), stored beside it.
    """
    entries = [
        {"lesion": lesion.to_dict(), **({"measured": measures[index]} if index < len(measures) else {})}
        for index, lesion in enumerate(lesions)
    ]
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "version": __version__,
        "organ": case.organ_name,
        "organ_mean_hu": case.organ_mean_hu,
        "noise_std_hu": case.noise_std_hu,
        "ct_shape_kji": list(case.ct.shape),
        "ct_ijk_to_ras": case.ct.ijk_to_ras.tolist(),
        "ct_sha256": case.ct_sha256,
        "organ_sha256": digest(case.organ_mask),
        "vessels_sha256": digest(case.vessel_mask),
        "lesions": entries,
    }


def lesions_of(text: str) -> list[Lesion]:
    """The lesions of a record; InputError when the text is not one."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"This is not a lesion record: line {error.lineno} is not valid JSON.") from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        raise InputError(f'This is not a lesion record of this version; it needs "schema": "{SCHEMA}".')
    entries = values.get("lesions")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "lesion" in entry for entry in entries):
        raise InputError("The lesion record holds no list of lesions; it was cut off or edited by hand.")
    return [Lesion.from_dict(entry["lesion"]) for entry in entries]


def text_of(case: Case, lesions: Sequence[Lesion], measures: Sequence[dict] = ()) -> str:
    return _text(record(case, lesions, measures))


def _text(values: dict) -> str:
    return json.dumps(values, indent=2, allow_nan=False)


def files_of(folder: str | Path) -> dict[str, str]:
    """The files of the result in a folder, by their paths in it, and their SHA-256; empty where no record names any."""
    try:
        text = (Path(folder) / RECORD).read_text(encoding="utf-8")
        lesions_of(text)
        return {str(name): str(sha256) for name, sha256 in json.loads(text).get("files", {}).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def is_whole(folder: str | Path) -> bool:
    """Whether a folder holds a result of ``save``, with the very files that its record names."""
    files = files_of(folder)
    try:
        return {*IMAGES} <= {*files} and all(_file_digest(Path(folder) / name) == files[name] for name in files)
    except OSError:
        return False


def has_series(folder: str | Path) -> bool:
    """Whether the result in a folder has a DICOM series."""
    return any(name.startswith(f"{SERIES}/") for name in files_of(folder))


def _digests(folder: Path, path: Path) -> dict[str, str]:
    """Those of a file, or of all files in a folder, by their paths within ``folder``."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file.relative_to(folder).as_posix(): _file_digest(file) for file in files}


def _file_digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save(folder: str | Path, composition: Composition, dicom: bool = False) -> dict[str, Path]:
    """Write ct.nrrd, labels.nrrd (0/1/2), instances.nrrd and lesions.json; returns their paths.

    dicom: with the CT as a DICOM series in a folder, and labels and single lesions as segmentations of it.

    All are written in full before the first takes its place, the record last, with the SHA-256 of the others
    (see ``is_whole``): a folder with a record is complete, and a full disk leaves what was there. InputError where
    the DICOM series of an older result would stay beside a new one that has none.
    """
    return finished(save_steps(folder, composition, dicom))


def save_steps(
    folder: str | Path, composition: Composition, dicom: bool = False, header: Mapping[str, str] | None = None
) -> Generator[tuple[str, float], None, dict[str, Path]]:
    """``save`` for a window that must stay alive: yields (stage, percent) often, returns the paths.

    The composition may change meanwhile; what is written is what it was. Closing the generator cancels, and leaves
    the disk as it was. header: of the patient's DICOM images, see ``dicom.save_dicom``.
    """
    folder = Path(folder)
    if not dicom and (folder / SERIES).exists() and has_series(folder):
        raise InputError(
            f"'{folder / SERIES}' belongs to the result that would be replaced; choose another folder, or write DICOM "
            "this time too."
        )
    lesions = composition.lesions
    values = record(composition.case, lesions, [composition.measure(index) for index in range(len(lesions))])
    kind = f"{len(lesions)} synthetic {composition.case.organ_name} lesion{'' if len(lesions) == 1 else 's'}"
    arrays = {name: array.copy() for name, array in zip(IMAGES, _arrays(composition), strict=True)}
    paths = {Path(name).stem: folder / name for name in (*IMAGES, RECORD)}
    with filling(folder, RECORD, SEGMENTATIONS) as temporary:
        share = 100 / (len(arrays) + (len(arrays) if dicom else 0))
        for number, (name, array) in enumerate(arrays.items()):
            volume = mark_synthetic(composition.case.ct.like(array), kind)
            job = pool.submit(_written, temporary / name, volume)
            digested = yield from _waited(job, f"Writing {name}", share * number)
            values.setdefault("files", {})[name] = digested
        if dicom:
            result = Result(composition.case, lesions, *arrays.values())
            written = yield from _waited(pool.submit(save_dicom, temporary, result, header), "Writing DICOM", 50)
            paths |= {Path(name).name: folder / name for name in written}
            for name in written:
                values["files"] |= _digests(temporary, temporary / name)
        (temporary / RECORD).write_text(_text(values), encoding="utf-8")
    return paths


def _waited(job: Future, stage: str, percent: float) -> Generator[tuple[str, float], None, Any]:
    try:
        while not job.done():
            yield stage, percent
            wait([job], timeout=_TICK_S)
    finally:
        wait([job])  # a canceled write must be over before its folder goes
    return job.result()


def _arrays(composition: Composition) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return composition.hu, composition.labels, composition.instances


def _written(path: Path, volume: Volume) -> str:
    """Write a volume; returns the digest of its file."""
    return _file_digest(write_volume(path, volume))
