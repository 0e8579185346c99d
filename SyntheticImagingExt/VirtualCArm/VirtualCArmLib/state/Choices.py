"""What a user chooses beside the numbers of the core; named as the parameters are."""

from dataclasses import dataclass

from synthetic_imaging.declared import Declared, flag, text
from synthetic_imaging.xray.machines import DEFAULT_MACHINE


@dataclass(frozen=True)
class Choices(Declared):
    """machine: its numbers are copied into the geometry, its limits are told. contrastSegmentId: "" for none."""

    machine: str = text(DEFAULT_MACHINE, "Name of the C-arm")
    biplane: bool = flag(False, "A second plane, with the same isocenter and distances")
    live: bool = flag(True, "Images follow; otherwise the last one is held until one is taken")
    useGpu: bool = flag(True, "Images are computed on the GPU, where there is one")
    fitEveryImage: bool = flag(False, "Each image is shown with a window that suits it, until a hand sets the window")
    contrastSegmentId: str = text("", "Segment that holds the contrast agent")
    showOutlines: bool = flag(True, "Outlines of the segments lie over the picture")
    showLandmarks: bool = flag(True, "Landmarks lie over the picture")
    showCArm3D: bool = flag(True, "The C-arm stands in the 3D view")
    showHandles: bool = flag(True, "Handles turn the C-arm in the 3D view")
    showImage3D: bool = flag(True, "The picture hangs at the detector in the 3D view")
    showPatient3D: bool = flag(True, "Bones and skin are shown in the 3D view")
    showRay: bool = flag(True, "The ray under the mouse is shown in the 3D view and in slices")
    slicesFollowRay: bool = flag(False, "The slices go to where the ray under the mouse passes the isocenter")
