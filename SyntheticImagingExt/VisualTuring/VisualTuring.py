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

from VisualTuringLib import About
from VisualTuringLib.Logic import TuringLogic
from VisualTuringLib.Parameters import VisualTuringParameterNode
from VisualTuringLib.Published import PUBLISHED_COUNTS


class VisualTuring(ScriptedLoadableModule):
    """Blinded reader studies: can readers tell synthetic from real images?"""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Visual Turing")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Simulation")]
        parent.dependencies = ["SyntheticImaging", "SyntheticTumor", "Markups", "Segmentations", "Tables", "Plots"]
        parent.contributors = ["Synthetic Imaging contributors"]
        parent.helpText = About.helpText()
        parent.acknowledgementText = About.acknowledgementText()


class VisualTuringWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel; VisualTuringLib.Panel fills it."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)

    def setup(self):
        from VisualTuringLib.Forms import loadForms
        from VisualTuringLib.Panel import TuringPanel

        ScriptedLoadableModuleWidget.setup(self)
        self.ui = loadForms(self.layout, self.resourcePath)
        self.logic = VisualTuringLogic()
        self.panel = TuringPanel(self.ui, self.logic, self.logic.getParameterNode)
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
        for name in [name for name in sys.modules if name.split(".")[0] == "VisualTuringLib"]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStart(self, caller, event):
        self.panel.closeScene()

    def onSceneReplaced(self, caller, event):
        self.panel.sceneReplaced()


class VisualTuringLogic(TuringLogic, ScriptedLoadableModuleLogic):
    """The same from the console: see VisualTuringLib.Logic for every method."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        TuringLogic.__init__(self)

    def getParameterNode(self):
        return VisualTuringParameterNode(ScriptedLoadableModuleLogic.getParameterNode(self))


class VisualTuringTest(ScriptedLoadableModuleTest):
    """Runs in Slicer, in its test mode."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_publishedCounts()

    def test_publishedCounts(self):
        import tempfile
        from pathlib import Path

        from SyntheticImagingLib import requirements

        if requirements.missing():
            self.delayDisplay("Skipped: Python packages are missing")
            return
        logic = VisualTuringLogic()
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "published.csv"
            table.write_text(PUBLISHED_COUNTS)
            report = logic.reportCounts(table, Path(folder) / "report")
        rows = report["analysis"]["tables"]["readers"]
        self.assertEqual([round(row["d_prime"], 2) for row in rows], [-1.21, 1.19])
        self.assertTrue(logic.reportNodes(report["analysis"]))
        logic.cleanup()
