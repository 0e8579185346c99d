"""Small DICOM segmentations and structure sets, written element by element: as other programs write them, with no more
than what their voxels need."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, SegmentationStorage, generate_uid

from synthetic_imaging.volume import Volume

LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
FRAME = generate_uid(entropy_srcs=["frame of reference of the tests"])


def image(shape=(8, 14, 12), matrix=None, frame=FRAME) -> Volume:
    """A CT without contents; slices of 2.5 mm on an oblique grid, unless a matrix says otherwise."""
    if matrix is None:
        angle = np.deg2rad(20)
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        matrix = np.eye(4)
        matrix[:3, :3] = turn @ np.diag([-0.75, -1.0, 2.5])
        matrix[:3, 3] = (31.25, -17.5, 103.0)
    metadata = {"DICOM.FrameOfReferenceUID": frame} if frame else None
    return Volume.from_numpy(np.full(shape, -1000, np.int16), matrix, metadata)


def segmentation(
    path, masks, like: Volume, kind="BINARY", frame=FRAME, order=None, largest=255, spacing_between=True, numbers=None
):
    """Write masks by name (arrays of the image's shape; fractions 0 to 1 where kind says so) as a SEG."""
    numbers = numbers or range(1, len(masks) + 1)
    dataset = _dataset(LABEL_MAP_STORAGE if kind == "LABELMAP" else SegmentationStorage, frame)
    dataset.Modality = "SEG"
    dataset.SegmentationType = kind
    dataset.Rows, dataset.Columns = like.shape[1:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    bits = 1 if kind == "BINARY" else 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    if kind == "FRACTIONAL":
        dataset.SegmentationFractionalType, dataset.MaximumFractionalValue = "PROBABILITY", largest
    dataset.SegmentSequence = [_segment(number, name) for number, name in zip(numbers, masks, strict=True)]
    if kind == "LABELMAP":
        whole = sum(number * np.asarray(mask, np.uint8) for number, mask in zip(numbers, masks.values(), strict=True))
        frames = [(None, k, plane) for k, plane in enumerate(whole) if plane.any()]
    else:
        frames = [
            (number, k, plane)
            for number, mask in zip(numbers, masks.values(), strict=True)
            for k, plane in enumerate(mask)
            if plane.any()
        ]
    frames = [frames[index] for index in order(len(frames))] if order else frames
    lps = LPS @ like.ijk_to_ras
    dataset.PerFrameFunctionalGroupsSequence = [_frame(lps @ (0, 0, k, 1), number) for number, k, _ in frames]
    shared, measures, direction = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [float(like.spacing_mm[1]), float(like.spacing_mm[0])]
    if spacing_between:
        measures.SpacingBetweenSlices = float(like.spacing_mm[2])
    direction.ImageOrientationPatient = [round(x, 9) for x in (lps[:3, :2] / like.spacing_mm[:2]).T.ravel().tolist()]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [direction]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.NumberOfFrames = len(frames)
    planes = np.array([plane for _, _, plane in frames])
    if kind == "BINARY":
        pixels = np.packbits(planes.astype(bool).ravel(), bitorder="little")
    else:
        pixels = np.rint(planes * (largest if kind == "FRACTIONAL" else 1)).astype(np.uint8)
    data = pixels.tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    return _save(dataset, path)


def structure_set(path, structures, like: Volume, frame=FRAME, kind="CLOSED_PLANAR"):
    """Write contours by name as an RTSTRUCT: each a list of (slice, [(i, j), ...]) in voxels of the image."""
    dataset = _dataset(RTStructureSetStorage, None)
    dataset.Modality = "RTSTRUCT"
    dataset.StructureSetLabel = "outlines"
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(structures.items(), 1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for k, points in contours:
            ras = like.ras_from_ijk([(i, j, k) for i, j in points])
            contour = Dataset()
            contour.ContourGeometricType = kind
            contour.NumberOfContourPoints = len(points)
            contour.ContourData = [round(x, 4) for x in (ras * (-1, -1, 1)).ravel().tolist()]
            drawn.ContourSequence.append(contour)
        dataset.StructureSetROISequence.append(roi)
        dataset.ROIContourSequence.append(drawn)
    return _save(dataset, path)


def _segment(number, name):
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel, segment.SegmentAlgorithmType = number, name, "MANUAL"
    return segment


def _frame(position, number):
    frame, plane = Dataset(), Dataset()
    plane.ImagePositionPatient = [round(x, 6) for x in position[:3].tolist()]
    frame.PlanePositionSequence = [plane]
    if number is not None:
        which = Dataset()
        which.ReferencedSegmentNumber = number
        frame.SegmentIdentificationSequence = [which]
    return frame


def _dataset(sop_class, frame):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, generate_uid()
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    dataset.PatientID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "p", generate_uid(), generate_uid()
    if frame:
        dataset.FrameOfReferenceUID = frame
    return dataset


def _save(dataset, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path
