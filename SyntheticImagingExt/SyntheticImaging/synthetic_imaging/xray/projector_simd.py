"""Line integrals on the CPU with vector instructions: the kernel of ``projector_kernels`` for 16 rays at a time.

Warp's own code handles one ray at a time; the inner loop here is C++ that Warp's compiler turns into the vector
instructions of the computer it runs on. Same quadrature, same results; one sample per voxel, no gradients.
"""

# no postponed annotations here: Warp reads the types of kernels that are made inside a function
from functools import cache

import torch
import warp as wp

from ..cores import CORES
from ..warp_start import launch_in_bands
from .rays import Rays

LANES = 16
_BANDS_PER_CORE = 4
"""Bands take unequal time, so there are more of them than cores."""

_MARCH = """
    typedef float Floats __attribute__((ext_vector_type(16)));
    typedef int Ints __attribute__((ext_vector_type(16)));
    // 32 bits at each of 16 places, given in voxels
    auto gather = [](const @VOXEL@* from, const Ints at) {
        Ints found;
        #if defined(__AVX512F__)
        found = __builtin_ia32_gathersiv16si((Ints)0, from, at, (unsigned short)0xffff, sizeof(@VOXEL@));
        #else
        for (int l = 0; l < 16; ++l) {
            int one;
            __builtin_memcpy(&one, from + at[l], 4);
            found[l] = one;
        }
        #endif
        return found;
    };
    auto first_of = [](const Ints pair) { return __builtin_convertvector(pair & 0xffff, Floats); };
    auto second_of = [](const Ints pair) { return __builtin_convertvector((pair >> 16) & 0xffff, Floats); };
    auto as_floats = [](const Ints bits) { Floats same; __builtin_memcpy(&same, &bits, 64); return same; };
    const int lanes = 16, knots = @KNOTS@;
    const int K = shape.data[0], J = shape.data[1], I = shape.data[2], rows = shape.data[9], columns = shape.data[10];
    const int bases = shape.data[11];
    const int row = packet % rows, column = packet / rows * lanes;
    const int filled = columns - column < lanes ? columns - column : lanes;
    const double* g = geometry.data;   // source, origin, row step, column step, metric
    const float* table = pieces.data;
    const @VOXEL@* v = field.data;
    double start[3], target[3][16];
    for (int d = 0; d < 3; ++d) {
        start[d] = g[d];
        for (int l = 0; l < lanes; ++l) {
            // lanes beyond the last column repeat it; their results are not written
            const int c = column + (l < filled ? l : filled - 1);
            target[d][l] = g[3 + d] + row * g[6 + d] + c * g[9 + d];
        }
    }
    int fastest[16];
    for (int l = 0; l < lanes; ++l) {
        double most = __builtin_fabs(target[0][l] - start[0]);
        fastest[l] = 0;
        for (int d = 1; d < 3; ++d) {
            const double size = __builtin_fabs(target[d][l] - start[d]);
            if (size > most) { most = size; fastest[l] = d; }
        }
    }
    Floats total[2 + knots];  // length, length × value, length × value above each knot
    for (int m = 0; m < 2 + knots; ++m) total[m] = 0.0f;
    float knot[knots + 1];
    for (int h = 0; h < knots; ++h) knot[h] = table[bases * (2 + knots) + h];
    for (int axis = 0; axis < 3; ++axis) {
        bool any = false;
        for (int l = 0; l < lanes; ++l) any = any || fastest[l] == axis;
        if (!any) continue;
        const int B = axis == 0 ? 1 : 0, C = axis == 2 ? 1 : 2;
        const int size[3] = {K, J, I}, stride[3] = {J * I, I, 1};
        const int nb = size[B], nc = size[C], sa = stride[axis], sb = stride[B], sc = stride[C];
        const float middle = 0.5f * (size[axis] - 1), half = 0.5f * size[axis];
        // a hair below the last voxel, so that there is always a next one
        const float top_b = (nb - 1) * 0.9999999f, top_c = (nc - 1) * 0.9999999f;
        float ob[16], mb[16], oc[16], mc[16], low[16], high[16], mm[16];
        int begin = size[axis], end = 0, full_begin = 0, full_end = size[axis];
        for (int l = 0; l < lanes; ++l) {
            ob[l] = mb[l] = oc[l] = mc[l] = low[l] = high[l] = mm[l] = 0.0f;
            if (fastest[l] != axis) { full_begin = size[axis]; continue; }
            double along[3], length = 0.0;
            for (int d = 0; d < 3; ++d) along[d] = target[d][l] - start[d];
            for (int r = 0; r < 3; ++r) {
                const double part = g[12 + 3*r] * along[0] + g[13 + 3*r] * along[1] + g[14 + 3*r] * along[2];
                length += part * part;
            }
            const double reach = along[axis], forward = middle - start[axis];
            mm[l] = (float)(__builtin_sqrt(length) / __builtin_fabs(reach));
            const double eb = along[B] / reach, ec = along[C] / reach;
            mb[l] = (float)eb; mc[l] = (float)ec;
            ob[l] = (float)(start[B] + forward * eb); oc[l] = (float)(start[C] + forward * ec);
            const float begins = (float)-forward, ends = (float)(reach - forward);
            float lo = begins < ends ? begins : ends, hi = begins < ends ? ends : begins;
            lo = lo > -half ? lo : -half; hi = hi < half ? hi : half;
            float first = shape.data[3 + axis] - 1.0f - middle, last = shape.data[6 + axis] - middle;
            for (int side = 0; side < 2; ++side) {
                const float o = side ? oc[l] : ob[l], s = side ? mc[l] : mb[l];
                const int other = side ? C : B;
                const float from = -0.5f, to = size[other] - 0.5f;
                const float near = shape.data[3 + other] - 1.0f, far = shape.data[6 + other];
                if (__builtin_fabsf(s) > 1.0e-9f) {
                    const float p = (from - o) / s, q = (to - o) / s, a = (near - o) / s, b = (far - o) / s;
                    const float p0 = p < q ? p : q, p1 = p < q ? q : p;
                    const float a0 = (a < b ? a : b) - 1.0f, a1 = (a < b ? b : a) + 1.0f;
                    lo = lo > p0 ? lo : p0; hi = hi < p1 ? hi : p1;
                    first = first > a0 ? first : a0; last = last < a1 ? last : a1;
                } else if (o <= from || o >= to) {
                    hi = lo - 1.0f;
                }
            }
            first = first > lo ? first : lo; last = last < hi ? last : hi;
            if (!(first < last)) { full_begin = size[axis]; continue; }
            low[l] = lo; high[l] = hi;
            const int b0 = (int)__builtin_floorf(first + half), e0 = (int)__builtin_ceilf(last + half);
            const int f0 = (int)__builtin_ceilf(lo + half), f1 = (int)__builtin_floorf(hi + half);
            begin = begin < b0 ? begin : b0; end = end > e0 ? end : e0;
            full_begin = full_begin > f0 ? full_begin : f0; full_end = full_end < f1 ? full_end : f1;
        }
        begin = begin > 0 ? begin : 0; end = end < size[axis] ? end : size[axis];
        full_begin = full_begin > begin ? full_begin : begin; full_end = full_end < end ? full_end : end;
        if (full_begin >= full_end) full_begin = full_end = end;
        Floats vob, vmb, voc, vmc, vlow, vhigh, sum[2 + knots];
        __builtin_memcpy(&vob, ob, 64); __builtin_memcpy(&vmb, mb, 64);
        __builtin_memcpy(&voc, oc, 64); __builtin_memcpy(&vmc, mc, 64);
        __builtin_memcpy(&vlow, low, 64); __builtin_memcpy(&vhigh, high, 64);
        for (int m = 0; m < 2 + knots; ++m) sum[m] = 0.0f;
        auto through = [&](auto neighbors) {
            auto sample = [&](const Floats p, const @VOXEL@* plane) {
                Floats y = vob + p * vmb, x = voc + p * vmc;
                y = y > 0.0f ? y : 0.0f; y = y < top_b ? y : top_b;
                x = x > 0.0f ? x : 0.0f; x = x < top_c ? x : top_c;
                const Ints iy = __builtin_convertvector(y, Ints), ix = __builtin_convertvector(x, Ints);
                const Floats fy = y - __builtin_convertvector(iy, Floats), fx = x - __builtin_convertvector(ix, Floats);
                Floats v00, v01, v10, v11;
                if (decltype(neighbors)::adjoin) {
                    const Ints at = iy * sb + ix;
                    @ADJOINING@
                } else {
                    const Ints at = iy * sb + ix * sc;
                    @APART@
                }
                const Floats upper = v00 + fx * (v01 - v00), lower = v10 + fx * (v11 - v10);
                return upper + fy * (lower - upper);
            };
            auto cut = [&](const int cell) {
                const Floats from = cell - half, to = cell + 1 - half;
                const Floats lower = from > vlow ? from : vlow, upper = to < vhigh ? to : vhigh;
                const Floats weight = upper > lower ? upper - lower : 0.0f;
                const Floats value = sample(0.5f * (lower + upper), v + (long long)cell * sa);
                sum[0] += weight;
                sum[1] += weight * value;
                for (int h = 0; h < knots; ++h) {
                    const Floats above = value - knot[h];
                    sum[2 + h] += weight * (above > 0.0f ? above : 0.0f);
                }
            };
            for (int cell = begin; cell < full_begin; ++cell) cut(cell);
            for (int cell = full_begin; cell < full_end; ++cell) {
                const Floats value = sample(cell - middle, v + (long long)cell * sa);
                sum[1] += value;
                for (int h = 0; h < knots; ++h) {
                    const Floats above = value - knot[h];
                    sum[2 + h] += above > 0.0f ? above : 0.0f;
                }
            }
            sum[0] += (float)(full_end - full_begin);
            for (int cell = full_end; cell < end; ++cell) cut(cell);
        };
        struct Adjoining { enum { adjoin = 1 }; };
        struct Apart { enum { adjoin = 0 }; };
        if (axis == 2) through(Apart()); else through(Adjoining());
        Floats vmm;
        __builtin_memcpy(&vmm, mm, 64);
        for (int m = 0; m < 2 + knots; ++m) total[m] += sum[m] * vmm;
    }
    for (int b = 0; b < bases; ++b) {
        float* to = out.data + ((long long)b * rows + row) * columns + column;
        for (int l = 0; l < filled; ++l) {
            float amount = 0.0f;
            for (int m = 0; m < 2 + knots; ++m) amount += table[b * (2 + knots) + m] * total[m][l];
            to[l] = amount;
        }
    }
"""

