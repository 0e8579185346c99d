"""A CT with an ordered list of lesions: the original stays, every change can be undone and replayed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..errors import InputError
from ..volume import Volume
from .insertion import insert, region_of
from .lesion import Lesion
from .placement import Case
from .region import Region

ORGAN, LESION = 1, 2


class Composition:
    """The original CT plus lesions, inserted in order; only voxels near a change are computed again.

    into: an array (K, J, I) that already holds a copy of the CT and receives the result, for a viewer that
        shows it; without one the CT is copied.
    device: torch device of the voxel arithmetic.

    Arrays: ``hu`` (the CT's dtype), ``labels`` (uint8: 1 organ, 2 lesion), ``instances`` (uint16: 0 or the
    lesion's position in ``lesions`` counted from 1; a later lesion lies over an earlier one).
    """

    def __init__(self, case: Case, into: np.ndarray | None = None, device: str = "cpu"):
        self.case, self.device = case, device
        original = case.ct.numpy()
        if into is not None and (into.shape != original.shape or into.dtype != original.dtype):
            raise InputError("The volume for the result differs from the CT in size or voxel type; clone the CT.")
        self.hu = original.copy() if into is None else into
        self.labels = np.zeros(original.shape, dtype=np.uint8)
        self.instances = np.zeros(original.shape, dtype=np.uint16)
        self.labels[case.region.slices] = case.organ_mask
        self._drafts: set[int] = set()
        self._lesions: tuple[Lesion, ...] = ()
        self._history: list[tuple[Lesion, ...]] = [()]
        self._position = 0

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        return self._lesions

    def set_lesions(self, lesions: Iterable[Lesion], remember: bool = True, preview: bool = False) -> list[Region]:
        """Make the result show these lesions; returns the boxes of voxels that were written.

        remember: make this a step of the history (not while a lesion is dragged).
        preview: lesions that changed are drawn in preview quality until the next call without it.
        """
        lesions = tuple(lesions)
        written = self._show(lesions, preview)
        if remember and lesions != self._history[self._position]:
            self._history[self._position + 1 :] = [lesions]
            self._position += 1
        return written

    def clear_history(self):
        """Forget earlier states, for instance after a scene was restored."""
        self._history, self._position = [self._lesions], 0

    @property
    def can_undo(self) -> bool:
        return self._position > 0

    @property
    def can_redo(self) -> bool:
        return self._position < len(self._history) - 1

    def undo(self) -> list[Region]:
        return self._step(-1) if self.can_undo else []

    def redo(self) -> list[Region]:
        return self._step(1) if self.can_redo else []

    def _step(self, direction: int) -> list[Region]:
        self._position += direction
        return self._show(self._history[self._position], preview=False)

    def _show(self, lesions: tuple[Lesion, ...], preview: bool) -> list[Region]:
        before, count = self._lesions, max(len(self._lesions), len(lesions))
        pairs = [(_at(before, index), _at(lesions, index)) for index in range(count)]
        changed = {index for index, (old, new) in enumerate(pairs) if _looks(old) != _looks(new)}
        changed |= self._drafts
        dirty = [
            region_of(self.case, lesion)
            for index in changed
            if index < count
            for lesion in pairs[index]
            if lesion is not None and lesion.visible
        ]
        redo = self._touched(lesions, dirty)
        for region in dirty:
            self._restore(region)
        for index in sorted(redo):
            self._insert(lesions[index], index + 1, preview and index in changed)
        self._lesions = lesions
        self._drafts = {index for index in changed if index < len(lesions)} if preview else set()
        return [region for region in dirty if not region.empty]

    def _touched(self, lesions: tuple[Lesion, ...], dirty: list[Region]) -> set[int]:
        """Lesions to insert again; ``dirty`` grows by the boxes of those that overlap it."""
        boxes = {index: region_of(self.case, lesion) for index, lesion in enumerate(lesions) if lesion.visible}
        redo: set[int] = set()
        while True:
            more = {i for i, box in boxes.items() if i not in redo and any(box.intersects(part) for part in dirty)}
            if not more:
                return redo
            redo |= more
            dirty += [boxes[index] for index in more if boxes[index] not in dirty]

    def _restore(self, region: Region):
        self.hu[region.slices] = self.case.ct.numpy()[region.slices]
        self.instances[region.slices] = 0
        self.labels[region.slices] = self.case.organ_in(region)

    def _insert(self, lesion: Lesion, number: int, preview: bool):
        result = insert(
            self.case, lesion, self.hu, self.labels, self.instances.view(np.int16), number, self.device, preview=preview
        )
        if result.region.empty:
            return
        part = result.region.slices
        self.hu[part] = _cast(result.hu, self.hu.dtype)
        self.instances[part] = result.instances
        self.labels[part] = np.where(result.instances > 0, LESION, result.organ * ORGAN)

    @property
    def ct(self) -> Volume:
        return self.case.ct.like(self.hu)

    def label_volume(self) -> Volume:
        """0 background, 1 organ, 2 lesion, as published."""
        return self.case.ct.like(self.labels)

    def instance_volume(self) -> Volume:
        return self.case.ct.like(self.instances)

    def mask_of(self, index: int) -> tuple[Region, np.ndarray]:
        """A lesion's box and its voxels in it."""
        region = region_of(self.case, self._lesions[index])
        return region, self.instances[region.slices] == index + 1

    def measure(self, index: int) -> dict[str, float | None]:
        """What a lesion became: volume_ml, mean_hu and std_hu (None without a voxel), clearance_mm to a vessel."""
        lesion = self._lesions[index]
        region, mask = self.mask_of(index)
        values = self.hu[region.slices][mask].astype(np.float64)
        return {
            "volume_ml": float(mask.sum() * np.prod(self.case.ct.spacing_mm) / 1000),
            "mean_hu": float(values.mean()) if values.size else None,
            "std_hu": float(values.std()) if values.size else None,
            "clearance_mm": self.case.clearance_mm(lesion),
        }


def _at(lesions: tuple[Lesion, ...], index: int) -> Lesion | None:
    return lesions[index] if index < len(lesions) else None


def _looks(lesion: Lesion | None):
    """What of a lesion shows in the voxels: nothing when hidden, all but the name otherwise."""
    if lesion is None or not lesion.visible:
        return None
    return {key: value for key, value in vars(lesion).items() if key not in ("name", "preset")}


def _cast(hu: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return np.clip(np.rint(hu), limits.min, limits.max).astype(dtype)
    return hu.astype(dtype)
