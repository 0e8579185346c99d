"""A network moved over an image in overlapping tiles, with buffers as deep as one tile.

Tiles are taken in order along the first axis. Behind the tile that is next, nothing can change any more: those rows are
handed out and their memory is used again. So memory grows with the cross-section of the image and not with its length.
"""

from __future__ import annotations

import itertools
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy import ndimage

from ..cores import in_pool, pool

Network = Callable[[torch.Tensor], torch.Tensor]

_BACKGROUND = 10.0
"""Answer of the network where it was not asked: certainly nothing."""

_LOOK_AGAIN_S = 0.005


@dataclass(frozen=True)
class Tiling:
    """How tiles lie and are weighed; see ``Recipe``. tile has three axes, the first one 1 for a network of 2 axes."""

    tile: tuple[int, int, int]
    step: float
    dims: int
    heads: int
    blend: str = "nnunet"
    regions: bool = False
    mirror_axes: tuple[int, ...] = ()
    even: bool = False
    """Tiles stand at equal distances, as nnU-Net's always do; MONAI's last one overlaps the one before by more."""

    @property
    def dtype(self) -> torch.dtype:
        """What sums are kept in: nnU-Net's are half precision, and so the labels of its models depend on it."""
        return torch.float16 if self.blend == "nnunet" else torch.float32

    def starts(self, shape: Sequence[int]) -> list[list[int]]:
        """Where tiles begin along each axis of an image that is at least as large as a tile."""
        starts = [self._starts_along(size, tile) for size, tile in zip(shape, self.tile, strict=True)]
        if self.dims == 2:
            starts[0] = list(range(shape[0]))
        return starts

    def _starts_along(self, size: int, tile: int) -> list[int]:
        if self.blend == "nnunet" or self.even:
            count = math.ceil((size - tile) / (tile * self.step)) + 1
            return [round(index * (size - tile) / max(count - 1, 1)) for index in range(count)]
        interval = tile if size == tile else max(1, int(tile * self.step))
        count = math.ceil((size - tile) / interval) + 1
        return [min(index * interval, size - tile) for index in range(count)]

    def bell(self) -> torch.Tensor:
        """The weight of each voxel of a tile."""
        if self.blend == "constant":
            return torch.ones(self.tile)
        return _nnunet_bell(self.tile) if self.blend == "nnunet" else _gaussian_bell(self.tile)


