"""What the module remembers in the scene: the plan of the next study and folders. No case, no key, no passphrase."""

from enum import Enum

from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import parameterNodeWrapper

from SyntheticImagingLib.ranges import ranged

from .Choices import DEFAULT_PRESET


class Arms(Enum):
    """What is asked; the value names the arms as the core knows them."""

    rating = "rating"
    pairs = "pairs"
    both = "rating,pairs"

    def label(self):
        return {
            Arms.rating: _("one image, six-point scale"),
            Arms.pairs: _("pairs, one of them synthetic"),
            Arms.both: _("first one image, then pairs"),
        }[self]


class Mark(Enum):
    """Whether the reader marks the place that decided."""

    off = "off"
    optional = "optional"
    required = "required"

    def label(self):
        return {Mark.off: _("not asked for"), Mark.optional: _("if the reader likes"), Mark.required: _("required")}[
            self
        ]


class Modality(Enum):
    ct = "ct"
    xray = "xray"

    def label(self):
        return {Modality.ct: _("CT"), Modality.xray: _("X-ray (radiographs)")}[self]


@parameterNodeWrapper
class VisualTuringParameterNode:
    """The choices in the panel, named as there, with their units.

    0 stands for none (time limit, box, voxels), "" for a folder that is not chosen. newStudyFolder: where the next
    study is made. studyFolder: the study that is read and reported.
    """

    title: str = "Visual Turing test"
    question: str = "Is the lesion real or synthetic?"
    instructions: str
    arms: Arms = Arms.rating
    trainingCases: ranged(int, 0, 100, step=2) = 0
    repeatPercent: ranged(float, 0, 100, step=5) = 10.0
    blockSize: ranged(int, 2, 100, step=2) = 10
    timeLimitS: ranged(float, 0, 600, step=5) = 0.0
    mark: Mark = Mark.off
    cue: bool = True
    allowUnsure: bool = False
    allowBack: bool = False
    sessions: ranged(int, 1, 10) = 1
    washoutDays: ranged(float, 0, 365) = 14.0
    margin: ranged(float, 0.01, 0.49, step=0.01, decimals=2) = 0.15
    modality: Modality = Modality.ct
    boxRMm: ranged(float, 0, 1000, step=10) = 120.0
    boxAMm: ranged(float, 0, 1000, step=10) = 120.0
    boxSMm: ranged(float, 0, 1000, step=10) = 60.0
    voxelRMm: ranged(float, 0, 20, step=0.1, decimals=2) = 0.0
    voxelAMm: ranged(float, 0, 20, step=0.1, decimals=2) = 0.0
    voxelSMm: ranged(float, 0, 20, step=0.1, decimals=2) = 0.0
    sizePx: ranged(int, 16, 4096, step=64) = 1024
    preset: str = DEFAULT_PRESET
    newStudyFolder: str
    studyFolder: str
    reportFolder: str
