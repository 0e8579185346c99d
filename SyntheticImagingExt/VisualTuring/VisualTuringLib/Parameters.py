"""What the module remembers in the scene: the plan of the next study and folders. No case, no key, no passphrase."""

from enum import Enum
from pathlib import Path
from typing import Annotated

from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper


class Arms(Enum):
    """What is asked; the value names the arms as the core knows them."""

    rating = "rating"
    pairs = "pairs"
    both = "rating,pairs"

    def label(self):
        return {
            Arms.rating: _("one image, six-point scale"),
            Arms.pairs: _("two images, which one is synthetic"),
            Arms.both: _("first one image, then two"),
        }[self]


class Mark(Enum):
    """Whether the reader marks the place that decided."""

    off = "off"
    optional = "optional"
    required = "required"


class Modality(Enum):
    ct = "ct"
    xray = "xray"

    def label(self):
        return {Modality.ct: _("CT"), Modality.xray: _("X-ray (radiographs)")}[self]


@parameterNodeWrapper
class VisualTuringParameterNode:
    """The choices in the panel, named as there, with their units; 0 stands for none (time limit, box, voxels).

    newStudyFolder: where the next study is made. studyFolder: the study that is read and reported.
    """

    title: str = "Visual Turing test"
    question: str = "Is the lesion real or synthetic?"
    instructions: str
    arms: Arms = Arms.rating
    trainingCases: Annotated[int, WithinRange(0, 1000)] = 0
    repeatPercent: Annotated[float, WithinRange(0, 100)] = 10.0
    blockSize: Annotated[int, WithinRange(2, 1000)] = 10
    timeLimitS: Annotated[float, WithinRange(0, 3600)] = 0.0
    mark: Mark = Mark.off
    cue: bool = True
    allowUnsure: bool = False
    allowBack: bool = False
    sessions: Annotated[int, WithinRange(1, 20)] = 1
    washoutDays: Annotated[float, WithinRange(0, 3650)] = 14.0
    margin: Annotated[float, WithinRange(0.01, 0.49)] = 0.15
    modality: Modality = Modality.ct
    boxRMm: Annotated[float, WithinRange(0, 2000)] = 120.0
    boxAMm: Annotated[float, WithinRange(0, 2000)] = 120.0
    boxSMm: Annotated[float, WithinRange(0, 2000)] = 60.0
    voxelRMm: Annotated[float, WithinRange(0, 100)] = 0.0
    voxelAMm: Annotated[float, WithinRange(0, 100)] = 0.0
    voxelSMm: Annotated[float, WithinRange(0, 100)] = 0.0
    sizePx: Annotated[int, WithinRange(16, 8192)] = 1024
    preset: str = "hcc-portal"
    newStudyFolder: Path
    studyFolder: Path
    reportFolder: Path
