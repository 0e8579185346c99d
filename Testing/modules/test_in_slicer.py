"""The tests that run inside Slicer (class <Module>Test of each module file) pass in the stand-in as well."""

import importlib
from pathlib import Path

import pytest

pytestmark = pytest.mark.gui

EXTENSION = Path(__file__).resolve().parents[2] / "SyntheticImagingExt"
MODULES = [folder.name for folder in sorted(EXTENSION.iterdir()) if (folder / f"{folder.name}.py").exists()]


@pytest.mark.parametrize("name", MODULES)
def test_module_test(host, name):
    getattr(importlib.import_module(name), f"{name}Test")().runTest()
    assert not [text for level, text in host.shownMessages if level == "error"]
