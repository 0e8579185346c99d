"""``python -m benchmarks.first_image``: seconds from a CT that is chosen to the picture, in a fresh interpreter.

The kernels have been compiled before; torch is loaded, as it is when a module's panel is open.
"""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import torch

from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import image
from synthetic_imaging.xray.geometry import Pose, View, machine_named

SHAPE = (400, 512, 512)


def rows(quick: bool) -> list[tuple[str, float]]:
    """What was measured and how long it took in s, from a second run, whose kernels are compiled for sure."""
    command = [sys.executable, "-m", "benchmarks.first_image", *(["--quick"] if quick else [])]
    for _ in range(2):
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    return [(name, float(seconds)) for name, seconds in (line.split("\t") for line in run.stdout.splitlines())]


def measure(shape: tuple[int, int, int]) -> list[tuple[str, float]]:
    ct = body(shape)
    center = ct.ras_from_ijk((np.array(shape[::-1]) - 1) / 2)
    view = View.of(machine_named("cios-spin"), Pose(20, 10, 5, tuple(center))).resized(512)
    settings = image.Settings()
    start = last = time.perf_counter()
    longest, steps = 0.0, image.Patient.steps(ct, view=view, settings=settings)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            patient = end.value
            break
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    ready = time.perf_counter()
    pictures = patient.projector.steps(view)
    image.radiograph(patient.named(next(pictures)), view, settings)
    coarse = time.perf_counter()
    *_, integrals = pictures
    image.radiograph(patient.named(integrals), view, settings)
    done = time.perf_counter()
    size = " × ".join(map(str, shape[::-1]))
    return [
        (f"CT of {size} made ready, first of a session", ready - start),
        ("longest piece of that", longest),
        ("from the CT to the coarse image", coarse - start),
        ("from the CT to the image in full", done - start),
    ]


def body(shape: tuple[int, int, int]) -> Volume:
    """A block of soft tissue with noise, int16 as scanners store it."""
    data = torch.randint(-1000, -980, shape, dtype=torch.int16, generator=torch.manual_seed(0))
    inside = tuple(slice(count // 8, count - count // 8) for count in shape)
    data[inside] += 1040
    matrix = np.diag([-0.8, -0.8, 1.0, 1.0])
    return Volume(data, matrix)


if __name__ == "__main__":
    shape = tuple(count // 2 for count in SHAPE) if "--quick" in sys.argv else SHAPE
    for name, seconds in measure(shape):
        print(f"{name}\t{seconds:.4f}")
