"""The stand-ins for qMRML and ctk widgets in UI files."""

import pytest

pytestmark = pytest.mark.gui


def test_node_combo_box_follows_the_scene(host, widget):
    import slicer

    box, got = slicer.qMRMLNodeComboBox(), []
    box.nodeTypes = ["vtkMRMLTextNode"]
    box.currentNodeChanged.connect(got.append)
    box.setMRMLScene(slicer.mrmlScene)
    assert box.currentNode() is None
    first = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "First")
    assert box.currentNode() is None, "nothing is chosen by itself"
    box.setCurrentNode(first)
    second = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "Second")
    box.setCurrentNode(second)
    assert box.currentNodeID == second.GetID()
    second.SetHideFromEditors(True)
    second.Modified()
    assert box.currentNode() is first
    assert box.nodeCount() == 1
    slicer.mrmlScene.RemoveNode(first)
    assert box.currentNode() is None
    assert got == [first, second, first, None]
    made = box.addNode()
    assert box.currentNode() is made
    box.setMRMLScene(None)


def test_box_without_none_and_actions_takes_the_first_node_that_comes(host, widget):
    import slicer

    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes, box.addEnabled, box.removeEnabled = ["vtkMRMLTextNode"], False, False
    box.setMRMLScene(slicer.mrmlScene)
    nodes = [slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode") for _ in range(3)]
    assert box.currentNode() is nodes[0]
    box.setMRMLScene(None)


@pytest.mark.parametrize("noneEnabled", [True, False])
def test_removed_node_makes_way_for_the_row_above(host, widget, noneEnabled):
    import slicer

    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes, box.noneEnabled = ["vtkMRMLTextNode"], noneEnabled
    box.setMRMLScene(slicer.mrmlScene)
    nodes = [slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode") for _ in range(3)]
    box.setCurrentNode(nodes[1])
    slicer.mrmlScene.RemoveNode(nodes[1])
    assert box.currentNode() is nodes[0]
    slicer.mrmlScene.RemoveNode(nodes[0])
    assert box.currentNode() is None, "though there is another below"
    box.setMRMLScene(None)


def test_node_combo_box_waits_for_a_node_that_is_still_to_come(host, widget):
    import slicer

    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes, box.noneEnabled = ["vtkMRMLTextNode"], True
    box.setMRMLScene(slicer.mrmlScene)
    box.setCurrentNodeID("vtkMRMLTextNode1")
    assert box.currentNode() is None
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "Text")
    assert node.GetID() == "vtkMRMLTextNode1"
    assert box.currentNode() is node
    box.setMRMLScene(None)


def test_segment_selector(host, widget):
    import slicer

    selector, got = widget.ui.segmentSelector, []
    selector.currentSegmentChanged.connect(got.append)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    assert selector.currentNode() is node
    for name in ("liver", "kidney"):
        node.GetSegmentation().AddEmptySegment(name, name.title())
    assert selector.currentSegmentID() == "liver"
    selector.setCurrentSegmentID("kidney")
    node.GetSegmentation().RemoveSegment("kidney")
    assert selector.currentSegmentID() == "liver"
    slicer.mrmlScene.RemoveNode(node)
    assert (selector.currentNode(), selector.currentSegmentID()) == (None, "")
    assert got == ["liver", "kidney", "liver", ""]


def test_slider_reports_floats_and_stays_in_range(widget):
    import ctk

    slider, got = ctk.ctkSliderWidget(), []
    slider.valueChanged.connect(got.append)
    slider.minimum, slider.maximum, slider.singleStep, slider.suffix = -100, 100, 0.5, " HU"
    slider.value = -40
    slider.value = 250
    assert got == [-40.0, 100.0]
    assert slider.value == 100.0
    assert all(isinstance(value, float) for value in got)


def test_slider_without_tracking_waits_for_the_release(widget):
    import ctk

    slider, got = ctk.ctkSliderWidget(), []
    slider.valueChanged.connect(got.append)
    slider.tracking = False
    slider.slider().setSliderDown(True)
    slider.slider().value = 40
    assert got == []
    slider.slider().setSliderDown(False)
    assert got == [40.0]


def test_section_folds_and_opens(host, widget):
    section, slider = widget.ui.shapeButton, widget.ui.radiusSlider
    height = section.height
    section.collapsed = True
    host.processEvents()
    assert not slider.visible
    assert section.height < height / 2
    section.collapsed = False
    host.processEvents()
    assert slider.visible


def test_section_folded_in_the_ui_file(host, tmp_path):
    import qt
    import slicer

    path = tmp_path / "folded.ui"
    path.write_text(
        '<ui version="4.0"><class>W</class><widget class="QWidget" name="W">'
        '<layout class="QVBoxLayout" name="outer"><item>'
        '<widget class="ctkCollapsibleButton" name="section"><property name="collapsed"><bool>true</bool></property>'
        '<layout class="QVBoxLayout" name="inner"><item><widget class="QTextBrowser" name="text"/></item>'
        "</layout></widget>"
        "</item></layout></widget><customwidgets><customwidget><class>ctkCollapsibleButton</class><extends>QWidget</extends>"
        "<header>h</header><container>1</container></customwidget></customwidgets></ui>"
    )
    root = slicer.util.loadUI(str(path))
    ui = slicer.util.childWidgetVariables(root)
    root.show()
    host.processEvents()
    assert not ui.text.visible
    assert ui.section.height < 30
    assert isinstance(ui.text, qt.QTextBrowser)
    ui.section.collapsed = False
    host.processEvents()
    assert ui.text.visible
    root.close()


def test_ui_file_with_an_unknown_class_is_refused(host, tmp_path):
    import slicer

    path = tmp_path / "odd.ui"
    path.write_text(
        '<ui version="4.0"><class>W</class><widget class="QWidget" name="W"><widget class="qMRMLOddWidget" name="odd"/>'
        "</widget><customwidgets><customwidget><class>qMRMLOddWidget</class><extends>QWidget</extends><header>h</header>"
        "</customwidget></customwidgets></ui>"
    )
    with pytest.raises(RuntimeError, match="qMRMLOddWidget"):
        slicer.util.loadUI(str(path))


def test_subject_hierarchy_tree_follows_the_items(host, widget, block):
    import slicer

    tree, got = slicer.qMRMLSubjectHierarchyTreeView(), []
    tree.setMRMLScene(slicer.mrmlScene)
    tree.currentItemChanged.connect(got.append)
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "Case 1")
    item = hierarchy.GetItemByDataNode(block)
    hierarchy.SetItemParent(item, folder)
    tree.setCurrentItem(item)
    assert tree.currentItem() == item
    assert got == [item]
    slicer.mrmlScene.RemoveNode(block)
    assert tree.currentItem() == 0
    tree.setMRMLScene(None)


