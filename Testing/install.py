"""Fill a virtual environment with what development and the demonstration need; run by that environment's Python.

Most of it is PyTorch. Where there is no NVIDIA driver, its build for the CPU is taken from the package source, if that
has one; TORCH_SOURCE names a further source, an index's address or a folder of wheels.
"""

import os
import platform
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from check_system import loads

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
WANTED = ".[dev,docs]"
SIZES = {True: "about 4 GB are downloaded, 7 GB on the disk", False: "about 1 GB is downloaded, 3.5 GB on the disk"}
"""With PyTorch for NVIDIA cards, and without."""

_DRIVER = "libcuda.so.1"


def source_options(source: str) -> list[str]:
    """pip's options for a further source: an index's address, or a folder."""
    if not source:
        return []
    return ["--extra-index-url" if "://" in source else "--find-links", source]


def torch_version() -> str:
    """The version that development uses."""
    (found,) = re.findall(r"^torch==(\S+)$", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
    return found


def comes_with_cuda() -> bool:
    """Whether the usual build of PyTorch brings the libraries of NVIDIA along; elsewhere it is one for the CPU."""
    return sys.platform.startswith("linux") and platform.machine() == "x86_64"


def offered(version: str, options: list[str]) -> bool:
    """Whether the package source has a version of PyTorch for this Python."""
    command = [sys.executable, "-m", "pip", "index", "versions", "torch", *options]
    told = subprocess.run(command, capture_output=True, text=True).stdout
    listed = re.search(r"^Available versions: (.*)$", told, re.MULTILINE)
    return listed is not None and version in listed[1].split(", ")


def plan(source: str) -> tuple[list[str], str]:
    """The build of PyTorch to ask pip for, and what is said about it before the download."""
    if not comes_with_cuda():
        return [], SIZES[False]
    if loads(_DRIVER):
        return [], f"{SIZES[True]}, for PyTorch with CUDA is taken: there is an NVIDIA driver"
    cpu = f"{torch_version()}+cpu"
    if offered(cpu, source_options(source)):
        return [f"torch=={cpu}"], f"{SIZES[False]}; without an NVIDIA driver PyTorch {cpu} is taken"
    hint = (
        f"{SIZES[True]}. There is no NVIDIA driver, but the source of packages has {torch_version()} with CUDA only. "
        "TORCH_SOURCE=ADDRESS names an index with builds for the CPU, see PyTorch's page on installing"
    )
    return [], hint


def main() -> int:
    source = os.environ.get("TORCH_SOURCE", "")
    torch, told = ([], "what is new or missing") if find_spec("torch") else plan(source)
    print(f"Installing Python packages into {sys.prefix}: {told}.", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(CONSTRAINTS)]
    return subprocess.run([*command, *source_options(source), *torch, "--editable", WANTED], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
