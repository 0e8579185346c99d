"""``python -m benchmarks.segmentation_speed [--quick]``: a segmenter on the processor, beside MONAI's sliding window.

One network, trained here for some minutes on phantoms, so that its labels mean something; another phantom is segmented
by MONAI's ``sliding_window_inference`` at overlap 0.5 and by this project, in turns. And the peak of memory of a CT
with 100 labels.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from synthetic_imaging.cores import CORES
from synthetic_imaging.phantom import torso
from synthetic_imaging.segmentation import Card, Label, Model, Settings
from synthetic_imaging.segmentation.recipe import Normalization, Recipe
from synthetic_imaging.segmentation.settings import PRESETS
from synthetic_imaging.segmentation.unet import UNet
from synthetic_imaging.steps import finished
from synthetic_imaging.volume import Volume

from . import table

SPACING_MM = 3.0
ORGANS = ("liver", "lung", "spleen", "kidney")
ROI = 64
OVERLAP = 0.5
BIG = (600, 512, 512)
BIG_PATCH = (64, 128, 128)
HEADS = 100
TARGET_SPEED, TARGET_SAME = 2.0, 0.999


def body(seed: int, shape) -> tuple[Volume, np.ndarray]:
    """CT, and its labels by ORGANS."""
    made = torso(seed=seed, shape=shape, spacing_mm=(SPACING_MM,) * 3)
    labels, names = made.labels.numpy(), made.label_names
    organs = np.zeros(labels.shape, np.int64)
    for value, organ in enumerate(ORGANS, 1):
        organs[np.isin(labels, [key for key, name in names.items() if organ in name])] = value
    return made.ct, organs


def recipe() -> Recipe:
    scale = Normalization("range", {"low": -1000.0, "high": 1000.0, "to_low": -1.0, "to_high": 1.0, "clip": 1.0})
    labels = tuple(Label(value, name) for value, name in enumerate(ORGANS, 1))
    return Recipe(("CT",), ("CT",), labels, len(ORGANS) + 1, tuple(range(len(ORGANS) + 1)), (ROI,) * 3, (8, 8, 8),
                  ((scale,),), blend="gaussian", tile_step=1 - OVERLAP)  # fmt: skip


def scaled(ct: Volume) -> torch.Tensor:
    return torch.from_numpy(ct.numpy().astype(np.float32)).clamp(-1000, 1000) / 1000


def lost_overlap(answers: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Soft Dice loss of the organs, so that the background does not outweigh them."""
    found = torch.softmax(answers, 1)[0, 1:].flatten(1)
    truth = nn.functional.one_hot(wanted[0], len(ORGANS) + 1).movedim(-1, 0)[1:].flatten(1).float()
    return 1 - ((2 * (found * truth).sum(1) + 1) / (found.sum(1) + truth.sum(1) + 1)).mean()


