"""Virtual C-arm in the window: what users delete, mistype and leave behind."""

import numpy as np
import pytest


def texts(carm):
    return carm.panel.views.planes["A"].annotations.texts


def test_a_deleted_isocenter_is_made_again_to_be_placed(host, carm):
    import slicer

    slicer.mrmlScene.RemoveNode(carm.logic.parameters.isocenter)
    carm.settle()
    carm.ui.placeIsocenterButton.click()
    host.clickSlice("Red", (10.0, 10.0, 0.0))
    carm.settle()
    assert carm.logic.parameters.isocenter is not None
    np.testing.assert_allclose(carm.logic.view().isocenter_ras[:2], (10, 10), atol=1.5)
    assert not carm.ui.placeIsocenterButton.checked


def test_distances_that_cannot_be_are_said_and_everything_else_goes_on(carm):
    carm.logic.parameters.sourceToIsocenterMm = 2000.0  # sliders do not ask first
    carm.settle()
    assert "larger one" in carm.ui.noticeLabel.text and carm.ui.isocenterLabel.text
    assert texts(carm)["title"] == "LAO 0 CRAN 0"
    carm.logic.parameters.sourceToIsocenterMm = 530.0
    carm.settle()
    assert "larger one" not in carm.ui.noticeLabel.text


def test_a_picture_whose_ct_is_gone_is_still_marked_and_has_its_sides(host, carm):
    import slicer

    carm.ui.laoSlider.value = 20
    carm.settle()
    before, ray = texts(carm), carm.logic.rayAt("A", 30, 40)
    slicer.mrmlScene.RemoveNode(carm.ct)
    carm.settle()
    assert not carm.logic.isReady
    assert texts(carm) == before and before["mark"] == "SYNTHETIC" and before["title"] == "LAO 20 CRAN 0"
    host.moveSlice("Xray", ray[1])
    np.testing.assert_allclose(carm.logic.rayAt("A", 30, 40), ray, atol=1e-6)


@pytest.mark.parametrize("text", ["", "{", '{"lao_deg": "x"}'])
def test_a_picture_whose_record_was_edited_is_shown_without_writing(host, carm, text):
    import slicer

    image = carm.logic.imageNode()
    slicer.mrmlScene.RemoveNode(carm.ct)
    image.SetAttribute("SyntheticImaging.Pose", text)
    carm.panel.refresh()
    host.moveSlice("Xray", image.GetOrigin())
    carm.settle()
    assert carm.logic.rayAt("A", 0, 0) is None and carm.logic.readout()["title"] == ""
