"""Tools and implants in the beam: exact lengths of rays in closed meshes, and the tissue that they displace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..errors import InputError
from .checks import positive
from .materials import material_named
from .meshes import Mesh
from .projector import Projector

_USUAL_MM = 1.0, 3000.0
"""Lengths between which a tool is not asked about its unit."""

_CHUNK = 4_000_000
"""Pairs of a pixel and a triangle looked at in one go."""


@dataclass(frozen=True)
class Tool:
    """A closed mesh filled with a material.

    share: volume of the material at its own density per volume of the mesh. displaces: whether there is nothing of
    the CT inside it (an implant), or the material comes on top (contrast agent in a vessel).
    """

    name: str
    mesh: Mesh
    material: str
    share: float = 1.0
    displaces: bool = True

    def __post_init__(self):
        material_named(self.material)
        positive(self.share, "share")
        object.__setattr__(self, "mesh", self.mesh.closed())


def contrast_in(name: str, mesh: Mesh, mg_ml: float, material: str = "iodine") -> Tool:
    """A vessel, as a closed mesh, with a contrast agent of mg_ml mg of the material per ml dissolved in its blood."""
    share = positive(mg_ml, "mg_ml") / 1000 / material_named(material).g_cm3
    return Tool(name, mesh, material, share, displaces=False)


@dataclass(frozen=True)
class Trace:
    """Where the rays of a view run inside tools.

    lengths_mm: (T, rows, columns) float64, length in each tool; where displacing tools overlap, the first one counts,
    and a tool that does not displace counts only outside them. pixels: (n,) row · columns + column, start and stop:
    (n,) fractions of the way from source to pixel: the pieces of rays inside displacing tools.
    """

    lengths_mm: torch.Tensor
    pixels: torch.Tensor
    start: torch.Tensor
    stop: torch.Tensor

    def masks(self) -> torch.Tensor:
        """(T, rows, columns) bool: where a tool is seen."""
        return self.lengths_mm > 0


def trace(tools: Sequence[Tool], view) -> Trace:
    """Follow every ray of a view (``geometry.View``) from the source to its pixel through the tools.

    Exact to rounding: every ray meets a closed mesh as often inwards as outwards, also at edges and vertices. The
    source and the detector may lie inside a tool.
    """
    rows, columns = view.rows, view.columns
    lengths = torch.zeros(len(tools), rows * columns, dtype=torch.float64)
    events = [_crossings(tool.mesh, view) for tool in tools]
    pixels, places, ways = (
        torch.cat([event[part] for event in events]) if events else torch.empty(0) for part in range(3)
    )
    if not len(pixels):
        nothing = torch.empty(0, dtype=torch.float64)
        return Trace(lengths.view(-1, rows, columns), nothing.long(), nothing, nothing)
    owners = torch.cat([torch.full_like(event[0], tool) for tool, event in enumerate(events)])
    order = torch.argsort(places, stable=True)
    order = order[torch.argsort(pixels[order], stable=True)]
    pixels, places, ways, owners = (part[order] for part in (pixels, places, ways, owners))
    inside = torch.stack([torch.where(owners == tool, ways, 0).cumsum(0) > 0 for tool in range(len(tools))])[:, :-1]
    same = pixels[1:] == pixels[:-1]
    start, stop, pixels = places[:-1], places[1:].clamp_max(1.0), pixels[:-1]
    span = torch.where(same, (stop - start).clamp_min(0.0), 0.0)
    taken = torch.zeros_like(same)
    solid = [tool for tool in range(len(tools)) if tools[tool].displaces]
    for tool in [*solid, *(set(range(len(tools))) - set(solid))]:
        here = inside[tool] & ~taken
        lengths[tool].index_add_(0, pixels, torch.where(here, span, 0.0))
        taken = taken | here if tool in solid else taken
    found = taken & (span > 1e-12)
    lengths = lengths.view(-1, rows, columns) * _distances_mm(view)
    return Trace(lengths, pixels[found], start[found], stop[found])


def doubts(tools: Sequence[Tool], traced: Trace, view) -> tuple[str, ...]:
    """Sentences about tools that are not in the picture, or of a size that speaks for another unit than mm."""
    return tuple(
        sentence
        for tool, length in zip(tools, traced.lengths_mm, strict=True)
        if (sentence := _doubt(tool, bool(length.any()), view))
    )


def _doubt(tool: Tool, is_seen: bool, view) -> str:
    low, high = tool.mesh.vertices_ras.min(axis=0), tool.mesh.vertices_ras.max(axis=0)
    size, middle = high - low, (low + high) / 2
    is_usual = _USUAL_MM[0] <= size.max() <= _USUAL_MM[1]
    # what is hidden within another tool has no length of its own
    if is_usual and (is_seen or trace([tool], view).lengths_mm.any()):
        return ""
    large, there = (" x ".join(f"{x:.3g}" for x in size), ", ".join(f"{x:.4g}" for x in middle))
    where = f"{large} mm large, around {there} (RAS mm)"
    if is_seen:
        return f"The tool '{tool.name}' is {where}; check the unit of its file, which is taken as mm."
    return (
        f"The tool '{tool.name}' is not in the picture: it is {where}; check the unit of its file, which is taken as "
        "mm, and that it lies where the CT does."
    )


def chords(mesh: Mesh, view) -> torch.Tensor:
    """Length in mm of every ray inside one closed mesh, float64 (rows, columns)."""
    return trace([Tool("mesh", mesh, "water")], view).lengths_mm[0]


def with_tools(
    paths: dict[str, torch.Tensor], projector: Projector, view, tools: Sequence[Tool], traced: Trace | None = None
) -> dict[str, torch.Tensor]:
    """Path lengths in mm by material, with the tools in place of the tissue where they are.

    paths: (rows, columns) of each of the projector's bases by material, in its order. Materials of tools are added
    under their names.
    """
    if len(paths) != len(projector.bases.weights):
        raise InputError("The paths do not belong to this projector; give one path for each of its materials.")
    traced = trace(tools, view) if traced is None else traced
    result = dict(paths)
    if len(traced.pixels):
        lost = projector.along(view, traced.pixels, traced.start, traced.stop)
        for (name, path), part in zip(paths.items(), lost, strict=True):
            less = path.flatten().index_add(0, traced.pixels.to(path.device), -part.to(path))
            result[name] = less.view_as(path).clamp_min(0.0)
    like = next(iter(paths.values()))
    for tool, length in zip(tools, traced.lengths_mm, strict=True):
        amount = (tool.share * length).to(like)
        result[tool.material] = result[tool.material] + amount if tool.material in result else amount
    return result


def _distances_mm(view) -> torch.Tensor:
    """From the source to every pixel, float64 (rows, columns)."""
    r = torch.arange(view.rows, dtype=torch.float64)[:, None, None] * torch.tensor(view.row_step_ras)
    c = torch.arange(view.columns, dtype=torch.float64)[None, :, None] * torch.tensor(view.column_step_ras)
    origin = torch.tensor(view.detector_origin_ras) - torch.tensor(view.source_ras)
    return torch.linalg.vector_norm(origin + r + c, dim=-1)


def _crossings(mesh: Mesh, view) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Where rays cross a closed mesh: pixel, fraction of the way from source to pixel, and 1 inwards, -1 outwards.

    A ray crosses a triangle where it passes its three edges on the same side (Olano and Greer, 2D homogeneous
    rasterization, 1997). The side of an edge is a linear function of the pixel, computed once for both triangles
    at it and settled by a shift of the pixel too small to see where it is 0, so no ray slips through. A ray that
    begins inside gets a crossing at 0.
    """
    sides, depth = _sides(mesh, view)
    found = [_scan(sides[part], depth[part], view) for part in _parts(sides, view)]
    pixel, place, way = (np.concatenate([one[part] for one in found]) for part in range(3))
    balance = np.bincount(pixel, weights=way, minlength=1)
    begun = np.flatnonzero(balance)
    pixel = np.concatenate([begun, pixel])
    place = np.concatenate([np.zeros(len(begun)), place])
    way = np.concatenate([-balance[begun], way])
    return torch.from_numpy(pixel), torch.from_numpy(place), torch.from_numpy(way.astype(np.int64))


