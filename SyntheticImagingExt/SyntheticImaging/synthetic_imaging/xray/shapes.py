"""Instruments as closed meshes: K-wire, needle, screw, and a snake-like manipulator.

Each begins at its tip and runs backwards: ``tip_ras`` is the foremost point, ``direction`` the way it is pushed in.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ..errors import InputError
from .checks import finite, positive, triple
from .meshes import Mesh

_THREAD_STEPS = 12
"""Rings per turn of a thread."""


def kwire(tip_ras, direction, length_mm: float = 150.0, diameter_mm: float = 2.0, sides: int = 48) -> Mesh:
    """A Kirschner wire: a rod with a point of three diameters' length."""
    radius, length = positive(diameter_mm, "diameter_mm") / 2, positive(length_mm, "length_mm")
    point = min(6 * radius, length / 2)
    grid = _revolved([(0.0, 0.0), (point, radius), (length, radius), (length, 0.0)], sides)
    return _placed(_sheet(grid), tip_ras, direction)


def needle(
    tip_ras, direction, length_mm: float = 150.0, diameter_mm: float = 1.3, bore_mm: float = 1.0,
    bevel_deg: float = 25.0, sides: int = 48,
) -> Mesh:  # fmt: skip
    """A hollow needle whose end is cut at an angle (90 is straight across) to its axis."""
    outer, inner = positive(diameter_mm, "diameter_mm") / 2, positive(bore_mm, "bore_mm") / 2
    length, bevel = positive(length_mm, "length_mm"), positive(bevel_deg, "bevel_deg")
    if inner >= outer:
        raise InputError(f"The bore of {bore_mm:g} mm does not fit into a needle of {diameter_mm:g} mm.")
    cut = 0.0 if bevel >= 90 else 1 / math.tan(math.radians(bevel))
    if 2 * outer * cut >= length:
        raise InputError("The needle is shorter than its bevel; give a longer needle or a larger angle.")
    grid = _revolved([(0.0, inner), (0.0, outer), (length, outer), (length, inner)], sides)
    grid[:2, :, 2] += (outer + grid[:2, :, 0]) * cut
    return _placed(_ring(grid), tip_ras, direction)


def screw(
    tip_ras, direction, length_mm: float = 60.0, diameter_mm: float = 6.5, core_mm: float = 4.5, pitch_mm: float = 2.75,
    head_mm: float = 8.0, head_length_mm: float = 4.5, sides: int = 48,
) -> Mesh:  # fmt: skip
    """A bone screw threaded along its length, with a cylindrical head behind it (``length_mm`` is without the head)."""
    outer, core = positive(diameter_mm, "diameter_mm") / 2, positive(core_mm, "core_mm") / 2
    length, pitch = positive(length_mm, "length_mm"), positive(pitch_mm, "pitch_mm")
    head, behind = positive(head_mm, "head_mm") / 2, positive(head_length_mm, "head_length_mm")
    if core >= outer or head < outer:
        raise InputError("A screw's core is thinner than its thread, and its head is not; check the diameters.")
    taper = min(2 * outer, length / 2)
    z = np.linspace(0.0, length, max(8, round(length / pitch * _THREAD_STEPS)) + 1)
    angles = 2 * np.pi * np.arange(sides) / sides
    turn = (z[:, None] / pitch - angles / (2 * np.pi)) % 1.0
    crest = np.clip(2 - 4 * np.abs(turn - 0.5), 0.0, 1.0)
    radius = (core + (outer - core) * crest) * np.clip(z / taper, 0.0, 1.0)[:, None]
    grid = np.stack([radius * np.cos(angles), radius * np.sin(angles), np.repeat(z[:, None], sides, 1)], axis=-1)
    back = _revolved([(length, head), (length + behind, head), (length + behind, 0.0)], sides)
    return _placed(_sheet(np.concatenate([grid, back])), tip_ras, direction)


