"""Synthetic tumors in CT: a lesion is a declarative object, a CT with lesions a composition of layers.

The published method is Hu et al., "Label-Free Liver Tumor Segmentation", CVPR 2023; this implementation
works on implicit shapes inside each lesion's own box and shares no code with it.
"""

from .checks import check_lesion
from .composition import LESION, ORGAN, Composition
from .growth import growth_series, is_clear, satellites
from .lesion import ABLATIONS, Calcification, Core, Edge, Elastic, Lesion, MassEffect, Shell, Texture
from .placement import Case
from .presets import LEVEL_NAMES, LEVELS, Preset, preset_named, presets, sample_lesions
from .provenance import lesions_of, record, save, save_steps, text_of
from .region import Region

__all__ = [
    "ABLATIONS",
    "LESION",
    "LEVELS",
    "LEVEL_NAMES",
    "ORGAN",
    "Calcification",
    "Case",
    "Composition",
    "Core",
    "Edge",
    "Elastic",
    "Lesion",
    "MassEffect",
    "Preset",
    "Region",
    "Shell",
    "Texture",
    "check_lesion",
    "growth_series",
    "is_clear",
    "lesions_of",
    "preset_named",
    "presets",
    "record",
    "sample_lesions",
    "satellites",
    "save",
    "save_steps",
    "text_of",
]
