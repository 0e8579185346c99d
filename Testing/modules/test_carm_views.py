"""Virtual C-arm: what the X-ray views show, where, and what the mouse does on them."""

import numpy as np
import pytest
from carm_console import BEAD_RAS


def plane(widget, name="A"):
    return widget.panel.views.planes[name]


def sliceMatrix(widget, name="A"):
    from slicer.util import arrayFromVTKMatrix

    return arrayFromVTKMatrix(plane(widget, name).view.sliceNode.GetSliceToRAS())


def gray(host, picture, position):
    """Mean gray of a few pixels of a view's picture."""
    ratio = picture.devicePixelRatioF()
    x, y = round(position.x() * ratio), round(position.y() * ratio)
    return np.mean([picture.pixelColor(x + dx, y + dy).red() for dx in (-1, 0, 1) for dy in (-1, 0, 1)])


def test_the_layout_comes_with_the_module_and_the_former_one_afterwards(host, carm):
    import slicer

    manager = slicer.app.layoutManager()
    assert carm.panel.views.layouts.isShown and manager.sliceWidget("Xray").visible
    host.selectModule("SyntheticImaging")
    assert manager.layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
    host.selectModule("VirtualCArm")
    assert carm.panel.views.layouts.isShown
    host.setLayout("OneUpRedSlice")  # the user's own choice is not undone
    host.selectModule("SyntheticImaging")
    assert manager.layout == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView
    host.setLayout("FourUp")


def test_the_picture_is_upright_and_shows_the_bead_where_it_is_projected(host, carm):
    carm.logic.setBeam(naive=True)
    carm.settle()
    view = carm.logic.shownView()
    bead = host.viewPosition("Xray", tuple(view.pixel_ras(*view.project(BEAD_RAS)[0])))
    widget = host.sliceView("Xray")
    picture = host.screenshot(widget=widget)
    # the bead is at the patient's right and towards the head: upper left
    assert bead.x() < widget.width / 2 - 20 and bead.y() < widget.height / 2 - 20
    for shift in (-40, 40):
        beside = type(bead)(bead.x(), bead.y() + shift)
        assert gray(host, picture, bead) > gray(host, picture, beside) + 15


@pytest.mark.parametrize(("lao", "cran", "roll"), [(0, 0, 0), (35, -20, 0), (-90, 0, 15)])
def test_the_view_follows_the_pose_in_the_plane_of_the_detector(carm, lao, cran, roll):
    carm.logic.setPose(lao, cran, roll)
    carm.settle()
    view, matrix = carm.logic.view(), sliceMatrix(carm)
    right, up, direction = view.pose().axes()
    np.testing.assert_allclose(matrix[:3, :3], np.stack([right, up, direction], 1), atol=1e-9)
    np.testing.assert_allclose(matrix[:3, 3], view.pixel_ras(63.5, 63.5), atol=1e-6)


def test_nothing_takes_the_view_off_its_image(host, carm):
    import slicer

    before, node = sliceMatrix(carm), carm.logic.imageNode()
    host.wheelSlice("Xray", 5)
    np.testing.assert_allclose(sliceMatrix(carm), before)
    slicer.util.setSliceViewerLayers(background=carm.ct, foreground=carm.ct, fit=True)
    host.processEvents(20)
    composite = slicer.app.layoutManager().sliceWidget("Xray").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == node.GetID() and composite.GetForegroundVolumeID() is None
    np.testing.assert_allclose(sliceMatrix(carm), before)
    carm.ui.fitViewButton.click()
    assertFits(carm)


def assertFits(widget, name="A"):
    """The whole image is in the view, and fills it one way."""
    from VirtualCArmLib.views.Annotations import _edgesInView

    view = plane(widget, name).view
    width, height = view.sliceNode.GetDimensions()[:2]
    right, left, top, bottom = _edgesInView(view.sliceNode, view.image)
    assert -1 < left < right < width + 1 and -1 < bottom < top < height + 1
    assert min(width - (right - left), height - (top - bottom)) < 0.05 * min(width, height)


def test_the_view_fits_the_image_and_stays_zoomed_while_the_c_arm_turns(host, carm):
    assertFits(carm)
    node = plane(carm).view.sliceNode
    wide, high, deep = node.GetFieldOfView()
    node.SetFieldOfView(wide / 2, high / 2, deep)
    carm.ui.laoSlider.value = 20
    carm.settle()
    assert node.GetFieldOfView()[0] == pytest.approx(wide / 2)
    carm.ui.fitViewButton.click()
    assertFits(carm)
    carm.logic.setMachine("generic")  # another field
    carm.settle()
    assertFits(carm)


def test_biplane_shows_both_pictures_fitting(host, carm):
    carm.ui.biplaneCheckBox.checked = True
    carm.settle()
    host.processEvents(100)
    for name in "AB":
        assert plane(carm, name).annotations.texts["title"] == {"A": "LAO 0 CRAN 0", "B": "LAO 90 CRAN 0"}[name]
        assertFits(carm, name)
    carm.ui.biplaneCheckBox.checked = False
    carm.settle()
    assert not plane(carm, "B").annotations.texts["title"] or plane(carm, "B").view.image is None
    assertFits(carm)


LETTERS = (
    ((0, 0, 0), "LRHF"),
    ((90, 0, 0), "PAHF"),
    ((-90, 0, 0), "APHF"),
    ((30, 0, 0), "LRHF"),
    ((45, 0, 0), ("LP", "RA", "H", "F")),
    ((180, 0, 0), "RLHF"),
    ((0, 50, 0), ("L", "R", "PH", "AF")),
    ((0, 0, 90), "HFRL"),
)
"""Poses, and the letters at the right, left, top and bottom edge."""


def test_letters_name_the_direction_of_every_edge(carm):
    for pose, letters in LETTERS:
        carm.logic.setPose(*pose)
        carm.settle()
        texts = plane(carm).annotations.texts
        assert [texts[edge] for edge in ("right", "left", "top", "bottom")] == list(letters), pose


def test_the_writing_says_angles_beam_and_that_it_is_synthetic(carm):
    carm.logic.setPose(30, -10)
    carm.logic.setBeam(kvp=95, scatterRatio=1.5)
    carm.settle()
    texts, readout = plane(carm).annotations.texts, carm.logic.readout()
    assert texts["title"] == "LAO 30 CAUD 10" and texts["mark"] == "SYNTHETIC" and texts["state"] == ""
    assert texts["beam"] == f"95 kVp · magnification 1.92 · scatter/primary {readout['spr']:.2f}"
    carm.logic.setBeam(naive=True)
    carm.settle()
    assert plane(carm).annotations.texts["beam"] == "one energy, no noise, no scatter · magnification 1.92"


def test_the_ruler_is_honest_at_every_zoom(carm):
    annotations, node = plane(carm).annotations, plane(carm).view.sliceNode
    for zoom in (1.0, 3.0):
        wide, high, deep = node.GetFieldOfView()
        node.SetFieldOfView(wide / zoom, high / zoom, deep)
        wide, width = node.GetFieldOfView()[0], node.GetDimensions()[0]
        millimeters = float(annotations.texts["ruler"].split(" mm")[0])
        onDetector = annotations.rulerPixels * wide / width
        assert onDetector / carm.logic.view().magnification == pytest.approx(millimeters)
        assert annotations.rulerPixels < 0.35 * width
