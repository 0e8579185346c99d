"""Which label of a prediction is which of a reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..errors import InputError
from .settings import BY_NAME


@dataclass(frozen=True)
class Match:
    """One structure: its value in each, None where that one does not know it."""

    name: str
    prediction: int | None
    reference: int | None

    @property
    def label(self) -> int:
        """The value in the reference, or that in the prediction where the reference does not know it."""
        return self.prediction if self.reference is None else self.reference  # type: ignore[return-value]


def match(prediction: Collection[int], reference: Collection[int], prediction_names: Mapping[int, str],
          reference_names: Mapping[int, str], how: str) -> tuple[list[Match], list[str]]:  # fmt: skip
    """The structures of values that have voxels, and sentences about what does not fit.

    By name where both sides name all their labels, letters small or capital, else by value. InputError where names are
    asked for and not one is on both sides, or one name has two values.
    """
    if how == BY_NAME and prediction_names and reference_names:
        return _by_name(_named(prediction, prediction_names, "prediction"),
                        _named(reference, reference_names, "reference"))  # fmt: skip
    names = {**prediction_names, **reference_names}
    found = [
        Match(
            names.get(value, f"label {value}"),
            value if value in prediction else None,
            value if value in reference else None,
        )
        for value in sorted({*prediction, *reference})
    ]
    differ = [
        value
        for value in sorted({*prediction, *reference})
        if value in prediction_names
        and value in reference_names
        and _key(prediction_names[value]) != _key(reference_names[value])
    ]
    notes = [
        f"Label {value} is '{prediction_names[value]}' in the prediction and '{reference_names[value]}' in the "
        "reference; they are compared all the same."
        for value in differ
    ]
    return found, notes


def _key(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())


def _named(values: Collection[int], names: Mapping[int, str], side: str) -> dict[str, tuple[str, int]]:
    """Values by comparable name, those without voxels too, for the other side may have them."""
    found: dict[str, tuple[str, int]] = {}
    for value in sorted({*values, *names} - {0}):  # some name the background too
        name = names.get(value, f"label {value}")
        if _key(name) in found:
            raise InputError(
                f"In the {side} '{name}' is the name of label {found[_key(name)][1]} and of label {value}; rename one, "
                "or match labels by value."
            )
        found[_key(name)] = name, value
    return found


def _by_name(prediction: dict[str, tuple[str, int]], reference: dict[str, tuple[str, int]]):
    common = [key for key in reference if key in prediction]
    if not common:
        raise InputError(
            f"No label has the same name in the prediction ({_listed(prediction)}) and in the reference "
            f"({_listed(reference)}); rename them, or match labels by value."
        )
    only_prediction = {key: entry for key, entry in prediction.items() if key not in reference}
    only_reference = {key: entry for key, entry in reference.items() if key not in prediction}
    found = [Match(reference[key][0], prediction[key][1], reference[key][1]) for key in common]
    found += [Match(name, None, value) for name, value in only_reference.values()]
    found += [Match(name, value, None) for name, value in only_prediction.values()]
    notes = [
        f"Only the {side} knows {_listed(those)}."
        for side, those in (("prediction", only_prediction), ("reference", only_reference))
        if those
    ]
    return found, notes


def _listed(entries: Mapping[str, tuple[str, int]]) -> str:
    names = [name for name, _ in entries.values()]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
