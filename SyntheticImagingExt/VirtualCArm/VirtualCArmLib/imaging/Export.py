"""Images, poses and truth into files, and poses out of files."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path

import slicer

from synthetic_imaging.errors import InputError
from synthetic_imaging.steps import in_background
from synthetic_imaging.xray.geometry import Geometry, View
from synthetic_imaging.xray.machines import Machine

from ..scene import Structures
from ..state.Parameters import NUMBERS

STUDY_TAGS = {
    "PatientName": "0010,0010",
    "PatientID": "0010,0020",
    "PatientBirthDate": "0010,0030",
    "PatientSex": "0010,0040",
    "StudyInstanceUID": "0020,000D",
    "StudyID": "0020,0010",
    "StudyDate": "0008,0020",
    "StudyTime": "0008,0030",
    "StudyDescription": "0008,1030",
    "AccessionNumber": "0008,0050",
}
GENERIC = "generic"
"""The machine whose numbers may be any."""
_SAME_MM = 1e-3


def studyOf(ctNode: slicer.vtkMRMLScalarVolumeNode) -> dict[str, str]:
    """Patient and study of a CT that was loaded from Slicer's DICOM database, as metadata of the core; else empty."""
    from synthetic_imaging.io.metadata import DICOM_PREFIX

    database = getattr(slicer, "dicomDatabase", None)
    uids = (ctNode.GetAttribute("DICOM.instanceUIDs") or "").split()
    if database is None or not uids:
        return {}
    values = {name: database.instanceValue(uids[0], tag) for name, tag in STUDY_TAGS.items()}
    return {DICOM_PREFIX + name: value for name, value in values.items() if value}


def isNear(view: View, other: View) -> bool:
    """Whether source and detector's corner are in the same places, to a hundredth of a millimeter."""
    places = [(*one.source_ras, *one.pixel_ras(-0.5, -0.5)) for one in (view, other)]
    return max(abs(a - b) for a, b in zip(*places, strict=True)) < 0.01


def parametersOf(view: View, machine: Machine) -> dict:
    """The parameters that give the distances and the detector of a view, and the machine that has them."""
    geometry, own = Geometry.of_view(view), Geometry.of(machine)
    names = ("source_to_detector_mm", "source_to_isocenter_mm", "field_width_mm", "field_height_mm")
    isSame = all(abs(getattr(geometry, name) - getattr(own, name)) < _SAME_MM for name in names)
    return {"machine": machine.name if isSame else GENERIC, **NUMBERS.values(geometry)}


def truthSteps(
    folder: str | Path,
    view: View,
    segmentationNode: slicer.vtkMRMLSegmentationNode | None,
    points: Mapping,
    tools: list,
    ctNode: slicer.vtkMRMLScalarVolumeNode,
) -> Generator[tuple[str, float], None, Path]:
    """Write what is where in the image of a view, as a generator of (stage, percent); the path of truth.json.

    points: landmarks (mm RAS) by name. Dropped before it writes, it leaves nothing behind.
    """
    from synthetic_imaging.xray.truth_files import write_truth

    ids = Structures.segmentIds(segmentationNode)
    if not (ids or points or tools):
        raise InputError("There is no truth to export: choose a segmentation or landmarks, or add an instrument.")
    reading = Structures.layerSteps(segmentationNode, ids, ctNode)
    layers, names = yield from _told("Reading the segments", 0, reading, 80 / max(1, len(ids)))
    writing = in_background(lambda: write_truth(folder, view, layers, tools, points, names))
    return (yield from _told("Projecting and writing", 80, writing))


def _told(stage, percent, steps, perStep=0.0):
    """Steps as (stage, percent); what the generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
        percent += perStep
        yield stage, percent
