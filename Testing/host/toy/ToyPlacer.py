"""A tiny scripted module that uses what real modules use: the host's own tests drive it."""

# ruff: noqa: F405

from enum import Enum
from pathlib import Path
from typing import Annotated

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import *  # noqa: F403 (as Slicer's template does)
from slicer.util import VTKObservationMixin


class ToyPlacer(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Toy Placer")
        self.parent.categories = ["Testing"]
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataCategory("Toys")
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="Toys", sampleName="ToyBlock", uris="toy:", fileNames="toy.nrrd", nodeNames="Block",
        customDownloader=lambda source: [ToyPlacerLogic().makeBlock()],
    )  # fmt: skip


class Flavor(Enum):
    SWEET = "sweet"
    SOUR = "sour"

    def label(self):
        return self.value.title()


@parameterNodeWrapper
class ToyPlacerParameterNode:
    inputVolume: slicer.vtkMRMLScalarVolumeNode
    points: slicer.vtkMRMLMarkupsFiducialNode
    radius_mm: Annotated[float, WithinRange(1.0, 50.0)] = 10.0
    count: int = 3
    enabled: bool = True
    label: str = "toy"
    flavor: Flavor = Flavor.SOUR
    rim_mm: Annotated[float, WithinRange(0.0, 5.0)] = 2.0
    folder: Path
    quality: Annotated[str, Choice(["draft", "final"])] = "draft"
    free: float = 0.0


class ToyPlacerWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.calls = []
        self._parameterNode = None
        self._tag = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/ToyPlacer.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = ToyPlacerLogic()
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndClose)
        self.ui.applyButton.connect("clicked(bool)", self.onApply)
        self.ui.applyButton.clicked.connect(self.onAny)
        self.ui.failButton.clicked.connect(self.onFail)
        self.initializeParameterNode()

    def enter(self):
        self.calls.append("enter")
        self.initializeParameterNode()

    def exit(self):
        self.calls.append("exit")

    def cleanup(self):
        self.calls.append("cleanup")
        self.removeObservers()

    def onSceneStartClose(self, caller, event):
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        self.initializeParameterNode()

    def initializeParameterNode(self):
        self.setParameterNode(self.logic.getParameterNode())

    def setParameterNode(self, parameterNode):
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._tag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParameters)
        self._parameterNode = parameterNode
        if self._parameterNode:
            self._tag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParameters)
            self.onParameters()

    def onParameters(self, caller=None, event=None):
        ready = self._parameterNode is not None and self._parameterNode.inputVolume is not None
        self.ui.applyButton.enabled = ready
        self.ui.applyButton.toolTip = "Apply" if ready else "Choose a volume first"

    def onApply(self, checked):
        self.calls.append(("apply", checked))
        slicer.util.showStatusMessage("Applied")

    def onAny(self, *args):
        self.calls.append(("any", args))

    def onFail(self):
        with slicer.util.tryWithErrorDisplay("The toy broke.", waitCursor=True):
            raise ValueError("a spring is loose")


class ToyPlacerLogic(ScriptedLoadableModuleLogic):
    def getParameterNode(self):
        return ToyPlacerParameterNode(super().getParameterNode())

    def makeBlock(self):
        import numpy as np

        array = np.full((30, 60, 60), -1000, np.int16)
        array[5:25, 10:50, 10:50] = 60
        ijkToRas = np.array([[-2.0, 0, 0, 60], [0, -2, 0, 60], [0, 0, 4, -60], [0, 0, 0, 1]])
        node = slicer.util.addVolumeFromArray(array, ijkToRAS=ijkToRas, name="Block")
        node.GetDisplayNode().SetAutoWindowLevel(False)
        node.GetDisplayNode().SetWindowLevel(400, 40)
        return node
