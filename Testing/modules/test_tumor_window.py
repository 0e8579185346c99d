"""Synthetic Tumor in its window: mouse, keys and widgets, and what the scene says after them."""

import numpy as np
import pytest
from tumor_console import addBody, assertTruthAgrees, settle, voxels

REST_MS = 50


@pytest.fixture
def body(host):
    return addBody(size_mm=80.0)


@pytest.fixture
def widget(host, body):
    """The module, open, with the only CT and organ of the scene chosen and prepared."""
    import slicer

    widget = host.selectModule("SyntheticTumor")
    assert host.waitUntil(lambda: widget.logic.isReady)
    jump(host, widget.logic.case.clearest_site())
    yield widget
    slicer.util.selectModule("SyntheticImaging")


def jump(host, ras):
    import slicer

    slicer.modules.markups.logic().JumpSlicesToLocation(*ras, False)
    host.processEvents(20)


def place(host, widget, ras):
    """Press the button, click in the view, press the button again."""
    widget.ui.placeButton.click()
    host.processEvents(20)
    host.clickSlice("Red", ras)
    assert host.waitUntil(lambda: not widget.panel.live.isPreviewWaiting)
    host.processEvents(100)
    widget.ui.placeButton.click()
    host.processEvents(20)


def offset(ras, right=0.0, anterior=0.0, superior=0.0):
    return tuple(np.add(ras, (right, anterior, superior)))


def assertPixel(ras, expected):
    """Views show whole pixels: a click lands within one of them."""
    assert np.abs(np.subtract(ras, expected)).max() < 1.0


def test_the_only_ct_and_organ_are_chosen_and_measured(host, widget, body):
    assert widget.ui.ctSelector.currentNode() is body[0]
    assert widget.ui.organSelector.currentSegmentID() == "liver"
    assert widget.ui.inputStatusLabel.text.startswith("Liver: 195 mL, 110 HU")
    assert widget.ui.presetComboBox.currentText == "HCC, portal phase"
    assert not host.shownMessages


def test_a_click_places_a_lesion_where_the_mouse_was(host, widget, body):
    before = voxels(body[0]).copy()
    site = offset(widget.logic.case.clearest_site(), right=4.0, anterior=-3.0)
    place(host, widget, site)
    assert len(widget.logic.lesions) == 1
    assertPixel(widget.logic.lesions[0].center_ras, site)
    assert widget.logic.lesions[0].radius_mm == 8.0
    assertTruthAgrees(widget.logic)
    np.testing.assert_array_equal(voxels(body[0]), before)
    assert not widget.ui.placeWidget.placeModeEnabled
    assert widget.ui.lesionTable.rowCount == 1
    assert widget.ui.lesionTable.item(0, 0).text() == "Lesion 1"


def test_several_clicks_in_one_go(host, widget):
    center = widget.logic.case.clearest_site()
    widget.ui.placeRadiusSlider.value = 3.0
    widget.ui.placeButton.click()
    for right in (-12.0, 0.0, 12.0):
        host.clickSlice("Red", offset(center, right=right))
        host.processEvents(100)
    assert [lesion.name for lesion in widget.logic.lesions] == ["Lesion 1", "Lesion 2", "Lesion 3"]
    # undo while a point follows the mouse
    host.moveSlice("Red", offset(center, anterior=10.0))
    host.keyPress("Alt+Z")
    host.processEvents(100)
    assert len(widget.logic.lesions) == 2
    host.clickSlice("Red", offset(center, anterior=10.0))
    host.processEvents(100)
    assert len(widget.logic.lesions) == 3
    assertPixel(widget.logic.lesions[2].center_ras, offset(center, anterior=10.0))
    widget.ui.placeButton.click()
    assertTruthAgrees(widget.logic)


def test_a_click_outside_the_organ_is_refused_with_a_sentence(host, widget):
    center = widget.logic.case.clearest_site()
    corner = tuple(widget.logic.case.ct.ras_from_ijk([3, 3, 40]))
    widget.ui.placeButton.click()
    host.clickSlice("Red", (corner[0], corner[1], center[2]))
    host.processEvents(100)
    assert not widget.logic.lesions
    assert "outside the Liver" in widget.ui.messageLabel.text and widget.ui.messageLabel.visible
    assert widget.logic.results.points.GetNumberOfDefinedControlPoints() == 0
    host.clickSlice("Red", center)
    host.processEvents(100)
    assert len(widget.logic.lesions) == 1
    widget.ui.placeButton.click()
    assert not host.shownMessages


