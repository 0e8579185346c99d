"""Visual Turing in the window: designing a study, the published table, choices that come back."""

from pathlib import Path

import pytest
from turing_bodies import addToScene

pytestmark = pytest.mark.gui
WORK_S = 60


def wait(host, turing):
    assert host.waitUntil(lambda: not turing.panel.isBusy, WORK_S)
    host.processEvents(250)


def addTable(host, turing, table):
    turing.ui.casesTableEdit.currentPath = str(table)
    turing.ui.addTableButton.click()
    wait(host, turing)


def sampleSizes(ui):
    rows = range(ui.sampleTable.rowCount)
    return {ui.sampleTable.item(row, 0).text(): ui.sampleTable.item(row, 2).text() for row in rows}


def test_the_list_shows_what_the_study_would_be(host, turing, turingTable, tmp_path):
    ui = turing.ui
    assert ui.outlookLabel.text == "No images yet." and not ui.makeButton.enabled
    addTable(host, turing, turingTable)
    assert ui.casesTable.rowCount == 7 and ui.casesTable.item(0, 1).text() == "real"
    assert ui.outlookLabel.text == "4 real, 4 synthetic, which will be made, 3 hosts to make them in."
    assert ui.sampleLabel.text.startswith("8 different cases; each reader answers 10 times per session.")
    assert ui.makeButton.enabled and ui.presetComboBox.enabled
    ui.armsComboBox.currentIndex = 2
    ui.trainingSpinBox.value = 2
    host.processEvents(300)
    assert ui.sampleLabel.text.startswith("6 different cases; each reader answers 12 times per session.")
    host.dialogs.paths.append(str(tmp_path / "list.csv"))
    ui.saveCasesButton.click()
    assert (tmp_path / "list.csv").read_text().count("\n") == 8
    ui.casesTable.selectRow(0)
    ui.removeCasesButton.click()
    assert ui.casesTable.rowCount == 6
    ui.clearCasesButton.click()
    assert ui.casesTable.rowCount == 0 and not ui.removeCasesButton.enabled


def test_the_panel_is_no_wider_than_slicers(host, turing):
    from slicer_host.window import PANEL_WIDTH_PX

    for name in ("sceneCases", "morePlan", "picture", "moreReading", "counts"):
        getattr(turing.ui, f"{name}Section").collapsed = False
    for index in range(turing.ui.taskTabs.count):
        turing.ui.taskTabs.setCurrentIndex(index)
        host.processEvents(20)
        assert turing.parent.minimumSizeHint.width() <= PANEL_WIDTH_PX
    turing.ui.taskTabs.setCurrentIndex(0)


def awaitSizes(host, ui):
    host.processEvents(200)
    assert host.waitUntil(lambda: "calculated" not in ui.sampleLabel.text, WORK_S)


def test_sample_sizes_follow_the_design(host, turing, turingTable):
    ui = turing.ui
    awaitSizes(host, ui)
    assert set(sampleSizes(ui).values()) == {"too few"}
    turing.logic._add(turing.logic.cases)
    addTable(host, turing, turingTable)
    turing.logic._add([case for case in turing.logic.cases if case.truth == "real"] * 11)
    host.processEvents(300)
    sizes = sampleSizes(ui)
    assert ui.sampleLabel.text.startswith("96 different cases")
    assert sizes["prove equivalence to 0.50 within ±0.15"] == "enough"
    assert sizes["prove equivalence to 0.50 within ±0.10"] == "too few"
    ui.marginSpinBox.value = 0.12
    host.processEvents(200)
    assert "being calculated" in ui.sampleLabel.text and not turing.panel.isBusy, "nobody has to wait for it"
    awaitSizes(host, ui)
    assert sampleSizes(ui)["prove equivalence to 0.50 within ±0.12"] == "too few"
    ui.marginSpinBox.value = 0.01
    awaitSizes(host, ui)
    assert sampleSizes(ui)["prove equivalence to 0.50 within ±0.01"] == "too few"
    assert ui.sampleTable.item(ui.sampleTable.rowCount - 1, 1).text() == "thousands"
    host.processEvents(50)
    needed = ui.sampleTable.verticalHeader().length() + ui.sampleTable.horizontalHeader().height
    assert ui.sampleTable.height == needed + 2 * ui.sampleTable.frameWidth, "every row is seen, to its lower edge"


