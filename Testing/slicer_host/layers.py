"""Slicer's own Python layers in place of the host's stand-ins, where SLICER_PYTHON names the folder that holds them.

It is Base/Python of Slicer's sources, with slicer/parameterNodeWrapper in it. Nothing of it belongs to this repository.
"""

import importlib
import os
import pathlib
import sys

import slicer

from . import packaging

VARIABLE = "SLICER_PYTHON"
_LAYERS = ("util", "i18n", "packaging", "parameterNodeWrapper", "ScriptedLoadableModule")


def folder():
    """The folder, or None; ValueError when what the variable names has no such layers."""
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = pathlib.Path(named)
    if not (path / "slicer" / "parameterNodeWrapper").is_dir():
        raise ValueError(f"{VARIABLE} is {path}, which has no slicer/parameterNodeWrapper")
    return path


def install(path):
    """Import the layers under their names. Only what would install packages is still the host's."""
    slicer.__path__.insert(0, str(path / "slicer"))
    for name in _LAYERS:
        sys.modules.pop(f"slicer.{name}", None)
        setattr(slicer, name, importlib.import_module(f"slicer.{name}"))
    for name in ("installed", "pip_install", "pip_uninstall"):
        setattr(slicer.packaging, name, getattr(packaging, name))
