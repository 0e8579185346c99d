"""Line integrals as Warp kernels: one source for CUDA and CPU, with gradients. The quadrature is the reference's."""

# no postponed annotations here: Warp reads the types of kernels that are made inside a function
from functools import cache

import torch
import warp as wp

from ..warp_start import launch_in_bands
from .rays import Rays


@wp.struct
class Box:
    """Voxels of the volume, and of the part of it outside which there is nothing: [low, high) along k, j, i."""

    shape: wp.vec3i
    low: wp.vec3i
    high: wp.vec3i
    cells: int
    metric: wp.mat33d


@wp.struct
class Beam:
    source: wp.vec3d
    origin: wp.vec3d
    row_step: wp.vec3d
    column_step: wp.vec3d
    columns: int


@wp.func
def turned(values: wp.vec3d, axis: int) -> wp.vec3d:
    """The vector with the component of the given axis first and the others in order."""
    result = values
    if axis == 1:
        result = wp.vec3d(values[1], values[0], values[2])
    if axis == 2:
        result = wp.vec3d(values[2], values[0], values[1])
    return result


@wp.func
def turned_counts(values: wp.vec3i, axis: int) -> wp.vec3i:
    result = values
    if axis == 1:
        result = wp.vec3i(values[1], values[0], values[2])
    if axis == 2:
        result = wp.vec3i(values[2], values[0], values[1])
    return result


@wp.func
def crossing(offset: float, slope: float, low: float, high: float) -> wp.vec2:
    """Where a line offset + p * slope lies between low and high: from p[0] to p[1]."""
    result = wp.vec2(1.0e30, -1.0e30)
    if wp.abs(slope) > 1.0e-9:
        first = (low - offset) / slope
        last = (high - offset) / slope
        result = wp.vec2(wp.min(first, last), wp.max(first, last))
    else:
        if offset > low and offset < high:
            result = wp.vec2(-1.0e30, 1.0e30)
    return result


