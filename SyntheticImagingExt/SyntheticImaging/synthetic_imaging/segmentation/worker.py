"""What a window hands to a process of its own: models looked at, fetched and run, segmentations measured.

``python -m synthetic_imaging.segmentation.worker REQUEST ANSWER``: see ``serving.serve``. Arrays are files .npy.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..serving import Tell, serve
from ..volume import Volume
from .catalog import Catalog, find_model, fingerprint
from .progress import Progress
from .settings import Settings

if TYPE_CHECKING:
    from .catalog import Entry
    from .model import Model


def perform(request: dict, tell: Tell = lambda stage, percent: None) -> dict:
    """Carry out a request and return its answer, both of plain values; InputError as from the task itself.

    request["task"]:
    "describe": model -> card, channels, modalities, labels. "import": path, id -> entry and the same. "download": model
    (id or address), agreed -> entry and the same. A model is an id of the catalog, or the path of a folder or file.
    "segment": model, images (channels: path of an array (K, J, I)), metadata (of each), ijk_to_ras, settings, steps
    (see ``postprocessing``), own_steps (those of the model's description, first), within (path of a mask, or None),
    out -> card, sha256 (of the model's file), labels, notes (sentences); the labels' array is in the file ``out``.
    "evaluate": layers (prediction and reference: paths of label arrays; names: by value), ijk_to_ras, measures,
    lesions (names) -> tables, see ``evaluation.tables``.
    "write_dicom": labels (path of an array), ijk_to_ras, files (the DICOM images), segments (fields of
    ``io.dicom.segmentation_writing.Segment``), description, out -> path.
    """
    return _TASKS[request["task"]](request, tell)


def _describe(request: dict, tell: Tell) -> dict:
    tell("Reading the model", 30)
    return _described(find_model(request["model"]))


def _described(model: Model) -> dict:
    return {
        "card": asdict(model.card),
        "channels": list(model.inputs),
        "modalities": list(model.recipe.modalities),
        "labels": [asdict(label) for label in model.labels],
    }


def _import(request: dict, tell: Tell) -> dict:
    tell("Reading the model", 10)
    return _came(Catalog().import_file(request["path"], request["id"]))


def _download(request: dict, tell: Tell) -> dict:
    entry, _ = _followed(Catalog().download(request["model"], request["agreed"]), tell)
    return _came(entry)


def _came(entry: Entry) -> dict:
    return {"entry": asdict(entry), **_described(Catalog().open(entry.id))}


def _segment(request: dict, tell: Tell) -> dict:
    from .postprocessing import steps_from
    from .processing import segmented

    tell("Reading the model", 2)
    model = find_model(request["model"])
    matrix = np.array(request["ijk_to_ras"])
    said = request.get("metadata") or [{}] * len(request["images"])
    images = [_volume(path, matrix, told) for path, told in zip(request["images"], said, strict=True)]
    within = _volume(request["within"], matrix) if request["within"] else None
    settings, steps = Settings.from_dict(request["settings"]), steps_from(request["steps"])
    labels, notes = _followed(segmented(model, images, settings, within, steps, request["own_steps"]), tell)
    np.save(request["out"], labels.numpy())
    return {
        "card": asdict(model.card),
        "sha256": fingerprint(request["model"]),
        "labels": [asdict(label) for label in model.labels],
        "notes": notes,
    }


def _evaluate(request: dict, tell: Tell) -> dict:
    from .. import evaluation

    measures, matrix = evaluation.Measures.from_dict(request["measures"]), np.array(request["ijk_to_ras"])
    scores, lesions = [], []
    for index, layer in enumerate(request["layers"]):
        tell("Measuring", 5 + 90 * index / len(request["layers"]))
        names = {int(value): name for value, name in layer["names"].items()}
        asked = [value for value, name in names.items() if name in request["lesions"]]
        sides = (_volume(layer[side], matrix) for side in ("prediction", "reference"))
        found = evaluation.compare(*sides, measures, prediction_names=names, reference_names=names, lesions=asked)
        scores += found.scores
        lesions += found.lesions
    comparison = evaluation.Comparison(tuple(scores), tuple(lesions))
    return {"tables": evaluation.tables({request["case"]: comparison}, measures)}


def _write_dicom(request: dict, tell: Tell) -> dict:
    from pathlib import Path

    from ..io.dicom.segmentation_writing import Segment, refuse_other_grid, write_segmentation
    from ..io.dicom.series import slices_of

    tell("Reading the DICOM images", 10)
    slices = slices_of([Path(file) for file in request["files"]])
    labels = _volume(request["labels"], np.array(request["ijk_to_ras"]))
    refuse_other_grid(labels, slices)
    tell("Writing the segmentation", 40)
    segments = [Segment(**{name: _frozen(value) for name, value in part.items()}) for part in request["segments"]]
    return {"path": str(write_segmentation(request["out"], labels, slices, segments, request["description"]))}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _volume(path: str, matrix: np.ndarray, metadata: dict[str, str] | None = None) -> Volume:
    return Volume.from_numpy(np.load(path), matrix, metadata)


def _followed(steps: Generator[Progress, None, Any], tell: Tell) -> tuple[Any, list[str]]:
    """What work returns, and what it noted; how far it is is told in words with the time that is left."""
    notes: list[str] = []
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value, notes
        if step.note and step.note not in notes:
            notes.append(step.note)
            print(step.note, flush=True)
        left = "" if step.seconds_left is None else f", {_duration(step.seconds_left)} left"
        tell(f"{step.stage}{left}", 100 * step.fraction)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


_TASKS = {
    "describe": _describe,
    "import": _import,
    "download": _download,
    "segment": _segment,
    "evaluate": _evaluate,
    "write_dicom": _write_dicom,
}


if __name__ == "__main__":
    sys.exit(serve(perform, *sys.argv[1:]))
