"""One run as it was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synthetic_imaging.errors import InputError
from synthetic_imaging.segmentation.postprocessing import Step
from synthetic_imaging.segmentation.settings import Settings


@dataclass(frozen=True)
class Case:
    """volumeNodes: the channels, in the model's order. model: id of the catalog, or the path of a folder or file.

    steps: after the model; ownSteps: those of its description come first. regionNode, regionSegmentId: a segment, only
    around which is looked. wholeSequence: every item of the sequence whose volume is shown.
    """

    volumeNodes: tuple[Any, ...]
    model: str
    settings: Settings
    steps: tuple[Step, ...] = ()
    ownSteps: bool = True
    regionNode: Any = None
    regionSegmentId: str = ""
    wholeSequence: bool = False

    @property
    def name(self) -> str:
        return self.volumeNodes[0].GetName()

    def check(self) -> None:
        """InputError where something is not chosen, or has left the scene."""
        if not self.model:
            raise InputError("No model is chosen. Choose one of the list.")
        if not self.volumeNodes or any(node is None for node in self.volumeNodes):
            raise InputError("No volume is chosen. Load an image and choose it.")
        for node in filter(None, (*self.volumeNodes, self.regionNode)):
            if node.GetScene() is None:
                raise InputError(f'"{node.GetName()}" is not in the scene any more. Choose another one.')
