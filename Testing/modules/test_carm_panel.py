"""Virtual C-arm's panel: sliders, buttons, handles, taking, keeping and sweeping; what is refused and why."""

import json

import carm_console
import numpy as np
import pytest
import slicer


def node(widget, plane="A"):
    return widget.logic.imageNode(plane)


def test_the_ct_that_is_shown_is_chosen_and_drawn_with_a_window_that_suits_it(carm):
    parameters = carm.logic.parameters
    assert carm.ui.ctSelector.currentNode() is carm.ct
    assert parameters.windowHigh - parameters.windowLow == pytest.approx(2.5, abs=0.5)
    middle = carm_console.voxels(node(carm))[64, 64]
    assert parameters.windowLow < middle < parameters.windowHigh
    window = parameters.windowLow, parameters.windowHigh
    carm.panel.pose.views.buttons["lateral-left"].click()
    carm.settle()
    assert (parameters.windowLow, parameters.windowHigh) == window
    assert carm.ui.laoSlider.value == 90 and carm.logic.shownView().pose().lao_deg == 90


@pytest.fixture
def drawn(carm):
    """(title, isFinal) of every image of 512 pixels that is drawn during the test."""
    carm.logic.set(imageSize=512)
    carm.settle()
    found = []

    def note(plane, isFinal):
        found.append((carm.logic.shownView(plane).pose().title, isFinal))

    carm.logic.imageChanged.connect(note)
    yield found
    carm.logic.imageChanged.disconnect(note)


def test_sliders_turn_the_c_arm_and_the_last_value_wins(carm, drawn):
    for degrees in range(1, 31):
        carm.ui.laoSlider.value = degrees
    carm.settle()
    assert drawn[0][1] is False, "a coarse image comes first"
    assert drawn[-1] == ("LAO 30 CRAN 0", True)
    assert sum(isFinal for _, isFinal in drawn) == 1, "only the last pose is drawn in full"
    assert json.loads(node(carm).GetAttribute("SyntheticImaging.Pose"))["lao_deg"] == pytest.approx(30)


def test_a_drag_between_events_draws_coarse_and_full_only_at_rest(host, carm, drawn):
    for degrees in (3, 6, 9, 12):
        carm.ui.cranSlider.value = degrees
        assert host.waitUntil(lambda: not carm.panel.live.isPreviewWaiting)
    assert drawn == [(f"LAO 0 CRAN {degrees}", False) for degrees in (3, 6, 9, 12)]
    carm.settle()
    assert drawn[-1] == ("LAO 0 CRAN 12", True)


def test_beam_sliders_need_no_projection(carm, monkeypatch):
    def refuse(*_arguments, **_options):
        raise AssertionError("projected again")

    monkeypatch.setattr(carm.logic.patient.projector, "integrate", refuse)
    monkeypatch.setattr(carm.logic.patient.projector, "steps", refuse)
    before = carm_console.voxels(node(carm)).copy()
    carm.ui.kvpSlider.value = 120
    carm.settle()
    assert carm_console.voxels(node(carm))[64, 64] < before[64, 64]
    carm.ui.naiveCheckBox.checked = True
    carm.settle()
    assert carm.ui.kvpSlider.enabled is False and "A simple projection" in carm_console.tip(carm.ui.kvpSlider)
    carm.ui.naiveCheckBox.checked = False
    carm.settle()
    assert carm.ui.kvpSlider.enabled


def test_what_cannot_be_used_says_why(host, carm):
    import slicer

    def assertExplained():
        for name, widget in vars(carm.ui).items():
            isOwn = hasattr(widget, "toolTip") and widget.parent() is not None and widget.parent().enabled
            if isOwn and not widget.enabled:
                assert carm_console.tip(widget).endswith("."), name

    assertExplained()
    assert carm_console.tip(carm.ui.landmarkComboBox) == "Choose landmarks under Structures and landmarks."
    slicer.mrmlScene.RemoveNode(carm.ct)
    carm.settle()
    assert carm.ui.noticeLabel.text == "Choose a CT."
    assert not carm.ui.takeButton.enabled and carm_console.tip(carm.ui.takeButton) == "Choose a CT."
    assertExplained()
    assert not host.shownMessages


def test_a_volume_that_is_no_ct_is_refused_in_a_sentence(host, carm):
    import slicer

    flat = slicer.util.addVolumeFromArray(np.zeros((1, 20, 20), np.int16), name="Flat")
    carm.ui.ctSelector.setCurrentNode(flat)
    carm.settle()
    assert carm.ui.noticeLabel.text == 'The volume "Flat" is a single slice. Choose a CT with many slices.'
    assert not carm.logic.isReady and not host.shownMessages
    carm.ui.ctSelector.setCurrentNode(carm.ct)
    carm.settle()
    assert carm.logic.isReady and carm.ui.takeButton.enabled


