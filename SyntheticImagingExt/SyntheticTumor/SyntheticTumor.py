import sys

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

from SyntheticTumorLib import About
from SyntheticTumorLib.Logic import TumorLogic
from SyntheticTumorLib.Parameters import SyntheticTumorParameterNode


class SyntheticTumor(ScriptedLoadableModule):
    """Places synthetic lesions in a real CT, live, with exact truth."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Synthetic Tumor")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Simulation")]
        parent.dependencies = ["SyntheticImaging", "Markups", "Segmentations", "Sequences", "Texts"]
        parent.contributors = ["Synthetic Imaging contributors"]
        parent.helpText = About.helpText()
        parent.acknowledgementText = About.acknowledgementText()


class SyntheticTumorWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel; SyntheticTumorLib.Panel fills it."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)

    def setup(self):
        from SyntheticTumorLib.Panel import TumorPanel

        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/SyntheticTumor.ui"))
        self.layout.addWidget(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        self.logic = SyntheticTumorLogic()
        self.panel = TumorPanel(self.ui, self.logic, self.logic.getParameterNode)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStart)
        self.addObserver(scene, scene.StartImportEvent, self.onSceneStart)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneReplaced)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneReplaced)
        self.panel.sceneReplaced()

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
        for name in [name for name in sys.modules if name.split(".")[0] == "SyntheticTumorLib"]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStart(self, caller, event):
        self.panel.closeScene()

    def onSceneReplaced(self, caller, event):
        self.panel.sceneReplaced()


class SyntheticTumorLogic(TumorLogic, ScriptedLoadableModuleLogic):
    """The same from the console: see SyntheticTumorLib.Logic for every method."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        TumorLogic.__init__(self)

    def getParameterNode(self):
        return SyntheticTumorParameterNode(ScriptedLoadableModuleLogic.getParameterNode(self))


class SyntheticTumorTest(ScriptedLoadableModuleTest):
    """Runs in Slicer, in its test mode."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_lesionInPhantom()

    def test_lesionInPhantom(self):
        from SyntheticImagingLib import requirements, samples

        if requirements.missing():
            self.delayDisplay("Skipped: Python packages are missing")
            return
        ct, segmentation = samples.addTorsoPhantom()
        logic = SyntheticTumorLogic()
        logic.setInput(ct, segmentation, segmentation.GetSegmentation().GetSegmentIdBySegmentName("Liver"))
        index = logic.addAtSuggestedSite(radiusMm=8)
        self.assertGreater(logic.measures[index]["volume_ml"], 0.5)
        self.assertGreater(logic.measures[index]["clearance_mm"], 0)
        logic.undo()
        self.assertEqual(len(logic.lesions), 0)
        logic.cleanup()
