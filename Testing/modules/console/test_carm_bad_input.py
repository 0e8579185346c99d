"""Virtual C-arm from the console: what a user can do wrong is said, and changes nothing."""

import carm_console
import numpy as np
import pytest
from carm_console import newLogic, voxels

from synthetic_imaging.errors import InputError


@pytest.fixture
def logic():
    logic = newLogic()
    logic.parameters.imageSize = 96
    yield logic
    logic.cleanup()


def test_without_a_ct_everything_says_so(logic, tmp_path):
    actions = (
        logic.image,
        logic.takeImage,
        logic.shot,
        logic.sweep,
        logic.centerIsocenter,
        lambda: logic.exportImage(tmp_path / "a.png"),
        lambda: logic.exportTruth(tmp_path),
    )
    for action in actions:
        with pytest.raises(InputError, match="Choose a CT"):
            action()
    with pytest.raises(InputError, match="No volume is chosen"):
        logic.setCt(None)
    assert logic.notices == [] and logic.rayAt("A", 1, 1) is None and logic.readout()["magnification"] is None


def test_volumes_that_are_no_ct_are_refused(logic, core):
    import slicer

    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
    with pytest.raises(InputError, match="has no voxels"):
        logic.setCt(empty)
    slice_ = slicer.util.addVolumeFromArray(np.zeros((1, 20, 20), np.int16), name="Slice")
    with pytest.raises(InputError, match="single slice"):
        logic.setCt(slice_)
    labels = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    slicer.util.updateVolumeFromArray(labels, np.zeros((5, 5, 5), np.int16))
    with pytest.raises(InputError, match="is a label map"):
        logic.setCt(labels)
    with pytest.raises(InputError, match='"Cube" is not a volume'):
        logic.setCt(carm_console.closedModel())
    holes = slicer.util.addVolumeFromArray(np.full((5, 5, 5), np.nan, np.float32), name="NaN")
    with pytest.raises(InputError, match="not numbers"):
        logic.setCt(holes)
    assert not logic.isReady and logic.parameters.ct is None and logic.parameters.isocenter is None


def test_a_refused_ct_leaves_the_one_before(carm):
    import slicer

    before = voxels(carm.image()).copy()
    with pytest.raises(InputError):
        carm.setCt(slicer.util.addVolumeFromArray(np.zeros((1, 20, 20), np.int16), name="Slice"))
    np.testing.assert_array_equal(voxels(carm.image()), before)


def test_a_dropped_preparation_changes_nothing(carm, carmCt):
    steps = carm.ctSteps(carm_console.addCt("Second"))
    next(steps)
    next(steps)
    steps.close()
    assert carm.ctNode is carmCt and carm.isReady


def test_a_ct_deleted_while_it_is_prepared_is_not_taken_up(carm, carmCt, core):
    other = carm_console.addCt("Other", spacing=5.0)
    steps = carm.ctSteps(other)
    next(steps)
    next(steps)
    core.scene.RemoveNode(other)
    with pytest.raises(InputError, match='"Other" was deleted'):
        for _ in steps:
            pass
    assert carm.ctNode is carmCt and carm.parameters.ct is carmCt and carm.isReady


def test_a_ct_of_three_slices_is_drawn_and_says_what_is_missing(logic):
    import slicer

    hu = np.full((3, 60, 60), -1000, np.int16)
    hu[:, 10:50, 10:50] = 40
    matrix = np.diag([2.0, 2.0, 1.0, 1.0])
    logic.parameters.imageSize = 128
    logic.setCt(slicer.util.addVolumeFromArray(hu, ijkToRAS=matrix, name="Slab"))
    values = voxels(logic.image())
    assert values[64, 64] > 1 and values[50, 64] < 0.1
    assert len(logic.notices) == 1 and "beyond its" in logic.notices[0] and "superior" in logic.notices[0]


def test_a_thick_or_cut_ct_is_told(logic):
    import slicer

    hu = np.full((12, 60, 60), -1000, np.int16)
    hu[:, 10:50, 10:50] = 40
    matrix = np.diag([3.0, 3.0, 10.0, 1.0])
    logic.setCt(slicer.util.addVolumeFromArray(hu, ijkToRAS=matrix, name="Thick"))
    logic.image()
    notices = " ".join(logic.notices)
    assert "voxels of 3 by 10 mm" in notices and "superior" in notices
    logic.setPose(isocenterRas=(2000, 0, 0))
    logic.image()
    assert any("misses the CT" in notice for notice in logic.notices)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sourceToDetectorMm": 0.0}, "from 300 to 3000 mm"),
        ({"sourceToDetectorMm": -10.0}, "from 300 to 3000 mm"),
        ({"sourceToIsocenterMm": 0.0}, "from 100 to 2900 mm"),
        ({"sourceToDetectorMm": 400.0}, "larger one"),
        ({"laoDeg": 90.0, "sourceToIsocenterMm": 100.0}, "inside the patient"),
        ({"fieldWidthMm": 0.0}, "from 10 to 700 mm"),
        ({"fieldHeightMm": 1e9}, "from 10 to 700 mm"),
        ({"fieldWidthMm": 20.0, "imageSize": 512}, "rows of pixels"),
        ({"laoDeg": float("nan")}, "finite number"),
        ({"cranDeg": 91.0}, "from -90 to 90"),
        ({"kvp": 200.0}, "from 40 to 125"),
        ({"kvp": "high"}, "finite number"),
        ({"photonsPerMm2": 0.0}, "from 0.1 to 1e"),
        ({"shutterLeftMm": 200.0, "shutterRightMm": 200.0}, "shutter meet"),
        ({"windowLow": 5.0, "windowHigh": 4.0}, "window ends"),
        ({"imageSize": 100000}, "from 16 to 4096"),
        ({"imageSize": 99.5}, "whole number"),
        ({"machine": "x-wing"}, "There is no C-arm 'x-wing'"),
        ({"colour": 3}, "no parameter colour"),
        ({"isocenterRas": (1, 2)}, "three numbers"),
    ],
)
def test_wrong_numbers_are_refused_before_anything_changes(carm, values, words):
    before, image = carm.state, voxels(carm.image()).copy()
    with pytest.raises(InputError, match=words):
        carm.set(**values)
    carm.parts.holder.refresh()
    assert carm.state == before
    np.testing.assert_array_equal(voxels(carm.image()), image)


