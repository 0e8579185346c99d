"""The plan of a reader study: what is asked, how, and in which portions."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

from ..errors import InputError

RATING, PAIRS = "rating", "pairs"
ARMS = (RATING, PAIRS)
REAL, SYNTHETIC = "real", "synthetic"
UNSURE = "unsure"
LEFT, RIGHT = "left", "right"
RATINGS = {
    1: "certainly real",
    2: "probably real",
    3: "possibly real",
    4: "possibly synthetic",
    5: "probably synthetic",
    6: "certainly synthetic",
}
"""The six-point scale: three steps on each side, so that every answer also is a yes or a no (Ma 2017, Chen 2016)."""

CONFIDENCES = {1: "guess", 2: "low", 3: "medium", 4: "high", 5: "certain"}
MARKS = ("off", "optional", "required")
CT_WINDOWS = {"abdomen": (50.0, 400.0), "liver": (90.0, 150.0), "lung": (-500.0, 1500.0), "bone": (400.0, 1800.0)}
"""Window presets as (level, width) in HU."""

XRAY_WINDOWS = {"full": (2047.5, 4095.0), "bright": (2800.0, 2400.0), "dark": (1200.0, 2400.0)}

COUNT_COLUMNS = (
    "reader", "real_as_real", "real_as_synthetic", "synthetic_as_real", "synthetic_as_synthetic", "real_open",
    "synthetic_open",
)  # fmt: skip
"""Columns of a table of published counts; the last two may be missing."""


@dataclass(frozen=True)
class Design:
    """What the readers do. All fields have defaults that make a sound small study.

    arms: "rating" (one image, six-point scale), "pairs" (two images, which one is synthetic, and how sure), or both,
        in that order.
    instructions: shown before the first case; says whether readers are naive or told what to look for.
    training_cases: images set aside for training with feedback, half of each kind; not part of the results.
    repeat_share: share of the cases shown twice, for agreement of each reader with herself.
    block_size: each run of so many cases holds as many real as synthetic ones.
    time_limit_s: a case without an answer by then is recorded as unanswered. None: no limit.
    mark: whether the reader marks the place that decided: "off", "optional", "required".
    cue: show where the lesion is. Needed where one CT serves both classes.
    allow_unsure: offer "unsure" beside the scale; it is kept in the statistics as bounds.
    allow_back: let readers change earlier answers; both are kept.
    sessions, washout_days: how often every reader reads all cases, and the days between sessions.
    margin: half-width about one half of what counts as indistinguishable.
    modality: "ct" or "xray".
    """

    title: str = "Visual Turing test"
    question: str = "Is the lesion real or synthetic?"
    instructions: str = ""
    arms: tuple[str, ...] = (RATING,)
    training_cases: int = 0
    repeat_share: float = 0.1
    block_size: int = 10
    time_limit_s: float | None = None
    mark: str = "off"
    cue: bool = False
    allow_unsure: bool = False
    allow_back: bool = False
    sessions: int = 1
    washout_days: float = 14.0
    margin: float = 0.15
    modality: str = "ct"

    def __post_init__(self):
        object.__setattr__(self, "arms", tuple(self.arms))
        unknown = [arm for arm in self.arms if arm not in ARMS]
        if unknown or not self.arms or len(set(self.arms)) < len(self.arms):
            raise InputError(f"The arms are {', '.join(self.arms) or 'none'}; give each of {' and '.join(ARMS)} once.")
        self._choice("mark", MARKS)
        self._choice("modality", ("ct", "xray"))
        self._whole("training_cases", 0, 1000)
        self._whole("block_size", 2, 1000)
        self._whole("sessions", 1, 20)
        self._between("repeat_share", 0.0, 1.0)
        self._between("washout_days", 0.0, 3650.0)
        self._between("margin", 0.01, 0.49)
        if self.time_limit_s is not None:
            self._between("time_limit_s", 1.0, 86400.0)
        if self.training_cases % 2:
            raise InputError(f"training_cases is {self.training_cases}; give an even number, half of each kind.")
        if not self.title.strip():
            raise InputError("The study has no title; give it one, it heads the report.")

    @property
    def windows(self) -> dict[str, tuple[float, float]]:
        """Window presets (level, width) that readers may choose from; the first is the one images open with."""
        return CT_WINDOWS if self.modality == "ct" else XRAY_WINDOWS

    def to_dict(self) -> dict:
        return {**asdict(self), "arms": list(self.arms)}

    @classmethod
    def from_dict(cls, values: dict) -> Design:
        """The inverse of ``to_dict``; fields left out keep their defaults."""
        known = {entry.name for entry in fields(cls)}
        if not isinstance(values, dict) or set(values) - known:
            extra = ", ".join(sorted(set(values) - known)) if isinstance(values, dict) else "no named fields"
            raise InputError(f"The design cannot be read ({extra}); known fields: {', '.join(sorted(known))}.")
        try:
            return cls(**values)
        except TypeError as error:
            raise InputError(f"The design has a value of the wrong kind: {error}.") from error

    def _choice(self, name: str, allowed: tuple[str, ...]):
        if getattr(self, name) not in allowed:
            raise InputError(f"{name} is '{getattr(self, name)}'; choose one of {', '.join(allowed)}.")

    def _whole(self, name: str, low: int, high: int):
        value = getattr(self, name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InputError(f"{name} is {value!r}; it must be a whole number from {low} to {high}.")

    def _between(self, name: str, low: float, high: float):
        value = getattr(self, name)
        if not isinstance(value, int | float) or not (math.isfinite(value) and low <= value <= high):
            raise InputError(f"{name} is {value!r}; it must be a number from {low:g} to {high:g}.")


def enough(cases: int, needed: int | None) -> bool:
    """Whether there are as many cases as an aim of the planning table needs."""
    return needed is not None and cases >= needed
