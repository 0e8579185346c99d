import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
)

from SyntheticImagingLib.taskwidget import TaskWidget
from VisualTuringLib import About
from VisualTuringLib.Logic import TuringLogic
from VisualTuringLib.Parameters import VisualTuringParameterNode
from VisualTuringLib.Published import PUBLISHED_COUNTS

FORMS_OF_TABS = {
    "designTab": "VisualTuringDesign",
    "readTab": "VisualTuringRead",
    "reportTab": "VisualTuringReport",
}


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


class VisualTuringWidget(TaskWidget):
    """The panel; VisualTuringLib.Panel fills it."""

    def make(self):
        from VisualTuringLib.Panel import TuringPanel

        ui = self.loadForm("VisualTuring")
        for tab, name in FORMS_OF_TABS.items():
            vars(ui).update(vars(self.loadForm(name, getattr(ui, tab).layout())))
        logic = VisualTuringLogic()
        return ui, logic, TuringPanel(ui, logic, logic.getParameterNode)


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
        from SyntheticImagingLib import requirements

        if requirements.missing():
            self.delayDisplay("Skipped: Python packages are missing")
            return
        for test in (self.test_panel, self.test_publishedCounts):
            self.setUp()
            test()

    def test_panel(self):
        from VisualTuringLib.SelfTest import SelfTest

        SelfTest(self).run()

    def test_publishedCounts(self):
        import tempfile
        from pathlib import Path

        logic = VisualTuringLogic()
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "published.csv"
            table.write_text(PUBLISHED_COUNTS)
            report = logic.reportCounts(table, Path(folder) / "report")
        rows = report["analysis"]["tables"]["readers"]
        self.assertEqual([round(row["d_prime"], 2) for row in rows], [-1.21, 1.19])
        self.assertTrue(logic.reportNodes(report["analysis"]))
        logic.cleanup()
