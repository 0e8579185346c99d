"""Synthetic Tumor in its window: scenes saved, opened and closed, long work, bad input, and the panel itself."""

import time

import numpy as np
import pytest
from tumor_console import assertTruthAgrees, voxels

PANEL_WIDTH_PX = 480


def growth(widget, frames=4):
    widget.ui.frameCountSpinBox.value = frames
    widget.ui.growthButton.click()


def test_a_saved_scene_goes_on_with_the_same_lesions(host, widget, tmp_path):
    widget.ui.suggestButton.click()
    widget.ui.suggestButton.click()
    widget.logic.updateLesion(0, lobulation=0.8)
    lesions, hu = widget.logic.lesions, voxels(widget.logic.results.volume).copy()
    host.saveScene(tmp_path / "scene.mrb")
    host.clearScene()
    assert not widget.logic.isReady and widget.ui.lesionTable.rowCount == 0
    host.loadScene(tmp_path / "scene.mrb")
    assert host.waitUntil(lambda: len(widget.logic.lesions) == 2)
    assert widget.logic.lesions == lesions
    np.testing.assert_array_equal(voxels(widget.logic.results.volume), hu)
    assertTruthAgrees(widget.logic)
    assert widget.ui.lesionTable.rowCount == 2
    assert widget.ui.organSelector.currentSegmentID() == "liver"
    widget.ui.suggestButton.click()
    assertTruthAgrees(widget.logic)
    assert not host.shownMessages


def test_growth_shows_progress_and_time_controls(host, widget):
    widget.ui.suggestButton.click()
    assert "6 frames" not in widget.ui.growthLabel.text and "MB" in widget.ui.growthLabel.text
    growth(widget)
    assert widget.ui.jobFrame.visible and not widget.ui.growthButton.enabled
    browsers = host.scene.GetNumberOfNodesByClass
    assert host.waitUntil(lambda: browsers("vtkMRMLSequenceBrowserNode") == 1 and not widget.ui.jobFrame.visible)
    browser = host.scene.GetFirstNodeByClass("vtkMRMLSequenceBrowserNode")
    assert browser.GetNumberOfItems() == 4
    assert not widget.ui.seekWidget.isHidden() and widget.ui.showGrowthButton.checked
    proxy = browser.GetProxyNode(browser.GetMasterSequenceNode())
    assert background() == proxy.GetID()
    widget.ui.seekWidget.slider().setValue(3)
    assert not np.array_equal(voxels(proxy), voxels(widget.logic.results.volume))
    widget.ui.showGrowthButton.click()
    assert background() == widget.logic.results.volume.GetID()
    widget.ui.showGrowthButton.click()
    # whoever changes a lesion wants to see it
    widget.ui.shuffleButton.click()
    assert background() == widget.logic.results.volume.GetID()
    assert not widget.ui.showGrowthButton.checked
    assertTruthAgrees(widget.logic)


def background():
    import slicer

    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    return composite.GetBackgroundVolumeID()


def test_growth_can_be_canceled(host, widget, monkeypatch):
    widget.ui.suggestButton.click()
    before = host.scene.GetNumberOfNodes()
    monkeypatch.setattr(widget.panel.steps, "_budget_s", 1e-4)
    growth(widget, frames=12)
    assert host.waitUntil(lambda: "Day" in widget.ui.jobLabel.text)
    widget.ui.cancelButton.click()
    host.processEvents(50)
    assert not widget.ui.jobFrame.visible
    assert host.scene.GetNumberOfNodes() == before
    widget.ui.undoButton.click()
    assertTruthAgrees(widget.logic)


def test_the_scene_may_close_in_the_middle_of_a_job(host, widget):
    widget.ui.suggestButton.click()
    growth(widget, frames=12)
    host.clearScene()
    host.processEvents(200)
    assert host.scene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") == 0
    assert not widget.ui.jobFrame.visible and not widget.logic.isReady
    assert not widget.ui.placeButton.enabled
    assert not host.shownMessages


