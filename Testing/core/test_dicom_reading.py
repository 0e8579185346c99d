"""DICOM series as people send them: the right HU in the right place, or a sentence that names the file at fault."""

import base64
import os
import shutil

import dicom_files
import numpy as np
import pydicom
import pytest
from dicom_files import ORIGIN_LPS, SPACING_MM, multi_frame, save, slices, store, write
from pydicom.fileset import FileSet
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedSRStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from synthetic_imaging import io
from synthetic_imaging.errors import InputError

HU = dicom_files.hu()
SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless, JPEGLosslessSV1,
            JPEG2000Lossless)  # fmt: skip


def assert_read(path, hu=HU, dtype="int16", ijk_to_ras=None, **options):
    volume = io.read_volume(path, **options)
    np.testing.assert_array_equal(volume.numpy(), hu)
    assert volume.numpy().dtype == dtype
    expected = dicom_files.ijk_to_ras() if ijk_to_ras is None else ijk_to_ras
    np.testing.assert_allclose(volume.ijk_to_ras, expected, atol=1e-6)
    return volume


def refused(path, *words, **options):
    with pytest.raises(InputError) as caught:
        io.read_volume(path, **options)
    for word in words:
        assert word in str(caught.value)
    return str(caught.value)


def moved(places, array=HU):
    """The slices of a series, each moved by places(k) in LPS mm."""
    made = slices(array)
    for k, dataset in enumerate(made):
        dataset.ImagePositionPatient = dicom_files.decimals(np.add(dataset.ImagePositionPatient, places(k)))
    return made


# ---- which files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", ["IM{:04d}", "CT.1.3.12.2.1107.5.1.4.{:d}", "{:d}.DCM"])
def test_one_slice_stands_for_its_series(tmp_path, names):
    write(tmp_path / "ct", slices(HU), names)
    write(tmp_path / "ct" / "deeper", slices(HU))
    assert_read(tmp_path / "ct" / names.format(3))


@pytest.mark.parametrize("bare", [range(6), range(3, 6)])
def test_files_without_preamble_are_slices_too(tmp_path, bare):
    for k, dataset in enumerate(slices(HU)):
        save(tmp_path / f"{k}", dataset, preamble=k not in bare)
    assert_read(tmp_path)


BREAKS = {
    "empty": (lambda whole: b"", "is empty (0 bytes)"),
    "in the file header": (lambda whole: whole[:153], "is damaged or cut short"),
    "in the header": (lambda whole: whole[:400], "is damaged or cut short"),
    "before pixels": (lambda whole: whole[: whole.rindex(b"\xe0\x7f\x10\x00")], "is cut short: it ends before its pix"),
    "in the pixels": (lambda whole: whole[:-9], "is cut short: 9 bytes of its pixels are missing"),
    "text": (lambda whole: b"version https://git-lfs.github.com/spec/v1\nsize 1\n", "is not DICOM (50 bytes"),
}


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("names", ["{:04d}.dcm", "IM{:04d}"])
def test_nothing_is_made_of_a_broken_folder(tmp_path, kind, names):
    change, words = BREAKS[kind]
    write(tmp_path, slices(HU), names)
    for number in (5, 6):
        path = tmp_path / names.format(number)
        path.write_bytes(change(path.read_bytes()))
    refused(tmp_path, "is not complete", f"'{names.format(5)}' {words}", f"'{names.format(6)}' {words}")
    refused(tmp_path / names.format(1), "is not complete", f"'{names.format(5)}'")
    assert io.list_series(tmp_path)[0].images == 4


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("keep", [0.5, 0.9, 0.99])
def test_compressed_slices_that_are_cut_short_are_named(tmp_path, syntax, keep):
    write(tmp_path, slices(dicom_files.hu((4, 24, 32))), syntax=syntax)
    path = tmp_path / "0002.dcm"
    os.truncate(path, int(path.stat().st_size * keep))
    refused(tmp_path, "'0002.dcm'")


