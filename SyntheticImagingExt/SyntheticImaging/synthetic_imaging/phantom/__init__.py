"""Bodies made of formulas, with exact truth: images for tests, demonstrations and training that belong to nobody."""

from .tissues import TISSUES, Tissue
from .torso import LABELS_FILE, Phantom, label_of, load, torso

__all__ = ["LABELS_FILE", "TISSUES", "Phantom", "Tissue", "label_of", "load", "torso"]
