"""Modules, their panels, parameter nodes and the widgets in UI files."""

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def parameters(widget):
    return widget._parameterNode


def test_module_is_found_by_every_name(host, widget):
    import slicer

    assert slicer.modules.toyplacer.widgetRepresentation().self() is widget
    assert slicer.modules.ToyPlacerWidget is widget
    assert slicer.util.getModuleWidget("ToyPlacer") is widget
    assert slicer.util.getModuleLogic("ToyPlacer") is widget.logic
    assert slicer.util.modulePath("ToyPlacer").endswith("ToyPlacer.py")
    assert slicer.modules.toyplacer.title == "Toy Placer"
    assert "ToyPlacer" in slicer.util.moduleNames()
    assert slicer.util.selectedModule() == "ToyPlacer"
    assert slicer.modules.volumes.logic().IsA("vtkSlicerVolumesLogic")
    with pytest.raises(RuntimeError, match="NoSuchModule"):
        slicer.util.selectModule("NoSuchModule")


def test_modules_named_test_are_left_out(host, tmp_path):
    import slicer

    path = tmp_path / "BreakingTest.py"
    path.write_text("raise RuntimeError('must not be executed')")
    host.load([path])
    assert not hasattr(slicer.modules, "breakingtest")


def test_leaving_and_entering_a_module(host, widget, tmp_path):
    path = tmp_path / "OtherToy.py"
    path.write_text(
        "from slicer.ScriptedLoadableModule import *\n"
        "class OtherToy(ScriptedLoadableModule): pass\n"
        "class OtherToyWidget(ScriptedLoadableModuleWidget): pass\n"
    )
    host.load([path])
    widget.calls.clear()
    host.selectModule("OtherToy")
    host.selectModule("ToyPlacer")
    assert widget.calls == ["exit", "enter"]


def test_button_follows_the_choice_of_a_volume(host, widget, block):
    assert not widget.ui.applyButton.enabled
    assert widget.ui.applyButton.toolTip == "Choose a volume first"
    widget.ui.volumeSelector.setCurrentNode(block)
    assert widget.ui.applyButton.enabled
    widget.calls.clear()
    widget.ui.applyButton.click()
    assert widget.calls == [("apply", False), ("any", (False,))]


def test_widgets_and_parameters_are_bound_both_ways(widget, parameters, block):
    import ToyPlacer

    widget.ui.radiusSlider.value = 12.5
    widget.ui.rimSpinBox.value = 3.25
    widget.ui.enabledBox.checked = False
    widget.ui.flavorBox.setCurrentText("Sweet")
    assert parameters.radius_mm == 12.5
    assert parameters.rim.thickness_mm == 3.25
    assert not parameters.enabled
    assert parameters.flavor is ToyPlacer.Flavor.SWEET
    parameters.radius_mm = 40
    parameters.rim.thickness_mm = 1
    parameters.flavor = ToyPlacer.Flavor.SOUR
    parameters.inputVolume = block
    assert widget.ui.radiusSlider.value == 40
    assert widget.ui.rimSpinBox.value == 1
    assert widget.ui.flavorBox.currentText == "Sour"
    assert widget.ui.volumeSelector.currentNode() is block


def test_ranges_reach_the_widgets(widget):
    assert (widget.ui.radiusSlider.minimum, widget.ui.radiusSlider.maximum) == (1, 50)
    assert (widget.ui.rimSpinBox.minimum, widget.ui.rimSpinBox.maximum) == (0, 5)


@pytest.mark.parametrize(("name", "value"), [("radius_mm", 51.0), ("radius_mm", "wide"), ("count", 2.5), ("label", 3)])
def test_wrong_values_are_refused_and_change_nothing(parameters, name, value):
    before = getattr(parameters, name)
    with pytest.raises((ValueError, TypeError)):
        setattr(parameters, name, value)
    assert getattr(parameters, name) == before


