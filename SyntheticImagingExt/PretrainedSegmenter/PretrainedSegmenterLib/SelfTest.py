"""What the module's test does with the panel: an example model is imported, run, compared with a reference, removed."""

import os
import tempfile
from pathlib import Path

import slicer

from SyntheticImagingLib.selftest import openModule, waitUntil

RADIUS_MM, SPACING_MM, SIZE = 50.0, 4.0, 40
WORK_S = 300


class SelfTest:
    """test: a unittest.TestCase, which is told what is wrong."""

    def __init__(self, test):
        self._test = test

    def run(self):
        from synthetic_imaging.segmentation.catalog import FOLDER_VARIABLE
        from synthetic_imaging.segmentation.example import write_example

        known = os.environ.get(FOLDER_VARIABLE)
        with tempfile.TemporaryDirectory() as folder:
            os.environ[FOLDER_VARIABLE] = str(Path(folder) / "models")
            try:
                self._ct, mask = _ball()
                self._widget = openModule("PretrainedSegmenter")
                self._ui, self._panel = self._widget.ui, self._widget.panel
                self._lookAround()
                self._import(write_example(Path(folder) / "body.zip"))
                node = self._segment()
                self._compare(node, mask)
                self._remove()
            finally:
                self._leave(known, FOLDER_VARIABLE)

    def _lookAround(self):
        """The list is there, the only volume is proposed, and nothing can be run yet."""
        ui, test = self._ui, self._test
        test.assertGreater(ui.modelTable.rowCount, 10)
        test.assertTrue(waitUntil(lambda: ui.volumeSelector.currentNode() is self._ct))
        test.assertFalse(ui.runButton.enabled)
        test.assertEqual((ui.marginSpinBox.minimum, ui.marginSpinBox.maximum), (0, 200))
        test.assertEqual(ui.presetComboBox.count, 3)

    def _import(self, path):
        ui, test = self._ui, self._test
        ui.importEdit.currentPath = str(path)
        self._click(ui.importButton)
        test.assertEqual(ui.modelTable.item(0, 0).text(), "Body (example)", ui.messageLabel.text)
        test.assertIn("No model of anatomy", ui.cardText.plainText)

    def _segment(self):
        """A segmentation of the ball, seen in the slice views at once and in 3D on demand."""
        ui, test = self._ui, self._test
        self._click(ui.runButton)
        node = ui.segmentationSelector.currentNode()
        test.assertIsNotNone(node, f"{ui.messageLabel.text} {ui.logText.plainText}")
        test.assertEqual(node.GetAttribute("SyntheticImaging.Prediction"), "1")
        test.assertEqual(node.GetSegmentation().GetNthSegment(0).GetName(), "Body")
        test.assertEqual(ui.structureTable.item(0, 0).text(), "Body")
        test.assertTrue(node.GetDisplayNode().GetVisibility2D())
        ui.surfacesButton.click()
        test.assertTrue(node.GetSegmentation().ContainsRepresentation("Closed surface"))
        return node

    def _compare(self, node, mask):
        ui, test = self._ui, self._test
        reference = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Reference")
        reference.CreateDefaultDisplayNodes()
        reference.SetReferenceImageGeometryParameterFromVolumeNode(self._ct)
        segmentId = reference.GetSegmentation().AddEmptySegment("body", "Body")
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, reference, segmentId, self._ct)
        ui.referenceSelector.setCurrentNode(reference)
        self._click(ui.compareButton)
        table = ui.measureTableView.mrmlTableNode()
        test.assertIsNotNone(table, ui.messageLabel.text)
        test.assertEqual(table.GetColumnTitle(table.GetColumnName(1)), "Dice")
        test.assertGreater(float(table.GetCellText(0, 1)), 0.9)
        test.assertTrue(ui.showChartButton.enabled)

    def _remove(self):
        self._click(self._ui.removeButton)
        self._test.assertFalse(self._ui.runButton.enabled)

    def _click(self, button):
        """Press a button and wait for the work that it begins."""
        self._test.assertTrue(waitUntil(lambda: button.enabled, WORK_S), button.toolTip)
        button.click()
        self._test.assertTrue(waitUntil(lambda: not self._panel.isBusy, WORK_S), "the work does not end")
        slicer.app.processEvents()

    def _leave(self, known, variable):
        self._panel.cancel()
        if known is None:
            del os.environ[variable]
        else:
            os.environ[variable] = known
        self._panel.models.read()


def _ball():
    """A ball of water in air, and which voxels it has."""
    import numpy as np

    axis = (np.arange(SIZE) - SIZE / 2) * SPACING_MM
    squares = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2
    mask = (squares < RADIUS_MM**2).astype(np.uint8)
    matrix = np.diag([-SPACING_MM, -SPACING_MM, SPACING_MM, 1.0])
    voxels = np.where(mask, 0, -1000).astype(np.int16)
    return slicer.util.addVolumeFromArray(voxels, ijkToRAS=matrix, name="Ball"), mask
