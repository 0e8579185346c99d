"""What may be placed, and how lesions are named and seeded."""

from dataclasses import replace
from itertools import count

SEED_LIMIT = 2**31


def organVolumeMl(case):
    return case.organ_mm3 / 1000


def checkInside(case, ras):
    from synthetic_imaging.errors import InputError

    if not case.contains(ras):
        place = ", ".join(f"{value:.1f}" for value in ras)
        raise InputError(f"The point ({place}) mm lies outside the {case.organ_name}. Choose a point inside it.")


def checkLesion(case, lesion):
    """The lesion, if the core accepts it where it is."""
    from synthetic_imaging.tumor import check_lesion

    check_lesion(case, lesion)
    return lesion


def numbered(lesions, existing):
    """The lesions with names that follow those of the existing ones: "Lesion 3", "Lesion 4"."""
    numbers = [int(lesion.name.split()[1]) for lesion in existing if _isNumbered(lesion.name)]
    first = max(numbers, default=0) + 1
    return [replace(lesion, name=f"Lesion {first + place}") for place, lesion in enumerate(lesions)]


def numberedAfter(lesions, parent, existing):
    """The lesions with names that follow that of one: "Lesion 1.1", "Lesion 1.2"."""
    taken = {lesion.name for lesion in existing}
    free = (name for name in (f"{parent.name}.{number}" for number in count(1)) if name not in taken)
    return [replace(lesion, name=name) for lesion, name in zip(lesions, free, strict=False)]


def _isNumbered(name):
    words = name.split()
    return len(words) == 2 and words[0] == "Lesion" and words[1].isdecimal()


def nextSeed(lesions):
    """A seed that follows from the lesions, so that a session can be repeated."""
    return (sum(lesion.seed for lesion in lesions) * 31 + 7919 * (len(lesions) + 1)) % SEED_LIMIT


def shuffledSeed(seed):
    return (seed * 1103515245 + 12345) % SEED_LIMIT


def beside(case, lesion):
    """A place two radii aside of a lesion in the organ; its own place where there is none."""
    reach = 2 * case.bounding_radius_mm(lesion)
    r, a, s = lesion.center_ras
    around = [(r + reach, a, s), (r - reach, a, s), (r, a + reach, s), (r, a - reach, s)]
    return next((place for place in around if case.contains(place)), lesion.center_ras)
