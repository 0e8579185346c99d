"""Makes the images of a state: live ones, coarse first and then in full, and the outlines over them."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import View
from synthetic_imaging.xray.settings import Settings, Window
from SyntheticImagingLib.scheduling import Scheduler

from ..scene.ToolSet import ToolSet
from ..state.Parameters import PLANES
from ..state.State import State
from .FilledSegment import FilledSegment
from .LiveImage import COARSE_PIXELS, Request
from .Outlines import Outlines
from .PlaneImages import PlaneImages
from .PreparedCt import PreparedCt

_ENDS = Window()


class Screen(Protocol):
    """What images are shown on."""

    def onDrawn(self, plane: str, radiograph: Any, view: View, isFinal: bool) -> object:
        """An image is there; ``view`` is that of the pixels it is shown with."""

    def showOutlines(self, plane: str, view: View, values: np.ndarray, looks: list[tuple]) -> object:
        """Outlines of the last image are there: see ``OutlineNodes.show``."""

    def clearOutlines(self, plane: str) -> object:
        """Those that are shown belong to another image."""


class ImageMaker:
    """Keeps the newest request of each plane and draws it when the scheduler says so: a ``scheduling.Drawing``."""

    def __init__(
        self, ct: PreparedCt, tools: ToolSet, scheduler: Scheduler, screen: Screen, say: Callable[[str], object]
    ):
        """say(sentence): for the user."""
        self._ct, self._tools, self._scheduler, self._screen, self._say = ct, tools, scheduler, screen, say
        self._images = PlaneImages(screen.onDrawn)
        self._outlines = Outlines(screen.showOutlines)
        self._filled, self._fitted = FilledSegment(), {}

    def renew(self):
        """Draw the CT that is prepared, or none."""
        self._images.setPatient(self._ct.patient)
        self._outlines.forget()

    def drop(self):
        """Draw nothing of what was asked for."""
        self._images.dropAll()
        self._outlines.dropAll()

    # What is drawn

    def firstView(self, state: State) -> View:
        """That of the image that comes first."""
        return state.view("A").resized(COARSE_PIXELS)

    def refusals(self, state: State) -> Iterator[tuple[Any, str]]:
        """What cannot be of a state, and why, in a sentence."""
        yield from state.problems
        for plane in state.planes:
            try:
                view = state.view(plane)
            except InputError:
                return  # said above
            try:
                self._checkView(view)
            except InputError as error:
                yield view, str(error)
        try:
            state.settings.collimation.edges_mm(state.view("A"))
        except InputError as error:
            yield state.settings.collimation, str(error)

    def request(self, state: State, plane: str) -> Request:
        """What to draw for a state; InputError where that is impossible."""
        view, settings, choices = state.view(plane), state.settings, state.choices
        self._checkView(view)
        state.require(Settings)
        settings.collimation.edges_mm(view)
        filled = None
        if state.contrast.mg_ml > 0:
            filled = self._filled.projector(state.segmentation, choices.contrastSegmentId, self._ct.node)
        return Request(view, _live(settings), self._tools.current(), filled, state.contrast)

    def problem(self, state: State, plane: str) -> str:
        """Why there is no image of a state, or ""."""
        try:
            self.request(state, plane)
        except InputError as error:
            return str(error)
        return ""

    def _checkView(self, view):
        if self._ct.patient is not None:
            from synthetic_imaging.xray import coverage

            coverage.refuse_source_inside(self._ct.patient.ct, view)

    def _tryRequest(self, state, plane):
        try:
            return self.request(state, plane)
        except InputError:
            return None

    # Asking

    def ask(self, state: State):
        """Ask for what is set; what cannot be drawn leaves the last image as it is."""
        if not self._ct.isReady or not state.choices.live:
            return
        for plane in PLANES:
            request = self._tryRequest(state, plane) if plane in state.planes else None
            if request is None:
                self._images.drop(plane)
            else:
                self._images.ask(plane, request)
        if self._images.isWaiting:
            self._scheduler.request(self)

    def take(self, state: State):
        """Draw all planes as they stand now, held or not; InputError where one cannot be drawn."""
        requests = {plane: self.request(state, plane) for plane in state.planes}
        for plane, request in requests.items():
            self._images.ask(plane, request)
        self._scheduler.request(self)

    def complete(self, state: State, plane: str):
        """Draw a plane in full, now."""
        self._images.ask(plane, self.request(state, plane))
        self._images.skipCoarse(plane)
        while self._images.isWaitingFor(plane):
            self._guarded(lambda: self._images.stepOf(plane))

    def askOutlines(self, state: State):
        """Ask for the outlines of the images that are shown in full."""
        if not self._ct.isReady:
            return
        for plane in PLANES:
            self.askOutlinesOf(state, plane)
        if self._outlines.isWaiting:
            self._scheduler.request(self)

    def askOutlinesOf(self, state: State, plane: str):
        """The same of one plane while it is drawn."""
        self._outlines.drop(plane)
        isShown = state.choices.showOutlines and plane in state.planes and state.segmentation is not None
        if isShown and self._images.isFinal(plane):
            self._outlines.ask(plane, state.segmentation, self._ct.node, self._images.shownView(plane))
        else:
            self._screen.clearOutlines(plane)

    def areOutlinesOld(self, state: State) -> bool:
        """Whether the segments have changed since they were prepared."""
        return self._outlines.isOld(state.segmentation)

    # What is shown

    def forgetShown(self, plane: str):
        """The node of a plane's image is gone: draw it again when asked, whatever for."""
        self._images.forgetShown(plane)

    def shownView(self, plane: str) -> View | None:
        """The view of the image that is shown, or None."""
        return self._images.shownView(plane)

    def radiograph(self, plane: str) -> Any:
        """The last full image of a plane as the core's ``Radiograph``, or None."""
        return self._images.radiograph(plane)

    def notices(self, plane: str) -> tuple[str, ...]:
        """What the CT cannot show in the last full image."""
        return self._images.notices(plane)

    def isFinal(self, plane: str) -> bool:
        """Whether what is shown is what was asked for last, in full."""
        return self._images.isFinal(plane)

    def isHeld(self, state: State, plane: str) -> bool:
        """Whether the image is one taken before the C-arm moved on."""
        return not state.choices.live and self._images.isOld(plane, self._tryRequest(state, plane))

    def isKept(self, state: State, plane: str) -> bool:
        """Whether the image that is shown is to stay, because images are held and it is there in full."""
        return not state.choices.live and self.isFinal(plane) and not self._images.isWaitingFor(plane)

    def window(self, state: State, plane: str) -> tuple[float, float]:
        """Attenuation at the ends of the gray scale with which a plane is shown."""
        if state.choices.fitEveryImage:
            radiograph, known = self._images.radiograph(plane), self._fitted.get(plane)
            if radiograph is not None and (known is None or known[0] is not radiograph):
                fitted = radiograph.fitted_window()
                self._fitted[plane] = known = radiograph, (fitted.low, fitted.high)
            if known is not None:
                return known[1]
        return state.settings.window.low, state.settings.window.high

    # Drawing, when the scheduler says so

    def drawNow(self):
        """Draw all that is asked for, in full."""
        for plane in PLANES:
            self._images.skipCoarse(plane)
        for _ in self.restSteps():
            pass

    def drawPreview(self) -> bool:
        """One plane's coarse image; whether another one waits."""
        if self._images.hasCoarseWork:
            self._guarded(self._images.step)
        return self._images.hasCoarseWork

    def restSteps(self) -> Generator[None, None, None]:
        """All that is asked for in pieces: the planes coarse first, then in full, then the outlines.

        A change meanwhile counts at once: what is asked for last is drawn next.
        """
        while self._images.isWaiting or self._outlines.isWaiting:
            self._guarded(self._images.step if self._images.isWaiting else self._outlines.step)
            yield

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
        asked = {plane: self._images.request(plane) for plane in PLANES}
        self._ct.fallBack()
        self._images.setPatient(self._ct.patient)
        for plane, request in asked.items():
            if request is not None:
                self._images.ask(plane, request)
        self._say(self._ct.gpuProblem)


@lru_cache(maxsize=8)
def _live(settings: Settings) -> Settings:
    """Without the window's ends, which the display node has: moving them needs no new image."""
    return replace(settings, window=replace(settings.window, low=_ENDS.low, high=_ENDS.high))
