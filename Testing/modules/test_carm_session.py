"""Virtual C-arm over a session: kept images, sweeps, tools, files, scenes, and nodes deleted by hand."""

import carm_console
import numpy as np
import pytest


def count(host, className):
    return host.scene.GetNumberOfNodesByClass(className)


def test_a_kept_shot_stays_when_the_c_arm_moves_on(host, carm):
    import slicer

    carm.ui.shotButton.click()
    name = carm.ui.messageLabel.text.split('"')[1]
    kept = slicer.util.getNode(name)
    before = carm_console.voxels(kept).copy()
    carm.ui.laoSlider.value = 60
    carm.settle()
    np.testing.assert_array_equal(carm_console.voxels(kept), before)
    assert "synthetic" in name and "LAO 0 CRAN 0" in name and kept is not carm.logic.imageNode()
    assert not np.array_equal(carm_console.voxels(carm.logic.imageNode()), before)


def test_a_sweep_shows_progress_and_its_controls(host, carm):
    ui = carm.ui
    ui.sweepLaoSlider.value, ui.sweepCountSpinBox.value = 20, 5
    assert ui.seekWidget.isHidden()
    ui.sweepButton.click()
    assert ui.jobFrame.visible and not ui.shotButton.enabled
    carm.settle()
    assert not ui.jobFrame.visible and not ui.seekWidget.isHidden() and ui.shotButton.enabled
    browser = host.scene.GetFirstNodeByClass("vtkMRMLSequenceBrowserNode")
    assert browser.GetNumberOfItems() == 5
    host.scene.RemoveNode(browser)
    carm.ui.laoSlider.value = 5
    carm.settle()
    assert ui.seekWidget.isHidden()


def test_a_sweep_can_be_canceled(host, carm, monkeypatch):
    before = host.scene.GetNumberOfNodes()
    monkeypatch.setattr(carm.panel.steps, "_budget_s", 1e-4)
    carm.ui.sweepCountSpinBox.value = 60
    carm.ui.sweepButton.click()
    assert host.waitUntil(lambda: "of 60" in carm.ui.jobLabel.text)
    carm.ui.cancelButton.click()
    carm.settle()
    assert host.scene.GetNumberOfNodes() == before and not carm.ui.jobFrame.visible


def test_tools_come_into_the_beam_and_out_of_it(host, carm):
    import slicer

    ui = carm.ui
    before = carm_console.voxels(carm.logic.imageNode()).copy()
    line = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "Path")
    ui.toolLineSelector.setCurrentNode(line)
    assert not ui.addShapeButton.enabled and carm_console.tip(ui.addShapeButton) == "Draw and choose a line first."
    line.AddControlPointWorld(60, 0, 0)
    line.AddControlPointWorld(0, 0, 0)
    carm.panel.refresh()
    ui.toolDiameterSpinBox.value = 8
    ui.addShapeButton.click()
    carm.settle()
    assert ui.toolsTable.rowCount == 1 and ui.toolsTable.item(0, 1).text() == "steel"
    with_tool = carm_console.voxels(carm.logic.imageNode()).copy()
    assert (with_tool - before).max() > 2
    ui.toolsTable.selectRow(0)
    assert ui.removeToolButton.enabled
    ui.removeToolButton.click()
    carm.settle()
    np.testing.assert_allclose(carm_console.voxels(carm.logic.imageNode()), before, atol=1e-5)
    assert ui.toolsTable.rowCount == 0


def test_every_shape_comes_with_its_usual_size_and_can_be_made(host, carm):
    import slicer

    ui = carm.ui
    line = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "Path")
    line.AddControlPointWorld(60, 40, 0)
    line.AddControlPointWorld(0, 0, 0)
    ui.toolLineSelector.setCurrentNode(line)
    usual = []
    for index in (1, 2, 3, 0):
        ui.shapeComboBox.setCurrentIndex(index)
        usual.append(ui.toolDiameterSpinBox.value)
        ui.addShapeButton.click()
        carm.settle()
    assert usual == [6.5, 1.3, 6.0, 2.0]
    assert ui.toolsTable.rowCount == 4 and not ui.messageLabel.text
    ui.shapeComboBox.setCurrentIndex(2)
    ui.toolDiameterSpinBox.value = 0.7  # a thin needle has a thin bore
    ui.addShapeButton.click()
    assert len(carm.logic.tools) == 5 and not ui.messageLabel.text


def test_a_model_that_is_open_is_refused_in_a_sentence(host, carm):
    model = carm_console.closedModel("Torn", isOpen=True)
    carm.ui.toolModelSelector.setCurrentNode(model)
    carm.settle()
    carm.ui.addModelButton.click()
    assert carm.ui.messageLabel.text.startswith('"Torn": ') and carm.ui.messageLabel.visible
    assert carm.ui.toolsTable.rowCount == 0 and not host.shownMessages


def test_export_and_import(host, carm, tmp_path, monkeypatch):
    import qt

    from synthetic_imaging.io import read_volume

    ui = carm.ui
    ui.exportButton.click()
    carm.settle()
    assert ui.messageLabel.text == "Choose a folder first."
    carm.logic.setPose(35, -15, 5)
    carm.settle()
    ui.exportFolderEdit.currentPath = str(tmp_path)
    ui.dicomCheckBox.checked = True
    ui.exportButton.click()
    carm.settle()
    assert ui.messageLabel.text == "" and str(tmp_path) in ui.exportLabel.text
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"xray-lao35-caud15{suffix}" for suffix in (".nrrd", ".png", ".dcm", ".json")}
    carm.settle()
    image = read_volume(tmp_path / "xray-lao35-caud15.nrrd")
    values = -np.log(np.maximum(image.numpy()[0], 1e-12))
    np.testing.assert_allclose(values, carm_console.voxels(carm.logic.imageNode()), atol=1e-4)
    for suffix in (".json", ".dcm", ".nrrd"):
        carm.logic.setPose(0, 0, 0)
        path = str(tmp_path / f"xray-lao35-caud15{suffix}")
        monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", lambda *_arguments, path=path: path)
        ui.importPoseButton.click()
        carm.settle()
        assert carm.panel.views.planes["A"].annotations.texts["title"] == "LAO 35 CAUD 15", suffix
        assert ui.rollSlider.value == pytest.approx(5, abs=0.5)
    monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", lambda *_arguments: str(tmp_path / "xray-lao35-caud15.png"))
    ui.importPoseButton.click()
    assert "cannot be read as JSON" in ui.messageLabel.text and not host.shownMessages