def test_table_view_shows_the_cells(host, widget):
    import numpy as np
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Numbers")
    slicer.util.updateTableFromArray(node, [np.array([1.5, 2.5]), np.array([3.0, 4.0])], ["a", "b"])
    view = slicer.qMRMLTableView()
    view.setMRMLScene(slicer.mrmlScene)
    view.setMRMLTableNode(node)
    assert (view.rowCount, view.columnCount) == (3, 2), "the names are the first row"
    assert view.horizontalHeaderItem(1).text() == "B" and view.item(0, 1).text() == "b"
    node.SetUseColumnTitleAsColumnHeader(True)
    assert view.horizontalHeaderItem(1).text() == "b"
    assert (view.rowCount, view.item(1, 0).text()) == (2, "2.5")
    slicer.mrmlScene.RemoveNode(node)
    assert view.mrmlTableNode() is None


def test_segment_selector_says_that_nothing_is_selected(host, widget):
    import qt
    import slicer

    selector = slicer.qMRMLSegmentSelectorWidget()
    selector.setMRMLScene(slicer.mrmlScene)
    message = selector.findChild(qt.QLabel, "label_Message")
    assert not message.isHidden() and message.text == "No node is selected"
    assert selector.segmentComboBox().isHidden()
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    selector.setCurrentNode(node)
    assert message.text == "No segments in segmentation"
    node.GetSegmentation().AddEmptySegment("liver")
    assert message.isHidden() and not selector.segmentComboBox().isHidden()
    selector.setMRMLScene(None)


def test_sequence_widgets_step_through_a_browser(host, widget, block):
    import slicer

    scene = slicer.mrmlScene
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Growth")
    for index in range(3):
        slicer.util.arrayFromVolume(block)[:] = index
        sequence.SetDataNodeAtValue(block, str(index))
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    play, seek = slicer.qMRMLSequenceBrowserPlayWidget(), slicer.qMRMLSequenceBrowserSeekWidget()
    for each in (play, seek):
        each.setMRMLScene(scene)
        each.setMRMLSequenceBrowserNode(browser)
    seek.slider().value = 2
    proxy = browser.GetProxyNode(sequence)
    assert slicer.util.arrayFromVolume(proxy).max() == 2
    play.onFirst()
    assert slicer.util.arrayFromVolume(proxy).max() == 0
    assert seek.slider().value == 0
    play.setPlaybackEnabled(True)
    assert host.waitUntil(lambda: browser.GetSelectedItemNumber() == 1, timeoutSeconds=3)
    play.setPlaybackEnabled(False)


def test_simple_markups_widget_lists_points_and_jumps(host, widget, block):
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Points")
    panel = slicer.qSlicerSimpleMarkupsWidget()
    panel.setMRMLScene(slicer.mrmlScene)
    panel.setCurrentNode(node)
    node.AddControlPoint(10, 20, 8, "Here")
    assert panel.tableWidget().rowCount == 1
    assert panel.tableWidget().item(0, 0).text() == "Here"
    panel.tableWidget().selectRow(0)
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(8)
    node.SetNthControlPointPosition(0, 1, 2, 3)
    assert panel.tableWidget().item(0, 1).text() == "1.000"


def test_segments_table(host, widget):
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    node.CreateDefaultDisplayNodes()
    view = slicer.qMRMLSegmentsTableView()
    view.setSegmentationNode(node)
    for name in ("liver", "kidney"):
        node.GetSegmentation().AddEmptySegment(name, name.title())
    view.setSelectedSegmentIDs(["kidney"])
    assert view.selectedSegmentIDs() == ["kidney"]


def test_path_that_no_name_filter_takes_is_not_told(host, widget):
    import ctk

    edit, got = ctk.ctkPathLineEdit(), []
    edit.currentPathChanged.connect(got.append)
    edit.currentPath = "a"
    edit.nameFilters = ["Tables (*.csv *.tsv)"]
    for path in ("cases", "cases.csv", "cases.tsv", "cases.txt"):
        edit.currentPath = path
    assert got == ["a", "cases.csv", "cases.tsv"]


def test_directory_button_shows_the_whole_path(host, widget):
    import os

    import ctk

    button = ctk.ctkDirectoryButton()
    assert (button.directory, button.text) == (".", os.getcwd())
    button.directory = "some/path"
    assert button.directory == button.text == os.path.abspath("some/path")