def test_a_source_inside_the_patient_is_said_and_the_picture_stays(carm):
    carm.ui.laoSlider.value = 90  # across the patient, who reaches out 110 mm
    carm.settle()
    before = carm_console.voxels(node(carm)).copy()
    carm.ui.sourceToIsocenterSlider.value = 100
    carm.settle()
    assert carm.ui.noticeLabel.text.startswith("The X-ray source is inside the patient; increase")
    np.testing.assert_array_equal(carm_console.voxels(node(carm)), before)
    carm.ui.sourceToIsocenterSlider.value = 530
    carm.settle()
    assert "inside the patient;" not in carm.ui.noticeLabel.text


def test_last_image_hold(carm):
    carm.ui.liveCheckBox.checked = False
    before = carm_console.voxels(node(carm)).copy()
    carm.ui.laoSlider.value = 45
    carm.settle()
    texts = carm.panel.views.planes["A"].annotations.texts
    assert texts["title"] == "LAO 0 CRAN 0" and texts["state"] == "Last image hold: the C-arm has moved on"
    np.testing.assert_array_equal(carm_console.voxels(node(carm)), before)
    carm.ui.takeButton.click()
    carm.settle()
    texts = carm.panel.views.planes["A"].annotations.texts
    assert texts["title"] == "LAO 45 CRAN 0" and texts["state"] == ""


def test_handles_in_3d_turn_the_c_arm(host, carm):
    import slicer

    handles, places = slicer.util.getNode("C-arm handles"), {}
    for index in range(handles.GetNumberOfControlPoints()):
        position = [0.0, 0.0, 0.0]
        handles.GetNthControlPointPositionWorld(index, position)
        places[handles.GetNthControlPointLabel(index)] = position
    start = places["CRAN/CAUD"]
    host.drag3D(tuple(start), (start[0], start[1] + 80, start[2] + 100))
    carm.settle()
    assert carm.ui.cranSlider.value > 5 and carm.ui.laoSlider.value == pytest.approx(0, abs=0.1)
    assert carm.logic.shownView().pose().cran_deg == pytest.approx(carm.logic.parameters.cranDeg)
    assert carm.panel.views.planes["A"].annotations.texts["title"].endswith(f"CRAN {carm.logic.parameters.cranDeg:.1f}")


def test_the_isocenter_is_placed_by_a_click_or_stays(host, carm):
    import slicer

    slicer.modules.markups.logic().JumpSlicesToLocation(0, 0, 0, False)
    carm.ui.placeIsocenterButton.click()
    host.processEvents(20)
    assert carm.ui.placeWidget.placeModeEnabled
    carm.ui.placeIsocenterButton.click()
    host.processEvents(20)
    assert carm.logic.view().isocenter_ras == pytest.approx((0, 0, 0), abs=1e-6)
    carm.ui.placeIsocenterButton.click()
    host.processEvents(20)
    host.clickSlice("Red", (40.0, -20.0, 0.0))
    carm.settle()
    assert not carm.ui.placeIsocenterButton.checked
    assert carm.logic.shownView().isocenter_ras == pytest.approx((40, -20, 0), abs=1.5)
    host.dragSlice("Red", carm.logic.view().isocenter_ras, (10.0, 10.0, 0.0))
    carm.settle()
    assert carm.logic.shownView().isocenter_ras == pytest.approx((10, 10, 0), abs=3)
    carm.ui.centerButton.click()
    carm.settle()
    assert carm.logic.shownView().isocenter_ras == pytest.approx((0, 0, 0), abs=1e-6)


def test_the_c_arm_stands_on_a_landmark(carm):
    marks = carm_console.points("Marks", {"bead": carm_console.BEAD_RAS})
    carm.ui.landmarksSelector.setCurrentNode(marks)
    carm.settle()
    assert carm.ui.landmarkComboBox.enabled
    carm.ui.landmarkComboBox.setCurrentIndex(1)
    carm.ui.landmarkComboBox.activated.emit(1)
    carm.settle()
    view = carm.logic.shownView()
    np.testing.assert_allclose(view.project(carm_console.BEAD_RAS)[0], (63.5, 63.5), atol=1e-6)


