"""The window, its views and its files: driven with the mouse, read back from the scene."""

import numpy as np
import pytest

pytestmark = pytest.mark.gui
VOXEL_MM = 2.0


@pytest.fixture
def points(host):
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Points")
    node.CreateDefaultDisplayNodes()
    return node


def positions(node):
    return np.array([node.GetNthControlPointPositionVector(i) for i in range(node.GetNumberOfControlPoints())])


def place(host, widget, points, view, ras):
    widget.ui.placeWidget.setCurrentNode(points)
    widget.ui.placeWidget.setPlaceModeEnabled(True)
    host.clickSlice(view, ras)


@pytest.mark.parametrize(("view", "ras"), [("Red", (20, -10, 0)), ("Green", (-12, 2, 8)), ("Yellow", (0, 14, -12))])
def test_click_in_place_mode_adds_a_point_there(host, widget, block, points, view, ras):
    place(host, widget, points, view, ras)
    assert positions(points) == pytest.approx(np.array([ras]), abs=VOXEL_MM)
    assert not widget.ui.placeWidget.placeModeEnabled, "one click, one point"


def test_click_without_place_mode_adds_none(host, widget, block, points):
    host.clickSlice("Red", (20, -10, 0))
    assert points.GetNumberOfControlPoints() == 0


def test_persistent_place_mode_goes_on(host, widget, block, points):
    import slicer

    widget.ui.placeWidget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceMultipleMarkups
    try:
        changes = []
        widget.ui.placeWidget.activeMarkupsFiducialPlaceModeChanged.connect(changes.append)
        place(host, widget, points, "Red", (20, -10, 0))
        host.clickSlice("Red", (-20, 10, 0))
        assert len(positions(points)) == 2
        assert widget.ui.placeWidget.placeModeEnabled
        widget.ui.placeWidget.setPlaceModeEnabled(False)
        assert changes == [True, False]
    finally:
        widget.ui.placeWidget.placeMultipleMarkups = slicer.qSlicerMarkupsPlaceWidget.ForcePlaceSingleMarkup


def test_drag_moves_the_point_and_tells_at_every_step(host, widget, block, points):
    place(host, widget, points, "Red", (20, -10, 0))
    seen = []
    points.AddObserver(points.PointModifiedEvent, lambda *_: seen.append(positions(points)[0]))
    host.dragSlice("Red", (20, -10, 0), (-16, 24, 0), steps=8)
    assert positions(points) == pytest.approx(np.array([[-16, 24, 0]]), abs=VOXEL_MM)
    assert len(seen) >= 8


def test_wheel_goes_through_slices_and_the_bar_follows(host, block):
    import slicer

    logic = slicer.app.layoutManager().sliceWidget("Red").sliceLogic()
    before = logic.GetSliceOffset()
    host.wheelSlice("Red", 2)
    assert logic.GetSliceOffset() - before == pytest.approx(8)
    slider = slicer.app.layoutManager().sliceWidget("Red").sliceController().sliceOffsetSlider()
    slider.value = slider.value - 1
    assert logic.GetSliceOffset() - before == pytest.approx(4)


def test_shift_and_move_leads_the_other_views(host, block):
    import slicer

    host.moveSlice("Red", (24, 16, 0), modifiers=["shift"])
    planes = [
        slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode().GetSliceToRAS() for name in ("Yellow", "Green")
    ]
    assert planes[0].GetElement(0, 3) == pytest.approx(24, abs=VOXEL_MM)
    assert planes[1].GetElement(1, 3) == pytest.approx(16, abs=VOXEL_MM)


def color_at(host, view, ras):
    """Color of the window's picture where a slice view shows a point."""
    image = host.screenshot()
    widget = host.sliceView(view)
    return image.pixelColor(widget.mapTo(host.window, host.viewPosition(view, ras).toPoint()))


def test_picture_of_the_window_contains_the_views(host, block):
    assert color_at(host, "Red", (0, 0, 0)).red() == pytest.approx(140, abs=2)  # 60 HU in window 400, level 40
    assert color_at(host, "Red", (55, 0, 0)).red() == 0  # air
    shown = host.screenshot()
    assert (shown.width(), shown.height()) == (1300, 850)


def test_changed_voxels_are_drawn_at_once(host, block):
    import slicer

    view = host.sliceView("Red")
    drawn = view.renderCount
    slicer.util.arrayFromVolume(block)[:] = 240
    slicer.util.arrayFromVolumeModified(block)
    assert host.waitUntil(lambda: view.renderCount > drawn, timeoutSeconds=1)
    inside = host.viewPosition("Red", (0, 0, 0)).toPoint()
    assert view.grab().toImage().pixelColor(inside).red() == 255