def test_the_scene_may_close_in_the_middle_of_a_drag(host, widget):
    import slicer

    widget.ui.suggestButton.click()
    center = widget.logic.lesions[0].center_ras
    slicer.modules.markups.logic().JumpSlicesToLocation(*center, False)
    host.processEvents(50)

    def close(step):
        if step == 3:
            assert widget.logic.isDragging
            host.scene.Clear(False)

    host.dragSlice("Red", center, tuple(np.add(center, (6.0, 0.0, 0.0))), steps=5, onStep=close)
    host.processEvents(400)
    assert not widget.logic.isReady and not widget.logic.isDragging
    assert not host.shownMessages


def test_the_scene_may_close_while_placing(host, widget):
    widget.ui.placeButton.click()
    host.moveSlice("Red", widget.logic.case.clearest_site())
    host.clearScene()
    host.processEvents(100)
    assert not widget.ui.placeButton.checked and not widget.ui.placeButton.enabled


@pytest.mark.parametrize("role", ["volume", "segmentation", "points", "record"])
def test_results_deleted_by_hand_come_back(host, widget, role):
    widget.ui.suggestButton.click()
    host.scene.RemoveNode(getattr(widget.logic.results, role))
    host.processEvents(50)
    widget.ui.suggestButton.click()
    assertTruthAgrees(widget.logic)
    assert not host.shownMessages


@pytest.mark.parametrize("which", [0, 1])
def test_a_deleted_input_disables_what_needs_it(host, widget, body, which):
    widget.ui.suggestButton.click()
    host.scene.RemoveNode(body[which])
    host.processEvents(100)
    assert not widget.logic.isReady
    for button in (widget.ui.placeButton, widget.ui.suggestButton, widget.ui.growthButton):
        assert not button.enabled and "Choose" in button.toolTip
    assert not host.shownMessages


def test_an_edited_organ_is_prepared_again_by_itself(host, widget, body):
    from slicer.util import arrayFromSegmentBinaryLabelmap, updateSegmentBinaryLabelmapFromArray

    widget.ui.suggestButton.click()
    mask = arrayFromSegmentBinaryLabelmap(body[1], "liver", body[0])
    mask[:20] = 0
    updateSegmentBinaryLabelmapFromArray(mask, body[1], "liver", body[0])
    assert host.waitUntil(lambda: widget.logic.isReady)
    assert widget.logic.caseSummary()["volumeMl"] == pytest.approx(mask.sum() / 1000)
    assertTruthAgrees(widget.logic)


def test_an_organ_that_cannot_be_used_is_named(host, widget, body):
    body[1].GetSegmentation().AddEmptySegment("nothing", "Spleen")
    widget.ui.organSelector.setCurrentSegmentID("nothing")
    assert host.waitUntil(lambda: '"Spleen" is empty' in widget.ui.inputStatusLabel.text)
    assert not widget.ui.suggestButton.enabled and '"Spleen" is empty' in widget.ui.suggestButton.toolTip
    widget.ui.organSelector.setCurrentSegmentID("liver")
    assert host.waitUntil(lambda: widget.logic.isReady)
    assert widget.ui.suggestButton.enabled


def test_buttons_say_why_they_cannot_be_used(host, widget):
    ui = widget.ui
    reasons = {
        ui.undoButton: "nothing to undo",
        ui.redoButton: "nothing to redo",
        ui.deleteButton: "Select a lesion",
        ui.radiusSlider: "Place a lesion first",
        ui.exportButton: "no lesion to export",
        ui.growthButton: "Select the lesion",
        ui.originalButton: "no result yet",
    }
    for button, words in reasons.items():
        assert not button.enabled and words in button.toolTip
    own = "Takes the last change"
    ui.suggestButton.click()
    assert all(button.enabled for button in reasons if button is not ui.redoButton)
    assert own in ui.undoButton.toolTip


