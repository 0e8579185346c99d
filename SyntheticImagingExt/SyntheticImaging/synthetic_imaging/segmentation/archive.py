"""Files of a model, in a folder or in a zip, read without unpacking and without trusting their names or sizes."""

from __future__ import annotations

import json
import stat
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import InputError

MAX_FILES = 2000
MAX_BYTES = 8 << 30
"""Of all files together, unpacked; the largest published models have 1 to 2 GB."""

MAX_JSON_BYTES = 32 << 20
MAX_RATIO = 200
"""Unpacked to packed; text reaches about 30, weights hardly 1.1."""

_SMALL_BYTES = 1 << 20
"""Files below it may be packed as tightly as they like."""


@contextmanager
def reading(name: str) -> Iterator[None]:
    """What readers of foreign formats raise at damaged files, as an InputError about the file.

    The libraries name no closed set of exceptions, so all are taken; those of this project pass.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0][:200] or type(error).__name__
        raise InputError(
            f"'{name}' is damaged or not a model that can be read ({reason}); download or export it again."
        ) from error


class Archive(ABC):
    """The regular files of a folder or a zip by their path in it, with slashes."""

    is_shared = False
    """Whether other files lie there too that are none of the model's."""

    def __init__(self, path: Path, sizes: dict[str, int]):
        self.path, self.sizes = path, sizes

    def __contains__(self, name: str) -> bool:
        return name in self.sizes

    @property
    def names(self) -> list[str]:
        return sorted(self.sizes)

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        """All bytes of a file; InputError where it is missing or larger than the limit."""
        if name not in self.sizes:
            raise InputError(f"'{self.path.name}' has no file '{name}'; it is not whole, download or export it again.")
        if self.sizes[name] > limit:
            raise InputError(f"'{name}' in '{self.path.name}' is {self.sizes[name]:,} bytes long, which is too much.")
        with reading(self.path.name):
            data = self._bytes(name)
        if len(data) != self.sizes[name]:
            raise InputError(f"'{name}' in '{self.path.name}' has another size than was said; download it again.")
        return data

    @abstractmethod
    def _bytes(self, name: str) -> bytes:
        """What stands in a file that is known to be there."""

    def json(self, name: str) -> Any:
        """The content of a JSON file."""
        data = self.read(name, MAX_JSON_BYTES)
        try:
            return json.loads(data.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"'{name}' in '{self.path.name}' is not JSON ({error}); download or export it again."
            ) from error


class _Folder(Archive):
    def __init__(self, path: Path):
        sizes: dict[str, int] = {}
        root = path.resolve()
        for entry in sorted(path.rglob("*")):
            inside = entry.relative_to(path).as_posix()
            if entry.is_symlink() and not entry.resolve().is_relative_to(root):
                raise InputError(f"'{inside}' in '{path.name}' is a link to somewhere else; a model may not have such.")
            if entry.is_file():
                sizes[inside] = entry.stat().st_size
            if len(sizes) > MAX_FILES:
                raise InputError(
                    f"'{path.name}' holds more than {MAX_FILES} files, so it is none; choose the model's own folder."
                )
        super().__init__(path, sizes)

    def _bytes(self, name: str) -> bytes:
        return (self.path / name).read_bytes()


class _Zip(Archive):
    def __init__(self, path: Path):
        with reading(path.name), zipfile.ZipFile(path) as file:
            members = file.infolist()
            sizes = _checked(members, path.name)
            self.members = {_plain_name(member): member for member in members if not member.is_dir()}
        super().__init__(path, sizes)

    def _bytes(self, name: str) -> bytes:
        with zipfile.ZipFile(self.path) as file, file.open(self.members[name]) as stream:
            # one byte more than was said, so that a lie shows without unpacking it all
            return stream.read(self.sizes[name] + 1)


def _plain_name(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(member.filename).as_posix()


def _checked(members: list[zipfile.ZipInfo], archive: str) -> dict[str, int]:
    """Sizes by name; InputError for anything that an honest model does not have."""
    if len(members) > MAX_FILES:
        raise InputError(f"'{archive}' holds {len(members)} files, so it is no model; choose the model's own zip.")
    sizes: dict[str, int] = {}
    for member in members:
        name = PurePosixPath(member.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in member.filename or ":" in member.filename:
            raise InputError(f"'{archive}' wants to write to '{member.filename}', outside its folder; do not use it.")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise InputError(f"'{archive}' holds the link '{member.filename}'; a model may not have such.")
        if member.flag_bits & 1:
            raise InputError(f"'{archive}' is locked with a password; unpack it and choose the folder.")
        if member.is_dir():
            continue
        if name.as_posix() in sizes:
            raise InputError(f"'{archive}' holds '{member.filename}' twice; download or export it again.")
        if member.file_size > max(_SMALL_BYTES, MAX_RATIO * member.compress_size):
            raise InputError(
                f"'{member.filename}' in '{archive}' grows from {member.compress_size:,} to {member.file_size:,} "
                "bytes; that is no model, do not use it."
            )
        sizes[name.as_posix()] = member.file_size
    if sum(sizes.values()) > MAX_BYTES:
        raise InputError(f"'{archive}' is {sum(sizes.values()) / 1e9:.1f} GB unpacked, which is too much for a model.")
    return sizes


def open_archive(path: Path) -> Archive:
    """The files of a folder or zip; InputError where it is neither, or not safe."""
    if path.is_dir():
        return _Folder(path)
    if not path.exists():
        raise InputError(f"'{path}' does not exist; check the path for typing errors.")
    if not zipfile.is_zipfile(path):
        raise InputError(f"'{path.name}' is neither a folder nor a zip with a model; download or export it again.")
    return _Zip(path)
