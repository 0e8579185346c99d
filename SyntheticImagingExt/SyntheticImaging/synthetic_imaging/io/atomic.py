"""Writing so that a reader sees either the old files or the new ones, never a half.

What is written comes into being in a hidden folder beside its place, the stage, and is renamed into it. Of several
files one is the record, which vouches for the others: it leaves first and arrives last, so that a program that is
killed in between leaves files without a record, which nobody takes for a result. A stage is locked by its writer; one
whose lock is free belongs to a program that died. It is removed when somebody writes beside it again, and what it had
begun to replace is put back.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputError
from .locks import lock

_PREFIX = ".synthetic-imaging-"
_OWNER, _NEW, _OLD, _MOVES = "owner", "new", "old", "moves"
"""What a stage holds: the file that its writer locks, what is written, what that replaces, its names."""

_TRIES = 9
_swept: set[Path] = set()


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """A temporary folder beside ``target``, removed at the end together with folders made in vain.

    On the same disk as the target, so that moving a finished file out of it is a rename. OSError and the file
    libraries' RuntimeError become an InputError about the target.
    """
    created: list[Path] = []
    stage, owner, folder = None, -1, None
    try:
        _make_parents(target.parent, created)
        with suppress(FileNotFoundError):
            target.lstat()  # says at once that a name is too long
        _sweep_once(target.parent)
        stage, owner = _stage_in(target.parent)
        folder = stage / _NEW
        folder.mkdir()
        yield folder
    except BaseException as error:
        _remove(stage, owner)
        for parent in reversed(created):
            with suppress(OSError):
                parent.rmdir()
        if isinstance(error, (OSError, RuntimeError)):
            raise InputError(_refusal(target, error)) from error
        if isinstance(error, InputError) and folder and str(folder) in str(error):
            # A staging inside this one names a folder that is gone; the reader knows the target's.
            raise InputError(str(error).replace(str(folder), str(target.parent))) from error
        raise
    _remove(stage, owner)


@contextmanager
def filling(out: Path, record: str, own: Iterable[str] = ()) -> Iterator[Path]:
    """A temporary folder for the files of a result, which are those of the folder ``out`` when the block ends.

    A new folder appears in one step. In one that exists, the files of an earlier result go: those of the same names,
    and those of ``own``, patterns of names that a result may have; others stay. record: the file that is there only
    while the result is whole. Errors are those of ``staging``.
    """
    if os.path.isdir(out):
        with staging(out / record) as folder:
            yield folder
            publish(folder, out / record, own)
        return
    with staging(out) as folder:
        whole = folder / out.name
        whole.mkdir()
        yield whole
        publish(folder, out)


def publish(folder: Path, target: Path, own: Iterable[str] = ()) -> None:
    """Move what is in a staging folder beside ``target``, which is the record; all is on the disk first.

    Where that fails, what was there is there again. Folders are moved as a whole, and replace what they find; those
    with a record of their own, where there are such ones already, file by file. own: see ``filling``.
    """
    place, stage = target.parent, folder.parent
    moves = _moves(folder, place, target.name)
    stale = {path.name for pattern in own for path in place.glob(pattern) if path.is_file()} - {*moves}
    for path in folder.rglob("*"):
        if path.is_file():
            flush(path)
    if len(moves) == 1 and not stale:
        os.replace(folder / moves[0], place / moves[0])
    else:
        (stage / _MOVES).write_text(json.dumps(moves), encoding="utf-8")
        try:
            for name in (*reversed(moves), *stale):
                if os.path.lexists(place / name):
                    _move(place / name, stage / _OLD / name)
            for name in moves:
                _move(folder / name, place / name)
        except BaseException:
            _put_back(stage, moves)
            raise
    flush_folder(place)


def sweep(folder: Path) -> None:
    """Remove what writers left in a folder that were killed, and put back what they had begun to replace."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.name.startswith(_PREFIX):
                with suppress(OSError, ValueError):
                    _sweep_stage(Path(entry.path))


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