def test_unknown_parameter_is_refused(parameters):
    with pytest.raises(AttributeError):
        parameters.radiusMm = 3


def test_containers_are_observed(parameters, widget):
    changes = []
    parameters.AddObserver("ModifiedEvent", lambda *_: changes.append(1))
    parameters.weights = [1, 2.5]
    parameters.weights.append(4)
    parameters.names["a"] = 1
    assert parameters.weights == [1.0, 2.5, 4.0]
    assert parameters.names == {"a": 1}
    assert len(changes) == 3
    again = type(parameters)(parameters.parameterNode)
    assert again.weights == [1.0, 2.5, 4.0]


def test_disconnected_widgets_are_left_alone(widget, parameters):
    tag = parameters.connectParametersToGui({"count": (box := _spin_box())})
    parameters.count = 8
    assert box.value == 8
    parameters.disconnectGui(tag)
    parameters.count = 9
    box.value = 1
    assert (parameters.count, box.value) == (9, 1)


def _spin_box():
    import qt

    return qt.QSpinBox()


def test_pair_without_connector_is_refused(parameters):
    with pytest.raises(ValueError, match="No connector"):
        parameters.connectParametersToGui({"inputVolume": _spin_box()})


def test_node_is_a_singleton_of_the_scene(host, widget, parameters):
    import slicer

    assert widget.logic.getParameterNode().parameterNode is parameters.parameterNode
    parameters.radius_mm = 33
    host.clearScene()
    assert widget.logic.getParameterNode().radius_mm == 10
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScriptedModuleNode") == 1


def test_node_combo_box_follows_the_scene(host, widget):
    import slicer

    box, got = slicer.qMRMLNodeComboBox(), []
    box.nodeTypes = ["vtkMRMLTextNode"]
    box.currentNodeChanged.connect(got.append)
    box.setMRMLScene(slicer.mrmlScene)
    assert box.currentNode() is None
    first = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "First")
    assert box.currentNode() is first, "without None, the first node is chosen"
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


def test_sample_data_is_registered_and_made(host):
    import SampleData
    import slicer

    node = SampleData.downloadSample("ToyBlock")
    assert node.GetName() == "Block"
    assert [source.sampleName for source in slicer.modules.sampleDataSources["Toys"]] == ["ToyBlock"]
    with pytest.raises(ValueError, match="NoSuchSample"):
        SampleData.downloadSample("NoSuchSample")


def test_packages_are_checked_but_never_installed(host, tmp_path):
    import slicer
    import slicer.packaging

    path = tmp_path / "requirements.txt"
    path.write_text("numpy>=1.20  # arrays\n\nno-such-package-at-all>=3\n")
    requirements = slicer.packaging.load_requirements(path)
    assert slicer.packaging.pip_check(requirements[0])
    assert not slicer.packaging.pip_check(requirements)
    slicer.packaging.pip_ensure(requirements, requester="Toy")
    assert slicer.packaging.installed == ["no-such-package-at-all>=3"]
    assert "no-such-package-at-all" in host.shownMessages[0][1]


def test_terminology_files_load(host):
    import slicer
    import vtk

    names = vtk.vtkStringArray()
    slicer.modules.terminologies.logic().GetLoadedTerminologyNames(names)
    assert "Segmentation category and type - 3D Slicer General Anatomy list" in [
        names.GetValue(i) for i in range(names.GetNumberOfValues())
    ]


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
    import qt
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Numbers")
    slicer.util.updateTableFromArray(node, [np.array([1.5, 2.5]), np.array([3.0, 4.0])], ["a", "b"])
    view = slicer.qMRMLTableView()
    view.setMRMLScene(slicer.mrmlScene)
    view.setMRMLTableNode(node)
    cells = view.findChild(qt.QTableWidget)
    assert (cells.rowCount, cells.columnCount) == (2, 2)
    assert cells.item(1, 0).text() == "2.5"
    slicer.mrmlScene.RemoveNode(node)
    assert view.mrmlTableNode() is None


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
