"""A model run on an image: in steps, with progress, within the memory that there is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from ..cores import CORES, one_torch_thread
from ..errors import InputError
from ..memory import free_bytes, is_out_of_memory
from ..steps import in_background
from ..tuples import three
from ..volume import Volume
from .answering import Labeling
from .preparing import Prepared, body_of, check_inputs, prepare
from .progress import Progress
from .recipe import Recipe
from .settings import Settings
from .tiling import Network, Rows, Sweep, Tiling

FAST_STEP = 0.75
"""Tiles overlap by a quarter: three eighths of the windows along each axis less than at one half, for equal labels in
all but a few voxels of a thousand."""

_UNKNOWN_BYTES = 1000
"""Per voxel, for a network whose layers cannot be looked at: that of nnU-Net's usual one."""


Steps = Generator[Progress, None, np.ndarray]


def segment(volumes: Sequence[Volume], recipe: Recipe, load: Callable[[torch.device], Sequence[Network]],
            settings: Settings, within: Volume | None = None) -> Generator[Progress, None, Volume]:  # fmt: skip
    """Labels on the grid of the first volume.

    load: the networks on a device, several of which are averaged. within: labels or a mask on the same grid; only its
    box and a margin are looked at. A step takes as long as one tile; closing the generator ends the run.
    InputError where the images do not fit the model or no memory suffices.
    """
    check_inputs(volumes, recipe)
    if within is not None and not within.same_grid(volumes[0]):
        raise InputError("The region to look at lies on another grid than the image; resample it to the image.")
    yield Progress("Preparing the image", 0)
    prepared = yield from _prepared(volumes, recipe, settings, within)
    labels = yield from _labels(prepared, recipe, load, settings)
    return volumes[0].like(prepared.labels_of(labels))


def _prepared(volumes, recipe, settings, within) -> Generator[Progress, None, Prepared]:
    is_ct = recipe.modalities[0] == "CT"
    body = yield from _waiting(lambda: body_of(volumes[0])) if is_ct and settings.skips_air else _nothing()
    region = within.numpy() != 0 if within is not None else body if settings.crops_to_body else None
    return (
        yield from _waiting(lambda: prepare(volumes, recipe, within=region, margin_mm=settings.margin_mm, inside=body))
    )


def _waiting(work):
    for _ in (steps := _Returned(in_background(work))):
        yield Progress("Preparing the image", 0)
    return steps.value


class _Returned:
    """A generator whose return value is kept while it is iterated over."""

    def __init__(self, steps):
        self.steps, self.value = steps, None

    def __iter__(self):
        self.value = yield from self.steps


def _nothing():
    return
    yield


def tiling_of(recipe: Recipe, settings: Settings) -> Tiling:
    """The tiles that settings ask for."""
    step = settings.tile_step or (max(recipe.tile_step, FAST_STEP) if settings.fast else recipe.tile_step)
    return Tiling(
        recipe.patch,
        step,
        recipe.dims,
        recipe.heads,
        recipe.blend,
        recipe.activation == "regions",
        recipe.mirror_axes if settings.mirror else (),
        even=settings.fast,
    )


def _labels(prepared: Prepared, recipe: Recipe, load, settings: Settings) -> Steps:
    """Labels of the frame's box; with less and less memory until it works."""
    device = device_of(settings.device)
    tiling = tiling_of(recipe, settings)
    note = ""
    while True:
        try:
            return (yield from _attempt(prepared, recipe, load, tiling, device, settings, note))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            smaller = _smaller(tiling, recipe)
        if device.type == "cuda":
            torch.cuda.empty_cache()
        where = "The graphics card" if device.type != "cpu" else "The computer"
        if smaller is not None:
            tiling = smaller
            note = f"{where} is short of memory: tiles of {' × '.join(map(str, tiling.tile))} voxels instead."
        elif device.type != "cpu":
            device, tiling = torch.device("cpu"), tiling_of(recipe, settings)
            note = f"{where} is short of memory: the processor does it, which takes longer."
        else:
            raise InputError(
                "The computer has not enough memory for this model, even with small tiles; close other programs, or "
                "look at a smaller region."
            )


