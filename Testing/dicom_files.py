"""DICOM files for tests, made of arrays of HU with pydicom: single slices, multi-frame CT, any transfer syntax."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
    generate_uid,
)
from pydicom.valuerep import DSfloat

from synthetic_imaging import io
from synthetic_imaging.errors import InputError

SPACING_MM = (0.8, 0.7, 5.0)
"""Along i, j and k."""

ORIGIN_LPS = (-12.5, 30.25, -7.0)
_COMPRESSORS = {JPEG2000Lossless: "JPEG2000", JPEGLosslessSV1: "JPEG"}


def hu(shape: Sequence[int] = (6, 8, 9), seed: int = 0) -> np.ndarray:
    """Numbers of a CT (K, J, I), air among them."""
    return np.random.default_rng(seed).integers(-1024, 2000, shape).astype(np.int16)


def ijk_to_ras(spacing_mm=SPACING_MM, origin_lps=ORIGIN_LPS, axes=None) -> np.ndarray:
    """The matrix of a series made with these. axes: directions of i and j, LPS, as rows."""
    along = np.eye(3)[:2] if axes is None else np.asarray(axes, float)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([*along, np.cross(*along)], axis=1) * np.asarray(spacing_mm)
    matrix[:3, 3] = origin_lps
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix


def slices(array: np.ndarray, spacing_mm=SPACING_MM, origin_lps=ORIGIN_LPS, axes=None, **values) -> list[FileDataset]:
    """One CT image per slice of an array of HU, stored without sign with intercept -1024.

    values: further elements by keyword, the same for all slices, such as SeriesDescription.
    """
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ ijk_to_ras(spacing_mm, origin_lps, axes)
    along = np.eye(3)[:2] if axes is None else np.asarray(axes, float)
    study, series, frame_of_reference = (generate_uid() for _ in range(3))
    made = []
    for k, plane in enumerate(array):
        dataset = _dataset(CTImageStorage)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.FrameOfReferenceUID, dataset.InstanceNumber = frame_of_reference, k + 1
        dataset.ImagePositionPatient = decimals((to_lps @ (0, 0, k, 1))[:3])
        dataset.ImageOrientationPatient = decimals(along.ravel())
        dataset.PixelSpacing = decimals((spacing_mm[1], spacing_mm[0]))
        dataset.SliceThickness = decimals(spacing_mm[2:])[0]
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
        store(dataset, np.asarray(plane, int) + 1024)
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
        made.append(dataset)
    return made


def multi_frame(array: np.ndarray, order: Sequence[int] | None = None, spacing_mm=SPACING_MM, origin_lps=ORIGIN_LPS,
                place: Callable[[int], Sequence[float]] | None = None,
                rescale: Callable[[int], tuple[float, float]] = lambda k: (1, -1024)) -> FileDataset:  # fmt: skip
    """An enhanced CT: all slices in one file, in ``order`` of their k.

    place: position of slice k in LPS mm, where it is not that of a straight stack. rescale: slope and intercept of k.
    """
    order = range(len(array)) if order is None else order
    dataset = _dataset(EnhancedCTImageStorage)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = (
        generate_uid() for _ in range(3)
    )
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = decimals((spacing_mm[1], spacing_mm[0])), spacing_mm[2]
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared = Dataset()
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    frames, stored = [], []
    for k in order:
        straight = np.add(origin_lps, (0, 0, k * spacing_mm[2]))
        position, transformation, frame = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = decimals(straight if place is None else place(k))
        slope, intercept = rescale(k)
        transformation.RescaleSlope, transformation.RescaleIntercept = decimals((slope, intercept))
        transformation.RescaleType = "HU"
        frame.PlanePositionSequence, frame.PixelValueTransformationSequence = [position], [transformation]
        frames.append(frame)
        stored.append(np.rint((array[k] - intercept) / slope))
    dataset.SharedFunctionalGroupsSequence, dataset.PerFrameFunctionalGroupsSequence = [shared], frames
    store(dataset, np.stack(stored))
    dataset.NumberOfFrames = len(frames)
    return dataset


def store(dataset: Dataset, numbers: np.ndarray, stored_bits: int = 16, signed: bool = False) -> None:
    """Give a dataset its pixels: numbers as they are stored."""
    dataset.Rows, dataset.Columns = numbers.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, stored_bits, stored_bits - 1
    dataset.PixelRepresentation = int(signed)
    dataset.PixelData = numbers.astype("<i2" if signed else "<u2").tobytes()
    dataset["PixelData"].VR = "OW"


def write(folder: Path, datasets: Iterable[FileDataset], names: str = "{:04d}.dcm", syntax: UID | None = None,
          preamble: bool = True) -> Path:  # fmt: skip
    """A folder with a file for each dataset, numbered from 1."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, dataset in enumerate(datasets, 1):
        save(folder / names.format(number), dataset, syntax, preamble)
    return folder


