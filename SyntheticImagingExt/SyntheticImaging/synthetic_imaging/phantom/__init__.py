"""Bodies made of formulas, with exact truth: images for tests, demonstrations and training that belong to nobody."""

from .tissues import TISSUES, Tissue
from .torso import Phantom, label_of, torso

__all__ = ["TISSUES", "Phantom", "Tissue", "label_of", "torso"]
