"""``synthetic-imaging models``: the segmenters that are known, and those on this computer."""

from __future__ import annotations

import json
from dataclasses import asdict

from .options import Console, add_verb
from .progress import add_progress, followed

_SUMMARY = """List, show, import, download and remove the models of the verb segment. They lie in a folder of
yours, by default .synthetic-imaging/models in your home; the environment variable
SYNTHETIC_IMAGING_MODELS names another one."""
_EXAMPLE = """  synthetic-imaging models list
  synthetic-imaging models download totalsegmentator-total-3mm
  synthetic-imaging models import exported_model.zip"""


def add_to(verbs):
    parser = add_verb(verbs, "models", None, "segmenters: list, import, download, remove", _SUMMARY, _EXAMPLE)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listed = add_verb(actions, "list", run_list, "list the models", "List all models; * is on this computer.",
                      "  synthetic-imaging models list")  # fmt: skip
    listed.add_argument("--json", action="store_true", help="all that is known of them, as JSON")
    shown = add_verb(actions, "show", run_show, "what a model is", "Show what a model finds, its license and limits.",
                     "  synthetic-imaging models show totalsegmentator-organs")  # fmt: skip
    shown.add_argument("model", metavar="ID", help="id of the model")
    taken = add_verb(actions, "import", run_import, "take a model from a file",
                     "Import a package, an nnU-Net export, a MONAI bundle or an ONNX file with its description.",
                     "  synthetic-imaging models import exported_model.zip")  # fmt: skip
    taken.add_argument("file", metavar="PATH", help="zip, folder or .onnx file")
    taken.add_argument("--id", default="", metavar="ID", help="what to call it (default: by its own name)")
    loaded = add_verb(actions, "download", run_download, "load a model from its publisher",
                      "Download a model of the list, or from an address; goes on where it broke off.",
                      "  synthetic-imaging models download totalsegmentator-total-3mm")  # fmt: skip
    loaded.add_argument("model", metavar="ID|URL", help="id of the model, or an https address")
    loaded.add_argument("--agree", action="store_true", help="agree to a license that forbids commercial use")
    add_progress(loaded)
    removed = add_verb(actions, "remove", run_remove, "delete a model", "Delete a model from this computer.",
                       "  synthetic-imaging models remove totalsegmentator-total-3mm")  # fmt: skip
    removed.add_argument("model", metavar="ID", help="id of the model")


def _catalog():
    from ..segmentation.catalog import Catalog

    return Catalog()


def run_list(options, console: Console) -> int:
    entries = _catalog().entries()
    if options.json:
        print(json.dumps([asdict(entry) for entry in entries], indent=1))
        return 0
    for entry in entries:
        terms = "" if entry.commercial else "  (not for commercial use)"
        size = f"{entry.bytes / 1e6:6,.0f} MB" if entry.bytes else " " * 9
        print(f"{'*' if entry.installed else ' '} {entry.id:44} {entry.modality:3} {size}  {entry.name}{terms}")
    return 0


def run_show(options, console: Console) -> int:
    catalog = _catalog()
    entry = catalog.entry(options.model)
    lines = {
        "id": entry.id, "name": entry.name, "kind": entry.kind, "takes": entry.modality,
        "finds": ", ".join(entry.structures), "license": " ".join(filter(None, (entry.license, entry.license_url))),
        "commercial use": "allowed" if entry.commercial else "not allowed", "note": entry.note, "from": entry.url,
        "on this computer": f"{catalog.size_bytes(entry.id) / 1e6:,.0f} MB" if entry.installed else "no",
    }  # fmt: skip
    if entry.installed:
        card = catalog.open(entry.id).card
        measured = (f"{metric['name']} {metric['value']:g} ({metric.get('data', '')})" for metric in card.metrics)
        lines |= {"version": card.version, "intended use": card.intended_use, "limits": " ".join(card.limits),
                  "measured": "; ".join(measured)}  # fmt: skip
    for name, text in lines.items():
        if text:
            print(f"{name:17} {text}")
    return 0


def run_import(options, console: Console) -> int:
    entry = _catalog().import_file(options.file, options.id)
    console.result(f"{entry.id} is on this computer: {entry.name}.")
    return 0


def run_download(options, console: Console) -> int:
    entry = followed(_catalog().download(options.model, options.agree), options, console)
    console.result(f"{entry.id} is on this computer: {entry.name}, {entry.bytes / 1e6:,.0f} MB.")
    return 0


def run_remove(options, console: Console) -> int:
    freed = _catalog().remove(options.model)
    console.result(f"{options.model} is gone; {freed / 1e6:,.0f} MB became free.")
    return 0
