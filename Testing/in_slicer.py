"""Run inside Slicer: opens every module of the extension, runs its test class, and exits with the outcome.

    Slicer --testing --no-splash --python-script Testing/in_slicer.py
           --additional-module-paths SyntheticImagingExt/SyntheticImaging SyntheticImagingExt/SyntheticTumor ...

With --testing, Slicer reads no settings and no .slicerrc.py.
"""

import sys
import traceback
from pathlib import Path

import slicer

EXTENSION = Path(__file__).resolve().parent.parent / "SyntheticImagingExt"
MODULES = [folder.name for folder in sorted(EXTENSION.iterdir()) if (folder / f"{folder.name}.py").exists()]
DISPLAY_MS = 10


def failures(names):
    """{module: tracebacks} where a module cannot be opened, or its test fails or leaves an error in a callback."""
    found, raised, plain = {}, [], sys.excepthook
    sys.excepthook = lambda *error: raised.append("".join(traceback.format_exception(*error)))
    try:
        for name in names:
            raised.clear()
            try:
                slicer.util.selectModule(name)
                slicer.app.processEvents()
                slicer.selfTests[name](msec=DISPLAY_MS)
                slicer.app.processEvents()
            except Exception:
                raised.append(traceback.format_exc())
            if raised:
                found[name] = "\n".join(raised)
    finally:
        sys.excepthook = plain
    return found


def missingPackages():
    """Tests are skipped where packages are missing: here that is a failure."""
    from SyntheticImagingLib import requirements

    return [str(requirement) for requirement in requirements.missing()]


def main():
    """Print what was found; 0 when all is well."""
    found = failures(MODULES)
    if missing := missingPackages():
        found["Python packages"] = f"missing: {', '.join(missing)}"
    for name in MODULES:
        print(f"{name}: {'failed' if name in found else 'passed'}", flush=True)
    for name, text in found.items():
        print(f"\n{name}\n{text}", flush=True)
    return len(found)


if __name__ == "__main__":
    slicer.util.exit(main())
