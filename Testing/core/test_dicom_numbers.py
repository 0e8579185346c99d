"""Stored numbers become HU: sign, bits, rescale, padding and compression, slice by slice."""

import base64

import dicom_files
import numpy as np
import pydicom
import pytest
from dicom_files import SPACING_MM, assert_read, refused, slices, store, write
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from synthetic_imaging import io

HU = dicom_files.hu()
SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless, JPEGLosslessSV1,
            JPEG2000Lossless)  # fmt: skip


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


def test_a_compressed_picture_of_no_bytes_is_named(tmp_path):
    made = slices(HU)
    made[1].PixelData = 2 * b"\xfe\xff\x00\xe0\0\0\0\0"  # a table of no offsets, and a frame of no bytes
    made[1]["PixelData"].VR, made[1]["PixelData"].is_undefined_length = "OB", True
    write(tmp_path, made)
    made[1].file_meta.TransferSyntaxUID = RLELossless
    made[1].save_as(tmp_path / "0002.dcm")
    refused(tmp_path, "The compressed pixels of '0002.dcm' are")


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


def test_what_the_memory_does_not_hold_is_refused(tmp_path, monkeypatch):
    write(tmp_path, slices(HU))
    monkeypatch.setattr("synthetic_imaging.memory.free_bytes", lambda: HU.nbytes - 1)
    refused(tmp_path, "(9 x 8 x 6 voxels) takes about", "GB are free")
    monkeypatch.setattr("synthetic_imaging.memory.free_bytes", lambda: HU.nbytes)
    assert_read(tmp_path)