def test_what_is_wrong_already_does_not_keep_other_numbers_from_being_set(carm):
    carm.setPose(laoDeg=90)
    node = carm.image()
    carm.parameters.sourceToIsocenterMm = 100.0  # a slider does not ask first
    assert "inside the patient" in carm.problem()
    carm.setBeam(kvp=95.0)
    node.GetDisplayNode().SetWindowLevel(3.0, 3.0)  # as a hand does in a view
    assert (carm.parameters.kvp, carm.parameters.windowLow, carm.parameters.windowHigh) == (95.0, 1.5, 4.5)
    carm.parameters.sourceToIsocenterMm = 530.0
    carm.parameters.windowLow = 9.0
    assert "window ends" in carm.problem()
    carm.setPose(laoDeg=15)
    carm.set(windowLow=0.5)
    assert not carm.problem() and carm.readout()["title"] == "LAO 15 CRAN 0"


def test_shutters_that_meet_already_are_said_and_stand_in_nobody_s_way(carm):
    carm.parameters.shutterLeftMm, carm.parameters.shutterRightMm = 200.0, 200.0  # a slider does not ask first
    assert "shutter meet" in carm.problem()
    carm.setBeam(kvp=95.0)
    carm.setPose(laoDeg=15)
    with pytest.raises(InputError, match="shutter meet"):
        carm.setBeam(shutterLeftMm=210.0)
    carm.setBeam(shutterRightMm=0.0)
    assert not carm.problem() and carm.readout()["title"] == "LAO 15 CRAN 0" and carm.readout()["kvp"] == 95


def test_distances_and_voltages_beyond_the_machine_are_told_and_drawn(carm):
    carm.setMachine("innova-3100")
    assert not any("only." in notice for notice in carm.notices)
    carm.set(sourceToDetectorMm=850.0)
    assert any("holds the detector 890 to 1190 mm" in notice for notice in carm.notices)
    carm.setMachine("arcadis-avantic")
    carm.setBeam(kvp=120)
    assert any("takes 40 to 110 kV only" in notice for notice in carm.notices)
    assert not carm.problem() and carm.readout()["isFinal"] and carm.readout()["kvp"] == 120


def test_wrong_names_are_refused_with_what_there_is(carm):
    with pytest.raises(InputError, match="lateral-left"):
        carm.setView("sideways")
    with pytest.raises(InputError, match="cios-spin"):
        carm.setMachine("none")
    with pytest.raises(InputError, match="kvp"):
        carm.setBeam(color=1)
    for action in (carm.view, carm.image, lambda plane: carm.setPose(5, plane=plane)):
        with pytest.raises(InputError, match="no plane"):
            action("C")
    carm.setPose(laoDeg="15")
    assert carm.parameters.laoDeg == 15


def test_views_and_machines_are_taken_by_name(carm):
    carm.setView("inlet")
    assert (carm.parameters.laoDeg, carm.parameters.cranDeg) == (0, 25)
    carm.setMachine("innova-3100")
    carm.setView("lateral-left")
    assert carm.readout()["title"] == "LAO 90 CRAN 0"
    carm.setMachine("cios-spin")
    assert any("reaches from RAO 110 to LAO 40 only" in notice for notice in carm.notices)


def test_a_full_gpu_is_left_for_the_cpu_and_told(carm, monkeypatch):
    import torch

    expected = voxels(carm.image()).copy()
    projector = type(carm.patient.projector)
    full, steps = [1], projector.steps

    def failing(*arguments, **options):
        if full:
            full.clear()
            raise torch.OutOfMemoryError("CUDA out of memory")
        return steps(*arguments, **options)

    monkeypatch.setattr(projector, "steps", failing)
    carm.setPose(laoDeg=40)
    carm.setPose(laoDeg=0)
    np.testing.assert_allclose(voxels(carm.image()), expected, atol=1e-5)
    assert "GPU" in carm.messages[-1] and any("GPU" in notice for notice in carm.notices)
    assert carm.patient.projector.device.type == "cpu" and carm.readout()["device"].startswith("CPU")


def test_a_missing_gpu_is_said_in_the_readout(noGpu, carm):
    assert carm.parameters.useGpu and carm.readout()["device"] == "CPU (no GPU was found)"
