"""All cores for one small job.

Torch's own threads wait for each other by spinning, which on a busy machine costs many times the work of a
few milliseconds. Here each thread does its own part alone and the pool waits for them asleep.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch

CORES = max(1, min(16, os.cpu_count() or 1))

_here = threading.local()


def _begin() -> None:
    torch.set_num_threads(1)
    _here.in_pool = True


pool = ThreadPoolExecutor(CORES, "core", initializer=_begin)
"""Threads whose torch operations use one core each."""


def in_pool() -> bool:
    """Whether this is a thread of the pool: it must not wait for others of them, which may all wait likewise."""
    return getattr(_here, "in_pool", False)


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Torch operations of the calling thread use one core until the end of the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
