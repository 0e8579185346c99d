"""Synthetic Tumor lets Pretrained Segmenter find its organ, and takes the result."""

import pytest
import segmentation_models as models
import segmenter_console as console

pytestmark = pytest.mark.gui
WORK_S = 120


def test_the_organ_is_segmented_where_none_is_chosen(host, tmp_path, monkeypatch):
    import slicer

    monkeypatch.setenv("SYNTHETIC_IMAGING_MODELS", str(tmp_path / "models"))
    ct = console.addCt()
    tumor = host.selectModule("SyntheticTumor")
    host.processEvents(50)
    tumor.ui.ctSelector.setCurrentNode(None)
    assert not tumor.ui.segmentOrganButton.isVisibleTo(tumor.ui.inputSection), "there is nothing to segment"
    tumor.ui.ctSelector.setCurrentNode(ct)
    assert tumor.ui.segmentOrganButton.isVisibleTo(tumor.ui.inputSection)
    other = console.addCt("Other")
    tumor.ui.segmentOrganButton.click()
    assert slicer.util.selectedModule() == "PretrainedSegmenter"
    segmenter = slicer.modules.PretrainedSegmenterWidget
    assert segmenter.ui.volumeSelector.currentNode() is ct and other is not ct
    segmenter.ui.importEdit.currentPath = str(models.package(tmp_path / "model.zip"))
    segmenter.ui.importButton.click()
    assert host.waitUntil(lambda: segmenter.ui.runButton.enabled, WORK_S)
    segmenter.ui.runButton.click()
    assert host.waitUntil(lambda: slicer.util.selectedModule() == "SyntheticTumor", WORK_S)
    chosen = tumor.ui.organSelector.currentNode()
    assert chosen.GetAttribute("SyntheticImaging.Prediction") == "1"
    assert tumor.ui.organSelector.currentSegmentID() == "liver"
    assert not tumor.ui.segmentOrganButton.isVisibleTo(tumor.ui.inputSection)
    host.processEvents(300)
    slicer.util.selectModule("SyntheticImaging")
