"""The section Beam and detector: what the form's bindings do not do."""

from slicer.i18n import tr as _

from synthetic_imaging.xray.settings import Collimation
from SyntheticImagingLib import requirements
from SyntheticImagingLib.parameters import Declarations
from SyntheticImagingLib.widgets import silent

IMAGE_SIZES = (256, 512, 768, 1024, 1536)
OPEN = Declarations(Collimation).values(Collimation())
"""The parameters of a collimator that hides nothing."""


class BeamSection:
    """Image size, collimation, device. do(action): runs an action and shows problems. onDevice(): called when the user
    wants another device."""

    def __init__(self, ui, logic, do, onDevice):
        self.ui, self._logic, self._do = ui, logic, do
        self._parameters, self._sizes, self._device = None, [], None
        ui.gpuCheckBox.clicked.connect(lambda *_a: onDevice())
        ui.imageSizeComboBox.activated.connect(self._onSize)
        ui.openCollimatorButton.clicked.connect(lambda *_a: self._do(self._open))

    def setParameters(self, parameters):
        self._parameters = parameters

    def refresh(self):
        if self._parameters is None:
            return
        size, box = self._parameters.imageSize, self.ui.imageSizeComboBox
        wanted = sorted({*IMAGE_SIZES, size})
        with silent(box):
            if wanted != self._sizes:
                self._sizes = wanted
                box.clear()
                box.addItems([_("{size} pixels").format(size=each) for each in wanted])
            box.setCurrentIndex(wanted.index(size))

    def usable(self):
        """What the naive image does not have."""
        ui, parameters = self.ui, self._parameters
        isNaive = parameters is not None and parameters.naive
        naive = _("A simple projection has neither spectrum, noise nor scatter.") if isNaive else ""
        beam = (ui.kvpSlider, ui.alSlider, ui.cuSlider, ui.photonsSpinBox, ui.noiseCheckBox, ui.scatterSlider)
        noScatter = "" if naive or parameters is None or parameters.scatterRatio > 0 else _("Set some scatter first.")
        noGpu = _("No GPU was found, so images are computed on the CPU.") if self._isWithoutGpu() else ""
        return {**dict.fromkeys(beam, naive), ui.gridCheckBox: naive or noScatter, ui.gpuCheckBox: noGpu}

    def _isWithoutGpu(self):
        """Asked once, and only when a CT is prepared, for it loads the engine."""
        if self._device is None and self._logic.isReady:
            self._device = requirements.device() or ""
        return self._device == "CPU"

    def _onSize(self, *_arguments):
        self._parameters.imageSize = self._sizes[self.ui.imageSizeComboBox.currentIndex]

    def _open(self):
        self._logic.setBeam(**OPEN)
