"""Work in pieces: generators that yield after some milliseconds, so that a window can live on between them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

Result = TypeVar("Result")
_LOOK_AGAIN_S = 0.005


def finished(steps: Generator[Any, None, Result], on_step: Callable[..., object] | None = None) -> Result:
    """All pieces at once; what the generator returns. on_step: called with what each piece yields, a tuple in parts."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        if on_step is not None:
            on_step(*(step if isinstance(step, tuple) else (step,)))


def in_background(work: Callable[[], Result]) -> Generator[None, None, Result]:
    """One piece that cannot be cut, on a thread of the pool: yields until it is done and returns its result.

    The work must release the interpreter (native code). What it would share out over the pool it does alone.
    """
    from .cores import pool  # loads torch, which a window without long work of its own need not wait for

    job = pool.submit(work)
    while not job.done():
        time.sleep(_LOOK_AGAIN_S)
        yield
    return job.result()


def on_all_cores(work: Callable[..., Result], parts: Iterable[tuple]) -> Generator[Result, None, None]:
    """``work(*part)`` of every part on the threads of the pool: yields the results in order, each when it is there.

    Closing the generator drops the parts that have not begun. On a thread of the pool all is done on that one.
    """
    from .cores import CORES, in_pool, pool

    if in_pool():
        yield from (work(*part) for part in parts)
        return
    jobs: deque = deque()
    try:
        for part in parts:
            jobs.append(pool.submit(work, *part))
            if len(jobs) > 2 * CORES:
                yield jobs.popleft().result()
        while jobs:
            yield jobs.popleft().result()
    finally:
        for job in jobs:
            job.cancel()
