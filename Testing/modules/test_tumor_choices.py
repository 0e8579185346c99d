"""Synthetic Tumor in its window: which segments are chosen, and who works on the lesions of a scene."""

import numpy as np
from tumor_console import assertTruthAgrees, voxels


def segmentationOf(ctNode, *names):
    """A segmentation with a small box under each name, in this order."""
    from synthetic_imaging.volume import Volume
    from SyntheticImagingLib import nodes

    labels = np.zeros(voxels(ctNode).shape, np.uint8)
    for value in range(1, len(names) + 1):
        labels[20:40, 20:40, 4 * value : 4 * value + 4] = value
    volume = Volume.from_numpy(labels, nodes.worldMatrix(ctNode))
    return nodes.segmentationFromLabels(volume, dict(enumerate(names, 1)), ctNode, "Several")


def test_the_segment_that_is_likely_meant_is_chosen(host, widget, body):
    ui = widget.ui
    several = segmentationOf(body[0], "Lungs", "Liver vessels", "Left kidney", "Liver")
    ui.organSelector.setCurrentNode(several)
    assert ui.organSelector.currentSegmentID() == "liver"
    ui.organSelector.setCurrentSegmentID("lungs")
    assert widget.panel.input.chosen().organSegmentId == "lungs", "what the user chooses counts"
    ui.presetComboBox.currentIndex = widget.logic.presetNames().index("renal-mass")
    ui.organSelector.setCurrentNode(body[1])
    ui.organSelector.setCurrentNode(several)
    assert ui.organSelector.currentSegmentID() == "left_kidney"
    ui.vesselSelector.setCurrentNode(several)
    assert ui.vesselSelector.currentSegmentID() == "liver_vessels"
    ui.vesselSelector.setCurrentNode(body[1])
    assert ui.vesselSelector.currentSegmentID() == "", "a liver is no vessel"


def test_a_lost_segment_is_not_replaced_by_the_next_best_one(host, widget, body):
    several = segmentationOf(body[0], "Bone", "Liver", "Fat")
    widget.ui.organSelector.setCurrentNode(several)
    assert widget.panel.input.chosen().organSegmentId == "liver"
    several.GetSegmentation().RemoveSegment("liver")
    host.processEvents(50)
    assert widget.panel.input.chosen().organSegmentId == ""
    assert not widget.ui.suggestButton.enabled


def test_a_preparation_does_not_arrive_under_another_choice(host, widget, body):
    import slicer

    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "empty")
    widget.ui.ctSelector.setCurrentNode(None)
    widget.ui.ctSelector.setCurrentNode(body[0])
    assert widget.panel.steps.isRunning
    widget.ui.organSelector.setCurrentNode(empty)
    host.processEvents(300)
    assert not widget.logic.isReady and not widget.ui.suggestButton.enabled


def test_the_console_may_take_the_lesions_and_the_panel_may_take_them_back(host, widget, body):
    """Two sessions that wrote into the same nodes would spoil both."""
    from SyntheticTumor import SyntheticTumorLogic

    widget.ui.suggestButton.click()
    other = SyntheticTumorLogic()
    other.setInput(*body, "liver")
    other.addAtSuggestedSite(radiusMm=3)
    host.processEvents(100)
    assertTruthAgrees(other)
    assert not widget.logic.lesions and "are edited elsewhere" in widget.ui.messageLabel.text
    assert not widget.ui.suggestButton.enabled
    host.selectModule("SyntheticImaging")
    host.selectModule("SyntheticTumor")
    assert host.waitUntil(lambda: len(widget.logic.lesions) == 2)
    assert not other.isReady
    widget.ui.suggestButton.click()
    assertTruthAgrees(widget.logic)
    other.cleanup()


def test_the_panel_takes_up_what_the_console_has_placed_first(host, widget, body):
    from SyntheticTumor import SyntheticTumorLogic

    other = SyntheticTumorLogic()
    other.setInput(*body, "liver")
    other.addAtSuggestedSite(radiusMm=3)
    host.selectModule("SyntheticImaging")
    host.selectModule("SyntheticTumor")
    assert host.waitUntil(lambda: len(widget.logic.lesions) == 1)
    widget.ui.suggestButton.click()
    assertTruthAgrees(widget.logic)
    assert host.scene.GetNumberOfNodesByClass("vtkMRMLTextNode") == 1, "one result, not two"
    other.cleanup()
