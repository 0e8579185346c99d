"""The module's logic: synthetic lesions in a CT, on MRML nodes. No window and no Qt is needed.

Every failure that a user can cause raises ``synthetic_imaging.errors.InputError`` with a sentence that says what is
wrong and what to do, and leaves the scene as it was.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import slicer

from synthetic_imaging.declared import changed
from synthetic_imaging.errors import InputError
from synthetic_imaging.tumor.lesion import Lesion
from synthetic_imaging.tumor.plans import Growth
from SyntheticImagingLib import dicomfiles, hounsfield
from SyntheticImagingLib.keywords import byPath
from SyntheticImagingLib.observing import Observations
from SyntheticImagingLib.scheduling import AtOnce, Scheduler
from SyntheticImagingLib.signal import Signal
from SyntheticImagingLib.stages import OnProgress, Steps, finish

from . import Growth as Growing
from . import Proposals
from .Display import Display
from .Editing import Editing
from .Inputs import Inputs, Segmentation, Volume
from .PointEvents import PointEvents
from .Results import Results, completeInputsOf, newestRecord, recordFor, refuseResult
from .Session import Session

GROWTH = Growth()
FORMER_KEYWORDS = {"frames": "frameCount"}


class TumorLogic:
    """Places, edits, shows and exports synthetic lesions; lesions are numbered from 0 in the order of placement.

    Numbers of a lesion have the names of ``synthetic_imaging.tumor.Lesion`` in lowerCamelCase: radiusMm, contrastHu,
    lobulation, rimThicknessMm; an unknown one is answered with all that there are. jump: whether the views go to the
    (first) new lesion; a script that places hundreds leaves them where they are.

    Signals: changed() after lesions, results or readiness changed; previewed(index) after a lesion was drawn in
    passing; hovered(ras) while a point is placed or dragged outside the organ; message(text) for the user;
    inputsChanged() when the CT or a segment was edited, which asks for ``prepare``.

    Parts: ``session`` is CT, case, composition and nodes; ``editing`` changes the lesions; ``display`` says what the
    views show.
    """

    def __init__(self, scheduler: Scheduler | None = None):
        """scheduler: when previews are drawn, of a window; without one all is done at once."""
        self.changed, self.previewed, self.hovered = Signal(), Signal(), Signal()
        self.message, self.inputsChanged = Signal(), Signal()
        scheduler = AtOnce() if scheduler is None else scheduler
        self.session = Session(self._onInputsChanged, self._onTaken)
        self.display = Display(self.session, self.changed)
        self.editing = Editing(self.session, self.display, scheduler, self.changed, self.previewed)
        say, hover = self.message.emit, self.hovered.emit
        self._points = PointEvents(self.editing, self.session.points, scheduler, self.setCurrent, say, hover)
        self._observations = Observations()
        self._observations.observeScene(closes=self.release, nodeRemoved=self._onNodeRemoved)

    def cleanup(self):
        """Stop following the scene; call it when the logic is not needed any more."""
        self.release()
        self.session.end()
        self._observations.dropAll()

    # State

    @property
    def inputs(self) -> Inputs:
        """What was chosen."""
        return self.session.inputs

    @property
    def isReady(self) -> bool:
        """Whether CT and organ are prepared and unchanged since."""
        return self.session.isReady

    @property
    def isStale(self) -> bool:
        """Whether CT or organ have changed since they were prepared."""
        return self.session.isStale

    @property
    def case(self):
        """The prepared ``synthetic_imaging.tumor.Case``, or None."""
        return self.session.case

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The lesions, as last asked for."""
        return self.editing.lesions

    @property
    def current(self) -> int:
        """Index of the selected lesion, -1 for none."""
        return self.editing.current

    @property
    def measures(self) -> list[dict]:
        """What each lesion became: dictionaries of volume_ml, mean_hu, std_hu, clearance_mm."""
        return self.session.measures

    @property
    def results(self) -> Results:
        """The nodes: ``volume``, ``segmentation``, ``points``, ``record``; None before the first lesion."""
        return self.session.results

    @property
    def isDragging(self) -> bool:
        """Whether a hand holds the point of a lesion in a view."""
        return self.session.points.isDragging

    def caseSummary(self) -> dict:
        """Numbers of the prepared organ: organ, volumeMl, meanHu, noiseHu, vesselMl, largestRadiusMm (same volume)."""
        return self.session.summary

    # Input

    def setInput(self, ctNode: Volume, segmentationNode: Segmentation, organSegmentId: str | None,
                 vesselSegmentationNode: Segmentation | None = None, vesselSegmentId: str | None = None,
                 onProgress: OnProgress | None = None, acceptHu: bool = False):  # fmt: skip
        """Choose the CT, the organ and, if there is one, the vessel segment, and prepare them (about a second).

        Known lesions of this CT and organ are taken up again. onProgress(stage, percent). acceptHu: the CT is in HU.
        """
        hounsfield.accept(ctNode, acceptHu)
        inputs = Inputs(ctNode, segmentationNode, organSegmentId or "", vesselSegmentationNode, (vesselSegmentId or ""))
        finish(self.inputSteps(inputs), onProgress)

    def inputSteps(self, inputs: Inputs) -> Steps[None]:
        """``setInput`` as a generator of (stage, percent); a generator that is dropped changes nothing."""
        if self.isPreparedFor(inputs):
            return
        refuseResult(inputs.ctNode)
        if inputs != self.inputs:
            self.release()
        record = recordFor(inputs) if inputs.complete and not self.session.lesions else None
        if record is not None and record is not self.results.record:
            yield from self.restoreSteps(record, inputs)
            return
        yield from self.session.prepare(inputs)
        self.changed.emit()

    def isPreparedFor(self, inputs: Inputs) -> bool:
        """Whether these inputs are prepared, and no other session has placed lesions in them meanwhile."""
        isPrepared = self.isReady and inputs == self.inputs
        return isPrepared and (self.results.record is not None or recordFor(inputs) is None)

    def proposedInputs(self, organ: str = "", ctNode: Volume | None = None) -> Inputs:
        """What to choose where there is no doubt; organ: the one to look for first, for instance "kidney"."""
        return Proposals.proposedInputs(organ, ctNode)

    def prepare(self, onProgress: OnProgress | None = None):
        """Prepare the inputs again after they were edited; lesions are drawn anew."""
        finish(self.session.prepare(self.inputs), onProgress)
        self.changed.emit()

    def release(self):
        """Let go of the CT and the lesions; the nodes stay in the scene and can be taken up by ``restore``."""
        self.display.showResult()
        self.editing.letGo()
        self.session.release()
        self.changed.emit()

    def restore(self, record: slicer.vtkMRMLTextNode | None = None, onProgress: OnProgress | None = None):
        """Take up the lesions of a record in the scene (by default the newest); the result is drawn anew from it."""
        finish(self.restoreSteps(record), onProgress)

    def restoreSteps(self, record: slicer.vtkMRMLTextNode | None = None, inputs: Inputs | None = None) -> Steps[None]:
        """``restore`` as a generator of (stage, percent)."""
        from synthetic_imaging.tumor import lesions_of

        record = record or newestRecord()
        text = record.GetText() or ""
        lesions, inputs = lesions_of(text), inputs or completeInputsOf(record)
        self.release()
        yield from self.session.prepare(inputs)
        self.session.takeUp(record)
        self.session.restore(lesions)
        if json.loads(text)["ct_sha256"] != self.case.ct_sha256:
            name = inputs.ctNode.GetName()
            self.message.emit(f'"{name}" is not the CT that these lesions were made in; they were drawn into it anew.')
        self.editing.current = len(lesions) - 1
        self.editing.publish()
        self.display.showResultOfSaved(record)

    # Placing

    def presetNames(self) -> list[str]:
        """Names of the presets, those for the chosen organ first."""
        return self.editing.presetNames()

    def addLesion(self, centerRas: Sequence[float], preset: str = "", radiusMm: float | None = None,
                  seed: int | None = None, name: str = "") -> int:  # fmt: skip
        """Place a lesion at a point of the organ (RAS, mm); returns its index.

        preset: one of ``presetNames()``, by default the first for the organ. radiusMm: by default from the preset.
        """
        return self.editing.add(centerRas, preset, radiusMm, seed, name)

    def addAtSuggestedSite(self, preset: str = "", radiusMm: float | None = None, seed: int | None = None,
                           jump: bool = False) -> int:  # fmt: skip
        """Place a lesion where it is clear of vessels, of the surface and of other lesions; returns its index."""
        return self.addSeveral(None, 1, preset, seed, radiusMm, jump)[0]

    def addSeveral(self, level: str | None = None, count: int | None = None, preset: str = "", seed: int | None = None,
                   radiusMm: float | None = None, jump: bool = False) -> list[int]:  # fmt: skip
        """Place lesions at sites clear of vessels and of each other; returns their indices.

        level: "tiny", "small", "medium", "large" or "mix", which set radius and, without ``count``, the number.
        """
        return self.editing.addSeveral(level, count, preset, seed, radiusMm, jump)

    def addSatellites(self, index: int, count: int = 3, seed: int | None = None) -> list[int]:
        """Small lesions of the same kind around one; returns their indices."""
        return self.editing.addSatellites(index, count, seed)

    def duplicateLesion(self, index: int, jump: bool = False) -> int:
        """The same lesion again, at a clear site, or two radii aside where there is none; returns its index."""
        return self.editing.duplicate(index, jump)

    def suggestSite(self, radiusMm: float, seed: int | None = None, apartFrom: int | None = None
                    ) -> tuple[float, float, float]:  # fmt: skip
        """A place (RAS, mm) where a sphere of the radius meets no vessel, no surface and no lesion.

        apartFrom: index of a lesion that does not count, because it is the one to be moved.
        """
        return self.editing.suggestSite(radiusMm, seed, apartFrom)

    def siteAt(self, ras: Sequence[float]) -> dict[str, Any]:
        """What is near a point (RAS, mm): inside (the organ), vesselMm and surfaceMm."""
        case = self.case
        return {
            "inside": case.contains(ras),
            "vesselMm": case.distance_to_vessel_mm(ras),
            "surfaceMm": case.distance_to_surface_mm(ras),
        }

    def roomAround(self, index: int) -> dict[str, float]:
        """vesselMm and surfaceMm: from a lesion's bounding sphere to them, negative where they meet."""
        return self._roomOf(self.editing.lesion(index))

    def roomAt(self, ras: Sequence[float]) -> dict[str, float]:
        """``roomAround`` of the lesion that a click at a point would place."""
        return self._roomOf(self.editing.sampled(ras, self.editing.nextPreset, self.editing.nextRadiusMm))

    def _roomOf(self, lesion):
        return {"vesselMm": self.case.clearance_mm(lesion), "surfaceMm": self.case.surface_clearance_mm(lesion)}

    # Changing

    def updateLesion(self, index: int, **values: Any):
        """Change numbers of a lesion: ``updateLesion(0, radiusMm=12, lobulation=0.4, rimThicknessMm=2)``.

        A new radius keeps the form of the outline.
        """
        self.editing.update(index, byPath(Lesion, values))

    def moveToClearSite(self, index: int, jump: bool = False) -> tuple[float, float, float]:
        """Move a lesion to a suggested site, as far as its whole outline goes; the site (RAS, mm)."""
        return self.editing.moveToClearSite(index, jump)

    def shuffleLesion(self, index: int):
        """The same kind of lesion with another random form and texture."""
        self.editing.shuffle(index)

    def renameLesion(self, index: int, name: str):
        """Another name in lists and messages; "" keeps the present one."""
        self.editing.rename(index, name)

    def setLesionVisible(self, index: int, visible: bool):
        """Take a lesion out of the CT for a while, or put it in again."""
        self.editing.update(index, {"visible": bool(visible)})

    def removeLesion(self, index: int):
        """Take a lesion out."""
        self.editing.remove(index)

    @property
    def canUndo(self) -> bool:
        return self.editing.canUndo

    @property
    def canRedo(self) -> bool:
        return self.editing.canRedo

    def undo(self):
        """Take the last change back."""
        self.editing.undo()

    def redo(self):
        """Make the change again."""
        self.editing.redo()

    # Views

    def setCurrent(self, index: int, jump: bool = False):
        """Make a lesion the current one; with ``jump`` the slice views go to it."""
        self.editing.current = index if 0 <= index < len(self.lesions) else -1
        if not self.editing.isPreviewing:
            self.session.points.show(self.lesions, self.current)
        if jump and self.current >= 0:
            self.lookAtLesion(self.current)
        self.changed.emit()

    def lookAtLesion(self, index: int):
        """Bring the slice views to a lesion's center, and the 3D views too where surfaces are shown."""
        self.display.lookAt(self.editing.lesion(index))

    def startPlacing(self, on: bool = True):
        """Begin or end place mode: each click in a slice view places a lesion."""
        if on:
            self.editing.ensureReady()
            self.session.ensureResults()
        self.session.points.startPlacing(on)

    def showOriginal(self, on: bool):
        """Show the CT as it was in the slice views, without outlines, or the result again."""
        self.display.showOriginal(on)

    def showOutlines(self, on: bool):
        """Show or hide the outlines of organ and lesions in the slice views."""
        self.display.showOutlines(on)

    def show3D(self, on: bool):
        """Show the lesions in the translucent organ in the 3D views; they follow every change."""
        self.display.show3D(on)

    def showGrowth(self, browser: Growing.Browser | None):
        """Show the frames of a growth sequence in the slice views, without outlines; None shows the result again."""
        self.display.showGrowth(browser)

    # Results

    def exportTo(self, folder: str | Path, dicom: bool = False) -> dict[str, Path]:
        """Write ct, labels (0/1/2) and instances (.nrrd; dicom: as DICOM too) and lesions.json; their paths by name."""
        return finish(self.exportSteps(folder, dicom))

    def exportSteps(self, folder: str | Path, dicom: bool = False) -> Steps[dict[str, Path]]:
        """Generator of ``exportTo``: yields (stage, percent), returns the paths; closed, the disk is as it was."""
        from synthetic_imaging.tumor import save_steps

        if not str(folder).strip() or str(folder) == ".":
            raise InputError("No folder is chosen for the export. Choose one.")
        if not self.lesions:
            raise InputError("There is no lesion to export. Place one first.")
        self.editing.ensureReady()
        self.editing.commit()
        header = dicomfiles.headerOf(self.inputs.ctNode) if dicom else None
        return (yield from save_steps(folder, self.session.composition, dicom, header))

    def createGrowthSequence(self, index: int, doublingTimeDays: float = GROWTH.doubling_time_days,
                             frameCount: int = GROWTH.frame_count, intervalDays: float = GROWTH.interval_days,
                             cropToOrgan: bool = False, onProgress: OnProgress | None = None,
                             **former: Any) -> Growing.Browser:  # fmt: skip
        """A lesion over time as a sequence with a browser node, which is returned. onProgress(stage, percent)."""
        given = {"doublingTimeDays": doublingTimeDays, "frameCount": frameCount, "intervalDays": intervalDays}
        growth = changed(GROWTH, byPath(Growth, given | former, FORMER_KEYWORDS))
        return finish(self.growthSteps(index, growth, cropToOrgan), onProgress)

    def growthSteps(self, index: int, growth: Growth, cropToOrgan: bool = False) -> Steps[Growing.Browser]:
        """Generator of (stage, percent) that returns the browser node; one that is dropped leaves nothing behind.
        cropToOrgan: keep only the organ's box of each frame."""
        self.editing.ensureReady()
        self.editing.commit()
        self.editing.lesion(index)
        return Growing.steps(
            self.case, self.lesions, index, growth, cropToOrgan, self.inputs.ctNode, self.results.volume
        )

    def growthPreview(self, index: int, growth: Growth, cropToOrgan: bool = False) -> dict | None:
        """What a growth sequence would be: first and last radius (mm), days, megabytes; None where it cannot be."""
        return Growing.preview(self.case, self.editing.lesion(index), growth, cropToOrgan)

    # Inner parts

    def _onInputsChanged(self):
        self.editing.dropDraft()
        self.inputsChanged.emit()
        self.changed.emit()

    def _onTaken(self):
        self.release()
        self.message.emit(
            "These lesions are edited elsewhere now, for instance in the Python console. "
            "Open another module and this one again to go on here."
        )

    def _onNodeRemoved(self, node):
        """A node has left the scene, by the user's hand."""
        self.display.dropNode(node)
        if self.session.dropNode(node):
            self.editing.dropDraft()
            self.changed.emit()
