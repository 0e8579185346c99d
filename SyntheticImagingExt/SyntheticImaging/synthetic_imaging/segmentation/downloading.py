"""One file from a publisher: with progress, resumed where it broke off, and never half a file under its own name."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import InputError
from .progress import Progress

_PIECE = 1 << 18
_SILENCE_S = 30
"""Without a byte for so long, the connection counts as lost."""

_STALE_S = 300
"""A lock that nobody touched for so long is of a program that died."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_STAGE = "Downloading"


def check_url(url: str) -> str:
    """The address; InputError unless it is encrypted, or of this computer."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise InputError(f"'{url}' is not an https address; models are loaded over encrypted connections only.")


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, target: Path, checksum: str = "") -> Generator[Progress, None, str]:
    """Fill ``target`` from an address; returns the SHA-256 of what came.

    checksum: "sha256:…" or "sha1:…" of the publisher, "" where there is none. Closing the generator, or a lost
    connection, leaves what came so far beside the target, and the next call goes on from there. InputError for a lost
    connection, a full disk, a wrong checksum, and while another program loads the same file.
    """
    check_url(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with _alone(target.with_name(target.name + ".lock")) as touch:
        yield Progress(_STAGE, 0)
        yield from _fetched(url, part, touch)
        yield Progress("Checking", 0)
        digest = _checked(part, checksum, url)
        os.replace(part, target)
        _notes(part).unlink(missing_ok=True)
    return digest


@contextmanager
def _alone(lock: Path) -> Iterator:
    """While the block runs, no other program has it; the value is to be called now and then."""
    with suppress(OSError):
        if time.time() - lock.stat().st_mtime > _STALE_S:
            lock.unlink()
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        raise InputError(
            f"This model is being downloaded already; wait until that is done, or try again in {_STALE_S // 60} "
            "minutes."
        ) from None
    try:
        yield lambda: os.utime(lock)
    finally:
        lock.unlink(missing_ok=True)


def _notes(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _fetched(url: str, part: Path, touch) -> Generator[Progress, None, None]:
    have, tag = _begun(url, part)
    request = urllib.request.Request(url, headers={"User-Agent": "synthetic-imaging", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", tag)
    host = urlsplit(url).hostname
    total = None
    try:
        with urllib.request.build_opener(_Redirects).open(request, timeout=_SILENCE_S) as answer:
            if not (have and answer.status == 206 and _starts_at(answer, have)):
                have = 0
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length and length.isdigit() else None
            _check_space(part, total, have)
            _note(url, part, answer)
            with open(part, "ab" if have else "wb") as file:
                began, start = time.monotonic(), have
                while piece := answer.read(_PIECE):
                    file.write(piece)
                    have += len(piece)
                    touch()
                    yield _progress(have, start, total, began)
        if total is not None and have < total:
            raise ConnectionError("the connection ended early")
    except urllib.error.HTTPError as error:
        if error.code == 416:
            # what is there is not of this file
            part.unlink(missing_ok=True)
        raise InputError(
            f"{host} answered {error.code} ({error.reason}) to '{url}'; the file may have moved. Try again later, or "
            "load it with a browser and import the file."
        ) from error
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
        reason = getattr(error, "reason", None) or error
        so_far = f" {have / 1e6:.0f} MB are kept" if have else " Nothing was changed"
        raise InputError(
            f"The connection to {host} was lost ({reason}).{so_far}; start the download again to go on from there."
        ) from error
    except OSError as error:
        raise InputError(
            f"'{part.name}' could not be written to '{part.parent}': {error.strerror or error}. Free some space and "
            "start the download again."
        ) from error


def _begun(url: str, part: Path) -> tuple[int, str]:
    """Bytes of an earlier attempt, and the publisher's mark of the version they are of."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        notes = json.loads(_notes(part).read_text(encoding="utf-8"))
        if notes["url"] == url and notes["tag"]:
            return part.stat().st_size, str(notes["tag"])
    return 0, ""


def _note(url: str, part: Path, answer) -> None:
    tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
    # only a strong mark says that the bytes are the same
    _notes(part).write_text(json.dumps({"url": url, "tag": "" if tag.startswith("W/") else tag}), encoding="utf-8")


def _starts_at(answer, have: int) -> bool:
    return (answer.headers.get("Content-Range") or "").startswith(f"bytes {have}-")


def _check_space(part: Path, total: int | None, have: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if total is not None and total - have > free:
        raise InputError(
            f"The model has {total / 1e6:,.0f} MB and the disk of '{part.parent}' {free / 1e6:,.0f} MB free; free some "
            "space, or choose another folder for models."
        )


def _progress(have: int, start: int, total: int | None, began: float) -> Progress:
    seconds = time.monotonic() - began
    left = None if total is None or have == start else seconds * (total - have) / (have - start)
    return Progress(_STAGE, have / total if total else 0, left)


def _checked(part: Path, checksum: str, url: str) -> str:
    """SHA-256 of the file; InputError, and the file is gone, where the publisher's checksum is another one."""
    hashes = {"sha256": hashlib.sha256(), "sha1": hashlib.sha1(usedforsecurity=False)}
    with open(part, "rb") as file:
        while piece := file.read(1 << 20):
            for one in hashes.values():
                one.update(piece)
    if checksum:
        kind, _, value = checksum.partition(":")
        if hashes[kind].hexdigest() != value.lower():
            part.unlink()
            raise InputError(
                f"What came from '{url}' is not the file that was published (its {kind.upper()} differs); it was "
                "deleted. Try again; if that does not help, the publisher has exchanged the file."
            )
    return hashes["sha256"].hexdigest()
