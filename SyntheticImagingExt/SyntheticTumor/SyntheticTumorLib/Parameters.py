"""What the module remembers in the scene beside the lesions themselves."""

from enum import Enum

import slicer
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import parameterNodeWrapper

from synthetic_imaging.tumor.plans import Growth, Plan
from SyntheticImagingLib.parameters import Declarations


class SizeLevel(Enum):
    """The published size levels, by the names that the core knows."""

    tiny = "tiny"
    small = "small"
    medium = "medium"
    large = "large"
    mix = "mix"

    def label(self) -> str:
        return {"tiny": _("tiny"), "small": _("small"), "medium": _("medium"), "large": _("large"), "mix": _("mix")}[
            self.value
        ]


FIRST_CHOICES = {"level": SizeLevel.small.value, "radiusMm": 8.0, "satelliteCount": 3}
"""Where the panel begins with something that is left open in the core."""

NUMBERS = Declarations(Growth) + Declarations(
    Plan, enums={"level": SizeLevel}, without=("preset", "seed"), defaults=FIRST_CHOICES
)


@parameterNodeWrapper
@NUMBERS.declare
class SyntheticTumorParameterNode:
    """The choices in the panel.

    ct, organSegmentation and organSegmentId, vesselSegmentation and vesselSegmentId: the input. record: the text node
    of the lesions, from which a saved scene is taken up again. preset: kind of the next lesion, "" for the first that
    goes with the organ. The others are those of ``synthetic_imaging.tumor.Plan`` and ``Growth``.
    """

    ct: slicer.vtkMRMLScalarVolumeNode
    organSegmentation: slicer.vtkMRMLSegmentationNode
    organSegmentId: str
    vesselSegmentation: slicer.vtkMRMLSegmentationNode
    vesselSegmentId: str
    record: slicer.vtkMRMLTextNode
    preset: str
    showOutlines: bool = True
    exportFolder: str
    exportDicom: bool = False
    cropToOrgan: bool = False
