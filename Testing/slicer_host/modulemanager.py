"""Loads scripted module files and keeps what `slicer.modules.<name>` refers to."""

# ruff: noqa: N801 (the class names are Slicer's)

import importlib.util
import logging
import pathlib
import sys
import types

import slicer
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QVBoxLayout, QWidget

from .sampledata import SampleDataWidget


class qSlicerScriptedLoadableModuleWidget(QWidget):
    """The panel widget of a scripted module; `.self()` is the module's Python widget object."""

    def __init__(self, module):
        super().__init__()
        self.module = module
        self.setObjectName(f"{module.name}ModuleWidget")
        QVBoxLayout(self)
        self.reload()

    def self(self):
        return self._python

    def reload(self):
        """A new Python object of the class as it is now; the application does not call its enter() either."""
        name = f"{self.module.name}Widget"
        self._python = getattr(sys.modules[self.module.name], name)(self)
        setattr(slicer.modules, name, self._python)
        self._python.setup()

    def enter(self):
        if hasattr(self._python, "enter"):
            self._python.enter()

    def exit(self):
        if hasattr(self._python, "exit"):
            self._python.exit()


class qSlicerScriptedLoadableModule:
    """One loaded module file."""

    hidden = False
    widgetRepresentationCreationEnabled = True
    index = -1

    def __init__(self, path):
        self.path = str(path)
        self.name = pathlib.Path(path).stem
        self.title = self.name
        self.categories, self.dependencies, self.contributors, self.associatedNodeTypes = [], [], [], []
        self.helpText = self.acknowledgementText = ""
        self.icon = QIcon()
        self._widget = self._source = None
        self._logic = slicer.vtkSlicerScriptedLoadableModuleLogic()
        self._logic.SetMRMLScene(slicer.mrmlScene)

    def load(self):
        """Execute the file and create its module class."""
        folder = str(pathlib.Path(self.path).parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        spec = importlib.util.spec_from_file_location(self.name, self.path)
        self._source = importlib.util.module_from_spec(spec)
        sys.modules[self.name] = self._source
        spec.loader.exec_module(self._source)
        setattr(slicer.modules, self.name.lower(), self)
        setattr(slicer.modules, f"{self.name}Instance", getattr(self._source, self.name)(self))

    def logic(self):
        return self._logic

    def widgetRepresentation(self):
        if self._widget is None and hasattr(self._source, f"{self.name}Widget"):
            self._widget = qSlicerScriptedLoadableModuleWidget(self)
        return self._widget

    def hasWidget(self):
        return self._widget is not None

    def createNewWidgetRepresentation(self):
        return qSlicerScriptedLoadableModuleWidget(self)


class CoreModule:
    """A C++ module of which slicer-core has the logic only: `slicer.modules.volumes.logic()`."""

    hidden = True

    def __init__(self, name, logic):
        self.name = self.title = name
        self.path = ""
        self._logic = logic

    def logic(self):
        return self._logic

    def widgetRepresentation(self):
        return None


class SampleDataModule(CoreModule):
    """The module of the application that loads sample data."""

    def __init__(self):
        super().__init__("SampleData", None)
        self.title, self.icon = "Sample Data", QIcon()
        self._widget = SampleDataWidget()

    def widgetRepresentation(self):
        return self._widget


class ModuleManager(QObject):
    """`slicer.app.moduleManager()`."""

    moduleAboutToBeUnloaded = Signal(str)
    moduleLoaded = Signal(str)
    modulesLoaded = Signal("QStringList")

    def __init__(self, core):
        super().__init__()
        self._modules = {}
        slicer.modules = types.SimpleNamespace()
        slicer.moduleNames = types.SimpleNamespace()
        for name, logic in core.moduleLogics.items():
            module = CoreModule(name, logic)
            self._modules[name] = module
            setattr(slicer.modules, name, module)
        self._modules["SampleData"] = slicer.modules.sampledata = SampleDataModule()

    def load(self, paths):
        """Load module files; a name that ends in Test or Tests is taken for a test and left out, as in Slicer."""
        modules = [qSlicerScriptedLoadableModule(path) for path in paths]
        for module in modules:
            folder = str(pathlib.Path(module.path).parent)
            if folder not in sys.path:
                sys.path.insert(0, folder)
        for module in modules:
            if module.name in self._modules:
                continue
            if module.name.endswith(("Test", "Tests")):
                logging.warning(
                    "%s ends in Test: Slicer takes it for a testing module and does not load it", module.name
                )
                continue
            module.load()
            self._modules[module.name] = module
            setattr(slicer.moduleNames, module.name, module.name)
            self.moduleLoaded.emit(module.name)
        self.modulesLoaded.emit([module.name for module in modules])

    def module(self, name):
        return self._modules.get(name) or self._modules.get(str(name).lower())

    def modulesNames(self):
        return list(self._modules)

    def scriptedModules(self):
        return [m for m in self._modules.values() if isinstance(m, qSlicerScriptedLoadableModule)]

    def factoryManager(self):
        return self

    def loadedModuleNames(self):
        return self.modulesNames()

    def isLoaded(self, name):
        return name in self._modules

    def loadModules(self, names):
        """Slicer loads registered modules by name; here every module that exists is loaded already."""
        return all(name in self._modules for name in names)

    def cleanup(self):
        """The application closes."""
        for module in self.scriptedModules():
            if module.hasWidget():
                self.moduleAboutToBeUnloaded.emit(module.name)
