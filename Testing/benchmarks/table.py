"""Timing, and tables in Markdown."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def milliseconds(run: Callable[[int], object], repeats: int, warm_up: int = 2) -> tuple[float, float]:
    """Minimum and median wall time of ``run(index)`` in ms, after some runs that do not count."""
    taken = []
    for index in range(-warm_up, repeats):
        start = time.perf_counter()
        run(index + warm_up)
        if index >= 0:
            taken.append((time.perf_counter() - start) * 1000)
    return min(taken), statistics.median(taken)


def duration(ms: float) -> str:
    """Three significant digits with a unit."""
    value, unit = (ms / 1000, "s") if ms >= 1000 else (ms, "ms")
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def both(times: tuple[float, float]) -> str:
    """Minimum, and the median in brackets."""
    return f"{duration(times[0])} ({duration(times[1])})"


def ratio(slow: float, fast: float) -> str:
    return f"{slow / fast:,.0f} ×" if slow >= 10 * fast else f"{slow / fast:.1f} ×"


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def machine() -> str:
    """What the numbers were measured on, in one line."""
    import numpy
    import scipy
    import torch

    versions = f"torch {torch.__version__}, NumPy {numpy.__version__}, SciPy {scipy.__version__}"
    return f"{_processor()}, {os.cpu_count()} logical cores; Python {platform.python_version()}, {versions}, {_warp()}"


def load() -> str:
    """How busy the machine is, in processes that want a core; it should be about what the benchmark itself uses."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _warp() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"Warp {version('warp-lang')}"
    except PackageNotFoundError:
        return "no Warp"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
