"""Names, titles and sources of the presets, read from the core's table without loading the engine."""

import json
from functools import cache
from importlib import resources


@cache
def presetTable():
    """{preset name: {"title", "organ", "source", ...}} in the order of the table; empty where the core is not found."""
    try:
        text = (resources.files("synthetic_imaging") / "tumor" / "presets.json").read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        return {}
    return json.loads(text)


def presetsFor(organ):
    """Names of the presets: those meant for the organ (a term such as "left kidney"), then those for any, then others.

    Within each group the order is that of the table, the most typical first.
    """
    table = presetTable()
    words = set((organ or "").split())
    return sorted(table, key=lambda name: _rank(table[name]["organ"], words))


def _rank(presetOrgan, words):
    if presetOrgan in words:
        return 0
    return 1 if presetOrgan == "any" else 2
