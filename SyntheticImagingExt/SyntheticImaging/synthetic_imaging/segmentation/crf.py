"""A fully connected conditional random field: every voxel with every other, in mm and HU.

Krähenbühl and Koltun, NIPS 2011, by mean field: the probability Q of label l at voxel i is in proportion to

    exp(-U_i(l) + w1 Σ_j a_ij Q_j(l) + w2 Σ_j s_ij Q_j(l)),   j ≠ i

    a_ij = exp(-|x_i - x_j|² / 2 sigma_alpha² - (I_i - I_j)² / 2 sigma_beta²) / sqrt(A_i A_j),   A_i its sum over j
    s_ij = exp(-|x_i - x_j|² / 2 sigma_gamma²) / sqrt(S_i S_j),                                  S_i its sum over j

and all voxels change at once. Divided by the roots of their sums, the weights do not depend on the size of voxels. The
sums are those of ``gaussian_sums``: pairs within four sigma along each axis, weights to within some percent.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from ..errors import InputError
from ..memory import free_bytes
from ..steps import on_all_cores
from ..volume import Volume
from .gaussian_sums import REACH_SIGMAS, GaussianSums
from .postprocessing import Crf
from .progress import Progress
from .regions import Box, Spacing, box_of, grown, near

STAGE = "Refining the outline"
_FEWEST = 1e-4
"""Least sum of weights: voxels unlike all others are left to what the model said."""

_SURE = 1e-6
_SLAB_VOXELS = 4_000_000
_BYTES_PER_VOXEL = 80
_BYTES_PER_FREE_VOXEL = 100


def refine(labels: Volume, ct: Volume, crf: Crf | None = None, probabilities: Mapping[int, Volume] | None = None
           ) -> Generator[Progress, None, Volume]:  # fmt: skip
    """Labels whose outlines follow the CT.

    labels: whole numbers on the grid of ct (HU). crf: which labels, and all numbers; background (0) always takes part,
    other labels keep their voxels and take no part. Only voxels within ``band_mm`` of two labels change, and only to a
    label within ``band_mm``; the rest is taken for sure and counts in all sums. probabilities: by label, from 0 to 1 on
    the same grid; else a voxel has its label with ``confidence``.

    A step is one sum for one label (some seconds for a whole liver); closing the generator ends it. InputError where
    the grids differ or memory does not suffice.
    """
    crf = crf or Crf()
    for volume in (ct, *(probabilities or {}).values()):
        if not volume.same_grid(labels):
            raise InputError("Labels, CT and probabilities lie on different grids; resample them to the CT.")
    yield Progress(STAGE, 0)
    array = labels.numpy()
    values = crf.labels or tuple(int(value) for value in np.unique(array) if value)
    inner = box_of(np.isin(array, values))
    if inner is None or crf.iterations == 0:
        return labels
    field = MeanField(labels, ct, crf, (0, *values), inner, probabilities)
    steps = crf.iterations + 2
    for index, advance in enumerate((field.weigh, field.settle, *([field.iterate] * crf.iterations))):
        for done in advance():
            yield Progress(STAGE, min((index + done) / steps, 1.0))
    result = array.copy()
    inside = result[field.box].reshape(-1)  # of a box a copy
    inside[field.free.numpy()] = field.best().numpy()
    result[field.box] = inside.reshape(result[field.box].shape)
    return labels.like(result)


@dataclass
class Candidate:
    """One label where it can be. index: voxels of the box, ascending; place: the same among the free ones.

    given: minus logarithm of the probability there. sure: voxels that have the label and keep it. kept: what these add.
    """

    value: int
    index: torch.Tensor
    place: torch.Tensor
    given: torch.Tensor
    sure: torch.Tensor
    kept: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    q: torch.Tensor = field(default_factory=lambda: torch.empty(0))


@dataclass
class _Possible:
    """Where a label can be: a mask of a box."""

    box: Box
    mask: np.ndarray

    @classmethod
    def of(cls, mask: np.ndarray, spacing_mm: Spacing, band_mm: float) -> _Possible:
        found = near(mask, spacing_mm, band_mm)
        box = box_of(found) or (slice(0, 0),) * 3
        return cls(box, found[box].copy())

    def indices(self, free: np.ndarray) -> torch.Tensor:
        """Flat indices of the free voxels among them, ascending."""
        places = np.nonzero(self.mask & free[self.box])
        moved = [place + part.start for place, part in zip(places, self.box, strict=True)]
        return torch.from_numpy(np.ravel_multi_index(moved, free.shape))


class MeanField:
    """The probabilities of labels, in the box that counts: voxels that can change, and what surrounds them.

    To be called in order: ``weigh``, ``settle``, and ``iterate`` as often as wanted; each yields how far it is. Then
    ``candidates`` have the probabilities, q.
    """

    def __init__(self, labels: Volume, ct: Volume, crf: Crf, values, inner, probabilities):
        spacing = labels.spacing_mm[::-1]
        self.crf = crf
        band_mm = crf.band_mm or math.inf
        reach_mm = REACH_SIGMAS * max(crf.sigma_alpha_mm if crf.w1 else 0, crf.sigma_gamma_mm if crf.w2 else 0)
        self.box = grown(inner, labels.shape, spacing, band_mm + reach_mm)
        array = labels.numpy()[self.box]
        _refuse_without_memory(array.size, 0)
        possible = [_Possible.of(array == value, spacing, band_mm) for value in values]
        count = np.zeros(array.shape, np.uint16)
        for here in possible:
            count[here.box] += here.mask
        free = (count > 1) & np.isin(array, values)
        del count
        _refuse_without_memory(array.size, sum(int(np.count_nonzero(here.mask & free[here.box])) for here in possible))
        self.free = _indices(free)
        self.candidates = []
        for value, here in zip(values, possible, strict=True):
            index = here.indices(free)
            given = _given(value, array, index, crf, probabilities, self.box)
            sure = _indices((array == value) & ~free)
            self.candidates.append(Candidate(value, index, torch.searchsorted(self.free, index), given, sure))
        hu = torch.from_numpy(np.ascontiguousarray(ct.numpy()[self.box], dtype=np.float32)).reshape(-1)
        self.kernels = []
        if crf.w1:
            appearance = GaussianSums(array.shape, spacing, crf.sigma_alpha_mm, hu, crf.sigma_beta_hu)
            self.kernels.append(_Kernel(crf.w1, appearance))
        if crf.w2:
            self.kernels.append(_Kernel(crf.w2, GaussianSums(array.shape, spacing, crf.sigma_gamma_mm)))

    def weigh(self):
        """The sum of weights of every voxel."""
        yield from _counted(on_all_cores(_Kernel.weigh, [(kernel,) for kernel in self.kernels]), len(self.kernels))

    def settle(self):
        """What the sure voxels add, and the first probabilities, those of the model alone."""
        found = on_all_cores(self._of_sure, [(candidate,) for candidate in self.candidates])
        yield from _counted(found, len(self.candidates))
        self._normalize([candidate.given for candidate in self.candidates])

    def iterate(self):
        """One step of the mean field."""
        sums: list[torch.Tensor] = []
        for message in on_all_cores(self._of_free, [(candidate,) for candidate in self.candidates]):
            sums.append(message)
            yield len(sums) / len(self.candidates)
        self._normalize(
            [
                candidate.given - candidate.kept - message
                for candidate, message in zip(self.candidates, sums, strict=True)
            ]
        )

    def best(self) -> torch.Tensor:
        """The most probable label of each of the free voxels; of equal ones the lowest."""
        most = torch.full((len(self.free),), -1.0)
        label = torch.zeros(len(self.free), dtype=torch.int64)
        for candidate in self.candidates:
            more = candidate.q > most[candidate.place]
            label[candidate.place[more]] = candidate.value
            most[candidate.place[more]] = candidate.q[more]
        return label

    def _of_sure(self, candidate: Candidate) -> None:
        total = torch.zeros(len(candidate.index))
        for kernel in self.kernels:
            total += kernel.message(candidate.index, candidate.sure, torch.ones(len(candidate.sure)))
        candidate.kept = total

    def _of_free(self, candidate: Candidate) -> torch.Tensor:
        total = torch.zeros(len(candidate.index))
        for kernel in self.kernels:
            total += kernel.message_to_itself(candidate.index, candidate.q)
        return total

    def _normalize(self, energies: list[torch.Tensor]) -> None:
        """Probabilities in proportion to exp(-energy) over the labels that a voxel can have."""
        lowest = torch.full((len(self.free),), math.inf)
        for candidate, energy in zip(self.candidates, energies, strict=True):
            lowest[candidate.place] = torch.minimum(lowest[candidate.place], energy)
        total = torch.zeros(len(self.free))
        for candidate, energy in zip(self.candidates, energies, strict=True):
            candidate.q = torch.exp(lowest[candidate.place] - energy)
            total[candidate.place] += candidate.q
        for candidate in self.candidates:
            candidate.q /= total[candidate.place]


class _Kernel:
    """A Gaussian with its weight, divided by the roots of the sums at both ends."""

    def __init__(self, weight: float, sums: GaussianSums):
        self.weight, self.sums = weight, sums
        self.scale = torch.empty(0)

    def weigh(self) -> None:
        """In slabs, whose surroundings are all that is looked at for them."""
        count = math.prod(self.sums.shape)
        slice_size, reach = count // self.sums.shape[0], self.sums.reach_slices
        thick = max(_SLAB_VOXELS // slice_size, reach, 1) * slice_size
        self.scale = torch.empty(count)
        for start in range(0, count, thick):
            slab = torch.arange(start, min(start + thick, count))
            around = torch.arange(max(start - reach * slice_size, 0), min(start + thick + reach * slice_size, count))
            total = self.sums.at(slab, around, torch.ones(len(around))) - self.sums.itself(slab)
            self.scale[start : start + thick] = total.clamp_(min=_FEWEST).rsqrt_()

    def message(self, targets: torch.Tensor, sources: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        found = self.sums.at(targets, sources, values * self.scale[sources])
        return self.weight * self.scale[targets] * found

    def message_to_itself(self, index: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Among voxels, each but itself."""
        own = self.sums.itself(index) * values * self.scale[index] ** 2
        return self.message(index, index, values) - self.weight * own


