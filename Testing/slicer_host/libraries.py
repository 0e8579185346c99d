"""What must be settled before Qt and VTK are loaded: system libraries, display or no display."""

import ctypes
import os
import sys

import check_system  # beside this package, in Testing


class MissingLibrariesError(RuntimeError):
    """The machine lacks system libraries; the message names the packages to install."""


def has_display():
    """True where a window can be shown to a person."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def prepare():
    """Without a display, draw everything off screen. MissingLibrariesError says what to install."""
    _keep_singletons()
    if not sys.platform.startswith("linux"):
        return
    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    offscreen = os.environ.get("QT_QPA_PLATFORM") == "offscreen"
    if offscreen:
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    packages = check_system.missing_packages(window=not offscreen)
    if packages:
        raise MissingLibrariesError(
            f"The window needs system libraries that are missing: apt-get install {' '.join(packages)}"
        )


def _keep_singletons():
    """PySide6 6.12.0 counts on Python 3.12's undying None and True: below, each call loses a reference to them."""
    if sys.version_info < (3, 12):
        for singleton in (None, True, False, NotImplemented, Ellipsis):
            ctypes.c_ssize_t.from_address(id(singleton)).value += 1 << 40