def save(path: Path, dataset: FileDataset, syntax: UID | None = None, preamble: bool = True) -> Path:
    """Write one dataset in a transfer syntax, or as a bare implicit data set without preamble and file header."""
    if not preamble:
        bare = Dataset({element.tag: element for element in dataset if element.tag.group != 2})
        pydicom.dcmwrite(path, bare, implicit_vr=True, little_endian=True, enforce_file_format=False)
        return path
    syntax = syntax or ExplicitVRLittleEndian
    if syntax in (RLELossless, *_COMPRESSORS):
        dataset = compressed(dataset, syntax)
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        pixels, dataset.PixelData = dataset.PixelData, np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
        pydicom.dcmwrite(path, dataset, implicit_vr=False, little_endian=False, force_encoding=True)
        dataset.PixelData = pixels
    else:
        dataset.save_as(path, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True, force_encoding=True)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return path


def compressed(dataset: FileDataset, syntax: UID) -> FileDataset:
    """The same picture, RLE by pydicom, JPEG lossless or JPEG 2000 by the GDCM of SimpleITK (16 pixels or more)."""
    copy = copied(dataset)
    if syntax == RLELossless:
        copy.compress(RLELossless, generate_instance_uid=False)
        return copy
    assert min(dataset.Rows, dataset.Columns) >= 16, "GDCM's encoder writes beyond its memory for smaller pictures"
    signed, number = bool(dataset.PixelRepresentation), "<i2" if dataset.PixelRepresentation else "<u2"
    numbers = np.frombuffer(dataset.PixelData, number).reshape(1, dataset.Rows, dataset.Columns)
    with tempfile.TemporaryDirectory() as folder:
        writer = sitk.ImageFileWriter()
        writer.SetFileName(f"{folder}/frame.dcm")
        writer.SetUseCompression(True)
        writer.SetCompressor(_COMPRESSORS[syntax])
        writer.Execute(sitk.GetImageFromArray(numbers.astype(np.int16 if signed else np.uint16)))
        encoded = pydicom.dcmread(f"{folder}/frame.dcm")
    assert encoded.file_meta.TransferSyntaxUID == syntax
    copy.PixelData, copy["PixelData"].VR = encoded.PixelData, "OB"
    copy["PixelData"].is_undefined_length = True
    return copy


def assert_read(path, array=None, dtype="int16", to_ras=None, **options):
    """Read a file or folder, and compare with an array, by default ``hu()``, and its matrix."""
    volume = io.read_volume(path, **options)
    np.testing.assert_array_equal(volume.numpy(), hu() if array is None else array)
    assert volume.numpy().dtype == dtype
    expected = ijk_to_ras() if to_ras is None else to_ras
    np.testing.assert_allclose(volume.ijk_to_ras, expected, atol=1e-6)
    return volume


def refused(path, *words, **options) -> str:
    """The sentence by which a file or folder is refused, with these words in it."""
    with pytest.raises(InputError) as caught:
        io.read_volume(path, **options)
    for word in words:
        assert word in str(caught.value)
    return str(caught.value)


def copied(dataset: FileDataset) -> FileDataset:
    """The same in memory of its own."""
    buffer = BytesIO()
    dataset.save_as(buffer, implicit_vr=False, little_endian=True, enforce_file_format=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer)


def edit(path: Path, **changes) -> None:
    """Change elements of a file; None removes one."""
    dataset = pydicom.dcmread(path)
    for keyword, value in changes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(path)


def decimals(values: Iterable[float]) -> list[DSfloat]:
    """Decimal strings, as long as DICOM lets them be."""
    return [DSfloat(float(value), auto_format=True) for value in values]


def _dataset(sop_class: UID) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, sop_class
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "20200101", "000000", ""
    dataset.Modality, dataset.SeriesDescription, dataset.SeriesNumber = "CT", "abdomen", 3
    dataset.PatientName, dataset.PatientID, dataset.StudyID = "Test^Case", "case", "1"
    dataset.PatientPosition = "HFS"
    return dataset
