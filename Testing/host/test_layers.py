"""Slicer's own tests of its Python layers, run over the host where SLICER_PYTHON names the layers."""

import importlib.util
import sys
import unittest

import pytest
from slicer_host import layers

pytestmark = pytest.mark.gui

FILES = {
    "test_slicer_parameter_node_wrapper": (),
    "test_slicer_parameter_node_wrapper_guis": (
        "test_ctkColorPickerButtonToQColor",  # a number for an enumeration
        "test_qMRMLSubjectHierarchyComboBox",  # widgets that no module here binds
        "test_qMRMLSubjectHierarchyTreeViewToNode",
    ),
    "test_slicer_parameter_node_wrapper_gui_creation": (),
    "test_slicer_parameter_pack": (),
    "test_slicer_util_VTKObservationMixin": (),
    "test_slicer_util_childWidgetVariables": (),
}
"""{file: tests that need what the host has not}"""


@pytest.fixture
def names(host, monkeypatch):
    """Names that these files import, and that no module here uses."""
    import slicer

    monkeypatch.setattr(slicer, "qMRMLSubjectHierarchyComboBox", None, raising=False)
    monkeypatch.setitem(sys.modules, "MRMLCorePython", slicer)


@pytest.mark.skipif(layers.folder() is None, reason=f"{layers.VARIABLE} names no folder of Slicer's Python layers")
@pytest.mark.parametrize("name", FILES)
def test_slicers_own_tests_pass(host, names, monkeypatch, name):
    path = layers.folder() / "slicer" / "tests" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    suite, result = unittest.TestSuite(), unittest.TestResult()
    for case in unittest.defaultTestLoader.loadTestsFromModule(module):
        suite.addTests(test for test in case if test._testMethodName not in FILES[name])
    suite.run(result)
    assert result.testsRun > 0
    assert [f"{test}\n{text}" for test, text in result.failures + result.errors] == []
    host.exceptions.clear()