_FLOATS = (
    """v00 = as_floats(gather(plane, at)); v01 = as_floats(gather(plane + 1, at));
                    v10 = as_floats(gather(plane + sb, at)); v11 = as_floats(gather(plane + sb + 1, at));""",
    """v00 = as_floats(gather(plane, at)); v01 = as_floats(gather(plane + sc, at));
                    v10 = as_floats(gather(plane + sb, at)); v11 = as_floats(gather(plane + sb + sc, at));""",
)
_SHORTS = (
    """const Ints above = gather(plane, at), below = gather(plane + sb, at);  // two neighbors at once
                    v00 = first_of(above); v01 = second_of(above); v10 = first_of(below); v11 = second_of(below);""",
    """v00 = first_of(gather(plane, at)); v01 = first_of(gather(plane + sc, at));
                    v10 = first_of(gather(plane + sb, at)); v11 = first_of(gather(plane + sb + sc, at));""",
)


@cache
def _kernel(knots: int, short: bool):
    """The kernel for a number of knots and a type of voxel, compiled when first launched."""

    adjoining, apart = _SHORTS if short else _FLOATS
    source = _MARCH.replace("@KNOTS@", str(knots)).replace("@VOXEL@", "short" if short else "float")
    source = source.replace("@ADJOINING@", adjoining).replace("@APART@", apart)
    voxel = wp.int16 if short else wp.float32

    @wp.func_native(source)
    def march(
        packet: int, field: wp.array(dtype=voxel), shape: wp.array(dtype=int), geometry: wp.array(dtype=wp.float64),
        pieces: wp.array(dtype=float), out: wp.array(dtype=float),
    ): ...  # fmt: skip

    @wp.kernel(module="unique", enable_backward=False)
    def packets(
        first: int, field: wp.array(dtype=voxel), shape: wp.array(dtype=int), geometry: wp.array(dtype=wp.float64),
        pieces: wp.array(dtype=float), out: wp.array(dtype=float),
    ):  # fmt: skip
        march(first + wp.tid(), field, shape, geometry, pieces, out)

    return packets


