"""Options by the names of version 0.1, which work for one version more and say their new names."""

from __future__ import annotations

import sys

from ..errors import InputError

_LESIONS: dict[str, tuple[str, ...]] = {"--satellites": ("--satellite-count",)}
FORMER: dict[str, dict[str, tuple[str, ...]]] = {
    "drr": {
        "--lao": ("--lao-deg",),
        "--cran": ("--cran-deg",),
        "--roll": ("--roll-deg",),
        "--isocenter": ("--isocenter-ras",),
        "--sdd-mm": ("--source-to-detector-mm",),
        "--sid-mm": ("--source-to-isocenter-mm",),
        "--size": ("--image-size",),
        "--off-center-mm": ("--off-right-mm", "--off-up-mm"),
        "--scatter": ("--scatter-ratio",),
        "--window": ("--window-low", "--window-high"),
        "--invert": ("--inverted",),
    },
    "tumor": {**_LESIONS, "--growth": ("--doubling-time-days",)},
    "tumor-batch": _LESIONS,
    "study": {"--training": ("--training-cases",)},
}
"""By verb: what an option is called now; two names share two numbers with a comma between them."""


def tell_former(former: str, present: str):
    """Say on the error stream what an option is called now."""
    print(f"synthetic-imaging: {former} is now {present}.", file=sys.stderr)


def renewed(arguments: list[str]) -> list[str]:
    """The arguments with the present names of options; each former one is told."""
    verb = next((argument for argument in arguments if not argument.startswith("-")), "")
    table = FORMER.get(verb, {})
    result: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if name not in table:
            result.append(argument)
            continue
        new = table[name]
        tell_former(name, " and ".join(new))
        if len(new) == 1:
            result.append(new[0] + equals + value)
            continue
        values = (value if equals else next(waiting, "")).split(",")
        if len(values) != len(new):
            raise InputError(f"{name} takes two numbers with a comma between them; use {' and '.join(new)} instead.")
        result += [f"{option}={number}" for option, number in zip(new, values, strict=True)]
    return result