def test_export_from_the_panel(host, widget, tmp_path):
    widget.ui.suggestButton.click()
    (tmp_path / "file").write_text("")
    widget.ui.exportFolderEdit.currentPath = str(tmp_path / "file" / "out")
    widget.ui.exportButton.click()
    assert host.waitUntil(lambda: "could not be written" in widget.ui.messageLabel.text)
    widget.ui.exportFolderEdit.currentPath = str(tmp_path / "out")
    widget.ui.exportButton.click()
    assert widget.ui.jobFrame.visible and not widget.ui.exportButton.enabled
    assert host.waitUntil(lambda: not widget.ui.jobFrame.visible)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "ct.nrrd",
        "instances.nrrd",
        "labels.nrrd",
        "lesions.json",
    ]
    assert str(tmp_path / "out") in widget.ui.resultsLabel.text and not widget.ui.messageLabel.visible


def test_canceled_export_leaves_nothing(host, widget, tmp_path, monkeypatch):
    from synthetic_imaging.tumor import provenance

    writeVolume = provenance.write_volume

    def slowly(*arguments):
        time.sleep(0.3)
        return writeVolume(*arguments)

    monkeypatch.setattr(provenance, "write_volume", slowly)
    widget.ui.suggestButton.click()
    widget.ui.exportFolderEdit.currentPath = str(tmp_path / "out")
    widget.ui.exportButton.click()
    assert host.waitUntil(lambda: widget.ui.jobFrame.visible and "Writing labels" in widget.ui.jobLabel.text)
    widget.ui.cancelButton.click()
    assert not widget.ui.jobFrame.visible and not (tmp_path / "out").exists()
    assert widget.logic.isReady and widget.ui.exportButton.enabled


def test_missing_packages_lead_to_the_home_module(host, widget, monkeypatch):
    import slicer
    from packaging.requirements import Requirement

    from SyntheticImagingLib import requirements

    monkeypatch.setattr(requirements, "missing", lambda: [Requirement("torch>=2.4"), Requirement("warp-lang")])
    slicer.util.selectModule("SyntheticImaging")
    host.selectModule("SyntheticTumor")
    assert widget.ui.packagesFrame.visible
    assert "torch, warp-lang" in widget.ui.packagesLabel.text
    assert not widget.ui.placeButton.enabled and "torch, warp-lang" in widget.ui.placeButton.toolTip
    widget.ui.openHomeButton.click()
    assert slicer.util.selectedModule() == "SyntheticImaging"


def test_console_and_window_share_one_scene(host, widget):
    """A lesion that a script places through the window's logic shows in the panel."""
    widget.logic.addAtSuggestedSite("cyst", 3.0)
    assert widget.ui.lesionTable.rowCount == 1
    assert widget.ui.radiusSlider.value == 3.0


def test_the_panel_fits_its_width(host, widget):
    for section in ("moreSection", "resultsSection", "growthSection"):
        getattr(widget.ui, section).collapsed = False
    host.processEvents(50)
    assert (
        widget.ui.SyntheticTumor.minimumSizeHint.width() <= PANEL_WIDTH_PX
        if hasattr(widget.ui, "SyntheticTumor")
        else widget.parent.minimumSizeHint.width() <= PANEL_WIDTH_PX
    )


def test_the_module_can_be_reloaded(host, widget):
    import slicer

    widget.ui.suggestButton.click()
    lesions = widget.logic.lesions
    widget.onReload()
    host.processEvents(50)
    again = slicer.modules.SyntheticTumorWidget
    assert again is not widget
    again.enter()
    assert host.waitUntil(lambda: len(again.logic.lesions) == len(lesions))
    assertTruthAgrees(again.logic)


