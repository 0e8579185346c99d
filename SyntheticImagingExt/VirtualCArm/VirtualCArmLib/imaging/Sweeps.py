"""Sweeps: images from one pose to another, as a sequence."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import slicer

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import Pose, View
from synthetic_imaging.xray.settings import Window
from synthetic_imaging.xray.sweeps import Sweep
from synthetic_imaging.xray.views import view_named
from SyntheticImagingLib import nodes

from ..scene import ImageNodes
from ..state.State import State
from .LiveImage import LiveImage, Request
from .Shots import saidSynthetic

if TYPE_CHECKING:
    from synthetic_imaging.xray.image import Patient, Radiograph


Named = str | Sequence[float]
"""LAO and CRAN in degrees, and the roll where it turns, or the name of a view."""


def poseOf(named: Named) -> Pose:
    """A pose by what names it; InputError."""
    if isinstance(named, str):
        return view_named(named).pose
    if not isinstance(named, Sequence) or len(named) not in (2, 3):
        raise InputError(
            "A pose of a sweep is LAO and CRAN in degrees, and the roll where it turns, or the name of a view."
        )
    return Pose(*named)


def statesOf(
    state: State, sweep: Sweep, poseFrom: Named | None = None, poseTo: Named | None = None, count: int | None = None
) -> list[State]:
    """A state for each image, with noise of its own; None: as it stands, as the sweep says."""
    here, seed = state.pose("A"), state.settings.exposure.seed
    first = here if poseFrom is None else replace(poseOf(poseFrom), isocenter_ras=here.isocenter_ras)
    last = None if poseTo is None else poseOf(poseTo)
    poses = (sweep if count is None else replace(sweep, count=count)).poses(first, last)
    return [state.withImage(pose, seed + number) for number, pose in enumerate(poses)]


def sweepSteps(
    patient: Patient, requests: Sequence[Request], window: Window, ctNode: slicer.vtkMRMLScalarVolumeNode, name: str
) -> Generator[tuple[str, float], None, Any]:
    """Generator of (stage, percent); returns the browser node of a sequence of one image per request.

    Dropped midway, it removes what it made.
    """
    made, image = _Sweep(), LiveImage(lambda radiograph, isFinal: None)
    image.setPatient(patient)
    try:
        made.create(saidSynthetic(name), ctNode)
        for number, request in enumerate(requests):
            stage = f"Image {number + 1} of {len(requests)}: {request.view.pose().title}"
            yield stage, 100 * number / len(requests)
            image.ask(request)
            image.skipCoarse()
            while image.stage:
                image.step()
                yield stage, 100 * number / len(requests)
            made.checkPresent()
            made.addFrame(number, image.radiograph, request.view)
        made.finish(window)
    finally:
        made.removeUnlessFinished()
    return made.browser


class _Sweep:
    """The nodes of a sweep while it is made."""

    def __init__(self):
        self.browser = self.sequence = None
        self._isFinished = False

    def create(self, name: str, ctNode: slicer.vtkMRMLScalarVolumeNode):
        self._ctNode = ctNode
        add = slicer.mrmlScene.AddNewNodeByClass
        self.sequence = add("vtkMRMLSequenceNode", slicer.mrmlScene.GetUniqueNameByString(name))
        self.sequence.SetIndexName("image")
        self.sequence.SetIndexUnit("")
        self.sequence.SetIndexType(slicer.vtkMRMLSequenceNode.NumericIndex)
        self.browser = add("vtkMRMLSequenceBrowserNode", f"{self.sequence.GetName()} browser")
        nodes.markSynthetic(self.sequence, ctNode)

    def addFrame(self, number: int, radiograph: Radiograph, view: View):
        """Store one image; the sequence keeps a copy of its own."""
        node = slicer.vtkMRMLScalarVolumeNode()
        node.SetName(f"{self.sequence.GetName()} {number + 1}")
        ImageNodes.show(node, radiograph, view, True)
        nodes.markSynthetic(node)  # on each frame, for the shown one takes its attributes from it
        self.sequence.SetDataNodeAtValue(node, str(number + 1))

    def checkPresent(self):
        """InputError when the user has deleted one of the nodes meanwhile."""
        if any(node.GetScene() is None for node in (self.browser, self.sequence)):
            raise InputError("The sweep was deleted while it was made. Start it again.")

    def finish(self, window: Window):
        self.browser.SetAndObserveMasterSequenceNodeID(self.sequence.GetID())
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(self.browser)
        proxy = self.browser.GetProxyNode(self.sequence)
        nodes.placeBeside(proxy, self._ctNode)
        ImageNodes.setWindow(proxy, (window.low, window.high), window.inverted)
        self._isFinished = True

    def removeUnlessFinished(self):
        if self._isFinished:
            return
        for node in (self.browser, self.sequence):
            if node is not None and node.GetScene() is not None:
                slicer.mrmlScene.RemoveNode(node)
