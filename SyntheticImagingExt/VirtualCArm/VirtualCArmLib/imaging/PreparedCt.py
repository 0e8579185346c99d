"""The CT that is imaged, made ready for projections, and followed in the scene."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import View
from SyntheticImagingLib import hounsfield, nodes, requirements
from SyntheticImagingLib.observing import VOLUME_EVENTS, Observations, contentOf
from SyntheticImagingLib.owning import Owners

if TYPE_CHECKING:
    from synthetic_imaging.volume import Volume


_owners = Owners()


class PreparedCt:
    """node: the volume node; patient: the core's ``Patient`` of it; both None without a CT.

    isStale: whether the CT was edited or moved since. regions: of ``synthetic_imaging.xray.REGIONS``, that it seems to
    show. gpuProblem, notice: sentences that a user should know, or "".
    """

    def __init__(self, onStale: Callable[[], object], onTaken: Callable[[], object]):
        """onStale(): what is prepared does not count any more. onTaken(): another logic has taken the images over."""
        self._onStale, self.onTaken = onStale, onTaken
        self._observations, self._content = Observations(), None
        self._clear()
        _owners.add(self)

    def _clear(self):
        self.node: Any = None
        self.patient: Any = None
        self.isStale, self.regions, self.gpuProblem, self.notice = False, (), "", ""

    @property
    def isReady(self) -> bool:
        """Whether images can be drawn."""
        return self.patient is not None and not self.isStale

    def steps(
        self,
        ctNode: slicer.vtkMRMLScalarVolumeNode,
        device: Callable[[], str],
        firstView: Callable[[Any], View],
        onReady: Callable[[], object],
    ) -> Generator[tuple[str, float], None, None]:
        """Prepare a CT as a generator of (stage, percent); one that is dropped changes nothing.

        device(): "cuda" or "cpu". firstView(volume): the view of the image that comes first. onReady(): called when it
        has been taken up.
        """
        requirements.requireInstalled()
        yield "Reading the CT", 0
        from synthetic_imaging.io.hounsfield import note_of

        volume = nodes.volumeFromNode(ctNode)
        _check(ctNode, volume)
        volume = hounsfield.ctInHu(ctNode, volume)
        notice, content = note_of(volume), contentOf(ctNode)
        yield "Loading the engine", 5
        from synthetic_imaging.xray import Patient, regions_in

        patient = yield from Patient.steps(volume, device=device(), view=firstView(volume))
        if ctNode.GetScene() is not slicer.mrmlScene:
            raise InputError(f'"{ctNode.GetName()}" was deleted while it was prepared. Choose another CT.')
        _owners.take(self, lambda other: other.patient is not None)
        self._clear()
        self.node, self.patient, self._content, self.notice = ctNode, patient, content, notice
        self.regions = regions_in(volume)
        self._observations.observe("ct", ctNode, VOLUME_EVENTS, self._onNode)
        onReady()

    def release(self):
        """Let go of the CT."""
        self._observations.dropAll()
        self._clear()

    def end(self):
        """Nothing can be taken from here any more."""
        self.release()
        _owners.discard(self)

    def makeStale(self):
        """What is prepared does not count any more; whoever wants an image prepares anew."""
        self.isStale = True
        self._onStale()

    def fallBack(self):
        """The GPU became full: the same on the CPU."""
        from synthetic_imaging.xray import Patient

        self.patient = Patient(self.patient.ct, self.patient.split)
        self.gpuProblem = "The GPU has not enough free memory, so images are computed on the CPU."

    @property
    def deviceType(self) -> str:
        """Where it was prepared to be imaged, "" where there is none or the GPU was too small."""
        return self.patient.projector.device.type if self.patient is not None and not self.gpuProblem else ""

    @property
    def deviceText(self) -> str:
        """Where images are computed."""
        if self.patient is None:
            return ""
        import torch

        if self.patient.projector.device.type == "cuda":
            return f"GPU: {torch.cuda.get_device_name(0)}"
        return "CPU" if torch.cuda.is_available() else "CPU (no GPU was found)"

    def _onNode(self):
        if self.node is not None and not self.isStale and contentOf(self.node) != self._content:
            self.makeStale()


def deviceFor(useGpu: bool) -> str:
    """The torch device for a wish."""
    import torch

    return "cuda" if useGpu and torch.cuda.is_available() else "cpu"


def centerOf(volume: Volume) -> tuple[float, float, float]:
    """The middle of a core Volume, mm RAS."""
    return tuple(volume.ras_from_ijk((np.array(volume.shape[::-1]) - 1) / 2).tolist())


def contains(volume: Volume, ras: Sequence[float]) -> bool:
    """Whether a point (mm RAS) lies in a core Volume."""
    ijk = volume.ijk_from_ras(ras)
    return bool((ijk >= -0.5).all() and (ijk <= np.array(volume.shape[::-1]) - 0.5).all())


def _check(ctNode, volume):
    if ctNode.IsA("vtkMRMLLabelMapVolumeNode"):
        raise InputError(
            f'"{ctNode.GetName()}" is a label map, whose numbers name structures. Choose the CT; label maps come in as '
            'segmentations. If it is a CT, load it again without the option "LabelMap".'
        )
    if min(volume.shape) < 2:
        raise InputError(f'The volume "{ctNode.GetName()}" is a single slice. Choose a CT with many slices.')
