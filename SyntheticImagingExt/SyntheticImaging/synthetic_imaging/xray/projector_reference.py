"""Line integrals in plain torch: the reference for the kernels, and the fall-back where Warp is absent.

The quadrature (``projector_kernels`` uses the same): a ray marches along the array axis on which it moves
fastest, in cells of one voxel (or a given fraction of one) around the sample positions. Each cell counts with
the very length of the ray in it, so that entry, exit, the source and the detector cut cells exactly, and a
constant volume gives exact chords. Samples lie on voxel planes and are interpolated between the four voxels
around them (Joseph, IEEE Trans Med Imaging 1(3):192, 1982); with finer cells, trilinearly between eight.
Voxels are boxes: the volume reaches half a voxel beyond the outermost centers.
"""

from __future__ import annotations

import torch

from .rays import Rays

_CHUNK = 2_000_000
"""Samples held at once."""


def integrate(field: torch.Tensor, rays: Rays, pieces: torch.Tensor, knots: torch.Tensor, cells: int) -> torch.Tensor:
    """Integrals in mm along every ray, tensor (B, rows, columns) of the field's dtype.

    field: (K, J, I) floating point. pieces: (B, 2 + H): value at 0, slope there, and changes of slope at the H knots.
    knots: (H,) in units of the field. cells: samples per voxel along the fastest axis.
    """
    stops = rays.targets().reshape(-1, 3)
    values = integrate_lines(field, rays.source.expand_as(stops), stops, rays.metric_mm, pieces, knots, cells)
    return values.reshape(-1, rays.rows, rays.columns)