def test_other_files_beside_a_series_are_no_fault(tmp_path):
    write(tmp_path, slices(HU), "IM{:04d}")
    for name in ("README.txt", "Thumbs.db", "report.pdf", "VERSION", "notes.json", ".DS_Store"):
        (tmp_path / name).write_text("nothing of the series")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "0001.dcm").touch()  # broken, and of another folder
    report = slices(HU[:1])[0]
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = EnhancedSRStorage
    save(tmp_path / "IM9999", report)
    assert_read(tmp_path)
    refused(tmp_path / "IM9999", "DICOM of another kind (Enhanced SR Storage)")


@pytest.mark.parametrize(
    ("written", "damaged"),
    [
        (b"\x02\x00\x02\x00UI\x1a\x00", b"\x02\x00\x02\x00U\xbb\x1a\x00"),  # what it holds
        (b" \x00\x0e\x00UI", b" \x00\x0f\x00UI"),  # which series it is of
    ],
)
def test_a_slice_whose_header_is_damaged_is_not_left_out(tmp_path, written, damaged):
    write(tmp_path, slices(HU))
    last = tmp_path / "0006.dcm"
    content = last.read_bytes()
    assert content.count(written) == 1
    last.write_bytes(content.replace(written, damaged))
    refused(tmp_path, "is not complete", "'0006.dcm' is damaged or cut short")


def test_a_slice_that_says_another_series_is_asked_about(tmp_path):
    made = slices(HU)
    made[5].SeriesInstanceUID = generate_uid()
    del made[5].ImagePositionPatient
    refused(write(tmp_path, made), "2 series", "(CT, 5 images)", "(CT, 1 image)")


def test_screenshots_such_as_dose_reports_are_left_aside(tmp_path):
    write(tmp_path, slices(HU))
    report = slices(HU[:1])[0]
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    del report.ImagePositionPatient
    save(tmp_path / "0007.dcm", report)
    assert_read(tmp_path)


def test_a_folder_of_broken_files_only_says_so(tmp_path):
    (tmp_path / "0001.dcm").touch()
    refused(tmp_path, "no whole DICOM image", "'0001.dcm' is empty")
    refused(tmp_path / "0001.dcm", "is empty (0 bytes)")
    (tmp_path / "0001.dcm").unlink()
    refused(tmp_path, "holds no DICOM images")


@pytest.fixture
def disc(tmp_path):
    """A disc as hospitals burn them: a DICOMDIR, files without suffix, a CT and its scout."""
    study = generate_uid()
    files = FileSet()
    for dataset in slices(HU, StudyInstanceUID=study):
        files.add(dataset)
    for dataset in slices(HU[:1], StudyInstanceUID=study, SeriesDescription="scout", SeriesNumber=1):
        dataset.ImageType, dataset.ImageOrientationPatient = ["ORIGINAL", "PRIMARY", "LOCALIZER"], [1, 0, 0, 0, 0, -1]
        files.add(dataset)
    files.write(tmp_path / "disc")
    (tmp_path / "disc" / "AUTORUN.INF").write_text("[autorun]")
    return tmp_path / "disc"


def test_a_disc_is_read_by_its_folder_its_directory_or_one_of_its_files(disc):
    images = sorted(path for path in disc.rglob("IM*") if "SE000000" in path.parts)
    for path in (disc, disc / "DICOMDIR", images[3]):
        assert_read(path)
    refused(disc, "localizers (scouts) only", series="scout")
    images[3].unlink()
    refused(disc, "IM000003", "is listed in the DICOMDIR and is not there")