def names(host):
    """Names of models and point lists, without the patient's surfaces, made on the side, and Slicer's own slices."""
    nodes = [host.scene.GetNthNode(index) for index in range(host.scene.GetNumberOfNodes())]
    kinds = ("vtkMRMLModelNode", "vtkMRMLMarkupsNode")
    found = [node.GetName() for node in nodes if any(node.IsA(kind) for kind in kinds)]
    return sorted(name for name in found if not name.endswith((" of CT", " Volume Slice")))


def test_a_saved_scene_goes_on(host, carm, tmp_path):
    carm.logic.setPose(20, 10)
    carm.ui.windowRange.setValues(1.0, 6.0)
    carm.settle()
    before = carm_console.voxels(carm.logic.imageNode()).copy()
    namesBefore = names(host)
    host.saveScene(tmp_path / "scene.mrb")
    host.clearScene()
    carm.settle()
    assert not carm.logic.isReady and carm.ui.noticeLabel.text == "Choose a CT."
    assert not carm.panel.views.planes["A"].annotations.texts["title"] or carm.logic.imageNode() is None
    host.loadScene(tmp_path / "scene.mrb")
    assert host.waitUntil(lambda: carm.logic.isReady)
    carm.settle()
    parameters = carm.logic.parameters
    assert (parameters.laoDeg, parameters.cranDeg) == (20, 10)
    assert (parameters.windowLow, parameters.windowHigh) == (1.0, 6.0)
    np.testing.assert_allclose(carm_console.voxels(carm.logic.imageNode()), before, atol=1e-5)
    assert carm.panel.views.planes["A"].annotations.texts["title"] == "LAO 20 CRAN 10"
    assert names(host) == namesBefore
    assert not host.shownMessages


def test_the_scene_may_close_in_the_middle_of_everything(host, carm):
    carm.logic.set(imageSize=512)
    carm.ui.sweepButton.click()
    carm.ui.laoSlider.value = 33
    host.clearScene()
    carm.settle()
    assert not carm.logic.isReady and not carm.ui.jobFrame.visible and not host.shownMessages
    assert count(host, "vtkMRMLSequenceNode") == 0


def test_nodes_deleted_by_hand_come_back_or_are_let_go(host, carm):
    image, model = carm.logic.imageNode(), carm.panel.views.planes["A"].imagePlane.node
    host.scene.RemoveNode(image)
    host.scene.RemoveNode(model)
    carm.ui.laoSlider.value = 12
    carm.settle()
    assert carm.logic.imageNode() is not None and carm.logic.imageNode() is not image
    assert carm.panel.views.planes["A"].annotations.texts["title"] == "LAO 12 CRAN 0"
    host.scene.RemoveNode(carm.ct)
    carm.settle()
    assert not carm.logic.isReady
    carm.ui.laoSlider.value = 14
    carm.settle()
    assert not host.shownMessages


def test_leaving_and_coming_back_draws_what_changed_meanwhile(host, carm):
    host.selectModule("SyntheticImaging")
    assert count(host, "vtkMRMLModelNode") and not carm.panel.views.isShown
    carm.logic.setPose(laoDeg=50)
    host.selectModule("VirtualCArm")
    carm.settle()
    assert carm.panel.views.planes["A"].annotations.texts["title"] == "LAO 50 CRAN 0"


def test_a_panel_that_goes_away_leaves_nothing_running(host, carm):
    import slicer
    from VirtualCArm import VirtualCArmLogic

    from SyntheticImagingLib.live import LiveUpdates
    from VirtualCArmLib.panel.Panel import CArmPanel

    live = LiveUpdates(0)
    logic = VirtualCArmLogic(live)
    before = [len(signal._callbacks) for signal in (logic.changed, logic.imageChanged, logic.message, live.failed)]
    panel = CArmPanel(carm.ui, logic, logic.getParameterNode, live)
    panel.setParameterNode(logic.getParameterNode())
    panel.detach()
    assert [
        len(signal._callbacks) for signal in (logic.changed, logic.imageChanged, logic.message, live.failed)
    ] == before
    assert not panel.live.isWaiting and not panel.backgroundIsRunning and panel.parameters is None
    logic.cleanup()
    slicer.util.selectModule("SyntheticImaging")


def test_a_normal_session_leaves_the_error_log_empty(host, carm):
    host.errorLog.clear()
    carm.ui.laoSlider.value, carm.ui.kvpSlider.value = 20, 100
    carm.ui.biplaneCheckBox.checked = True
    carm.settle()
    carm.ui.shotButton.click()
    carm.ui.sweepCountSpinBox.value = 3
    carm.ui.sweepButton.click()
    carm.settle()
    carm.ui.exportButton.click()  # without a folder, which is said in the panel
    carm.ui.biplaneCheckBox.checked = False
    carm.settle()
    host.selectModule("SyntheticImaging")
    host.selectModule("VirtualCArm")
    host.clearScene()
    carm.settle()
    assert host.errorLog == []
