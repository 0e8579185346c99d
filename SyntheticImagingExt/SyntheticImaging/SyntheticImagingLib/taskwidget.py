"""The widget of a task's module: its form, its logic and its panel, which follow the scene."""

import sys
from abc import ABC, abstractmethod

import slicer
import vtk
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from . import connectors  # noqa: F401 (it makes them known)
from .widgets import singleShot

DATA_CLASSES = ("vtkMRMLVolumeNode", "vtkMRMLSegmentationNode")
DATA_COMPLETE_MS = 100
"""What is loaded comes in several nodes; they are looked at together."""


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
        self.addObserver(scene, scene.NodeAddedEvent, self.onNodeAdded)
        self.addObserver(scene, scene.EndBatchProcessEvent, self.onBatchEnd)
        self._dataTimer = singleShot(DATA_COMPLETE_MS, self._onData)
        self._shownTimer = singleShot(0, self._onShown)
        self._shownTimer.start()
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
        self._dataTimer.stop()
        self._shownTimer.stop()
        self.removeObservers()
        if self.panel.isOpen:
            self.panel.leave()
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

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAdded(self, caller, event, node):
        if any(node.IsA(name) for name in DATA_CLASSES):
            self._dataTimer.start()

    def onBatchEnd(self, caller, event):
        self._dataTimer.start()

    def _onData(self):
        """Data came; while more is on its way, its end is waited for."""
        if self.panel.isOpen and self.panel.parameters is not None and not slicer.mrmlScene.IsBatchProcessing():
            self.panel.propose()

    def _onShown(self):
        """A panel that is reloaded while it is shown is not entered by the application."""
        isShown = slicer.util.mainWindow() is not None and slicer.util.selectedModule() == self.moduleName
        if isShown and not self.panel.isOpen:
            self.enter()
