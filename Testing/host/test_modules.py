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
