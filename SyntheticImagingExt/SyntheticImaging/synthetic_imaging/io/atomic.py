"""Writing so that a reader sees either the old files or the new ones, never a half."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputError


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """A temporary folder beside ``target``, removed at the end together with folders made in vain.

    On the same disk as the target, so that moving a finished file out of it is a rename. OSError and the file
    libraries' RuntimeError become an InputError about the target.
    """
    created: list[Path] = []
    folder = None
    try:
        _make_parents(target.parent, created)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        yield folder
    except BaseException as error:
        _remove(folder)
        for parent in reversed(created):
            with suppress(OSError):
                parent.rmdir()
        if isinstance(error, (OSError, RuntimeError)):
            raise InputError(_refusal(target, error)) from error
        if isinstance(error, InputError) and folder and str(folder) in str(error):
            # A staging inside this one names a folder that is gone; the reader knows the target's.
            raise InputError(str(error).replace(str(folder), str(target.parent))) from error
        raise
    _remove(folder)


def publish(folder: Path, target: Path) -> None:
    """Move every file of a staging folder beside ``target``, the target itself last, each flushed to disk first."""
    names = sorted((path.name for path in folder.iterdir()), key=lambda name: name == target.name)
    for name in names:
        flush(folder / name)
    for name in names:
        os.replace(folder / name, target.parent / name)
    flush_folder(target.parent)


def flush(path: Path) -> None:
    """Wait until a file's bytes are on the disk; this is where a full network disk reports."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Make a rename durable, where the system can (Windows cannot open folders)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _make_parents(folder: Path, created: list[Path]) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir()
        created.append(path)


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _refusal(target: Path, error: Exception) -> str:
    place = target.parent
    while not place.exists():
        place = place.parent
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).strip().splitlines()[-1]
    free_mb = shutil.disk_usage(place).free / 1e6
    return (
        f"'{target.name}' could not be written to '{target.parent}': {reason}. The disk has {free_mb:,.0f} MB free; "
        "free some space or choose a folder in which you may write. Nothing was changed."
    )
