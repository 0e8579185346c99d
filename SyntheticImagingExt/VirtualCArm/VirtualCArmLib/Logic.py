"""The module's logic: a C-arm around a CT, on MRML nodes. No window and no Qt is needed.

Every failure that a user can cause raises ``synthetic_imaging.errors.InputError`` with a sentence that says what is
wrong and what to do, and leaves the scene as it was.
"""

import weakref

import slicer
import vtk

from . import ImageNodes, Isocenter, Setup
from .Control import CArmControl
from .Drawing import Drawing
from .Following import Observations, contentOf
from .Setup import PLANES, State

_logics = weakref.WeakSet()


class CArmLogic(CArmControl):
    """Stands a C-arm around a CT and makes the images that it would take.

    parameters: the wrapped parameter node, the only state: setters, sliders, handles and imports write it, the logic
    follows it. Planes are "A" and, with parameters.biplane, "B".
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
        self._drawing = Drawing(self._onDrawn)
        self.parameters, self._state, self._content = None, None, None
        self.ctNode, self.patient, self.isStale = None, None, False
        _logics.add(self)
        scene, observe = slicer.mrmlScene, self._observations.observe
        observe("close", scene, [scene.StartCloseEvent], self._onSceneCloses)
        observe("replaced", scene, [scene.EndCloseEvent, scene.EndImportEvent], self.bind)
        self._observations.observeRemoval("removal", scene, self._onNodeRemoved)
        self.bind()

    def cleanup(self):
        """Stop following the scene; call it when the logic is not needed any more."""
        self._observations.dropAll()
        self._drawing.setPatient(None)
        self.patient = None
        _logics.discard(self)

    def bind(self):
        """Follow the parameter node of the scene, as it is now."""
        self.parameters = self._findParameterNode()
        events = [vtk.vtkCommand.ModifiedEvent]
        self._observations.observe("parameters", self.parameters.parameterNode, events, self._onParameters)
        self._state = None
        self._onParameters()

    # CT

    def setCt(self, ctNode, onProgress=None):
        """Choose the CT and prepare it (a second or two), with the isocenter in it. onProgress(stage, percent)."""
        for step in self.ctSteps(ctNode):
            if onProgress is not None:
                onProgress(*step)

    def ctSteps(self, ctNode):
        """``setCt`` as a generator of (stage, percent); one that is dropped changes nothing."""
        from SyntheticImagingLib import nodes, requirements

        if self.isPreparedFor(ctNode):
            return
        requirements.requireInstalled()
        yield "Reading the CT", 0
        volume = nodes.volumeFromNode(ctNode)
        _checkCt(ctNode, volume)
        content = contentOf(ctNode)
        center = Isocenter.positionOf(self.parameters.isocenter) or _centerOf(volume)
        yield "Loading the engine", 5
        from synthetic_imaging.xray import Patient

        view = Setup.viewOf(State.of(self.parameters, center), "A").resized(self._drawing.coarsePixels)
        patient = yield from Patient.steps(volume, device=self._device(), view=view)
        self._takeUp(ctNode, patient, content)

    def isPreparedFor(self, ctNode):
        return ctNode is not None and ctNode is self.ctNode and self.isReady

    @property
    def isReady(self):
        """Whether images can be drawn."""
        return self.patient is not None and not self.isStale

    def release(self):
        """Let go of the CT; the images in the scene stay as they are."""
        self._drawing.setPatient(None)
        self._observations.drop("ct")
        self.ctNode, self.patient, self.isStale = None, None, False
        self.changed.emit()

    def centerIsocenter(self):
        """Put the isocenter at the center of the CT."""
        self._ensureReady()
        self.setPose(isocenterRas=_centerOf(self.patient.ct))

    # Looking

    def view(self, plane="A"):
        """The core ``View`` that is set for a plane."""
        return Setup.viewOf(self._state, plane)

    def shownView(self, plane="A"):
        """The core ``View`` of the image that is shown: another one than ``view`` where it is held; None without."""
        return self._drawing.shownView(plane)

    def settings(self):
        """The core ``Settings``."""
        return Setup.settingsOf(self._state)

    def image(self, plane="A"):
        """The live image of a plane, brought up to date in full: a scalar volume of one slice at the detector."""
        self._ensureReady()
        if plane not in self._state.planes:
            from synthetic_imaging.errors import InputError

            raise InputError(f"There is no plane {plane}; switch biplane on for B.")
        self._drawing.ask(plane, self._request(plane))
        self._drawing.finish(plane)
        return ImageNodes.imageNode(self.parameters, plane)

    def takeImage(self):
        """Draw all planes as they stand now, also while images are held."""
        for plane in self._state.planes:
            self.image(plane)
        self.changed.emit()

    def imageNode(self, plane="A"):
        """The live image of a plane as it is now, or None."""
        return ImageNodes.imageNode(self.parameters, plane)

    def isHeld(self, plane="A"):
        """Whether the image is one taken before the C-arm moved on."""
        return not self._state.live and self._drawing.isOld(plane, self._tryRequest(plane))

    def rayAt(self, plane, column, row):
        """The ray to a pixel of the shown image: (sourceRas, pixelRas), tuples in mm; None without an image."""
        view = self.shownView(plane)
        if view is None:
            return None
        return tuple(view.source_ras), tuple(view.pixel_ras(column, row).tolist())

    def readout(self, plane="A"):
        """What to write beside the shown image.

        title (angles), magnification (at the isocenter), pixelMmAtIsocenter, spr (scatter to primary), kvp, naive,
        device, isFinal, isHeld, problem ("" or why there is no image). Numbers are None without an image.
        """
        view, radiograph = self.shownView(plane), self._drawing.radiograph(plane)
        return {
            "title": view.pose().title if view else "",
            "magnification": view.magnification if view else None,
            "pixelMmAtIsocenter": view.pixel_mm[1] / view.magnification if view else None,
            "spr": radiograph.scatter_to_primary if radiograph else None,
            "kvp": radiograph.settings.spectrum.kvp if radiograph else None,
            "naive": radiograph.settings.naive if radiograph else None,
            "device": self.deviceText,
            "isFinal": self._drawing.isFinal(plane),
            "isHeld": self.isHeld(plane),
            "problem": self.problem(plane),
        }

    def problem(self, plane="A"):
        """Why there is no image of what is set, or ""."""
        from synthetic_imaging.errors import InputError

        if self.patient is None:
            return "No CT is prepared. Choose a CT."
        try:
            self._checkView(Setup.viewOf(self._state, plane))
            Setup.settingsOf(self._state)
        except InputError as error:
            return str(error)
        return ""

    @property
    def notices(self):
        """Sentences that a user should know: thick or cut CT, what the machine cannot reach, a full GPU."""
        if self.patient is None:
            return []
        found = [self.patient.notice]
        for plane in self._state.planes:
            found += [*self._drawing.notices(plane), Setup.machineNotice(self._state, plane)]
        return list(dict.fromkeys(sentence for sentence in found if sentence))

    @property
    def deviceText(self):
        """Where images are computed."""
        if self.patient is None:
            return ""
        import torch

        if self.patient.projector.device.type == "cuda":
            return f"GPU: {torch.cuda.get_device_name(0)}"
        return "CPU" if torch.cuda.is_available() else "CPU (no GPU was found)"

    # Drawing

    def drawSteps(self):
        """Generator: draws what is asked for in pieces, all planes coarse first; a change meanwhile counts at once."""
        while self._drawing.isWaiting:
            self._guardedStep()
            yield

    def drawNow(self):
        """Draw all that is asked for, in full."""
        self._drawing.skipCoarse()
        for _ in self.drawSteps():
            pass

    @property
    def isDrawing(self):
        return self._drawing.isWaiting

    @property
    def hasCoarseWork(self):
        """Whether a plane shows nothing yet of what was asked for last."""
        return self._drawing.hasCoarseWork

    def _guardedStep(self):
        import torch

        try:
            self._drawing.step()
        except torch.OutOfMemoryError:
            self._fallBack()

    def _fallBack(self):
        """The GPU became full while drawing."""
        from synthetic_imaging.xray import Patient

        self.message.emit("The GPU has not enough free memory, so images are computed on the CPU from now on.")
        self.patient = Patient(self.patient.ct, self.patient.split)
        self._drawing.setPatient(self.patient)
        self._ask()

    def _request(self, plane):
        from .LiveImage import Request

        view = Setup.viewOf(self._state, plane)
        self._checkView(view)
        return Request(view, Setup.liveSettingsOf(self._state))

    def _tryRequest(self, plane):
        from synthetic_imaging.errors import InputError

        try:
            return self._request(plane)
        except InputError:
            return None

    def _ask(self):
        """Ask for what is set; what cannot be drawn leaves the last image as it is."""
        if not self.isReady or not self._state.live:
            return
        for plane in PLANES:
            request = self._tryRequest(plane) if plane in self._state.planes else None
            if request is None:
                self._drawing.drop(plane)
            else:
                self._drawing.ask(plane, request)
        if self._drawing.isWaiting:
            self.requestDraw()

    def _onDrawn(self, plane, radiograph, view, isFinal):
        node = ImageNodes.makeImageNode(self.parameters, plane)
        ImageNodes.setWindow(node, self._state)
        ImageNodes.show(node, radiograph, view, isFinal)
        self._observations.observe(
            f"window{plane}", node.GetDisplayNode(), [vtk.vtkCommand.ModifiedEvent], self._onWindow
        )
        self.imageChanged.emit(plane, isFinal)

    # Following

    def _onParameters(self):
        place = Isocenter.positionOf(self.parameters.isocenter)
        if place is None:
            place = self._state.isocenterRas if self._state else (0.0, 0.0, 0.0)
        state = State.of(self.parameters, place)
        if state == self._state:
            return
        self._state = state
        node = self.parameters.isocenter
        events = [slicer.vtkMRMLMarkupsNode.PointModifiedEvent, slicer.vtkMRMLTransformableNode.TransformModifiedEvent]
        self._observations.observe("isocenter", node, events, self._onParameters)
        for plane in state.planes:
            image = ImageNodes.imageNode(self.parameters, plane)
            if image is not None:
                ImageNodes.setWindow(image, state)
        self._ask()
        self.changed.emit()

    def _onWindow(self):
        """A hand has changed the window in a view."""
        for plane in self._state.planes:
            node = ImageNodes.imageNode(self.parameters, plane)
            window = ImageNodes.windowOf(node) if node is not None else None
            known = self._state.windowLow, self._state.windowHigh
            if window and max(abs(a - b) for a, b in zip(window, known, strict=True)) > 1e-6:
                self.set(windowLow=window[0], windowHigh=window[1])
                return

    def _onCt(self):
        if self.ctNode is not None and not self.isStale and contentOf(self.ctNode) != self._content:
            self.isStale = True
            self._drawing.dropAll()
            self.inputsChanged.emit()
            self.changed.emit()

    def _onSceneCloses(self):
        for plane in PLANES:
            self._observations.drop(f"window{plane}")
        self._observations.drop("isocenter")
        self._observations.drop("parameters")
        self.release()

    def _onNodeRemoved(self, node):
        if node is self.ctNode:
            self.release()

    def _takeUp(self, ctNode, patient, content):
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
        self._drawing.setPatient(patient)
        wasModifying = self.parameters.StartModify()
        self.parameters.ct = ctNode
        isocenter = Isocenter.make(self.parameters)
        place = Isocenter.positionOf(isocenter)
        if place is None or not _contains(patient.ct, place):
            Isocenter.move(isocenter, _centerOf(patient.ct))
        self.parameters.EndModify(wasModifying)
        self._state = None
        self._onParameters()

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

    def _device(self):
        import torch

        return "cuda" if self.parameters.useGpu and torch.cuda.is_available() else "cpu"


def _checkCt(ctNode, volume):
    from synthetic_imaging.errors import InputError

    if min(volume.shape) < 2:
        raise InputError(f'The volume "{ctNode.GetName()}" is a single slice. Choose a CT with many slices.')


def _centerOf(volume):
    import numpy as np

    return tuple(volume.ras_from_ijk((np.array(volume.shape[::-1]) - 1) / 2).tolist())


def _contains(volume, ras):
    import numpy as np

    ijk = volume.ijk_from_ras(ras)
    return bool((ijk >= -0.5).all() and (ijk <= np.array(volume.shape[::-1]) - 0.5).all())
