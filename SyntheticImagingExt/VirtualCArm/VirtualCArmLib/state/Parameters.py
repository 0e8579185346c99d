"""The module's parameter node: what the core declares of a C-arm, and what the module adds."""

import warnings
from typing import Any

import slicer
from slicer.parameterNodeWrapper import parameterNodeWrapper

from synthetic_imaging.xray.geometry import Geometry, Pose
from synthetic_imaging.xray.settings import Contrast, Settings
from synthetic_imaging.xray.sweeps import Sweep
from SyntheticImagingLib.parameters import Declarations

from .Choices import Choices

PLANES = {"A": "", "B": "B"}
"""At the end of the names of a plane's angles."""

# the isocenter is a point of the scene, which both planes share
POSES = {
    plane: Declarations(Pose, without=("isocenter_ras",), suffix=suffix, defaults={f"laoDeg{suffix}": angle})
    for (plane, suffix), angle in zip(PLANES.items(), (0.0, 90.0), strict=True)
}
BEAM = Declarations(Settings)
NUMBERS = POSES["A"] + POSES["B"] + BEAM + Declarations(Geometry, Contrast, Sweep, Choices, without=("contrast_label",))
"""All that is set with a number, a name or a switch, by parameter."""
FORMER = {"noiseSeed": "seed"}
"""Names of the version before, with the present ones."""


@parameterNodeWrapper
@NUMBERS.declare
class VirtualCArmParameterNode:
    """Sliders, handles, console and imported poses write here; the logic follows and asks for new images.

    ct: in HU. isocenter: its first point, in the patient. segmentation: whose visible segments are outlined. landmarks:
    points that are projected. All other parameters are those of ``Pose`` (with B at the end for the second plane),
    ``Geometry``, ``Settings``, ``Contrast`` and ``Sweep`` of ``synthetic_imaging.xray``, and of ``Choices``.
    """

    ct: slicer.vtkMRMLScalarVolumeNode
    isocenter: slicer.vtkMRMLMarkupsFiducialNode
    segmentation: slicer.vtkMRMLSegmentationNode
    landmarks: slicer.vtkMRMLMarkupsFiducialNode
    exportFolder: str


def within(name: str, value: float) -> float:
    """The number nearest to a value that a parameter can be set to."""
    setting = NUMBERS.settings[name]
    return min(float(setting.high), max(float(setting.low), float(value)))


def windowWithin(low: float, high: float) -> dict[str, float]:
    """The window's ends as they can be set, by parameter; empty where nothing is left between them."""
    values = {"windowLow": within("windowLow", low), "windowHigh": within("windowHigh", high)}
    return values if values["windowLow"] < values["windowHigh"] else {}


def present(values: dict[str, Any]) -> dict[str, Any]:
    """Values by their present names; whoever uses a former one is told."""
    for former in FORMER.keys() & values.keys():
        # whose line it is that has to be changed: the caller of the logic's method
        warnings.warn(
            f'"{former}" is called "{FORMER[former]}" now; the next version knows only that.', FutureWarning, 3
        )
    return {FORMER.get(name, name): value for name, value in values.items()}
