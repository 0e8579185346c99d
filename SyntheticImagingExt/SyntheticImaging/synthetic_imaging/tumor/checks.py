"""Whether a lesion placed by hand makes sense where it is."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from .lesion import Lesion
from .placement import Case


def check_lesion(case: Case, lesion: Lesion):
    """InputError when a lesion's center is outside the CT or the organ, or when it is larger than the organ.

    A lesion that may protrude can have its center outside the organ as long as it reaches into it.
    """
    problem = _outside_ct(case, lesion) or _outside_organ(case, lesion) or _too_large(case, lesion)
    if problem:
        raise InputError(f"Lesion '{lesion.name}': {problem}")


def _outside_ct(case: Case, lesion: Lesion) -> str | None:
    index = case.ct.ijk_from_ras(lesion.center_ras)
    if (index >= -0.5).all() and (index <= np.array(case.ct.shape[::-1]) - 0.5).all():
        return None
    corners = np.stack(np.meshgrid(*[(-0.5, n - 0.5) for n in case.ct.shape[::-1]], indexing="ij"), -1).reshape(-1, 3)
    points = case.ct.ras_from_ijk(corners)
    extent = ", ".join(
        f"{axis} {a:.0f} to {b:.0f}" for axis, a, b in zip("RAS", points.min(0), points.max(0), strict=True)
    )
    return f"the point {_text(lesion.center_ras)} lies outside the CT, which spans {extent} mm.{_hint(case, lesion)}"


def _outside_organ(case: Case, lesion: Lesion) -> str | None:
    if case.contains(lesion.center_ras):
        return None
    if lesion.protrude and _reaches(case, lesion):
        return None
    nearest, distance_mm = _nearest(case, lesion.center_ras)
    but = " and does not reach it" if lesion.protrude else ""
    return (
        f"the point {_text(lesion.center_ras)} lies {distance_mm:.0f} mm outside the {case.organ_name}{but}; "
        f"choose a point inside, the nearest is {_text(nearest)}.{_hint(case, lesion)}"
    )


def _too_large(case: Case, lesion: Lesion) -> str | None:
    if lesion.protrude or lesion.volume_mm3 <= case.organ_mm3:
        return None
    largest_mm = lesion.radius_mm * (case.organ_mm3 / lesion.volume_mm3) ** (1 / 3)
    return (
        f"with {lesion.volume_mm3 / 1000:.1f} mL (radius {lesion.radius_mm:g} mm) it is larger than the "
        f"{case.organ_name} of {case.organ_mm3 / 1000:.1f} mL; choose a radius well below {largest_mm:.1f} mm."
    )


def _reaches(case: Case, lesion: Lesion) -> bool:
    """Whether a voxel of the organ lies within the lesion's bounding sphere; looks at the box around that only, for it
    is asked at each move of a hand."""
    radius_mm = case.bounding_radius_mm(lesion)
    index = case.ct.ijk_from_ras(lesion.center_ras) - np.array(case.region.start)[::-1]
    reach = radius_mm / case.ct.spacing_mm
    low = np.maximum(0, np.floor(index - reach)).astype(int)
    high = np.maximum(low, np.ceil(index + reach).astype(int) + 1)
    box = case.organ_mask[tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))]
    away = ((np.argwhere(box)[:, ::-1] + low - index) * case.ct.spacing_mm) ** 2
    return bool((away.sum(axis=1) < radius_mm**2).any())


def _nearest(case: Case, ras) -> tuple[np.ndarray, float]:
    """The organ's voxel nearest to a point, and its distance."""
    voxels = np.argwhere(case.organ_mask)[:, ::-1] + np.array(case.region.start)[::-1]
    away = ((voxels - case.ct.ijk_from_ras(ras)) * case.ct.spacing_mm) ** 2
    best = int(away.sum(axis=1).argmin())
    return case.ct.ras_from_ijk(voxels[best]), float(np.sqrt(away[best].sum()))


def _hint(case: Case, lesion: Lesion) -> str:
    """Points copied from a program that counts in LPS have the wrong sign in the first two numbers."""
    flipped = np.multiply(lesion.center_ras, (-1, -1, 1))
    return f" Given in LPS? In RAS that point is {_text(flipped)}, inside the organ." if case.contains(flipped) else ""


def _text(ras) -> str:
    return ",".join(f"{x:.1f}" for x in ras)
