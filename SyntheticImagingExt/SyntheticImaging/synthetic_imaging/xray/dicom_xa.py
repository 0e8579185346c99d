"""One image as a DICOM X-ray angiographic image, and the pose out of one (PS3.3 A.14, C.8.7.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, XRayAngiographicImageStorage, generate_uid
from pydicom.valuerep import DSfloat

from .. import __version__
from ..errors import InputError
from ..io.atomic import publish, staging
from ..io.metadata import DICOM_PREFIX
from .geometry import Pose, View
from .image import Radiograph
from .pose_records import record_of, view_of, within_turn

_CREATOR, _GROUP, _POSE = "SYNTHETIC IMAGING", 0x3711, 0x01
_STUDY_KEYWORDS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "StudyID", "StudyInstanceUID",
    "StudyDate", "StudyTime", "StudyDescription", "AccessionNumber",
)  # fmt: skip
_SERIES_NUMBER = 9002
_WHITE = 65535


def write_xa(path: str | PathLike, image: Radiograph, metadata: Mapping[str, str] | None = None) -> Path:
    """Write the display image, 16 bits, marked as derived and synthetic; returns the path.

    metadata: that of the CT; the image joins its study where it names one. Angles, distances and detector are in the
    standard's attributes; a private element holds the whole pose, with isocenter, roll and off-center.
    """
    path = Path(path).expanduser()
    dataset = _dataset(image, metadata or {})
    with staging(path) as folder:
        dataset.save_as(folder / path.name, enforce_file_format=True)
        publish(folder, path)
    return path


def read_view(path: str | PathLike) -> View:
    """The view of a DICOM file with C-arm attributes.

    Files of other makers say neither the isocenter nor a roll: the isocenter is then RAS 0, the central ray meets the
    detector's center. InputError where angles or distances are missing.
    """
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
    except (OSError, pydicom.errors.InvalidDicomError) as error:
        raise InputError(f"'{Path(path).name}' cannot be read as DICOM; choose an X-ray angiographic image.") from error
    try:
        text = dataset.private_block(_GROUP, _CREATOR)[_POSE].value
        return view_of(json.loads(text))
    except KeyError:
        return _standard(dataset, Path(path).name)


def _standard(dataset: pydicom.Dataset, name: str) -> View:
    needed = (
        "PositionerPrimaryAngle", "PositionerSecondaryAngle", "DistanceSourceToDetector", "DistanceSourceToPatient",
        "Rows", "Columns",
    )  # fmt: skip
    missing = [keyword for keyword in needed if dataset.get(keyword) is None]
    spacing = dataset.get("ImagerPixelSpacing")
    if missing or spacing is None:
        missing += ["ImagerPixelSpacing"] if spacing is None else []
        raise InputError(f"'{name}' does not tell {', '.join(missing)}; enter the pose by hand.")
    primary, secondary, far, near, rows, columns = (float(dataset.get(keyword)) for keyword in needed)
    pose = Pose(within_turn(primary), secondary)
    return View.from_pose(pose, far, near, int(rows), int(columns), tuple(map(float, spacing)))


def _dataset(image: Radiograph, metadata: Mapping[str, str]) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = XRayAngiographicImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    _add_study(dataset, metadata)
    _add_synthetic(dataset, image)
    _add_positioner(dataset, image)
    _add_pixels(dataset, image)
    return dataset


def _add_study(dataset: pydicom.Dataset, metadata: Mapping[str, str]) -> None:
    now = datetime.now()
    given = {key.removeprefix(DICOM_PREFIX): value for key, value in metadata.items() if value}
    dataset.PatientName, dataset.PatientID = "Synthetic^Imaging", "synthetic"
    for keyword in ("PatientBirthDate", "PatientSex", "StudyID", "AccessionNumber", "ReferringPhysicianName"):
        setattr(dataset, keyword, None)
    dataset.StudyInstanceUID = generate_uid()
    dataset.StudyDate, dataset.StudyTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    if "PatientID" in given:  # a study has one patient; without its name this is a new study
        for keyword in _STUDY_KEYWORDS:
            if given.get(keyword):
                setattr(dataset, keyword, given[keyword])
    dataset.SeriesInstanceUID, dataset.SeriesNumber, dataset.InstanceNumber = generate_uid(), _SERIES_NUMBER, 1
    dataset.ContentDate, dataset.ContentTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")


def _add_synthetic(dataset: pydicom.Dataset, image: Radiograph) -> None:
    title = image.view.pose().title
    dataset.Modality, dataset.ImageType = "XA", ["DERIVED", "SECONDARY", "SINGLE PLANE"]
    dataset.SeriesDescription = f"synthetic: X-ray from CT, {title}"[:64]
    dataset.DerivationDescription = f"synthetic: X-ray image computed from CT (Synthetic Imaging {__version__})"
    dataset.Manufacturer, dataset.ManufacturerModelName = "Synthetic Imaging", "Virtual C-arm"
    dataset.SoftwareVersions, dataset.BurnedInAnnotation = __version__, "NO"
    block = dataset.private_block(_GROUP, _CREATOR, create=True)
    block.add_new(_POSE, "UT", json.dumps(record_of(image.view)))


def _add_positioner(dataset: pydicom.Dataset, image: Radiograph) -> None:
    pose, far, near, _ = image.view.pose_and_distances()
    dataset.KVP = _decimal(image.settings.spectrum.kvp)
    dataset.RadiationSetting, dataset.PositionerMotion = "GR", "STATIC"
    dataset.XRayTubeCurrent, dataset.ExposureTime = None, None
    dataset.PositionerPrimaryAngle, dataset.PositionerSecondaryAngle = _decimal(pose.lao_deg), _decimal(pose.cran_deg)
    dataset.DistanceSourceToDetector, dataset.DistanceSourceToPatient = _decimal(far), _decimal(near)
    dataset.EstimatedRadiographicMagnificationFactor = _decimal(far / near)
    dataset.ImagerPixelSpacing = [_decimal(value) for value in image.view.pixel_mm]
    dataset.Grid = "IN" if image.settings.scatter.grid else "NONE"


def _add_pixels(dataset: pydicom.Dataset, image: Radiograph) -> None:
    gray = image.display.detach().cpu().double().clamp(0, 1).numpy()
    dataset.Rows, dataset.Columns = gray.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.PixelIntensityRelationship = "DISP"
    dataset.WindowCenter, dataset.WindowWidth = (_WHITE + 1) // 2, _WHITE + 1
    dataset.PixelData = np.rint(gray * _WHITE).astype("<u2").tobytes()


def _decimal(value: float) -> DSfloat:
    return DSfloat(float(value), auto_format=True)
