"""DICOM segmentations as labels: the right voxels, or a sentence that says why not."""

import re
import shutil

import dicom_drawings as drawings
import numpy as np
import pydicom
import pytest
import realdata

from synthetic_imaging import io
from synthetic_imaging.cli import main
from synthetic_imaging.errors import InputError
from synthetic_imaging.volume import Volume

SQUARE = [(2, 3), (9, 3), (9, 10), (2, 10)]


def boxes(like, *corners):
    """Masks of boxes: ((k, j, i), (k, j, i)) each."""
    masks = []
    for low, high in corners:
        mask = np.zeros(like.shape, bool)
        mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
        masks.append(mask)
    return masks


@pytest.fixture
def ct():
    return drawings.image()


@pytest.fixture
def two(ct):
    """A liver of two pieces, with slices without frames between them, and a spleen."""
    liver, more, spleen = boxes(ct, ((1, 2, 3), (3, 9, 8)), ((6, 4, 2), (7, 6, 5)), ((2, 10, 1), (5, 13, 4)))
    return {"Liver": liver | more, "Spleen": spleen}


def labeled(masks):
    return sum(number * mask.astype(np.uint8) for number, mask in enumerate(masks.values(), 1))


def silent(recwarn):
    return not [warning for warning in recwarn if issubclass(warning.category, UserWarning)]


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
@pytest.mark.parametrize("spacing_between", [True, False])
def test_segments_lie_where_they_were_drawn(tmp_path, ct, two, kind, spacing_between, recwarn):
    shuffled = np.random.default_rng(3).permutation
    path = drawings.segmentation(
        tmp_path / "seg.dcm", two, ct, kind, order=shuffled, spacing_between=spacing_between, numbers=[4, 7]
    )
    read = io.read_labels(path, like=ct)
    np.testing.assert_array_equal(read.numpy(), 4 * two["Liver"] + 7 * two["Spleen"])
    assert read.same_grid(ct) and silent(recwarn)


def test_a_file_of_any_name_and_a_folder_with_copies_are_read(tmp_path, ct, two):
    path = drawings.segmentation(tmp_path / "case" / "SEG", two, ct)
    shutil.copy(path, path.with_name("copy.nrrd"))
    bare = tmp_path / "bare"
    bare.write_bytes(path.read_bytes()[132:])
    for given in (path, path.parent, path.with_name("copy.nrrd"), bare):
        np.testing.assert_array_equal(io.read_labels(given, like=ct).numpy(), labeled(two))


def test_fractions_above_one_half_are_the_segment(tmp_path, ct):
    share = np.zeros(ct.shape)
    share[2, 3, 2:9] = (0.2, 0.49, 0.5, 0.51, 0.7, 0.9, 1)
    path = drawings.segmentation(tmp_path / "seg.dcm", {"liver": share}, ct, "FRACTIONAL", largest=100)
    with pytest.warns(UserWarning, match="fractions"):
        read = io.read_labels(path, like=ct)
    np.testing.assert_array_equal(read.numpy() > 0, share > 0.5)


def test_a_segment_is_chosen_by_name_or_number_and_else_the_names_are_listed(tmp_path, ct, two):
    path = drawings.segmentation(tmp_path / "seg.dcm", two | {"twin": two["Spleen"], "Twin": two["Spleen"]}, ct)
    for choice in (["spleen"], [2]):
        np.testing.assert_array_equal(io.read_mask(path, ct, choice).numpy() > 0, two["Spleen"])
    both = io.read_mask(path, ct, ["Liver", 2]).numpy() > 0
    np.testing.assert_array_equal(both, two["Liver"] | two["Spleen"])
    refused = {
        None: "holds 4 segments: 1 'Liver', 2 'Spleen', 3 'twin', 4 'Twin'. Choose one with --organ-value",
        ("kidney",): "no segment 'kidney'; it holds 1 'Liver', 2 'Spleen'",
        (9,): "no segment 9; it holds 1 'Liver'",
        ("TWIN",): "several segments 'TWIN': 3 and 4",
        (2, 3): "segments 2 'Spleen' and 3 'twin' of 'seg.dcm' overlap",
    }
    for choice, words in refused.items():
        with pytest.raises(InputError, match=re.escape(words)):
            io.read_mask(path, ct, choice, "--organ-value")


