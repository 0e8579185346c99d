"""The module's only state: what is set, from which everything else follows."""

from typing import Annotated

import slicer
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

RANGES = {
    "laoDeg": (-180, 180),
    "cranDeg": (-90, 90),
    "rollDeg": (-180, 180),
    "tableRMm": (-500, 500),
    "tableAMm": (-500, 500),
    "tableSMm": (-1000, 1000),
    "imageSize": (16, 4096),
    "kvp": (40, 125),
    "alMm": (0, 50),
    "cuMm": (0, 5),
    "noiseSeed": (0, 2**31 - 1),
    "scatterRatio": (0, 20),
    "irisRadiusMm": (0, 1000),
    "shutterLeftMm": (0, 1000),
    "shutterRightMm": (0, 1000),
    "shutterTopMm": (0, 1000),
    "shutterBottomMm": (0, 1000),
    "detail": (0, 10),
    "laoDegB": (-180, 180),
    "cranDegB": (-90, 90),
    "rollDegB": (-180, 180),
    "contrastMgMl": (0, 400),
    "sweepLaoDeg": (-180, 180),
    "sweepCranDeg": (-90, 90),
    "sweepCount": (2, 360),
}
"""What parameters can be set to."""


def _ranged(kind, name):
    return Annotated[kind, WithinRange(*RANGES[name])]


@parameterNodeWrapper
class VirtualCArmParameterNode:
    """Sliders, handles, console and imported poses write here; the logic follows and asks for new images.

    ct: in HU. machine: name of a preset, whose numbers ``setMachine`` copies into the distances and the field.
    laoDeg, cranDeg, rollDeg: DICOM primary (LAO +) and secondary angle (CRAN +), clockwise turn of the picture; with B
    at the end those of the second plane. isocenter: its first point, in the patient. table: how far the table has
    carried the patient to the right, anterior and superior since. fieldWidthMm, fieldHeightMm: of the detector;
    offRightMm, offUpMm: its center from the central ray, on the detector. imageSize: pixels across.
    kvp, alMm, cuMm: tube voltage and all filters in the beam. photonsPerMm2: of the open beam on the detector.
    scatterRatio: scatter to primary in the reference condition. irisRadiusMm: on the detector, 0 is open. shutters: how
    far each has come in from its edge of the field. naive: line integrals only. windowLow, windowHigh: attenuation,
    -ln(signal over air), shown black and white, or white and black when inverted. fitEveryImage: each image of each
    plane is shown with a window that suits it instead; setting the window by hand ends that. detail: enlargement of
    detail. segmentation: whose visible segments are outlined. contrastSegmentId ("" for none), contrastMgMl: mg of
    iodine per ml in a segment. landmarks: points that are projected. sweep: the last pose and the number of images of a
    sweep that begins at the present one. live: whether images follow; otherwise the last one is held until
    ``takeImage``. useGpu: where there is one.
    """

    ct: slicer.vtkMRMLScalarVolumeNode
    machine: str = "cios-spin"
    laoDeg: _ranged(float, "laoDeg") = 0.0
    cranDeg: _ranged(float, "cranDeg") = 0.0
    rollDeg: _ranged(float, "rollDeg") = 0.0
    isocenter: slicer.vtkMRMLMarkupsFiducialNode
    tableRMm: _ranged(float, "tableRMm") = 0.0
    tableAMm: _ranged(float, "tableAMm") = 0.0
    tableSMm: _ranged(float, "tableSMm") = 0.0
    sourceToDetectorMm: float = 1020.0
    sourceToIsocenterMm: float = 530.0
    fieldWidthMm: float = 297.984
    fieldHeightMm: float = 297.984
    offRightMm: float = 0.0
    offUpMm: float = 0.0
    imageSize: _ranged(int, "imageSize") = 512
    kvp: _ranged(float, "kvp") = 80.0
    alMm: _ranged(float, "alMm") = 3.0
    cuMm: _ranged(float, "cuMm") = 0.1
    photonsPerMm2: float = 2.7e5
    noise: bool = True
    noiseSeed: _ranged(int, "noiseSeed") = 0
    scatterRatio: _ranged(float, "scatterRatio") = 1.0
    grid: bool = True
    irisRadiusMm: _ranged(float, "irisRadiusMm") = 0.0
    shutterLeftMm: _ranged(float, "shutterLeftMm") = 0.0
    shutterRightMm: _ranged(float, "shutterRightMm") = 0.0
    shutterTopMm: _ranged(float, "shutterTopMm") = 0.0
    shutterBottomMm: _ranged(float, "shutterBottomMm") = 0.0
    naive: bool = False
    inverted: bool = False
    windowLow: float = 0.5
    windowHigh: float = 7.0
    fitEveryImage: bool = False
    detail: _ranged(float, "detail") = 0.0
    biplane: bool = False
    laoDegB: _ranged(float, "laoDegB") = 90.0
    cranDegB: _ranged(float, "cranDegB") = 0.0
    rollDegB: _ranged(float, "rollDegB") = 0.0
    segmentation: slicer.vtkMRMLSegmentationNode
    contrastSegmentId: str
    contrastMgMl: _ranged(float, "contrastMgMl") = 150.0
    landmarks: slicer.vtkMRMLMarkupsFiducialNode
    exportFolder: str
    sweepLaoDeg: _ranged(float, "sweepLaoDeg") = 30.0
    sweepCranDeg: _ranged(float, "sweepCranDeg") = 0.0
    sweepCount: _ranged(int, "sweepCount") = 16
    showCArm3D: bool = True
    showHandles: bool = True
    showImage3D: bool = True
    showPatient3D: bool = True
    showRay: bool = True
    slicesFollowRay: bool = False
    showOutlines: bool = True
    showLandmarks: bool = True
    live: bool = True
    useGpu: bool = True
