"""The console's keywords: names of the core in lowerCamelCase, "rimThicknessMm" for "rim.thickness_mm" of a lesion."""

import warnings
from collections.abc import Mapping
from typing import Any

from synthetic_imaging.declared import Declared, camel, paths, setting_of
from synthetic_imaging.errors import InputError


def keywords(cls: type[Declared]) -> dict[str, str]:
    """The dotted name of each setting of a declared class, by keyword."""
    return {camel(known): path for known, path in paths(cls).items()}


def byPath(cls: type[Declared], values: Mapping[str, Any], former: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Values by dotted name that were given by keyword, checked; InputError says the keyword of a value that cannot
    be, and lists the keywords where one is unknown.

    former: keywords of the version before, with their present names. The core's own names, with "__" for the dot, are
    of that version too. Whoever uses one is told the present name.
    """
    known = keywords(cls)
    found = {}
    for name, value in values.items():
        keyword = name if name in known else _present(known, name, former or {})
        if keyword is None:
            raise InputError(f'A {cls.__name__.lower()} has no "{name}"; it has {", ".join(known)}.')
        found[known[keyword]] = setting_of(cls, known[keyword]).checked(value, keyword)
    return found


def _present(known, name, former):
    """The keyword that a former name stands for, or None."""
    spelled = name.replace("__", ".")
    keyword = former.get(name) or next((each for each, path in known.items() if spelled in (path, each)), None)
    if keyword is not None:
        # whose line it is that has to be changed: the caller of the logic's method
        warnings.warn(f'"{name}" is called "{keyword}" now; the next version knows only that.', FutureWarning, 4)
    return keyword