def test_machine_size_collimator_and_table_buttons(carm):
    ui, parameters = carm.ui, carm.logic.parameters
    ui.machineComboBox.setCurrentIndex(ui.machineComboBox.findData("azurion-7"))
    ui.machineComboBox.activated.emit(0)
    ui.imageSizeComboBox.setCurrentIndex(ui.imageSizeComboBox.findText("256 pixels"))
    ui.imageSizeComboBox.activated.emit(0)
    ui.irisSlider.value, ui.shutterLeftSlider.value, ui.tableSSlider.value = 100, 30, 25
    carm.settle()
    assert node(carm).GetImageData().GetDimensions() == (256, 198, 1)
    assert ui.sourceToDetectorSlider.value == 1240 and carm_console.voxels(node(carm))[0, 0] == 0
    assert carm.logic.shownView().isocenter_ras[2] == pytest.approx(-25)
    ui.openCollimatorButton.click()
    ui.tableBackButton.click()
    carm.settle()
    assert (parameters.irisRadiusMm, parameters.shutterLeftMm, parameters.tableSMm) == (0, 0, 0)
    ui.laoSlider.value = 100
    carm.settle()
    assert carm_console.voxels(node(carm))[100, 128] > 0


def test_contrast_agent_fills_a_segment(carm):
    from SyntheticImagingLib import nodes

    volume = nodes.volumeFromNode(carm.ct)
    filled = (volume.numpy() > 1000).astype("uint8")
    segmentation = nodes.segmentationFromLabels(volume.like(filled), {1: "Vessel"}, carm.ct, "Vessels")
    before = carm_console.voxels(node(carm)).copy()
    assert not carm.ui.contrastComboBox.enabled
    assert carm_console.tip(carm.ui.contrastComboBox).startswith("Choose a segmentation")
    carm.ui.segmentationSelector.setCurrentNode(segmentation)
    carm.settle()
    carm.ui.contrastComboBox.setCurrentIndex(carm.ui.contrastComboBox.findText("Vessel"))
    carm.ui.contrastComboBox.activated.emit(1)
    carm.ui.contrastSlider.value = 300
    carm.settle()
    column, row = carm.logic.view().project(carm_console.BEAD_RAS)[0]
    gain = carm_console.voxels(node(carm)) - before
    assert gain[round(row), round(column)] > 0.3 and abs(gain[-40:]).max() < 0.05


def test_a_device_that_is_not_there_cannot_be_chosen(noGpu, carm):
    assert not carm.ui.gpuCheckBox.enabled and carm_console.tip(carm.ui.gpuCheckBox).startswith("No GPU was found")


def test_the_panel_is_not_wider_than_slicer_s(carm):
    for section in (value for value in vars(carm.ui).values() if value.className() == "ctkCollapsibleButton"):
        section.collapsed = False
    assert carm.parent.minimumSizeHint.width() <= 480
    hint = carm.parent.sizeHint.width()
    carm.ui.noticeLabel.text = "A long sentence about this machine and the picture. " * 9
    assert carm.parent.sizeHint.width() == hint
    carm.panel.refresh()


def test_every_image_is_fitted_when_asked(host, carm):
    ui, logic = carm.ui, carm.logic
    ui.fitEveryCheckBox.checked = True
    ui.laoSlider.value = 90
    carm.settle()
    assert (ui.windowRange.minimumValue, ui.windowRange.maximumValue) == pytest.approx(logic.window(), abs=0.01)
    fitted, display = logic.window(), node(carm).GetDisplayNode()
    assert display.GetLevel() == pytest.approx(sum(fitted) / 2) and logic.parameters.windowHigh != fitted[1]
    view = logic.shownView()
    host.dragSlice("Xray", tuple(view.pixel_ras(40, 40)), tuple(view.pixel_ras(60, 40)))
    carm.settle()
    assert not ui.fitEveryCheckBox.checked
    # the hand goes on from what was shown
    assert sum(logic.window()) == pytest.approx(sum(fitted), abs=0.05) and logic.window()[1] > fitted[1]


def test_a_tool_that_is_not_in_the_picture_is_said_until_it_is(carm):
    ui, model = carm.ui, carm_console.closedModel("Wire", size=20.0, center=(900.0, 0.0, 0.0))
    ui.toolModelSelector.setCurrentNode(model)
    ui.addModelButton.click()
    carm.settle()
    assert "The tool 'Wire' is not in the picture: it is 20 x 20 x 20 mm large, around 900, 0, 0" in ui.noticeLabel.text
    points = slicer.util.arrayFromModelPoints(model)
    points[:] = points - [900, 0, 0]
    slicer.util.arrayFromModelPointsModified(model)
    carm.settle()
    assert "Wire" not in ui.noticeLabel.text