def test_dragging_a_point_moves_the_lesion_live_and_is_one_step(host, widget):
    start = widget.logic.case.clearest_site()
    place(host, widget, start)
    placed, published = widget.logic.lesions[0], widget.logic.results.record.GetText()
    end = offset(placed.center_ras, right=9.0, anterior=6.0)
    seen = []

    def look(step):
        host.waitUntil(lambda: not widget.panel.live.isPreviewWaiting, 2)
        seen.append(voxels(widget.logic.results.volume).copy())
        assert widget.logic.isDragging
        assert widget.logic.results.record.GetText() == published

    host.dragSlice("Red", placed.center_ras, end, steps=4, onStep=look)
    host.waitUntil(lambda: not widget.logic.isDragging)
    host.processEvents(100)
    assert len({hu.tobytes() for hu in seen}) >= 3, "the picture follows the hand"
    assertPixel(widget.logic.lesions[0].center_ras, end)
    assertTruthAgrees(widget.logic)
    widget.ui.undoButton.click()
    assert widget.logic.lesions[0] == placed
    assertTruthAgrees(widget.logic)


def test_a_point_dragged_out_of_the_organ_comes_back(host, widget):
    place(host, widget, widget.logic.case.clearest_site())
    center = widget.logic.lesions[0].center_ras
    corner = widget.logic.case.ct.ras_from_ijk([3, 3, 40])
    host.dragSlice("Red", center, (corner[0], corner[1], center[2]), steps=12)
    host.processEvents(200)
    lesion = widget.logic.lesions[0]
    assert widget.logic.case.contains(lesion.center_ras) and lesion.center_ras != center
    assert "The lesion stays at the last place inside" in widget.ui.messageLabel.text
    assertTruthAgrees(widget.logic)


def test_sliders_update_live_and_one_gesture_is_one_step(host, widget):
    widget.ui.suggestButton.click()
    before = widget.logic.lesions[0]
    hu = voxels(widget.logic.results.volume).copy()
    rest = widget.panel.live._restTimer
    rest.setInterval(60_000)  # a busy machine must not look like a hand at rest
    for value in (-60, -70, -80):
        widget.ui.contrastSlider.value = value
        host.waitUntil(lambda: not widget.panel.live.isPreviewWaiting)
        assert not np.array_equal(voxels(widget.logic.results.volume), hu)
        hu = voxels(widget.logic.results.volume).copy()
    rest.setInterval(REST_MS)
    rest.start()
    assert host.waitUntil(lambda: not widget.logic.editing.isPreviewing, 3)
    assert widget.logic.lesions[0].contrast_hu == -80
    assertTruthAgrees(widget.logic)
    widget.ui.undoButton.click()
    assert widget.logic.lesions[0] == before
    assert widget.ui.contrastSlider.value == pytest.approx(before.contrast_hu, abs=0.5)


def test_the_table_selects_renames_hides_and_deletes(host, widget):
    import qt
    import slicer

    widget.ui.placeRadiusSlider.value = 3.0
    for _ in range(3):
        widget.ui.suggestButton.click()
    table = widget.ui.lesionTable
    table.selectRow(0)
    host.processEvents(50)
    assert widget.logic.current == 0
    red = slicer.app.layoutManager().sliceWidget("Red").sliceLogic()
    assert red.GetSliceOffset() == pytest.approx(widget.logic.lesions[0].center_ras[2], abs=1.0)
    table.item(0, 0).setText("Index lesion")
    assert widget.logic.lesions[0].name == "Index lesion"
    assert widget.logic.results.points.GetNthControlPointLabel(0) == "Index lesion"
    table.item(1, 0).setCheckState(qt.Qt.Unchecked)
    assert not widget.logic.lesions[1].visible
    assert table.item(1, 2).text() == ""
    assertTruthAgrees(widget.logic)
    table.selectRow(2)
    widget.ui.deleteButton.click()
    assert [lesion.name for lesion in widget.logic.lesions] == ["Index lesion", "Lesion 2"]
    widget.ui.duplicateButton.click()
    assert widget.logic.lesions[2].radius_mm == widget.logic.lesions[1].radius_mm
    assertTruthAgrees(widget.logic)
    assert not host.shownMessages


