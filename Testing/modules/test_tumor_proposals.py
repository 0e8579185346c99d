"""Synthetic Tumor in its window: data that come while it is open are proposed, and never against the user's choice."""

import pytest
import tumor_bodies
from tumor_console import addBody


@pytest.fixture
def opened(host):
    """Synthetic Tumor, open, in an empty scene."""
    import slicer

    widget = host.selectModule("SyntheticTumor")
    host.processEvents(50)
    yield widget
    slicer.util.selectModule("SyntheticImaging")


def unnamed(segmentation, name="Segment_1"):
    segment = segmentation.GetSegmentation().GetNthSegment(0)
    segment.SetTag(segment.GetTerminologyEntryTagName(), "")
    segment.SetName(name)


def chosen(widget):
    return widget.ui.ctSelector.currentNode(), widget.ui.organSelector.currentNode()


def test_data_that_come_while_the_module_is_open_are_taken(host, opened):
    body = addBody(size_mm=60.0)
    assert host.waitUntil(lambda: opened.logic.isReady)
    assert chosen(opened) == body and opened.ui.organSelector.currentSegmentID() == "liver"
    assert opened.ui.suggestButton.enabled


def test_a_segment_that_comes_after_its_segmentation_is_taken(host, opened):
    import slicer

    from SyntheticImagingLib import nodes

    ct, organ, _ = tumor_bodies.body(size_mm=60.0)
    ctNode = nodes.volumeNodeFromVolume(ct, "CT")
    segmentation = nodes.createSegmentation(ctNode, "Segmentation")
    host.processEvents(300)
    assert chosen(opened) == (None, None)
    nodes.addSegment(segmentation, "Segment_1", "Segment_1")
    nodes.setSegmentRegion(segmentation, "Segment_1", organ.numpy(), (slice(None),) * 3, ctNode)
    assert host.waitUntil(lambda: opened.logic.isReady)
    assert chosen(opened) == (ctNode, segmentation)
    assert not slicer.mrmlScene.IsBatchProcessing()


def test_the_only_segment_is_taken_whatever_its_name(host):
    body = addBody(size_mm=60.0)
    unnamed(body[1])
    widget = host.selectModule("SyntheticTumor")
    assert host.waitUntil(lambda: widget.logic.isReady)
    assert chosen(widget) == body
    assert widget.ui.presetComboBox.currentText == "Hypodense mass", "no cyst, and no kind of another organ"
    host.selectModule("SyntheticImaging")


@pytest.mark.parametrize("name", ["Vessels", "liver tumor", "Cyst_2", "Portal vein"])
def test_the_only_segment_is_not_taken_for_an_organ_that_it_is_not(host, name):
    unnamed(addBody(size_mm=60.0)[1], name)
    widget = host.selectModule("SyntheticTumor")
    host.processEvents(100)
    assert chosen(widget) == (None, None)
    host.selectModule("SyntheticImaging")


def test_of_two_segments_without_names_none_is_taken(host):
    body = addBody(size_mm=60.0)
    unnamed(body[1])
    body[1].GetSegmentation().AddEmptySegment("Segment_2", "Segment_2")
    widget = host.selectModule("SyntheticTumor")
    host.processEvents(100)
    assert chosen(widget) == (None, None)
    host.selectModule("SyntheticImaging")


def test_what_was_chosen_stays_when_more_data_come(host, widget, body):
    addBody(size_mm=40.0)
    host.processEvents(300)
    assert chosen(widget) == body and widget.logic.isReady


def test_a_ct_chosen_by_hand_gets_the_organ_that_comes_later(host, opened):
    from SyntheticImagingLib import nodes

    ct, organ, _ = tumor_bodies.body(size_mm=60.0)
    first, second = (nodes.volumeNodeFromVolume(ct, name) for name in ("first", "second"))
    opened.ui.ctSelector.setCurrentNode(second)
    other = nodes.segmentationFromLabels(organ, {1: "Liver"}, first, "of the first")
    host.processEvents(300)
    assert chosen(opened) == (second, None), "a segmentation of another CT is not taken"
    own = nodes.segmentationFromLabels(organ, {1: "Liver"}, second, "of the second")
    assert host.waitUntil(lambda: opened.logic.isReady)
    assert chosen(opened) == (second, own) and own is not other


def test_what_the_user_takes_out_is_not_proposed_again(host, widget, body):
    import slicer

    widget.ui.ctSelector.setCurrentNode(None)
    widget.ui.organSelector.setCurrentNode(None)
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "new")
    host.processEvents(300)
    assert chosen(widget) == (None, None)
    host.selectModule("SyntheticImaging")
    host.selectModule("SyntheticTumor")
    assert chosen(widget) == (None, None)
    host.clearScene()
    again = addBody(size_mm=60.0)
    assert host.waitUntil(lambda: widget.logic.isReady)
    assert chosen(widget) == again


def test_data_in_place_of_deleted_ones_are_proposed(host, widget, body):
    for node in body:
        host.scene.RemoveNode(node)
    host.processEvents(50)
    again = addBody(size_mm=60.0)
    assert host.waitUntil(lambda: widget.logic.isReady)
    assert chosen(widget) == again


def test_results_are_no_candidates(host, widget, body):
    """A growth sequence, a result and its segmentation leave no doubt about which the CT and the organ are."""
    widget.ui.suggestButton.click()
    widget.ui.frameCountSpinBox.value = 2
    widget.ui.growthButton.click()
    assert host.waitUntil(lambda: widget.ui.showGrowthButton.checked)
    proposal = widget.logic.proposedInputs()
    assert (proposal.ctNode, proposal.organNode) == body
