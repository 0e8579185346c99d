"""How much main memory there is, so that what cannot be held is refused before it is tried."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

from .errors import InputError


def free_bytes() -> int | None:
    """Main memory that can be had, None where the system does not tell."""
    if sys.platform == "win32":
        return _free_of_windows()
    with contextlib.suppress(OSError, ValueError, AttributeError), open("/proc/meminfo", encoding="ascii") as lines:
        for entry in lines:
            if entry.startswith("MemAvailable:"):
                return int(entry.split()[1]) * 1024
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def refuse_without_memory(needed: int, what: str, remedy: str = "crop or resample the image") -> None:
    """InputError where ``needed`` bytes are more than can be had. what: the image, as the sentence begins. remedy: what
    else to do than to close other programs.
    """
    have = free_bytes()
    if have is not None and needed > have:
        raise InputError(
            f"{what} takes about {needed / 1e9:.1f} GB of memory, and {have / 1e9:.1f} GB are free; close other "
            f"programs, or {remedy}."
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device or the computer had no memory left; each library says it in its own way."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def _free_of_windows() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong), ("load", ctypes.c_ulong),
            *[(name, ctypes.c_ulonglong) for name in (
                "total", "free", "page_total", "page_free", "virtual_total", "virtual_free", "extended_free",
            )],
        ]  # fmt: skip

    status = Status(length=ctypes.sizeof(Status))
    library = getattr(ctypes, "windll", None)
    if library is None or not library.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.free)
