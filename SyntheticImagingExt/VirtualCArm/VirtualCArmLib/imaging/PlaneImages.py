"""The images of all planes in the making."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from synthetic_imaging.xray.geometry import View

from ..state.Parameters import PLANES
from .LiveImage import COARSE, FULL, LiveImage, Request

if TYPE_CHECKING:
    from synthetic_imaging.xray.image import Patient


class PlaneImages:
    """Draws both planes piece by piece; each image goes to onDrawn(plane, radiograph, view of its pixels, isFinal)."""

    def __init__(self, onDrawn: Callable[[str, Any, View, bool], object]):
        self._onDrawn = onDrawn
        self._images = {plane: LiveImage(self._told(plane)) for plane in PLANES}
        self._shown, self._isFinal = {}, {}

    def _told(self, plane):
        def told(radiograph, isFinal: bool):
            self._shown[plane], self._isFinal[plane] = self._images[plane].request, isFinal
            self._onDrawn(plane, radiograph, self._shown[plane].view, isFinal)

        return told

    def setPatient(self, patient: Patient | None):
        for image in self._images.values():
            image.setPatient(patient)
        self._shown, self._isFinal = {}, {}

    def ask(self, plane: str, request: Request):
        """Draw this; nothing happens where it is drawn or being drawn."""
        image = self._images[plane]
        if not request.isLike(image.request) or (image.stage == "" and not self._isFinal.get(plane)):
            image.ask(request)

    def isOld(self, plane: str, request: Request | None) -> bool:
        """Whether what is shown is something else than the request (None: what cannot be drawn)."""
        return plane in self._shown and (request is None or not request.isLike(self._images[plane].request))

    def drop(self, plane: str):
        self._images[plane].drop()

    def dropAll(self):
        for plane in PLANES:
            self.drop(plane)

    @property
    def isWaiting(self):
        return any(image.stage for image in self._images.values())

    @property
    def hasCoarseWork(self):
        return any(image.stage == COARSE for image in self._images.values())

    def step(self):
        """One piece of work: of the planes that show nothing of their request yet, then of the others."""
        for stage in (COARSE, FULL):
            for image in self._images.values():
                if image.stage == stage:
                    image.step()
                    return

    def stepOf(self, plane: str):
        """One piece of one plane's work."""
        self._images[plane].step()

    def isWaitingFor(self, plane: str):
        return bool(self._images[plane].stage)

    def skipCoarse(self, plane: str):
        self._images[plane].skipCoarse()

    def forgetShown(self, plane: str):
        """The node of a plane's image is gone: draw it again when asked, whatever for."""
        self._shown.pop(plane, None)
        self._isFinal.pop(plane, None)

    def request(self, plane: str):
        """What was asked for last, or None."""
        return self._images[plane].request

    def shownView(self, plane: str) -> View | None:
        """That of the image that is shown, or None."""
        return self._shown[plane].view if plane in self._shown else None

    def isFinal(self, plane: str):
        """Whether what is shown is what was asked for last, in full."""
        return self._isFinal.get(plane, False) and self._shown.get(plane) is self._images[plane].request

    def radiograph(self, plane: str):
        """The last full image of a plane, or None."""
        return self._images[plane].radiograph if plane in self._images else None

    def notices(self, plane: str):
        radiograph = self._images[plane].radiograph
        return radiograph.notices if radiograph is not None else ()
