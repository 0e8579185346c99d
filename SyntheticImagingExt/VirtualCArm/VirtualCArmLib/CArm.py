"""The parts of a C-arm in the scene, and how they follow each other."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import View
from SyntheticImagingLib.observing import Observations
from SyntheticImagingLib.scheduling import AtOnce, Scheduler
from SyntheticImagingLib.signal import Signal
from SyntheticImagingLib.stages import finish

from .imaging.ImageMaker import ImageMaker
from .imaging.PreparedCt import PreparedCt, centerOf, contains, deviceFor
from .scene import ImageNodes, OutlineNodes
from .scene.CArmScene import CArmScene
from .scene.ImageDisplay import ImageDisplay
from .scene.Structures import SEGMENT_EVENTS
from .scene.ToolSet import MATERIAL_ATTRIBUTE, ToolSet
from .state import Isocenter
from .state.Parameters import NUMBERS, PLANES, VirtualCArmParameterNode, windowWithin
from .state.State import State, planeNamed
from .state.StateHolder import StateHolder

if TYPE_CHECKING:
    from synthetic_imaging.xray.image import Radiograph


_MARKUPS = slicer.vtkMRMLMarkupsNode
_LANDMARK_EVENTS = (
    _MARKUPS.PointModifiedEvent,
    _MARKUPS.PointRemovedEvent,
    _MARKUPS.PointAddedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)


class CArm:
    """holder: reads and writes the state. ct: what is imaged. tools: what else is in the beam. images: makes the
    images. scene, display: show it all. It is the ``Screen`` of the images.

    Signals: as of ``CArmLogic``.
    """

    def __init__(self, findParameterNode: Callable[[], VirtualCArmParameterNode], scheduler: Scheduler | None):
        self.changed, self.imageChanged, self.message, self.inputsChanged = Signal(), Signal(), Signal(), Signal()
        self._scheduler = AtOnce() if scheduler is None else scheduler
        self.ct = PreparedCt(self._onStale, self._onTaken)
        self.tools = ToolSet(self._onTools)
        self.images = ImageMaker(self.ct, self.tools, self._scheduler, self, self.message.emit)
        self.scene, self.display = CArmScene(self._onHandle), ImageDisplay(self._onWindow)
        self.holder = StateHolder(findParameterNode, self.images.refusals, self._onState)
        self._observations = Observations()
        self._observations.observeScene(self._onSceneCloses, self.holder.bind, self._onNodeRemoved)
        self.holder.bind()

    def end(self):
        """Follow nothing any more."""
        self._observations.dropAll()
        self.holder.release()
        self.display.release()
        self._letGo()
        self.ct.end()

    @property
    def parameters(self) -> VirtualCArmParameterNode:
        """The wrapped parameter node of the present scene."""
        return self.holder.parameters

    @property
    def state(self) -> State:
        """What it says."""
        return self.holder.state

    def prepareSteps(self, ctNode: slicer.vtkMRMLScalarVolumeNode) -> Generator[tuple[str, float], None, None]:
        """Prepare a CT as a generator of (stage, percent), and stand the C-arm around it."""

        def firstView(volume):
            place = Isocenter.positionOf(self.parameters.isocenter) or centerOf(volume)
            return self.images.firstView(self.state.at(place))

        yield from self.ct.steps(ctNode, lambda: deviceFor(self.state.choices.useGpu), firstView, self._onCtReady)

    def ensureReady(self):
        """InputError without a CT; one that has changed is prepared again."""
        if self.ct.patient is None:
            raise InputError("No CT is prepared. Choose a CT: setCt(node).")
        if self.ct.isStale:
            finish(self.prepareSteps(self.ct.node))

    def release(self):
        """Let go of the CT; the images in the scene stay as they are."""
        self._letGo()
        self.changed.emit()

    def _letGo(self):
        self.ct.release()
        self.images.renew()
        self.scene.release()
        self.tools.release()

    def imageNode(self, plane: str) -> Any:
        """The live image of a plane as it is now, or None."""
        return ImageNodes.imageNode(self.parameters, plane)

    def shownImage(self, plane: str) -> Any:
        """The image node as it is shown: the one that is held, or the present one in full."""
        node = self.imageNode(plane)
        return node if node is not None and self.images.isKept(self.state, plane) else self.completeImage(plane)

    def completeImage(self, plane: str) -> Any:
        """The image node, brought up to date in full."""
        self.ensureReady()
        if planeNamed(plane) not in self.state.planes:
            raise InputError(f"There is no plane {plane}; switch biplane on for B.")
        self.images.complete(self.state, plane)
        return self.imageNode(plane)

    def shownView(self, plane: str) -> View | None:
        """That of the image that is shown, also of a saved scene, or of a CT that is gone; None without."""
        return self.images.shownView(plane) or ImageNodes.viewOf(self.imageNode(plane))

    # Following

    def _onState(self, before: State | None, state: State):
        """The parameters say something new."""
        inputs = before and (before.segmentation, before.landmarks)
        if inputs is None or inputs != (state.segmentation, state.landmarks):
            observe = self._observations.observe
            observe("landmarks", state.landmarks, _LANDMARK_EVENTS, self._onLandmarks)
            observe("segmentation", state.segmentation, SEGMENT_EVENTS, self._onSegments)
        isOtherDevice = before is not None and state.choices.useGpu != before.choices.useGpu
        if isOtherDevice and self.ct.deviceType not in ("", deviceFor(state.choices.useGpu)):
            self.ct.makeStale()
        if self.ct.patient is not None:
            self.scene.update(self.parameters, state)
        for plane in state.planes:
            window, inverted = self.images.window(state, plane), state.settings.window.inverted
            self.display.setWindow(self.parameters, plane, window, inverted)
        self.images.ask(state)
        if before is None or _outlinedIn(before) != _outlinedIn(state):
            self.images.askOutlines(state)
        self._onLandmarks()
        self.changed.emit()

    def _onLandmarks(self):
        for plane in PLANES:
            view = self.images.shownView(plane)
            if view is not None:
                self.scene.updateLandmarks(self.parameters, self.state, plane, view)

    def _onSegments(self):
        self._scheduler.defer(self._onSegmentsLater)

    def _onSegmentsLater(self):
        if self.ct.isReady and self.images.areOutlinesOld(self.state):
            self.images.ask(self.state)
            self.images.askOutlines(self.state)

    def _onTools(self):
        self.images.ask(self.state)
        self.changed.emit()

    def _onHandle(self, plane, values):
        """A handle is dragged: write what it asks for, as a slider would."""
        with self.holder.together():
            for name, value in values.items():
                suffixed = f"{name}{PLANES[plane]}"
                setattr(self.parameters, suffixed if suffixed in NUMBERS.settings else name, value)

    def _onWindow(self, low, high):
        with self.holder.together():
            for name, value in windowWithin(low, high).items():
                setattr(self.parameters, name, value)

    def _onCtReady(self):
        self.images.renew()
        self.tools.refresh()
        ct = self.ct.patient.ct
        with self.holder.together():
            self.parameters.ct = self.ct.node
            isocenter = Isocenter.make(self.parameters)
            place = Isocenter.positionOf(isocenter)
            if place is None or not contains(ct, place):
                Isocenter.move(isocenter, centerOf(ct))
        self.holder.renew()

    def _onStale(self):
        """What is prepared does not count any more; the window, or the next image, prepares anew."""
        self.images.drop()
        self.inputsChanged.emit()
        self.changed.emit()

    def _onTaken(self):
        self.release()
        self.message.emit(
            "The C-arm is driven from elsewhere now, for instance from the Python console. "
            "Open another module and this one again to go on here."
        )

    def _onSceneCloses(self):
        self.display.release()
        for name in ("landmarks", "segmentation"):
            self._observations.drop(name)
        self.holder.release()
        self.release()

    def _onNodeRemoved(self, node):
        """A node has left the scene, by the user's hand."""
        if slicer.mrmlScene.IsClosing():
            return
        if node is self.ct.node:
            self.release()
        elif node.GetAttribute(f"{ImageNodes.PREFIX}Pose"):
            for plane in PLANES:
                if self.imageNode(plane) is None:
                    self.images.forgetShown(plane)
        elif node.IsA("vtkMRMLMarkupsNode") or node.IsA("vtkMRMLSegmentationNode"):
            self.holder.refresh()
        elif node.IsA("vtkMRMLModelNode") and node.GetAttribute(MATERIAL_ATTRIBUTE):
            self.tools.renew()

    # The screen of ``images``

    def onDrawn(self, plane: str, radiograph: Radiograph, view: View, isFinal: bool):
        """An image was drawn: show it, and what lies over it."""
        state = self.state
        window, inverted = self.images.window(state, plane), state.settings.window.inverted
        self.display.show(self.parameters, plane, radiograph, view, isFinal, window, inverted)
        self.scene.updateLandmarks(self.parameters, state, plane, view)
        self.images.askOutlinesOf(state, plane)
        self.imageChanged.emit(plane, isFinal)

    def showOutlines(self, plane: str, view: View, values: np.ndarray, looks: list[tuple]):
        """Outlines were drawn."""
        OutlineNodes.show(self.parameters, plane, view, values, looks)

    def clearOutlines(self, plane: str):
        """Outlines that are shown are those of another image."""
        OutlineNodes.clear(self.parameters, plane)


def _outlinedIn(state: State):
    return state.segmentation, state.landmarks, state.choices.showOutlines
