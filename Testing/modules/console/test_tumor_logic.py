"""Synthetic Tumor from the console: lesions, history, points and views."""

import gc
import sys
import weakref

import numpy as np
import pytest
import tumor_bodies
from tumor_console import assertTruthAgrees, nodeNames, voxels

from synthetic_imaging import tumor
from synthetic_imaging.errors import InputError


def test_a_lesion_changes_a_copy_and_only_near_it(logic, body):
    before = voxels(body[0]).copy()
    index = logic.addAtSuggestedSite("metastasis-colorectal", 6.0)
    changed = np.argwhere(voxels(logic.results.volume) != before)
    np.testing.assert_array_equal(voxels(body[0]), before)
    assert len(changed) > 500
    ras = logic.case.ct.ras_from_ijk(changed[:, ::-1])
    assert np.linalg.norm(ras - logic.lesions[index].center_ras, axis=1).max() < 25
    assert voxels(logic.results.volume).dtype == before.dtype
    assert logic.measures[index]["volume_ml"] == pytest.approx(0.905, rel=0.15)
    assertTruthAgrees(logic)


def test_every_edit_keeps_truth_and_history(logic):
    """A session of all edits; then all the way back and forth again, bit for bit."""
    original = voxels(logic.inputs.ctNode).copy()
    logic.addSeveral("small", 2, "hcc-portal", seed=3)
    states = [(logic.lesions, voxels(logic.results.volume).copy())]
    edits = (
        lambda: logic.updateLesion(0, radiusMm=6.0, lobulation=0.6, capsuleContrastHu=30.0),
        lambda: logic.updateLesion(1, contrastHu=-60.0, intensityPercent=50.0),
        lambda: logic.shuffleLesion(0),
        lambda: logic.moveToClearSite(0),
        lambda: logic.addSatellites(0, 2),
        lambda: logic.renameLesion(1, "Metastasis"),
        lambda: logic.setLesionVisible(1, False),
        lambda: logic.duplicateLesion(0),
        lambda: logic.removeLesion(2),
        lambda: logic.setLesionVisible(1, True),
        # at the surface the organ's outline moves with the lesion
        lambda: logic.updateLesion(0, centerRas=surfacePoint(logic), protrude=True),
        lambda: logic.removeLesion(0),
    )
    for edit in edits:
        edit()
        assertTruthAgrees(logic)
        states.append((logic.lesions, voxels(logic.results.volume).copy()))
    assert len({lesions for lesions, _ in states}) == len(states)
    for lesions, hu in reversed(states[:-1]):
        logic.undo()
        assert logic.lesions == lesions
        np.testing.assert_array_equal(voxels(logic.results.volume), hu)
    assertTruthAgrees(logic)
    logic.undo()
    assert not logic.lesions and not logic.canUndo
    np.testing.assert_array_equal(voxels(logic.results.volume), original)
    for lesions, hu in states:
        logic.redo()
        assert logic.lesions == lesions
        np.testing.assert_array_equal(voxels(logic.results.volume), hu)
    assert not logic.canRedo
    assertTruthAgrees(logic)


def surfacePoint(logic):
    center = tumor_bodies.center_of(logic.case.ct)
    return tuple(center + np.array([0.0, -0.42 * 80.0, 0.0]))


def test_a_preview_becomes_one_step_of_the_history(logic):
    index = logic.addAtSuggestedSite("hcc-portal", 5.0)
    start = logic.lesions[index]
    shown = []
    logic.previewed.connect(shown.append)
    for radius in (6.0, 7.0, 8.0):
        logic.editing.preview(index, {"radius_mm": radius})
    assert shown == [index] * 3
    assert tumor.lesions_of(logic.results.record.GetText())[index] == start
    logic.editing.commit()
    assert logic.lesions[index].radius_mm == 8.0
    assertTruthAgrees(logic)
    logic.undo()
    assert logic.lesions[index] == start


def test_points_place_move_rename_and_remove_lesions(logic):
    logic.editing.nextPreset, logic.editing.nextRadiusMm = "cyst", 4.0
    logic.addAtSuggestedSite("hcc-portal", 5.0)
    points = logic.results.points
    clear = logic.suggestSite(6.0, seed=5)
    points.AddControlPoint(*clear, "clicked")
    assert len(logic.lesions) == 2
    assert logic.lesions[1].preset == "cyst" and logic.lesions[1].radius_mm == 4.0
    assert logic.lesions[1].center_ras == pytest.approx(clear)
    assertTruthAgrees(logic)
    elsewhere = logic.suggestSite(6.0, seed=9)
    points.SetNthControlPointPosition(0, *elsewhere)
    assert logic.lesions[0].center_ras == pytest.approx(elsewhere)
    points.SetNthControlPointLabel(0, "Big one")
    assert logic.lesions[0].name == "Big one"
    assertTruthAgrees(logic)
    points.RemoveNthControlPoint(0)
    assert [lesion.preset for lesion in logic.lesions] == ["cyst"]
    assertTruthAgrees(logic)
    assert not logic.messages


def test_points_outside_are_taken_back_with_a_sentence(logic):
    index = logic.addAtSuggestedSite("hcc-portal", 5.0)
    before = logic.lesions
    logic.results.points.AddControlPoint(500.0, 0.0, 0.0, "far")
    logic.results.points.SetNthControlPointPosition(index, 500.0, 0.0, 0.0)
    assert logic.lesions == before
    assertTruthAgrees(logic)
    assert len(logic.messages) == 2
    assert all("lies outside the" in message for message in logic.messages)


