"""The logic's images: what is shown, and how it is drawn."""

import vtk

from . import ImageNodes, Outlines, Setup
from .Setup import PLANES


class CArmImages:
    """Shows and draws the images of all planes; has parameters, patient, _state, _drawing and the signals."""

    def view(self, plane="A"):
        """The core ``View`` that is set for a plane."""
        return Setup.viewOf(self._state, plane)

    def shownView(self, plane="A"):
        """The core ``View`` of the image that is shown: another one than ``view`` where it is held; None without.

        Also that of an image of a saved scene, or of a CT that is gone.
        """
        return self._drawing.shownView(plane) or ImageNodes.viewOf(ImageNodes.imageNode(self.parameters, plane))

    @property
    def isocenterRas(self):
        """Where the C-arm turns about, in the patient; known too while the other numbers cannot be."""
        return Setup.isocenterOf(self._state)

    def settings(self):
        """The core ``Settings``."""
        return Setup.settingsOf(self._state)

    def window(self, plane="A"):
        """Attenuation at the ends of the gray scale with which a plane is shown."""
        if self._state.fitEveryImage:
            radiograph = self._drawing.radiograph(plane)
            known = self._fitted.get(plane)
            if radiograph is not None and (known is None or known[0] is not radiograph):
                fitted = radiograph.fitted_window()
                self._fitted[plane] = known = radiograph, (fitted.low, fitted.high)
            if known is not None:
                return known[1]
        return self._state.windowLow, self._state.windowHigh

    def image(self, plane="A"):
        """The live image of a plane, brought up to date in full: a scalar volume of one slice at the detector."""
        self._ensureReady()
        if plane not in self._state.planes:
            from synthetic_imaging.errors import InputError

            raise InputError(f"There is no plane {plane}; switch biplane on for B.")
        self._drawing.ask(plane, self._request(plane))
        self._drawing.skipCoarse(plane)
        while self._drawing.isWaitingFor(plane):
            self._guarded(lambda: self._drawing.stepOf(plane))
        return ImageNodes.imageNode(self.parameters, plane)

    def takeImage(self):
        """Draw all planes as they stand now, while images are held too; soon in a window, else at once."""
        self._ensureReady()
        requests = {plane: self._request(plane) for plane in self._state.planes}
        for plane, request in requests.items():
            self._drawing.ask(plane, request)
        self.requestDraw()
        self.changed.emit()

    def _shownImage(self, plane):
        """The image node as it is shown: the one that is held, or the present one in full."""
        node = ImageNodes.imageNode(self.parameters, plane)
        isHeld = not self._state.live and self._drawing.isFinal(plane) and not self._drawing.isWaitingFor(plane)
        return node if isHeld and node is not None else self.image(plane)

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
            **({} if self._drawing.shownView(plane) else ImageNodes.beamOf(self.imageNode(plane))),
        }

    def problem(self, plane="A"):
        """Why there is no image of what is set, or ""."""
        from synthetic_imaging.errors import InputError

        if self.patient is None:
            return "No CT is prepared. Choose a CT."
        if self.isStale:
            return "The CT has changed. Wait until it is prepared again."
        try:
            self._request(plane)
        except InputError as error:
            return str(error)
        return ""

    @property
    def notices(self):
        """Sentences that a user should know: thick or cut CT, what the machine cannot reach, a full GPU."""
        if self.patient is None:
            return []
        found = [self.patient.notice, self.gpuProblem, self.ctNotice, *self._tools.problems.values()]
        ofPlanes = {
            plane: [*self._drawing.notices(plane), Setup.machineNotice(self._state, plane)]
            for plane in self._state.planes
        }
        for plane, sentences in ofPlanes.items():
            isCommon = [all(sentence in other for other in ofPlanes.values()) for sentence in sentences]
            for sentence, common in zip(sentences, isCommon, strict=True):
                found.append(sentence if common or not sentence else f"Plane {plane}: {sentence}")
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
        """Generator: draws what is asked for in pieces: all planes coarse first, then in full, then the outlines.

        A change meanwhile counts at once: what is asked for last is drawn next.
        """
        while self.isDrawing:
            self._guarded(self._drawing.step if self._drawing.isWaiting else self._outlines.step)
            yield

    def drawNow(self):
        """Draw all that is asked for, in full."""
        for plane in PLANES:
            self._drawing.skipCoarse(plane)
        for _ in self.drawSteps():
            pass

    @property
    def isDrawing(self):
        """Whether anything that was asked for is not drawn yet."""
        return self._drawing.isWaiting or self._outlines.isWaiting

    @property
    def hasCoarseWork(self):
        """Whether a plane shows nothing yet of what was asked for last."""
        return self._drawing.hasCoarseWork

    def _guarded(self, step):
        import torch

        from synthetic_imaging.cores import one_torch_thread

        try:
            with one_torch_thread():  # small images: more threads wait for each other longer than the work takes
                step()
        except torch.OutOfMemoryError:
            self._fallBack()

    def _fallBack(self):
        """The GPU became full while drawing: the same on the CPU."""
        from synthetic_imaging.xray import Patient

        asked = {plane: self._drawing.request(plane) for plane in self._state.planes}
        self.patient = Patient(self.patient.ct, self.patient.split)
        self.gpuProblem = "The GPU has not enough free memory, so images are computed on the CPU."
        self._drawing.setPatient(self.patient)
        for plane, request in asked.items():
            if request is not None:
                self._drawing.ask(plane, request)
        self.message.emit(self.gpuProblem)

    def _requestOf(self, state, plane):
        """What to draw for a state; InputError where that is impossible."""
        from .LiveImage import Request

        view = Setup.viewOf(state, plane)
        self._checkView(view)
        Setup.checkShutters(state)
        contrast = None
        if state.contrastMgMl > 0:
            contrast = self._agent.projector(self.parameters.segmentation, state.contrastSegmentId, self.ctNode)
        return Request(view, Setup.liveSettingsOf(state), self._tools.current(), contrast, state.contrastMgMl)

    def _request(self, plane):
        return self._requestOf(self._state, plane)

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

    def _askOutlines(self):
        """Ask for the outlines of the images that are shown in full."""
        if not self.isReady:
            return
        for plane in PLANES:
            self._outlines.drop(plane)
            isShown = self._state.showOutlines and plane in self._state.planes
            if not isShown or not self._drawing.isFinal(plane) or self.parameters.segmentation is None:
                Outlines.clear(self.parameters, plane)
            else:
                self._outlines.ask(plane, self.parameters, self.ctNode, self._drawing.shownView(plane))
        if self._outlines.isWaiting:
            self.requestDraw()

    def _onDrawn(self, plane, radiograph, view, isFinal):
        node = ImageNodes.makeImageNode(self.parameters, plane)
        ImageNodes.setWindow(node, self.window(plane), self._state.inverted)
        ImageNodes.show(node, radiograph, view, isFinal)
        events = [vtk.vtkCommand.ModifiedEvent]
        self._observations.observe(f"window{plane}", node.GetDisplayNode(), events, self._onWindow)
        self._scenery.updateLandmarks(self.parameters, self._state, plane, view)
        self._outlines.drop(plane)
        if isFinal and self._state.showOutlines and self.parameters.segmentation is not None:
            self._outlines.ask(plane, self.parameters, self.ctNode, view)
        else:
            Outlines.clear(self.parameters, plane)
        self.imageChanged.emit(plane, isFinal)
