"""One plane's image in the making: coarse at once, then in full, in pieces of some milliseconds; the newest wins.

What a request has in common with the one before is kept: another beam needs no projection of the CT, a moved tool only
its own shadow. Knows the core, and neither the scene nor Qt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from synthetic_imaging.steps import in_background
from synthetic_imaging.xray.geometry import View
from synthetic_imaging.xray.materials import material_named
from synthetic_imaging.xray.settings import Contrast, Settings

from .Lengths import lengthSteps

if TYPE_CHECKING:
    from synthetic_imaging.xray.image import Patient


COARSE_PIXELS = 192
"""Pixels across of the first image; smaller ones are drawn in full at once."""

LARGE_PIXELS = 400_000
"""From so many pixels on, what cannot be cut into pieces is done beside the window's events."""

IDLE, COARSE, FULL = "", "coarse", "full"


@dataclass(frozen=True)
class Request:
    """What to draw. tools: core Tools, the same list object as long as nothing about them changed. filled: the segment
    that holds contrast agent, a StructureProjector of the label 1, or None; contrast: what is in it."""

    view: View
    settings: Settings
    tools: Sequence = ()
    filled: Any = None
    contrast: Contrast = field(default_factory=Contrast)

    def isLike(self, other: Request | None) -> bool:
        """Whether it gives the same image."""
        return (
            other is not None
            and (self.view, self.settings) == (other.view, other.settings)
            and self.tools is other.tools
            and self.filled is other.filled
            and (self.filled is None or self.contrast == other.contrast)
        )


class LiveImage:
    """Draws requests by ``step``; each image goes to onDrawn(radiograph, isFinal).

    stage: IDLE, COARSE (nothing of the request is drawn yet), FULL. radiograph: the last image in full, None before.
    """

    def __init__(self, onDrawn: Callable[[Any, bool], object]):
        self._onDrawn = onDrawn
        self._patient, self._work = None, None
        self._coarse, self._full = _Paths(), _Paths()
        self.request, self.stage, self.radiograph = None, IDLE, None

    def setPatient(self, patient: Patient | None):
        """Draw this CT from now on; None lets go of it."""
        self.drop()
        self._patient, self.request, self.radiograph = patient, None, None
        self._coarse, self._full = _Paths(), _Paths()

    def drop(self):
        """Stop drawing; the last image stays."""
        if self._work is not None:
            self._work.close()
        self._work, self.stage = None, IDLE

    def ask(self, request: Request):
        """Draw this from now on. What is half done for another request is dropped."""
        self.drop()
        self.request, self.stage = request, COARSE
        self._work = self._draw(request)

    def skipCoarse(self):
        """Nobody is looking: go straight to the full image."""
        if self.stage == COARSE:
            self._work, self.stage = self._drawFull(self.request), FULL

    def step(self):
        """One piece of work; nothing when there is none."""
        try:
            next(self._work)
        except StopIteration:
            self._work, self.stage = None, IDLE
        except Exception:
            self.drop()
            raise

    def _draw(self, request):
        if request.view.columns > COARSE_PIXELS:
            small = request.view.resized(COARSE_PIXELS)
            for _ in self._coarse.steps(self._patient, request, small, isCoarse=True):
                pass
            self._onDrawn(_radiograph(self._coarse, request, small), False)
            self.stage = FULL
            yield
        yield from self._drawFull(request)

    def _drawFull(self, request):
        from synthetic_imaging.xray import coverage

        view = request.view
        yield from self._full.steps(self._patient, request, view, isCoarse=False)
        notices = (*coverage.notices(self._patient.ct, view), *self._full.doubts)
        self.radiograph = yield from _inPieces(view, lambda: _radiograph(self._full, request, view, notices))
        self._onDrawn(self.radiograph, True)


def _radiograph(paths, request, view, notices=()):
    from synthetic_imaging.xray import radiograph

    return radiograph(paths.withContrast(request.contrast), view, request.settings, notices)


def _inPieces(view, work):
    """Generator; what the work returns. A large image's is done on another core while the window lives on."""
    if view.rows * view.columns < LARGE_PIXELS:
        return work()
    return (yield from in_background(work))


class _Paths:
    """Millimeters of each material for one size of the image, in three layers: CT, tools, contrast agent.

    doubts: sentences about tools that are not in the picture, or of an odd size.
    """

    def __init__(self):
        self._view, self._ofCt = None, None
        self._tools, self._ofAll = None, None
        self._filled, self._filledMm = None, None
        self.doubts = ()

    def steps(self, patient: Patient, request: Request, view: View, isCoarse: bool):
        """Bring all layers up to date, in pieces."""
        if view != self._view:
            self._view, self._tools, self._filled = None, None, None
            self._ofCt = yield from _projected(patient, view, isCoarse)
            self._view = view
            yield
        if request.tools is not self._tools:
            self._ofAll, self.doubts = yield from _displaced(patient, self._ofCt, view, request.tools)
            self._tools = request.tools
        if request.filled is not self._filled:
            self._filledMm = yield from _filled(request.filled, view)
            self._filled = request.filled

    def withContrast(self, contrast: Contrast):
        if self._filledMm is None or contrast.mg_ml <= 0:
            return self._ofAll
        share = contrast.mg_ml / 1000 / material_named(contrast.material).g_cm3
        some = self._ofAll.get(contrast.material)
        amount = (self._filledMm * share).to(next(iter(self._ofAll.values())))
        return {**self._ofAll, contrast.material: amount if some is None else some + amount}


def _projected(patient, view, isCoarse):
    if isCoarse:
        return patient.named(patient.projector.integrate(view, matched=True))
    integrals = None
    for integrals in patient.projector.steps(view):  # noqa: B007 - the last one is the whole image
        yield
    return patient.named(integrals)


def _displaced(patient, paths, view, tools):
    if not tools:
        return paths, ()
    from synthetic_imaging.xray.tools import doubts, trace, with_tools

    traced = yield from _inPieces(view, lambda: trace(tools, view))
    yield
    return with_tools(paths, patient.projector, view, tools, traced), doubts(tools, traced, view)


def _filled(segment, view):
    if segment is None:
        return None
    (length,) = yield from lengthSteps(segment, view)
    return length