def snake(
    tip_ras, direction, bend_towards=(0.0, 0.0, 1.0), length_mm: float = 35.0, diameter_mm: float = 6.0,
    bore_mm: float = 4.0, bend_deg: float = 60.0, notches: int = 13, sides: int = 48,
) -> Mesh:  # fmt: skip
    """A snake-like continuum manipulator: a notched tube bent to an arc of a circle.

    direction: where the tip points. bend_towards: to which side it has bent. notches: rings of thinner wall, where
    it bends. The defaults are a tube of 6 mm with a working channel of 4 mm, as used in the hip.
    """
    outer, inner = positive(diameter_mm, "diameter_mm") / 2, positive(bore_mm, "bore_mm") / 2
    length, bend = positive(length_mm, "length_mm"), math.radians(finite(bend_deg, "bend_deg"))
    if inner >= outer or notches < 0:
        raise InputError("The channel must be thinner than the manipulator, and the number of notches not negative.")
    if abs(bend) * outer >= length or abs(bend) > math.radians(270):
        raise InputError(f"A manipulator of {length_mm:g} mm cannot bend by {bend_deg:g} degrees; bend it less.")
    wall = [(0.0, outer)]
    for notch in range(notches):
        begin, end = (length * (notch + share) / notches for share in (0.3, 0.7))
        thin = inner + 0.4 * (outer - inner)
        wall += [(begin, outer), (begin, thin), (end, thin), (end, outer)]
    wall += [(length, outer)]
    inside = [(z, inner) for z in np.linspace(length, 0.0, 2 * max(notches, 8) + 1)]
    grid = _revolved(_refined(wall, length / 60) + inside, sides)
    return _placed(_ring(_bent(grid, bend, length)), tip_ras, direction, bend_towards)


def _refined(profile, step: float) -> list[tuple[float, float]]:
    """More points on long straight parts, so that they can be bent."""
    points = [profile[0]]
    for (z0, r0), (z1, r1) in pairwise(profile):
        count = max(1, math.ceil(abs(z1 - z0) / step))
        points += [(z0 + (z1 - z0) * n / count, r0 + (r1 - r0) * n / count) for n in range(1, count + 1)]
    return points


def _bent(grid: np.ndarray, angle: float, length: float) -> np.ndarray:
    """A tube along z bent into an arc towards +x; the end at z = 0 stays."""
    if abs(angle) < 1e-9:
        return grid
    radius = length / angle
    turned = grid[..., 2] / radius
    across = radius - grid[..., 0]
    return np.stack([radius - across * np.cos(turned), grid[..., 1], across * np.sin(turned)], axis=-1)


def _revolved(profile, sides: int) -> np.ndarray:
    """Points (profile, sides, 3) of a profile of (z, radius) turned about z."""
    if sides < 3:
        raise InputError(f"A round shape cannot have {sides} sides; give 3 or more.")
    z, radius = np.array(profile, dtype=np.float64).T[:, :, None]
    angles = 2 * np.pi * np.arange(sides) / sides
    return np.stack([radius * np.cos(angles), radius * np.sin(angles), z + 0 * angles], axis=-1)


def _sheet(grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A body between two ends: the first and the last ring each go to a point on the axis."""
    vertices = np.concatenate([grid.reshape(-1, 3), [grid[0].mean(axis=0)], [grid[-1].mean(axis=0)]])
    sides, first, last = grid.shape[1], len(vertices) - 2, len(vertices) - 1
    step = np.arange(sides)
    around = (step + 1) % sides
    top = (len(grid) - 1) * sides
    caps = [
        np.stack([np.full(sides, first), around, step], 1),
        np.stack([np.full(sides, last), top + step, top + around], 1),
    ]
    return vertices, np.concatenate([_strips(len(grid), sides, closed=False), *caps])


def _ring(grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A body like a tube: the last ring joins the first."""
    return grid.reshape(-1, 3), _strips(len(grid), grid.shape[1], closed=True)


def _strips(rings: int, sides: int, closed: bool) -> np.ndarray:
    ring, step = (
        part.ravel() for part in np.meshgrid(np.arange(rings - (not closed)), np.arange(sides), indexing="ij")
    )
    here, beside = ring * sides + step, ring * sides + (step + 1) % sides
    ahead = (ring + 1) % rings * sides
    above, across = ahead + step, ahead + (step + 1) % sides
    return np.concatenate([np.stack([here, beside, across], 1), np.stack([here, across, above], 1)])


def _placed(body: tuple[np.ndarray, np.ndarray], tip_ras, direction, side=None) -> Mesh:
    """From own axes (z backwards from the tip, x to the given side) to RAS."""
    back = -np.array(triple(direction, "direction"))
    if np.linalg.norm(back) < 1e-9:
        raise InputError("The direction of an instrument has no length; give a vector.")
    back /= np.linalg.norm(back)
    towards = np.eye(3)[np.abs(back).argmin()] if side is None else np.array(triple(side, "bend_towards"))
    x = towards - (towards @ back) * back
    if np.linalg.norm(x) < 1e-9:
        raise InputError("An instrument cannot bend along its own direction; give another side.")
    x /= np.linalg.norm(x)
    axes = np.stack([x, np.cross(back, x), back], axis=1)
    return Mesh(body[0] @ axes.T + triple(tip_ras, "tip_ras"), body[1]).closed()
