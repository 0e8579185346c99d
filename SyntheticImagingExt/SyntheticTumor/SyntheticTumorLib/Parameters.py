"""What the module remembers in the scene beside the lesions themselves."""

from enum import Enum

import slicer
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import parameterNodeWrapper

from SyntheticImagingLib.ranges import ranged


class SizeLevel(Enum):
    """The published size levels, by the names that the core knows."""

    tiny = "tiny"
    small = "small"
    medium = "medium"
    large = "large"
    mix = "mix"

    def label(self):
        return {"tiny": _("tiny"), "small": _("small"), "medium": _("medium"), "large": _("large"), "mix": _("mix")}[
            self.value
        ]


@parameterNodeWrapper
class SyntheticTumorParameterNode:
    """The choices in the panel.

    ct, organSegmentation and organSegmentId, vesselSegmentation and vesselSegmentId: the input. record: the text node
    of the lesions, from which a saved scene is taken up again. preset: kind of the next lesion. The rest is named as
    in the panel, with its unit. Ranges, steps and decimals of the panel's numbers stand here and not in the form.
    """

    ct: slicer.vtkMRMLScalarVolumeNode
    organSegmentation: slicer.vtkMRMLSegmentationNode
    organSegmentId: str
    vesselSegmentation: slicer.vtkMRMLSegmentationNode
    vesselSegmentId: str
    record: slicer.vtkMRMLTextNode
    preset: str
    placeRadiusMm: ranged(float, 1, 60, step=0.5, decimals=1) = 8.0
    sizeLevel: SizeLevel = SizeLevel.small
    severalCount: ranged(int, 0, 30) = 0
    satelliteCount: ranged(int, 1, 10) = 3
    showOutlines: bool = True
    exportFolder: str
    doublingTimeDays: ranged(float, -2000, 2000, step=10) = 100.0
    frameCount: ranged(int, 2, 24) = 6
    intervalDays: ranged(float, 1, 365, step=5) = 30.0
    cropToOrgan: bool = False
