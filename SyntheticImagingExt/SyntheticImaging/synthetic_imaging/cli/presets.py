"""``synthetic-imaging presets``: the kinds of lesion, and where their numbers come from."""

from __future__ import annotations

import textwrap

from .options import Console, add_verb


def add_to(verbs):
    add_verb(
        verbs,
        "presets",
        run,
        "list the kinds of lesion",
        "List the kinds of lesion with the organ they are meant for and the source of their numbers.",
        "  synthetic-imaging presets",
    )


def run(options, console: Console) -> int:
    from ..tumor import presets

    for name, preset in presets().items():
        print(f"{name:24} {preset.organ:10} {preset.title}")
        print(textwrap.fill(preset.source, width=96, initial_indent="    ", subsequent_indent="    "))
    return 0
