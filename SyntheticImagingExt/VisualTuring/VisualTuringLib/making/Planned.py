"""The plan of a study as it is said on the console: objects of the core, their plain values, or single keywords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synthetic_imaging.declared import Declared, changed
from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.design import Design, ImagePolicy
from SyntheticImagingLib.keywords import byPath, keywords


def planned(
    design: Design | Mapping[str, Any] | None,
    images: ImagePolicy | Mapping[str, Any] | None,
    settings: Mapping[str, Any],
) -> tuple[Design, ImagePolicy]:
    """Both as the core knows them; settings by keyword change either, and what both have, both.

    The kind of the images is that of the design unless it is said of them. InputError for what is not known.
    """
    known = {**keywords(Design), **keywords(ImagePolicy)}
    if unknown := [name for name in settings if name not in known]:
        raise InputError(f'A study has no "{unknown[0]}"; it has {", ".join(known)}.')
    design = _with(_object(Design, design or {}), settings)
    return design, _with(_object(ImagePolicy, images or {"modality": design.modality}), settings)


def _object(cls: type[Declared], given: Declared | Mapping[str, Any]) -> Any:
    return given if isinstance(given, cls) else cls.from_dict(given)


def _with(item: Any, settings: Mapping[str, Any]) -> Any:
    known = keywords(type(item))
    return changed(item, byPath(type(item), {name: value for name, value in settings.items() if name in known}))
