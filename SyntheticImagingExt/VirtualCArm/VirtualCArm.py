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
from VirtualCArmLib.state.Parameters import VirtualCArmParameterNode


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
    """The panel; VirtualCArmLib.panel.Panel fills it."""

    def make(self):
        from SyntheticImagingLib.live import LiveUpdates
        from VirtualCArmLib.panel.Panel import REST_MS, CArmPanel

        live = LiveUpdates(REST_MS)
        ui, logic = self.loadForm("VirtualCArm"), VirtualCArmLogic(live)
        return ui, logic, CArmPanel(ui, logic, logic.getParameterNode, live)


class VirtualCArmLogic(CArmLogic, ScriptedLoadableModuleLogic):
    """The same from the console: see VirtualCArmLib.Logic for every method."""

    def __init__(self, scheduler=None):
        ScriptedLoadableModuleLogic.__init__(self)
        CArmLogic.__init__(self, self.getParameterNode, scheduler)

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
        from VirtualCArmLib.panel import SelfTest

        if requirements.missing():
            self.delayDisplay("Skipped: Python packages are missing")
            return
        SelfTest.driven(self)
