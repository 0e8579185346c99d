"""Steps after any model, or after anything else that made labels: declared here, done by ``processing``.

    steps = (Within(organ=1, labels=(2,), margin_mm=5), LargestComponent(labels=(1,)))
    labels = finished(processed(labels, steps, ct))

A package names them in its description: {"name": "largest_component", "labels": [1], "keep": 1}. Nothing here needs
NumPy or torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..declared import Declared, choice, number, settings, whole
from ..errors import InputError

CONNECTIVITIES = ("faces", "edges", "corners")


@dataclass(frozen=True)
class Step(Declared):
    """One step. labels: whose voxels it may change; none: all but background."""

    name: ClassVar[str] = ""
    needs_ct: ClassVar[bool] = False

    labels: tuple[int, ...] = ()

    def __post_init__(self):
        given = self.labels
        whole_numbers = isinstance(given, tuple | list) and all(type(label) is int and label > 0 for label in given)
        if not whole_numbers or len(set(given)) != len(given):
            raise InputError(f"labels is {given!r}; give label numbers of 1 or more, each once.")
        object.__setattr__(self, "labels", tuple(given))
        super().__post_init__()

    def to_dict(self) -> dict:
        """Its name and its fields, ready for JSON; the inverse of ``step_from``."""
        return {"name": self.name, **super().to_dict()}


@dataclass(frozen=True)
class LargestComponent(Step):
    """Of each label only the largest connected pieces; the rest becomes background."""

    name = "largest_component"

    keep: int = whole(1, "How many pieces of each label are kept; 0: all that are large enough", low=0, high=1000)
    least_ml: float = number(0, "Smaller pieces go, whatever their number", unit="mL", low=0, high=10_000, step=0.1)
    connectivity: str = choice("corners", CONNECTIVITIES, "What voxels of one piece have in common")


@dataclass(frozen=True)
class FillHoles(Step):
    """Background that a label encloses on all sides becomes that label; other labels stay."""

    name = "fill_holes"

    most_ml: float = number(
        0, "Larger holes stay; 0: all are filled", unit="mL", low=0, high=10_000, step=0.1
    )  # fmt: skip


@dataclass(frozen=True)
class Within(Step):
    """Labels outside an organ and a margin around it become background.

    Where ``organ`` has no voxel, nothing of the labels stays. Labels named none: all but the organ.
    """

    name = "within"

    organ: int = whole(1, "Label of the organ", low=1, high=30_000)
    margin_mm: float = number(0, "Around the organ", unit="mm", low=0, high=200)

    def check(self):
        if self.organ in self.labels:
            raise InputError(f"Label {self.organ} is the organ itself; leave it out of labels.")


@dataclass(frozen=True)
class HuRange(Step):
    """Voxels of labels whose HU lies outside a range become background, as muscle beyond -29 to 150 HU."""

    name = "hu_range"
    needs_ct = True

    low: float = number(
        -29, "Lowest HU that stays", unit="HU", low=-1024, high=10_000,
        source="muscle, as ABC-Toolkit takes it",
    )  # fmt: skip
    high: float = number(150, "Highest HU that stays", unit="HU", low=-1024, high=10_000)

    def check(self):
        if self.low > self.high:
            raise InputError(f"low is {self.low:g} and high {self.high:g}; give high at least low.")


@dataclass(frozen=True)
class Crf(Step):
    """Outlines that follow the CT: a fully connected conditional random field (see ``crf``).

    Pairs of voxels count within four of the largest sigma in mm.
    """

    name = "crf"
    needs_ct = True

    w1: float = number(3, "Weight of voxels that are near and alike", low=0, high=1000, step=0.5)
    w2: float = number(2, "Weight of voxels that are near", low=0, high=1000, step=0.5)
    sigma_alpha_mm: float = number(3, "Nearness of those that are alike", unit="mm", low=0.1, high=100, step=0.5)
    sigma_beta_hu: float = number(25, "Likeness", unit="HU", low=1, high=1000)
    sigma_gamma_mm: float = number(1.5, "Nearness of the others", unit="mm", low=0.1, high=100, step=0.5)
    iterations: int = whole(5, "Steps of the mean field", low=0, high=100)
    band_mm: float = number(
        6, "Voxels up to there from the outline may change; 0: all", unit="mm", low=0, high=200, step=0.5
    )  # fmt: skip
    confidence: float = number(
        0.8, "Probability that a voxel has its label, where no probabilities are given", low=0.51, high=0.999, step=0.01
    )  # fmt: skip


STEPS: Mapping[str, type[Step]] = {cls.name: cls for cls in (LargestComponent, FillHoles, Within, HuRange, Crf)}
"""The steps by the name that a description has for them."""


def step_from(values: Mapping[str, Any]) -> Step:
    """A step of its JSON; InputError where the name or a field is unknown, or a number out of range."""
    if not isinstance(values, Mapping) or values.get("name") not in list(STEPS):
        raise InputError(
            f"{values!r} is no step after a model; give an object whose name is one of {', '.join(STEPS)}."
        )
    fields = {key: value for key, value in values.items() if key != "name"}
    return STEPS[values["name"]].from_dict(fields, f"the step '{values['name']}'")


def step_of_text(text: str) -> Step:
    """A step as it is typed: "crf", "within:organ=1,margin_mm=5" or "largest_component:labels=1+2,keep=1"."""
    name, _, given = text.partition(":")
    values: dict[str, Any] = {"name": name}
    for part in filter(None, given.split(",")):
        field, _, value = part.partition("=")
        declared = settings(STEPS[name]).get(field) if name in STEPS else None
        if field == "labels":
            values[field] = [int(label) if label.isdigit() else label for label in value.split("+")]
        else:
            values[field] = declared.read(value, field) if declared else value
    return step_from(values)


def steps_from(values: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Steps of a list of their JSON."""
    return tuple(step_from(step) for step in values)
