"""The module's logic: a C-arm around a CT, on MRML nodes. No window and no Qt is needed.

Every failure that a user can cause raises ``synthetic_imaging.errors.InputError`` with a sentence that says what is
wrong and what to do, and leaves the scene as it was.
"""

import weakref

import slicer
import vtk

from SyntheticImagingLib.stages import finish

from . import ImageNodes, Isocenter, Setup
from .Control import CArmControl
from .Drawing import Drawing
from .Exchange import CArmExchange
from .Following import Observations, contentOf
from .Images import CArmImages
from .Outlines import Outlines
from .Scenery import Scenery
from .Setup import PLANES, State
from .Shots import CArmShots
from .Structures import SEGMENT_EVENTS, ContrastAgent
from .Tools import MATERIAL_ATTRIBUTE, CArmTools, Tools

_logics = weakref.WeakSet()


class CArmLogic(CArmControl, CArmImages, CArmTools, CArmShots, CArmExchange):
    """Stands a C-arm around a CT and makes the images that it would take.

    parameters: the wrapped parameter node, the only state: setters, sliders, handles and imports write it, the logic
    follows it. Planes are "A" and, with parameters.biplane, "B".
    regions: parts of the body, of ``synthetic_imaging.xray.REGIONS``, that the prepared CT seems to show.
    Signals: changed() after the state or readiness changed; imageChanged(plane, isFinal) after a plane's image was
    drawn, coarse or in full; message(text) for the user; inputsChanged() when the CT was edited or moved, which asks
    for ``ctSteps``.
    requestDraw(): asks the window to run ``drawSteps`` soon; at once, and in full, without a window.
    defer(function): how work is put off until the views are done with an event; at once without a window.
    """

    def __init__(self, findParameterNode):
        """findParameterNode(): the wrapped parameter node of the present scene."""
        from SyntheticImagingLib.signal import Signal

        self.changed, self.imageChanged, self.message, self.inputsChanged = Signal(), Signal(), Signal(), Signal()
        self.requestDraw, self.defer = self.drawNow, lambda action: action()
        self._findParameterNode = findParameterNode
        self._observations = Observations()
        self._drawing, self._outlines = Drawing(self._onDrawn), Outlines()
        self._scenery, self._tools = Scenery(self._onHandle), Tools(self._onToolsChanged)
        self._agent = ContrastAgent()
        self.parameters, self._state, self._shown, self._content = None, None, None, None
        self.ctNode, self.patient, self.isStale, self.regions = None, None, False, ()
        self.gpuProblem, self.ctNotice, self._fitted = "", "", {}
        _logics.add(self)
        scene, observe = slicer.mrmlScene, self._observations.observe
        observe("close", scene, [scene.StartCloseEvent], self._onSceneCloses)
        observe("replaced", scene, [scene.EndCloseEvent, scene.EndImportEvent], self.bind)
        self._observations.observeRemoval("removal", scene, self._onNodeRemoved)
        self.bind()

    def cleanup(self):
        """Stop following the scene; call it when the logic is not needed any more."""
        self._observations.dropAll()
        self._letGo()
        _logics.discard(self)

    def bind(self):
        """Follow the parameter node of the scene, as it is now."""
        self.parameters = self._findParameterNode()
        events = [vtk.vtkCommand.ModifiedEvent]
        self._observations.observe("parameters", self.parameters.parameterNode, events, self._onParameters)
        self._state = self._shown = None
        self._onParameters()

    # CT

    def setCt(self, ctNode, onProgress=None):
        """Choose the CT and prepare it (a second or two), with the isocenter in it. onProgress(stage, percent)."""
        finish(self.ctSteps(ctNode), onProgress)

    def ctSteps(self, ctNode):
        """``setCt`` as a generator of (stage, percent); one that is dropped changes nothing."""
        from SyntheticImagingLib import nodes, requirements

        if self.isPreparedFor(ctNode):
            return
        requirements.requireInstalled()
        yield "Reading the CT", 0
        volume = nodes.volumeFromNode(ctNode)
        _checkCt(ctNode, volume)
        notice = _ctNotice(ctNode, volume)
        content = contentOf(ctNode)
        center = Isocenter.positionOf(self.parameters.isocenter) or _centerOf(volume)
        yield "Loading the engine", 5
        from synthetic_imaging.xray import Patient, regions_in

        view = Setup.viewOf(State.of(self.parameters, center), "A").resized(self._drawing.coarsePixels)
        patient = yield from Patient.steps(volume, device=self._device(), view=view)
        _checkPresent(ctNode)
        self._takeUp(ctNode, patient, content, notice)
        self.regions = regions_in(volume)

    def isPreparedFor(self, ctNode):
        return ctNode is not None and ctNode is self.ctNode and self.isReady

    @property
    def isReady(self):
        """Whether images can be drawn."""
        return self.patient is not None and not self.isStale

    def release(self):
        """Let go of the CT; the images in the scene stay as they are."""
        self._letGo()
        self.changed.emit()

    def _letGo(self):
        self._drawing.setPatient(None)
        self._outlines.forget()
        self._scenery.release()
        self._tools.release()
        self._observations.drop("ct")
        self.ctNode, self.patient, self.isStale, self.regions = None, None, False, ()
        self.gpuProblem, self.ctNotice = "", ""

    def centerIsocenter(self):
        """Put the isocenter at the center of the CT."""
        self._ensureReady()
        self.setPose(isocenterRas=_centerOf(self.patient.ct))

    def isocenterNode(self):
        """The point that is the isocenter; made anew where it was deleted."""
        node = Isocenter.make(self.parameters)
        if Isocenter.positionOf(node) is None and not node.GetNumberOfControlPoints():
            Isocenter.move(node, self._state.isocenterRas)
        return node

    # Following

    def _onParameters(self):
        if self._isWriting:
            return
        place = Isocenter.positionOf(self.parameters.isocenter)
        if place is None:
            place = self._state.isocenterRas if self._state else (0.0, 0.0, 0.0)
        state, parameters = State.of(self.parameters, place), self.parameters
        inputs = parameters.isocenter, parameters.segmentation, parameters.landmarks
        if (state, inputs) == self._shown:
            return
        if self._shown is not None and Setup.isWindowTaken(self._shown[0], state):
            parameters.fitEveryImage = False  # which comes back here
            return
        before, self._state, self._shown = self._shown, state, (state, inputs)
        if before is None or inputs != before[1]:
            self._observeInputs()
        if before is not None and state.useGpu != before[0].useGpu and self._deviceType() not in ("", self._device()):
            self._makeStale()
        if self.patient is not None:
            self._scenery.update(parameters, state)
        for plane in state.planes:
            image = ImageNodes.imageNode(parameters, plane)
            if image is not None:
                ImageNodes.setWindow(image, self.window(plane), state.inverted)
        self._ask()
        if before is None or (inputs, state.showOutlines) != (before[1], before[0].showOutlines):
            self._askOutlines()
        self._onLandmarks()
        self.changed.emit()

    def _observeInputs(self):
        observe, cls = self._observations.observe, slicer.vtkMRMLMarkupsNode
        moved = slicer.vtkMRMLTransformableNode.TransformModifiedEvent
        observe("isocenter", self.parameters.isocenter, [cls.PointModifiedEvent, moved], self._onParameters)
        events = [cls.PointModifiedEvent, cls.PointRemovedEvent, cls.PointAddedEvent, moved]
        observe("landmarks", self.parameters.landmarks, events, self._onLandmarks)
        observe("segmentation", self.parameters.segmentation, SEGMENT_EVENTS, self._onSegments)

    def _onLandmarks(self):
        for plane in PLANES:
            view = self._drawing.shownView(plane)
            if view is not None:
                self._scenery.updateLandmarks(self.parameters, self._state, plane, view)

    def _onSegments(self):
        self.defer(self._onSegmentsLater)

    def _onSegmentsLater(self):
        if self.isReady and self._outlines.isOld(self.parameters.segmentation):
            self._ask()
            self._askOutlines()

    def _onToolsChanged(self):
        self._tools.refresh()
        self._ask()
        self.changed.emit()

    def _onHandle(self, plane, values):
        """A handle is dragged: write what it asks for, as a slider would."""
        names = dict(zip(Setup.POSE, Setup.poseNames(plane), strict=True))
        with self._together():
            for name, value in values.items():
                setattr(self.parameters, names.get(name, name), value)

    def _onWindow(self):
        """A hand has changed the window in a view."""
        for plane in self._state.planes:
            node = ImageNodes.imageNode(self.parameters, plane)
            window = ImageNodes.windowOf(node) if node is not None else None
            known = self.window(plane)
            if window and max(abs(a - b) for a, b in zip(window, known, strict=True)) > 1e-6:
                with self._together():
                    for name, value in Setup.windowWithin(*window).items():
                        setattr(self.parameters, name, value)
                return

    def _onCt(self):
        if self.ctNode is not None and not self.isStale and contentOf(self.ctNode) != self._content:
            self._makeStale()

    def _makeStale(self):
        """What is prepared does not count any more; the window, or the next image, prepares anew."""
        self.isStale = True
        self._drawing.dropAll()
        self._outlines.dropAll()
        self.inputsChanged.emit()
        self.changed.emit()

    def _onSceneCloses(self):
        for plane in PLANES:
            self._observations.drop(f"window{plane}")
        for name in ("isocenter", "landmarks", "segmentation", "parameters"):
            self._observations.drop(name)
        self.release()

    def _onNodeRemoved(self, node):
        """A node has left the scene, by the user's hand."""
        if slicer.mrmlScene.IsClosing():
            return
        if node is self.ctNode:
            self.release()
        elif node.GetAttribute(f"{ImageNodes.PREFIX}Pose"):
            for plane in PLANES:
                if ImageNodes.imageNode(self.parameters, plane) is None:
                    self._drawing.forgetShown(plane)
        elif node.IsA("vtkMRMLMarkupsNode") or node.IsA("vtkMRMLSegmentationNode"):
            self._onParameters()
        elif node.IsA("vtkMRMLModelNode") and node.GetAttribute(MATERIAL_ATTRIBUTE):
            self._onToolsChanged()

    def _takeUp(self, ctNode, patient, content, notice):
        for other in list(_logics):
            if other is not self and other.patient is not None:
                other._onTaken()
        self.ctNode, self.patient, self.isStale, self._content = ctNode, patient, False, content
        events = [
            slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
            vtk.vtkCommand.ModifiedEvent,
            slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
        ]
        self._observations.observe("ct", ctNode, events, self._onCt)
        self.gpuProblem, self.ctNotice = "", notice
        self._drawing.setPatient(patient)
        self._outlines.forget()
        self._tools.refresh()
        self._shown = None
        with self._together():
            self.parameters.ct = ctNode
            isocenter = Isocenter.make(self.parameters)
            place = Isocenter.positionOf(isocenter)
            if place is None or not _contains(patient.ct, place):
                Isocenter.move(isocenter, _centerOf(patient.ct))

    def _onTaken(self):
        self.release()
        self.message.emit(
            "The C-arm is driven from elsewhere now, for instance from the Python console. "
            "Open another module and this one again to go on here."
        )

    def _ensureReady(self):
        from synthetic_imaging.errors import InputError

        if self.patient is None:
            raise InputError("No CT is prepared. Choose a CT: setCt(node).")
        if self.isStale:
            self.setCt(self.ctNode)

    def _deviceType(self):
        """Where the prepared CT is, "" where there is none."""
        return self.patient.projector.device.type if self.patient is not None and not self.gpuProblem else ""

    def _device(self):
        import torch

        return "cuda" if self.parameters.useGpu and torch.cuda.is_available() else "cpu"


