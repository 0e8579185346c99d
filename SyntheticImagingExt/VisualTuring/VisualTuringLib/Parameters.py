"""What the module remembers in the scene: the plan of the next study and folders. No case, no key, no passphrase."""

from enum import Enum

from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import parameterNodeWrapper

from synthetic_imaging.reading.design import LESION_BOX_MM, Design, ImagePolicy
from synthetic_imaging.tumor.plans import DEFAULT_PRESET
from SyntheticImagingLib.parameters import AXES, Declarations


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


PLAN = Declarations(
    Design,
    ImagePolicy,
    enums={"arms": Arms, "mark": Mark, "modality": Modality},
    defaults={f"box{axis.upper()}Mm": length for axis, length in zip(AXES, LESION_BOX_MM, strict=True)},
)
"""The plan of a study as the core declares it; its names are the parameters, in lowerCamelCase."""


@parameterNodeWrapper
@PLAN.declare
class VisualTuringParameterNode:
    """The choices in the panel, among them ``PLAN``.

    preset: kind of the lesions that are made. newStudyFolder: where the next study is made. studyFolder: the study that
    is read and reported. A folder that is not chosen is "".
    """

    preset: str = DEFAULT_PRESET
    newStudyFolder: str
    studyFolder: str
    reportFolder: str
