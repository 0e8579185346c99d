"""Radiographs in folders and files: every one that can be read, right way up and light on dark; the rest named."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from PIL import Image

from synthetic_imaging.cli import main
from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.making.folders import cases_from_folder
from synthetic_imaging.reading.making.images import read_image
from synthetic_imaging.reading.worker import perform

GRAY = (np.arange(24)[:, None] * 5 + np.arange(36)[None] * 3).astype(np.uint8)
UPRIGHT = {1: GRAY, 3: GRAY[::-1, ::-1], 6: np.rot90(GRAY, -1), 8: np.rot90(GRAY), 2: GRAY[:, ::-1]}


def x_ray(path, stored=GRAY, photometric="MONOCHROME2", sop=pydicom.uid.DigitalXRayImageStorageForPresentation,
          slope=None, modality="DX", series=None, **more):  # fmt: skip
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = sop
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = pydicom.uid.generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", series or pydicom.uid.generate_uid()
    dataset.Modality, dataset.PhotometricInterpretation, dataset.SamplesPerPixel = modality, photometric, 1
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    if stored.ndim == 3:
        dataset.NumberOfFrames = len(stored)
    if slope is not None:
        dataset.RescaleSlope, dataset.RescaleIntercept = slope
    for name, value in more.items():
        setattr(dataset, name, value)
    dataset.PixelData = stored.astype("<u2").tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


def gray(path):
    return read_image(path, "xray").numpy()[0]


@pytest.mark.parametrize("name", ["a.dcm", "a.dicom", "IM0001", "a.png"])
def test_dicom_is_read_whatever_its_name_and_light_on_dark(tmp_path, name):
    np.testing.assert_array_equal(gray(x_ray(tmp_path / name)), GRAY)
    dark = 4095 - GRAY.astype(np.uint16)
    turned = gray(x_ray(tmp_path / name, dark, "MONOCHROME1"))
    np.testing.assert_array_equal(turned - turned.min(), GRAY)
    np.testing.assert_array_equal(gray(x_ray(tmp_path / name, slope=("0.5", "-3"))), GRAY * np.float32(0.5) - 3)


def test_what_lies_beside_the_film_is_dark(tmp_path):
    film = GRAY.astype(np.uint16)
    film[:, :4] = 4095
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        read = gray(x_ray(tmp_path / "a", film, photometric, PixelPaddingValue=4095))
        assert (read[:, :4] == read[:, 4:].min()).all() and np.ptp(read) == np.ptp(GRAY[:, 4:])


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ""])
def test_a_picture_is_turned_upright(tmp_path, suffix, orientation):
    picture = Image.fromarray(GRAY)
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(tmp_path / f"a{suffix}", "PNG" if suffix == ".png" else "JPEG", exif=exif, quality=100)
    read = gray(tmp_path / f"a{suffix}")
    assert read.shape == UPRIGHT[orientation].shape
    np.testing.assert_allclose(read, UPRIGHT[orientation].astype(float), atol=4)


def opaque(alpha=255):
    return Image.new("L", GRAY.shape[::-1], alpha)


def palette():
    picture = Image.fromarray(255 - GRAY).convert("P")
    picture.putpalette([255 - level for level in range(256) for _ in range(3)])
    return picture


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Image.fromarray(GRAY), GRAY),
        (lambda: Image.merge("LA", (Image.fromarray(GRAY), opaque())), GRAY),
        (lambda: Image.merge("RGBA", (*[Image.fromarray(GRAY)] * 3, opaque())), GRAY),
        (lambda: Image.merge("RGB", [Image.fromarray(GRAY)] * 3), GRAY),
        (lambda: Image.fromarray(GRAY.astype(np.uint16) * 257), GRAY * np.float32(257)),
        (palette, GRAY),
        (lambda: Image.fromarray(GRAY > 90), GRAY > 90),
    ],
)
def test_gray_pictures_of_every_kind_have_their_values(tmp_path, make, expected):
    make().save(tmp_path / "a.png")
    np.testing.assert_array_equal(gray(tmp_path / "a.png"), expected)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: Image.merge("LA", (Image.fromarray(GRAY), opaque(120))).save(path, "PNG"), "transparent parts"),
        (lambda path: Image.fromarray(np.stack([GRAY, GRAY, 255 - GRAY], -1)).save(path), "color picture"),
        (lambda path: x_ray(path, np.stack([GRAY, GRAY])), "has 2 images"),
        (lambda path: x_ray(path, sop=pydicom.uid.BasicTextSRStorage), "DICOM, but no image"),
        (lambda path: x_ray(path, PixelSpacing=["1", "2"]), "not square"),
        (lambda path: path.write_bytes(x_ray(path).read_bytes()[:-60]), "cut short"),
        (lambda path: path.write_text("hello"), "cannot be read as an image"),
        (lambda path: Image.fromarray(GRAY).save(path, "TIFF", save_all=True, append_images=[Image.fromarray(GRAY)]),
         "has 2 images"),
    ],
)  # fmt: skip
def test_what_is_no_gray_radiograph_is_refused_with_its_name(tmp_path, make, words):
    make(tmp_path / "film.png")
    with pytest.raises(InputError, match=words) as told:
        gray(tmp_path / "film.png")
    assert "'film.png'" in str(told.value)


@pytest.fixture
def films(tmp_path):
    """A folder of five radiographs, and of what lies about in such folders."""
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a.dcm", "b.dicom", "IM0003"):
        x_ray(folder / name)
    Image.fromarray(GRAY).save(folder / "d.png")
    Image.fromarray(GRAY).save(folder / "scan", "JPEG")
    (folder / "d.mrk.json").write_text('{"markups": [{"controlPoints": [{"label": "x", "position": [1, 2, 0]}]}]}')
    (folder / "lost.mrk.json").write_text("{}")
    (folder / "notes.txt").write_text("hello")
    (folder / "half.dcm").write_bytes((folder / "a.dcm").read_bytes()[:-100])
    (folder / "nothing.dcm").write_bytes(b"")
    x_ray(folder / "report.dcm", sop=pydicom.uid.BasicTextSRStorage)
    (folder / "empty folder").mkdir()
    for name in (".DS_Store", "._a.dcm", "Thumbs.db", "desktop.ini"):
        (folder / name).write_text("of the system")
    return folder


TAKEN = ["IM0003", "a.dcm", "b.dicom", "d.png", "scan"]
LEFT_OUT = {
    "lost.mrk.json": "belongs to no image", "notes.txt": "no image", "half.dcm": "cut short", "nothing.dcm": "empty",
    "report.dcm": "DICOM, but no image", "empty folder": "a folder without DICOM files",
}  # fmt: skip


def test_every_file_of_a_folder_is_a_case_or_is_named(films):
    found = cases_from_folder(films, "real")
    assert [case.name for case in found.cases] == TAKEN
    assert next(case for case in found.cases if case.name == "d.png").lesions[0].center_ras == (-1, -2, 0)
    told = " ".join(found.sentences())
    for name, why in LEFT_OUT.items():
        assert any(name in sentence and why in sentence for sentence in found.sentences()), (name, told)
    assert not any(name in told for name in ("DS_Store", "._a", "Thumbs", "desktop", "d.mrk.json", *TAKEN))
    assert all(case.name in TAKEN and gray(case.image).shape == GRAY.shape for case in found.cases)


def test_the_worker_tells_the_window_and_bounds_the_names(films):
    for number in range(30):
        (films / f"note{number:02d}.txt").write_text("hello")
    answer = perform({"task": "folder", "folder": str(films), "truth": "real", "scanner": ""})
    assert len(answer["cases"]) == 5
    (notes,) = [sentence for sentence in answer["left_out"] if "note00.txt" in sentence]
    assert "note09.txt and 21 more (no image" in notes


def test_slices_of_one_ct_are_one_case(tmp_path):
    series = pydicom.uid.generate_uid()
    for number in range(4):
        x_ray(tmp_path / f"{number}", sop=pydicom.uid.CTImageStorage, modality="CT", series=series)
    x_ray(tmp_path / "other", sop=pydicom.uid.CTImageStorage, modality="CT")
    assert [case.name for case in cases_from_folder(tmp_path, "real").cases] == ["0", "other"]


def test_a_folder_without_images_says_what_was_there(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match=r"holds no image: .* Left out: notes[.]txt"):
        cases_from_folder(tmp_path, "real")


def test_the_shell_names_what_is_left_out(films, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SYNTHETIC_IMAGING_PASSPHRASE", "correct horse battery")
    command = ["study", "new", "--real", str(films), "--synthetic", str(films), "--modality", "xray", "--no-cue"]
    assert main([*command, "--size-px", "32", "--accept-leaks", "--out", str(tmp_path / "study")]) == 0
    told = capsys.readouterr()
    for name, why in LEFT_OUT.items():
        assert any(name in line and why in line and "Left out" in line for line in told.err.splitlines()), name
    assert "The study with 10 cases" in told.out


def test_a_flat_volume_file_is_a_radiograph_too(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(GRAY[None]), str(tmp_path / "a.nrrd"))
    np.testing.assert_array_equal(gray(tmp_path / "a.nrrd"), GRAY)
    sitk.WriteImage(sitk.GetImageFromArray(np.stack([GRAY, GRAY])), str(tmp_path / "b.nrrd"))
    with pytest.raises(InputError, match="has 2 slices"):
        gray(tmp_path / "b.nrrd")
