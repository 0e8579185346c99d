"""Warp, started quietly, and its CPU launches shared out over the cores. Importing this needs Warp."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import contextmanager
from itertools import pairwise

import warp as wp

from .cores import CORES, in_pool, pool

_DRIVER_NOTICE = b"Warp CUDA warning: Could not find or load the NVIDIA CUDA driver"


@contextmanager
def _without_driver_notice():
    """Keep Warp's library from writing to the error stream that a computer without a GPU has no CUDA driver.

    The notice comes from C code and heeds no setting, so the stream itself is held back; all else in it is passed on.
    """
    with tempfile.TemporaryFile() as held:
        try:
            stream = os.dup(2)
        except OSError:  # an application without an error stream
            yield
            return
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stream, 2)
            os.close(stream)
            held.seek(0)
            lines = [line for line in held if not line.startswith(_DRIVER_NOTICE)]
            if lines:
                os.write(2, b"".join(lines))


wp.config.log_level = wp.LOG_ERROR
with _without_driver_notice():
    wp.init()

_compiled: set = set()
_compiling = threading.Lock()


def launch_in_bands(kernel, count: int, inputs: list, device, bands: int = CORES) -> None:
    """Launch over ``count`` threads and wait; on the CPU in bands on several cores.

    The kernel's first argument is the number that is to be added to its thread index.
    A launch on the CPU runs on one core and frees the interpreter, so bands run beside each other.
    """
    if device.is_cuda:
        wp.launch(kernel, dim=count, inputs=[0, *inputs], device=device)
        wp.synchronize_device(device)
        return
    first = _compile(kernel, inputs, device) if count else 0
    if bands == 1 or count < 2 * bands or in_pool():
        if count > first:
            wp.launch(kernel, dim=count - first, inputs=[first, *inputs], device=device)
        return
    edges = [first + (count - first) * band // bands for band in range(bands + 1)]
    jobs = [
        pool.submit(wp.launch, kernel, dim=stop - start, inputs=[start, *inputs], device=device)
        for start, stop in pairwise(edges)
        if stop > start
    ]
    for job in jobs:
        job.result()


def _compile(kernel, inputs: list, device) -> int:
    """The kernel is compiled when first launched, by one thread; returns how many indices are done by that."""
    if kernel in _compiled:
        return 0
    with _compiling:
        if kernel in _compiled:  # by another thread, meanwhile
            return 0
        wp.launch(kernel, dim=1, inputs=[0, *inputs], device=device)
        _compiled.add(kernel)
        return 1