def _checkPresent(ctNode):
    from synthetic_imaging.errors import InputError

    if ctNode.GetScene() is not slicer.mrmlScene:
        raise InputError(f'"{ctNode.GetName()}" was deleted while it was prepared. Choose another CT.')


def _checkCt(ctNode, volume):
    from synthetic_imaging.errors import InputError

    if ctNode.IsA("vtkMRMLLabelMapVolumeNode"):
        raise InputError(
            f'"{ctNode.GetName()}" is a label map, whose numbers name structures. Choose the CT; label maps come in as '
            'segmentations. If it is a CT, load it again without the option "LabelMap".'
        )
    if min(volume.shape) < 2:
        raise InputError(f'The volume "{ctNode.GetName()}" is a single slice. Choose a CT with many slices.')


def _centerOf(volume):
    import numpy as np

    return tuple(volume.ras_from_ijk((np.array(volume.shape[::-1]) - 1) / 2).tolist())


def _contains(volume, ras):
    import numpy as np

    ijk = volume.ijk_from_ras(ras)
    return bool((ijk >= -0.5).all() and (ijk <= np.array(volume.shape[::-1]) - 0.5).all())


def _ctNotice(ctNode, volume):
    """A sentence where the numbers cannot be HU; "" where they can."""
    lowest = float(volume.data[:: max(1, volume.shape[0] // 8)].min())
    if lowest > -200:
        return (
            f'The lowest value in "{ctNode.GetName()}" is {lowest:g}; in a CT in HU air is about -1000. '
            "Check that the volume is a CT and that its values are HU."
        )
    return ""
