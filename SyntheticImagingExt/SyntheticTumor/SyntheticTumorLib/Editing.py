"""Placing, changing and taking away lesions, with previews and a history."""

from collections.abc import Sequence
from dataclasses import replace

from synthetic_imaging import declared
from synthetic_imaging.errors import InputError
from synthetic_imaging.tumor.lesion import Lesion
from SyntheticImagingLib.scheduling import Scheduler
from SyntheticImagingLib.signal import Signal

from .Display import Display
from .Draft import Draft
from .Naming import nextSeed, numbered, numberedAfter, shuffledSeed
from .Presets import presetsFor
from .Session import Session
from .Window import isLung


def changedLesion(lesion: Lesion, values: dict) -> Lesion:
    """A copy of a lesion with values by dotted name; InputError for what it cannot have.

    A new radius keeps the form of the outline, unless its irregularity is among the values.
    """
    values = dict(values)
    if "radius_mm" in values:
        lesion = lesion.resized(declared.setting_of(Lesion, "radius_mm").checked(values.pop("radius_mm"), "radius_mm"))
    return declared.changed(lesion, values)


class Editing:
    """What is done to the lesions of a session; each change is one step of the history.

    current: the lesion that is selected, -1 for none. nextPreset, nextRadiusMm: what a click in a view places.
    jump: whether the views go to the (first) new lesion; a script that places hundreds leaves them where they are.
    """

    def __init__(self, session: Session, display: Display, scheduler: Scheduler, changed: Signal, previewed: Signal):
        """changed(): lesions were kept, or another one is current. previewed(index): one was drawn in passing."""
        self._session, self._display, self._scheduler, self._changed = session, display, scheduler, changed
        self._draft = Draft(session, previewed.emit, self.commit)
        self.nextPreset, self.nextRadiusMm = "", None
        self.current = -1

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The lesions as last asked for, in a preview too."""
        return self._draft.lesions if self.isPreviewing else self._session.lesions

    @property
    def isPreviewing(self) -> bool:
        """Whether what is drawn is not kept yet."""
        return self._draft.lesions is not None

    def lesion(self, index: int) -> Lesion:
        """InputError where there is none of this number."""
        if not 0 <= index < len(self.lesions):
            raise InputError(f"There is no lesion number {index}; there are {len(self.lesions)}, counted from 0.")
        return self.lesions[index]

    def ensureReady(self):
        """Prepare what has changed since; InputError where nothing was chosen."""
        if self._session.case is None:
            raise InputError("No CT and organ are chosen. Choose a CT and the segment of the organ first.")
        if self._session.prepareStale():
            self._changed.emit()

    def letGo(self):
        """The session ends: nothing is selected, and no hand is moving."""
        self._draft.drop()
        self.current = -1

    def dropDraft(self):
        """What was previewed is not kept; the lesions are those that were."""
        self._draft.drop()
        self.current = min(self.current, len(self._session.lesions) - 1)

    # Placing

    def add(self, centerRas: Sequence[float], preset: str, radiusMm: float | None, seed: int | None = None,
            name: str = "", pointId: str | None = None) -> int:  # fmt: skip
        self.ensureReady()
        case = self._session.case
        if not case.contains(centerRas):
            place = ", ".join(f"{value:.1f}" for value in centerRas)
            raise InputError(f"The point ({place}) mm lies outside the {case.organ_name}. Choose a point inside it.")
        (lesion,) = numbered([self.sampled(centerRas, preset, radiusMm, seed)], self.lesions)
        return self._append([replace(lesion, name=name or lesion.name)], pointId)[0]

    def sampled(
        self, centerRas: Sequence[float], preset: str, radiusMm: float | None, seed: int | None = None
    ) -> Lesion:
        """The lesion that would be placed at a point."""
        from synthetic_imaging.tumor import preset_named

        preset = preset_named(preset or self.presetNames()[0])
        return preset.sample(self._session.case, centerRas, radiusMm, self._seed(seed))

    def addSeveral(self, level: str | None, count: int | None, preset: str, seed: int | None, radiusMm: float | None,
                   jump: bool) -> list[int]:  # fmt: skip
        from synthetic_imaging.tumor import sample_lesions

        self.ensureReady()
        preset = preset or self.presetNames()[0]
        case, seed = self._session.case, self._seed(seed)
        drawn = sample_lesions(case, preset, level, count or None, radiusMm, seed, self.lesions)
        return self._append(numbered(drawn, self.lesions), jump=jump)

    def addSatellites(self, index: int, count: int, seed: int | None) -> list[int]:
        from synthetic_imaging.tumor import satellites

        self.ensureReady()
        lesion = self.lesion(index)
        if count < 1:
            raise InputError(f"No satellites would be placed around '{lesion.name}'; give a number of at least 1.")
        others = [other for other in self.lesions if other is not lesion]
        drawn = satellites(self._session.case, lesion, int(count), self._seed(seed), avoid=others)
        return self._append(numberedAfter(drawn, lesion, self.lesions))

    def suggestSite(self, radiusMm: float, seed: int | None = None, apartFrom: int | None = None
                    ) -> tuple[float, float, float]:  # fmt: skip
        self.ensureReady()
        others = [lesion for index, lesion in enumerate(self.lesions) if index != apartFrom]
        return self._session.case.suggest_site(radiusMm, self._seed(seed), others)

    def duplicate(self, index: int, jump: bool) -> int:
        self.ensureReady()
        case, lesion = self._session.case, self.lesion(index)
        try:
            site = self.suggestSite(case.bounding_radius_mm(lesion))
        except InputError:
            site = _beside(case, lesion)
        return self._append(numbered([replace(lesion, center_ras=site)], self.lesions), jump=jump)[0]

    def presetNames(self) -> list[str]:
        """The presets, those for the chosen organ first; an organ without a name may show that it is lung."""
        case = self._session.case
        lung = "lung" if case is not None and isLung(case.organ_mean_hu) else ""
        return presetsFor(self._session.inputs.organTerm or lung)

    # Changing

    def update(self, index: int, values: dict):
        """values: by dotted name."""
        self.ensureReady()
        self._apply(self._with(index, values))

    def preview(self, index: int, values: dict):
        """``update`` while a hand is moving: drawn when there is time, kept by ``commit``."""
        if not self._session.isReady:
            return
        lesions = self._with(index, values)
        self._display.showResult()
        self._draft.take(lesions, index)
        self._scheduler.request(self._draft)

    def commit(self):
        """Keep what was previewed, as one step of the history."""
        if self.isPreviewing and self._session.isReady:
            self._apply(self._draft.lesions)

    def moveToClearSite(self, index: int, jump: bool) -> tuple[float, float, float]:
        self.ensureReady()
        site = self.suggestSite(self._session.case.bounding_radius_mm(self.lesion(index)), apartFrom=index)
        self.update(index, {"center_ras": site})
        if jump:
            self._display.lookAt(self.lesion(index))
        return site

    def shuffle(self, index: int):
        self.update(index, {"seed": shuffledSeed(self.lesion(index).seed)})

    def rename(self, index: int, name: str):
        self.update(index, {"name": name.strip() or self.lesion(index).name})

    def remove(self, index: int):
        self.lesion(index)
        self.ensureReady()
        self._apply(tuple(lesion for number, lesion in enumerate(self.lesions) if number != index))

    # History

    @property
    def canUndo(self) -> bool:
        return self._session.composition is not None and self._session.composition.can_undo

    @property
    def canRedo(self) -> bool:
        return self._session.composition is not None and self._session.composition.can_redo

    def undo(self):
        self._step("undo")

    def redo(self):
        self._step("redo")

    def _step(self, name):
        self.ensureReady()
        self.commit()
        if self._session.composition is not None:
            self._display.showResult()
            self._session.step(name)
            if self.current < 0:
                self.current = len(self._session.lesions) - 1
            self.publish()

    # Inner parts

    def _seed(self, given):
        return nextSeed(self.lesions) if given is None else int(given)

    def _append(self, lesions, pointId=None, jump=False):
        from synthetic_imaging.tumor import check_lesion

        first = len(self.lesions)
        for lesion in lesions:
            check_lesion(self._session.case, lesion)
        if pointId is not None:
            self._session.points.adopt(pointId)
        self.current = first
        self._apply((*self.lesions, *lesions))
        if jump:
            self._display.lookAt(self.lesion(first))
        return list(range(first, first + len(lesions)))

    def _with(self, index, values):
        """All lesions, with one of them changed."""
        from synthetic_imaging.tumor import check_lesion

        lesion = changedLesion(self.lesion(index), values)
        check_lesion(self._session.case, lesion)
        return (*self.lesions[:index], lesion, *self.lesions[index + 1 :])

    def _apply(self, lesions):
        self._draft.drop()
        self._display.showResult()
        self._session.show(lesions, remember=True)
        self.publish()

    def publish(self):
        """Bring segments, record and points in line with what was drawn."""
        self.current = min(self.current, len(self._session.lesions) - 1)
        self._session.publish(self.current)
        self._changed.emit()


def _beside(case, lesion):
    """A place two radii aside of a lesion in the organ; its own place where there is none."""
    reach = 2 * case.bounding_radius_mm(lesion)
    r, a, s = lesion.center_ras
    around = [(r + reach, a, s), (r - reach, a, s), (r, a + reach, s), (r, a - reach, s)]
    return next((place for place in around if case.contains(place)), lesion.center_ras)
