"""How lesions are named and seeded."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from synthetic_imaging.tumor.lesion import Lesion

SEED_LIMIT = 2**31


def numbered(lesions: Sequence[Lesion], existing: Sequence[Lesion]) -> list[Lesion]:
    """The lesions with names that follow those of the existing ones: "Lesion 3", "Lesion 4"."""
    numbers = [int(lesion.name.split()[1]) for lesion in existing if _isNumbered(lesion.name)]
    first = max(numbers, default=0) + 1
    return [replace(lesion, name=f"Lesion {first + place}") for place, lesion in enumerate(lesions)]


def numberedAfter(lesions: Sequence[Lesion], parent: Lesion, existing: Sequence[Lesion]) -> list[Lesion]:
    """The lesions with names that follow that of one: "Lesion 1.1", "Lesion 1.2"."""
    taken = {lesion.name for lesion in existing}
    free = (name for name in (f"{parent.name}.{number}" for number in count(1)) if name not in taken)
    return [replace(lesion, name=name) for lesion, name in zip(lesions, free, strict=False)]


def _isNumbered(name):
    words = name.split()
    return len(words) == 2 and words[0] == "Lesion" and words[1].isdecimal()


def nextSeed(lesions: Sequence[Lesion]) -> int:
    """A seed that follows from the lesions, so that a session can be repeated."""
    return (sum(lesion.seed for lesion in lesions) * 31 + 7919 * (len(lesions) + 1)) % SEED_LIMIT


def shuffledSeed(seed: int) -> int:
    """Another seed, always the same one after this."""
    return (seed * 1103515245 + 12345) % SEED_LIMIT