def test_segments_are_drawn_in_slices_and_in_3d(host, block):
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(block)
    node.GetSegmentation().AddEmptySegment("organ", "Organ", [1.0, 0.0, 0.0])
    mask = np.zeros((30, 60, 60), np.uint8)
    mask[10:20, 20:40, 20:40] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "organ", block)
    inside, outside = color_at(host, "Red", (0, 0, 0)), color_at(host, "Red", (35, 0, 0))
    assert inside.red() > inside.green() + 40
    assert outside.red() == outside.green()
    before = host.threeDView().grab().toImage()
    node.CreateClosedSurfaceRepresentation()
    slicer.app.layoutManager().resetThreeDViews()
    host.processEvents()
    assert host.threeDView().grab().toImage() != before


def test_one_view_layout_and_back(host, block):
    import slicer

    wide = host.sliceView("Red").width
    host.setLayout("OneUpRedSlice")
    assert host.sliceView("Red").width > 1.5 * wide
    assert not host.sliceView("Green").visible
    host.setLayout("FourUp")
    assert host.sliceView("Green").visible
    assert slicer.app.layoutManager().layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


def test_own_layout_adds_its_view(host, block):
    import slicer

    description = """
      <layout type="horizontal"><item><view class="vtkMRMLSliceNode" singletontag="Red"/></item>
      <item><view class="vtkMRMLSliceNode" singletontag="Xray">
      <property name="orientation" action="default">Coronal</property>
      <property name="viewlabel" action="default">X</property>
      <property name="viewcolor" action="default">#808080</property></view></item></layout>"""
    slicer.app.layoutManager().layoutLogic().GetLayoutNode().AddLayoutDescription(7001, description)
    host.setLayout(7001)
    view = slicer.app.layoutManager().sliceWidget("Xray")
    assert view.visible
    assert view.mrmlSliceNode().GetOrientation() == "Coronal"


def test_paused_rendering_draws_later(host, block):
    import slicer

    slicer.app.setRenderPaused(True)
    drawn = host.sliceView("Red").renderCount
    host.wheelSlice("Red", 1)
    host.processEvents(30)
    assert host.sliceView("Red").renderCount == drawn
    slicer.app.setRenderPaused(False)
    host.processEvents()
    assert host.sliceView("Red").renderCount > drawn


def fill_scene(block, widget):
    """One node of each kind that a module of this extension keeps."""
    import slicer
    import vtk

    scene = slicer.mrmlScene
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(block)
    segmentation.GetSegmentation().AddEmptySegment("organ", "Organ", [0.9, 0.5, 0.4])
    mask = np.zeros((30, 60, 60), np.uint8)
    mask[10:20, 20:40, 20:40] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, "organ", block)
    points = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Points")
    points.AddControlPoint(vtk.vtkVector3d(1, 2, 3))
    scene.AddNewNodeByClass("vtkMRMLTextNode", "Text").SetText("größe")
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "Table")
    slicer.util.updateTableFromArray(table, [np.arange(3.0)], ["x"])
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Growth")
    for index in range(3):
        sequence.SetDataNodeAtValue(block, str(index))
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    hierarchy = scene.GetSubjectHierarchyNode()
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "Study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(block), study)
    widget.ui.volumeSelector.setCurrentNode(block)
    widget.ui.radiusSlider.value = 22.5


def test_scene_bundle_restores_everything(host, widget, block, tmp_path):
    import slicer

    fill_scene(block, widget)
    host.saveScene(tmp_path / "scene.mrb")
    host.clearScene()
    assert widget.ui.volumeSelector.currentNode() is None
    assert widget.ui.radiusSlider.value == 10.0
    host.loadScene(tmp_path / "scene.mrb")

    volume = slicer.util.getNode("Block")
    segmentation = slicer.util.getFirstNodeByClassByName("vtkMRMLSegmentationNode", "Organs")
    assert slicer.util.arrayFromVolume(volume)[15, 30, 30] == 60
    assert slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, "organ", volume).sum() == 4000
    assert slicer.util.getNode("Points").GetNthControlPointPosition(0) == (1, 2, 3)
    assert slicer.util.getNode("Text").GetText() == "größe"
    assert list(slicer.util.arrayFromTableColumn(slicer.util.getNode("Table"), "x")) == [0, 1, 2]
    sequence = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSequenceNode")
    assert sequence.GetNumberOfDataNodes() == 3
    assert slicer.util.getNode("Browser").GetMasterSequenceNode() is sequence
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    assert hierarchy.GetItemName(hierarchy.GetItemParent(hierarchy.GetItemByDataNode(volume))) == "Study"
    assert widget.ui.volumeSelector.currentNode() is volume
    assert widget.ui.radiusSlider.value == 22.5
    color = color_at(host, "Red", (0, 0, 0))
    assert color.red() > color.green() + 20, "volume and segment are shown again"


def test_reading_a_missing_scene_is_an_error(host, tmp_path):
    with pytest.raises(OSError, match=r"nothing\.mrb"):
        host.loadScene(tmp_path / "nothing.mrb")