@lru_cache(maxsize=4)
def _nnunet_bell(tile: tuple[int, ...]) -> torch.Tensor:
    peak = np.zeros(tile)
    peak[tuple(size // 2 for size in tile)] = 1
    bell = ndimage.gaussian_filter(peak, [size / 8 for size in tile], mode="constant")
    bell = torch.from_numpy(bell / (bell.max() / 10)).half()
    bell[bell == 0] = bell[bell > 0].min()
    return bell


@lru_cache(maxsize=4)
def _gaussian_bell(tile: tuple[int, ...]) -> torch.Tensor:
    bell = torch.ones(())
    for size in tile:
        place = torch.arange(size, dtype=torch.float32) - (size - 1) / 2
        bell = bell[..., None] * torch.exp(-(place**2) / (2 * (0.125 * size) ** 2))
    return bell.clamp(min=max(bell.min().item(), 1e-3))


@dataclass(frozen=True)
class Rows:
    """Answers of rows that are complete: (heads, rows, y, x), valid until the generator goes on."""

    first: int
    answers: torch.Tensor


class Sweep:
    """One pass over an image.

    image: (C, z, y, x) float32, at least as large as a tile. inside: (z, y, x), tiles that hold none of it are not
    computed; None for all. networks: several are averaged. store: the device that keeps the sums. half: the type of
    half precision to compute in, None for single precision. workers: tiles that the processor computes at the same
    time, each on one core.
    """

    def __init__(self, image: torch.Tensor, tiling: Tiling, networks: Sequence[Network], device: torch.device, *,
                 store: torch.device, inside: np.ndarray | None, half: torch.dtype | None = None,
                 workers: int = 1):  # fmt: skip
        self.image, self.tiling, self.networks = image, tiling, networks
        self.device, self.store, self.half, self.workers = device, store, half, workers
        self.starts = tiling.starts(image.shape[1:])
        self.skips = inside is not None
        self.layers = [(first, self._tiles_of(first, inside)) for first in self.starts[0]]
        self.bell = tiling.bell().to(store)
        axes = tiling.mirror_axes
        self.flips = [flip for n in range(len(axes)) for flip in itertools.combinations(axes, n + 1)]

    def _tiles_of(self, first: int, inside: np.ndarray | None) -> list[tuple[slice, slice, slice]]:
        deep, high, wide = self.tiling.tile
        rows = slice(first, first + deep)
        tiles = [(rows, slice(y, y + high), slice(x, x + wide)) for y in self.starts[1] for x in self.starts[2]]
        if inside is None:
            return tiles
        layer: np.ndarray = np.any(inside[rows], axis=0)
        return [tile for tile in tiles if layer[tile[1:]].any()]

    @property
    def count(self) -> int:
        """Tiles that will be computed."""
        return sum(len(tiles) for _, tiles in self.layers)

    @staticmethod
    def buffer_bytes(shape: Sequence[int], tiling: Tiling, networks: int) -> int:
        """Memory that sums take for an image of a shape (z, y, x)."""
        rows = min(tiling.tile[0], shape[0]) * shape[1] * shape[2]
        return rows * (tiling.heads * networks + 1) * tiling.dtype.itemsize

    def run(self) -> Generator[Rows | int, None, None]:
        """How many tiles are done, again and again; Rows as soon as they are complete, in order and without gaps."""
        deep = self.tiling.tile[0]
        shape = self.image.shape[1:]
        sums = [
            torch.zeros((self.tiling.heads, deep, *shape[1:]), dtype=self.tiling.dtype, device=self.store)
            for _ in self.networks
        ]
        weights = torch.zeros((deep, *shape[1:]), dtype=self.tiling.dtype, device=self.store)
        done = 0
        with closing(self._answered()) as answered:
            for (first, tiles), following in zip(self.layers, [*self.starts[0][1:], shape[0]], strict=True):
                for _, rows, columns in tiles:
                    while (answers := next(answered)) is None:
                        yield done
                    for answer, total in zip(answers, sums, strict=True):
                        total[:, :, rows, columns] += answer
                    weights[:, rows, columns] += self.bell
                    done += 1
                    yield done
                complete = following - first
                yield Rows(first, self._mean(sums, weights, complete))
                for buffer in (*(head for total in sums for head in total), weights):
                    buffer[: deep - complete] = buffer[complete:].clone()
                    buffer[deep - complete :] = 0

    def _answered(self) -> Generator[list[torch.Tensor] | None, None, None]:
        """The answers of the networks to each tile in order; None while they are computed."""
        tiles = (tile for _, tiles in self.layers for tile in tiles)
        if self.device.type != "cpu" or in_pool():
            yield from map(self._answers, tiles)
            return
        jobs: deque = deque()
        try:
            while True:
                for tile in itertools.islice(tiles, self.workers - len(jobs)):
                    jobs.append(pool.submit(self._answers, tile))
                if not jobs:
                    return
                while not jobs[0].done():
                    time.sleep(_LOOK_AGAIN_S)
                    yield None
                yield jobs.popleft().result()
        finally:
            for job in jobs:
                job.cancel()

    def _answers(self, tile: tuple[slice, slice, slice]) -> list[torch.Tensor]:
        """Of each network to one tile: (heads, z, y, x), mean over mirrored tiles, times the bell."""
        with torch.inference_mode(), self._precision():
            piece = self.image[(slice(None), *tile)].to(self.device)
            flat = self.tiling.dims == 2
            piece = (piece[:, 0] if flat else piece)[None].contiguous()
            return [self._answer(network, piece, flat) for network in self.networks]

    def _precision(self):
        if self.half is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.half)

    def _answer(self, network: Network, piece: torch.Tensor, flat: bool) -> torch.Tensor:
        answers = network(piece)
        for axes in self.flips:
            # axes of the array, which has two more in front of it here, and one less without slices
            places = [axis + 2 - flat for axis in axes]
            answers = answers + torch.flip(network(torch.flip(piece, places)), places)
        if self.flips:
            answers = answers / (len(self.flips) + 1)
        answers = (answers[0][:, None] if flat else answers[0]).to(self.store)
        return answers * self.bell

    def _mean(self, sums: list[torch.Tensor], weights: torch.Tensor, rows: int) -> torch.Tensor:
        """Of the first rows, in place."""
        weights = weights[:rows]
        empty = weights == 0 if self.skips else None
        if empty is not None:
            weights[empty] = 1
        for total in sums:
            total[:, :rows] /= weights
        mean = sums[0][:, :rows]
        for total in sums[1:]:
            mean += total[:, :rows]
        if len(sums) > 1:
            mean /= len(sums)
        if empty is not None and empty.any():
            if self.tiling.regions:
                mean.masked_fill_(empty, -_BACKGROUND)
            else:
                mean[0].masked_fill_(empty, _BACKGROUND)
        return mean
