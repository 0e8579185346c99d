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
        from SyntheticImagingLib.live import LiveUpdates
        from SyntheticTumorLib.Panel import REST_MS, TumorPanel

        live = LiveUpdates(REST_MS)
        ui, logic = self.loadForm("SyntheticTumor"), SyntheticTumorLogic(live)
        return ui, logic, TumorPanel(ui, logic, logic.getParameterNode, live)


class SyntheticTumorLogic(TumorLogic, ScriptedLoadableModuleLogic):
    """The same from the console: see SyntheticTumorLib.Logic for every method."""

    def __init__(self, scheduler=None):
        ScriptedLoadableModuleLogic.__init__(self)
        TumorLogic.__init__(self, scheduler)

    def getParameterNode(self):
        return SyntheticTumorParameterNode(ScriptedLoadableModuleLogic.getParameterNode(self))


class SyntheticTumorTest(ScriptedLoadableModuleTest):
    """Runs in Slicer, in its test mode."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_lesionsFromThePanel()

    def test_lesionsFromThePanel(self):
        from SyntheticImagingLib import requirements, samples, selftest

        if requirements.missing():
            self.delayDisplay("Skipped: Python packages are missing")
            return
        ct, _segmentation = samples.addTorsoPhantom()
        ui = selftest.openModule("SyntheticTumor").ui
        self.assertTrue(selftest.waitUntil(lambda: ui.suggestButton.enabled), ui.inputStatusLabel.text)
        self.assertTrue(ui.ctSelector.currentNode() is ct)
        self.assertIn("Liver", ui.inputStatusLabel.text)
        ui.presetComboBox.currentIndex = ui.presetComboBox.findText("Simple cyst")
        ui.placeRadiusSlider.value = 6
        ui.suggestButton.click()
        self.assertLesions(ui, ct, 1)
        self.assertLookedAt(ui)
        self.assertEqual(ui.radiusSlider.value, 6)
        volumeMl = ui.lesionTable.item(0, 2).text()
        ui.radiusSlider.value = 8
        self.assertTrue(selftest.waitUntil(lambda: ui.lesionTable.item(0, 2).text() != volumeMl))
        self.assertEqual(ui.lesionTable.item(0, 1).text(), "8.0 mm")
        ui.undoButton.click()
        self.assertEqual(ui.radiusSlider.value, 6)
        self.assertEqual(ui.lesionTable.item(0, 2).text(), volumeMl)
        ui.duplicateButton.click()
        self.assertLesions(ui, ct, 2)
        self.assertLookedAt(ui)
        ui.deleteButton.click()
        self.assertLesions(ui, ct, 1)

    def assertLesions(self, ui, ct, count):
        """Table, points and segments have so many lesions, and the slice views show voxels that are not the CT's."""
        red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
        result = slicer.mrmlScene.GetNodeByID(red.GetBackgroundVolumeID())
        points = slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")[-1]
        segmentation = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")[-1]
        self.assertEqual(ui.lesionTable.rowCount, count)
        self.assertEqual(points.GetNumberOfControlPoints(), count)
        self.assertEqual(segmentation.GetSegmentation().GetNumberOfSegments(), 1 + count)
        self.assertTrue((slicer.util.arrayFromVolume(result) != slicer.util.arrayFromVolume(ct)).any())

    def assertLookedAt(self, ui):
        """The axial view goes through the selected lesion."""
        points = slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")[-1]
        center = points.GetNthControlPointPosition(ui.lesionTable.currentRow())
        offset = slicer.app.layoutManager().sliceWidget("Red").sliceLogic().GetSliceOffset()
        self.assertAlmostEqual(offset, center[2], delta=1.0)