def test_names_choose_segments_of_a_slicer_file_too(tmp_path, ct, two):
    header = {"Segment0_Name": "Liver", "Segment0_LabelValue": "1", "Segment1_Name": "Spleen"}
    labels = Volume.from_numpy(labeled(two), ct.ijk_to_ras, header | {"Segment1_LabelValue": "2"})
    path = io.write_volume(tmp_path / "organs.seg.nrrd", labels)
    np.testing.assert_array_equal(io.read_mask(path, ct, ["spleen"]).numpy() > 0, two["Spleen"])
    np.testing.assert_array_equal(io.read_mask(path, ct).numpy() > 0, two["Liver"] | two["Spleen"])
    with pytest.raises(InputError, match="no segment 'kidney'; it holds 1 'Liver', 2 'Spleen'"):
        io.read_mask(path, ct, ["kidney"])


def test_the_image_may_store_its_voxels_in_another_order(tmp_path, ct, two, recwarn):
    path = drawings.segmentation(tmp_path / "seg.dcm", two, ct)
    turned = ct.ijk_to_ras.copy()[:, [2, 0, 1, 3]]  # k, i, j
    turned[:3, 3] += turned[:3, 1] * (ct.shape[2] - 1)
    turned[:3, 1] *= -1
    other = Volume.from_numpy(np.zeros((ct.shape[1], ct.shape[2], ct.shape[0]), np.int16), turned)
    expected = labeled(two).transpose(1, 2, 0)[:, ::-1]
    np.testing.assert_array_equal(io.read_labels(path, like=other).numpy(), expected)
    assert silent(recwarn)


def test_what_reaches_beyond_the_image_is_said_and_what_misses_it_refused(tmp_path, ct, two):
    path = drawings.segmentation(tmp_path / "seg.dcm", two, ct)
    cut = Volume.from_numpy(ct.numpy()[:4], ct.ijk_to_ras)
    with pytest.warns(UserWarning, match=r"reaches beyond the image: 0\.2 of 0\.2 mL"):
        np.testing.assert_array_equal(io.read_labels(path, like=cut).numpy(), labeled(two)[:4])
    matrix = ct.ijk_to_ras.copy()
    matrix[2, 3] += 400
    with pytest.raises(InputError, match=r"No label of 'seg\.dcm' lies inside the image"):
        io.read_labels(path, like=Volume.from_numpy(ct.numpy(), matrix))
    with pytest.raises(InputError, match="another frame of reference"):
        io.read_labels(path, like=drawings.image(frame=pydicom.uid.generate_uid()))
    taken = io.read_labels(path, like=drawings.image(frame=pydicom.uid.generate_uid()), accept_frame=True)
    np.testing.assert_array_equal(taken.numpy(), labeled(two))


