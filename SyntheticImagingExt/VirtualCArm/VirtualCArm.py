import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
)

from SyntheticImagingLib.taskwidget import TaskWidget
from VirtualCArmLib import About
from VirtualCArmLib.Logic import CArmLogic
from VirtualCArmLib.Parameters import VirtualCArmParameterNode


class VirtualCArm(ScriptedLoadableModule):
    """Stands a C-arm around a CT and shows the X-ray images that it would take, live."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Virtual C-arm")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Simulation")]
        parent.dependencies = ["SyntheticImaging", "Markups", "Models", "Segmentations", "Sequences", "Volumes"]
        parent.contributors = ["Synthetic Imaging contributors"]
        parent.helpText = About.helpText()
        parent.acknowledgementText = About.acknowledgementText()


class VirtualCArmWidget(TaskWidget):
    """The panel; VirtualCArmLib.Panel fills it."""

    def make(self):
        from VirtualCArmLib.Panel import CArmPanel

        ui, logic = self.loadForm("VirtualCArm"), VirtualCArmLogic()
        return ui, logic, CArmPanel(ui, logic, logic.getParameterNode)


class VirtualCArmLogic(CArmLogic, ScriptedLoadableModuleLogic):
    """The same from the console: see VirtualCArmLib.Logic for every method."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        CArmLogic.__init__(self, self.getParameterNode)

    def getParameterNode(self):
        return VirtualCArmParameterNode(ScriptedLoadableModuleLogic.getParameterNode(self))


class VirtualCArmTest(ScriptedLoadableModuleTest):
    """Runs in Slicer, in its test mode."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_panelWithPhantom()

    def test_panelWithPhantom(self):
        from SyntheticImagingLib import requirements
        from VirtualCArmLib import SelfTest

        if requirements.missing():
            self.delayDisplay("Skipped: Python packages are missing")
            return
        SelfTest.driven(self)
