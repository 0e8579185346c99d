"""What must be settled before Qt and VTK are loaded: system libraries, display or no display."""

import os
import sys

import check_system  # beside this package, in Testing


class MissingLibrariesError(RuntimeError):
    """The machine lacks system libraries; the message names the packages to install."""


def prepare():
    """Without a display, draw everything off screen. MissingLibrariesError says what to install."""
    if not sys.platform.startswith("linux"):
        return
    if not check_system.has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    window = check_system.shows_windows()
    if not window:
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    packages = check_system.missing_packages(window=window)
    if packages:
        raise MissingLibrariesError(
            f"The window needs system libraries that are missing: apt-get install {' '.join(packages)}"
        )
