"""Synthetic Tumor in its window: a new lesion is seen, in a window that shows it, and the user's own window is kept."""

import numpy as np
import pytest
from tumor_console import voxels

VIEWS = ("Red", "Green", "Yellow")
LEAST_GRAYS = 20
"""A lesion is plainly seen when it differs from its organ by so many of 256 grays."""


@pytest.fixture
def fromFile(body):
    """The CT as a file gives it: the window is that of all its values."""
    display = body[0].GetDisplayNode()
    display.SetAutoWindowLevel(True)
    assert display.GetWindow() > 300
    return body[0]


def window(volume):
    display = volume.GetDisplayNode()
    return display.GetWindow(), display.GetLevel()


def grays(volume, hu):
    """HU as a view shows them, 0 to 255."""
    width, level = window(volume)
    return np.clip((np.asarray(hu) - level) / width + 0.5, 0, 1) * 255


def sliceNode(name):
    import slicer

    return slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()


def background(name="Red"):
    import slicer

    composite = slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()
    return slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID() or "")


def assertSeen(host, lesion, volume):
    """All slice views show the volume, go through the lesion's center, and have it within their borders."""
    for name in VIEWS:
        assert background(name) is volume
        x, y, offPlane = host.sliceView(name).convertRASToXYZ(lesion.center_ras)
        width, height, _depth = sliceNode(name).GetDimensions()
        assert abs(offPlane) < 0.01
        assert 0.05 * width < x < 0.95 * width and 0.05 * height < y < 0.95 * height


def lookAway():
    """As after work elsewhere: other slices, panned and zoomed to a corner."""
    for name in VIEWS:
        node = sliceNode(name)
        node.SetSliceOffset(node.GetSliceOffset() + 25)
        node.SetFieldOfView(20, 20, 1)
        node.SetSliceOrigin(-40, 40, 0)


@pytest.mark.parametrize("button", ["suggestButton", "severalButton", "duplicateButton", "moveButton"])
def test_a_new_lesion_is_looked_at(host, fromFile, widget, button):
    widget.ui.suggestButton.click()
    lookAway()
    count = len(widget.logic.lesions)
    getattr(widget.ui, button).click()
    new = widget.logic.lesions[0 if button == "moveButton" else count]
    assertSeen(host, new, widget.logic.results.volume)
    assert widget.ui.lesionTable.item(widget.ui.lesionTable.currentRow(), 0).text() == new.name


def test_a_view_that_shows_the_lesion_already_is_not_panned(host, widget):
    host.processEvents(50)
    before = {name: sliceNode(name).GetFieldOfView() for name in VIEWS}
    middle = sliceNode("Red").GetSliceToRAS().GetElement(0, 3)
    widget.ui.suggestButton.click()
    assert {name: sliceNode(name).GetFieldOfView() for name in VIEWS} == before
    assert sliceNode("Red").GetSliceToRAS().GetElement(0, 3) == middle


def test_a_script_leaves_the_views_alone_unless_it_asks(host, widget):
    offset = sliceNode("Red").GetSliceOffset()
    index = widget.logic.addAtSuggestedSite("cyst", 4.0)
    assert sliceNode("Red").GetSliceOffset() == offset
    widget.logic.addAtSuggestedSite("cyst", 4.0, jump=True)
    assertSeen(host, widget.logic.lesions[index + 1], widget.logic.results.volume)


def test_views_of_another_image_are_left_alone(host, widget):
    import slicer

    other = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.int16), name="Other")
    slicer.app.layoutManager().sliceWidget("Yellow").mrmlSliceCompositeNode().SetBackgroundVolumeID(other.GetID())
    offset = sliceNode("Yellow").GetSliceOffset()
    widget.ui.suggestButton.click()
    assert background("Yellow") is other and sliceNode("Yellow").GetSliceOffset() == offset
    assert background("Red") is widget.logic.results.volume


def test_a_lesion_is_seen_where_only_another_image_was_shown(host, widget):
    import slicer

    other = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.int16), name="Other")
    slicer.util.setSliceViewerLayers(background=other)
    widget.ui.suggestButton.click()
    assertSeen(host, widget.logic.lesions[0], widget.logic.results.volume)