def test_another_grid_is_resampled_to_the_nearest_voxel_with_a_warning(tmp_path, ct, two):
    path = drawings.segmentation(tmp_path / "seg.dcm", two, ct)
    matrix = ct.ijk_to_ras @ np.diag([0.5, 0.5, 0.5, 1])
    fine = Volume.from_numpy(np.zeros([2 * n for n in ct.shape], np.int16), matrix)
    with pytest.warns(UserWarning, match="another grid"):
        read = io.read_labels(path, like=fine)
    assert np.mean(read.numpy()[::2, ::2, ::2] == labeled(two)) == 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d.__delattr__("SegmentSequence"), "without segments"),
        (lambda d: setattr(d, "PixelData", d.PixelData[:40]), "40 bytes of pixels where its 6 frames take"),
        (lambda d: setattr(d, "PixelData", d.PixelData + b"1234"), "bytes of pixels where its 6 frames take"),
        (lambda d: setattr(d, "SegmentationType", "FRACTIONAI"), "unknown type 'FRACTIONAI'"),
        (lambda d: setattr(d.SegmentSequence[0], "SegmentNumber", 5), "frames of segment 1, of which it says nothing"),
        (
            lambda d: d.PerFrameFunctionalGroupsSequence[1].__setitem__(
                "PlanePositionSequence", d.PerFrameFunctionalGroupsSequence[0]["PlanePositionSequence"]
            ),
            "two frames",
        ),
        (lambda d: d.SharedFunctionalGroupsSequence[0].__delattr__("PixelMeasuresSequence"), "no PixelSpacing"),
        (lambda d: setattr(d, "Rows", None), "cannot be understood"),
        (lambda d: d.PerFrameFunctionalGroupsSequence[1].__delattr__("PlanePositionSequence"), "Frame 2 of"),
        (lambda d: shift(d, 0, 3.0), "shifted against each other"),
        (lambda d: shift(d, 2, 0.9), "equal distances"),
        (lambda d: setattr(d, "PerFrameFunctionalGroupsSequence", []), "without segments or frames"),
        (lambda d: setattr(d, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.66.5"), "surface segmentation"),
    ],
)
def test_a_segmentation_that_cannot_be_used_is_named(tmp_path, ct, two, spoil, words):
    path = drawings.segmentation(tmp_path / "seg.dcm", two, ct)
    dataset = pydicom.dcmread(path)
    spoil(dataset)
    dataset.save_as(path)
    with pytest.raises(InputError, match=words) as refused:
        io.read_labels(path, like=ct)
    assert "seg.dcm" in str(refused.value)


def shift(dataset, axis, mm):
    position = dataset.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0]
    values = [float(x) for x in position.ImagePositionPatient]
    values[axis] += mm
    position.ImagePositionPatient = values


def test_a_chosen_segment_without_frames_is_named(tmp_path, ct, two):
    path = drawings.segmentation(tmp_path / "seg.dcm", two | {"none": np.zeros(ct.shape, bool)}, ct)
    with pytest.raises(InputError, match="no frame of 3 'none'"):
        io.read_mask(path, ct, ["none"])


def test_a_label_map_tells_of_all_its_values(tmp_path, ct, two):
    path = drawings.segmentation(tmp_path / "seg.dcm", two, ct, "LABELMAP")
    dataset = pydicom.dcmread(path)
    del dataset.SegmentSequence[1]
    dataset.save_as(path)
    with pytest.raises(InputError, match="pixels of segment 2, of which it says nothing"):
        io.read_labels(path, like=ct)


def test_several_in_a_folder_are_listed(tmp_path, ct, two):
    drawings.segmentation(tmp_path / "a.dcm", two, ct)
    drawings.structure_set(tmp_path / "b.dcm", {"liver": [(1, [(1, 1), (4, 1), (4, 5)])]}, ct)
    with pytest.raises(InputError, match=r"(?s)holds 2 segmentations.*a\.dcm: segmentation.*b\.dcm: structure set"):
        io.read_labels(tmp_path, like=ct)


def test_the_real_segmentation_is_what_its_makers_exported(tmp_path):
    folder = realdata.path("dcmqi-ct-3slice")
    for name in ("01.dcm", "02.dcm", "03.dcm"):
        shutil.copy(folder / name, tmp_path)
    ct = io.read_volume(tmp_path)
    read = io.read_mask(folder / "liver.dcm", ct)
    np.testing.assert_array_equal(read.numpy(), io.read_mask(folder / "liver_seg.nrrd", ct).numpy())
    assert read.numpy().sum() == 107098


def test_what_is_given_for_an_image_and_is_none_is_said(tmp_path, ct, two):
    seg = drawings.segmentation(tmp_path / "seg" / "liver.dcm", two, ct)
    outlines = drawings.structure_set(tmp_path / "rt" / "rs", {"liver": [(2, SQUARE)]}, ct)
    for path, what in ((seg, "segmentation"), (outlines, "structure set")):
        for given in (path, path.parent):
            with pytest.raises(InputError, match=f"'{path.name}' is a DICOM {what}, not an image; give it for the org"):
                io.read_volume(given)


