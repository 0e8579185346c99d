"""Which kinds of lesions are offered first; the table of the kinds is the core's."""

from synthetic_imaging.tumor.plans import preset_table


def presetsFor(organ: str | None) -> list[str]:
    """Names of the presets: those meant for the organ (a term such as "left kidney"), then those for any, then others.

    Within each group the order is that of the table, the most typical first.
    """
    table = preset_table()
    words = set((organ or "").split())
    return sorted(table, key=lambda name: _rank(table[name]["organ"], words))


def _rank(presetOrgan, words):
    if presetOrgan in words:
        return 0
    return 1 if presetOrgan == "any" else 2
