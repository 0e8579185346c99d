"""Measures of a segmentation: against hand-computed cases, MONAI and SimpleITK, and what must hold for any masks."""

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from synthetic_imaging import evaluation
from synthetic_imaging.errors import InputError
from synthetic_imaging.evaluation.lesions import SIZE_RANGES, size_of
from synthetic_imaging.evaluation.summaries import mean_interval
from synthetic_imaging.evaluation.surfaces import distances
from synthetic_imaging.volume import Volume

MEASURES = evaluation.Measures()
SPACING = (2.5, 0.8, 1.1)
"""Along k, j, i, in mm."""


def volume(array, spacing_kji=SPACING) -> Volume:
    return Volume.from_numpy(np.asarray(array, np.uint8), np.diag([*spacing_kji[::-1], 1.0]))


def scores(prediction, reference, spacing_kji=SPACING, **changes) -> evaluation.Scores:
    """Of label 1, whatever else there is."""
    found = evaluation.compare(
        volume(prediction, spacing_kji), volume(reference, spacing_kji), evaluation.Measures(**changes)
    ).scores
    return next(entry for entry in found if entry.label == 1)


def blobs(seed: int, shape=(14, 24, 20)) -> np.ndarray:
    """A smooth random mask that touches the border of the image."""
    from scipy import ndimage

    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2.0)
    return noise > np.quantile(noise, 0.7)


def test_two_boxes_by_hand():
    """8 × 8 × 8 voxels of 1 × 2 × 3 mm, and the same box moved by two voxels along i."""
    reference, prediction = np.zeros((2, 12, 12, 14), np.uint8)
    reference[2:10, 2:10, 2:10] = prediction[2:10, 2:10, 4:12] = 1
    found = scores(prediction, reference, (3.0, 2.0, 1.0))
    assert found.dice == 2 * 6 / 16 and found.voe_percent == pytest.approx(100 * (1 - 6 / 10))
    assert found.rvd_percent == 0 and found.reference_ml == found.predicted_ml == pytest.approx(8**3 * 6 / 1000)
    assert found.msd_mm == 2.0  # the ends moved by two voxels of 1 mm
    assert found.nsd == 1.0, "every surface voxel lies within 2 mm"


def test_plates_by_hand():
    """A plate of one voxel, and the same with a second one two slices of 1.5 mm away: 0, 0 and 3 mm, n voxels each."""
    reference = np.zeros((6, 9, 9), np.uint8)
    reference[1] = 1
    prediction = reference.copy()
    prediction[3] = 1
    found = scores(prediction, reference, (1.5, 1.0, 1.0))
    assert (found.asd_mm, found.rmsd_mm, found.msd_mm) == pytest.approx((1.0, math.sqrt(3), 3.0))
    assert found.nsd == pytest.approx(2 / 3) and scores(prediction, reference, (1.5, 1, 1), tolerance_mm=3).nsd == 1
    assert found.dice == pytest.approx(2 / 3) and found.rvd_percent == 100


def test_single_voxels_by_hand():
    reference, prediction = np.zeros((2, 5, 5, 5), np.uint8)
    reference[1, 1, 1], prediction[2, 3, 1] = 1, 1
    found = scores(prediction, reference, (2.0, 1.5, 1.0))
    assert found.dice == 0 and found.voe_percent == 100
    assert found.asd_mm == found.rmsd_mm == found.msd_mm == pytest.approx(math.hypot(2.0, 3.0))
    assert found.nsd == 0 and scores(prediction, reference, (2.0, 1.5, 1.0), tolerance_mm=3.7).nsd == 1