def integrate_lines(
    field: torch.Tensor,
    starts: torch.Tensor,
    stops: torch.Tensor,
    metric_mm: torch.Tensor,
    pieces: torch.Tensor,
    knots: torch.Tensor,
    cells: int,
) -> torch.Tensor:
    """The same between points (n, 3) in voxels, order (k, j, i): (B, n). metric_mm: see ``Rays``."""
    starts, stops, metric_mm = (part.to(field.device) for part in (starts, stops, metric_mm))
    fastest = (stops - starts).detach().abs().argmax(dim=1)
    parts, order = [torch.empty(len(pieces), 0, dtype=field.dtype, device=field.device)], [fastest[:0]]
    for axis in range(3):
        chosen = torch.nonzero(fastest == axis)[:, 0]
        turned = field.movedim(axis, 0)
        count = field.shape[axis] * cells
        for index in chosen.split(max(1, _CHUNK // count)):
            if len(index):
                parts.append(_march(turned, starts[index], stops[index], axis, metric_mm, pieces, knots, cells))
                order.append(index)
    return torch.cat(parts, dim=1)[:, torch.argsort(torch.cat(order))]


def _march(field, sources, targets, axis, metric_mm, pieces, knots, cells):
    """Rays that move fastest along the first axis of ``field``, whose axes follow the others in order."""
    others = [other for other in range(3) if other != axis]
    reach = (targets[:, axis] - sources[:, axis]).abs()
    low, high, lines = _span(field.shape, sources, targets, axis, others)
    edges = torch.arange(field.shape[0] * cells + 1, device=field.device, dtype=torch.float64) / cells - 0.5
    starts = torch.maximum(edges[:-1], low[:, None])
    stops = torch.minimum(edges[1:], high[:, None])
    weights = (stops - starts).clamp_min(0.0)
    middle = torch.where(weights > 0, 0.5 * (starts + stops), 0.5 * (edges[:-1] + edges[1:]))
    planes = torch.arange(field.shape[0], device=field.device, dtype=torch.float64) if cells == 1 else middle
    coordinates = [offset[:, None] + middle * slope[:, None] for offset, slope in lines]
    samples = _interpolate(field, planes.expand_as(middle), *coordinates)
    mm = torch.linalg.vector_norm((targets - sources) @ metric_mm.T, dim=1) / reach
    lengths = (weights * mm[:, None]).to(field.dtype)
    bent = [(samples - knot).clamp_min(0.0) for knot in knots.tolist()]
    rows = []
    for piece in pieces.tolist():
        values = (
            piece[0] + piece[1] * samples + sum(change * part for change, part in zip(piece[2:], bent, strict=True))
        )
        rows.append((values * lengths).sum(dim=1))
    return torch.stack(rows)


def _span(shape, sources, targets, axis, others):
    """Where along ``axis`` each ray is inside the volume, and its other coordinates as (offset, slope)."""
    start, stop = sources[:, axis], targets[:, axis]
    low = torch.minimum(start, stop).clamp_min(-0.5)
    high = torch.maximum(start, stop).clamp_max(shape[0] - 0.5)
    lines = []
    for other, count in zip(others, shape[1:], strict=True):
        slope = (targets[:, other] - sources[:, other]) / (stop - start)
        offset = sources[:, other] - start * slope
        flat = slope.abs() < 1e-9
        safe = torch.where(flat, 1.0, slope)
        first, last = (-0.5 - offset) / safe, (count - 0.5 - offset) / safe
        inside = (offset > -0.5) & (offset < count - 0.5)
        near = torch.where(flat, torch.where(inside, low, high), torch.minimum(first, last))
        far = torch.where(flat, high, torch.maximum(first, last))
        low, high = torch.maximum(low, near), torch.minimum(high, far)
        lines.append((offset, slope))
    return low, high, lines


def _interpolate(field: torch.Tensor, *coordinates: torch.Tensor) -> torch.Tensor:
    """Trilinear values at positions in voxels; beyond the outermost centers the outermost voxels go on."""
    corners = []
    for position, count in zip(coordinates, field.shape, strict=True):
        position = position.clamp(0, count - 1)
        lower = position.detach().floor().clamp_max(max(0, count - 2)).long()
        corners.append((lower, (lower + 1).clamp_max(count - 1), (position - lower).to(field.dtype)))
    (a0, a1, u), (b0, b1, v), (c0, c1, w) = corners
    planes = []
    for a in (a0, a1):
        low, high = torch.lerp(field[a, b0, c0], field[a, b0, c1], w), torch.lerp(field[a, b1, c0], field[a, b1, c1], w)
        planes.append(torch.lerp(low, high, v))
    return torch.lerp(planes[0], planes[1], u)


def voxel_chords(source: torch.Tensor, targets: torch.Tensor, shape: tuple[int, int, int], metric_mm: torch.Tensor):
    """Exact lengths of rays in the voxels they cross (Siddon, Med Phys 12(2):252, 1985), in float64.

    source: (3,), targets: (n, 3), in voxels, order (k, j, i). Returns flat voxel indices (n, S), long, and lengths
    in mm (n, S), 0 where there is nothing; S is the number of planes minus 1.
    """
    along = targets - source
    crossings = []
    for axis, count in enumerate(shape):
        planes = torch.arange(count + 1, dtype=torch.float64, device=source.device) - 0.5
        step = torch.where(along[:, axis].abs() < 1e-12, torch.inf, along[:, axis])
        crossings.append((planes - source[axis]) / step[:, None])
    cuts = torch.cat(crossings, dim=1).clamp(0.0, 1.0).sort(dim=1).values
    lengths = (cuts[:, 1:] - cuts[:, :-1]) * torch.linalg.vector_norm(along @ metric_mm.T, dim=1)[:, None]
    middle = source + (0.5 * (cuts[:, 1:] + cuts[:, :-1]))[..., None] * along[:, None]
    voxel = torch.floor(middle + 0.5).long()
    limits = torch.tensor(shape, device=source.device)
    inside = ((voxel >= 0) & (voxel < limits)).all(dim=-1)
    voxel = torch.where(inside[..., None], voxel, 0)
    flat = (voxel[..., 0] * shape[1] + voxel[..., 1]) * shape[2] + voxel[..., 2]
    return flat, torch.where(inside, lengths, 0.0)