def test_volumes_of_the_scene_are_added_as_they_are_chosen(host, turing, turingCases):
    ui = turing.ui
    (_, real, points, _), (case, host_, _, organ) = addToScene([turingCases[0], turingCases[-1]])
    ui.addVolumeButton.click()
    assert "No volume is chosen" in ui.messageLabel.text
    ui.caseVolumeSelector.setCurrentNode(real)
    ui.casePointsSelector.setCurrentNode(points)
    ui.casePointsRadiusSpinBox.value = 6.0
    ui.scannerEdit.text = "scanner A"
    ui.addVolumeButton.click()
    assert not ui.messageLabel.visible
    ui.kindComboBox.currentIndex = 2
    ui.caseVolumeSelector.setCurrentNode(host_)
    ui.casePointsSelector.setCurrentNode(None)
    ui.caseOrganSelector.setCurrentNode(organ)
    ui.caseOrganSelector.setCurrentSegmentID("liver")
    ui.addVolumeButton.click()
    texts = [[ui.casesTable.item(row, column).text() for column in range(5)] for row in range(2)]
    assert texts == [["patient00", "real", "1", "", "scanner A"], [case.image.stem, "host", "0", "yes", "scanner A"]]
    host.scene.RemoveNode(real)
    turing.panel.refresh()
    assert ui.casesTable.rowCount == 1
    ui.kindComboBox.currentIndex = 0


def test_the_published_table_in_the_panel(host, turing, tmp_path, monkeypatch):
    import qt
    import slicer

    from VisualTuringLib.Published import PUBLISHED_COUNTS

    ui, opened = turing.ui, []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    ui.taskTabs.setCurrentIndex(2)
    assert not ui.openHtmlButton.enabled and not ui.showChartButton.enabled
    ui.countsButton.click()
    assert "No table of counts" in ui.messageLabel.text
    (tmp_path / "hu2023.csv").write_text(PUBLISHED_COUNTS)
    ui.countsEdit.currentPath = str(tmp_path / "hu2023.csv")
    ui.countsReportEdit.currentPath = str(tmp_path / "report")
    ui.countsButton.click()
    wait(host, turing)
    assert "(junior) could tell real from synthetic, but called each by the other's name" in ui.reportLabel.text
    node = ui.reportTableView.mrmlTableNode()
    column = node.GetColumnIndex("d prime")
    assert [float(node.GetCellText(row, column)) for row in (0, 1)] == pytest.approx([-1.21, 1.19], abs=0.005)
    assert [ui.chartComboBox.itemText(index) for index in range(ui.chartComboBox.count)] == ["Discrimination"]
    for button in (ui.openHtmlButton, ui.openPdfButton, ui.openFolderButton):
        button.click()
    assert [Path(path).name for path in opened] == ["report.html", "report.pdf", "report"]
    assert all(Path(path).exists() for path in opened)
    manager = slicer.app.layoutManager()
    ui.showTableButton.click()
    assert manager.tableWidget(0).tableView().mrmlTableNode() is node
    ui.showChartButton.click()
    assert manager.plotWidget(0).mrmlPlotViewNode().GetPlotChartNode().GetTitle().startswith("d' of each reader")
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    host.saveScene(tmp_path / "scene.mrb")
    host.clearScene()
    assert ui.tableComboBox.count == 0 and not ui.openHtmlButton.enabled
    host.loadScene(tmp_path / "scene.mrb")
    host.processEvents(200)
    assert ui.tableComboBox.count == 1 and ui.showChartButton.enabled
    assert ui.reportTableView.mrmlTableNode().GetName() == "hu2023: Readers"


