"""The fully connected field against pydensecrf2 (a permutohedral lattice in C++), time and labels in one run.

``python -m benchmarks.crf_speed [--quick]``. The peer is for this only, and needs a C++ compiler:
``pip install cython pydensecrf2``; without it its columns say so.
"""

import sys
import threading
import time
from pathlib import Path

import numpy as np
from scipy import ndimage

from benchmarks.table import RESULTS, duration, load, machine, markdown, ratio
from synthetic_imaging.segmentation.crf import refine
from synthetic_imaging.segmentation.postprocessing import Crf
from synthetic_imaging.steps import finished
from synthetic_imaging.volume import Volume

SPACING_MM = (1.5, 1.0, 1.0)
TITLE = "# Refining outlines: the fully connected field"
HEADER = ["Scene", "Voxels", "Dice before", "Ours", "Ours, Dice", "Ours, peak", "pydensecrf2", "its Dice", "its peak",
          "Its time / ours", "Same labels"]  # fmt: skip


def cube(size: int, seed: int = 0) -> tuple[Volume, np.ndarray, np.ndarray]:
    """A bright cube, its labels with wrong voxels all over, and the truth."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((size, size, size), bool)
    truth[size // 4 : -size // 4, size // 4 : -size // 4, size // 4 : -size // 4] = True
    hu = np.where(truth, 110.0, 50.0) + rng.normal(0, 12, truth.shape)
    return _ct(hu), np.where(rng.random(truth.shape) < 0.15, ~truth, truth).astype(np.uint8), truth


def organ(size: int, seed: int = 0) -> tuple[Volume, np.ndarray, np.ndarray]:
    """A lumpy organ whose outline was drawn some voxels off, as a network does it."""
    rng = np.random.default_rng(seed)
    lumps = ndimage.gaussian_filter(rng.normal(size=(size, size, size)), size / 16)
    away = np.linalg.norm(np.indices(lumps.shape) - (size - 1) / 2, axis=0)
    truth = away + lumps / lumps.std() * size / 16 < size * 0.3
    hu = np.where(truth, 110.0, 40.0) + rng.normal(0, 12, truth.shape)
    moved = ndimage.gaussian_filter(rng.normal(size=truth.shape), 3)
    depth = ndimage.distance_transform_edt(truth) - ndimage.distance_transform_edt(~truth)
    return _ct(ndimage.gaussian_filter(hu, 0.6)), (depth + 2.5 * moved / moved.std() > 0).astype(np.uint8), truth


def _ct(hu: np.ndarray) -> Volume:
    return Volume.from_numpy(hu.astype(np.float32), np.diag([*SPACING_MM[::-1], 1.0]))


def peer(ct: Volume, labels: np.ndarray, crf: Crf) -> np.ndarray:
    """The same field by pydensecrf2, which counts each voxel among its own neighbors."""
    import pydensecrf.densecrf as dense
    from pydensecrf.utils import unary_from_labels

    field = dense.DenseCRF(labels.size, 2)
    field.setUnaryEnergy(unary_from_labels(labels, 2, crf.confidence, zero_unsure=False).astype(np.float32))
    points = np.indices(labels.shape, np.float32).reshape(3, -1) * np.array(SPACING_MM, np.float32)[:, None]
    alike = np.vstack([points / crf.sigma_alpha_mm, ct.numpy().reshape(1, -1) / crf.sigma_beta_hu])
    field.addPairwiseEnergy(np.ascontiguousarray(alike, np.float32), compat=crf.w1)
    field.addPairwiseEnergy(np.ascontiguousarray(points / crf.sigma_gamma_mm, np.float32), compat=crf.w2)
    return np.array(field.inference(crf.iterations)).argmax(0).reshape(labels.shape).astype(np.uint8)


def timed(work) -> tuple[np.ndarray, float, float]:
    """What work returns, its best time of two in ms, and the memory at its peak above that before, in MB."""
    times, peak = [], 0.0
    for _ in range(2):
        stop, largest, before = threading.Event(), [0.0], _resident_mb()

        def watch(stop=stop, largest=largest):
            while not stop.wait(0.01):
                largest[0] = max(largest[0], _resident_mb())

        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.perf_counter()
        result = work()
        times.append((time.perf_counter() - start) * 1000)
        stop.set()
        watcher.join()
        peak = max(peak, largest[0] - before)
    return result, min(times), peak


def _resident_mb() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
    except OSError:
        return float("nan")


def dice(found: np.ndarray, truth: np.ndarray) -> str:
    return f"{2 * np.count_nonzero((found > 0) & truth) / (np.count_nonzero(found) + np.count_nonzero(truth)):.4f}"


def row(name: str, scene) -> list[str]:
    ct, labels, truth = scene
    crf = Crf()
    volume = ct.like(labels)
    ours, ours_ms, ours_mb = timed(lambda: finished(refine(volume, ct, crf)).numpy())
    cells = [name, f"{labels.size:,}", dice(labels, truth), duration(ours_ms), dice(ours, truth), f"{ours_mb:.0f} MB"]
    try:
        theirs, their_ms, their_mb = timed(lambda: peer(ct, labels, crf))
    except ImportError:
        return [*cells, "not installed", "", "", "", ""]
    same = f"{100 * np.mean(theirs == ours):.2f} %"
    return [*cells, duration(their_ms), dice(theirs, truth), f"{their_mb:.0f} MB", ratio(their_ms, ours_ms), same]


def main():
    quick = "--quick" in sys.argv
    finished(refine(cube(16)[0].like(cube(16)[1]), cube(16)[0]))  # what is loaded once does not count
    sizes = (48,) if quick else (48, 96, 160)
    rows = [row(f"cube, wrong voxels all over, {size}³", cube(size)) for size in sizes[:2]]
    rows += [row(f"organ, outline moved, {size}³", organ(size)) for size in sizes]
    lines = [
        TITLE,
        "",
        f"Both with {', '.join(f'{key} {value:g}' for key, value in settings().items())} and two labels; ours changes",
        f"voxels within {Crf().band_mm:g} mm of an outline only. Best of two runs; peak is memory above that before.",
        "",
        markdown(HEADER, rows),
        "",
        f"{machine()}. Load {load()}.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if not quick:
        (RESULTS / "crf_speed.md").write_text(text, encoding="utf-8")


def settings() -> dict[str, float]:
    crf = Crf()
    return {name: getattr(crf, name) for name in ("w1", "w2", "sigma_alpha_mm", "sigma_beta_hu", "sigma_gamma_mm")}


if __name__ == "__main__":
    main()
