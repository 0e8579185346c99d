"""Bodies made of formulas, with exact truth: images for tests, demonstrations and training that belong to nobody."""

from ..lazy import lazy

_PLACES = {
    "body": ("LABELS_FILE", "Phantom", "label_of", "load", "torso"),
    "settings": ("Torso",),
    "tissues": ("TISSUES", "Tissue"),
}

__getattr__, __dir__, __all__ = lazy(__name__, _PLACES)
