"""What the module remembers in the scene: the choices of the next run."""

from enum import Enum

import slicer
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import parameterNodeWrapper

from synthetic_imaging.evaluation.settings import Measures
from synthetic_imaging.segmentation.postprocessing import Crf, FillHoles, HuRange, LargestComponent
from synthetic_imaging.segmentation.settings import Settings
from SyntheticImagingLib.parameters import Declarations


class Preset(Enum):
    quality = "quality"
    balanced = "balanced"
    fast = "fast"

    def label(self):
        return {
            Preset.quality: _("quality, as published"),
            Preset.balanced: _("balanced, almost the same"),
            Preset.fast: _("fast, outlines differ a little"),
        }[self]


class Crop(Enum):
    """What of a CT is looked at."""

    auto = "auto"
    none = "none"
    body = "body"

    def label(self):
        return {Crop.auto: _("as the preset"), Crop.none: _("everything"), Crop.body: _("the body")}[self]


class Device(Enum):
    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"

    def label(self):
        return {
            Device.auto: _("graphics card, if there is one"),
            Device.cpu: _("processor"),
            Device.cuda: _("NVIDIA graphics card"),
            Device.mps: _("Apple graphics"),
        }[self]


NUMBERS = (
    Declarations(Settings, enums={"preset": Preset, "crop": Crop, "device": Device})
    + Declarations(LargestComponent, without=("connectivity",))
    + Declarations(FillHoles)
    + Declarations(HuRange, suffix="Hu")
    + Declarations(Crf)
    + Declarations(Measures, without=("match", "resample", "repetitions", "seed"))
)
"""Numbers of a run, of the steps after it and of the comparison, as the core declares them."""

STEPS = {"keepsLargest": LargestComponent, "fillsHoles": FillHoles, "limitsHu": HuRange, "refinesOutline": Crf}
"""Steps after the model, in their order, by the parameter that switches each on."""


@parameterNodeWrapper
@NUMBERS.declare
class PretrainedSegmenterParameterNode:
    """The choices in the panel, among them ``NUMBERS``.

    model: id of the catalog, "" for none. volume: the first image. regionSegmentation and regionSegmentId: look only
    around that organ. ownSteps: clean up as the model's description says. segmentation and reference: what is compared.
    """

    model: str
    volume: slicer.vtkMRMLScalarVolumeNode
    wholeSequence: bool = False
    regionSegmentation: slicer.vtkMRMLSegmentationNode
    regionSegmentId: str
    ownSteps: bool = True
    keepsLargest: bool = False
    fillsHoles: bool = False
    limitsHu: bool = False
    refinesOutline: bool = False
    segmentation: slicer.vtkMRMLSegmentationNode
    reference: slicer.vtkMRMLSegmentationNode