def test_a_vessel_that_is_touched_warns_in_color(host, widget):
    widget.ui.suggestButton.click()
    calm = cellColor(widget)
    assert widget.ui.lesionTable.item(0, 4).text().endswith("mm")
    case = widget.logic.case
    k, j, i = np.argwhere(case.vessel_mask)[len(np.argwhere(case.vessel_mask)) // 2] + case.region.start
    widget.logic.updateLesion(0, centerRas=tuple(case.ct.ras_from_ijk([i, j, k])))
    assert widget.ui.lesionTable.item(0, 4).text() == "touches"
    assert widget.ui.distanceLabel.text.startswith("Touches a vessel")
    assert cellColor(widget) != calm
    widget.ui.moveButton.click()
    assert widget.logic.roomAround(0)["vesselMm"] > 0
    assert cellColor(widget) == calm


def cellColor(widget):
    return widget.ui.lesionTable.item(0, 4).foreground().color().name()


def test_show_original_toggles_and_holds(host, widget, body):
    import slicer

    def background():
        composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
        return composite.GetBackgroundVolumeID()

    widget.ui.suggestButton.click()
    result = widget.logic.results.volume
    assert background() == result.GetID()
    widget.ui.originalButton.click()
    assert background() == body[0].GetID()
    assert not widget.logic.results.points.GetDisplayVisibility()
    host.keyPress("Alt+O")
    assert background() == result.GetID()
    widget.ui.holdButton.pressed.emit()
    assert background() == body[0].GetID()
    widget.ui.holdButton.released.emit()
    assert background() == result.GetID()
    widget.ui.outlinesCheckBox.checked = False
    assert not widget.logic.results.segmentation.GetDisplayNode().GetVisibility2D()


def test_lesions_show_in_3d_and_follow_changes(host, widget):
    widget.ui.suggestButton.click()
    widget.ui.surfacesCheckBox.checked = True
    segmentation = widget.logic.results.segmentation

    def extent():
        import vtk

        surface = vtk.vtkPolyData()
        segmentation.GetClosedSurfaceRepresentation("lesion_1", surface)
        return np.ptp(np.reshape(surface.GetBounds(), (3, 2)), axis=1).max()

    before = extent()
    widget.ui.radiusSlider.value = 12.0
    settle(host, widget)
    assert extent() > before + 4
    widget.ui.surfacesCheckBox.checked = False
    assert not widget.logic.display.isShown3D
    assertTruthAgrees(widget.logic)


def test_levels_and_satellites(host, widget):
    from SyntheticTumorLib.Parameters import SizeLevel

    widget.ui.levelComboBox.currentIndex = list(SizeLevel).index(SizeLevel.tiny)
    widget.ui.severalCountSpinBox.value = 2
    widget.ui.severalButton.click()
    assert [lesion.radius_mm for lesion in widget.logic.lesions] == [4.0, 4.0]
    widget.ui.satelliteCountSpinBox.value = 2
    widget.ui.satelliteButton.click()
    assert [lesion.name for lesion in widget.logic.lesions[2:]] == ["Lesion 1.1", "Lesion 1.2"]
    assertTruthAgrees(widget.logic)
    assert not widget.ui.messageLabel.visible


def test_presets_show_their_source(widget):
    import qt

    from synthetic_imaging.tumor.plans import preset_table

    box = widget.ui.presetComboBox
    assert box.count == len(preset_table())
    for index, name in enumerate(widget.logic.presetNames()):
        assert box.itemText(index) == preset_table()[name]["title"]
        assert box.itemData(index, qt.Qt.ToolTipRole) == preset_table()[name]["source"]
    box.currentIndex = widget.logic.presetNames().index("cyst")
    widget.ui.suggestButton.click()
    assert widget.logic.lesions[0].preset == "cyst"


def test_what_was_said_of_a_place_outside_goes_with_the_drag(host, widget):
    place(host, widget, widget.logic.case.clearest_site())
    center = widget.logic.lesions[0].center_ras
    corner = widget.logic.case.ct.ras_from_ijk([3, 3, 40])
    said = []
    look = lambda step: said.append(widget.ui.siteLabel.text)  # noqa: E731
    host.dragSlice("Red", center, (corner[0], corner[1], center[2]), steps=12, onStep=look)
    host.processEvents(200)
    assert "Outside the Liver." in said
    assert widget.ui.siteLabel.text == "" and not widget.ui.siteLabel.visible


def test_a_slider_goes_back_from_what_a_lesion_cannot_have(host, widget):
    widget.logic.addLesion(widget.logic.case.clearest_site(), radiusMm=5.0)
    # the outline keeps its form, so that its irregularity would grow beyond all bounds
    widget.logic.updateLesion(0, sigmaMm=15.0, radiusMm=5.0)
    widget.logic.updateLesion(0, radiusMm=1.0)
    widget.logic.updateLesion(0, sigmaMm=15.0)
    widget.ui.radiusSlider.value = 20.0
    host.processEvents(400)
    assert widget.ui.messageLabel.visible
    assert widget.ui.radiusSlider.value == widget.logic.lesions[0].radius_mm


def test_a_lesion_that_undo_brings_back_is_selected(host, widget):
    widget.ui.suggestButton.click()
    widget.ui.deleteButton.click()
    assert widget.logic.current == -1
    widget.ui.undoButton.click()
    assert widget.logic.current == 0 and widget.ui.shuffleButton.enabled
