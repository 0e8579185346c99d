"""Values of foreign descriptions, each checked when it is taken; InputError says where it stands and what would do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import InputError


class Given:
    """A value of a description and where it stands in it, for sentences.

    given = Given(json_data, "plans.json")
    patch = given["patch_size"].whole_numbers(1, 1024, sizes=(2, 3))
    """

    def __init__(self, value: Any, where: str):
        self.value, self.where = value, where

    def fail(self, wanted: str) -> InputError:
        said = repr(self.value)
        said = said if len(said) <= 80 else f"{said[:77]}..."
        return InputError(
            f"{self.where} is {said}; {wanted} is needed. The file may be damaged or newer than this program."
        )

    def __getitem__(self, name: str) -> Given:
        """A field of an object, which must be there."""
        found = self.get(name)
        if found is None:
            raise InputError(f"{self.where} has no field '{name}'; the file may be damaged, or of another kind.")
        return found

    def get(self, name: str) -> Given | None:
        """A field of an object; None where it is missing or null."""
        value = self.mapping().get(name)
        return None if value is None else Given(value, f"{self.where}: {name}")

    def mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, Mapping) or not all(isinstance(key, str) for key in self.value):
            raise self.fail("an object with named fields")
        return self.value

    def only(self, *names: str) -> Given:
        """Itself, an object that has no other fields than these."""
        if unknown := sorted(set(self.mapping()) - set(names)):
            raise InputError(
                f"{self.where} has unknown fields: {', '.join(unknown)[:200]}. The file may be newer than this program."
            )
        return self

    def items(self, most: int = 10_000) -> list[Given]:
        if not isinstance(self.value, Sequence) or isinstance(self.value, str | bytes) or len(self.value) > most:
            raise self.fail(f"a list of at most {most} entries")
        return [Given(value, f"{self.where}[{index}]") for index, value in enumerate(self.value)]

    def fields(self, most: int = 10_000) -> dict[str, Given]:
        if len(self.mapping()) > most:
            raise self.fail(f"an object of at most {most} fields")
        return {name: Given(value, f"{self.where}: {name}") for name, value in self.value.items()}

    def text(self, most: int = 10_000, least: int = 0) -> str:
        if not isinstance(self.value, str) or not least <= len(self.value) <= most:
            raise self.fail("a text")
        return self.value

    def choice(self, choices: Sequence[str]) -> str:
        if not isinstance(self.value, str) or self.value not in choices:
            raise self.fail(f"one of {', '.join(choices)}")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.fail("true or false")
        return self.value

    def number(self, low: float = -1e30, high: float = 1e30) -> float:
        # an integer of JSON may be too long for a float
        ok = isinstance(self.value, int | float) and not isinstance(self.value, bool) and low <= self.value <= high
        if not ok or not math.isfinite(self.value):
            raise self.fail(f"a number from {low:g} to {high:g}")
        return float(self.value)

    def whole(self, low: int, high: int) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not low <= self.value <= high:
            raise self.fail(f"a whole number from {low} to {high}")
        if self.value != int(self.value):
            raise self.fail(f"a whole number from {low} to {high}")
        return int(self.value)

    def listed(self, take: Callable[[Given], Any], sizes: Sequence[int] | range = range(10_000)) -> tuple:
        items = self.items()
        if len(items) not in sizes:
            raise self.fail(f"a list of {' or '.join(map(str, sizes[:4]))} entries")
        return tuple(take(item) for item in items)

    def whole_numbers(self, low: int, high: int, sizes: Sequence[int] | range = range(10_000)) -> tuple[int, ...]:
        return self.listed(lambda item: item.whole(low, high), sizes)

    def numbers(self, low: float, high: float, sizes: Sequence[int] | range = range(10_000)) -> tuple[float, ...]:
        return self.listed(lambda item: item.number(low, high), sizes)
