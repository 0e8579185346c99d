"""A model that can be run, whatever file it came from."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import torch

from ..errors import InputError
from ..volume import Volume
from .recipe import Label, Recipe
from .running import Progress, segment
from .settings import Settings
from .tiling import Network


@dataclass(frozen=True)
class Card:
    """What a user has to know before the model is used. Empty texts: its file does not say.

    kind: "package", "nnunet", "monai" or "onnx". licenses: by "code", "weights", "data". metrics: measure, value, data
    and what else is known of each. provenance: recipe, seed, commit, data.
    """

    id: str
    name: str
    kind: str
    version: str = ""
    summary: str = ""
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    licenses: dict[str, str] = field(default_factory=dict)
    metrics: tuple[dict, ...] = ()
    provenance: dict = field(default_factory=dict)
    postprocessing: tuple[dict, ...] = ()
    folds: tuple[str, ...] = ()


class Model:
    """A model: its card, what has to be done around the network, and the networks themselves.

    load: the networks on a device, by the names of folds; None for all.
    """

    def __init__(self, card: Card, recipe: Recipe,
                 load: Callable[[torch.device, tuple[str, ...] | None], Sequence[Network]]):  # fmt: skip
        self.card, self.recipe, self._load = card, recipe, load

    @property
    def labels(self) -> tuple[Label, ...]:
        """The structures that it finds, background not among them."""
        return self.recipe.labels

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the images that it takes, in order."""
        return self.recipe.channels

    def segment(self, volumes: Sequence[Volume], settings: Settings | None = None,
                within: Volume | None = None) -> Generator[Progress, None, Volume]:  # fmt: skip
        """Labels on the grid of the first volume; see ``running.segment``."""
        settings = settings or Settings()
        folds = settings.fold_names()
        if folds is not None and (unknown := [name for name in folds if name not in self.card.folds]):
            has = ", ".join(self.card.folds) or "none"
            raise InputError(f"The model '{self.card.name}' has no fold {', '.join(unknown)}; there are {has}.")
        return segment(volumes, self.recipe, lambda device: self._load(device, folds), settings, within)
