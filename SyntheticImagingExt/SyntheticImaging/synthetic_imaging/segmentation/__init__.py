"""Pretrained segmenters: models that the field already has, read as data and run within the memory that there is.

    model = segmentation.open_model("Dataset291_TotalSegmentator_part1_organs_1559subj.zip")
    labels = finished(model.segment([ct], segmentation.Settings(preset="fast")))

Names are loaded when they are first used, so that a module's form can be made without torch.
"""

from __future__ import annotations

from importlib import import_module

_MODULE_OF = {
    "Card": "model",
    "Catalog": "catalog",
    "Label": "recipe",
    "Model": "model",
    "PRESETS": "settings",
    "Progress": "progress",
    "Settings": "settings",
    "open_model": "catalog",
}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
