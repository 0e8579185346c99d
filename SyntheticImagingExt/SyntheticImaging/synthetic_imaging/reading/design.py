"""The plan of a reader study: what is asked, how, in which portions, and what its images have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..declared import Declared, choice, flag, number, numbers, several, text, whole
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
MODALITIES = ("ct", "xray")
CT_WINDOWS = {"abdomen": (50.0, 400.0), "liver": (90.0, 150.0), "lung": (-500.0, 1500.0), "bone": (400.0, 1800.0)}
"""Window presets as (level, width) in HU."""

XRAY_WINDOWS = {"full": (2047.5, 4095.0), "bright": (2800.0, 2400.0), "dark": (1200.0, 2400.0)}

LESION_BOX_MM = (120.0, 120.0, 60.0)
"""A part of a CT that shows a lesion with its surroundings; forms begin with it, for whole CTs are large."""

COUNT_COLUMNS = (
    "reader", "real_as_real", "real_as_synthetic", "synthetic_as_real", "synthetic_as_synthetic", "real_open",
    "synthetic_open",
)  # fmt: skip
"""Columns of a table of published counts; the last two may be missing."""


@dataclass(frozen=True)
class Design(Declared):
    """What the readers do. All fields have defaults that make a sound small study.

    arms: "rating" (one image, six-point scale), "pairs" (two images, which one is synthetic, and how sure), or both,
    in that order. instructions: they say whether readers are naive or told what to look for. training_cases are not
    part of the results. time_limit_s: a case without an answer by then is recorded as unanswered. cue: on, because the
    question is about one lesion and one CT may serve both classes; off where no places are known. allow_unsure: kept
    in the statistics as bounds. allow_back: both answers are kept.
    """

    title: str = text("Visual Turing test", "Title, which heads the report")
    question: str = text("Is the lesion real or synthetic?", "What readers are asked")
    instructions: str = text("", "Shown before the first case")
    arms: tuple[str, ...] = several((RATING,), ARMS, "One image with a scale, or two images of which one is synthetic")
    training_cases: int = whole(
        0, "Cases with feedback first, half of each kind", unit="cases", low=0, high=1000, step=2
    )
    repeat_share: float = number(
        0.1, "Share of the cases shown twice, for agreement of each reader with herself", low=0, high=1, step=0.05
    )
    block_size: int = whole(
        10, "Each run of so many cases holds as many real as synthetic ones", unit="cases", low=2, high=1000, step=2
    )
    time_limit_s: float | None = number(
        None, "Time for a case; without it there is no limit", unit="s", low=1, high=3600, step=5
    )
    mark: str = choice("off", MARKS, "Whether the reader marks the place that decided")
    cue: bool = flag(True, "Show where the lesion is")
    allow_unsure: bool = flag(False, "Offer unsure beside the scale")
    allow_back: bool = flag(False, "Let readers change earlier answers")
    sessions: int = whole(1, "How often every reader reads all cases", low=1, high=20)
    washout_days: float = number(14, "Time between two sessions of a reader", unit="days", low=0, high=3650)
    margin: float = number(
        0.15, "Half-width about one half of what counts as indistinguishable", low=0.01, high=0.49, step=0.01
    )
    modality: str = choice("ct", MODALITIES, "What the images are")

    def check(self):
        if self.training_cases % 2:
            raise InputError(f"training_cases is {self.training_cases}; give an even number, half of each kind.")
        if not self.title.strip():
            raise InputError("The study has no title; give it one, it heads the report.")

    def repeats_of(self, count: int) -> int:
        """How many of so many cases or pairs of one kind are shown twice."""
        return math.ceil(self.repeat_share * count)

    @property
    def windows(self) -> dict[str, tuple[float, float]]:
        """Window presets (level, width) that readers may choose from; the first is the one images open with."""
        return CT_WINDOWS if self.modality == "ct" else XRAY_WINDOWS


@dataclass(frozen=True)
class ImagePolicy(Declared):
    """What all images of a study have in common.

    modality: "ct" (HU, clipped to low_hu..high_hu) or "xray" (gray values, the 0.5 and 99.5 percentile of each image
    put to 0 and 4095; always whole). box_mm: with the lesion in it but not in its middle. spacing_mm: resampled
    linearly. With both, all files have the same size to the byte.
    """

    modality: str = choice("ct", MODALITIES, "What the images are")
    box_mm: tuple[float, float, float] | None = numbers(
        None, "Part that is shown: extent along left, back and up; without it whole images", low=1, high=2000,
        step=10, decimals=0,
    )  # fmt: skip
    spacing_mm: tuple[float, float, float] | None = numbers(
        None, "Voxel size to resample to; without it each image's own voxels", low=0.05, high=20, step=0.1,
        decimals=2,
    )  # fmt: skip
    low_hu: int = whole(-1024, "Values below are shown as this one", unit="HU", low=-32768, high=32767)
    high_hu: int = whole(3071, "Values above are shown as this one", unit="HU", low=-32768, high=32767)
    size_px: int = whole(1024, "Rows and columns of radiographs", unit="pixels", low=16, high=4096, step=64)

    def check(self):
        if self.low_hu >= self.high_hu:
            raise InputError(f"Values from {self.low_hu} to {self.high_hu} are no range; the first must be lower.")

    @property
    def floor(self) -> int:
        """The value of everything outside the picture."""
        return self.low_hu if self.modality == "ct" else 0


def enough(cases: int, needed: int | None) -> bool:
    """Whether there are as many cases as an aim of the planning table needs."""
    return needed is not None and cases >= needed
