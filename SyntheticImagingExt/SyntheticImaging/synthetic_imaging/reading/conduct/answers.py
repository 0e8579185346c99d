"""The answers of one reader in one session: lines that are only ever appended, each on the disk before the next case.

Every line is a JSON object that ends in a checksum over itself and the line before, so a line that was cut off by a
crash, or altered later, is recognized.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from ...errors import InputError
from ...io.atomic import flush_folder
from ...io.locks import lock

SCHEMA = "synthetic-imaging-answers/1"
SUFFIX = ".jsonl"
_START = "0" * 64
_FREE_BYTES = 1_000_000


class AnswerFile:
    """An answers file that is open for appending; one program at a time.

    entries: what it holds, the header first. torn: path of a line that a crash had cut off, set aside when the file
    was opened, None where there was none.
    """

    def __init__(self, path: Path, header: dict | None = None):
        """Open a file, or make it with a header; InputError where it cannot be used, and nothing is changed."""
        self.path = path
        self.entries: list[dict] = []
        self.torn: Path | None = None
        self._last, self._length = _START, 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | (os.O_EXCL if header else 0) | _BINARY, 0o644)
        except OSError as error:
            raise InputError(_unusable(path, error)) from error
        try:
            self._lock()
            if header is None:
                self._recover()
            else:
                self._refuse_full_disk()
                self.append({"schema": SCHEMA, **header})
                flush_folder(path.parent)
        except BaseException:
            self.close()
            if header is not None:
                with suppress(OSError):
                    path.unlink()
            raise

    def append(self, entry: dict) -> dict:
        """Write one entry and wait until it is on the disk. On failure the file is as it was."""
        line, checksum = line_of(entry, self._last)
        try:
            if os.fstat(self._file).st_size != self._length:
                raise InputError(
                    f"'{self.path.name}' was changed by another program while this session was open; close the "
                    "session and resume it. The answers in the file are kept."
                )
            os.lseek(self._file, self._length, os.SEEK_SET)
            view = memoryview(line)
            while view:
                view = view[os.write(self._file, view) :]
            os.fsync(self._file)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, self._length)
                os.fsync(self._file)
            raise InputError(self._not_saved(error)) from error
        self._last, self._length = checksum, self._length + len(line)
        self.entries.append(entry)
        return entry

    def close(self):
        with suppress(OSError):
            os.close(self._file)

    def _recover(self):
        """Read the file; set a torn last line aside."""
        with open(self.path, "rb") as file:
            content = file.read()
        self.entries, self._length, self._last, problem = parse(content)
        if problem is not None and b"\n" in content[self._length :].rstrip(b"\n"):
            raise InputError(_altered(self.path, len(self.entries) + 1))
        if not self.entries:
            raise InputError(f"'{self.path}' holds no answers, not even its first line; delete it and start again.")
        if problem is not None:
            self._set_aside(content[self._length :])

    def _set_aside(self, tail: bytes):
        number = 1
        while (torn := self.path.with_name(f"{self.path.stem}.torn-{number}")).exists():
            number += 1
        try:
            torn.write_bytes(tail)
            os.ftruncate(self._file, self._length)
            os.fsync(self._file)
        except OSError as error:
            raise InputError(_unusable(self.path, error)) from error
        self.torn = torn

    def _lock(self):
        """Refuse a second program; the system frees the lock when a program ends, however it ends."""
        try:
            # a disk without locks: a change by another program is still noticed when appending
            lock(self._file)
        except OSError as error:
            raise InputError(
                f"'{self.path.name}' is in use: this session is open in another window or on another computer; "
                "close it there first."
            ) from error

    def _refuse_full_disk(self):
        free = shutil.disk_usage(self.path.parent).free
        if free < _FREE_BYTES:
            raise InputError(
                f"The disk with '{self.path.parent}' is full ({free:,} bytes free), so answers could not be saved; "
                "free some space before starting."
            )

    def _not_saved(self, error: OSError) -> str:
        count = sum(entry.get("kind") == "answer" for entry in self.entries)
        with suppress(OSError):
            free_mb = shutil.disk_usage(self.path.parent).free / 1e6
            return (
                f"This answer could not be saved: {error.strerror or error} ({free_mb:,.1f} MB free). The {count} "
                "answers before it are safe. Free some space and answer this case again."
            )
        return (
            f"This answer could not be saved: the folder '{self.path.parent}' has gone ({error.strerror}). Connect it "
            "again and answer this case again; the answers before it are safe there."
        )


def read_entries(path: Path) -> list[dict]:
    """The entries of an answers file without opening it for writing; a torn last line is left out.

    InputError where a line in the middle was altered.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The answers '{path}' cannot be read: {error.strerror}. Connect their folder again, or ask for the "
            "right to read it."
        ) from error
    entries, length, _, problem = parse(content)
    if problem is not None and b"\n" in content[length:].rstrip(b"\n"):
        raise InputError(_altered(path, len(entries) + 1))
    return entries


def parse(content: bytes) -> tuple[list[dict], int, str, str | None]:
    """Valid entries from the start, the length of their text, the last checksum, and what is wrong after them."""
    entries: list[dict] = []
    length, last = 0, _START
    for raw in content.splitlines(keepends=True):
        problem = None
        try:
            values = json.loads(raw)
            checksum = values.pop("sha256")
            if not raw.endswith(b"\n") or line_of(values, last) != (raw, checksum):
                problem = "checksum"
        except (ValueError, KeyError, AttributeError, TypeError):
            problem = "not a whole line"
        if problem:
            return entries, length, last, problem
        entries.append(values)
        length, last = length + len(raw), checksum
    return entries, length, last, None


def line_of(entry: dict, previous: str) -> tuple[bytes, str]:
    """The line of an entry, and its checksum over the previous line's checksum and the entry."""
    text = json.dumps(entry, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    checksum = hashlib.sha256((previous + text).encode("ascii")).hexdigest()
    return (text[:-1] + f',"sha256":"{checksum}"}}\n').encode("ascii"), checksum


def _altered(path: Path, line: int) -> str:
    return (
        f"Line {line} of '{path.name}' was altered after it was written. Keep the file, and ask the study owner: "
        f"restore '{path}' from a backup, or read this session again under another number."
    )


def _unusable(path: Path, error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return f"'{path.name}' exists already; resume that session instead of starting it again."
    return (
        f"Answers cannot be saved in '{path.parent}': {error.strerror or error}. Copy the study to a folder in which "
        "you may write, or choose another folder for the answers. Nothing was changed."
    )


_BINARY = getattr(os, "O_BINARY", 0)
