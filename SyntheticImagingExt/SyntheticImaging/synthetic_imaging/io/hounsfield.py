"""Whether an image is a CT in Hounsfield units (HU): one rule, that shell, modules, batches, studies and models ask.

What is made of numbers that are no HU looks right and is wrong, so doubt is refused, with what was seen and what would
mend it. A sample of the voxels is looked at, which takes a fraction of a second however large the image is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import NotHounsfieldError

if TYPE_CHECKING:
    from ..volume import Volume

MODALITY_KEY, RESCALE_TYPE_KEY, UNITS_KEY = "DICOM.Modality", "DICOM.RescaleType", "DICOM.Units"
"""Entries of ``Volume.metadata`` that say what the numbers are."""

ACCEPTED_KEY = "AcceptedAsHU"
"""Entry of ``Volume.metadata`` that is there where somebody said that the numbers are HU, whatever they look like; it
is kept in files, for what is made of such a CT looks no better."""

_SAMPLES = 400_000
_AIR_BELOW_HU, _SOFT_HU = -900, (-300, 400)
_HIGHEST_HU = 31000
"""Above it there is nothing in a CT, also of 16 bits: metal ends at 30710."""
_TWELVE_BITS = 4095
_UNDECIDED = {"", "CT", "OT"}
_MODALITY_NAMES = {
    "MR": "magnetic resonance", "PT": "positron emission tomography", "NM": "nuclear medicine", "US": "ultrasound",
    "XA": "X-ray angiography", "RTDOSE": "a dose",
}  # fmt: skip
_OWN_UNITS = {"", "HU", "[hnsf'U]", "1"}
"""Codes of UCUM for HU and for no unit among them."""
_OTHER_QUANTITIES = {
    "OD": "optical density", "MGML": "mg/mL", "Z_EFF": "effective atomic number", "ED": "electron density",
    "EDW": "electron density relative to water", "HU_MOD": "modified Hounsfield units", "PCT": "percent",
}  # fmt: skip
_FEW = 64
"""Images of so few different numbers are drawn, not measured: the same number in many voxels says nothing there."""


def in_hounsfield(ct: Volume, name: str, accept_hu: bool = False, how: str = "accept_hu=True") -> Volume:
    """The CT with signed voxels; NotHounsfieldError with what it holds, and what would mend it, where that is no HU.

    name: what the sentence calls it. accept_hu: do not look, now or later. how: where a user says so, for the sentence.
    """
    if accept_hu:
        ct = accepted(ct)
    elif problem := problem_of(ct):
        raise not_hounsfield(f"'{name}' {problem}", how)
    return ct.with_signed_voxels()


def not_hounsfield(sentence: str, how: str) -> NotHounsfieldError:
    """The error of a sentence that ends with a ``problem_of`` an image, and how the user overrules it."""
    return NotHounsfieldError(f"{sentence} If the numbers are HU all the same, accept them ({how}).")


def accepted(ct: Volume) -> Volume:
    """The same image with the word of the user that its numbers are HU."""
    return replace(ct, metadata={**(ct.metadata or {}), ACCEPTED_KEY: "yes"})


def problem_of(ct: Volume) -> str:
    """Sentences that go on after the name of an image, where it does not look like a CT in HU; "" where it does."""
    metadata = ct.metadata or {}
    if ACCEPTED_KEY in metadata:
        return ""
    return _said_otherwise(metadata) or _Values(ct.numpy(), metadata.get(MODALITY_KEY, "").upper() == "CT").problem


def note_of(ct: Volume) -> str:
    """A sentence on what is lost in a CT that is in HU all the same; "" for nothing."""
    if ACCEPTED_KEY in (ct.metadata or {}):
        return ""
    return _Values(ct.numpy()).note


def _said_otherwise(metadata: dict[str, str]) -> str:
    modality, kind = metadata.get(MODALITY_KEY, "").upper(), metadata.get(RESCALE_TYPE_KEY, "").upper()
    if modality not in _UNDECIDED:
        called = f" ({_MODALITY_NAMES[modality]})" if modality in _MODALITY_NAMES else ""
        return f"is no CT: its header says {modality}{called}. Choose a CT."
    if kind in _OTHER_QUANTITIES:
        return f"is not in HU: its header says {kind} ({_OTHER_QUANTITIES[kind]}). Choose the images in HU."
    units = metadata.get(UNITS_KEY, "")
    if units not in _OWN_UNITS:
        return f"is not in HU: its header says that its units are {units}. Choose a CT."
    return ""


class _Values:
    """What a sample of an image's voxels says about their numbers."""

    def __init__(self, array: np.ndarray, is_ct: bool = False):
        """is_ct: whether its header says that it is a CT."""
        self.dtype, self.is_ct = array.dtype, is_ct
        sample = _sampled(array)
        self._edge = _edge_of(sample)
        self.values, self._counts = np.unique(sample.ravel(), return_counts=True)
        self.values = self.values.astype(np.float64)
        self.shares = self._counts / self._counts.sum()
        self._up_to = np.concatenate([[0.0], np.cumsum(self.shares)])
        self.low, self.high = float(self.values[0]), float(self.values[-1])
        self.is_drawn = len(self.values) <= _FEW

    def share(self, low: float, high: float = np.inf) -> float:
        """Share of the voxels from one number to another, both included."""
        first, last = np.searchsorted(self.values, low, "left"), np.searchsorted(self.values, high, "right")
        return float(self._up_to[last] - self._up_to[first])

    def at_share(self, share: float) -> float:
        """The number that this share of the voxels is not above: 0.5 for the median."""
        return float(self.values[min(len(self.values) - 1, int(np.searchsorted(self._up_to[1:], share)))])

    @property
    def problem(self) -> str:
        """Sentences that go on after the image's name; "" where the numbers look like HU."""
        if self.low == self.high:
            return f"has the same value, {self.low:g}, in every voxel; choose another image, or load it again."
        looks = (self._scaled, self._wrapped, self._padded_high, self._without_air, self._shifted_down,
                 self._without_tissue, self._padded)  # fmt: skip
        return next((told for look in looks if (told := look())), "")

    @property
    def note(self) -> str:
        """A sentence where the highest numbers are cut off; "" elsewhere."""
        share = self.shares[-1]
        if self.is_drawn or not 100 <= self.high < 1300 or share < 1e-3 or not self._is_spike(len(self.values) - 1):
            return ""
        return (
            f"The highest value is {self.high:g}, in {_percent(share)} of the voxels: the CT was clipped there, so "
            "bone and metal are less dense than in the patient."
        )

    def _scaled(self) -> str:
        if max(abs(self.low), abs(self.high)) <= 20:
            return self._not_hu(
                "numbers that were scaled for a network, or another quantity", "Give the CT from before, in HU"
            )
        if self.dtype in (np.uint8, np.bool_) or (self.low == 0 and self.is_drawn and self.high <= 1000):
            return self._not_hu("gray values or labels", "Give the CT that they were made from")
        return ""

    def _wrapped(self) -> str:
        if self.share(_HIGHEST_HU) >= 1e-3 and self._share_of_largest_spike(_HIGHEST_HU) < 0.5:
            return self._not_hu(
                "negative numbers that were stored without their sign, so that -1024 became 64512",
                "Load the DICOM series again, or subtract 65536 from what is above 32767",
            )
        if self.low >= 0 and self.high <= _TWELVE_BITS and self.share(2900) >= 0.1 and self.share(-50, 1000) >= 0.1:
            spread = self.values[self.values >= 2900]
            if len(spread) > 8 and self._share_of_largest_spike(2900) < 0.5:
                return self._not_hu(
                    "negative numbers that were wrapped at 12 bits, so that -1000 became 3096",
                    "Load the DICOM series again, or subtract 4096 from what is above 2900",
                )
        return ""

    def _padded_high(self) -> str:
        for index in np.flatnonzero((self.values >= 1500) & (self.shares >= 0.01)).tolist():
            if self._is_spike(index):
                return self._padding(index)
        return ""

    def _without_air(self) -> str:
        """Nothing is as thin as air: a crop inside the body, or no HU."""
        from ..volume import PADDING_BELOW_HU

        first = min(int(np.searchsorted(self.values, PADDING_BELOW_HU)), len(self.values) - 1)
        low, share, middle = float(self.values[first]), float(self.shares[first]), self.at_share(0.5)
        if low <= _AIR_BELOW_HU:
            return ""
        shifted = self.share(850, 1250)  # fat to muscle, 1024 too high; a crop of bone has as much above and below
        if (
            low > -300
            and shifted >= 0.1
            and shifted > 3 * self.share(1250, 1650)
            and shifted > 2 * self.share(450, 850)
        ):
            return self._not_hu(
                "a CT that is stored as HU + 1024, or + 1000", "Subtract that number, or load the DICOM series again"
            )
        if low >= 0:
            is_tissue = self.is_ct or (20 <= middle <= 300 and self.at_share(0.01) >= 0.2 * middle)
            if is_tissue and (share < 3e-3 or self._counts[first] <= 3):
                return ""
            return self._not_hu("MR, PET, or a CT without its offset", "Choose a CT in HU")
        if share >= 0.005 and self._counts[first] > 3 and not self.is_drawn:
            return self._not_hu(
                f"a CT that was clipped or masked at {low:g}, so that air is as dense as that",
                "Give the CT from before",
            )
        return ""

    def _shifted_down(self) -> str:
        from ..volume import PADDING_BELOW_HU

        below = self.share(-np.inf, PADDING_BELOW_HU)
        if below < 0.05:
            return ""
        largest = float(self.shares[self.values < PADDING_BELOW_HU].max(initial=0))
        if largest >= 0.8 * below or self.is_drawn:
            return ""
        return self._not_hu("a CT whose offset of -1024 was applied twice", "Add 1024, or load the DICOM series again")

    def _without_tissue(self) -> str:
        if self.share(*_SOFT_HU) >= 0.002 or (self.is_ct and self.low > _AIR_BELOW_HU):
            return ""
        return self._not_hu(
            "another quantity, for nothing is as dense as fat, water or muscle (-300 to 400)", "Choose a CT in HU"
        )

    def _padded(self) -> str:
        """One number around the patient that air does not have."""
        if self.is_drawn:
            return ""
        inner = (self.values > _AIR_BELOW_HU) & (self.values < self.high) & (self.shares >= 0.02)
        for index in np.flatnonzero(inner).tolist():
            if self._is_spike(index) and float(np.mean(self._edge == self.values[index])) >= 0.05:
                return self._padding(index)
        return ""

    def _is_spike(self, index: int) -> bool:
        """Whether a number is in far more voxels than its neighbors, as no measured one is."""
        near = self.share(self.values[index] - 5, self.values[index] + 5) - self.shares[index]
        return bool(self.shares[index] > 4 * near)

    def _share_of_largest_spike(self, above: float) -> float:
        """Of the voxels above a number, the share that have the most frequent value among them."""
        shares = self.shares[self.values >= above]
        return float(shares.max() / shares.sum()) if shares.size else 0.0

    def _padding(self, index: int) -> str:
        value = f"{self.values[index]:g}"
        return (
            f"has the value {value} in {_percent(self.shares[index])} of its voxels, which is no tissue but padding "
            f"around the field of the scanner, and would be taken for {self._as_dense(index)}. Replace {value} by "
            "-1000 (air), and save it again."
        )

    def _as_dense(self, index: int) -> str:
        value = self.values[index]
        return "metal" if value >= 2000 else "bone" if value >= 300 else "tissue" if value >= -300 else "matter"

    def _not_hu(self, like: str, mend: str) -> str:
        share, middle = self.shares[0], self.at_share(0.5)
        often = f" (in {_percent(share)} of the voxels)" if share >= 0.01 else ""
        return (
            f"does not look like a CT in HU: its lowest value is {self.low:g}{often}, its median {middle:g} and its "
            f"highest {self.high:g}; in a CT air is about -1000 and soft tissue 0 to 100. It looks like {like}. {mend}."
        )


def _sampled(array: np.ndarray) -> np.ndarray:
    """Every so-manyth voxel along each axis."""
    step = max(1, round((array.size / _SAMPLES) ** (1 / 3)))
    steps = [min(step, max(1, size // 16)) for size in array.shape]
    return np.ascontiguousarray(array[tuple(slice(None, None, one) for one in steps)])


def _edge_of(sample: np.ndarray) -> np.ndarray:
    """The voxels at the sides of the image."""
    return np.concatenate([sample.take(end, axis=axis).ravel() for axis in range(3) for end in (0, -1)])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"
