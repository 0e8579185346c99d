"""A virtual C-arm: from a CT and a pose to the image that a detector would give, in numbers that can be trusted.

    from synthetic_imaging import xray

    view = xray.View.of(xray.machine_named("cios-spin"), xray.Pose(lao_deg=30, isocenter_ras=(0, 0, 0)))
    image = xray.render(ct, view, xray.Settings(xray.Spectrum(kvp=80)))

Names are loaded when they are first used, so that geometry alone does not load torch.
"""

from __future__ import annotations

from ..lazy import lazy

_PLACES = {
    "geometry": ("Geometry", "Pose", "View", "machine_named"),
    "image": ("Patient", "Radiograph", "radiograph", "render"),
    "views": ("REGIONS", "VIEWS", "regions_in", "regions_named", "view_named"),
    "spectrum": ("Spectrum", "half_value_layer_mm_al"),
    "materials": ("material_named", "mass_attenuation_cm2_g"),
    "settings": (
        "NO_SCATTER", "OUTPUTS", "Collimation", "Contrast", "Conversion", "Exposure", "Scatter", "Settings", "Window",
    ),
    "sweeps": ("Sweep",),
    "projector": ("Projector", "integrate", "water_path"),
    "tools": ("Tool", "contrast_in", "trace"),
    "meshes": ("Mesh",),
    "mesh_files": ("read_mesh", "write_stl"),
    "truth": ("belief_maps", "landmarks", "structures"),
    "poses": ("read_pose", "write_pose"),
    "export": ("volume_of", "write_image"),
}  # fmt: skip

__getattr__, __dir__, __all__ = lazy(__name__, _PLACES, ("coverage", "machines", "materials", "shapes", "split"))
