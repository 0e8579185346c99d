"""How far a slider of a lesion goes: what is declared, narrowed to what the organ has room for."""

from synthetic_imaging.declared import Setting

from .Window import isLung

SOFT_TISSUE_HU = -150, 200
"""From fat to enhancing or bleeding tissue, seen from an organ of soft tissue."""
AIR_HU = -1000
LEAST_LARGEST_MM = 2.0


def handRange(path: str, setting: Setting, summary: dict) -> tuple[float, float]:
    """Least and largest value for a hand. path: dotted name. summary: numbers of the organ, see ``summaryOf``.

    In the lung, contrasts between parts of a lesion are not narrowed: cavities hold air.
    """
    low, high = setting.low, setting.high
    if setting.unit == "HU":
        if not isLung(summary["meanHu"]):
            low, high = max(low, SOFT_TISSUE_HU[0]), min(high, SOFT_TISSUE_HU[1])
        elif path == "contrast_hu":
            low = max(low, round(AIR_HU - summary["meanHu"]))
    elif setting.unit == "mm":
        high = min(high, max(LEAST_LARGEST_MM, round(summary["largestRadiusMm"], 1)))
    return low, high