def test_choices_come_back_with_the_scene(host, turing, tmp_path):
    ui = turing.ui
    ui.titleEdit.text = "Livers of 2026"
    ui.instructionsEdit.setPlainText("Half of them are made.\nLook at the edges.")
    ui.armsComboBox.currentIndex = 1
    ui.timeLimitSpinBox.value = 90
    ui.presetComboBox.currentIndex = 3
    preset = turing.panel.parameters.preset
    host.saveScene(tmp_path / "scene.mrml")
    host.clearScene()
    host.processEvents(100)
    assert ui.titleEdit.text == "Visual Turing test" and ui.instructionsEdit.plainText == ""
    host.loadScene(tmp_path / "scene.mrml")
    host.processEvents(100)
    assert ui.titleEdit.text == "Livers of 2026" and ui.timeLimitSpinBox.value == 90
    assert ui.instructionsEdit.plainText.endswith("Look at the edges.") and ui.armsComboBox.currentIndex == 1
    assert turing.panel.parameters.preset == preset and ui.presetComboBox.currentIndex == 3


def test_the_module_can_be_reloaded(host, turing, turingTable):
    import slicer

    addTable(host, turing, turingTable)
    turing.onReload()
    host.processEvents(50)
    fresh = slicer.modules.VisualTuringWidget
    assert fresh is not turing
    fresh.enter()
    host.processEvents(300)
    assert fresh.ui.casesTable.rowCount == 0 and fresh.ui.taskTabs.count == 3
    addTable(host, fresh, turingTable)
    assert fresh.ui.casesTable.rowCount == 7
    fresh.logic.clearCases()


def test_radiographs_need_synthetic_ones(host, turing, tmp_path):
    import qt

    ui = turing.ui
    image = qt.QImage(64, 64, qt.QImage.Format_Grayscale8)
    for truth in ("real", "synthetic"):
        for number in range(2):
            image.fill(qt.QColor(40 * number + 20, 0, 0))
            (tmp_path / truth).mkdir(exist_ok=True)
            image.save(str(tmp_path / truth / f"film{number}.png"))
    ui.modalityComboBox.currentIndex = 1
    turing.logic.addFolder(tmp_path / "real", "real")
    host.processEvents(300)
    assert not ui.boxRSpinBox.enabled and ui.sizePxSpinBox.enabled
    assert "add synthetic radiographs" in ui.outlookLabel.text and not ui.makeButton.enabled
    turing.logic.addFolder(tmp_path / "synthetic", "synthetic")
    assert "no lesion position" in ui.outlookLabel.text, "they cannot be pointed at"
    ui.cueCheckBox.checked = False
    host.processEvents(300)
    assert ui.outlookLabel.text == "2 real, 2 synthetic." and ui.makeButton.enabled


def test_the_home_module_leads_here(host):
    import slicer

    home = host.selectModule("SyntheticImaging")
    home.home.taskButtons["VisualTuring"].click()
    assert slicer.util.selectedModule() == "VisualTuring"
    host.selectModule("SyntheticImaging")


def test_files_of_a_folder_that_are_no_images_are_named(host, turing, turingTable, tmp_path):
    ui = turing.ui
    images = sorted(Path(turingTable).parent.rglob("*.nrrd"))
    (tmp_path / images[0].name).write_bytes(images[0].read_bytes())
    (tmp_path / "notes.txt").write_text("hello")
    ui.casesFolderEdit.currentPath = str(tmp_path)
    ui.addFolderButton.click()
    wait(host, turing)
    assert ui.casesTable.rowCount == 1
    assert ui.messageLabel.text == "Left out: notes.txt (no image: neither DICOM, NRRD, NIfTI, MetaImage nor picture)."
