"""``synthetic-imaging phantom``: bodies made of formulas, with the label of every voxel."""

from __future__ import annotations

import json
from pathlib import Path

from .options import Console, add_verb, integers, natural, number, triple

_SUMMARY = """Make an anthropomorphic CT with its exact label map: ct.nrrd, labels.nrrd, and labels.json
with the name of every label and the landmarks in RAS. The labels also are organs for the
verb tumor: give it labels.nrrd, and as --organ-value the numbers that labels.json names
(the liver with the vessels inside it is: liver, portal vein, hepatic veins)."""
_EXAMPLE = """  synthetic-imaging phantom torso --seed 7 --out torso
  synthetic-imaging tumor torso/ct.nrrd torso/labels.nrrd --organ-value 38,39,40 --auto --out lesion"""


def add_to(verbs):
    parser = add_verb(verbs, "phantom", run, "make a CT of a body, with its exact labels", _SUMMARY, _EXAMPLE)
    parser.add_argument("body", choices=["torso"], help="which body")
    parser.add_argument("--seed", type=natural, default=0, metavar="S", help="of the anatomy and the noise (default 0)")
    parser.add_argument("--shape", type=integers, metavar="K,J,I", help="voxels: slices, rows, columns")
    parser.add_argument("--spacing-mm", type=triple, metavar="I,J,K", help="voxel size along columns, rows and slices")
    parser.add_argument("--noise-hu", type=number, metavar="SD", help="standard deviation of the scanner's noise")
    parser.add_argument(
        "--progress", action="store_true", help="print how far the work is, one JSON object a line, instead of words"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results; made where it is missing")


def run(options, console: Console) -> int:
    from ..io import write_volume
    from ..io.atomic import publish, staging
    from ..phantom import LABELS_FILE, torso

    given = {name: getattr(options, name) for name in ("shape", "spacing_mm", "noise_hu")}
    given = {name: value for name, value in given.items() if value is not None}
    if options.progress:
        given["on_progress"] = _progress
    else:
        console.stage(f"Making a torso from seed {options.seed}")
    body = torso(seed=options.seed, **given)
    if not options.progress:
        console.stage("Writing")
    target = Path(options.out).expanduser() / LABELS_FILE
    with staging(target) as folder:
        for name, volume in (("ct", body.ct), ("labels", body.labels)):
            write_volume(folder / f"{name}.nrrd", volume)
        (folder / target.name).write_text(json.dumps(_names(body, options.seed), indent=2), encoding="utf-8")
        publish(folder, target)
    console.result(f"ct.nrrd, labels.nrrd and labels.json are in '{target.parent}'.")
    return 0


def _progress(stage: str, percent: float) -> None:
    print(json.dumps({"stage": stage, "percent": round(percent, 1)}), flush=True)


def _names(body, seed: int) -> dict:
    landmarks = {name: [float(x) for x in point] for name, point in body.landmarks.items()}
    labels = {str(value): name for value, name in sorted(body.label_names.items())}
    return {"phantom": "torso", "seed": seed, "labels": labels, "landmarks_ras_mm": landmarks}