@cache
def _kernels(knots: int, short: bool):
    """The kernels for a number of knots and a type of voxel, compiled when first launched: by view, and by rays."""
    voxel = wp.int16 if short else wp.float32
    moments = wp.types.vector(2 + knots, wp.float32)
    bends = wp.types.vector(max(knots, 1), wp.float32)

    @wp.func
    def plane_sample(field: wp.array(dtype=voxel), base: int, b: float, c: float, n: wp.vec3i, step: wp.vec3i) -> float:
        """Bilinear value in one plane of voxels; beyond the outermost centers the outermost voxels go on."""
        y = wp.clamp(b, 0.0, float(n[1] - 1))
        x = wp.clamp(c, 0.0, float(n[2] - 1))
        y0 = wp.min(int(y), wp.max(n[1] - 2, 0))
        x0 = wp.min(int(x), wp.max(n[2] - 2, 0))
        down = step[1] * wp.min(1, n[1] - 1)
        right = step[2] * wp.min(1, n[2] - 1)
        at = base + y0 * step[1] + x0 * step[2]
        upper = wp.lerp(float(field[at]), float(field[at + right]), x - float(x0))
        lower = wp.lerp(float(field[at + down]), float(field[at + down + right]), x - float(x0))
        return wp.lerp(upper, lower, y - float(y0))

    @wp.func
    def moments_of(value: float, weight: float, at: bends) -> moments:
        """Length, length × value, and length × value above each knot: the amounts are sums of these."""
        result = moments()
        result[0] = weight
        result[1] = weight * value
        for knot in range(wp.static(knots)):
            result[2 + knot] = weight * wp.max(value - at[knot], 0.0)
        return result

    @wp.func
    def march(field: wp.array(dtype=voxel), box: Box, source: wp.vec3d, target: wp.vec3d, at: bends) -> moments:
        along = target - source
        axis = int(0)  # noqa: RUF046, UP018  (to Warp a bare 0 is a constant)
        if wp.abs(along[1]) > wp.abs(along[axis]):
            axis = 1
        if wp.abs(along[2]) > wp.abs(along[axis]):
            axis = 2
        n = turned_counts(box.shape, axis)
        low_voxel, high_voxel = turned_counts(box.low, axis), turned_counts(box.high, axis)
        step = turned_counts(wp.vec3i(box.shape[1] * box.shape[2], box.shape[2], 1), axis)
        start, stop = turned(source, axis), turned(target, axis)
        # in double precision up to the volume's middle plane, from where single precision reaches everywhere
        reach = stop[0] - start[0]
        middle = 0.5 * float(n[0] - 1)
        forward = wp.float64(middle) - start[0]
        exact_b, exact_c = (stop[1] - start[1]) / reach, (stop[2] - start[2]) / reach
        slope_b, slope_c = float(exact_b), float(exact_c)
        offset_b, offset_c = float(start[1] + forward * exact_b), float(start[2] + forward * exact_c)
        begins, ends = float(-forward), float(reach - forward)
        span_b = crossing(offset_b, slope_b, -0.5, float(n[1]) - 0.5)
        span_c = crossing(offset_c, slope_c, -0.5, float(n[2]) - 0.5)
        half = 0.5 * float(n[0])
        low = wp.max(wp.max(wp.min(begins, ends), -half), wp.max(span_b[0], span_c[0]))
        high = wp.min(wp.min(wp.max(begins, ends), half), wp.min(span_b[1], span_c[1]))
        # whole cells whose samples meet nothing are left out
        near_b = crossing(offset_b, slope_b, float(low_voxel[1]) - 1.0, float(high_voxel[1]))
        near_c = crossing(offset_c, slope_c, float(low_voxel[2]) - 1.0, float(high_voxel[2]))
        first = wp.max(wp.max(low, float(low_voxel[0]) - 1.0 - middle), wp.max(near_b[0], near_c[0]) - 1.0)
        last = wp.min(wp.min(high, float(high_voxel[0]) - middle), wp.min(near_b[1], near_c[1]) + 1.0)
        # inside the loop, not after it: Warp's adjoint does not know the end value of a sum made in a loop
        mm = float(wp.length(box.metric * along) / wp.abs(reach))
        total = moments()
        if first < last:
            scale = float(box.cells)
            begin = wp.max(int(wp.floor((first + half) * scale)), 0)
            end = wp.min(int(wp.ceil((last + half) * scale)), n[0] * box.cells)
            for cell in range(begin, end):
                lower = wp.max(float(cell) / scale - half, low)
                upper = wp.min(float(cell + 1) / scale - half, high)
                weight = mm * wp.max(upper - lower, 0.0)
                p = 0.5 * (lower + upper)
                b, c = offset_b + p * slope_b, offset_c + p * slope_c
                if box.cells == 1:
                    value = plane_sample(field, cell * step[0], b, c, n, step)
                    total += moments_of(value, weight, at)
                else:
                    z = wp.clamp(p + middle, 0.0, float(n[0] - 1))
                    z0 = wp.min(int(z), wp.max(n[0] - 2, 0))
                    z1 = wp.min(z0 + 1, n[0] - 1)
                    here = plane_sample(field, z0 * step[0], b, c, n, step)
                    there = plane_sample(field, z1 * step[0], b, c, n, step)
                    total += moments_of(wp.lerp(here, there, z - float(z0)), weight, at)
        return total

    @wp.func
    def write(total: moments, pieces: wp.array2d(dtype=float), ray: int, out: wp.array2d(dtype=float)):
        for basis in range(out.shape[0]):
            amount = float(0.0)  # noqa: UP018  (to Warp a bare 0.0 is a constant)
            for m in range(wp.static(2 + knots)):
                amount += pieces[basis, m] * total[m]
            out[basis, ray] = amount

    @wp.kernel(module="unique", enable_backward=False)
    def of_view(
        first: int, field: wp.array(dtype=voxel), box: Box, beam: Beam, pieces: wp.array2d(dtype=float), at: bends,
        out: wp.array2d(dtype=float),
    ):  # fmt: skip
        ray = first + wp.tid()
        row, column = wp.float64(ray / beam.columns), wp.float64(ray % beam.columns)
        target = beam.origin + row * beam.row_step + column * beam.column_step
        write(march(field, box, beam.source, target, at), pieces, ray, out)

    @wp.kernel(module="unique", enable_backward=not short)
    def of_rays(
        first: int, field: wp.array(dtype=voxel), box: Box, sources: wp.array(dtype=wp.vec3d),
        targets: wp.array(dtype=wp.vec3d), pieces: wp.array2d(dtype=float), at: bends, out: wp.array2d(dtype=float),
    ):  # fmt: skip
        ray = first + wp.tid()
        write(march(field, box, sources[ray], targets[ray], at), pieces, ray, out)

    return of_view, of_rays, bends


def integrate(field: torch.Tensor, support, rays: Rays, pieces: torch.Tensor, knots: torch.Tensor, cells: int):
    """See ``projector_reference.integrate``; field float32 or int16, contiguous, on the CPU or a CUDA device.

    support: ((k, j, i), (k, j, i)), first and one past the last voxel of the part outside which the field is 0.
    """
    kernel, _, bends = _kernels(len(knots), field.dtype == torch.int16)
    out = torch.empty(len(pieces), rays.rows * rays.columns, device=field.device)
    inputs = [
        _array(field.view(-1)),
        _box(field, support, rays.metric_mm, cells),
        _beam(rays),
        *_table(pieces, knots, bends, field.device),
    ]
    launch_in_bands(kernel, out.shape[1], [*inputs, _array(out)], wp.device_from_torch(field.device))
    return out.view(len(pieces), rays.rows, rays.columns)


