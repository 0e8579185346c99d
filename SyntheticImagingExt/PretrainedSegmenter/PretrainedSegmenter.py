import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
)

from PretrainedSegmenterLib import About
from PretrainedSegmenterLib.Logic import SegmenterLogic
from PretrainedSegmenterLib.Parameters import PretrainedSegmenterParameterNode
from SyntheticImagingLib.taskwidget import TaskWidget


class PretrainedSegmenter(ScriptedLoadableModule):
    """Runs pretrained models; their labels become segmentations."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Pretrained Segmenter")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["SyntheticImaging", "Segmentations", "Sequences", "Tables", "Plots"]
        parent.contributors = ["Synthetic Imaging contributors"]
        parent.helpText = About.helpText()
        parent.acknowledgementText = About.acknowledgementText()


class PretrainedSegmenterWidget(TaskWidget):
    """The panel; PretrainedSegmenterLib.Panel fills it."""

    def make(self):
        from PretrainedSegmenterLib.Panel import SegmenterPanel

        ui, logic = self.loadForm("PretrainedSegmenter"), PretrainedSegmenterLogic()
        return ui, logic, SegmenterPanel(ui, logic, logic.getParameterNode)

    def offer(self, volumeNode, onResult):
        """For other modules: choose a volume, and call onResult(segmentation) when one was made of it."""
        self.panel.offer(volumeNode, onResult)


class PretrainedSegmenterLogic(SegmenterLogic, ScriptedLoadableModuleLogic):
    """The same from the console: see PretrainedSegmenterLib.Logic for every method."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        SegmenterLogic.__init__(self)

    def getParameterNode(self):
        return PretrainedSegmenterParameterNode(ScriptedLoadableModuleLogic.getParameterNode(self))


class PretrainedSegmenterTest(ScriptedLoadableModuleTest):
    """Runs in Slicer, in its test mode."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        from SyntheticImagingLib import requirements

        if requirements.missing():
            self.delayDisplay("Skipped: Python packages are missing")
            return
        self.setUp()
        self.test_panel()

    def test_panel(self):
        from PretrainedSegmenterLib.SelfTest import SelfTest

        SelfTest(self).run()
