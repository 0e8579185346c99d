"""Virtual C-arm in the window: what users delete, mistype and leave behind."""

import numpy as np


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


def test_a_picture_whose_record_was_edited_is_shown_without_writing(host, carm):
    import slicer

    image = carm.logic.imageNode()
    slicer.mrmlScene.RemoveNode(carm.ct)
    for text in ("", "{", '{"lao_deg": "x"}'):
        image.SetAttribute("SyntheticImaging.Pose", text)
        carm.panel.refresh()
        host.moveSlice("Xray", image.GetOrigin())
        carm.settle()
        assert carm.logic.rayAt("A", 0, 0) is None and carm.logic.readout()["title"] == ""


def test_an_exported_image_lies_on_the_live_one_when_it_is_loaded(carm, tmp_path):
    import slicer
    from carm_console import ijkToRas, voxels

    carm.logic.setPose(25, -15, 10, isocenterRas=(12, -6, 9))
    carm.settle()
    live = carm.logic.imageNode()
    loaded = slicer.util.loadVolume(str(carm.logic.exportImage(tmp_path / "kept.nrrd", "transmission")))
    np.testing.assert_allclose(ijkToRas(loaded), ijkToRas(live), atol=1e-6)
    np.testing.assert_allclose(-np.log(voxels(loaded)), voxels(live), atol=1e-4)


def test_every_saved_view_has_its_sides_right(carm):
    from synthetic_imaging.xray import VIEWS

    for name, action in carm.panel.pose.views.actions.items():
        action.trigger()
        carm.settle()
        written = texts(carm)
        sides = {"lateral-left": ("P", "A"), "lateral-right": ("A", "P")}.get(name, ("L", "R"))
        assert (written["right"][0], written["left"][0]) == sides, name
        assert (written["top"][0], written["bottom"][0]) == ("H", "F"), name
    assert len(carm.panel.pose.views.actions) == len(VIEWS)


def test_the_module_can_be_reloaded(host, carm):
    import slicer

    carm.ui.laoSlider.value = 25
    carm.settle()
    image = carm.logic.imageNode()
    carm.onReload()
    host.processEvents(50)
    again = slicer.modules.VirtualCArmWidget
    again.enter()
    assert again is not carm and host.waitUntil(lambda: again.logic.isReady, 20)
    assert host.waitUntil(lambda: not again.panel.live.isWaiting, 20)
    assert again.logic.parameters.laoDeg == 25 and again.logic.imageNode() is image
    again.ui.laoSlider.value = 5
    assert host.waitUntil(lambda: not again.panel.live.isWaiting, 20)
    assert again.panel.views.planes["A"].annotations.texts["title"] == "LAO 5 CRAN 0"
    arcs = [node for node in slicer.util.getNodesByClass("vtkMRMLModelNode") if node.GetName() == "C-arm C"]
    assert len(arcs) == 1