def integrate_with_gradient(
    field: torch.Tensor, support, rays: Rays, pieces: torch.Tensor, knots: torch.Tensor, cells: int
) -> torch.Tensor:
    """As ``integrate``, with gradients to the field and to the vectors of the rays."""
    targets = rays.targets().reshape(-1, 3).to(field.device)
    sources = rays.source.to(field.device).expand_as(targets)
    fixed = (_box(field, support, rays.metric_mm, cells), pieces, knots)
    out = _Integrals.apply(field, sources.contiguous(), targets.contiguous(), fixed)
    return out.view(len(pieces), rays.rows, rays.columns)


def integrate_lines(field: torch.Tensor, support, starts, stops, metric_mm, pieces, knots) -> torch.Tensor:
    """See ``projector_reference.integrate_lines``; one cell per voxel, without gradients: (B, n)."""
    _, kernel, bends = _kernels(len(knots), field.dtype == torch.int16)
    out = torch.empty(len(pieces), len(starts), device=field.device)
    if not len(starts):
        return out
    points = [_array(part.double().to(field.device).contiguous(), wp.vec3d) for part in (starts, stops)]
    inputs = [_array(field.view(-1)), _box(field, support, metric_mm, 1), *points]
    inputs += [*_table(pieces, knots, bends, field.device), _array(out)]
    launch_in_bands(kernel, len(starts), inputs, wp.device_from_torch(field.device))
    return out


class _Integrals(torch.autograd.Function):
    """Warp's adjoint of the kernel as a step of torch's backward pass."""

    @staticmethod
    def forward(ctx, field, sources, targets, fixed):
        ctx.save_for_backward(field, sources, targets)
        ctx.fixed = fixed
        box, pieces, knots = fixed
        _, kernel, bends = _kernels(len(knots), False)
        out = torch.empty(len(pieces), len(targets), device=field.device)
        points = [_array(part, wp.vec3d) for part in (sources.detach(), targets.detach())]
        inputs = [
            _array(field.detach().view(-1)),
            box,
            *points,
            *_table(pieces, knots, bends, field.device),
            _array(out),
        ]
        launch_in_bands(kernel, len(targets), inputs, wp.device_from_torch(field.device))
        return out

    @staticmethod
    def backward(ctx, gradient):
        field, sources, targets = ctx.saved_tensors
        box, pieces, knots = ctx.fixed
        _, kernel, bends = _kernels(len(knots), False)
        to_field = torch.zeros_like(field) if ctx.needs_input_grad[0] else None
        to_sources, to_targets = torch.zeros_like(sources), torch.zeros_like(targets)
        points = [_array(part, wp.vec3d) for part in (sources, targets)]
        inputs = [0, _array(field.view(-1)), box, *points, *_table(pieces, knots, bends, field.device)]
        adjoint = [0, None if to_field is None else _array(to_field.view(-1)), Box()]
        adjoint += [_array(to_sources, wp.vec3d), _array(to_targets, wp.vec3d), None, bends()]
        device = wp.device_from_torch(field.device)
        out = wp.empty((len(pieces), len(targets)), dtype=float, device=device)
        # one launch, not bands: rays that share voxels add to the same numbers
        wp.launch(
            kernel, dim=len(targets), inputs=inputs, outputs=[out], adj_inputs=adjoint,
            adj_outputs=[_array(gradient.contiguous())], adjoint=True, device=device,
        )  # fmt: skip
        if device.is_cuda:
            wp.synchronize_device(device)
        return to_field, to_sources, to_targets, None


def _array(tensor: torch.Tensor, dtype=None):
    return wp.from_torch(tensor.detach(), dtype=dtype)


def _box(field: torch.Tensor, support, metric_mm: torch.Tensor, cells: int) -> Box:
    box = Box()
    box.shape = wp.vec3i(*field.shape)
    box.low, box.high = (wp.vec3i(*corner) for corner in support)
    box.cells = cells
    box.metric = wp.mat33d(*metric_mm.flatten().tolist())
    return box


def _beam(rays: Rays) -> Beam:
    beam = Beam()
    for name in ("source", "origin", "row_step", "column_step"):
        setattr(beam, name, wp.vec3d(*getattr(rays, name).tolist()))
    beam.columns = rays.columns
    return beam


def _table(pieces: torch.Tensor, knots: torch.Tensor, bends, device: torch.device) -> list:
    return [_array(pieces.float().to(device)), bends(*(knots.tolist() or [0.0]))]
