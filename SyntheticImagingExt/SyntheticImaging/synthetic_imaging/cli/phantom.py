"""``synthetic-imaging phantom``: bodies made of formulas, with the label of every voxel."""

from __future__ import annotations

import json
from pathlib import Path

from ..phantom.settings import Torso
from .options import Console, add_settings, add_verb, taken

_SUMMARY = """Make an anthropomorphic CT with its exact label map: ct.nrrd, labels.nrrd, and labels.json
with the name of every label and the landmarks in RAS. The labels also are organs for the
verb tumor: give it labels.nrrd, and as --organ-value the numbers that labels.json names
(the liver with the vessels inside it is: liver, portal vein, hepatic veins)."""
_EXAMPLE = """  synthetic-imaging phantom torso --seed 7 --out torso
  synthetic-imaging tumor torso/ct.nrrd torso/labels.nrrd --organ-value 38,39,40 --auto --out lesion"""


def add_to(verbs):
    parser = add_verb(verbs, "phantom", run, "make a CT of a body, with its exact labels", _SUMMARY, _EXAMPLE)
    parser.add_argument("body", choices=["torso"], help="which body")
    add_settings(parser, Torso)
    parser.add_argument(
        "--progress", action="store_true", help="print how far the work is, one JSON object a line, instead of words"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results; made where it is missing")


def run(options, console: Console) -> int:
    from ..io import write_volume
    from ..io.atomic import filling
    from ..phantom import LABELS_FILE, torso

    asked = taken(options, Torso())
    if not options.progress:
        console.stage(f"Making a torso from seed {asked.seed}")
    body = torso(**vars(asked), **({"on_progress": _progress} if options.progress else {}))
    if not options.progress:
        console.stage("Writing")
    out = Path(options.out).expanduser()
    with filling(out, LABELS_FILE) as folder:
        for name, volume in (("ct", body.ct), ("labels", body.labels)):
            write_volume(folder / f"{name}.nrrd", volume)
        (folder / LABELS_FILE).write_text(json.dumps(_names(body, asked.seed), indent=2), encoding="utf-8")
    console.result(f"ct.nrrd, labels.nrrd and labels.json are in '{out}'.")
    return 0


def _progress(stage: str, percent: float) -> None:
    print(json.dumps({"stage": stage, "percent": round(percent, 1)}), flush=True)


def _names(body, seed: int) -> dict:
    landmarks = {name: [float(x) for x in point] for name, point in body.landmarks.items()}
    labels = {str(value): name for value, name in sorted(body.label_names.items())}
    return {"phantom": "torso", "seed": seed, "labels": labels, "landmarks_ras_mm": landmarks}