def _given(value: int, array: np.ndarray, index: torch.Tensor, crf: Crf, probabilities, box) -> torch.Tensor:
    """Minus the logarithm of the probability of a label at voxels; one that no probability is given of has none."""
    if probabilities is None:
        has = torch.from_numpy(array.reshape(-1)[index.numpy()] == value)
        return torch.where(has, -math.log(crf.confidence), -math.log(1 - crf.confidence)).float()
    if value not in probabilities:
        return torch.full((len(index),), -math.log(_SURE))
    here = np.ascontiguousarray(probabilities[value].numpy()[box]).reshape(-1)[index.numpy()]
    return -torch.from_numpy(here.astype(np.float32)).clamp_(_SURE, 1).log_()


def _indices(mask: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.flatnonzero(mask))


def _counted(work, count: int):
    for done, _ in enumerate(work, start=1):
        yield done / count


def _refuse_without_memory(voxels: int, free: int) -> None:
    have, needed = free_bytes(), voxels * _BYTES_PER_VOXEL + free * _BYTES_PER_FREE_VOXEL
    if have is not None and needed > have:
        raise InputError(
            f"Refining {voxels:,} voxels takes about {needed / 1e9:.1f} GB of memory, and {have / 1e9:.1f} GB are "
            "free; name fewer labels, take smaller distances (sigma_alpha_mm, band_mm), or close other programs."
        )