def test_a_series_is_chosen_by_number_uid_or_description(tmp_path):
    second = dicom_files.hu(seed=2)
    write(tmp_path / "a", slices(HU, SeriesDescription="Thorax B30f", SeriesNumber=4))
    write(tmp_path / "b", slices(second, SeriesDescription="Thorax B70f", SeriesNumber=7))
    sentence = refused(tmp_path, "2 series", "4: Thorax B30f (CT, 6 images)", "7: Thorax B70f", "--series")
    uid = next(info.uid for info in io.list_series(tmp_path) if info.number == 4)
    assert uid in sentence
    for choice in (4, "4", uid, "thorax b30F", "b30"):
        assert_read(tmp_path, series=choice)
    assert_read(tmp_path, series_uid=uid)
    assert_read(tmp_path, second, series=7)
    refused(tmp_path, "2 series that could be thorax", series="thorax")
    refused(tmp_path, "no series 5", "4: Thorax B30f", series=5)


def test_series_of_one_number_are_numbered_by_their_place(tmp_path):
    write(tmp_path / "a", slices(HU))
    write(tmp_path / "b", slices(HU[:4]))
    assert [(info.number, info.images) for info in io.list_series(tmp_path)] == [(1, 6), (2, 4)]


def test_copies_of_one_slice_are_one(tmp_path):
    made = slices(HU)
    write(tmp_path, made)
    shutil.copy(tmp_path / "0002.dcm", tmp_path / "0002 (1).dcm")
    save(tmp_path / "0003 again.dcm", made[2], ImplicitVRLittleEndian)
    assert_read(tmp_path)
    made[3].PixelData = made[0].PixelData
    save(tmp_path / "0004 changed.dcm", made[3])
    refused(tmp_path, "there is one already", "'0004 changed.dcm'", "'0004.dcm'")


# ---- which stack --------------------------------------------------------------------------------------------------


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
    assert_read(tmp_path / "micro", ijk_to_ras=dicom_files.ijk_to_ras(fine))
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


# ---- which numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.keyword)
def test_every_transfer_syntax_gives_the_same_numbers(tmp_path, syntax):
    numbers = dicom_files.hu((3, 16, 18))
    assert_read(write(tmp_path, slices(numbers), syntax=syntax), numbers)


# 4 x 6 numbers, 100 i + 7 j in 12 bits, encoded by pyjpegls (CharLS)
JPEG_LS = "/9j/9wALCgAEAAYBAREA/9oACAEBAAAAAIAC4AFxFYbB97mse92ZnOVVVoD/2Q=="


def test_jpeg_ls(tmp_path):
    numbers = 100 * np.arange(6)[None, :] + 7 * np.arange(4)[:, None]
    made = slices(np.stack([numbers, numbers]) - 1024)
    for dataset in made:
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.PixelData = pydicom.encaps.encapsulate([base64.b64decode(JPEG_LS)])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    assert_read(write(tmp_path, made, syntax=JPEGLSLossless), np.stack([numbers, numbers]) - 1024)


def test_each_slice_has_its_own_rescale(tmp_path):
    made = slices(HU)
    expected = HU.astype(float)
    for k, dataset in enumerate(made):
        slope, intercept = ((1, -1024), (0.25, -1000), (1.7, -2000))[k % 3]
        stored = np.clip(np.rint((HU[k] - intercept) / slope), 0, 65535)
        store(dataset, stored)
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
        expected[k] = stored * slope + intercept
    assert_read(write(tmp_path, made), expected.astype(np.float32), "float32")


def test_whole_numbers_stay_whole_whatever_the_first_slice_says(tmp_path):
    made = slices(HU)
    store(made[0], np.clip(HU[0], 0, None))
    made[0].RescaleIntercept = 0
    expected = HU.copy()
    expected[0] = np.clip(HU[0], 0, None)
    assert_read(write(tmp_path, made), expected)


def test_numbers_beyond_16_bits_are_kept(tmp_path):
    made = slices(HU)
    store(made[2], np.full(HU.shape[1:], 65535))
    expected = HU.astype(int)
    expected[2] = 64511
    assert_read(write(tmp_path, made), expected, "int32")


def test_the_photometric_interpretation_does_not_change_hu(tmp_path):
    made = slices(HU)
    for dataset in made[1:4]:
        dataset.PhotometricInterpretation = "MONOCHROME1"
    assert_read(write(tmp_path, made))


