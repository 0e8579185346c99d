"""Virtual C-arm from the console: what the core declares is set, checked and kept under its own name."""

import sys
from dataclasses import dataclass, field

import carm_console
import pytest
from carm_console import voxels

from synthetic_imaging.declared import Declared, number, own_settings, settings
from synthetic_imaging.errors import InputError
from synthetic_imaging.xray import settings as core


@dataclass(frozen=True)
class Grid(Declared):
    made_up_mm: float = number(2.5, "A number that no module knows", unit="mm", low=0.5, high=7, step=0.25)


@dataclass(frozen=True)
class More(core.Settings):
    """The settings of a beam to which somebody has added a number, and nothing else."""

    made_up: Grid = field(default_factory=Grid)


def loaded():
    return [name for name in sys.modules if name.split(".")[0] == "VirtualCArmLib"]


@pytest.fixture
def extended(monkeypatch, core):
    """The logic as it is made when the core declares one number more."""
    import slicer

    for name in loaded():
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("synthetic_imaging.xray.settings.Settings", More)
    logic = carm_console.newLogic()
    logic.parameters.imageSize = 64
    yield logic
    logic.cleanup()
    slicer.mrmlScene.Clear(0)
    for name in loaded():
        del sys.modules[name]


def test_a_number_that_is_added_to_the_beam_is_a_keyword_and_a_parameter(extended):
    logic = extended
    assert logic.parameters.madeUpMm == 2.5 and logic.settings().made_up.made_up_mm == 2.5
    logic.setBeam(madeUpMm=3, kvp=90)
    assert logic.parameters.madeUpMm == 3 and logic.settings().made_up.made_up_mm == 3
    assert logic.settings().to_dict()["made_up"] == {"made_up_mm": 3}
    for action in (logic.setBeam, logic.set):
        with pytest.raises(InputError, match=r"madeUpMm is 9; give a number from 0\.5 to 7 mm"):
            action(madeUpMm=9)
    with pytest.raises(InputError, match=r"no color; it has .*madeUpMm"):
        logic.setBeam(color=1)
    with pytest.raises(ValueError):
        logic.parameters.madeUpMm = 9.0
    assert logic.parameters.madeUpMm == 3
    logic.setCt(carm_console.addCt())
    assert voxels(logic.image()).max() > 1


def test_numbers_that_no_widget_shows_are_set_from_the_console(carm):
    sharp = voxels(carm.image()).copy()
    carm.setBeam(noise=False, blurMm=5.0, response="counting")
    assert carm.settings().exposure.blur_mm == 5 and carm.settings().response == "counting"
    assert abs(voxels(carm.image()) - sharp).max() > 0.1


def test_every_number_of_the_core_has_one_name(carm):
    """What stands on two classes would be one parameter; those of the second plane have a B at the end."""
    from synthetic_imaging.xray import Geometry, Sweep
    from VirtualCArmLib.state.Choices import Choices
    from VirtualCArmLib.state.Parameters import NUMBERS, POSES

    counts = [len(settings(cls)) for cls in (core.Settings, Geometry, Sweep, Choices)]
    angles = sum(len(plane.settings) for plane in POSES.values())
    assert len(NUMBERS.settings) == sum(counts) + angles + len(own_settings(core.Contrast)) - 1
    assert {"seed", "windowLow", "scatterRatio", "laoDegB", "sweepCount", "contrastMgMl"} <= set(NUMBERS.settings)


def test_a_view_for_the_second_plane_leaves_the_first(carm):
    carm.set(biplane=True, cranDegB=12.0)
    carm.setPose(laoDeg=20, cranDeg=-5)
    carm.setView("lateral-right", plane="B")
    assert (carm.parameters.laoDeg, carm.parameters.cranDeg) == (20, -5)
    assert (carm.parameters.laoDegB, carm.parameters.cranDegB) == (-90, 0)


def test_the_former_name_of_a_number_is_taken_and_told(carm):
    with pytest.warns(FutureWarning, match='"noiseSeed" is called "seed" now'):
        carm.set(noiseSeed=4)
    assert carm.parameters.seed == 4 and carm.settings().exposure.seed == 4
