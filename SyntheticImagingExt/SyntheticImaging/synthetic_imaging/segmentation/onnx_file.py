"""A single ONNX file with its description beside it: NAME.onnx and NAME.json, in the format of our packages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from .archive import Archive
from .checks import Given
from .model import Model
from .package import ONNX, read_described


class Pair(Archive):
    """The two files; others in their folder do not belong to them."""

    is_shared = True

    def _bytes(self, name: str) -> bytes:
        return (self.path.parent / name).read_bytes()


def read(path: Path) -> Model:
    """The model of an ONNX file; InputError where its description is missing or is not of this file."""
    description = path.with_suffix(".json")
    if not path.is_file():
        raise InputError(f"'{path}' does not exist; check the path for typing errors.")
    if not description.is_file():
        raise InputError(
            f"'{path.name}' has no description '{description.name}' beside it, which says what goes in and what comes "
            "out; get it from where the model is from, or write one (format 'synthetic-imaging-model')."
        )
    pair = Pair(path, {one.name: one.stat().st_size for one in (path, description)})
    given = Given(pair.json(description.name), description.name)
    model = read_described(pair, given)
    if given["network"]["name"].value != ONNX or given["network"]["weights"].value != path.name:
        raise InputError(f"'{description.name}' does not describe '{path.name}'; choose the file that it names.")
    model.card = replace(model.card, kind="onnx")
    return model
