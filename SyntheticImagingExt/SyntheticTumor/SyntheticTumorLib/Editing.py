"""Placing, changing and taking away lesions, with previews and a history."""

from . import Rules, SceneEvents
from .Fields import changedLesion
from .PointEvents import PointEvents
from .Presets import presetsFor
from .Session import Session
from .Window import isLung


class LesionEditing:
    """The part of the logic that edits lesions; see ``TumorLogic`` for the signals and hooks.

    jump: whether the views go to the (first) new lesion; a script that places hundreds leaves them where they are.
    """

    def __init__(self):
        from SyntheticImagingLib.signal import Signal

        self.changed, self.previewed, self.hovered = Signal(), Signal(), Signal()
        self.message, self.inputsChanged = Signal(), Signal()
        self.defer, self.requestDraw = _atOnce, self.drawPending
        self.nextPreset, self.nextRadiusMm = "", 8.0
        self.current = -1
        self._draft = None
        self._draftIndex = -1
        self._instead, self._pointsAreHidden, self._outlined = None, False, True
        self._session = Session(self._onInputsChanged, self._onTaken)
        self._events = PointEvents(self, self._session.points)
        self._sceneTags = SceneEvents.observe(self)

    @property
    def isReady(self):
        """Whether CT and organ are prepared and unchanged since."""
        return self._session.isReady

    @property
    def case(self):
        """The prepared ``synthetic_imaging.tumor.Case``, or None."""
        return self._session.case

    @property
    def lesions(self):
        """The lesions as a tuple of ``synthetic_imaging.tumor.Lesion``, as last asked for."""
        return self._draft if self._draft is not None else self._session.lesions

    @property
    def measures(self):
        """What each lesion became: dictionaries of volume_ml, mean_hu, std_hu, clearance_mm."""
        return self._session.measures

    @property
    def results(self):
        """The nodes: ``volume``, ``segmentation``, ``points``, ``record``; None before the first lesion."""
        return self._session.results

    def addLesion(self, centerRas, preset="", radiusMm=None, seed=None, name="", pointId=None):
        """Place a lesion at a point of the organ (RAS, mm); returns its index.

        preset: one of ``presetNames()``, by default the first for the organ. radiusMm: by default from the preset.
        """
        from dataclasses import replace

        self._ensureReady()
        Rules.checkInside(self.case, centerRas)
        (lesion,) = Rules.numbered([self._sampled(centerRas, preset, radiusMm, seed)], self.lesions)
        return self._append([replace(lesion, name=name or lesion.name)], pointId)[0]

    def _sampled(self, centerRas, preset, radiusMm, seed=None):
        from synthetic_imaging.tumor import preset_named

        seed = Rules.nextSeed(self.lesions) if seed is None else int(seed)
        return preset_named(preset or self.defaultPreset()).sample(self.case, centerRas, radiusMm, seed)

    def addAtSuggestedSite(self, preset="", radiusMm=None, seed=None, jump=False):
        """Place a lesion where it is clear of vessels, of the surface and of other lesions; returns its index."""
        return self.addSeveral(None, 1, preset, seed, radiusMm, jump)[0]

    def addSeveral(self, level=None, count=None, preset="", seed=None, radiusMm=None, jump=False):
        """Place lesions at sites clear of vessels and of each other; returns their indices.

        level: "tiny", "small", "medium", "large" or "mix", which set radius and, without ``count``, the number.
        """
        from synthetic_imaging.tumor import sample_lesions

        self._ensureReady()
        seed = Rules.nextSeed(self.lesions) if seed is None else int(seed)
        preset = preset or self.defaultPreset()
        drawn = sample_lesions(self.case, preset, level, count or None, radiusMm, seed, self.lesions)
        return self._append(Rules.numbered(drawn, self.lesions), jump=jump)

    def addSatellites(self, index, count=3, seed=None):
        """Small lesions of the same kind around one; returns their indices."""
        from synthetic_imaging.tumor import satellites

        self._ensureReady()
        lesion = self._lesion(index)
        others = [other for other in self.lesions if other is not lesion]
        seed = Rules.nextSeed(self.lesions) if seed is None else int(seed)
        drawn = satellites(self.case, lesion, int(count), seed, avoid=others)
        return self._append(Rules.numberedAfter(drawn, lesion, self.lesions))

    def suggestSite(self, radiusMm, seed=None, apartFrom=None):
        """A place (RAS) where a sphere of the radius meets no vessel, no surface and no lesion.

        apartFrom: index of a lesion that does not count, because it is the one to be moved.
        """
        self._ensureReady()
        others = [lesion for index, lesion in enumerate(self.lesions) if index != apartFrom]
        return self.case.suggest_site(radiusMm, Rules.nextSeed(self.lesions) if seed is None else seed, others)

    def moveToClearSite(self, index, jump=False):
        """Move a lesion to a suggested site, as far as its whole outline goes."""
        lesion = self._lesion(index)
        self._ensureReady()
        site = self.suggestSite(self.case.bounding_radius_mm(lesion), apartFrom=index)
        self.updateLesion(index, center_ras=site)
        if jump:
            self.lookAtLesion(index)
        return site

    def updateLesion(self, index, **changes):
        """Change properties of a lesion by the names of ``synthetic_imaging.tumor.Lesion``.

        Parts are reached with two underscores: ``updateLesion(0, radius_mm=12, elastic__lobulation=0.4)``.
        """
        self._ensureReady()
        self._apply(self._with(index, changes))

    def previewLesion(self, index, changes):
        """``updateLesion`` while a hand is moving: drawn when there is time, kept by ``commit``. changes: a dict."""
        if not self.isReady:
            return
        draft = self._with(index, changes)
        self._showInstead(None)
        self._draft, self._draftIndex = draft, index
        self.requestDraw()

    def drawPending(self):
        """Draw the newest preview, if there is one."""
        if self._draft is not None and self.isReady:
            self._session.show(self._draft, preview=True)
            self.previewed.emit(self._draftIndex)

    def refine(self):
        """Draw what is previewed in full quality, while the hand rests."""
        if self._draft is not None and self.isReady:
            self._session.show(self._draft)
            self.previewed.emit(self._draftIndex)

    def commit(self):
        """Keep what was previewed, as one step of the history."""
        if self._draft is not None and self.isReady:
            self._apply(self._draft)

    def shuffleLesion(self, index):
        """The same kind of lesion with another random form and texture."""
        self.updateLesion(index, seed=Rules.shuffledSeed(self._lesion(index).seed))

    def removeLesion(self, index):
        self._lesion(index)
        self._ensureReady()
        self._apply(tuple(lesion for number, lesion in enumerate(self.lesions) if number != index))

    def duplicateLesion(self, index, jump=False):
        """The same lesion again, at a clear site, or two radii aside where there is none; returns its index."""
        from dataclasses import replace

        from synthetic_imaging.errors import InputError

        self._ensureReady()
        lesion = self._lesion(index)
        try:
            site = self.suggestSite(self.case.bounding_radius_mm(lesion))
        except InputError:
            site = Rules.beside(self.case, lesion)
        return self._append(Rules.numbered([replace(lesion, center_ras=site)], self.lesions), jump=jump)[0]

    def renameLesion(self, index, name):
        self.updateLesion(index, name=name.strip() or self._lesion(index).name)

    def setLesionVisible(self, index, visible):
        self.updateLesion(index, visible=bool(visible))

    # History

    @property
    def canUndo(self):
        return self._session.composition is not None and self._session.composition.can_undo

    @property
    def canRedo(self):
        return self._session.composition is not None and self._session.composition.can_redo

    def undo(self):
        self._step("undo")

    def redo(self):
        self._step("redo")

    def _step(self, name):
        self._ensureReady()
        self.commit()
        if self._session.composition is not None:
            self._showInstead(None)
            self._session.ensureResults()
            self._session.note(getattr(self._session.composition, name)())
            if self.current < 0:
                self.current = len(self._session.lesions) - 1
            self._publish()

    # Presets

    def presetNames(self):
        """Names of the presets, those for the chosen organ first; an organ without a name may show that it is lung."""
        lung = "lung" if self.case is not None and isLung(self.case.organ_mean_hu) else ""
        return presetsFor(self._session.inputs.organTerm or lung)

    def defaultPreset(self):
        return next(iter(self.presetNames()))

    # Inner parts

    def _ensureReady(self):
        from synthetic_imaging.errors import InputError

        if self._session.case is None:
            raise InputError("No CT and organ are chosen. Choose a CT and the segment of the organ first.")
        if self._session.isStale:
            self.prepare()

    def _lesion(self, index):
        from synthetic_imaging.errors import InputError

        if not 0 <= index < len(self.lesions):
            raise InputError(f"There is no lesion number {index}; there are {len(self.lesions)}, counted from 0.")
        return self.lesions[index]

    def _append(self, lesions, pointId=None, jump=False):
        first = len(self.lesions)
        lesions = [Rules.checkLesion(self.case, lesion) for lesion in lesions]
        if pointId is not None:
            self._session.points.adopt(pointId)
        self.current = first
        self._apply((*self.lesions, *lesions))
        if jump:
            self.lookAtLesion(first)
        return list(range(first, first + len(lesions)))

    def _with(self, index, changes):
        """All lesions, with one of them changed."""
        lesion = Rules.checkLesion(self.case, changedLesion(self._lesion(index), changes))
        return (*self.lesions[:index], lesion, *self.lesions[index + 1 :])

    def _apply(self, lesions):
        self._draft = None
        self._showInstead(None)
        self._session.show(lesions, remember=True)
        self._publish()

    def _publish(self):
        self.current = min(self.current, len(self._session.lesions) - 1)
        self._session.publish(self.current)
        self.changed.emit()


def _atOnce(action):
    action()
