"""Volumes that do not look like a CT in HU, in the windows: a sentence, and a button below it that overrules it."""

import numpy as np
import pytest
import tumor_bodies


@pytest.fixture
def raw(host):
    """A CT as it is stored, HU + 1024, and its liver; shown in the slice views."""
    import slicer

    from SyntheticImagingLib import nodes

    ct, organ, _ = tumor_bodies.body(size_mm=60.0)
    array = (ct.numpy() + 1024).astype(np.uint16)
    ctNode = slicer.util.addVolumeFromArray(array, ijkToRAS=ct.ijk_to_ras, name="Raw")
    ctNode.CreateDefaultDisplayNodes()
    nodes.segmentationFromLabels(organ, {1: "Liver"}, ctNode, "Organs")
    slicer.util.setSliceViewerLayers(background=ctNode, fit=True)
    return ctNode


@pytest.mark.parametrize(("module", "label"), [("SyntheticTumor", "inputStatusLabel"), ("VirtualCArm", "noticeLabel")])
def test_the_sentence_has_a_button_that_overrules_it(host, raw, module, label):
    import slicer

    widget = host.selectModule(module)
    said = getattr(widget.ui, label)
    assert host.waitUntil(lambda: "HU + 1024" in said.text, 30)
    button = widget.ui.acceptHuButton
    assert button.visible and not widget.logic.isReady and "Accept as HU" in said.text
    button.click()
    assert host.waitUntil(lambda: widget.logic.isReady, 30)
    assert not button.visible and "HU + 1024" not in said.text
    assert raw.GetAttribute("SyntheticImaging.AcceptHu") == "1"
    slicer.util.selectModule("SyntheticImaging")


@pytest.mark.parametrize("module", ["SyntheticTumor", "VirtualCArm"])
def test_other_refusals_have_no_such_button(host, raw, module):
    import slicer
    from slicer.util import updateVolumeFromArray

    updateVolumeFromArray(raw, np.full((4, 5, 6), np.nan, np.float32))
    widget = host.selectModule(module)
    assert host.waitUntil(lambda: widget.panel.input.problem != "", 30)
    assert "not numbers" in widget.panel.input.problem and not widget.ui.acceptHuButton.visible
    slicer.util.selectModule("SyntheticImaging")
