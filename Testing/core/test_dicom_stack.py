"""Slices and frames that are one straight stack are read in their place; the one that is not is named."""

import dicom_files
import numpy as np
import pydicom
import pytest
from dicom_files import ORIGIN_LPS, assert_read, multi_frame, refused, save, slices, write
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from synthetic_imaging import io

HU = dicom_files.hu()


def moved(places, array=HU):
    """The slices of a series, each moved by places(k) in LPS mm."""
    made = slices(array)
    for k, dataset in enumerate(made):
        dataset.ImagePositionPatient = dicom_files.decimals(np.add(dataset.ImagePositionPatient, places(k)))
    return made


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (lambda k: (20, -12, 0) if k >= 3 else (0, 0, 0), ("from '0003.dcm' to '0004.dcm' they jump 23.3 mm",)),
        (lambda k: (30, 0, 0) if k == 4 else (0, 0, 0), ("from '0004.dcm' to '0005.dcm' they jump 30 mm",)),
        (lambda k: (0, 5 * k * np.tan(np.radians(15)), 0), ("gantry tilted by 15°",)),
        (lambda k: (0.2 * k, 0, 0), ("gantry tilted by 2.29°",)),
        (lambda k: (0, 0, 5 * (k >= 2)), ("missing", "10 mm from '0002.dcm' to '0003.dcm'", "5 mm elsewhere")),
        (lambda k: (0, 0, -2.5 * max(0, k - 3)), ("unevenly spaced", "2.5 mm from '0004.dcm' to '0005.dcm'")),
        (lambda k: (0, 0, -5 * (k % 2)), ("3 slices at a place where there is one already", "'0002.dcm'")),
        (lambda k: (0, 0, -5 * k), ("5 slices at a place",)),
    ],
    ids=["two halves", "one aside", "tilt", "drift", "missing", "variable", "doubled", "all at one place"],
)
def test_what_is_not_one_straight_stack_is_refused(tmp_path, places, words):
    refused(write(tmp_path, moved(places)), *words)


def test_slices_of_a_micro_ct_and_rounded_positions_are_read(tmp_path):
    fine = (0.036, 0.036, 0.036)
    write(tmp_path / "micro", slices(HU, fine))
    assert_read(tmp_path / "micro", to_ras=dicom_files.ijk_to_ras(fine))
    many = dicom_files.hu((40, 4, 5))
    made = slices(many, (0.7, 0.7, 0.625))
    for dataset in made:
        dataset.ImagePositionPatient = [f"{float(value):.1f}" for value in dataset.ImagePositionPatient]
    volume = io.read_volume(write(tmp_path / "rounded", made))
    np.testing.assert_array_equal(volume.numpy(), many)
    assert abs(volume.spacing_mm[2] - 0.625) < 1e-3


def test_jitter_of_the_table_is_told_as_such(tmp_path):
    rng = np.random.default_rng(0)
    refused(write(tmp_path, moved(lambda k: (*rng.normal(0, 0.3, 2), 0))), "do not lie straight above one another")


def test_oblique_and_shuffled_slices_lie_where_they_say(tmp_path):
    axes = np.array([[0.8, 0.6, 0], [-0.36, 0.48, 0.8]])
    made = slices(HU, axes=axes)
    volume = io.read_volume(write(tmp_path, [made[k] for k in (3, 0, 5, 1, 4, 2)]))
    np.testing.assert_array_equal(volume.numpy(), HU)
    np.testing.assert_allclose(volume.ijk_to_ras, dicom_files.ijk_to_ras(axes=axes), atol=1e-6)


@pytest.mark.parametrize("position", ["HFS", "FFS", "HFP", "FFDR"])
def test_the_patients_position_changes_nothing(tmp_path, position):
    assert_read(write(tmp_path, slices(HU, PatientPosition=position)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PixelSpacing": [0.7, 0.9]}, ("'0003.dcm' has pixels of 0.7, 0.9 mm, 0.7, 0.8 mm elsewhere",)),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, ("'0003.dcm' has the direction",)),
        ({"Rows": 9, "Columns": 8}, ("'0003.dcm' has 8x9 pixels, 9x8 elsewhere",)),
        ({"ImagePositionPatient": None}, ("1 of 6 images without a position", "'0003.dcm'")),
        ({"ImagePositionPatient": ["nan", "0", "0"]}, ("'0003.dcm' cannot be understood",)),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, ("'0003.dcm' is a color image",)),
        ({"RescaleIntercept": None}, ("'0003.dcm'", "has no rescale intercept")),
        ({"Rows": 16}, ("'0003.dcm'",)),
        ({"PixelRepresentation": None}, ("'0003.dcm' does not say whether its numbers have a sign",)),
        ({"BitsAllocated": 12}, ("'0003.dcm' stores its numbers in 16 bits up to bit 15 of 12",)),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR DS")  # pydicom about what this test writes
def test_the_slice_that_does_not_fit_is_named(tmp_path, change, words):
    write(tmp_path, slices(HU))
    dicom_files.edit(tmp_path / "0003.dcm", **change)
    refused(tmp_path, *words)


def test_a_single_slice_is_no_volume(tmp_path):
    refused(write(tmp_path, slices(HU[:1])), "is a single picture ('0001.dcm')", "give the folder")


# ---- many frames in one file --------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [range(6), range(5, -1, -1), (0, 3, 1, 4, 2, 5)], ids=["up", "down", "mixed"])
def test_frames_are_sorted_by_their_position(tmp_path, order):
    path = save(tmp_path / "ct", multi_frame(HU, order))
    assert_read(path)
    assert_read(tmp_path)


def test_frames_have_their_own_rescale(tmp_path):
    even = HU // 2 * 2
    save(tmp_path / "ct.dcm", multi_frame(even, rescale=lambda k: (1, -1024) if k < 3 else (2, -1024)))
    assert_read(tmp_path, even)


@pytest.mark.parametrize("syntax", [RLELossless, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_frames_in_other_transfer_syntaxes(tmp_path, syntax):
    save(tmp_path / "ct.dcm", multi_frame(HU, (0, 3, 1, 4, 2, 5)), syntax)
    assert_read(tmp_path)


def test_frames_that_are_no_stack_are_refused(tmp_path):
    def at(folder, **options):
        (tmp_path / folder).mkdir()
        return save(tmp_path / folder / "ct.dcm", multi_frame(HU, **options))

    refused(at("gap", order=(0, 1, 4, 5)), "15 mm from frame 2 of 'ct.dcm' to frame 3 of 'ct.dcm'")
    refused(at("tilt", place=lambda k: (0, k, 5 * k)), "gantry tilted by 11.3°")
    refused(at("twice", order=(0, 1, 1, 2)), "1 slices at a place", "frame 3 of 'ct.dcm'")
    path = at("nowhere")
    dataset = pydicom.dcmread(path)
    del dataset.PerFrameFunctionalGroupsSequence
    dataset.ImagePositionPatient = list(ORIGIN_LPS)
    dataset.save_as(path)
    refused(path, "6 of 6 images without a position", "frame 1 of 'ct.dcm'")


def test_a_series_in_several_multi_frame_files_is_one_stack(tmp_path):
    first, second = multi_frame(HU, (0, 1, 2)), multi_frame(HU, (3, 4, 5))
    second.SeriesInstanceUID = first.SeriesInstanceUID
    assert_read(write(tmp_path, (second, first)))
