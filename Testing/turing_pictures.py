"""The pictures of Visual Turing: a study of the real metastases in one CT, designed and read, and a published table."""

import shutil
import tempfile
from pathlib import Path

import sessions
import turing_reader
from reading_hands import awaitCase

PASSPHRASE = "three real metastases"
METASTASES_IJK = ((122, 255, 17), (133, 302, 20), (157, 275, 35))
"""Centers in case CRLM-CT-1006, by eye."""
RADIUS_MM = 8.0
SIZE_PX = (1600, 1000)


def turing(host, folder, files):
    """Design with the panel, a case on the screen, and the published table evaluated anew."""
    temporary = Path(tempfile.mkdtemp())
    try:
        widget = design(host, files)
        host.screenshot(folder / "VisualTuringDesign.png", widget=widget.parent)
        make(host, widget, temporary / "study")
        desk = turing_reader.begin(widget, temporary / "study", "A. Reader")
        turing_reader.readOn(host, widget, ["2"])
        host.window.resize(*SIZE_PX)  # the screen of a machine without a display is small
        awaitCase(host, desk.reading)
        host.screenshot(folder / "VisualTuringRead.png")
        desk.leave()
        host.window.resize(*SIZE_PX)
        report(host, widget, temporary)
        host.screenshot(folder / "VisualTuringReport.png")
    finally:
        shutil.rmtree(temporary)
    host.setLayout("FourUp")
    widget.logic.clearCases()
    host.selectModule("SyntheticImaging")
    host.clearScene()


def design(host, files):
    """The CT's metastases as cases, for which twins will be made in the same CT; the module's widget."""
    import slicer

    ct, organ, segmentId = sessions.loadFiles(*files)
    organ.SetDisplayVisibility(False)
    widget = host.selectModule("VisualTuring")
    ui = widget.ui
    ui.casePointsRadiusSpinBox.value = RADIUS_MM
    for number, ijk in enumerate(METASTASES_IJK, 1):
        points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", f"Metastasis {number}")
        points.AddControlPoint(rasOf(ct, ijk))
        points.SetDisplayVisibility(False)
        ui.caseVolumeSelector.setCurrentNode(ct)
        ui.casePointsSelector.setCurrentNode(points)
        ui.caseOrganSelector.setCurrentNode(organ)
        ui.caseOrganSelector.setCurrentSegmentID(segmentId)
        ui.addVolumeButton.click()
    names = [ui.presetComboBox.itemData(index) for index in range(ui.presetComboBox.count)]
    ui.presetComboBox.currentIndex = names.index("metastasis-colorectal")
    ui.titleEdit.text = "Metastases, portal venous phase"
    ui.newStudyEdit.currentPath = "studies/metastases"
    ui.newPassphraseEdit.text = ui.repeatPassphraseEdit.text = PASSPHRASE
    host.processEvents(400)
    host.waitUntil(lambda: "calculated" not in ui.sampleLabel.text, sessions.PREPARATION_S)
    return widget


def rasOf(volumeNode, ijk):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    return matrix.MultiplyPoint([*ijk, 1.0])[:3]


def make(host, widget, study):
    widget.ui.newStudyEdit.currentPath = str(study)
    widget.ui.makeButton.click()
    if not host.waitUntil(lambda: not widget.panel.isBusy, sessions.PREPARATION_S) or not widget.ui.makeLabel.text:
        raise SystemExit(f"The study was not made: {widget.ui.messageLabel.text}")


def report(host, widget, folder):
    """The published table in the tab Report, with the plot of d' in place of the 3D view."""
    from VisualTuringLib.Published import PUBLISHED_COUNTS

    ui, table = widget.ui, folder / "Hu 2023.csv"
    table.write_text(PUBLISHED_COUNTS)
    ui.taskTabs.setCurrentIndex(2)
    ui.countsSection.collapsed = False
    ui.countsEdit.currentPath, ui.countsReportEdit.currentPath = str(table), str(folder / "report")
    ui.countsButton.click()
    host.waitUntil(lambda: not widget.panel.isBusy, sessions.PREPARATION_S)
    ui.showChartButton.click()
    ui.studyEdit.currentPath = ui.countsEdit.currentPath = ui.countsReportEdit.currentPath = ""
    ui.reportLabel.text = ui.reportLabel.text.rpartition("\n")[0]
    host.processEvents(300)
