"""Fills the import names that modules use: `slicer.*`, `qt`, `ctk`, `SampleData`."""

import sys
import types

import slicer
import slicer.util

from . import (
    ctkwidgets, i18n, markupswidgets, modulemanager, nodewidgets, packaging, parameternode, qtcompat, sampledata,
    scriptedmodule, sliceview, threedview, uiloader,
)  # fmt: skip


def _classes(module, prefixes):
    return {name: cls for name, cls in vars(module).items() if isinstance(cls, type) and name.startswith(prefixes)}


def install_widgets():
    """`qt`, `ctk`, `slicer.qMRML*` and the classes that UI files may name. Before any module file is executed."""
    qtcompat.install()
    ctk = types.ModuleType("ctk")
    vars(ctk).update(_classes(ctkwidgets, ("ctk",)))
    mrml = {}
    for module in (nodewidgets, markupswidgets, sliceview, threedview, modulemanager):
        mrml |= _classes(module, ("qMRML", "qSlicer"))
    vars(slicer).update(mrml)
    uiloader.register(*_classes(ctkwidgets, ("ctk",)).values())
    uiloader.register(*(c for n, c in mrml.items() if c.__module__ in (nodewidgets.__name__, markupswidgets.__name__)))
    qt = types.ModuleType("qt")
    vars(qt).update(qtcompat.namespace())
    qt.QUiLoader = uiloader.SlicerUiLoader
    sys.modules.update(qt=qt, ctk=ctk)


def install_slicer(core, application):
    """`slicer.app`, `slicer.mrmlScene` and the Python-only submodules that slicer-core lacks."""
    slicer.app = application
    slicer.mrmlScene = core.scene
    submodules = {
        "ScriptedLoadableModule": scriptedmodule,
        "parameterNodeWrapper": parameternode,
        "packaging": packaging,
        "i18n": i18n,
    }
    for name, module in submodules.items():
        sys.modules[f"slicer.{name}"] = module
        setattr(slicer, name, module)
    sys.modules["SampleData"] = sampledata
