"""Steps after a model: what each changes, their JSON, and what they refuse."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import segmentation_models as models
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from synthetic_imaging import segmentation
from synthetic_imaging.errors import InputError
from synthetic_imaging.segmentation import regions
from synthetic_imaging.segmentation.postprocessing import (
    STEPS,
    Crf,
    FillHoles,
    HuRange,
    LargestComponent,
    Within,
    step_from,
    steps_from,
)
from synthetic_imaging.segmentation.processing import processed
from synthetic_imaging.steps import finished
from synthetic_imaging.volume import Volume

SPACING = (2.0, 0.5, 1.0)
"""Along k, j, i, in mm: a voxel is 1 µL."""


def volume(array, spacing_kji=SPACING) -> Volume:
    return Volume.from_numpy(np.asarray(array), np.diag([*spacing_kji[::-1], 1.0]))


def after(array, *steps, ct=None) -> np.ndarray:
    labels = volume(np.asarray(array, np.uint8))
    before = labels.numpy().copy()
    found = finished(processed(labels, steps, None if ct is None else labels.like(ct)))
    assert (labels.numpy() == before).all(), "the input is not touched"
    assert found.numpy().dtype == np.uint8 and (found.ijk_to_ras == labels.ijk_to_ras).all()
    return found.numpy()


@pytest.fixture
def pieces():
    """Label 1 in pieces of 64, 27 and 8 voxels, the last two touching at a corner; label 2 in pieces of 8 and 1."""
    array = np.zeros((14, 14, 14), np.uint8)
    array[0:4, 0:4, 0:4] = 1
    array[6:9, 6:9, 6:9] = 1
    array[9:11, 9:11, 9:11] = 1
    array[0:2, 8:10, 8:10] = 2
    array[13, 13, 13] = 2
    return array


def sizes(array, label=1) -> list[int]:
    """Of pieces that touch with a face, the largest first."""
    found, count = ndimage.label(array == label)
    return sorted((int((found == piece).sum()) for piece in range(1, count + 1)), reverse=True)


def test_the_largest_pieces_of_each_label(pieces):
    assert sizes(after(pieces, LargestComponent())) == [64]
    assert sizes(after(pieces, LargestComponent()), 2) == [8]
    kept = after(pieces, LargestComponent(labels=(1,), keep=2, connectivity="faces"))
    assert sizes(kept) == [64, 27] and sizes(kept, 2) == [8, 1], "the other label stays"
    assert sizes(after(pieces, LargestComponent(labels=(1,), keep=2))) == [64, 27, 8], "a corner joins two of them"
    assert sizes(after(pieces, LargestComponent(keep=0, least_ml=0.027, connectivity="edges"))) == [64, 27]
    assert sizes(after(pieces, LargestComponent(keep=1, least_ml=0.065))) == []
    assert (after(pieces, LargestComponent(labels=(9,))) == pieces).all()


def test_of_equal_pieces_the_first_stays():
    array = np.zeros((3, 3, 9), np.uint8)
    array[1, 1, [1, 4, 7]] = 1
    assert np.argwhere(after(array, LargestComponent())).tolist() == [[1, 1, 1]]


def test_holes_are_filled_up_to_a_size():
    array = np.zeros((12, 12, 12), np.uint8)
    array[1:11, 1:11, 1:11] = 1
    array[3:5, 3:5, 3:5] = 0  # 8 voxels
    array[7, 7, 7] = 0
    array[7, 4, 7] = 2  # another label inside
    array[0:5, 8, 8] = 0  # open to the outside
    filled = after(array, FillHoles())
    assert (filled[3:5, 3:5, 3:5] == 1).all() and filled[7, 7, 7] == 1 and filled[7, 4, 7] == 2
    assert not filled[0:5, 8, 8].any()
    small = after(array, FillHoles(most_ml=0.002))
    assert not small[3:5, 3:5, 3:5].any() and small[7, 7, 7] == 1


def test_labels_outside_an_organ_go():
    array = np.zeros((9, 30, 20), np.uint8)
    array[3:6, 4:14, 3:8] = 1
    array[4, 10, 8] = array[4, 10, 12] = array[8, 10, 5] = array[4, 18, 5] = 2
    array[0, 0, 0] = 3

    def stays(margin_mm, labels=()):
        found = after(array, Within(organ=1, margin_mm=margin_mm, labels=labels))
        assert ((found == 1) == (array == 1)).all()
        return [bool(found[place]) for place in ((4, 10, 8), (4, 10, 12), (8, 10, 5), (4, 18, 5), (0, 0, 0))]

    # they are 1, 5, 6 and 2.5 mm from the organ, the last far away
    assert stays(0) == [False] * 5
    assert stays(2.4) == [True, False, False, False, False]
    assert stays(2.5) == [True, False, False, True, False]
    assert stays(5.9) == [True, True, False, True, False]
    assert stays(6) == [True, True, True, True, False]
    assert stays(0, labels=(2,)) == [False] * 4 + [True]
    assert not after(array, Within(organ=5, labels=(2,)))[array == 2].any(), "without the organ nothing of it stays"


def test_a_range_of_hu():
    array = np.ones((3, 4, 4), np.uint8)
    array[0] = 2
    hu = np.linspace(-60, 220, array.size).reshape(array.shape).astype(np.float32)
    hu[1, 0, 0], hu[1, 0, 1] = -29, 150
    found = after(array, HuRange(labels=(1,)), ct=hu)
    assert (found[0] == 2).all() and ((found == 1) == ((array == 1) & (hu >= -29) & (hu <= 150))).all()


def test_steps_follow_each_other_and_tell_where_they_are(pieces):
    steps = (LargestComponent(labels=(1,)), Within(organ=1, margin_mm=1, labels=(2,)))
    told = []
    finished(processed(volume(pieces), steps), told.append)
    assert [step.fraction for step in told] == sorted(step.fraction for step in told) and told[-1].fraction == 0.5
    assert set(np.unique(after(pieces, *steps))) == {0, 1}
    assert (after(pieces) == pieces).all()
    steps = processed(volume(pieces), steps)
    next(steps)
    steps.close()


def test_the_outline_is_refined_as_a_step():
    truth = np.zeros((10, 20, 20), np.uint8)
    truth[3:7, 6:14, 6:14] = 1
    wrong = truth.copy()
    wrong[5, 10, 10], wrong[5, 17, 17] = 0, 1
    hu = np.where(truth, 110, 0).astype(np.float32)
    assert (after(wrong, Crf(), ct=hu) == truth).all()


@given(arrays.arrays(np.uint8, st.tuples(*[st.integers(1, 7)] * 3), elements=st.integers(0, 3)))
@settings(max_examples=60, deadline=None)
def test_whatever_the_labels(array):
    """Nothing is invented, and what was done once is done."""
    for step in (LargestComponent(connectivity="faces"), FillHoles(), Within(organ=1, margin_mm=1)):
        found = after(array, step)
        assert set(np.unique(found)) <= {0, *np.unique(array)}
        assert (after(found, step) == found).all()
    kept = after(array, LargestComponent(connectivity="faces"))
    for label in range(1, 4):
        assert len(sizes(kept, label)) == min(1, len(sizes(array, label)))
        assert sizes(kept, label)[:1] == sizes(array, label)[:1]
    assert ((array != 0) <= (after(array, FillHoles()) == array)).all(), "labels stay where they are"


@given(arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 5), st.integers(1, 5))), st.floats(0, 9))
@settings(max_examples=60, deadline=None)
def test_nearness_does_not_depend_on_slabs(mask, distance_mm):
    whole = np.zeros_like(mask)
    if mask.any():
        whole = ndimage.distance_transform_edt(~mask, SPACING) <= distance_mm * (1 + 1e-9)
    before, regions._SLAB_VOXELS = regions._SLAB_VOXELS, 1
    try:
        assert (regions.near(mask, SPACING, distance_mm) == whole).all()
    finally:
        regions._SLAB_VOXELS = before


def test_json_of_steps_and_back():
    steps = (
        LargestComponent(labels=(1, 2), keep=3, least_ml=0.5, connectivity="faces"),
        FillHoles(most_ml=1),
        Within(organ=3, margin_mm=2, labels=(4,)),
        HuRange(labels=(1,), low=-190, high=-30),
        Crf(labels=(1,), w1=5, band_mm=3),
    )
    assert {step.name for step in steps} == set(STEPS)
    written = json.loads(json.dumps([step.to_dict() for step in steps]))
    assert written[0]["name"] == "largest_component" and steps_from(written) == steps


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": "eval"}, "one of largest_component, fill_holes, within, hu_range, crf"),
        ({"name": ["crf"]}, "no step after a model"),
        ("crf", "no step after a model"),
        ({"name": "crf", "code": 1}, "unknown fields: code"),
        ({"name": "crf", "w1": -1}, "w1"),
        ({"name": "crf", "iterations": 10**400}, "iterations is"),
        ({"name": "within", "organ": 1, "labels": [1]}, "the organ itself"),
        ({"name": "hu_range", "low": 10, "high": 0}, "at least low"),
        ({"name": "largest_component", "labels": [0]}, "label numbers of 1 or more"),
        ({"name": "largest_component", "labels": [1, 1]}, "each once"),
        ({"name": "largest_component", "labels": 1}, "label numbers"),
        ({"name": "largest_component", "labels": [True]}, "label numbers"),
        ({"name": "largest_component", "connectivity": "none"}, "choose one of faces"),
    ],
)
def test_other_json_is_refused(values, sentence):
    with pytest.raises(InputError, match=sentence):
        step_from(values)


def test_a_package_names_its_steps(tmp_path):
    steps = [{"name": "largest_component", "labels": [1], "keep": 2}, {"name": "crf", "labels": [1, 2], "w1": 4}]
    file = models.package(tmp_path / "model.zip", card=replace(models.CARD, postprocessing=steps))
    assert steps_from(segmentation.open_model(file).card.postprocessing) == steps_from(steps)
    for wrong in ({"name": "within", "organ": 9}, {"name": "hu_range", "labels": [9]}):
        with pytest.raises(InputError, match="labels of this model"):
            models.package(tmp_path / "wrong.zip", card=replace(models.CARD, postprocessing=[wrong]))


def test_a_ct_is_needed_on_the_same_grid(pieces):
    with pytest.raises(InputError, match="give the CT too"):
        finished(processed(volume(pieces), [HuRange()]))
    other = volume(np.zeros((3, 3, 3), np.float32))
    with pytest.raises(InputError, match="different grids"):
        finished(processed(volume(pieces), [HuRange()], other))


def test_declarations_need_no_torch():
    code = "import sys, synthetic_imaging.segmentation.postprocessing; assert not {'torch', 'numpy'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
