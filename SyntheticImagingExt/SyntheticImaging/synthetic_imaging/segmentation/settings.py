"""What a user sets of a run; nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass

from ..declared import Declared, choice, flag, number, text
from ..errors import InputError

PRESETS = ("quality", "balanced", "fast")
CROPS = ("auto", "none", "body")
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Settings(Declared):
    """How a model is run. The preset "quality" is the model as published. "balanced" computes the same tiles, but none
    of air alone, and in half precision where the processor has it: other labels in some voxels of a thousand. "fast"
    cuts the body out too and lets tiles overlap by a quarter only; outlines differ a little more.

    A tile step of None is the model's own, in the preset fast the largest that keeps tiles overlapping by a quarter.
    """

    preset: str = choice(
        "quality", PRESETS, "As published; the same without air and in short numbers; or with fewer tiles too"
    )
    tile_step: float | None = number(
        None, "Distance of tiles, in tiles; without it what the preset takes", low=0.1, high=1, step=0.05,
    )  # fmt: skip
    mirror: bool = flag(
        False, "Mean over mirrored images, as nnU-Net publishes results; takes up to eight times as long"
    )
    crop: str = choice("auto", CROPS, "What of a CT is looked at; auto: the body in the preset fast, else all")
    margin_mm: float = number(20, "Margin around what is looked at", unit="mm", low=0, high=200)
    device: str = choice("auto", DEVICES, "Where the network runs; auto: the graphics card where there is one")
    half: bool = flag(
        True, "Half precision on a graphics card, and but for the preset quality on processors that have it"
    )
    folds: str = text("all", 'Which trainings of one model are averaged: "all", or their numbers as "0,1"')

    @property
    def as_published(self) -> bool:
        return self.preset == "quality"

    @property
    def fast(self) -> bool:
        return self.preset == "fast"

    @property
    def crops_to_body(self) -> bool:
        return self.crop == "body" or (self.fast and self.crop == "auto")

    @property
    def skips_air(self) -> bool:
        """Whether tiles without any of the body are left out; nobody asked for all where crop is "none"."""
        return self.crops_to_body or (not self.as_published and self.crop == "auto")

    def check(self):
        self.fold_names()

    def fold_names(self) -> tuple[str, ...] | None:
        """The folds by name, None for all."""
        if self.folds.strip().lower() in ("", "all"):
            return None
        names = tuple(part.strip() for part in self.folds.split(","))
        if not all(name.isdigit() for name in names):
            raise InputError(f"folds is '{self.folds}'; give 'all', or numbers with commas between them, as '0,1'.")
        return names
