"""What the module remembers in the scene beside the lesions themselves."""

from enum import Enum
from typing import Annotated

import slicer
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper


class SizeLevel(Enum):
    """The published size levels, by the names that the core knows."""

    tiny = "tiny"
    small = "small"
    medium = "medium"
    large = "large"
    mix = "mix"


@parameterNodeWrapper
class SyntheticTumorParameterNode:
    """The choices in the panel.

    ct, organSegmentation and organSegmentId, vesselSegmentation and vesselSegmentId: the input. record: the text node
    of the lesions, from which a saved scene is taken up again. preset: kind of the next lesion. The rest is named as
    in the panel, with its unit.
    """

    ct: slicer.vtkMRMLScalarVolumeNode
    organSegmentation: slicer.vtkMRMLSegmentationNode
    organSegmentId: str
    vesselSegmentation: slicer.vtkMRMLSegmentationNode
    vesselSegmentId: str
    record: slicer.vtkMRMLTextNode
    preset: str
    placeRadiusMm: Annotated[float, WithinRange(1, 60)] = 8.0
    sizeLevel: SizeLevel = SizeLevel.small
    severalCount: Annotated[int, WithinRange(0, 30)] = 0
    satelliteCount: Annotated[int, WithinRange(1, 10)] = 3
    showOutlines: bool = True
    exportFolder: str
    doublingTimeDays: Annotated[float, WithinRange(-2000, 2000)] = 100.0
    frameCount: Annotated[int, WithinRange(2, 24)] = 6
    intervalDays: Annotated[float, WithinRange(1, 365)] = 30.0
    cropToOrgan: bool = False