def test_an_image_that_is_given_for_an_organ_is_said(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.integers(-1000, 300, (4, 9, 8)).astype(np.int16)
    folder = io.write_volume(tmp_path / "ct", Volume.from_numpy(values, np.diag([-1.0, -1, 2, 1])))
    ct = io.read_volume(folder)
    for given in (folder, next(folder.iterdir())):
        with pytest.raises(InputError, match="so it is an image and not labels; give a label volume"):
            io.read_mask(given, ct)


# ---- in the shell -------------------------------------------------------------------------------------------------


def body(folder):
    """A CT of soft tissue as a DICOM series, with a liver of some 3 mL in it."""
    rng = np.random.default_rng(0)
    matrix = np.diag([-2.0, -2, 2, 1])
    values = np.full((24, 40, 40), -1000)
    values[2:22, 4:36, 4:36] = 40
    k, j, i = np.indices(values.shape)
    liver = ((k - 12) / 8) ** 2 + ((j - 20) / 11) ** 2 + ((i - 20) / 11) ** 2 < 1
    values[liver] = 100
    values = (values + rng.normal(0, 6, values.shape)).astype(np.int16)
    io.write_volume(folder, Volume.from_numpy(values, matrix))
    ct = io.read_volume(folder)
    return ct, liver, ct.metadata["DICOM.FrameOfReferenceUID"]


def test_tumors_grow_in_the_chosen_segment(tmp_path, capsys):
    ct, liver, frame = body(tmp_path / "ct")
    spleen = np.zeros(ct.shape, bool)
    spleen[3:6, 6:9, 6:9] = True
    path = drawings.segmentation(tmp_path / "organs.dcm", {"Liver": liver, "Spleen": spleen}, ct, frame=frame)
    command = ["tumor", str(tmp_path / "ct"), str(path), "--auto", "--radius-mm", "6", "--seed", "1", "--quiet"]
    assert main([*command, "--out", str(tmp_path / "none")]) == 2
    assert "holds 2 segments: 1 'Liver', 2 'Spleen'. Choose one with --organ-value" in capsys.readouterr().err
    command += ["--organ-value", "liver", "--out", str(tmp_path / "out")]
    drawings.segmentation(path, {"Liver": liver}, ct, frame=pydicom.uid.generate_uid())
    assert main(command) == 2 and "say so (accept_frame=True, --accept-frame)" in capsys.readouterr().err
    assert main([*command, "--accept-frame"]) == 0
    labels = io.read_labels(tmp_path / "out" / "labels.nrrd").numpy()
    np.testing.assert_array_equal(labels > 0, liver)
    assert (labels == 2).any()


def test_a_batch_takes_segmentations_for_organs(tmp_path):
    ct, liver, frame = body(tmp_path / "cts" / "a")
    drawings.segmentation(tmp_path / "livers" / "a.dcm", {"Liver": liver}, ct, frame=frame)
    command = ["tumor-batch", str(tmp_path / "cts"), str(tmp_path / "livers"), "--radius-mm", "6", "--seed", "1"]
    assert main([*command, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    np.testing.assert_array_equal(io.read_labels(tmp_path / "out" / "a" / "labels.nrrd").numpy() > 0, liver)


def test_what_lies_beyond_the_slices_of_a_reference_counts(tmp_path, capsys, ct, two):
    reference = drawings.segmentation(tmp_path / "reference.dcm", {"Liver": two["Liver"]}, ct)
    more = two["Liver"].copy()
    more[0, :5, :6] = True
    predicted = io.write_volume(tmp_path / "predicted.nrrd", ct.like(more.astype(np.uint8)))
    assert main(["evaluate", str(predicted), str(reference), "--out", str(tmp_path / "t.csv")]) == 0
    share = 2 * two["Liver"].sum() / (two["Liver"].sum() + more.sum())
    assert f"Liver (1): dice {share:.4g}" in capsys.readouterr().out
