"""Programs of others that say whether a DICOM file is as the standard wants it, where they are installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def faults(path: Path) -> list[str]:
    """What ``dciodvfy`` of David Clunie's dicom3tools finds wrong in a file; skips the test where it is not there."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed (Debian and Ubuntu: package dicom3tools)")
    done = subprocess.run([program, str(path)], capture_output=True, text=True, errors="replace", check=False)
    told = (done.stdout + done.stderr).splitlines()
    return [line for line in told if line.startswith(("Error", "Abort"))]


def dcmqi_labels(path: Path, folder: Path) -> Path:
    """The NRRD file, with numbers of segments, that dcmqi makes of a segmentation; skips where dcmqi is not there."""
    program = shutil.which("segimage2itkimage")
    if program is None:
        pytest.skip("segimage2itkimage is not installed (pip package dcmqi)")
    command = [program, "--inputDICOM", str(path), "--outputDirectory", str(folder), "--prefix", "q", "--mergeSegments"]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "q-1.nrrd"