def test_a_ct_from_a_file_gets_a_window_that_shows_the_lesion(host, fromFile, widget):
    assert window(fromFile)[0] < 300, "already while the user looks for a place"
    widget.ui.suggestButton.click()
    widget.ui.contrastSlider.value = -30
    assert host.waitUntil(lambda: not widget.panel.live.isWaiting)
    result = widget.logic.results.volume
    lesion, organ = widget.logic.measures[0]["mean_hu"], widget.logic.caseSummary()["meanHu"]
    assert window(result) == window(fromFile)
    assert grays(result, organ) - grays(result, lesion) > LEAST_GRAYS
    assert 60 < grays(result, organ) < 200


def test_a_window_that_came_with_the_data_gives_way_to_that_of_each_organ(host, body):
    from SyntheticImagingLib import nodes, samples

    samples.showAbdomen(body[0])
    assert window(body[0]) == (400, 40)
    lung = voxels(body[0])[40:, 5:20, 5:20]
    lung[...] = np.random.default_rng(0).normal(-850, 20, lung.shape)
    body[0].GetImageData().Modified()
    nodes.addSegment(body[1], "lung", "Left lung", "lung")
    mask = np.ones(lung.shape, np.uint8)
    nodes.setSegmentRegion(body[1], "lung", mask, (slice(40, 40 + len(lung)), slice(5, 20), slice(5, 20)), body[0])
    widget = host.selectModule("SyntheticTumor")
    assert host.waitUntil(lambda: widget.logic.isReady)
    assert window(body[0])[0] < 300
    widget.ui.organSelector.setCurrentSegmentID("lung")
    assert host.waitUntil(lambda: widget.logic.isReady and widget.logic.inputs.organSegmentId == "lung")
    assert window(body[0]) == (1500, -600)
    body[0].GetDisplayNode().SetWindowLevel(350, 40)
    widget.ui.organSelector.setCurrentSegmentID("liver")
    assert host.waitUntil(lambda: widget.logic.isReady and widget.logic.inputs.organSegmentId == "liver")
    assert window(body[0]) == (350, 40), "the user's own"
    host.selectModule("SyntheticImaging")


def test_a_tiny_lesion_is_shown_larger_and_others_leave_the_zoom_alone(host, widget):
    for name in VIEWS:
        node = sliceNode(name)
        width, height, depth = node.GetFieldOfView()
        node.SetFieldOfView(12 * width, 12 * height, depth)
    widget.ui.suggestButton.click()
    zoomed = {name: sliceNode(name).GetFieldOfView() for name in VIEWS}
    lesion = widget.logic.lesions[0]
    for name in VIEWS:
        pixels = 2 * lesion.radius_mm * sliceNode(name).GetDimensions()[0] / zoomed[name][0]
        assert 35 < pixels < 45
    assertSeen(host, lesion, widget.logic.results.volume)
    widget.ui.placeRadiusSlider.value = 3.0
    widget.ui.suggestButton.click()
    assert {name: sliceNode(name).GetFieldOfView() for name in VIEWS} == zoomed


def test_the_users_window_is_kept_through_everything(host, body, widget):
    body[0].GetDisplayNode().SetAutoWindowLevel(False)
    body[0].GetDisplayNode().SetWindowLevel(123, 45)
    host.selectModule("SyntheticImaging")
    host.selectModule("SyntheticTumor")
    widget.ui.ctSelector.setCurrentNode(None)
    widget.ui.ctSelector.setCurrentNode(body[0])
    assert host.waitUntil(lambda: widget.logic.isReady)
    assert window(body[0]) == (123, 45)
    widget.ui.suggestButton.click()
    result = widget.logic.results.volume
    assert window(result) == (123, 45)
    result.GetDisplayNode().SetWindowLevel(222, 77)
    widget.ui.frameCountSpinBox.value = 3
    widget.ui.growthButton.click()
    assert host.waitUntil(lambda: widget.ui.showGrowthButton.checked)
    assert background() is not result and window(background()) == (222, 77)
    widget.ui.seekWidget.slider().setValue(2)
    assert window(background()) == (222, 77)
    # what is set while the sequence is shown holds for the result too
    background().GetDisplayNode().SetWindowLevel(333, 88)
    widget.ui.showGrowthButton.click()
    assert background() is result and window(result) == (333, 88)
    widget.ui.originalButton.click()
    assert background() is body[0] and window(body[0]) == (333, 88)


