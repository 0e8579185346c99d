"""The module's logic: synthetic lesions in a CT, on MRML nodes. No window and no Qt is needed.

Every failure that a user can cause raises ``synthetic_imaging.errors.InputError`` with a sentence that says what is
wrong and what to do, and leaves the scene as it was.
"""

import math

import slicer

from SyntheticImagingLib.stages import finish

from . import Growth, Rules, SceneEvents, Views, Window
from .Editing import LesionEditing
from .Inputs import Inputs, mayBelongTo, mayBeOrgan, preferredSegment
from .Presets import presetTable
from .Results import SHOWN_ROLE, inputsOf, isOriginal, isOriginalCt, recordFor, recordNodes, resultOwner


class TumorLogic(LesionEditing):
    """Places, edits, shows and exports synthetic lesions; lesions are numbered from 0 in the order of placement.

    Signals: changed() after lesions, results or readiness changed; previewed(index) after a lesion was drawn in
    passing; hovered(ras) while a point is placed or dragged outside the organ; message(text) for the user;
    inputsChanged() when the CT or a segment was edited, which asks for ``prepare``.
    defer(function): how work is put off until the views are done with an event; at once without a window.
    requestDraw(): asks for ``drawPending`` soon, the newest request wins; at once without a window.
    nextPreset, nextRadiusMm: what a click in a view places.
    """

    def cleanup(self):
        """Stop following the scene; call it when the logic is not needed any more."""
        self.release()
        SceneEvents.stop(self._sceneTags)

    # Input

    def setInput(
        self,
        ctNode,
        segmentationNode,
        organSegmentId,
        vesselSegmentationNode=None,
        vesselSegmentId=None,
        onProgress=None,
    ):
        """Choose the CT, the organ and, if there is one, the vessel segment, and prepare them (about a second).

        Lesions that the scene already has for this CT and organ are taken up again. onProgress(stage, percent).
        """
        inputs = Inputs(ctNode, segmentationNode, organSegmentId or "", vesselSegmentationNode, (vesselSegmentId or ""))
        finish(self.inputSteps(inputs), onProgress)

    def inputSteps(self, inputs):
        """``setInput`` as a generator of (stage, percent); a generator that is dropped changes nothing."""
        from synthetic_imaging.errors import InputError

        if self.isPreparedFor(inputs):
            return
        owner = resultOwner(inputs.ctNode)
        if owner is not None:
            source = inputsOf(owner).ctNode
            raise InputError(
                f'"{inputs.ctNode.GetName()}" is the result of this module. Choose the original CT'
                + (f' "{source.GetName()}"' if source else "")
                + "; its lesions can be edited there."
            )
        if inputs != self._session.inputs:
            self.release()
        record = recordFor(inputs) if inputs.complete and not self._session.lesions else None
        if record is not None and record is not self._session.results.record:
            yield from self.restoreSteps(record, inputs)
            return
        yield from self._session.prepare(inputs)
        self.changed.emit()

    def isPreparedFor(self, inputs):
        """Whether these inputs are prepared, and no other session has placed lesions in them meanwhile."""
        isPrepared = self.isReady and inputs == self.inputs
        return isPrepared and (self.results.record is not None or recordFor(inputs) is None)

    def proposedInputs(self, organ="", ctNode=None):
        """What to choose where there is no doubt: the only CT, and a segment that is an organ with presets.

        Without such an organ, the only segment of the scene is taken, whatever its name, unless that says that it is
        no organ. organ: the one to look for first; by default the liver, then kidney, pancreas and lung. ctNode: the
        CT, if it is known.
        """
        volumes = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if isOriginalCt(node)]
        ct = volumes[0] if ctNode is None and len(volumes) == 1 else ctNode
        if ct is None:
            return Inputs()
        segmentations = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        segmentations = [node for node in segmentations if isOriginal(node) and mayBelongTo(node, ct)]
        organs = {entry["organ"] for entry in presetTable().values()}
        for segmentation in segmentations:
            inputs = Inputs(ct, segmentation, preferredSegment(segmentation, organ))
            if set((inputs.organTerm or "").split()) & organs:
                return inputs
        every = [(node, segmentId) for node in segmentations for segmentId in node.GetSegmentation().GetSegmentIDs()]
        return Inputs(ct, *every[0]) if len(every) == 1 and mayBeOrgan(*every[0]) else Inputs()

    def prepare(self, onProgress=None):
        """Prepare the inputs again after they were edited; lesions are drawn anew."""
        finish(self._session.prepare(self._session.inputs), onProgress)
        self.changed.emit()

    def release(self):
        """Let go of the CT and the lesions; the nodes stay in the scene and can be taken up by ``restore``."""
        self._showInstead(None)
        self._draft, self.current = None, -1
        self._session.release()
        self.changed.emit()

    @property
    def inputs(self):
        return self._session.inputs

    @property
    def isStale(self):
        return self._session.isStale

    def caseSummary(self):
        """Numbers of the prepared organ: organ, volumeMl, meanHu, noiseHu, vesselMl, largestRadiusMm (same volume)."""
        case = self.case
        if self._summary is None or self._summary[0] is not case:
            voxelMl, organMl = float(case.ct.spacing_mm.prod()) / 1000, Rules.organVolumeMl(case)
            summary = {
                "organ": case.organ_name,
                "volumeMl": organMl,
                "meanHu": case.organ_mean_hu,
                "noiseHu": case.noise_std_hu,
                "vesselMl": float(case.vessel_mask.sum()) * voxelMl,
                "largestRadiusMm": (3000 * organMl / (4 * math.pi)) ** (1 / 3),
            }
            self._summary = case, summary
        return self._summary[1]

    _summary = None

    # Views

    def setCurrent(self, index, jump=False):
        """Make a lesion the current one; with ``jump`` the slice views go to it."""
        self.current = index if 0 <= index < len(self.lesions) else -1
        if self._draft is None:
            self._session.points.show(self.lesions, self.current)
        if jump and self.current >= 0:
            self.lookAtLesion(self.current)
        self.changed.emit()

    def lookAtLesion(self, index):
        """Bring the slice views to a lesion's center, and the 3D views too where surfaces are shown."""
        center = self._lesion(index).center_ras
        Views.lookAt(center, self._instead if self._instead is not None else self.results.volume)
        if self.isShown3D:
            Views.lookAt3D(center)

    def showOriginal(self, on):
        """Show the CT as it was in the slice views, without outlines, or the result again."""
        self._showInstead(self.inputs.ctNode if on else None)

    @property
    def isOriginalShown(self):
        return self._instead is not None and self._instead is self.inputs.ctNode

    def showGrowth(self, browser):
        """Show the frames of a growth sequence in the slice views, without outlines; None shows the result again."""
        self._showInstead(browser.GetProxyNode(browser.GetMasterSequenceNode()) if browser is not None else None)

    @property
    def isGrowthShown(self):
        return self._instead is not None and not self.isOriginalShown

    def _showInstead(self, volume):
        """Show a volume in place of the result, without the marks of the lesions; None shows the result again."""
        results = self.results
        if volume is self._instead or results.volume is None:
            return
        before = results.volume if self._instead is None else self._instead
        after = results.volume if volume is None else volume
        # the user's window, whichever volume it was set on
        Window.copyWindow(before, after)
        Views.showVolume(after, inPlaceOf=[self.inputs.ctNode, results.volume, self._instead])
        if self._instead is None:
            self._pointsAreHidden = results.points is not None and bool(results.points.GetDisplayVisibility())
        self._instead = volume
        self._showMarks()
        if results.record is not None:
            # a scene that is saved now opens with the result
            results.record.SetNodeReferenceID(SHOWN_ROLE, volume.GetID() if volume is not None else None)
        self.changed.emit()

    def _showMarks(self):
        """Points and outlines belong to the result; the surfaces in 3D stay whatever the slice views show."""
        isResult = self._instead is None
        if self._pointsAreHidden:
            Views.setVisible([self.results.points], isResult)
        Views.setOutlined(self.results.segmentation, self._outlined and isResult)

    def startPlacing(self, on=True):
        """Begin or end place mode: each click in a slice view places a lesion."""
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        if not on:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)
            return
        self._ensureReady()
        self._session.ensureResults()
        logic = slicer.modules.markups.logic()
        logic.SetActiveList(self.results.points)
        logic.StartPlaceMode(True)

    def showOutlines(self, on):
        """Show or hide the outlines of organ and lesions in the slice views."""
        self._outlined = bool(on)
        Views.setOutlined(self.results.segmentation, self._outlined and self._instead is None)

    def show3D(self, on):
        """Show the lesions in the translucent organ in the 3D views; they follow every change."""
        self._session.segments.showSurfaces(bool(on))
        if self.isShown3D and self.isReady:
            region = self.case.region
            middle = [(first + last - 1) / 2 for first, last in zip(region.start, region.stop, strict=True)]
            Views.lookAt3D(self.case.ct.ras_from_ijk(middle[::-1]))

    @property
    def isShown3D(self):
        return self._session.segments.hasSurfaces

    @property
    def isDragging(self):
        """Whether a hand holds the point of a lesion in a view."""
        return self._session.points.isDragging

    def siteAt(self, ras):
        """What is near a point: inside (the organ), vesselMm and surfaceMm."""
        case = self.case
        return {
            "inside": case.contains(ras),
            "vesselMm": case.distance_to_vessel_mm(ras),
            "surfaceMm": case.distance_to_surface_mm(ras),
        }

    def roomAround(self, index):
        """vesselMm and surfaceMm: from a lesion's bounding sphere to them, negative where they meet."""
        return self._roomOf(self._lesion(index))

    def roomAt(self, ras):
        """``roomAround`` of the lesion that a click at a point would place (``nextPreset``, ``nextRadiusMm``)."""
        return self._roomOf(self._sampled(ras, self.nextPreset, self.nextRadiusMm))

    def _roomOf(self, lesion):
        return {"vesselMm": self.case.clearance_mm(lesion), "surfaceMm": self.case.surface_clearance_mm(lesion)}

    # Results

    def exportTo(self, folder):
        """Write ct.nrrd, labels.nrrd (0/1/2), instances.nrrd and lesions.json; their paths by name."""
        return finish(self.exportSteps(folder))

    def exportSteps(self, folder):
        """Generator of ``exportTo``: yields (stage, percent), returns the paths; closed, the disk is as it was."""
        from synthetic_imaging.errors import InputError
        from synthetic_imaging.tumor import save_steps

        if not str(folder).strip() or str(folder) == ".":
            raise InputError("No folder is chosen for the export. Choose one.")
        if not self.lesions:
            raise InputError("There is no lesion to export. Place one first.")
        self._ensureReady()
        self.commit()
        return (yield from save_steps(folder, self._session.composition))

    def createGrowthSequence(
        self, index, doublingTimeDays=100.0, frames=6, intervalDays=30.0, cropToOrgan=False, onProgress=None
    ):
        """A lesion over time as a sequence with a browser node, which is returned. onProgress(stage, percent)."""
        return finish(self.growthSteps(index, doublingTimeDays, frames, intervalDays, cropToOrgan), onProgress)

    def growthSteps(self, index, doublingTimeDays, frames, intervalDays, cropToOrgan=False):
        """``createGrowthSequence`` as a generator of (stage, percent); one that is dropped leaves nothing behind."""
        self._ensureReady()
        self.commit()
        self._lesion(index)
        return Growth.steps(
            self.case,
            self.lesions,
            index,
            Growth.Plan(doublingTimeDays, frames, intervalDays, cropToOrgan),
            self.inputs.ctNode,
            self.results.volume,
        )

    def growthPreview(self, index, doublingTimeDays, frames, intervalDays, cropToOrgan=False):
        """What a growth sequence would be: first and last radius (mm), days, megabytes; None where it cannot be."""
        plan = Growth.Plan(doublingTimeDays, int(frames), intervalDays, cropToOrgan)
        return Growth.preview(self.case, self._lesion(index), plan)

    def restore(self, record=None, onProgress=None):
        """Take up the lesions of a record in the scene (by default the newest); the result is drawn anew from it."""
        finish(self.restoreSteps(record), onProgress)

    def restoreSteps(self, record=None, inputs=None):
        """``restore`` as a generator of (stage, percent)."""
        from synthetic_imaging.errors import InputError
        from synthetic_imaging.tumor import lesions_of

        record = record or next(reversed(recordNodes()), None)
        if record is None:
            raise InputError("The scene holds no record of synthetic lesions. Place a lesion, or open another scene.")
        lesions = lesions_of(record.GetText() or "")
        inputs = inputs or inputsOf(record)
        if not inputs.complete:
            raise InputError(
                f'The CT or the organ that "{record.GetName()}" was made of is not in the scene any more. '
                "Load them again and choose them."
            )
        self.release()
        yield from self._session.prepare(inputs)
        self._session.takeUp(record)
        self._session.show(lesions)
        self._session.composition.clear_history()
        self._checkSameInput(record)
        self.current = len(lesions) - 1
        self._publish()
        self._showResultAgain(record)

    # Inner parts

    def _checkSameInput(self, record):
        import json

        if json.loads(record.GetText())["ct_sha256"] != self.case.ct_sha256:
            self.message.emit(
                f'"{self.inputs.ctNode.GetName()}" is not the CT that these lesions were made in; '
                "they were drawn into it anew."
            )

    def _showResultAgain(self, record):
        """The scene was saved while the original or a growth sequence was shown in place of the result."""
        shown = record.GetNodeReference(SHOWN_ROLE)
        if shown is not None:
            Views.showVolume(self.results.volume, inPlaceOf=[shown])
            Views.setVisible([self.results.points], True)
            Views.setOutlined(self.results.segmentation, self._outlined)
            record.SetNodeReferenceID(SHOWN_ROLE, None)

    def _onInputsChanged(self):
        self._draft = None
        self.inputsChanged.emit()
        self.changed.emit()

    def _onTaken(self):
        self.release()
        self.message.emit(
            "These lesions are edited elsewhere now, for instance in the Python console. "
            "Open another module and this one again to go on here."
        )

    def onNodeRemoved(self, node):
        """A node has left the scene, by the user's hand."""
        if node is not None and node in (self.results.volume, self._instead):
            self._instead = None
            self._showMarks()
        if self._session.dropNode(node):
            self._draft = None
            self.current = min(self.current, len(self.lesions) - 1)
            self.changed.emit()
