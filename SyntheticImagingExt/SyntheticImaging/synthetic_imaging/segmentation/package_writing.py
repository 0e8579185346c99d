"""Making a package: weights, recipe and card into a folder or zip that ``package.read`` takes."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import torch

from .. import __version__
from ..errors import InputError
from ..io.atomic import publish, staging
from ..steps import finished
from ..volume import Volume
from .archive import open_archive
from .checks import Given
from .describing import recipe_to_dict
from .model import Card
from .package import DESCRIPTION, FORMAT, ONNX, VERSION, read_described
from .recipe import Recipe
from .settings import Settings
from .weights import save_safetensors

TEST_FILE, WEIGHTS_FILE, ONNX_FILE = "test.safetensors", "weights.safetensors", "model.onnx"
_STAMP = (1980, 1, 1, 0, 0, 0)
"""Of every member, so that the same package has the same bytes."""


def write_package(path: str | PathLike, card: Card, recipe: Recipe, *, network: str,
                  weights: Mapping[str, torch.Tensor] | bytes, arguments: Mapping | None = None,
                  test: Sequence[Volume]) -> Path:  # fmt: skip
    """Write a zip with a model, read it back and run its test; nothing is left behind where that fails.

    card: its id, version, name, intended use, limits, licenses, metrics and provenance are published.
    network: a name from ``networks.ALLOWED`` with its arguments and a state dict as weights, or "ONNX" with the bytes
    of a file. test: tiny images; the labels that the model gives for them now are those that are expected later.
    """
    path = Path(path).expanduser()
    if path.suffix != ".zip":
        raise InputError(f"'{path.name}' does not end in .zip; a package is written as a zip.")
    file = ONNX_FILE if network == ONNX else WEIGHTS_FILE
    files = {file: weights if isinstance(weights, bytes) else save_safetensors(weights)}
    description = {
        "format": FORMAT,
        "format_version": VERSION,
        "id": card.id,
        "version": card.version,
        "name": card.name,
        "task": "segmentation",
        "summary": card.summary,
        "network": {"name": network, "arguments": dict(arguments or {}), "weights": file},
        **recipe_to_dict(recipe),
        "postprocessing": [dict(step) for step in card.postprocessing],
        "metrics": [dict(metric) for metric in card.metrics],
        "provenance": {"software": f"synthetic-imaging {__version__}", **card.provenance},
        "licenses": dict(card.licenses),
        "intended_use": card.intended_use,
        "limits": list(card.limits),
        "test": {"file": TEST_FILE},
    }
    with staging(path) as folder:
        temporary = folder / path.name
        _write(temporary, description, files)
        files[TEST_FILE] = _test(temporary, description, files, test)
        _write(temporary, description, files)
        publish(folder, path)
    return path


def _write(path: Path, description: dict, files: Mapping[str, bytes]) -> None:
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}
    text = json.dumps({**description, "files": listed}, indent=1).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {DESCRIPTION: text, **files}.items():
            archive.writestr(zipfile.ZipInfo(name, _STAMP), data, zipfile.ZIP_DEFLATED)


def _test(path: Path, description: dict, files: Mapping[str, bytes], volumes: Sequence[Volume]) -> bytes:
    archive = open_archive(path)
    model = read_described(archive, Given(archive.json(DESCRIPTION), DESCRIPTION))
    labels = finished(model.segment(volumes, Settings(device="cpu")))
    tensors = {
        "images": torch.stack([volume.data for volume in volumes]),
        "labels": labels.data,
        "ijk_to_ras": torch.from_numpy(volumes[0].ijk_to_ras),
    }
    return save_safetensors(tensors)
