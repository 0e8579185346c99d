"""Virtual C-arm: what fits on a screen, what is offered, and what can be read."""

import carm_console
import numpy as np
import pytest

SCREENS = [(1920, 1080), (1366, 768)]
LETTER_PX, LINE_PX = 0.55, 1.1
"""Width of a letter and height of a line, in sizes of the font."""


@pytest.fixture
def screen(host):
    """Give the window the size of a screen."""
    before = host.window.width, host.window.height

    def resize(size):
        host.window.resize(*size)
        host.processEvents(100)

    yield resize
    resize(before)


def area(host, names):
    views = [host.sliceView(name) for name in names]
    return sum(view.width * view.height for view in views)


@pytest.mark.parametrize("size", SCREENS)
@pytest.mark.parametrize("planes", ["A", "AB"])
def test_x_ray_images_have_half_of_the_views_and_the_window_fits_the_screen(host, carm, screen, size, planes):
    carm.ui.biplaneCheckBox.checked = planes == "AB"
    screen(size)
    carm.settle()
    assert (host.window.width, host.window.height) == size
    viewport, names = host.window.viewport(), ("Xray", "XrayB")[: len(planes)]
    assert area(host, names) > 0.5 * viewport.width * viewport.height
    for name in ("Red", "Xray"):
        assert host.layoutManager.sliceWidget(name).width >= 335, "a controller needs so much"
    carm.ui.biplaneCheckBox.checked = False
    carm.settle()


def test_what_is_used_most_is_seen_without_scrolling_on_a_laptop(host, carm, screen):
    import qt

    screen((1366, 768))
    panel = host.window.modulePanel()
    panel.verticalScrollBar().setValue(0)
    host.processEvents(50)
    for name in ("ctSelector", "laoSlider", "cranSlider", "placeIsocenterButton", "biplaneCheckBox", "takeButton",
                 "shotButton", "windowRange"):  # fmt: skip
        widget = getattr(carm.ui, name)
        bottom = widget.mapTo(panel.viewport(), qt.QPoint(0, 0)).y() + widget.height
        assert widget.visible and widget.height < bottom <= panel.viewport().height, name
    assert carm.ui.beamSection.collapsed and carm.ui.displaySection.collapsed and carm.ui.exportSection.collapsed


def offered(widget):
    return {name for name, button in widget.panel.pose.views.buttons.items() if button.visible}


def test_views_are_offered_by_what_the_ct_shows_and_all_are_in_the_menu(carm):
    from synthetic_imaging.xray import VIEWS
    from SyntheticImagingLib import nodes

    general = {"ap", "lateral-left", "lateral-right"}
    assert offered(carm) == general
    volume = nodes.volumeFromNode(carm.ct)
    labels = volume.like((volume.numpy() > 1000).astype("uint8"))
    carm.ui.segmentationSelector.setCurrentNode(nodes.segmentationFromLabels(labels, {1: "Left hip"}, carm.ct, "S"))
    carm.settle()
    assert offered(carm) == general | {name for name, view in VIEWS.items() if view.region == "pelvis"}
    carm.panel.pose.views.buttons["inlet"].click()
    carm.settle()
    assert carm.ui.cranSlider.value == 25
    carm.panel.pose.views.actions["mortise-left"].trigger()
    carm.settle()
    assert carm.ui.laoSlider.value == 15 and set(carm.panel.pose.views.actions) == set(VIEWS)


def test_numbers_are_bounded_and_have_steps_for_a_hand(carm):
    from VirtualCArmLib.state.Parameters import NUMBERS

    bound = {widget.property("SlicerParameterName"): widget for widget in vars(carm.ui).values()}
    numbers = {
        name: widget for name, widget in bound.items() if name in NUMBERS.settings and hasattr(widget, "singleStep")
    }
    assert len(numbers) > 20
    for name, widget in numbers.items():
        setting = NUMBERS.settings[name]
        assert (widget.minimum, widget.maximum) == (setting.low, setting.high), name
        assert widget.singleStep == setting.step and widget.suffix == setting.suffix, name
        assert getattr(widget, "decimals", 0) == setting.decimals and widget.toolTip, name
    assert carm.ui.photonsSpinBox.minimum > 0


