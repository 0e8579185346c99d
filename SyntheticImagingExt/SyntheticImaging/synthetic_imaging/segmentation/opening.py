"""Which kind of model a path holds."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ..errors import InputError
from . import nnunet
from .archive import open_archive, reading
from .model import Model


def open_model(path: str | PathLike) -> Model:
    """A model from a folder or file: our package, an nnU-Net v2 export, a MONAI bundle or an ONNX file.

    InputError for anything else, for damaged files, and for models that need code of their own.
    """
    path = Path(path).expanduser()
    with reading(path.name):
        archive = open_archive(path)
        if nnunet.model_folders(archive):
            return nnunet.read(archive)
    raise InputError(f"'{path.name}' holds no model.")
