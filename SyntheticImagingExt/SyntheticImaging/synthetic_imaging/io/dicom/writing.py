"""A volume as a series of CT images that says of itself that it is synthetic."""

from __future__ import annotations

import os
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from ... import __version__
from ...errors import InputError
from ...volume import Volume
from ..atomic import flush, flush_folder, staging
from ..geometry import LPS_TO_RAS
from ..metadata import DICOM_PREFIX, SYNTHETIC_KEY
from .copying import copy_header, decimals, text_for

_STUDY_KEYWORDS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "AccessionNumber", "StudyID",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyDescription", "FrameOfReferenceUID", "BodyPartExamined",
    "PatientPosition", "KVP", "ConvolutionKernel", "ContrastBolusAgent",
)  # fmt: skip
_REQUIRED_EMPTY = (
    "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "ReferringPhysicianName", "KVP",
    "PositionReferenceIndicator", "AcquisitionNumber", "Laterality", "PatientPosition",
)  # fmt: skip
_UNPAIRED = (
    "ABDOMEN", "ABDOMENPELVIS", "AORTA", "BACK", "BLADDER", "BRAIN", "CEREBELLUM", "CERVIX", "CHEST", "CHESTABDOMEN",
    "CHESTABDPELVIS", "COCCYX", "COLON", "CSPINE", "CTSPINE", "ESOPHAGUS", "HEAD", "HEADNECK", "HEART", "ILEUM", "JAW",
    "JEJUNUM", "LARYNX", "LIVER", "LSPINE", "LSSPINE", "MAXILLA", "MEDIASTINUM", "NECK", "NECKCHEST",
    "NECKCHESTABDOMEN", "NECKCHESTABDPELV", "NOSE", "PANCREAS", "PELVIS", "PENIS", "PHARYNX", "PROSTATE", "RECTUM",
    "SCALP", "SKULL", "SPINE", "SPLEEN", "SSPINE", "STERNUM", "STOMACH", "THYMUS", "THYROID", "TONGUE", "TRACHEA",
    "TSPINE", "UTERUS", "WHOLEBODY",
)  # fmt: skip
"""Body parts (PS3.16 annex L) without a side: Laterality stands beside every other one, and beside none of these."""

_SERIES_NUMBER = 9001  # above what scanners use, so that the series is listed last in its study


def write_series(folder: Path, volume: Volume) -> None:
    """Write one file per slice into a new folder; see ``write_volume``.

    The series keeps the patient, study and frame of reference that ``volume.metadata`` names (``DICOM.<keyword>``),
    and gets new series and instance UIDs, ImageType DERIVED, SECONDARY and a description that begins with
    "synthetic". Values are whole HU in int16; fractions are rounded with a warning.
    """
    if os.path.exists(folder) and (not folder.is_dir() or any(folder.iterdir())):  # False for names that are too long
        raise InputError(
            f"'{folder}' exists and is not empty; a DICOM series is written to a new folder, choose another."
        )
    pixels = _whole_hu(volume)
    common = _common(volume)
    with staging(folder) as temporary:
        slices = temporary / folder.name
        slices.mkdir()
        for k, plane in enumerate(pixels):
            path = slices / f"CT{k + 1:04d}.dcm"
            _slice(common, volume, plane, k).save_as(path, enforce_file_format=True)
            flush(path)
        if folder.exists():
            folder.rmdir()
        slices.rename(folder)
        flush_folder(folder.parent)


def _whole_hu(volume: Volume) -> np.ndarray:
    array = volume.numpy()
    if array.size == 0:
        raise InputError(f"The volume is empty (shape {volume.shape}); there is nothing to write.")
    whole = np.rint(array)
    short = np.iinfo(np.int16)
    if not np.isfinite(whole).all() or whole.min() < short.min or whole.max() > short.max:
        raise InputError(
            f"DICOM CT holds {short.min} to {short.max} HU, the volume has {array.min():g} to {array.max():g}; "
            "limit its range, or write NRRD."
        )
    if not np.array_equal(whole, array):
        warnings.warn("DICOM CT holds whole HU; the values were rounded.", stacklevel=4)
    return whole.astype(np.int16)


def _common(volume: Volume) -> pydicom.Dataset:
    """What all slices of the series share."""
    given = {key.removeprefix(DICOM_PREFIX): value for key, value in (volume.metadata or {}).items()}
    now = datetime.now()
    shared = pydicom.Dataset()
    shared.SpecificCharacterSet = "ISO_IR 192"
    shared.PatientName, shared.PatientID = "Synthetic^Imaging", "synthetic"
    shared.StudyInstanceUID, shared.FrameOfReferenceUID = generate_uid(), generate_uid()
    shared.StudyDate, shared.StudyTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    for keyword in _REQUIRED_EMPTY:
        setattr(shared, keyword, None)
    # a study has one patient; without its name this is a new study
    known = [keyword for keyword in _STUDY_KEYWORDS if keyword != "StudyInstanceUID" or given.get("PatientID")]
    copy_header(shared, volume.metadata or {}, known)
    if shared.get("BodyPartExamined") in _UNPAIRED:
        del shared.Laterality
    shared.SOPClassUID, shared.Modality = CTImageStorage, "CT"
    shared.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    mark = given.get(SYNTHETIC_KEY, "")
    shared.SeriesDescription = text_for("SeriesDescription", _description(mark, given.get("SeriesDescription", "")))
    told = mark or f"synthetic (Synthetic Imaging {__version__})"
    shared.DerivationDescription = text_for("DerivationDescription", told)
    shared.SeriesInstanceUID, shared.SeriesNumber = generate_uid(), _SERIES_NUMBER
    shared.ContentDate, shared.ContentTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    shared.Manufacturer, shared.ManufacturerModelName = "Synthetic Imaging", "Synthetic Imaging"
    shared.SoftwareVersions = __version__
    shared.BurnedInAnnotation = "NO"
    _add_pixel_description(shared, volume)
    return shared


def _description(mark: str, source: str) -> str:
    words = mark.split(" (")[0].removeprefix("synthetic: ") or source
    words = words.removeprefix("synthetic").strip(" :,")
    return f"synthetic: {words}" if words else "synthetic"


def _add_pixel_description(shared: pydicom.Dataset, volume: Volume) -> None:
    lps = (LPS_TO_RAS @ volume.ijk_to_ras)[:3, :3]
    along_i, along_j = (lps / volume.spacing_mm).T[:2]
    column_mm, row_mm, slice_mm = volume.spacing_mm
    shared.ImageOrientationPatient = decimals((*along_i, *along_j))
    shared.PixelSpacing = decimals((row_mm, column_mm))
    shared.SliceThickness, shared.SpacingBetweenSlices = decimals((slice_mm, slice_mm))
    shared.Rows, shared.Columns = volume.shape[1], volume.shape[2]
    shared.SamplesPerPixel, shared.PhotometricInterpretation = 1, "MONOCHROME2"
    shared.BitsAllocated, shared.BitsStored, shared.HighBit, shared.PixelRepresentation = 16, 16, 15, 1
    shared.RescaleIntercept, shared.RescaleSlope, shared.RescaleType = 0, 1, "HU"
    shared.WindowCenter, shared.WindowWidth = 40, 400


def _slice(shared: pydicom.Dataset, volume: Volume, plane: np.ndarray, k: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.update(shared)
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.InstanceNumber = k + 1
    position = (LPS_TO_RAS @ volume.ijk_to_ras @ (0, 0, k, 1))[:3]
    dataset.ImagePositionPatient = decimals(position)
    dataset.PixelData = np.ascontiguousarray(plane, dtype="<i2").tobytes()
    return dataset