def test_a_lesion_that_only_reaches_into_the_organ_can_be_changed(logic):
    """As the shell makes them with --at: the center outside, part of the lesion inside."""
    index = logic.addAtSuggestedSite("hcc-portal", 5.0)
    center = np.array(logic.lesions[index].center_ras)
    outside = next(p for p in (center + np.array((step, 0, 0)) for step in range(200)) if not logic.case.contains(p))
    logic.updateLesion(index, centerRas=tuple(outside + np.array((1, 0, 0))), protrude=True, radiusMm=8.0)
    logic.updateLesion(index, contrastHu=-60.0)
    assert logic.lesions[index].contrast_hu == -60
    assertTruthAgrees(logic)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda logic: logic.addLesion((900.0, 0.0, 0.0)), "outside the Liver"),
        (lambda logic: logic.addLesion(logic.case.clearest_site(), radiusMm=60.0), "larger than the Liver"),
        (lambda logic: logic.addLesion(logic.case.clearest_site(), preset="wart"), "no preset 'wart'"),
        (lambda logic: logic.addSeveral("huge"), "no size level 'huge'"),
        (lambda logic: logic.updateLesion(0, radiusMm=10), "no lesion number 0"),
        (lambda logic: logic.suggestSite(70.0), "largest that fits"),
        (lambda logic: logic.exportTo("/anywhere"), "no lesion to export"),
        (lambda logic: logic.restore(), "no record"),
        (lambda logic: logic.createGrowthSequence(0), "no lesion number 0"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_the_scene_alone(logic, core, edit, words):
    before = nodeNames(core)
    with pytest.raises(InputError, match=words):
        edit(logic)
    assert nodeNames(core) == before
    assert not logic.lesions


def test_keywords_of_the_version_before_still_work(logic):
    index = logic.addAtSuggestedSite("hcc-portal", 5.0)
    with pytest.warns(FutureWarning, match='"rim__thickness_mm" is called "rimThicknessMm" now'):
        logic.updateLesion(index, rim__thickness_mm=2.0)
    with pytest.warns(FutureWarning, match='"contrast_hu" is called "contrastHu" now'):
        logic.updateLesion(index, contrast_hu=-55)
    with pytest.warns(FutureWarning, match='"frames" is called "frameCount" now'):
        browser = logic.createGrowthSequence(index, frames=3)
    assert (logic.lesions[index].rim.thickness_mm, logic.lesions[index].contrast_hu) == (2, -55)
    assert browser.GetNumberOfItems() == 3


def test_bad_changes_of_a_lesion_change_nothing(logic):
    index = logic.addAtSuggestedSite("hcc-portal", 5.0)
    before, hu = logic.lesions, voxels(logic.results.volume).copy()
    for changes in (
        {"radiusMm": 500.0},
        {"radiusMm": float("nan")},
        {"radiusMm": "large"},
        {"edgeSharpness": 1.0},
        {"shape": 3},
        {"contrastHu": "dark"},
        {"centerRas": (900.0, 0.0, 0.0)},
    ):
        with pytest.raises(InputError):
            logic.updateLesion(index, **changes)
    assert logic.lesions == before
    np.testing.assert_array_equal(voxels(logic.results.volume), hu)
    assertTruthAgrees(logic)


def test_views_show_the_result_and_for_a_moment_the_original(logic, body, core):
    import slicer

    composite = core.scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    composite.SetBackgroundVolumeID(body[0].GetID())
    logic.addAtSuggestedSite("hcc-portal", 5.0)
    assert composite.GetBackgroundVolumeID() == logic.results.volume.GetID()
    logic.showOriginal(True)
    assert composite.GetBackgroundVolumeID() == body[0].GetID()
    assert not logic.results.segmentation.GetDisplayNode().GetVisibility2D()
    logic.showOriginal(False)
    assert composite.GetBackgroundVolumeID() == logic.results.volume.GetID()
    assert logic.results.segmentation.GetDisplayVisibility()
    slicer.mrmlScene.RemoveNode(logic.results.volume)
    logic.showOriginal(True)
    assert not logic.display.isOriginalShown


def test_nothing_follows_the_scene_after_cleanup(body, core):
    from SyntheticTumorLib.Logic import TumorLogic

    logic = TumorLogic()
    logic.setInput(body[0], body[1], "liver")
    logic.addAtSuggestedSite("hcc-portal", 5.0)
    points, lesions = logic.results.points, logic.lesions
    calls = []
    logic.changed.connect(lambda: calls.append(True))
    logic.cleanup()
    calls.clear()
    points.SetNthControlPointPosition(0, 1.0, 2.0, 3.0)
    core.scene.RemoveNode(points)
    assert not calls and lesions
    gone = weakref.ref(logic)
    del logic
    gc.collect()
    assert gone() is None


def test_size_levels_agree_with_the_core():
    import ast
    from pathlib import Path

    import SyntheticTumorLib

    text = (Path(SyntheticTumorLib.__file__).parent / "Parameters.py").read_text(encoding="utf-8")
    (levels,) = [n for n in ast.parse(text).body if isinstance(n, ast.ClassDef) and n.name == "SizeLevel"]
    values = [statement.value.value for statement in levels.body if isinstance(statement, ast.Assign)]
    assert tuple(values) == tumor.LEVEL_NAMES


def test_no_qt_was_needed():
    assert not {"qt", "ctk", "PySide6"} & set(sys.modules)