def _sides(mesh: Mesh, view) -> tuple[np.ndarray, np.ndarray]:
    """Of every triangle the functions of its edges (m, 3, 3), constant, per column and per row; and its depth (m,)."""
    corners = mesh.vertices_ras - np.array(view.source_ras)
    first = np.array(view.detector_origin_ras) - np.array(view.source_ras)
    ray = np.stack([first, view.column_step_ras, view.row_step_ras])
    begin, end = mesh.triangles, np.roll(mesh.triangles, -1, axis=1)
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    across = np.cross(corners[low], corners[high]) * np.where(begin < end, 1.0, -1.0)[..., None]
    a, b, c = np.moveaxis(corners[mesh.triangles], 1, 0)
    return across @ ray.T, (a * np.cross(b, c)).sum(axis=1)


def _parts(sides: np.ndarray, view) -> list[slice]:
    """Triangles in parts of bounded work."""
    step = max(1, _CHUNK // max(view.rows, 1))
    return [slice(at, at + step) for at in range(0, max(len(sides), 1), step)]


def _scan(sides: np.ndarray, depth: np.ndarray, view) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The crossings of some triangles."""
    triangle, row, begin, end = _lines(sides, view)
    counts = np.maximum(end - begin + 1, 0)
    line = np.repeat(np.arange(len(counts)), counts)
    column = begin[line] + np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    triangle, row = triangle[line], row[line]
    value = sides[triangle] @ np.array([1.0, 0.0, 0.0])
    value = value + sides[triangle, :, 1] * column[:, None] + sides[triangle, :, 2] * row[:, None]
    positive_side = _settled(value, sides[triangle])
    hit = (positive_side.all(axis=1) | ~positive_side.any(axis=1)) & (value.sum(axis=1) != 0)
    triangle, row, column, value = triangle[hit], row[hit], column[hit], value[hit].sum(axis=1)
    place = depth[triangle] / value
    ahead = place > 0
    pixel = (row * view.columns + column)[ahead]
    return pixel, place[ahead], np.where(value[ahead] < 0, 1.0, -1.0)


def _settled(value: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Whether a function is positive, or would be just beside the pixel in the direction of its column, then row."""
    for part in (1, 2):
        value = np.where(value == 0, sides[..., part], value)
    return value > 0


def _lines(sides: np.ndarray, view) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pieces of rows that may meet triangles: triangle, row, first and last column (empty where last < first)."""
    top, bottom = _row_range(sides, view)
    counts = np.maximum(bottom - top + 1, 0)
    triangle = np.repeat(np.arange(len(sides)), counts)
    row = top[triangle] + np.arange(len(triangle)) - np.repeat(np.cumsum(counts) - counts, counts)
    offset = sides[triangle, :, 0] + sides[triangle, :, 2] * row[:, None]
    slope = sides[triangle, :, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.where(slope != 0, -offset / slope, 0.0)
    spans = []
    for sign in (1.0, -1.0):  # seen from inside, and from outside
        rising, falling = sign * slope > 0, sign * slope < 0
        never = ((slope == 0) & (sign * offset < 0)).any(axis=1)
        first = np.where(rising, root, -np.inf).max(axis=1)
        last = np.where(falling, root, np.inf).min(axis=1)
        spans.append((np.where(never, np.inf, first), np.where(never, -np.inf, last)))
    usable = [first <= last + 1e-6 for first, last in spans]
    first = np.minimum(*(np.where(ok, span[0], np.inf) for ok, span in zip(usable, spans, strict=True)))
    last = np.maximum(*(np.where(ok, span[1], -np.inf) for ok, span in zip(usable, spans, strict=True)))
    begin = np.floor(np.clip(first, -1, view.columns) - 1e-6).astype(np.int64).clip(0, None)
    end = np.ceil(np.clip(last, -1, view.columns) + 1e-6).astype(np.int64).clip(None, view.columns - 1)
    return triangle, row, begin, end


def _row_range(sides: np.ndarray, view) -> tuple[np.ndarray, np.ndarray]:
    """Rows that a triangle may reach: those of its corners where all are before the source, else all."""
    following = np.roll(sides, -1, axis=1)
    corner = np.cross(sides, following)  # where two edges meet, in homogeneous (1, column, row)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = corner[..., 2] / corner[..., 0]
    same = (corner[..., 0] > 0).all(axis=1) | (corner[..., 0] < 0).all(axis=1)
    bounded = same & np.asarray(np.isfinite(rows).all(axis=1))
    rows = np.where(bounded[:, None], rows, 0.0)
    top = np.where(bounded, np.floor(np.clip(rows.min(axis=1), -1, view.rows) - 1e-6), 0)
    bottom = np.where(bounded, np.ceil(np.clip(rows.max(axis=1), -1, view.rows) + 1e-6), view.rows - 1)
    return top.astype(np.int64).clip(0, None), bottom.astype(np.int64).clip(None, view.rows - 1)
