"""What the module's test does with the panel: a small study is designed, made, read and reported."""

import tempfile
from pathlib import Path

import qt
import slicer

from SyntheticImagingLib.selftest import openModule, waitUntil

from .conduct.ReadingLogic import State

PASSPHRASE = "a passphrase for the test"
CASES_OF_A_KIND, SIZE = 4, 32
CENTER_RAS, RADIUS_MM = (15.0, 15.0, 15.0), 4.0
DESIGN_TAB, READ_TAB, REPORT_TAB = range(3)


class SelfTest:
    """test: a unittest.TestCase, which is told what is wrong."""

    def __init__(self, test):
        self._test = test
        self._widget = openModule("VisualTuring")
        self._ui, self._panel = self._widget.ui, self._widget.panel

    def run(self):
        self._lookAround()
        with tempfile.TemporaryDirectory() as folder:
            study = Path(folder) / "study"
            try:
                self._design()
                self._make(study)
                self._read(study)
                self._report(study)
            finally:
                self._leave()

    def _lookAround(self):
        """Every tab holds its form, nothing is chosen, and numbers have the bounds of their parameters."""
        ui, test = self._ui, self._test
        pages = {ui.designTab: ui.makeButton, ui.readTab: ui.startReadingButton, ui.reportTab: ui.reportButton}
        for index, (page, button) in enumerate(pages.items()):
            ui.taskTabs.setCurrentIndex(index)
            slicer.app.processEvents()
            test.assertTrue(page.isAncestorOf(button), f"tab {index} does not hold its form")
            test.assertTrue(button.visible)
            test.assertEqual([other.visible for other in pages.values()].count(True), 1)
        for edit in (ui.newStudyEdit, ui.studyEdit, ui.reportEdit):
            test.assertEqual(edit.currentPath, "")
        test.assertEqual((ui.marginSpinBox.minimum, ui.marginSpinBox.maximum), (0.01, 0.49))
        test.assertEqual((ui.marginSpinBox.decimals, ui.marginSpinBox.singleStep), (2, 0.01))
        test.assertEqual(ui.armsComboBox.itemText(0), self._panel.parameters.arms.label())
        test.assertFalse(ui.makeButton.enabled)

    def _design(self):
        """Images of the scene, half of each kind, as they are chosen in the panel."""
        ui, test = self._ui, self._test
        ui.taskTabs.setCurrentIndex(DESIGN_TAB)
        points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Lesions")
        points.AddControlPoint(CENTER_RAS)
        ui.casePointsRadiusSpinBox.value = RADIUS_MM
        for kind, offset in (("real", 0), ("synthetic", CASES_OF_A_KIND)):
            ui.kindComboBox.setCurrentIndex(0 if kind == "real" else 1)
            for seed in range(offset, offset + CASES_OF_A_KIND):
                ui.caseVolumeSelector.setCurrentNode(_noise(seed))
                ui.casePointsSelector.setCurrentNode(points)
                ui.addVolumeButton.click()
        test.assertEqual(ui.casesTable.rowCount, 2 * CASES_OF_A_KIND)
        for axis in "RAS":
            getattr(ui, f"box{axis}SpinBox").value = 0
        test.assertEqual(self._panel.parameters.boxRMm, 0)

    def _make(self, study):
        """The study is made by its button, and the panel can be used afterwards."""
        ui, test = self._ui, self._test
        ui.newStudyEdit.currentPath = str(study)
        test.assertEqual(self._panel.parameters.newStudyFolder, str(study))
        ui.newPassphraseEdit.text = ui.repeatPassphraseEdit.text = PASSPHRASE
        ui.acceptLeaksCheckBox.checked = True  # noise has nothing to hide behind
        self._click(ui.makeButton)
        test.assertTrue((study / "manifest.json").exists(), ui.makeLabel.text)
        test.assertEqual((ui.studyEdit.currentPath, ui.readStudyPathLineEdit.currentPath), (str(study), str(study)))
        test.assertEqual(ui.newPassphraseEdit.text, "")
        for widget in (ui.makeButton, ui.addFolderButton, ui.addVolumeButton, ui.clearCasesButton, ui.reportButton):
            test.assertTrue(widget.enabled, widget.toolTip)
        test.assertFalse(ui.jobFrame.visible)

    def _read(self, study):
        """One reader answers every case on the full screen; the panel tells how far she is."""
        ui, test = self._ui, self._test
        ui.taskTabs.setCurrentIndex(READ_TAB)
        ui.readerComboBox.setEditText("Ada")
        test.assertTrue(ui.startReadingButton.enabled, ui.readStatusLabel.text)
        ui.startReadingButton.click()
        desk = self._panel.read.desk
        test.assertIsNotNone(desk, ui.messageLabel.text)
        reading, menus = desk.reading, slicer.util.mainWindow().menuBar()
        test.assertFalse(menus.visible)
        while not reading.isFinished:
            test.assertTrue(waitUntil(lambda: reading.state is not State.opening), reading.sentence)
            if reading.state is State.reading:
                rating = 2 if reading.answered % 2 else 5
                slicer.util.findChild(desk.strip.widget, f"choice{rating}Button").click()
            else:
                test.assertEqual(reading.sentence, "")
                desk.page.ui.proceedButton.click()
            slicer.app.processEvents()
        total = reading.total
        desk.page.ui.leaveButton.click()
        test.assertIsNone(self._panel.read.desk)
        test.assertTrue(menus.visible)
        ui.taskTabs.setCurrentIndex(REPORT_TAB)
        slicer.app.processEvents()
        test.assertEqual(ui.readersTable.item(0, 2).text(), f"{total} / {total}")

    def _report(self, study):
        """Tables with headers and plots are in the scene, the files on the disk."""
        ui, test = self._ui, self._test
        ui.passphraseEdit.text = PASSPHRASE
        self._click(ui.reportButton)
        test.assertTrue((study.with_name("study-report") / "report.html").exists(), ui.reportLabel.text)
        table = ui.reportTableView.mrmlTableNode()
        test.assertIsNotNone(table)
        model = ui.reportTableView.model()  # transposed: a column for each reader, a row for each measure
        test.assertEqual(model.headerData(0, qt.Qt.Horizontal), table.GetCellText(0, 0))
        test.assertEqual(model.headerData(0, qt.Qt.Vertical), table.GetColumnTitle(table.GetColumnName(1)))
        test.assertGreaterEqual(ui.chartComboBox.count, 1)
        test.assertTrue(ui.openHtmlButton.enabled)
        test.assertEqual(ui.passphraseEdit.text, "")

    def _click(self, button):
        """Press a button and wait for the work that it begins."""
        self._panel.refresh()
        self._test.assertTrue(button.enabled, button.toolTip)
        button.click()
        self._test.assertTrue(waitUntil(lambda: not self._panel.isBusy), "the work does not end")
        slicer.app.processEvents()

    def _leave(self):
        self._panel.cancel()
        self._panel.stop()
        self._widget.logic.clearCases()
        self._ui.taskTabs.setCurrentIndex(DESIGN_TAB)


def _noise(seed):
    """A small volume of soft tissue and noise."""
    import numpy as np

    voxels = np.random.default_rng(seed).normal(60, 15, (SIZE, SIZE, SIZE)).astype(np.int16)
    return slicer.util.addVolumeFromArray(voxels, ijkToRAS=np.eye(4), name=f"Case {seed + 1}")
