"""A virtual C-arm: from a CT and a pose to the image that a detector would give, in numbers that can be trusted.

    from synthetic_imaging import xray

    view = xray.View.of(xray.machine_named("cios-spin"), xray.Pose(lao_deg=30, isocenter_ras=(0, 0, 0)))
    image = xray.render(ct, view, xray.Settings(xray.Spectrum(kvp=80)))

Names are loaded when they are first used, so that geometry alone does not load torch.
"""

from __future__ import annotations

from importlib import import_module

_PLACES = {
    "geometry": ("Geometry", "Pose", "View", "machine_named"),
    "image": ("Patient", "Radiograph", "radiograph", "render"),
    "views": ("REGIONS", "VIEWS", "regions_in", "regions_named"),
    "spectrum": ("Spectrum", "half_value_layer_mm_al"),
    "materials": ("material_named", "mass_attenuation_cm2_g"),
    "settings": ("NO_SCATTER", "Collimation", "Exposure", "Scatter", "Settings", "Window"),
    "projector": ("Projector", "integrate", "water_path"),
    "tools": ("Tool", "contrast_in", "trace"),
    "meshes": ("Mesh", "read_stl", "write_stl"),
    "truth": ("belief_maps", "landmarks", "structures"),
    "poses": ("read_pose", "write_pose"),
    "export": ("volume_of", "write_image"),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}
_SUBMODULES = {"coverage", "machines", "materials", "shapes", "split"}

__all__ = sorted(set(_MODULE_OF) | _SUBMODULES)


def __getattr__(name: str):
    if name in _SUBMODULES:
        return import_module(f".{name}", __name__)
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
