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
from pydicom.multival import MultiValue
from pydicom.uid import ExplicitVRLittleEndian, XRayAngiographicImageStorage, generate_uid
from pydicom.valuerep import DSfloat

from .. import __version__
from ..errors import InputError
from ..io.atomic import publish, staging
from ..io.dicom.copying import copy_header
from ..io.dicom.finding import is_dicom
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


def read_view(path: str | PathLike, isocenter_ras: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> View:
    """The view of a DICOM file with C-arm attributes.

    Files of other makers say neither the isocenter nor a roll: the isocenter is then the one given, the central ray
    meets the detector's center. InputError where angles or distances are missing.
    """
    name = Path(path).name
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True, force=is_dicom(Path(path)))
        recorded = _recorded(dataset)
        return _standard(dataset, isocenter_ras) if recorded is None else view_of(recorded)
    except InputError as error:
        raise InputError(f"'{name}': {error}") from error
    except Exception as error:
        # whatever a parser stumbles over in damaged bytes
        raise InputError(f"'{name}' cannot be read as DICOM; choose an X-ray angiographic image.") from error


def _recorded(dataset: pydicom.Dataset) -> dict | None:
    """The record of a file of this package."""
    try:
        return json.loads(dataset.private_block(_GROUP, _CREATOR)[_POSE].value)
    except KeyError:
        return None


def _standard(dataset: pydicom.Dataset, isocenter_ras: tuple[float, float, float]) -> View:
    needed = {
        "PositionerPrimaryAngle": 1, "PositionerSecondaryAngle": 1, "DistanceSourceToDetector": 1,
        "DistanceSourceToPatient": 1, "Rows": 1, "Columns": 1, "ImagerPixelSpacing": 2,
    }  # fmt: skip
    values = {keyword: _numbers(dataset.get(keyword)) for keyword in needed}
    missing = [keyword for keyword, count in needed.items() if len(values[keyword]) != count]
    if missing:
        raise InputError(f"it does not tell {', '.join(missing)}; enter the pose by hand.")
    primary, secondary, far, near, rows, columns = (part[0] for part in list(values.values())[:-1])
    row_mm, column_mm = values["ImagerPixelSpacing"]
    pose = Pose(within_turn(primary), secondary, isocenter_ras=isocenter_ras)
    return View.from_pose(pose, far, near, int(rows), int(columns), (row_mm, column_mm))


def _numbers(value) -> list[float]:
    """The finite numbers of an attribute; none where it is absent, empty or no number."""
    try:
        numbers = [float(part) for part in (value if isinstance(value, MultiValue) else [value])]
    except (TypeError, ValueError):
        return []
    return numbers if np.isfinite(numbers).all() else []


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
    dataset.PatientName, dataset.PatientID = "Synthetic^Imaging", "synthetic"
    for keyword in ("PatientBirthDate", "PatientSex", "StudyID", "AccessionNumber", "ReferringPhysicianName",
                    "Laterality", "PatientOrientation"):  # fmt: skip
        setattr(dataset, keyword, None)
    dataset.StudyInstanceUID = generate_uid()
    dataset.StudyDate, dataset.StudyTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    if metadata.get(f"{DICOM_PREFIX}PatientID"):  # a study has one patient; without its name this is a new study
        copy_header(dataset, metadata, _STUDY_KEYWORDS)
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
