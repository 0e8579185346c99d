"""Fills the import names that modules use: `slicer.*`, `qt`, `ctk`, `SampleData`."""

import sys
import types

import slicer
import slicer.util

from . import (  # fmt: skip
    ctknumbers,
    ctkwidgets,
    datawidgets,
    dicomdatabase,
    i18n,
    layers,
    markupswidgets,
    modulemanager,
    nodewidgets,
    packaging,
    parameternode,
    qtcompat,
    sampledata,
    scriptedmodule,
    sliceview,
    threedview,
    uiloader,
)


def _classes(module, *prefixes):
    return {name: cls for name, cls in vars(module).items() if isinstance(cls, type) and name.startswith(prefixes)}


def install_widgets():
    """`qt`, `ctk`, `slicer.qMRML*` and the classes that UI files may name. Before any module file is executed."""
    qtcompat.install()
    ctk = _classes(ctknumbers, "ctk") | _classes(ctkwidgets, "ctk")
    panel = {}
    for module in (nodewidgets, markupswidgets, datawidgets):
        panel |= _classes(module, "qMRML", "qSlicer")
    uiloader.register(*ctk.values(), *panel.values())
    vars(slicer).update(panel)
    for module in (sliceview, threedview, modulemanager):
        vars(slicer).update(_classes(module, "qMRML", "qSlicer"))
    sys.modules["ctk"] = types.ModuleType("ctk")
    vars(sys.modules["ctk"]).update(ctk)
    sys.modules["qt"] = types.ModuleType("qt")
    vars(sys.modules["qt"]).update(qtcompat.namespace(), QUiLoader=uiloader.SlicerUiLoader)


def install_slicer(core, application):
    """`slicer.app`, `slicer.mrmlScene` and the Python-only submodules that slicer-core lacks."""
    slicer.app = application
    slicer.mrmlScene = core.scene
    slicer.selfTests = {}
    slicer.dicomDatabase = dicomdatabase.DicomDatabase()
    sys.modules["SampleData"] = sampledata
    if (path := layers.folder()) is not None:
        layers.install(path)
        return
    submodules = {
        "ScriptedLoadableModule": scriptedmodule,
        "parameterNodeWrapper": parameternode,
        "packaging": packaging,
        "i18n": i18n,
    }
    for name, module in submodules.items():
        sys.modules[f"slicer.{name}"] = module
        setattr(slicer, name, module)
