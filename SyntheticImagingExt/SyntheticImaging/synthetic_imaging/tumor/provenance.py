"""The record of a synthetic CT: what was put where, into what, by which program; and its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Sequence
from concurrent.futures import wait
from pathlib import Path

import numpy as np

from .. import __version__
from ..cores import pool
from ..errors import InputError
from ..io import mark_synthetic, write_volume
from ..io.atomic import publish, staging
from ..steps import finished
from .composition import Composition
from .lesion import Lesion
from .placement import Case

SCHEMA = "synthetic-imaging-lesions/1"
NOTICE = "Synthetic lesions inserted by software; not for clinical use."


_TICK_S = 0.02


def digest(values: np.ndarray) -> str:
    """SHA-256 of an array's voxels."""
    return hashlib.sha256(np.ascontiguousarray(values)).hexdigest()


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
    return json.dumps(record(case, lesions, measures), indent=2, allow_nan=False)


def save(folder: str | Path, composition: Composition) -> dict[str, Path]:
    """Write ct.nrrd, labels.nrrd (0/1/2), instances.nrrd and lesions.json; returns their paths.

    All four are written in full before the first takes its place, the record last: a folder with a
    record is complete, and a full disk leaves what was there.
    """
    return finished(save_steps(folder, composition))


def save_steps(folder: str | Path, composition: Composition) -> Generator[tuple[str, float], None, dict[str, Path]]:
    """``save`` for a window that must stay alive: yields (stage, percent) often, returns the paths.

    The composition may change meanwhile; what is written is what it was. Closing the generator cancels, and leaves
    the disk as it was.
    """
    folder = Path(folder)
    lesions = composition.lesions
    text = text_of(composition.case, lesions, [composition.measure(index) for index in range(len(lesions))])
    kind = f"{len(lesions)} synthetic {composition.case.organ_name} lesion{'' if len(lesions) == 1 else 's'}"
    arrays = {"ct": composition.hu, "labels": composition.labels, "instances": composition.instances}
    arrays = {name: array.copy() for name, array in arrays.items()}
    paths = {name: folder / f"{name}.nrrd" for name in arrays} | {"lesions": folder / "lesions.json"}
    with staging(paths["lesions"]) as temporary:
        for number, (name, array) in enumerate(arrays.items()):
            volume = mark_synthetic(composition.case.ct.like(array), kind)
            job = pool.submit(write_volume, temporary / paths[name].name, volume)
            try:
                while not job.done():
                    yield f"Writing {paths[name].name}", 100 * number / len(arrays)
                    wait([job], timeout=_TICK_S)
            finally:
                wait([job])  # a canceled write must be over before its folder goes
            job.result()
        (temporary / paths["lesions"].name).write_text(text, encoding="utf-8")
        publish(temporary, paths["lesions"])
    return paths
