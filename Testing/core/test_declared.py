"""What is declared of a number holds wherever the number is used."""

import argparse
import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_imaging import declared
from synthetic_imaging.cli import options
from synthetic_imaging.declared import Declared, choice, flag, number, numbers, several, text, whole
from synthetic_imaging.errors import InputError
from synthetic_imaging.phantom.settings import Torso
from synthetic_imaging.reading.design import Design, ImagePolicy
from synthetic_imaging.reading.statistics.observers import Observer, Simulation
from synthetic_imaging.tumor.lesion import Lesion
from synthetic_imaging.tumor.plans import Growth, Plan
from synthetic_imaging.xray.geometry import Geometry, Pose, machine_named
from synthetic_imaging.xray.machines import Machine, machines
from synthetic_imaging.xray.settings import Contrast, Conversion, Settings, Window
from synthetic_imaging.xray.spectrum import Spectrum


@dataclass(frozen=True)
class Part(Declared):
    gap_mm: float = number(0.5, "Gap", unit="mm", low=0, high=2, step=0.05)
    turns: int = whole(3, "Turns", low=1, high=9)


@dataclass(frozen=True)
class Whole(Declared):
    renamed = {"size": "size_mm"}

    size_mm: float = number(10, "Size", unit="mm", low=1, high=100)
    limit_s: float | None = number(None, "Limit; none without a number", unit="s", low=1)
    place_ras: tuple = numbers((0.0, 0.0, 0.0), "Place")
    on: bool = flag(True, "Switch")
    side: str = choice("left", ("left", "right"), "Side")
    title: str = text("", "Title")
    part: Part = field(default_factory=Part)

    def check(self):
        if self.side == "right" and not self.on:
            raise InputError("Right needs the switch; turn it on.")


@given(
    st.builds(
        Whole,
        size_mm=st.floats(1, 100),
        limit_s=st.none() | st.floats(1, 1e6),
        place_ras=st.tuples(*[st.floats(-1e6, 1e6)] * 3),
        title=st.text(),
        part=st.builds(Part, gap_mm=st.floats(0, 2), turns=st.integers(1, 9)),
    )
)
def test_every_object_comes_back_from_json(item):
    assert Whole.from_dict(json.loads(json.dumps(item.to_dict()))) == item


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"size_mm": 101}, "size_mm is 101; give a number from 1 to 100 mm."), ({"size_mm": float("nan")}, "finite"),
        ({"size_mm": 1_000_000}, "is 1000000;"), ({"size_mm": 100.5}, "is 100.5;"),
        ({"size_mm": "wide"}, "finite"), ({"size_mm": True}, "finite"), ({"size_mm": None}, "finite"),
        ({"limit_s": 0}, "at least 1 s"), ({"place_ras": (1, 2)}, "three numbers"), ({"place_ras": 5}, "three numbers"),
        ({"on": 1}, "True or False"), ({"side": "top"}, "left, right"), ({"title": 3}, "give a text"),
        ({"part": None}, "Part"), ({"side": "right", "on": False}, "turn it on"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_words(values, words):
    with pytest.raises(InputError, match=words):
        Whole(**values)


@pytest.mark.parametrize("wrong", [2.5, 0, 10, "x", None])
def test_whole_numbers_are_whole(wrong):
    with pytest.raises(InputError, match="turns"):
        Part(turns=wrong)


def test_numbers_of_numpy_become_plain_ones():
    item = Whole(np.float32(2.5), place_ras=np.arange(3), on=np.True_, part=Part(np.float64(1), np.int64(4)))
    assert item == Whole(2.5, place_ras=(0.0, 1.0, 2.0), part=Part(1.0, 4))
    kinds = type(item.size_mm), type(item.on), type(item.part.turns), type(item.place_ras[0])
    assert kinds == (float, bool, int, float)


def test_files_name_what_they_hold():
    assert Whole.from_dict({"size": 7}).size_mm == 7, "by its former name"
    with pytest.raises(InputError, match=r"whole has unknown fields: color. There are size_mm"):
        Whole.from_dict({"color": 1})
    with pytest.raises(InputError, match=r"part of whole has unknown fields: x"):
        Whole.from_dict({"part": {"x": 1}})
    with pytest.raises(InputError, match="not an object"):
        Whole.from_dict([1])
    with pytest.raises(InputError, match="In part of whole, turns is 0; give a whole number from 1 to 9"):
        Whole.from_dict({"part": {"turns": 0}})


def test_dotted_names_reach_into_parts():
    assert list(declared.settings(Whole))[-2:] == ["part.gap_mm", "part.turns"]
    changed = declared.changed(Whole(), {"part.gap_mm": 1, "size_mm": 5})
    assert (changed.part.gap_mm, changed.size_mm) == (1.0, 5.0) and declared.value_of(changed, "part.turns") == 3
    assert declared.default_of(Whole, "part.gap_mm") == 0.5
    assert declared.changed(Window(), {"low": 8, "high": 10}).low == 8, "all at once, or 8 would be above the old end"
    for path in ("part.x", "x", "size_mm.x"):
        with pytest.raises(InputError, match=f"There is no '{path}'"):
            declared.changed(Whole(), {path: 1})


def test_a_setting_is_told_in_words():
    gap = declared.setting_of(Whole, "part.gap_mm")
    assert (gap.range_text, gap.suffix, gap.decimals) == ("0 to 2 mm", " mm", 2)
    assert declared.setting_of(Whole, "limit_s").range_text == "1 s or more"
    assert declared.setting_of(Pose, "lao_deg").suffix == "°"
    assert declared.camel("shutter_left_mm") == "shutterLeftMm"


XRAY = [Settings, Pose, Geometry, Machine, Conversion, Contrast]
DECLARED = [*XRAY, Torso, Lesion, Plan, Growth, Design, ImagePolicy, Observer, Simulation]


@pytest.mark.parametrize("cls", DECLARED)
def test_every_setting_has_one_name_and_a_row(cls):
    where = declared.paths(cls)
    assert sorted(where.values()) == sorted(declared.settings(cls))
    rows = declared.rows(cls)
    assert [row["name"] for row in rows] == list(where) and all(row["help"] and row["default"] for row in rows)
    assert set(rows[0]) == {"name", "unit", "default", "range", "step", "help", "source"}


def test_names_that_several_parts_have_are_told_apart():
    where = declared.paths(Lesion)
    assert where["contrast_hu"] == "contrast_hu" and where["rim_contrast_hu"] == "rim.contrast_hu"
    assert where["capsule_thickness_mm"] == "capsule.thickness_mm" and where["blur_mm"] == "edge.blur_mm"


@pytest.mark.parametrize("cls", DECLARED)
def test_defaults_keep_their_own_limits_and_are_helped(cls):
    cls()
    for path, setting in declared.settings(cls).items():
        assert setting.help and not setting.help.endswith("."), path
        assert round(setting.step, setting.decimals) == setting.step, f"{path}: a step must be seen"


@pytest.mark.parametrize("name", machines())
def test_every_machine_can_be_set(name):
    machine = machine_named(name)
    view = Geometry.of(machine, image_size=64).view(Pose(10, 20))
    assert view.source_to_detector_mm == pytest.approx(machine.source_to_detector_mm)
    assert view.columns == 64 and view.rows * view.pixel_mm[0] == pytest.approx(machine.field_mm[0])


def test_the_table_carries_the_patient_and_not_the_isocenter():
    moved = Geometry(table_r_mm=10, table_s_mm=-5).view(Pose(isocenter_ras=(1, 2, 3)))
    assert moved.isocenter_ras == (-9.0, 2.0, 8.0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"source_to_isocenter_mm": 1020}, "larger one"),
        ({"field_width_mm": 10, "field_height_mm": 700}, "35840 rows"),
    ],
)
def test_impossible_geometries_are_refused(values, words):
    with pytest.raises(InputError, match=words):
        Geometry(**values)