def boxes(host, node):
    """Left, right, lower and upper edge in the 3D view of each label of a point list."""
    renderer, display = host.threeDView().renderer(), node.GetDisplayNode()
    font = 5 * display.GetTextScale()
    for index in range(node.GetNumberOfControlPoints()):
        position, label = [0.0, 0.0, 0.0], node.GetNthControlPointLabel(index)
        node.GetNthControlPointPositionWorld(index, position)
        renderer.SetWorldPoint(*position, 1.0)
        renderer.WorldToDisplay()
        x, y, _ = renderer.GetDisplayPoint()
        yield x, x + LETTER_PX * font * len(label), y, y + LINE_PX * font


@pytest.mark.parametrize("pose", [(0, 0), (90, 0), (-90, 0), (45, 0), (-45, 0), (0, 25), (0, -45)])
def test_labels_of_handles_are_legible_and_apart(host, carm, screen, pose):
    import slicer

    screen((1920, 1080))
    carm.logic.setPose(*pose)
    carm.settle()
    carm.panel.views.lookAtCArm()
    host.threeDView().forceRender()
    node, view = slicer.util.getNode("C-arm handles"), host.threeDView()
    assert 5 * node.GetDisplayNode().GetTextScale() >= 16
    found = list(boxes(host, node))
    for index, (left, right, low, high) in enumerate(found):
        assert 0 <= left < view.width and 0 <= low < view.height, "in sight"
        for other in found[:index]:
            assert right < other[0] or other[1] < left or high < other[2] or other[3] < low, pose


def test_the_stand_is_gray_and_matte(host, carm):
    import slicer

    for box in (carm.ui.image3DCheckBox, carm.ui.handlesCheckBox):
        box.checked = False
    viewNode = host.threeDView().mrmlViewNode()
    viewNode.SetBoxVisible(False)
    viewNode.SetAxisLabelsVisible(False)
    carm.logic.isocenterNode().SetDisplayVisibility(False)
    carm.settle()
    picture = host.screenshot(widget=host.threeDView())
    pixels = [picture.pixelColor(x, y) for x in range(0, picture.width(), 3) for y in range(0, picture.height(), 3)]
    grays = [each for each in pixels if max(each.getRgb()[:3]) - min(each.getRgb()[:3]) < 14]
    assert len(grays) > 100 and max(each.red() for each in grays) < 215
    for name in ("C-arm C", "C-arm X-ray tube", "C-arm detector"):
        assert slicer.util.getNode(name).GetDisplayNode().GetSpecular() == 0
    for box in (carm.ui.image3DCheckBox, carm.ui.handlesCheckBox):
        box.checked = True
    viewNode.SetBoxVisible(True)
    viewNode.SetAxisLabelsVisible(True)


def test_the_ruler_and_the_letters_leave_room_for_the_names_in_the_corner(host, carm):
    annotations = carm.panel.views.planes["A"].annotations
    lowest = [text.actor.GetPosition()[1] for text in (annotations._letters[3], annotations._rulerText)]
    assert min(lowest) >= 54  # three lines of 14 pixels, as Slicer writes them


def test_data_that_come_while_the_module_is_open_are_proposed(host):
    import slicer

    widget = host.selectModule("VirtualCArm")
    assert widget.ui.noticeLabel.text == "Choose a CT."
    first = carm_console.addCt("First")
    assert host.waitUntil(lambda: widget.logic.isReady, 30)
    assert widget.ui.ctSelector.currentNode() is first
    carm_console.addCt("Second")
    slicer.util.addVolumeFromArray(np.zeros((1, 9, 9), np.int16), name="Flat")
    host.processEvents(300)
    assert widget.ui.ctSelector.currentNode() is first, "the choice stands"
    slicer.util.selectModule("SyntheticImaging")
