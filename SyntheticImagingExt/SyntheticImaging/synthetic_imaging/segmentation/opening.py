"""Which kind of model a path holds."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ..errors import InputError
from . import bundle, nnunet, onnx_file, package
from .archive import open_archive, reading
from .model import Model


def open_model(path: str | PathLike) -> Model:
    """A model from a folder or file: our package, an nnU-Net v2 export, a MONAI bundle or an ONNX file.

    InputError for anything else, for damaged files, and for models that need code of their own.
    """
    path = Path(path).expanduser()
    with reading(path.name):
        if path.suffix.lower() == ".onnx":
            return onnx_file.read(path)
        archive = open_archive(path)
        for kind, read in _KINDS:
            if kind(archive):
                return read(archive)
    raise InputError(
        f"'{path.name}' holds no model that can be read: neither a package (package.json), nor an nnU-Net export "
        "(plans.json), nor a MONAI bundle (configs/metadata.json). Choose the folder or zip of one."
    )


def verify_package(path: str | PathLike) -> float:
    """Runs the test of a package; see ``package.verify``."""
    path = Path(path).expanduser()
    with reading(path.name):
        return package.verify(open_archive(path))


_KINDS = (
    (package.is_package, package.read),
    (nnunet.model_folders, nnunet.read),
    (bundle.is_bundle, bundle.read),
)