CHANGES = {
    "overlay": lambda stored: stored | 0x8000,
    "high bit": lambda stored: stored << 4,
    "sign in 12 bits": lambda stored: stored & 0x0FFF,
    "too few bits": lambda stored: stored | 0x8000,
}


def test_bits_that_do_not_belong_to_the_picture_are_left_out(tmp_path):
    def series(name, signed=False, **values):
        made = slices(HU, **values)
        for k, dataset in enumerate(made):
            store(dataset, CHANGES[name](HU[k].astype(int) + (0 if signed else 1024)), 12, signed)
            for keyword, value in values.items():
                setattr(dataset, keyword, value)
            if name == "overlay":
                dataset.add_new(0x60000102, "US", 15)
        return write(tmp_path / name, made)

    assert_read(series("overlay"))
    assert_read(series("high bit", HighBit=15))
    assert_read(series("sign in 12 bits", signed=True, RescaleIntercept=0))
    refused(series("too few bits"), "'0001.dcm' has numbers that need more than the 12 bits it declares")


@pytest.mark.parametrize("slope", ["", "0"])
def test_a_slope_that_says_nothing_is_one(tmp_path, slope):
    assert_read(write(tmp_path, slices(HU, RescaleSlope=slope)))


@pytest.mark.parametrize(
    ("value", "signed", "representation", "limit"),
    [
        (63536, False, "US", None),
        (32767, True, "SS", None),
        (4095, False, "US", None),
        (4090, False, "US", 4095),
        (-2000, False, "SS", None),
    ],
)
def test_declared_padding_around_the_patient_is_air(tmp_path, value, signed, representation, limit):
    """Also where the other sign is declared; metal of the same number inside the patient stays metal."""
    shape = HU.shape[1:]
    outside = np.zeros(shape, bool)
    outside[:2], outside[:, -1] = True, True
    made, expected = slices(HU), HU.astype(int)
    for k, dataset in enumerate(made):
        stored = HU[k].astype(int) + 1024
        stored[outside], stored[5, 4] = (value, value)
        if limit:
            stored[0] = limit
        store(dataset, stored % 65536 if not signed else stored, signed=signed)
        dataset.add_new(0x00280120, representation, value)
        if limit:
            dataset.add_new(0x00280121, representation, limit)
        expected[k] = np.where(outside, -1024, HU[k])
        expected[k, 5, 4] = value % 65536 - 1024
    assert_read(write(tmp_path / "ct", made), expected, "int16" if expected.max() < 32768 else "int32")
    for dataset in made:
        dataset.Modality = "MR"
    assert io.read_volume(write(tmp_path / "mr", made)).numpy()[0, 0, 0] == (limit or value) % 65536 - 1024


def test_padding_below_air_and_below_12_bits_stays(tmp_path):
    made = slices(HU)
    for k, dataset in enumerate(made):
        stored = np.clip(HU[k].astype(int), -1024, 1000)
        stored[0] = -2000
        store(dataset, stored, 12, signed=True)
        dataset.RescaleIntercept = 0
        dataset.add_new(0x00280120, "SS", -2000)
    expected = np.clip(HU, -1024, 1000)
    expected[:, 0] = -2000
    assert_read(write(tmp_path, made), expected)
    for dataset in made:
        numbers = np.frombuffer(dataset.PixelData, "<i2").reshape(HU.shape[1:]).copy()
        numbers[0] = -3000  # needs more than 12 bits
        store(dataset, numbers, 12, signed=True)
        dataset.PixelPaddingValue = -3000
    expected[:, 0] = -3000
    assert_read(write(tmp_path, made), expected)


def test_what_a_header_says_is_kept(tmp_path):
    read = io.read_volume(write(tmp_path, slices(HU, Modality="PT", Units="BQML")))
    assert read.metadata["DICOM.Modality"] == "PT" and read.metadata["DICOM.Units"] == "BQML"
    assert read.metadata["DICOM.SeriesDescription"] == "abdomen"
    assert float(read.metadata["DICOM.SliceThickness"]) == SPACING_MM[2]
