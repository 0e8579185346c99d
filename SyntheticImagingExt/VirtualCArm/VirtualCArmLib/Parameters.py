"""The module's only state: what is set, from which everything else follows."""

import math
from dataclasses import replace
from typing import Annotated

import slicer
from slicer.parameterNodeWrapper import Default, WithinRange, parameterNodeWrapper

from synthetic_imaging.declared import Setting, camel, default_of, own_settings
from synthetic_imaging.xray.geometry import Geometry, Pose
from synthetic_imaging.xray.machines import DEFAULT_MACHINE
from synthetic_imaging.xray.settings import Collimation, Exposure, Scatter, Spectrum, Window

_CLASSES = (Pose, Geometry, Spectrum, Exposure, Scatter, Collimation, Window)
_RENAMED = {"seed": "noiseSeed", "ratio": "scatterRatio", "low": "windowLow", "high": "windowHigh"}
_PLACES = {_RENAMED.get(field, camel(field)): (cls, field) for cls in _CLASSES for field in own_settings(cls)}
for _angle in ("laoDeg", "cranDeg", "rollDeg"):
    _PLACES[f"{_angle}B"] = _PLACES[f"sweep{_angle[0].upper()}{_angle[1:]}"] = _PLACES[_angle]


def _shown(setting):
    """With a lower end that the digits of the form can show, for otherwise it would be rounded to what is refused."""
    unit = 10.0**-setting.decimals
    return replace(setting, low=setting.kind(math.ceil(setting.low / unit) * unit)) if setting.low > 0 else setting


SETTINGS = {
    **{name: _shown(own_settings(cls)[field]) for name, (cls, field) in _PLACES.items()},
    "contrastMgMl": Setting(float, "Iodine in the segment", "mg/mL", low=0, high=400, step=5),
    "sweepCount": Setting(int, "Images of a sweep, the first and the last included", low=2, high=360),
}
"""What is known of each number, by parameter: the core declares most of them."""


def _declared(name, default=None):
    """Type, range and default of a parameter; steps and digits, which the form alone needs, would only be warned of."""
    setting = SETTINGS[name]
    value = default_of(*_PLACES[name]) if default is None else default
    if setting.kind is bool:
        return Annotated[bool, Default(value)]
    return Annotated[setting.kind, WithinRange(setting.low, setting.high), Default(setting.kind(value))]


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
    machine: str = DEFAULT_MACHINE
    laoDeg: _declared("laoDeg")
    cranDeg: _declared("cranDeg")
    rollDeg: _declared("rollDeg")
    isocenter: slicer.vtkMRMLMarkupsFiducialNode
    tableRMm: _declared("tableRMm")
    tableAMm: _declared("tableAMm")
    tableSMm: _declared("tableSMm")
    sourceToDetectorMm: _declared("sourceToDetectorMm")
    sourceToIsocenterMm: _declared("sourceToIsocenterMm")
    fieldWidthMm: _declared("fieldWidthMm")
    fieldHeightMm: _declared("fieldHeightMm")
    offRightMm: _declared("offRightMm")
    offUpMm: _declared("offUpMm")
    imageSize: _declared("imageSize")
    kvp: _declared("kvp")
    alMm: _declared("alMm")
    cuMm: _declared("cuMm")
    photonsPerMm2: _declared("photonsPerMm2")
    noise: _declared("noise")
    noiseSeed: _declared("noiseSeed")
    scatterRatio: _declared("scatterRatio")
    grid: _declared("grid")
    irisRadiusMm: _declared("irisRadiusMm")
    shutterLeftMm: _declared("shutterLeftMm")
    shutterRightMm: _declared("shutterRightMm")
    shutterTopMm: _declared("shutterTopMm")
    shutterBottomMm: _declared("shutterBottomMm")
    naive: bool = False
    inverted: _declared("inverted")
    windowLow: _declared("windowLow")
    windowHigh: _declared("windowHigh")
    fitEveryImage: bool = False
    detail: _declared("detail")
    biplane: bool = False
    laoDegB: _declared("laoDegB", 90.0)
    cranDegB: _declared("cranDegB", 0.0)
    rollDegB: _declared("rollDegB", 0.0)
    segmentation: slicer.vtkMRMLSegmentationNode
    contrastSegmentId: str
    contrastMgMl: _declared("contrastMgMl", 150.0)
    landmarks: slicer.vtkMRMLMarkupsFiducialNode
    exportFolder: str
    sweepLaoDeg: _declared("sweepLaoDeg", 30.0)
    sweepCranDeg: _declared("sweepCranDeg", 0.0)
    sweepCount: _declared("sweepCount", 16)
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