def _moves(folder: Path, place: Path, record: str, within: str = "") -> list[str]:
    """The paths, relative to a staging folder, of what is moved out of it, records last."""
    found = []
    for path in sorted((folder / within).iterdir()):
        name = f"{within}{path.name}"
        there = place / name
        if os.path.lexists(there) and path.is_dir() != there.is_dir():
            code = errno.EISDIR if there.is_dir() else errno.ENOTDIR
            raise OSError(code, f"'{name}' there is a {'folder' if there.is_dir() else 'file'}")
        if there.is_dir() and (path / record).is_file():
            found += _moves(folder, place, record, f"{name}/")
        else:
            found.append(name)
    return sorted(found, key=lambda name: name.rpartition("/")[2] == record)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)


def _put_back(stage: Path, moves: list[str]) -> None:
    """Undo what a publication has moved so far; records leave first and come last here too."""
    place, old = stage.parent, stage / _OLD
    for name in reversed(moves):
        if not os.path.lexists(stage / _NEW / name) and os.path.lexists(place / name):
            _move(place / name, stage / _NEW / name)
    stale = {path.name for path in old.glob("*") if not path.is_dir()} - {*moves}
    for name in (*stale, *moves):
        if os.path.lexists(old / name):
            _move(old / name, place / name)


def _stage_in(parent: Path) -> tuple[Path, int]:
    """A new stage and the descriptor of its lock."""
    for _ in range(_TRIES):
        stage = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        owner = -1
        try:
            owner = os.open(stage / _OWNER, os.O_CREAT | os.O_RDWR)
            lock(owner)
            if (stage / _OWNER).exists():
                return stage, owner
        except (FileNotFoundError, BlockingIOError):
            pass  # another program took it for a dead one before it had its lock
        except BaseException:
            _remove(stage, owner)
            raise
        _remove(stage, owner)
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _sweep_once(folder: Path) -> None:
    """Long lists of files take long to look through."""
    folder = folder.absolute()
    if folder not in _swept and _PREFIX not in str(folder):
        _swept.add(folder)
        sweep(folder)


def _sweep_stage(stage: Path) -> None:
    if not stage.is_dir() or (hasattr(os, "geteuid") and stage.lstat().st_uid != os.geteuid()):
        return
    try:
        owner = os.open(stage / _OWNER, os.O_RDWR)
    except FileNotFoundError:
        stage.rmdir()  # which fails where there is anything in it
        return
    try:
        if not lock(owner):  # an error where its writer lives
            return
        if (stage / _MOVES).is_file():
            moves = json.loads((stage / _MOVES).read_text(encoding="utf-8"))
            begun = any(os.path.lexists(stage / _NEW / name) for name in moves)
            if begun and not os.path.lexists(stage.parent / moves[-1]):  # else somebody has written there since
                _put_back(stage, moves)
        _clear(stage)
    finally:
        os.close(owner)
    _clear(stage)  # Windows does not remove a file that is open


def _make_parents(folder: Path, created: list[Path]) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir()
        created.append(path)


def _remove(stage: Path | None, owner: int) -> None:
    if owner >= 0:
        os.close(owner)  # first, for Windows does not remove a file that is open
    if stage is not None:
        _clear(stage)


def _clear(stage: Path) -> None:
    """Remove a stage: first the list by which a publication is undone, last the file by which a dead one is known."""
    (stage / _MOVES).unlink(missing_ok=True)
    for name in (_NEW, _OLD):
        shutil.rmtree(stage / name, ignore_errors=True)
    shutil.rmtree(stage, ignore_errors=True)


def _refusal(target: Path, error: Exception) -> str:
    place = target.parent
    while not place.exists():
        place = place.parent
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).strip().splitlines()[-1]
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return f"'{target.name}' could not be written to '{target.parent}': {reason}. Choose a shorter one."
    free_mb = shutil.disk_usage(place).free / 1e6
    return (
        f"'{target.name}' could not be written to '{target.parent}': {reason}. The disk has {free_mb:,.0f} MB free; "
        "free some space or choose a folder in which you may write. Nothing was changed."
    )
