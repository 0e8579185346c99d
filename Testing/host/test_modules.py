"""Modules, their panels and parameter nodes."""

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


def test_reload_makes_a_new_panel_and_does_not_enter_it(host, widget):
    import slicer

    old, slicer.modules.ToyPlacerWidget.calls[:] = widget, []
    slicer.util.reloadScriptedModule("ToyPlacer")
    host.processEvents()
    new = slicer.modules.toyplacer.widgetRepresentation().self()
    assert new is not old
    assert slicer.modules.ToyPlacerWidget is new
    assert new.ui.applyButton.visible and not old.ui.applyButton.visible
    assert type(new) is not type(old), "of the file as it is now"
    host.selectModule("ToyPlacer")
    assert (old.calls, new.calls) == (["cleanup"], []), "the open module is not entered again"


def test_base_class_has_neither_enter_nor_exit(host):
    from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget

    assert not hasattr(ScriptedLoadableModuleWidget, "enter")
    assert not hasattr(ScriptedLoadableModuleWidget, "exit")


def test_new_parameter_node_is_in_no_scene_yet(host, widget):
    assert widget.logic.createParameterNode().GetScene() is None


def test_self_test_of_a_module_without_one_fails(host, widget):
    import slicer

    with pytest.raises(AssertionError, match="ToyPlacerTest"):
        slicer.selfTests["ToyPlacer"]()


def test_button_follows_the_choice_of_a_volume(host, widget, block):
    assert not widget.ui.applyButton.enabled
    assert widget.ui.applyButton.toolTip == "<p>Choose a volume first</p>"
    widget.ui.volumeSelector.setCurrentNode(block)
    assert widget.ui.applyButton.enabled
    widget.calls.clear()
    widget.ui.applyButton.click()
    assert widget.calls == [("apply", False), ("any", (False,))]


def test_node_is_a_singleton_of_the_scene(host, widget, parameters):
    import slicer

    assert widget.logic.getParameterNode().parameterNode is parameters.parameterNode
    parameters.radius_mm = 33
    host.clearScene()
    assert widget.logic.getParameterNode().radius_mm == 10
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScriptedModuleNode") == 1


def test_sample_data_is_registered_and_made(host):
    import SampleData
    import slicer

    node = SampleData.downloadSample("ToyBlock")
    assert node.GetName() == "Block"
    assert [source.sampleName for source in slicer.modules.sampleDataSources["Toys"]] == ["ToyBlock"]
    with pytest.raises(ValueError, match="NoSuchSample"):
        SampleData.downloadSample("NoSuchSample")


def test_sample_data_are_shown_under_the_name_that_programs_use(host, widget):
    import qt
    import slicer

    panel = host.selectModule("SampleData")
    buttons = {button.text: button for button in panel.findChildren(qt.QPushButton)}
    assert list(buttons) == ["ToyBlock"]
    buttons["ToyBlock"].click()
    assert slicer.mrmlScene.GetFirstNodeByName("Block") is not None
    host.selectModule("ToyPlacer")


def test_packages_are_checked_but_never_installed(host, tmp_path):
    import slicer
    import slicer.packaging

    path = tmp_path / "requirements.txt"
    path.write_text("# arrays\nnumpy>=1.20\n\n--pre\nno-such-package-at-all>=3\n")
    requirements = slicer.packaging.load_requirements(path)
    assert slicer.packaging.pip_check(requirements[0])
    assert not slicer.packaging.pip_check(requirements)
    slicer.packaging.pip_ensure(requirements, requester="Toy")
    assert slicer.packaging.installed == ["no-such-package-at-all>=3"]
    assert "no-such-package-at-all" in host.shownMessages[0][1]
    path.write_text("numpy>=1.20  # arrays\n")
    with pytest.raises(ValueError, match="arrays"):
        slicer.packaging.load_requirements(path)
    with pytest.raises(TypeError):
        slicer.packaging.pip_check(("numpy", "scipy"))


def test_terminology_files_load(host):
    import slicer
    import vtk

    names = vtk.vtkStringArray()
    slicer.modules.terminologies.logic().GetLoadedTerminologyNames(names)
    assert "Segmentation category and type - 3D Slicer General Anatomy list" in [
        names.GetValue(i) for i in range(names.GetNumberOfValues())
    ]
