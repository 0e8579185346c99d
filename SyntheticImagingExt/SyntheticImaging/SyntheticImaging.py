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

from SyntheticImagingLib import home, requirements, samples, terms


class SyntheticImaging(ScriptedLoadableModule):
    """Home of the extension: what is installed, sample data, the way to the tasks."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Synthetic Imaging")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Simulation")]
        parent.dependencies = []
        parent.contributors = ["Synthetic Imaging contributors"]
        parent.helpText = home.helpText()
        parent.acknowledgementText = home.acknowledgementText()
        slicer.app.connect("startupCompleted()", onStartupCompleted)


def onStartupCompleted():
    """Make terms and sample data known; nothing is downloaded, installed or computed here."""
    terms.loadTerminology()
    samples.register()


class SyntheticImagingWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel; SyntheticImagingLib.home fills it."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/SyntheticImaging.ui"))
        self.layout.addWidget(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        self.logic = SyntheticImagingLogic()
        self.home = home.HomePanel(self.ui, self.logic)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.home.cancel)

    def enter(self):
        self.home.enter()

    def cleanup(self):
        self.removeObservers()
        self.home.cancel()


class SyntheticImagingLogic(ScriptedLoadableModuleLogic):
    """The same from the console: what is installed, install, sample data."""

    def requirementStatus(self):
        """One (name, wanted versions, installed version or None, is satisfied) per required package."""
        return requirements.status()

    def installMissing(self):
        """Ask, then install what is missing; True when everything is there."""
        return requirements.install()

    def device(self):
        """Where the engine computes: "CUDA: <card>", "CPU", or None without torch."""
        return requirements.device()

    def addTorsoPhantom(self, seed=0):
        """Make the torso phantom with this seed; its CT volume node and its segmentation node."""
        return samples.addTorsoPhantom(seed)

    def loadLiverCT(self):
        """Download (once) and load a public CT with liver metastases; its volume node."""
        return samples.loadLiverCT()


class SyntheticImagingTest(ScriptedLoadableModuleTest):
    """Runs in Slicer, in its test mode."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_requirementsAreListed()
        self.setUp()
        self.test_torsoPhantom()

    def test_requirementsAreListed(self):
        names = [name for name, *_rest in SyntheticImagingLogic().requirementStatus()]
        self.assertIn("torch", names)

    def test_torsoPhantom(self):
        if requirements.missing():
            self.delayDisplay("Skipped: Python packages are missing")
            return
        ct, segmentation = SyntheticImagingLogic().addTorsoPhantom()
        self.assertGreater(ct.GetImageData().GetNumberOfPoints(), 0)
        self.assertTrue(segmentation.GetSegmentation().GetSegmentIdBySegmentName("Liver"))
