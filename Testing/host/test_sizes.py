"""The window needs as much room as the application's, and asks for it as it does."""

import pytest
import slicer_host

pytestmark = pytest.mark.gui
LEAST_BAR_PX, PANEL_PX = 335, 327


@pytest.fixture
def roomy(host, widget):
    """The window of a desktop, with the toy's panel as it opens."""
    host.resize(slicer_host.DESKTOP)
    yield host
    host.setLayout("FourUp")
    host.resize((1300, 850))


def addLayout(identifier, columns):
    import slicer

    views = "".join(
        f'<item><view class="vtkMRMLSliceNode" singletontag="{name}"><property name="orientation" action="default">'
        f"Axial</property></view></item>"
        for name in columns
    )
    node = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    node.AddLayoutDescription(identifier, f'<layout type="horizontal">{views}</layout>')


def test_bar_of_a_slice_view_cannot_be_squeezed(roomy):
    import slicer

    for name in ("Red", "Green", "Yellow"):
        assert slicer.app.layoutManager().sliceWidget(name).sliceController().width >= LEAST_BAR_PX
    roomy.resize((800, 600))
    for name in ("Red", "Green", "Yellow"):
        assert slicer.app.layoutManager().sliceWidget(name).sliceController().width >= LEAST_BAR_PX


def test_window_grows_with_a_layout_of_many_columns(roomy):
    roomy.resize(slicer_host.LAPTOP)
    assert roomy.window.width == slicer_host.LAPTOP[0]
    addLayout(7002, ["Red", "Green", "Yellow", "Fourth"])
    roomy.setLayout(7002)
    assert roomy.leastSize[0] >= 4 * LEAST_BAR_PX + PANEL_PX
    assert roomy.window.width >= roomy.leastSize[0]
    assert roomy.resize(slicer_host.LAPTOP)[0] > slicer_host.LAPTOP[0]
    roomy.setLayout("OneUpRedSlice")
    assert roomy.leastSize[0] < slicer_host.LAPTOP[0]


def test_window_has_the_size_that_is_asked_for_if_it_can(roomy):
    for size in (slicer_host.DESKTOP, slicer_host.LAPTOP):
        assert roomy.resize(size) == size
        shown = roomy.screenshot()
        assert (shown.width(), shown.height()) == size
        assert min(a - b for a, b in zip(size, roomy.leastSize, strict=True)) >= 0


def test_panel_is_as_wide_as_in_the_application(roomy):
    assert roomy.window.modulePanel().width == PANEL_PX


def test_long_word_widens_the_panel_for_good(roomy, widget):
    import qt

    label = qt.QLabel("A sentence of many words that may be broken into several lines where there is no room for it.")
    label.wordWrap = True
    widget.layout.addWidget(label)
    roomy.processEvents(50)
    panel = roomy.window.modulePanel()
    before = panel.width
    assert before == PANEL_PX
    try:
        label.wordWrap = False
        label.text = "/home/reader/studies/" + "long-name-of-a-folder-" * 4
        roomy.processEvents(50)
        wide = panel.width
        assert wide > before + 100
        assert panel.horizontalScrollBar().maximum == 0
        label.text = "short"
        roomy.processEvents(50)
        assert panel.width == wide
    finally:
        label.setParent(None)


def test_panel_has_no_margins_of_the_module(roomy, widget):
    margins = widget.parent.layout().contentsMargins
    assert (margins.left(), margins.top(), margins.right(), margins.bottom()) == (0, 0, 0, 0)