def test_scene_can_be_closed_with_a_placement_begun(host, widget, block, points):
    import slicer

    widget.ui.placeWidget.setCurrentNode(points)
    widget.ui.placeWidget.setPlaceModeEnabled(True)
    host.moveSlice("Red", (5, 5, 0))
    slicer.mrmlScene.Clear()
    host.processEvents(30)
    assert widget.ui.placeWidget.currentNode() is None
    assert not widget.ui.placeWidget.placeModeEnabled
    host.screenshot()


def test_new_nodes_enter_the_subject_hierarchy_and_leave_it(host, block):
    import slicer

    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    assert hierarchy.GetItemByDataNode(block)
    hidden = slicer.mrmlScene.AddNode(_hidden_text())
    assert not hierarchy.GetItemByDataNode(hidden)
    before = hierarchy.GetNumberOfItems()
    slicer.mrmlScene.RemoveNode(block)
    assert hierarchy.GetNumberOfItems() == before - 1


def _hidden_text():
    import slicer

    node = slicer.vtkMRMLTextNode()
    node.SetHideFromEditors(True)
    return node


def test_volume_files_through_slicer_util(host, block, tmp_path):
    import slicer

    path = str(tmp_path / "block.nrrd")
    assert slicer.util.saveNode(block, path)
    loaded = slicer.util.loadVolume(path, {"show": False})
    assert (slicer.util.arrayFromVolume(loaded) == slicer.util.arrayFromVolume(block)).all()
    with pytest.raises(RuntimeError):
        slicer.util.loadVolume(str(tmp_path / "nothing.nrrd"))


def test_delete_key_removes_the_point_under_the_mouse(host, widget, block, points):
    place(host, widget, points, "Red", (20, -10, 0))
    host.moveSlice("Red", (20, -10, 0))
    host.keyPress("Delete", "Red")
    assert points.GetNumberOfControlPoints() == 0


def test_left_drag_with_the_window_level_tool_changes_the_window(host, block):
    import slicer

    interaction = slicer.app.applicationLogic().GetInteractionNode()
    interaction.SetCurrentInteractionMode(interaction.AdjustWindowLevel)
    before = block.GetDisplayNode().GetWindow()
    host.dragSlice("Red", (-20, 0, 0), (20, 10, 0))
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    assert block.GetDisplayNode().GetWindow() != before


def test_slicer_util_drives_the_views(host, block):
    import slicer

    drawn = host.sliceView("Red").renderCount
    slicer.util.forceRenderAllViews()
    assert host.sliceView("Red").renderCount == drawn + 1
    slicer.util.resetSliceViews()
    slicer.util.resetThreeDViews()
    red = slicer.app.layoutManager().sliceWidget("Red")
    logic = red.sliceLogic()
    before = list(logic.GetSliceNode().GetXYZOrigin()), logic.GetSliceNode().GetFieldOfView()[0]
    slicer.util.clickAndDrag(red, button="Right", start=(50, 50), end=(50, 120))
    after = list(logic.GetSliceNode().GetXYZOrigin()), logic.GetSliceNode().GetFieldOfView()[0]
    assert before != after, "right drag zooms"


def test_sections_are_seen_in_3d(host, block):
    import slicer

    slicer.app.layoutManager().resetThreeDViews()
    host.processEvents()
    before = host.threeDView().grab().toImage()
    slicer.app.layoutManager().sliceWidget("Green").sliceController().setSliceVisible(True)
    host.processEvents()
    assert host.threeDView().grab().toImage() != before


def test_preview_of_a_point_leaves_with_the_mouse(host, widget, block, points):
    widget.ui.placeWidget.setCurrentNode(points)
    widget.ui.placeWidget.setPlaceModeEnabled(True)
    host.moveSlice("Red", (20, -10, 0))
    assert (points.GetNumberOfControlPoints(), points.GetNumberOfDefinedControlPoints()) == (1, 0)
    host.moveSlice("Green", (0, 2, 0))
    assert host.exceptions == []
    widget.ui.placeWidget.setPlaceModeEnabled(False)
    host.processEvents()
    assert points.GetNumberOfDefinedControlPoints() == 0


def test_ct_from_a_file_opens_at_full_range_and_a_clone_has_its_window(host, widget, tmp_path):
    import slicer

    array = np.full((20, 40, 40), -1000, np.int16)
    array[5:15, 10:30, 10:30] = 60
    array[8:12, 12:16, 12:16] = 1500
    node = slicer.util.addVolumeFromArray(array, name="CT")
    slicer.util.saveNode(node, str(tmp_path / "ct.nrrd"))
    loaded = slicer.util.loadVolume(str(tmp_path / "ct.nrrd"))
    display = loaded.GetDisplayNode()
    assert display.GetAutoWindowLevel()
    assert display.GetWindowLevelMin() <= -990
    assert display.GetWindowLevelMax() >= 1400
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(350, 40)
    clone = slicer.modules.volumes.logic().CloneVolume(slicer.mrmlScene, loaded, "Copy")
    assert (clone.GetDisplayNode().GetWindow(), clone.GetDisplayNode().GetLevel()) == (350, 40)
