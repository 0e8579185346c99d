"""System libraries that no wheel can carry: looked for before anything is loaded, named in one sentence when missing."""

import ctypes
import os
import sys

# Debian/Ubuntu package -> shared libraries that Qt's platform plugins and VTK open from it
_NEEDED = {
    "libegl1": ("libEGL.so.1",),
    "libgl1": ("libGL.so.1",),
    "libglib2.0-0": ("libglib-2.0.so.0", "libgthread-2.0.so.0"),
    "libfontconfig1": ("libfontconfig.so.1",),
    "libxkbcommon0": ("libxkbcommon.so.0",),
    "libdbus-1-3": ("libdbus-1.so.3",),
}
_NEEDED_WITH_X11 = {
    "libxcb-cursor0": ("libxcb-cursor.so.0",),
    "libxkbcommon-x11-0": ("libxkbcommon-x11.so.0",),
    "libxcb-icccm4": ("libxcb-icccm.so.4",),
    "libxcb-keysyms1": ("libxcb-keysyms.so.1",),
    "libxcb-image0": ("libxcb-image.so.0",),
    "libxcb-render-util0": ("libxcb-render-util.so.0",),
    "libxcb-xinerama0": ("libxcb-xinerama.so.0",),
}


class MissingLibraries(RuntimeError):
    """The machine lacks system libraries; the message names the packages to install."""


def has_display():
    """True where a window can be shown to a person."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def choose_platform():
    """Without a display, draw everything off screen. Must run before Qt and VTK are loaded; raises MissingLibraries."""
    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen" and sys.platform == "linux":
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    if sys.platform != "linux":
        return
    needed = dict(_NEEDED)
    if os.environ.get("QT_QPA_PLATFORM", "xcb") == "xcb":
        needed.update(_NEEDED_WITH_X11)
    missing = [package for package, names in needed.items() if not all(_opens(name) for name in names)]
    if missing:
        raise MissingLibraries(
            "System libraries are missing for the window: install them with `sudo apt-get install "
            + " ".join(missing)
            + "` (or your system's equivalent) and start again."
        )


def _opens(name):
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
