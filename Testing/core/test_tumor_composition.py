"""Layers: any order of edits gives what the final list gives, and undo gives back every bit."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tumor_bodies import body, case, center_of

from synthetic_imaging import tumor
from synthetic_imaging.errors import InputError
from synthetic_imaging.io import read_volume

CASE = case(size_mm=64.0)
CENTER = center_of(CASE.ct)


def fresh(lesions) -> tumor.Composition:
    composition = tumor.Composition(CASE)
    composition.set_lesions(lesions)
    return composition


def assert_same(first, second):
    np.testing.assert_array_equal(first.hu, second.hu)
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.instances, second.instances)


@settings(max_examples=15, stateful_step_count=10, deadline=None)
class Edits(RuleBasedStateMachine):
    """Add, move, hide, delete, preview, undo, redo in any order."""

    def __init__(self):
        super().__init__()
        self.composition = tumor.Composition(CASE)
        self.states = [()]
        self.position = 0

    def apply(self, lesions):
        if tuple(lesions) == self.states[self.position]:
            return
        self.composition.set_lesions(lesions)
        self.states[self.position + 1 :] = [tuple(lesions)]
        self.position += 1

    @rule(shift=st.tuples(*[st.integers(-18, 18)] * 3), radius=st.integers(3, 8), seed=st.integers(0, 99))
    def add(self, shift, radius, seed):
        lesion = tumor.Lesion(center_ras=tuple(CENTER + shift), radius_mm=radius, seed=seed, capsule=tumor.Shell(20))
        self.apply([*self.composition.lesions, lesion])

    @precondition(lambda self: self.composition.lesions)
    @rule(data=st.data(), shift=st.tuples(*[st.integers(-6, 6)] * 3))
    def move_with_previews(self, data, shift):
        lesions = list(self.composition.lesions)
        index = data.draw(st.integers(0, len(lesions) - 1))
        for part in (0.3, 0.7, 1.0):
            center = tuple(np.add(lesions[index].center_ras, np.multiply(part, shift)))
            moved = [*lesions[:index], replace(lesions[index], center_ras=center), *lesions[index + 1 :]]
            self.composition.set_lesions(moved, remember=False, preview=True)
        self.apply(moved)
        self.composition.set_lesions(self.composition.lesions, remember=False)

    @precondition(lambda self: self.composition.lesions)
    @rule(data=st.data(), how=st.sampled_from(["hide", "delete", "rename"]))
    def change(self, data, how):
        lesions = list(self.composition.lesions)
        index = data.draw(st.integers(0, len(lesions) - 1))
        if how == "delete":
            del lesions[index]
        else:
            change = {"visible": not lesions[index].visible} if how == "hide" else {"name": "renamed"}
            lesions[index] = replace(lesions[index], **change)
        self.apply(lesions)

    @rule()
    def undo(self):
        assert self.composition.can_undo == (self.position > 0)
        self.composition.undo()
        self.position = max(0, self.position - 1)

    @rule()
    def redo(self):
        assert self.composition.can_redo == (self.position < len(self.states) - 1)
        self.composition.redo()
        self.position = min(len(self.states) - 1, self.position + 1)

    @invariant()
    def equals_the_list_inserted_at_once(self):
        assert self.composition.lesions == self.states[self.position]
        assert_same(self.composition, fresh(self.composition.lesions))


TestEdits = Edits.TestCase


def test_the_input_is_never_written():
    before = CASE.ct.numpy().copy()
    fresh([tumor.Lesion(center_ras=tuple(CENTER), radius_mm=8)])
    np.testing.assert_array_equal(CASE.ct.numpy(), before)


def test_written_regions_cover_every_change():
    composition = fresh([tumor.Lesion(center_ras=tuple(CENTER), radius_mm=6)])
    before = composition.hu.copy()
    regions = composition.set_lesions([tumor.Lesion(center_ras=tuple(np.add(CENTER, (12, 0, 0))), radius_mm=6)])
    changed = composition.hu != before
    for region in regions:
        changed[region.slices] = False
    assert regions and not changed.any()
    assert composition.set_lesions(composition.lesions) == []


def test_writes_into_the_array_of_a_viewer():
    shown = CASE.ct.numpy().copy()
    composition = tumor.Composition(CASE, into=shown)
    composition.set_lesions([tumor.Lesion(center_ras=tuple(CENTER), radius_mm=6)])
    assert composition.hu is shown and (shown != CASE.ct.numpy()).any()
    with pytest.raises(InputError, match="clone the CT"):
        tumor.Composition(CASE, into=shown[1:])


def test_saved_record_replays_bit_for_bit(tmp_path):
    ct, organ, _ = body(size_mm=64.0)
    lesions = tumor.sample_lesions(CASE, "metastasis-colorectal", count=2, radius_mm=5, seed=1)
    composition = fresh(lesions)
    paths = tumor.save(tmp_path / "case één", composition)
    record = json.loads(paths["lesions"].read_text(encoding="utf-8"))
    assert record["ct_sha256"] == CASE.ct_sha256 and "not for clinical use" in record["notice"]
    replayed = tumor.Composition(tumor.Case(ct, organ, organ_name="liver"))
    replayed.set_lesions(tumor.lesions_of(paths["lesions"].read_text(encoding="utf-8")))
    for name, values in (("ct", replayed.hu), ("labels", replayed.labels), ("instances", replayed.instances)):
        stored = read_volume(paths[name])
        np.testing.assert_array_equal(stored.numpy(), values)
        assert stored.numpy().dtype == values.dtype
        np.testing.assert_allclose(stored.ijk_to_ras, ct.ijk_to_ras, atol=1e-9)
        assert any("synthetic" in str(value).lower() for value in stored.metadata.values())


def test_canceled_export_leaves_nothing(tmp_path):
    steps = tumor.save_steps(tmp_path / "new", fresh([]))
    stage, percent = next(steps)
    assert stage == "Writing ct.nrrd" and percent == 0
    assert any(tmp_path.iterdir())
    steps.close()
    assert not any(tmp_path.iterdir())


def test_export_writes_what_was_when_it_began(tmp_path):
    composition = fresh([tumor.Lesion(center_ras=tuple(CENTER), radius_mm=6)])
    before = composition.hu.copy()
    stages = []
    for stage, percent in tumor.save_steps(tmp_path, composition):
        composition.set_lesions([])
        stages.append((stage, percent))
    np.testing.assert_array_equal(read_volume(tmp_path / "ct.nrrd").numpy(), before)
    assert len(tumor.lesions_of((tmp_path / "lesions.json").read_text(encoding="utf-8"))) == 1
    assert [percent for _, percent in stages] == sorted(percent for _, percent in stages)


def test_failed_export_leaves_the_disk_as_it_was(tmp_path, monkeypatch):
    target = tmp_path / "out"
    target.write_text("a file where the folder should be")
    with pytest.raises(InputError):
        tumor.save(target, fresh([]))
    assert target.read_text() == "a file where the folder should be"

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("synthetic_imaging.io.atomic.publish", full)
    with pytest.raises(InputError, match=r"(?i)space|disk|write"):
        tumor.save(tmp_path / "new", fresh([]))
    assert not (tmp_path / "new").exists()


def test_measures_tell_what_was_made():
    lesion = tumor.Lesion(center_ras=tuple(CENTER), radius_mm=9, contrast_hu=-60, elastic=tumor.Elastic(1))
    measured = fresh([lesion]).measure(0)
    assert measured["volume_ml"] == pytest.approx(lesion.volume_mm3 / 1000, rel=0.1)
    assert measured["mean_hu"] == pytest.approx(CASE.organ_mean_hu - 60, abs=12)
    assert measured["clearance_mm"] == CASE.clearance_mm(lesion)
    hidden = [replace(lesion, visible=False)]
    assert fresh(hidden).measure(0)["mean_hu"] is None
    assert (
        json.loads(tumor.text_of(CASE, hidden, [fresh(hidden).measure(0)]))["lesions"][0]["measured"]["mean_hu"] is None
    )
