"""Which files are the slices of a series, as people send them; what should be one and is none is named."""

import os
import shutil

import dicom_files
import pytest
from dicom_files import assert_read, refused, save, slices, write
from pydicom.fileset import FileSet
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedSRStorage,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from synthetic_imaging import io

HU = dicom_files.hu()


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
