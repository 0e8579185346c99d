"""A folder of nnU-Net run by nnU-Net itself and by this project: time, peak of memory, and whether labels are the same.

``python -m benchmarks.nnunet_speed [--quick]``. The peer is for this only: ``pip install --no-deps nnunetv2`` and what
it then says is missing, for with its dependencies it replaces torch. Weights are random, so labels are of no anatomy.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from . import table

FEATURES = (16, 32, 64, 128)
PATCH = 64
LABELS = 117
SPACING_MM = 3.0
SHAPE, QUICK_SHAPE = (112, 144, 144), (72, 96, 96)
TITLE = "# A model folder of nnU-Net on the processor"
HEADER = ["", "time", "with start", "peak above start", "labels as nnU-Net's"]


def make(folder: Path, shape) -> None:
    """The model and a CT of the torso."""
    import segmentation_models as models

    from synthetic_imaging.io import write_volume
    from synthetic_imaging.phantom import torso

    names = {"background": 0, **{f"structure {value}": value for value in range(1, LABELS + 1)}}
    models.nnunet_folder(folder / "model", labels=names, spacing=(SPACING_MM,) * 3, features=FEATURES, patch=PATCH)
    write_volume(folder / "ct_0000.nii.gz", torso(shape=shape, spacing_mm=(SPACING_MM,) * 3).ct)


def by_nnunet(model: Path, image: Path, out: Path):
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(
        tile_step_size=0.5, use_gaussian=True, use_mirroring=False, perform_everything_on_device=False,
        device=torch.device("cpu"), allow_tqdm=False,
    )  # fmt: skip

    def run():
        (trained,) = model.glob("*/*__*__*")
        predictor.initialize_from_trained_model_folder(str(trained), (0,), "checkpoint_final.pth")
        predictor.predict_from_files_sequential([[str(image)]], [str(out)])

    return run


def by_this_project(model: Path, image: Path, out: Path):
    from synthetic_imaging.io import read_volume, write_volume
    from synthetic_imaging.segmentation import Settings, open_model
    from synthetic_imaging.steps import finished

    def run():
        labels = finished(open_model(model).segment([read_volume(image)], Settings(device="cpu")))
        write_volume(str(out) + ".nii.gz", labels)

    return run


RUNNERS = {"nnU-Net": by_nnunet, "this project": by_this_project}


def one(name: str, folder: Path) -> dict:
    """Runs in a process of its own: seconds, and the peak in GB beyond what is there before the model is read."""
    run = RUNNERS[name](folder / "model", folder / "ct_0000.nii.gz", folder / name.replace(" ", "_"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    run()
    taken = time.perf_counter() - start
    return {"s": taken, "peak_gb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e9}


def measured(name: str, folder: Path) -> dict | str:
    """The numbers of a run, or why there are none."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.nnunet_speed", "--one", name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    return {**json.loads(done.stdout.splitlines()[-1]), "all_s": time.perf_counter() - start}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller, and no table is written")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one[0], Path(options.one[1]))))
        return 0
    shape = QUICK_SHAPE if options.quick else SHAPE
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), shape)
        runs: dict[str, list] = {name: [] for name in RUNNERS}
        for _ in range(1 if options.quick else 2):
            for name in RUNNERS:
                runs[name].append(measured(name, Path(folder)))
        text = told(runs, shape, same_labels(Path(folder)))
    print(text)
    if not options.quick:
        (table.RESULTS / "nnunet_speed.md").write_text(text + "\n", encoding="utf-8")
    return 0


def same_labels(folder: Path) -> float | None:
    from synthetic_imaging.io import read_volume

    files = [folder / f"{name.replace(' ', '_')}.nii.gz" for name in RUNNERS]
    if not all(path.exists() for path in files):
        return None
    one, other = (read_volume(path).numpy() for path in files)
    return float(np.mean(one == other))


def told(runs: dict[str, list], shape, same: float | None) -> str:
    rows = []
    for name, results in runs.items():
        reasons = [result for result in results if isinstance(result, str)]
        if reasons:
            rows.append([name, f"not run: {reasons[0]}", "", "", ""])
            continue
        best, whole, peak = (min(result[key] for result in results) for key in ("s", "all_s", "peak_gb"))
        agreed = "" if same is None or name == "nnU-Net" else f"{100 * same:.4f} %"
        rows.append([name, f"{best:.1f} s", f"{whole:.1f} s", f"{peak:.2f} GB", agreed])
    size = " × ".join(map(str, reversed(shape)))
    about = (
        f"CT of {size} voxels of {SPACING_MM:g} mm, {LABELS} labels, a U-Net of {', '.join(map(str, FEATURES))} "
        f"features, tiles of {PATCH}³ overlapping by half, without mirroring; from the files to labels in a file. "
        "Best of the runs, taken in turns; each is a process, and with start it counts as a whole."
    )
    return "\n\n".join([TITLE, f"{table.machine()}. Load before: {table.load()}.", about, table.markdown(HEADER, rows)])


if __name__ == "__main__":
    sys.exit(main())
