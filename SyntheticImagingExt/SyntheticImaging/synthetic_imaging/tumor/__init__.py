"""Synthetic tumors in CT: a lesion is a declarative object, a CT with lesions a composition of layers.

The published method is Hu et al., "Label-Free Liver Tumor Segmentation", CVPR 2023; this implementation
works on implicit shapes inside each lesion's own box and shares no code with it.

Names are loaded when they are first used, so that describing lesions does not load torch.
"""

from ..lazy import lazy

_PLACES = {
    "checks": ("check_lesion",),
    "composition": ("LESION", "ORGAN", "Composition"),
    "growth": ("growth_series", "is_clear", "satellites"),
    "lesion": (
        "ABLATIONS", "Calcification", "Core", "Edge", "Elastic", "Lesion", "MassEffect", "Shell", "Texture",
    ),
    "placement": ("Case",),
    "plans": ("DEFAULT_PRESET", "LEVELS", "LEVEL_NAMES", "Growth", "Plan"),
    "provenance": ("is_whole", "lesions_of", "record", "save", "save_steps", "text_of"),
    "region": ("Region",),
    "sampling": ("Preset", "preset_named", "presets", "sample_lesions"),
}  # fmt: skip

__getattr__, __dir__, __all__ = lazy(__name__, _PLACES)
