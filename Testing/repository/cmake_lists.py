"""The file lists of the modules' CMakeLists.txt: what they should say, what they say, and a way to write them.

Slicer packages exactly what is listed. ``python Testing/repository/cmake_lists.py`` rewrites the lists.
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.parent for path in (ROOT / "SyntheticImagingExt").glob("*/CMakeLists.txt"))
RESOURCE_SUFFIXES = (".ui", ".png", ".json", ".txt")


def expected(module: Path) -> dict[str, list[str]]:
    """Files that belong in the package, by the name of the CMake list."""
    paths = [path.relative_to(module) for path in _files(module)]
    names = sorted(path.as_posix() for path in paths if not _is_left_out(path))
    scripts = [name for name in names if name.endswith(".py")]
    resources = [name for name in names if name.endswith(RESOURCE_SUFFIXES)]
    return {"MODULE_PYTHON_SCRIPTS": scripts, "MODULE_PYTHON_RESOURCES": resources}


def _files(module: Path) -> list[Path]:
    """The files that git knows, so that nothing unfinished beside them is packaged; all files where git is absent."""
    command = ["git", "-C", str(module), "ls-files", "-z"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [path for path in module.rglob("*") if path.is_file()]
    return [module / name for name in run.stdout.split("\0") if name and (module / name).is_file()]


def _is_left_out(path: Path) -> bool:
    return path.parts[0] in ("Testing", "CMakeLists.txt") or any(
        part == "__pycache__" or part.endswith(".egg-info") or part.startswith(".") for part in path.parts
    )


def listed(module: Path) -> dict[str, list[str]]:
    """Files that the module's CMakeLists.txt names; ``${MODULE_NAME}`` is filled in."""
    text = (module / "CMakeLists.txt").read_text(encoding="utf-8")
    text = text.replace("${MODULE_NAME}", module.name)
    return {name: re.search(rf"set\({name}\b([^)]*)\)", text)[1].split() for name in expected(module)}


def write(module: Path) -> None:
    path = module / "CMakeLists.txt"
    text = path.read_text(encoding="utf-8")
    for name, files in expected(module).items():
        lines = "".join(f"\n  {file}" for file in files)
        text = re.sub(rf"set\({name}\b[^)]*\)", f"set({name}{lines}\n  )", text)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for folder in MODULES:
        write(folder)