def usable(field: torch.Tensor) -> bool:
    """Whether these voxels can be read two by two on every axis, in main memory."""
    spare = field.untyped_storage().nbytes() // field.element_size() - field.storage_offset() > field.numel()
    return field.device.type == "cpu" and min(field.shape) >= 2 and (spare or field.dtype != torch.int16)


def integrate(field: torch.Tensor, support, rays: Rays, pieces: torch.Tensor, knots: torch.Tensor) -> torch.Tensor:
    """See ``projector_kernels.integrate``; with one cell per voxel, on the CPU, for volumes that are ``usable``."""
    out = torch.empty(len(pieces), rays.rows, rays.columns)
    counts = [*field.shape, *support[0], *support[1], rays.rows, rays.columns, len(pieces)]
    vectors = [rays.source, rays.origin, rays.row_step, rays.column_step, rays.metric_mm]
    geometry = torch.cat([vector.detach().flatten() for vector in vectors])
    table = torch.cat([pieces.flatten(), knots]).float()
    arrays = [
        wp.from_torch(part)
        for part in (field.view(-1), torch.tensor(counts, dtype=torch.int32), geometry, table, out.view(-1))
    ]
    packets = -(-rays.columns // LANES) * rays.rows
    device = wp.device_from_torch(field.device)
    launch_in_bands(_kernel(len(knots), field.dtype == torch.int16), packets, arrays, device, CORES * _BANDS_PER_CORE)
    return out