def test_surfaces_stay_in_3d_while_growth_is_shown(host, widget):
    widget.ui.suggestButton.click()
    widget.ui.surfacesCheckBox.checked = True
    widget.ui.frameCountSpinBox.value = 3
    widget.ui.growthButton.click()
    assert host.waitUntil(lambda: widget.ui.showGrowthButton.checked)
    display = widget.logic.results.segmentation.GetDisplayNode()
    assert display.GetVisibility() and display.GetVisibility3D() and widget.ui.surfacesCheckBox.checked
    assert not display.GetVisibility2D(), "an outline of the first day would lie over the growing lesion"
    widget.ui.showGrowthButton.click()
    assert display.GetVisibility2D()


def test_outlines_that_are_switched_off_stay_off(host, widget):
    widget.ui.suggestButton.click()
    display = widget.logic.results.segmentation.GetDisplayNode()
    widget.ui.outlinesCheckBox.checked = False
    widget.ui.originalButton.click()
    widget.ui.originalButton.click()
    assert not display.GetVisibility2D()
    widget.ui.outlinesCheckBox.checked = True
    assert display.GetVisibility2D()


def test_the_camera_turns_to_lesions_that_it_does_not_show(host, widget):
    import slicer

    widget.ui.suggestButton.click()
    camera = slicer.util.getNodesByClass("vtkMRMLCameraNode")[0]
    camera.SetFocalPoint(900, 900, 900)
    camera.SetPosition(900, 400, 900)
    widget.ui.surfacesCheckBox.checked = True
    host.threeDPosition(widget.logic.lesions[0].center_ras)  # raises where the view does not show it
    focus = camera.GetFocalPoint()
    widget.ui.duplicateButton.click()
    assert camera.GetFocalPoint() == focus, "it shows the second one too"


def test_hovering_says_what_is_said_once_the_lesion_is_placed(host, widget):
    import slicer

    center = widget.logic.case.clearest_site()
    slicer.modules.markups.logic().JumpSlicesToLocation(*center, False)
    widget.ui.placeButton.click()
    for right in (0.0, 6.0):
        site = (center[0] + right, center[1], center[2])
        host.moveSlice("Red", site)
        said = widget.ui.siteLabel.text
        host.clickSlice("Red", site)
        assert host.waitUntil(lambda: not widget.logic.editing.isPreviewing)
        host.processEvents(100)
        assert widget.ui.distanceLabel.text == said and "essel" in said
    widget.ui.placeButton.click()
    assert len(widget.logic.lesions) == 2


def test_organ_and_lesions_differ_in_color_where_the_organ_has_no_term(host, widget, body):
    segment = body[1].GetSegmentation().GetSegment("liver")
    segment.SetTag(segment.GetTerminologyEntryTagName(), "")
    segment.SetName("Segment_1")
    segment.SetColor(0.5, 0.9, 0.5)
    widget.ui.suggestButton.click()
    segments = widget.logic.results.segmentation.GetSegmentation()
    organ, lesion = (segments.GetSegment(name).GetColor() for name in ("organ", "lesion_1"))
    assert organ == pytest.approx((0.5, 0.9, 0.5))
    assert np.abs(np.subtract(organ, lesion)).max() > 0.3


def test_a_long_name_leaves_room_in_the_corner(host, widget, body):
    body[0].SetName("Torso phantom 3 with a long story (synthetic)")
    widget.ui.suggestButton.click()
    name = widget.logic.results.volume.GetName()
    assert len(name) <= 30 and name.startswith("Torso phantom 3") and name.count("synthetic") == 1


def test_air_filled_organs_get_the_lung_window(host, body):
    from slicer.util import arrayFromSegmentBinaryLabelmap

    voxels(body[0])[arrayFromSegmentBinaryLabelmap(body[1], "liver", body[0]) != 0] -= 950
    body[0].GetDisplayNode().SetAutoWindowLevel(True)
    body[1].GetSegmentation().GetSegment("liver").SetName("Segment_1")
    segment = body[1].GetSegmentation().GetSegment("liver")
    segment.SetTag(segment.GetTerminologyEntryTagName(), "")
    widget = host.selectModule("SyntheticTumor")
    assert host.waitUntil(lambda: widget.logic.isReady)
    assert window(body[0]) == (1500, -600)
    assert widget.ui.presetComboBox.currentText == "Lung nodule, solid"
    widget.ui.placeRadiusSlider.value = 4.0
    widget.ui.suggestButton.click()
    result = widget.logic.results.volume
    lesion, organ = widget.logic.measures[0]["mean_hu"], widget.logic.caseSummary()["meanHu"]
    assert grays(result, lesion) - grays(result, organ) > LEAST_GRAYS
    host.selectModule("SyntheticImaging")