def _smaller(tiling: Tiling, recipe: Recipe) -> Tiling | None:
    """Half as long along the longest axis; None where a tile would be too small to see anything."""
    sizes = [size if step < size else 0 for size, step in zip(tiling.tile, recipe.stride, strict=True)]
    axis = int(np.argmax(sizes))
    size = tiling.tile[axis] // 2 // recipe.stride[axis] * recipe.stride[axis]
    if size < max(recipe.stride[axis], recipe.patch[axis] // 4, 16):
        return None
    tile = three(size if index == axis else old for index, old in enumerate(tiling.tile))
    return replace(tiling, tile=tile)


def _attempt(prepared, recipe, load, tiling, device, settings, note) -> Steps:
    yield Progress("Loading the model", 0, note=note)
    networks = load(device)
    image, places = _padded(torch.from_numpy(prepared.image), tiling.tile, recipe.padding)
    inside = prepared.inside
    if inside is not None:
        inside = np.pad(
            inside, [(part.start, size - part.stop) for part, size in zip(places, image.shape[1:], strict=True)]
        )
    store = _store(image.shape[1:], tiling, len(networks), device)
    workers = workers_for(networks, tiling, recipe) if device.type == "cpu" else 1
    sweep = Sweep(
        image, tiling, networks, device, store=store, inside=inside, half=half_of(device, settings), workers=workers
    )
    kind = np.uint8 if max(recipe.head_labels) < 256 else np.int16
    labels = np.zeros(prepared.frame.box_shape, dtype=kind)
    labeling = Labeling(labels, prepared.lines(recipe), prepared.image.shape[1], recipe, tiling.dtype == torch.float16)
    clock, done = _Clock(sweep.count), 0
    with contextlib.closing(sweep.run()) as found:
        while True:
            # between two steps the caller's own settings of torch hold
            with one_torch_thread() if device.type == "cpu" else contextlib.nullcontext():
                if (step := next(found, None)) is None:
                    break
                if isinstance(step, Rows):
                    _label(labeling, step, places)
                else:
                    done = step
            yield clock.progress(done)
    return labels


def _label(labeling: Labeling, rows: Rows, places) -> None:
    """Hands on what of the rows is not padding."""
    start = max(rows.first, places[0].start)
    stop = min(rows.first + rows.answers.shape[1], places[0].stop)
    if start < stop:
        part = rows.answers[:, start - rows.first : stop - rows.first, places[1], places[2]]
        labeling.add(start - places[0].start, part)


def _padded(image: torch.Tensor, tile: Sequence[int], how: str) -> tuple[torch.Tensor, tuple[slice, ...]]:
    """The image at least as large as a tile, centered, and where it lies in that."""
    lacking = [max(0, size - have) for size, have in zip(tile, image.shape[1:], strict=True)]
    places = tuple(slice(n // 2, n // 2 + size) for n, size in zip(lacking, image.shape[1:], strict=True))
    if not any(lacking):
        return image, places
    sides = [side for n in reversed(lacking) for side in (n // 2, n - n // 2)]
    mode = {"mode": "replicate"} if how == "edge" else {"value": 0.0}
    return torch.nn.functional.pad(image[None], sides, **mode)[0], places


class _Clock:
    """Time left from the tiles so far; the first one is slower than the others and does not count."""

    def __init__(self, count: int):
        self.count = count
        self.began: float | None = None

    def progress(self, done: int) -> Progress:
        now = time.monotonic()
        if done == 1 and self.began is None:
            self.began = now
        left = None
        if self.began is not None and done > 1:
            left = (now - self.began) / (done - 1) * (self.count - done)
        return Progress("Segmenting", done / max(self.count, 1), left)


def device_of(name: str) -> torch.device:
    """The device of a name; InputError where it is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("No NVIDIA graphics card can be used (device 'cuda'); choose the device 'auto' or 'cpu'.")
    if name == "mps" and not _has_mps():
        raise InputError("No Apple graphics can be used (device 'mps'); choose the device 'auto' or 'cpu'.")
    return torch.device(name)


def half_of(device: torch.device, settings: Settings) -> torch.dtype | None:
    """The type of half precision that the device is quick in; None for single precision.

    A graphics card always, as nnU-Net publishes its results; a processor not in the preset quality, for there
    the model as published is computed in single precision.
    """
    if not settings.half:
        return None
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if device.type == "cpu" and not settings.as_published and _processor_has_bfloat16() else None


def _processor_has_bfloat16() -> bool:
    """Whether it multiplies such numbers itself; where it does not, they are slower than others."""
    able: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def _store(shape, tiling: Tiling, networks: int, device: torch.device) -> torch.device:
    """Where sums are kept: on the graphics card if they take less than a third of what is free."""
    if device.type == "cuda" and Sweep.buffer_bytes(shape, tiling, networks) < torch.cuda.mem_get_info(device)[0] / 3:
        return device
    needed, free = Sweep.buffer_bytes(shape, tiling, networks), free_bytes()
    if free is not None and needed > free:
        raise MemoryError
    return torch.device("cpu")


def workers_for(networks: Sequence[Network], tiling: Tiling, recipe: Recipe) -> int:
    """Tiles that the processor can compute at once; MemoryError where there is not enough memory for one."""
    free = free_bytes()
    if free is None:
        return 1
    needed = bytes_per_voxel(networks[0], recipe) * int(np.prod(tiling.tile))
    if needed > free:
        raise MemoryError
    return int(np.clip(free // 2 // needed, 1, CORES))


def bytes_per_voxel(network: Network, recipe: Recipe) -> float:
    """About what a network takes per voxel of a tile at its peak, found on the smallest tile that it takes."""
    answers = 3 * recipe.heads * 4
    if not isinstance(network, torch.nn.Module):
        return answers + _UNKNOWN_BYTES
    largest = 0

    def look(module, inputs, output):
        nonlocal largest
        tensors = [*inputs, output]
        largest = max(largest, sum(x.numel() * x.element_size() for x in tensors if isinstance(x, torch.Tensor)))

    # norms need two voxels at the coarsest resolution
    tile = [min(size, 2 * step) for size, step in zip(recipe.patch, recipe.stride, strict=True)][-recipe.dims :]
    hooks = [part.register_forward_hook(look) for part in network.modules() if not list(part.children())]
    try:
        with torch.inference_mode():
            network(torch.zeros((1, len(recipe.channels), *tile)))
    finally:
        for hook in hooks:
            hook.remove()
    # the layer with the most, and what is kept beside it: the short cuts of a U-Net
    return answers + 2 * largest / float(np.prod(tile))