def test_a_deleted_growth_sequence_is_told_in_a_sentence(host, widget, monkeypatch):
    widget.ui.suggestButton.click()
    monkeypatch.setattr(widget.panel.steps, "_budget_s", 1e-4)
    growth(widget, frames=6)
    assert host.waitUntil(lambda: "Day" in widget.ui.jobLabel.text)
    host.scene.RemoveNode(host.scene.GetFirstNodeByClass("vtkMRMLSequenceNode"))
    assert host.waitUntil(lambda: not widget.ui.jobFrame.visible)
    assert "was deleted while it was made" in widget.ui.messageLabel.text
    assert not host.shownMessages
    for name in ("vtkMRMLSequenceNode", "vtkMRMLSequenceBrowserNode"):
        assert host.scene.GetNumberOfNodesByClass(name) == 0


def test_a_scene_saved_while_placing_and_comparing_opens_with_the_result(host, widget, tmp_path):
    widget.ui.suggestButton.click()
    lesions = widget.logic.lesions
    widget.ui.placeButton.click()
    host.moveSlice("Red", widget.logic.case.clearest_site())
    assert widget.logic.results.points.GetNumberOfControlPoints() == 2
    widget.ui.originalButton.click()
    host.saveScene(tmp_path / "scene.mrb")
    host.loadScene(tmp_path / "scene.mrb")
    assert host.waitUntil(lambda: widget.logic.lesions == lesions)
    host.processEvents(50)
    assertTruthAgrees(widget.logic)
    assert not widget.ui.placeButton.checked and not widget.ui.placeWidget.placeModeEnabled
    assert background() == widget.logic.results.volume.GetID()
    assert widget.logic.results.points.GetDisplayVisibility()
    assert widget.logic.results.segmentation.GetDisplayVisibility()


def test_marks_come_back_when_the_result_is_deleted_under_the_original(host, widget):
    widget.ui.suggestButton.click()
    widget.ui.originalButton.click()
    host.scene.RemoveNode(widget.logic.results.volume)
    widget.ui.shuffleButton.click()
    assert widget.logic.results.points.GetDisplayVisibility()
    assert widget.logic.results.segmentation.GetDisplayVisibility()
    assert background() == widget.logic.results.volume.GetID()


def test_growth_beyond_all_bounds_is_refused_with_a_sentence(host, widget):
    widget.ui.suggestButton.click()
    for days in (1.0, -1.0):
        widget.ui.doublingTimeSpinBox.value = days
        widget.ui.intervalSpinBox.value = 365.0
        widget.ui.frameCountSpinBox.value = 24
        assert widget.ui.growthLabel.text == ""
        widget.ui.growthButton.click()
        host.processEvents(50)
        assert "Choose a longer doubling time" in widget.ui.messageLabel.text
    assert host.scene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") == 0
    assert widget.ui.suggestButton.enabled


def test_a_normal_session_leaves_no_warning_in_the_log(host, widget, tmp_path, capfd):
    ui = widget.ui
    for button in (ui.suggestButton, ui.suggestButton, ui.duplicateButton):
        button.click()
    ui.surfacesCheckBox.checked = True
    ui.radiusSlider.value = 5.0
    assert host.waitUntil(lambda: not widget.logic.editing.isPreviewing)
    host.processEvents(100)
    for button in (ui.undoButton, ui.redoButton, ui.deleteButton, ui.undoButton, ui.originalButton, ui.originalButton):
        button.click()
        host.processEvents(50)
    growth(widget, frames=2)
    assert host.waitUntil(lambda: ui.showGrowthButton.checked)
    ui.showGrowthButton.click()
    host.saveScene(tmp_path / "scene.mrb")
    host.clearScene()
    host.loadScene(tmp_path / "scene.mrb")
    assert host.waitUntil(lambda: len(widget.logic.lesions) == 3)
    host.processEvents(100)
    said = capfd.readouterr().err
    assert not [line for line in said.splitlines() if "WARN|" in line or "ERR|" in line or "Error" in line], said
    assert widget.logic.display.isShown3D, "surfaces are there again"
    assertTruthAgrees(widget.logic)
