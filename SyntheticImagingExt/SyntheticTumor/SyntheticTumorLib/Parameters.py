"""What the module remembers in the scene beside the lesions themselves."""

from enum import Enum
from typing import Annotated

import slicer
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Decimals, SingleStep, WithinRange, parameterNodeWrapper


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
    placeRadiusMm: Annotated[float, WithinRange(1, 60), SingleStep(0.5), Decimals(1)] = 8.0
    sizeLevel: SizeLevel = SizeLevel.small
    severalCount: Annotated[int, WithinRange(0, 30)] = 0
    satelliteCount: Annotated[int, WithinRange(1, 10)] = 3
    showOutlines: bool = True
    exportFolder: str
    doublingTimeDays: Annotated[float, WithinRange(-2000, 2000), SingleStep(10), Decimals(0)] = 100.0
    frameCount: Annotated[int, WithinRange(2, 24)] = 6
    intervalDays: Annotated[float, WithinRange(1, 365), SingleStep(5), Decimals(0)] = 30.0
    cropToOrgan: bool = False
