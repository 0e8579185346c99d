"""The widget of a task's module: its form, its logic and its panel, which follow the scene."""

import sys
from abc import ABC, abstractmethod

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from . import connectors  # noqa: F401 (it makes them known)


class TaskWidget(ScriptedLoadableModuleWidget, VTKObservationMixin, ABC):
    """To be derived from in the module's file, where Slicer looks for the widget."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)

    @abstractmethod
    def make(self):
        """(form's widgets by name, logic, ``TaskPanel``); called once, when the module is first opened."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        self.ui, self.logic, self.panel = self.make()
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStart)
        self.addObserver(scene, scene.StartImportEvent, self.onSceneStart)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneReplaced)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneReplaced)
        self.panel.sceneReplaced()

    def loadForm(self, name, layout=None):
        """Put a form of the module into a layout, by default the module's own; its widgets by name."""
        form = slicer.util.loadUI(self.resourcePath(f"UI/{name}.ui"))
        (self.layout if layout is None else layout).addWidget(form)  # a layout without items is false
        form.setMRMLScene(slicer.mrmlScene)
        return slicer.util.childWidgetVariables(form)

    def enter(self):
        self.panel.enter()

    def exit(self):
        self.panel.leave()

    def cleanup(self):
        self.removeObservers()
        self.panel.detach()
        self.logic.cleanup()

    def onReload(self):
        """Reload the parts of the module too."""
        for name in [name for name in sys.modules if name.split(".")[0] == f"{self.moduleName}Lib"]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStart(self, caller, event):
        self.panel.closeScene()

    def onSceneReplaced(self, caller, event):
        self.panel.sceneReplaced()
