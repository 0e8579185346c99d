"""Look for the system libraries that no wheel carries; name what is missing and how to install it.

``python Testing/check_system.py`` exits with status 1 and one message when something is missing;
``--packages`` prints the missing Debian packages only.
"""

import ctypes
import sys

# Library: (Debian or Ubuntu package, needed to draw without a display too).
LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
}
WINDOW_LIBRARIES = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}


def missing_packages(window: bool = True) -> list[str]:
    """Debian packages whose library the loader does not find; ``window`` adds those of a real display."""
    needed = LIBRARIES | (WINDOW_LIBRARIES if window else {})
    return sorted(package for library, package in needed.items() if not _loads(library))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def main(arguments: list[str]) -> int:
    if not sys.platform.startswith("linux"):
        return 0
    packages = missing_packages()
    if "--packages" in arguments:
        print(" ".join(packages))
        return 0
    if packages:
        print(
            "System libraries are missing that VTK and Qt need. On Debian or Ubuntu install them with:\n"
            f"  apt-get install --no-install-recommends {' '.join(packages)}",
            file=sys.stderr,
        )
    return 1 if packages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
