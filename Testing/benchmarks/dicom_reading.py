"""Time and memory to read a CT of 512 x 512 x 600 from DICOM beside SimpleITK's own reader, in one run.

``python -m benchmarks.dicom_reading [--quick]``. Each reading is in a process of its own; readers take turns.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dicom_files
import numpy as np
import SimpleITK as sitk
from pydicom.uid import JPEGLosslessSV1

from benchmarks.table import RESULTS, duration, load, machine, markdown, ratio

SLICES, SIZE = 600, 512
SPACING_MM = (0.7, 0.7, 0.625)
TITLE = "# Reading DICOM"
HEADER = ["Files", "Ours", "Ours, peak", "SimpleITK", "Its peak", "Ours / SimpleITK", "Voxels"]


def ours(path: Path) -> np.ndarray:
    from synthetic_imaging.io import read_volume

    return read_volume(path).numpy()


def theirs(path: Path) -> np.ndarray:
    """Finds the slices of the series as we do, and reads them, with a copy for NumPy as it is usual."""
    if path.is_file():
        return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(path)))
    return sitk.GetArrayFromImage(reader.Execute())


READERS = {"ours": ours, "theirs": theirs}


def make(folder: Path, slices: int) -> dict[str, Path]:
    """The same CT as single slices, compressed slices, and one file with all frames."""
    hu = dicom_files.hu((slices, SIZE, SIZE))
    hu[:, : SIZE // 4] = -1000
    made = dicom_files.slices(hu, SPACING_MM)
    paths = {
        f"{slices} slices": dicom_files.write(folder / "plain", made),
        f"{slices // 10} slices, JPEG lossless": dicom_files.write(
            folder / "jpeg", made[: slices // 10], syntax=JPEGLosslessSV1
        ),
    }
    (folder / "frames").mkdir()
    paths[f"{slices} frames in one file"] = dicom_files.save(
        folder / "frames" / "ct.dcm", dicom_files.multi_frame(hu, spacing_mm=SPACING_MM)
    )
    return paths


def work(reader: str, path: Path) -> None:
    import synthetic_imaging.io.volumes  # noqa: F401  what is loaded once does not count

    before = memory_mb("VmRSS")
    start = time.perf_counter()
    array = READERS[reader](path)
    taken = (time.perf_counter() - start) * 1000
    print(
        json.dumps(
            {"ms": taken, "mb": memory_mb("VmHWM") - before, "sum": int(array[:, ::64, ::64].astype(np.int64).sum())}
        )
    )


def memory_mb(field: str) -> float:
    """What the system says of this process: VmRSS, its memory now, or VmHWM, the most that it has had."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1000


def measured(reader: str, path: Path) -> dict:
    command = [sys.executable, "-m", "benchmarks.dicom_reading", "--work", reader, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])


def row(name: str, path: Path, turns: int) -> list[str]:
    runs = {reader: [] for reader in READERS}
    for _ in range(turns):
        for reader in READERS:
            runs[reader].append(measured(reader, path))
    own, other = (min(run["ms"] for run in runs[reader]) for reader in READERS)
    own_mb, other_mb = (max(run["mb"] for run in runs[reader]) for reader in READERS)
    same = len({run["sum"] for reader in READERS for run in runs[reader]}) == 1
    return [name, duration(own), f"{own_mb:.0f} MB", duration(other), f"{other_mb:.0f} MB", ratio(own, other),
            "equal" if same else "different"]  # fmt: skip


def main():
    if "--work" in sys.argv:
        return work(sys.argv[-2], Path(sys.argv[-1]))
    quick = "--quick" in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        paths = make(Path(folder), 60 if quick else SLICES)
        rows = [row(name, path, 2 if quick else 3) for name, path in paths.items()]
    voxels_mb = SLICES * SIZE * SIZE * 2 / 1e6
    lines = [
        TITLE,
        "",
        f"Finding the slices of a folder, checking that they are one stack, and reading {SIZE}² pixels of each;",
        "files in the system's cache, readers by turns. Best time and highest peak of memory above that before; the",
        f"voxels of {SLICES} slices take {voxels_mb:.0f} MB. SimpleITK: GetGDCMSeriesFileNames, ImageSeriesReader",
        "(ReadImage for frames), GetArrayFromImage.",
        "",
        markdown(HEADER, rows),
        "",
        f"{machine()}; SimpleITK {sitk.Version.VersionString()}. Load {load()}.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if not quick:
        (RESULTS / "dicom_reading.md").write_text(text, encoding="utf-8")
    return None


if __name__ == "__main__":
    main()