def trained(steps: int, shape) -> nn.Module:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = UNet(
        inputs=1, classes=len(ORGANS) + 1, features=[16, 32, 64, 128], kernels=[[3] * 3] * 4,
        strides=[[1] * 3, [2] * 3, [2] * 3, [2] * 3], encoder_counts=[2] * 4, decoder_counts=[2] * 3,
    )  # fmt: skip
    cases = [(scaled(ct), torch.from_numpy(organs)) for ct, organs in (body(seed, shape) for seed in (1, 2, 3))]
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=steps)
    for step in range(steps):
        image, organs = cases[step % len(cases)]
        # every organ in turn lies somewhere in the crop, for most of a body is background
        inside = torch.nonzero(organs == 1 + step % len(ORGANS))
        seen = inside[rng.integers(len(inside))].tolist()
        start = [
            int(np.clip(at - rng.integers(8, ROI - 8), 0, size - ROI))
            for at, size in zip(seen, image.shape, strict=True)
        ]
        part = tuple(slice(at, at + ROI) for at in start)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            answers = network(image[part][None, None]).float()
        wanted = organs[part][None]
        loss = nn.functional.cross_entropy(answers, wanted) + lost_overlap(answers, wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval().requires_grad_(False)


def by_monai(network: nn.Module, ct: Volume, threads: int) -> np.ndarray:
    from monai.inferers import sliding_window_inference

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            image = scaled(ct)[None, None]
            return sliding_window_inference(image, (ROI,) * 3, 1, network, OVERLAP, "gaussian")[0].argmax(0).numpy()
    finally:
        torch.set_num_threads(before)


def overlap(found: np.ndarray, truth: np.ndarray) -> float:
    return 2 * np.count_nonzero(found & truth) / max(1, np.count_nonzero(found) + np.count_nonzero(truth))


def compare(quick: bool) -> tuple[str, bool]:
    shape = (96, 128, 128) if quick else (112, 144, 144)
    network = trained(60 if quick else 1000, shape)
    ct, organs = body(7, shape)
    model = Model(Card("bench", "bench", "package"), recipe(), lambda device, folds: [network])
    runs = {f"MONAI, {threads} thread(s)": lambda threads=threads: by_monai(network, ct, threads)
            for threads in sorted({1, CORES})}  # fmt: skip
    for preset in PRESETS:
        settings = Settings(preset=preset, device="cpu")
        runs[f"this project, {preset}"] = lambda settings=settings: finished(model.segment([ct], settings)).numpy()
    times = {name: [] for name in runs}
    labels = {}
    for _ in range(1 if quick else 2):
        for name, run in runs.items():
            start = time.perf_counter()
            labels[name] = run()
            times[name].append((time.perf_counter() - start) * 1000)
    first = next(iter(runs))
    best = min(min(taken) for name, taken in times.items() if name.startswith("MONAI"))
    rows, fast_enough = [], True
    for name, taken in times.items():
        same = float(np.mean(labels[name] == labels[first]))
        dice = [overlap(labels[name] == value, organs == value) for value in range(1, len(ORGANS) + 1)]
        rows.append([name, table.both((min(taken), float(np.median(taken)))), f"{best / min(taken):.2f}",
                     f"{100 * same:.3f} %", f"{np.mean(dice):.3f}"])  # fmt: skip
        if "balanced" in name:
            fast_enough = best / min(taken) >= TARGET_SPEED and same >= TARGET_SAME
    header = ["", "time", "times as fast as the faster MONAI", "same labels as MONAI", "mean Dice"]
    size = " × ".join(map(str, reversed(shape)))
    return f"CT of {size}, tiles of {ROI}³\n\n" + table.markdown(header, rows), fast_enough


def big(shape) -> float:
    """Peak in GB of a run with HEADS labels at the image's own resolution, beyond what the program takes anyway."""

    def network(x):
        return x.expand(-1, HEADS, -1, -1, -1) * torch.linspace(-1, 1, HEADS)[:, None, None, None]

    labels = tuple(Label(value, str(value)) for value in range(1, HEADS))
    scale = Normalization("range", {"low": -1000.0, "high": 1000.0, "to_low": -1.0, "to_high": 1.0, "clip": 1.0})
    wide = Recipe(
        ("CT",), ("CT",), labels, HEADS, tuple(range(HEADS)), BIG_PATCH, (2, 2, 2), ((scale,),), tile_step=1.0
    )
    model = Model(Card("big", "big", "package"), wide, lambda device, folds: [network])
    # structures of about 5 cm, as bodies have them
    coarse = np.random.default_rng(0).integers(-1000, 1000, [-(-size // 64) for size in shape], dtype=np.int16)
    array = np.ascontiguousarray(coarse.repeat(64, 0).repeat(64, 1).repeat(64, 2)[tuple(slice(size) for size in shape)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    finished(model.segment([Volume.from_numpy(array, np.eye(4))], Settings(device="cpu")))
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller, for a look")
    parser.add_argument("--big", action="store_true", help="only the peak of memory, in GB")
    options = parser.parse_args()
    shape = tuple(size // 4 for size in BIG) if options.quick else BIG
    if options.big:
        print(big(shape))
        return 0
    compared, fast_enough = compare(options.quick)
    print(compared, flush=True)
    command = [sys.executable, "-m", "benchmarks.segmentation_speed", "--big", *(["--quick"] if options.quick else [])]
    start = time.perf_counter()
    peak = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    seconds = time.perf_counter() - start
    whole = np.prod(shape) * HEADS * 2 / 1e9
    size = " × ".join(map(str, reversed(shape)))
    lines = [
        "# Segmenting on the processor", "", table.machine(), f"Load before: {table.load()}.", "",
        compared, "",
        f"Target: {TARGET_SPEED:g} times as fast at {100 * TARGET_SAME:g} % equal labels: "
        f"{'met' if fast_enough else 'not met'} by the preset balanced.", "",
        f"{HEADS} labels at the CT's own {size}, tiles of {' × '.join(map(str, BIG_PATCH))}: peak {peak:.1f} GB above "
        f"the program in {seconds:.0f} s, where all answers at once would take {whole:.1f} GB.", "",
    ]  # fmt: skip
    text = "\n".join(lines)
    print(text)
    if not options.quick:
        Path(table.RESULTS).mkdir(exist_ok=True)
        (table.RESULTS / "segmentation_speed.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