# What is declared appears in the shell.


@dataclass(frozen=True)
class Grating(Declared):
    """A number that the program does not have."""

    prefixed = ("pitch_um",)

    pitch_um: float = number(25, "Distance of the lines", unit="µm", low=5, high=80, step=0.5)
    lines: int = whole(3, "Lines", low=1, high=9)
    tilt_ras: tuple = numbers((0.0, 0.0, 1.0), "Normal")
    used: bool = flag(True, "It is in the beam")
    orders: tuple = several(("first",), ("first", "second"), "Orders that count 50 %")


@dataclass(frozen=True)
class Beam(Spectrum):
    """The program's own beam with one number more: a part that is declared, and nothing else."""

    grating: Grating = field(default_factory=Grating)


def shell(*arguments):
    parser = argparse.ArgumentParser(prog="made-up")
    options.add_settings(parser.add_argument_group("beam"), Beam, told={"al_mm": "the tube's"})
    return options.taken(parser.parse_args(options.join_negative_values(list(arguments))), Beam()), parser


def test_a_made_up_number_appears_in_shell_and_json():
    beam, parser = shell("--grating-pitch-um", "10.5", "--kvp=90", "--tilt-ras", "-1,0,0", "--no-used", "--orders",
                         "second,first")  # fmt: skip
    assert beam == Beam(kvp=90, grating=Grating(10.5, 3, (-1, 0, 0), False, ("second", "first")))
    assert shell()[0] == Beam(), "what is not given keeps its default"
    text = " ".join(parser.format_help().split())
    assert "--grating-pitch-um" in text and "Distance of the lines (5 to 80 µm; default 25 µm)" in text
    assert "--used, --no-used It is in the beam (default on)" in text and "Orders that count 50 %" in text
    assert "default the tube's" in text
    assert Beam.from_dict(json.loads(json.dumps(beam.to_dict()))) == beam
    assert {"name": "grating_pitch_um", "unit": "µm", "default": "25", "range": "5 to 80 µm", "step": "0.5",
            "help": "Distance of the lines", "source": ""} in declared.rows(Beam)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--grating-pitch-um", "-1"), "--grating-pitch-um is -1; give a number from 5 to 80 µm."),
        (("--grating-pitch-um", "wide"), "--grating-pitch-um is 'wide'; give a finite number."),
        (("--lines", "2.5"), "--lines is '2.5'; give a whole number."), (("--orders", "third"), "one or more of first"),
        (("--tilt-ras", "1,2"), "--tilt-ras is '1,2'; give three numbers with commas between them: normal."),
    ],
)  # fmt: skip
def test_the_shell_refuses_with_the_sentence_of_the_declaration(arguments, words):
    with pytest.raises(InputError, match=re.escape(words)):
        shell(*arguments)


@pytest.mark.parametrize(
    "module", ["tumor.plans", "xray.settings", "xray.geometry", "reading.design", "phantom.settings"]
)
def test_declarations_need_no_torch(module):
    code = (
        f"import sys, synthetic_imaging.{module}; print(sorted({{'torch', 'scipy', 'SimpleITK'}} & set(sys.modules)))"
    )
    folder = Path(declared.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True)
    assert done.stdout.strip() == "[]"


def test_the_end_of_whole_numbers_is_readable():
    (seed,) = [row for row in declared.rows(Lesion) if row["name"] == "seed"]
    assert seed["range"] == "0 to 2^63 - 1"
    with pytest.raises(InputError, match=r"seed is -1; give a whole number from 0 to 2\^63 - 1"):
        Lesion(seed=-1)