@pytest.mark.parametrize("seed", range(3))
def test_equal_to_monai(seed):
    monai = pytest.importorskip("monai.metrics")
    import torch

    prediction, reference = blobs(seed), blobs(seed + 10)
    found = scores(prediction, reference)
    both = [torch.from_numpy(mask[None, None].astype(np.float32)) for mask in (prediction, reference)]
    assert found.dice == pytest.approx(float(monai.compute_dice(*both)))
    assert found.voe_percent == pytest.approx(100 * (1 - float(monai.compute_iou(*both))), abs=1e-4)
    options = {"include_background": True, "spacing": SPACING}
    assert found.nsd == pytest.approx(float(monai.compute_surface_dice(*both, class_thresholds=[2.0], **options)))
    hausdorff = monai.compute_hausdorff_distance(*both, **options)
    assert found.msd_mm == pytest.approx(float(hausdorff), rel=1e-5)
    there, back = (float(monai.compute_average_surface_distance(*pair, **options)) for pair in (both, both[::-1]))
    apart = distances(prediction, reference, SPACING)
    assert (apart.there.mean(), apart.back.mean()) == pytest.approx((there, back), rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_equal_to_simpleitk(seed):
    prediction, reference = blobs(seed), blobs(seed + 20)
    found = scores(prediction, reference)
    images = [sitk.GetImageFromArray(np.pad(mask, 1).astype(np.uint8)) for mask in (prediction, reference)]
    for image in images:
        image.SetSpacing(SPACING[::-1])
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(images[1], images[0])
    assert found.dice == pytest.approx(overlap.GetDiceCoefficient(1))
    assert found.voe_percent == pytest.approx(100 * (1 - overlap.GetJaccardCoefficient(1)))

    contours = [sitk.GetArrayFromImage(sitk.LabelContour(image)) > 0 for image in images]
    maps = [
        np.abs(
            sitk.GetArrayFromImage(
                sitk.SignedMaurerDistanceMap(
                    sitk.Cast(_image(contour), sitk.sitkUInt8), squaredDistance=False, useImageSpacing=True
                )
            )
        )
        for contour in contours
    ]
    apart = np.concatenate([maps[1][contours[0]], maps[0][contours[1]]])
    assert found.asd_mm == pytest.approx(apart.mean(), rel=1e-5)
    assert found.rmsd_mm == pytest.approx(np.sqrt((apart**2).mean()), rel=1e-5)
    assert found.msd_mm == pytest.approx(apart.max(), rel=1e-5)
    assert found.nsd == pytest.approx((apart <= 2 + 1e-6).mean())


def _image(contour):
    image = sitk.GetImageFromArray(contour.astype(np.uint8))
    image.SetSpacing(SPACING[::-1])
    return image


MASKS = arrays.arrays(bool, st.tuples(*[st.integers(1, 6)] * 3))


@st.composite
def two_masks(draw):
    first = draw(MASKS)
    return first, draw(arrays.arrays(bool, st.just(first.shape)))


def measured(prediction, reference, spacing=SPACING):
    return evaluation.scores_of(prediction, reference, np.array(spacing), MEASURES)


@given(two_masks())
@settings(max_examples=100, deadline=None)
def test_the_two_sides_may_be_swapped(masks):
    there, back = measured(*masks), measured(*masks[::-1])
    for name in ("dice", "nsd", "voe_percent", "asd_mm", "rmsd_mm", "msd_mm"):
        assert getattr(there, name) == pytest.approx(getattr(back, name), nan_ok=True)
    assert there.reference_ml == back.predicted_ml


@given(two_masks())
@settings(max_examples=100, deadline=None)
def test_measures_keep_their_bounds(masks):
    found = measured(*masks)
    if not (masks[0].any() or masks[1].any()):
        assert all(math.isnan(value) for key, value in asdict(found).items() if key in evaluation.measures.MEASURES)
        return
    assert 0 <= found.dice <= 1 and 0 <= found.nsd <= 1 and 0 <= found.voe_percent <= 100
    assert found.voe_percent == pytest.approx(100 * (1 - found.dice / (2 - found.dice)))
    if masks[0].any() and masks[1].any():
        assert 0 <= found.asd_mm <= found.rmsd_mm + 1e-9 and found.rmsd_mm <= found.msd_mm + 1e-9
    else:
        assert found.dice == found.nsd == 0 and math.isnan(found.msd_mm)


@given(two_masks(), st.floats(0.1, 10))
@settings(max_examples=60, deadline=None)
def test_distances_grow_with_the_spacing(masks, factor):
    found, larger = measured(*masks), measured(*masks, spacing=np.array(SPACING) * factor)
    for name in ("asd_mm", "rmsd_mm", "msd_mm"):
        assert getattr(larger, name) == pytest.approx(factor * getattr(found, name), nan_ok=True)
    assert larger.dice == pytest.approx(found.dice, nan_ok=True)
    assert larger.reference_ml == pytest.approx(factor**3 * found.reference_ml)


@given(MASKS.filter(np.any))
@settings(max_examples=60, deadline=None)
def test_a_perfect_prediction_is_perfect(mask):
    found = measured(mask, mask.copy())
    assert (found.dice, found.nsd, found.voe_percent, found.rvd_percent, found.msd_mm) == (1, 1, 0, 0, 0)


def test_what_lies_far_apart_is_measured_in_one_box():
    """Labels in opposite corners, and measures that do not depend on what is around them."""
    reference = np.zeros((20, 30, 30), np.uint8)
    prediction = reference.copy()
    reference[:3, :3, :3], prediction[-3:, -3:, -3:] = 1, 1
    assert scores(prediction, reference, (1.0, 1.0, 1.0)).msd_mm == pytest.approx(math.hypot(17, 27, 27))
    alone = scores(blobs(1), blobs(2))
    around = [np.pad(blobs(seed).astype(np.uint8), 4, constant_values=2) for seed in (1, 2)]
    assert scores(*around) == alone


def test_labels_that_one_side_lacks():
    reference, prediction = np.zeros((2, 6, 6, 6), np.uint8)
    reference[1:3, 1:3, 1:3], prediction[3:5, 3:5, 3:5] = 1, 2
    missed, invented = evaluation.compare(volume(prediction), volume(reference)).scores
    assert (missed.label, missed.dice, missed.nsd, missed.voe_percent, missed.rvd_percent) == (1, 0, 0, 100, -100)
    assert (invented.label, invented.dice, invented.nsd, invented.voe_percent) == (2, 0, 0, 100)
    assert all(math.isnan(value) for value in (missed.asd_mm, missed.msd_mm, invented.rvd_percent, invented.rmsd_mm))
    empty = volume(np.zeros((6, 6, 6)))
    assert evaluation.compare(empty, empty).scores == ()


def test_another_grid_is_refused_or_resampled():
    reference = volume(np.pad(np.ones((4, 8, 8), np.uint8), 2), (2.0, 1.0, 1.0))
    fine = volume(np.repeat(reference.numpy(), 2, axis=0), (1.0, 1.0, 1.0))
    matrix = fine.ijk_to_ras.copy()
    matrix[2, 3] = -0.5
    fine = Volume(fine.data, matrix)
    with pytest.raises(InputError, match="another grid"):
        evaluation.compare(fine, reference)
    with pytest.warns(UserWarning, match="resampled"):
        (found,) = evaluation.compare(fine, reference, evaluation.Measures(resample=True)).scores
    assert found.dice == 1
    with pytest.raises(InputError, match="whole numbers"):
        evaluation.compare(reference.like(reference.numpy().astype(np.float32)), reference)
    with pytest.raises(InputError, match="negative"):
        evaluation.compare(reference.like(-reference.numpy().astype(np.int16)), reference)


def test_labels_are_matched_by_name_or_by_value():
    reference, prediction = np.zeros((2, 6, 6, 6), np.uint8)
    reference[:3], reference[3:] = 1, 2
    prediction[:3], prediction[3:] = 7, 1
    names, others = (
        {0: "background", 7: "Liver", 1: "spleen", 3: "kidney"},
        {1: "liver", 2: "Spleen", 4: "gall bladder"},
    )
    sides = volume(prediction), volume(reference)
    found = evaluation.compare(*sides, prediction_names=names, reference_names=others)
    assert [(entry.label, entry.name, entry.dice) for entry in found.scores] == [(1, "liver", 1), (2, "Spleen", 1)]
    assert found.notes == ("Only the prediction knows kidney.", "Only the reference knows gall bladder.")
    by_value = evaluation.compare(
        *sides, evaluation.Measures(match="value"), prediction_names=names, reference_names=others
    )
    assert {entry.label: entry.dice for entry in by_value.scores} == {1: 0, 2: 0, 7: 0}
    assert "'spleen' in the prediction and 'liver' in the reference" in by_value.notes[0]
    with pytest.raises(InputError, match="No label has the same name"):
        evaluation.compare(*sides, prediction_names={7: "a", 1: "b"}, reference_names=others)
    with pytest.raises(InputError, match="is the name of label 1 and of label 7"):
        evaluation.compare(*sides, prediction_names={7: "liver", 1: "Liver"}, reference_names=others)


def ball(array, center, radius):
    where = np.indices(array.shape) - np.reshape(center, (3, 1, 1, 1))
    array[(where**2).sum(0) <= radius**2] = 1


def by_size(found: evaluation.Lesions) -> evaluation.Lesions:
    return replace(found, lesions=tuple(sorted(found.lesions, key=lambda lesion: lesion.volume_ml)))


def test_lesions_are_found_by_the_share_that_is_covered():
    reference, prediction = np.zeros((2, 40, 40, 60), np.uint8)
    for i, radius in ((6, 4), (22, 8), (45, 12)):
        ball(reference, (20, 20, i), radius)
    ball(prediction, (20, 20, 7), 4)
    ball(prediction, (20, 20, 22), 3)  # 5 % of the second one
    ball(prediction, (5, 5, 45), 3)  # nothing is there
    sides = volume(prediction, (1.0, 1.0, 1.0)), volume(reference, (1.0, 1.0, 1.0))
    (found,) = evaluation.compare(*sides, lesions=[1]).lesions
    found = by_size(found)
    assert [lesion.found for lesion in found.lesions] == [True, False, False]
    assert [lesion.size for lesion in found.lesions] == ["tiny", "small", "medium"]
    assert [lesion.radius_mm for lesion in found.lesions] == pytest.approx([4, 8, 12], rel=0.03)
    assert found.lesions[2].center_kji == pytest.approx((20, 20, 45)) and found.lesions[2].covered_percent == 0
    assert (found.pieces, found.false) == (3, 1)
    (found,) = evaluation.compare(*sides, evaluation.Measures(hit_percent=0), lesions=["label 1"]).lesions
    assert [lesion.found for lesion in by_size(found).lesions] == [True, True, False], "one voxel is needed at least"
    (found,) = evaluation.compare(*sides, evaluation.Measures(hit_percent=90), lesions=[1]).lesions
    assert not any(lesion.found for lesion in found.lesions) and found.false == 2


def test_lesions_of_a_label_without_voxels():
    empty, some = volume(np.zeros((4, 4, 4))), volume(np.ones((4, 4, 4)))
    assert evaluation.compare(empty, empty, lesions=[3]).lesions == (evaluation.Lesions(3, "label 3", (), 0, 0),)
    (found,) = evaluation.compare(some, empty, lesions=[1]).lesions
    assert (found.lesions, found.pieces, found.false) == ((), 1, 1)
    with pytest.raises(InputError, match="no label 'metastasis'"):
        evaluation.compare(some, empty, lesions=["metastasis"])


def test_sizes_are_parted_between_the_published_radii():
    assert [size_of(radius) for radius in (0.5, 4, 5.6, 5.7, 8, 16, 22.6, 22.7, 100)] == (
        ["tiny"] * 3 + ["small"] * 2 + ["medium"] * 2 + ["large"] * 2
    )
    assert SIZE_RANGES["small"] == pytest.approx((math.sqrt(32), math.sqrt(128)))


def test_tables_over_cases():
    cases = {}
    for index, shift in enumerate((0, 1, 2, 3)):
        reference, prediction = np.zeros((2, 20, 20, 30), np.uint8)
        ball(reference, (10, 10, 10), 4)
        ball(prediction, (10, 10, 10 + 4 * shift), 4)
        sides = volume(prediction, (1.0, 1.0, 1.0)), volume(reference, (1.0, 1.0, 1.0))
        cases[f"case {index}"] = evaluation.compare(*sides, lesions=[1])
    reference[:] = 0
    cases["nothing there"] = evaluation.compare(sides[0].like(reference), sides[0].like(reference), lesions=[1])
    tables = evaluation.tables(cases)
    assert [row["case"] for row in tables["scores"]] == [f"case {index}" for index in range(4)]
    dice = next(row for row in tables["summary"] if row["measure"] == "dice")
    values = [row["dice"] for row in tables["scores"]]
    assert dice["cases"] == 4 and dice["mean"] == pytest.approx(np.mean(values))
    assert dice["low"] < dice["mean"] < dice["high"] and dice["median"] == pytest.approx(np.median(values))
    every = {row["size"]: row for row in tables["sensitivity"]}
    assert (every["tiny"]["found"], every["tiny"]["lesions"], every["large"]["lesions"]) == (2, 4, 0)
    assert (every["all"]["low"], every["all"]["high"]) == pytest.approx((0.150, 0.850), abs=1e-3)  # Wilson, 2 of 4
    (false,) = tables["false_positives"]
    assert (false["cases"], false["false_positives"], false["per_case"]) == (5, 2, 0.4)


def test_intervals_are_those_of_the_seed_and_cover_the_mean():
    values = np.random.default_rng(3).normal(0.8, 0.05, 40)
    found = mean_interval(values, MEASURES)
    assert found == mean_interval(values, MEASURES) != mean_interval(values, evaluation.Measures(seed=1))
    half = 1.96 * values.std(ddof=1) / math.sqrt(40)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=half / 5)
    assert math.isnan(mean_interval(values[:1], MEASURES).low) and math.isnan(
        mean_interval(values[:0], MEASURES).estimate
    )
