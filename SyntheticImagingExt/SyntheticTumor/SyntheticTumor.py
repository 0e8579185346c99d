import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
)

from SyntheticImagingLib.taskwidget import TaskWidget
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


class SyntheticTumorWidget(TaskWidget):
    """The panel; SyntheticTumorLib.Panel fills it."""

    def make(self):
        from SyntheticTumorLib.Panel import TumorPanel

        ui, logic = self.loadForm("SyntheticTumor"), SyntheticTumorLogic()
        return ui, logic, TumorPanel(ui, logic, logic.getParameterNode)


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
