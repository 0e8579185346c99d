"""A number that is declared in the core is in the parameter node, the form and the scene, with its limits."""

import logging
from dataclasses import dataclass, field
from enum import Enum

import pytest

from synthetic_imaging.declared import Declared, choice, flag, number, numbers, several, text, whole
from synthetic_imaging.errors import InputError


@dataclass(frozen=True)
class Beam(Declared):
    prefixed = ("ratio",)

    made_up_mm: float = number(2.5, "A number that no module knows", unit="mm", low=0.5, high=7, step=0.25)
    pulses: int = whole(4, "Pulses", low=1, high=9)
    ratio: float = number(0.5, "Ratio", low=0, high=1, step=0.1)
    pulsed: bool = flag(True, "Pulsed")


@dataclass(frozen=True)
class Plan(Declared):
    title: str = text("Plan", "Title")
    box_mm: tuple | None = numbers(None, "Box; without it all is shown", low=1, high=500, decimals=0)
    limit_s: float | None = number(None, "Limit; without it there is none", unit="s", low=1, high=60)
    side: str = choice("left", ("left", "right"), "Side")
    arms: tuple = several(("one",), ("one", "two"), "Arms")
    beam: Beam = field(default_factory=Beam)

    def check(self):
        if self.side == "right" and not self.beam.pulsed:
            raise InputError("The right side needs pulses; switch them on.")


class Arms(Enum):
    one = "one"
    both = "one,two"

    def label(self):
        return {"one": "first alone", "one,two": "both"}[self.value]


@pytest.fixture
def made(host):
    """(declarations, class of the wrapped node, a node)."""
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    from SyntheticImagingLib.parameters import Declarations

    declarations = Declarations(Plan, enums={"arms": Arms}) + Declarations(
        Beam, without=("pulsed",), suffix="B", defaults={"pulsesB": 7}
    )

    @parameterNodeWrapper
    @declarations.declare
    class Node:
        folder: str

    return declarations, Node, Node(host.scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "parameters"))


def test_every_setting_is_a_parameter_with_its_default_and_limits(made, caplog):
    declarations, _cls, node = made
    assert (node.madeUpMm, node.pulses, node.beamRatio, node.pulsed, node.title) == (2.5, 4, 0.5, True, "Plan")
    assert (node.boxRMm, node.limitS, node.side, node.arms, node.pulsesB) == (0, 0, "left", Arms.one, 7)
    assert "pulsedB" not in declarations.settings
    for name, wrong, error in (
        ("madeUpMm", 7.1, ValueError), ("pulses", 2.5, TypeError), ("boxSMm", 501, ValueError),
        ("side", "top", ValueError), ("limitS", 61, ValueError), ("madeUpMmB", 0.4, ValueError),
    ):  # fmt: skip
        with pytest.raises(error):
            setattr(node, name, wrong)


def test_declaring_warns_of_nothing(host, caplog, capsys):
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    from SyntheticImagingLib.parameters import Declarations

    with caplog.at_level(logging.WARNING):

        @parameterNodeWrapper
        @Declarations(Plan).declare
        class Node:
            folder: str

    assert not caplog.records and capsys.readouterr().out == ""


def test_objects_of_the_core_come_from_the_node_and_go_into_it(made):
    declarations, _cls, node = made
    assert declarations.read(node, Plan) == Plan()
    plan = Plan("Liver", (1, 2, 3), 5, "right", ("one", "two"), Beam(1.25, 8, 0.75))
    declarations.write(node, plan)
    assert declarations.read(node, Plan) == plan and node.arms is Arms.both and node.boxAMm == 2
    assert declarations.read(node, Beam) == Beam(pulses=7), "the other beam has its own parameters"
    declarations.write(node, Plan())
    assert declarations.read(node, Plan) == Plan()
    node.side, node.pulsed = "right", False
    with pytest.raises(InputError, match="switch them on"):
        declarations.read(node, Plan)


def test_values_of_the_console_are_checked_with_the_sentences_of_the_core(made):
    declarations, _cls, _node = made
    assert declarations.checked("madeUpMm", 3) == 3.0 and declarations.checked("boxRMm", 0) == 0
    assert declarations.checked("boxRMm", 20) == 20 and declarations.checked("arms", "one,two") is Arms.both
    for name, wrong, words in (
        ("madeUpMm", 9, "madeUpMm is 9; give a number from 0.5 to 7 mm"), ("pulses", 1.5, "whole number"),
        ("boxRMm", 900, "1 to 500"), ("side", "top", "left, right"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            declarations.checked(name, wrong)


def test_a_form_takes_range_step_digits_unit_and_words_from_the_declaration(host, made):
    import qt
    import slicer

    declarations, _cls, node = made
    form = qt.QWidget()
    layout = qt.QVBoxLayout(form)
    boxes = {"madeUpMm": qt.QDoubleSpinBox(), "pulses": qt.QSpinBox(), "beamRatio": qt.QDoubleSpinBox()}
    for name, box in boxes.items():
        box.objectName = f"{name}Box"
        box.setProperty("SlicerParameterName", name)
        layout.addWidget(box)
    boxes["pulses"].toolTip = "Said by the form."
    ui = slicer.util.childWidgetVariables(form)
    declarations.dress(ui)
    tag = node.connectGui(form)
    box = boxes["madeUpMm"]
    assert (box.minimum, box.maximum, box.singleStep, box.decimals, box.value) == (0.5, 7, 0.25, 2, 2.5)
    assert box.suffix == " mm" and "A number that no module knows." in box.toolTip
    assert "Said by the form." in boxes["pulses"].toolTip and boxes["pulses"].suffix == ""
    box.stepUp()
    assert node.madeUpMm == 2.75
    node.madeUpMm = 1.5
    assert box.value == 1.5
    node.disconnectGui(tag)


def test_a_slider_without_a_parameter_has_the_same_limits(host):
    import ctk

    from SyntheticImagingLib.parameters import limit

    slider = ctk.ctkSliderWidget()
    limit(slider, declared_setting("made_up_mm"))
    assert (slider.minimum, slider.maximum, slider.singleStep, slider.decimals) == (0.5, 7, 0.25, 2)
    assert slider.suffix == " mm"
    percent = ctk.ctkSliderWidget()
    percent.suffix = " %"
    limit(percent, declared_setting("ratio"), scale=100)
    assert (percent.minimum, percent.maximum, percent.singleStep, percent.suffix) == (0, 100, 10, " %")


def declared_setting(name):
    from synthetic_imaging.declared import setting_of

    return setting_of(Beam, name)


def test_a_scene_from_before_a_number_was_added_is_read(host, made, tmp_path):
    """The node of the old scene lacks the number; it has its default then, and the others keep their values."""
    _declarations, cls, node = made
    node.pulses = 9
    node.parameterNode.UnsetParameter("madeUpMm")
    host.saveScene(tmp_path / "scene.mrml")
    host.clearScene()
    host.loadScene(tmp_path / "scene.mrml")
    read = cls(host.scene.GetFirstNodeByName("parameters"))
    assert (read.madeUpMm, read.pulses) == (2.5, 9)
