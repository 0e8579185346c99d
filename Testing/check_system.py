"""Look for what only the system's package manager has: libraries that no wheel carries, and virtual environments.

``python Testing/check_system.py`` names what is missing and how to install it, and exits with status 1;
``--install`` installs it first, where it may: as root, or by ``sudo`` without a password. What only a window needs is
asked for where there is a display.
"""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys

# Library: Debian or Ubuntu package; needed to draw without a display too.
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
ENVIRONMENTS = "python3-venv"
"""The package by which Debian's own Python makes virtual environments."""

_INSTALL = ("install", "--yes", "--no-install-recommends")


def has_display() -> bool:
    """True where a window can be shown to a person."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def shows_windows() -> bool:
    """Whether Qt will open windows: there is a display, and nobody asked to draw off screen."""
    return has_display() and os.environ.get("QT_QPA_PLATFORM") != "offscreen"


def missing_packages(window: bool = True) -> list[str]:
    """Debian packages whose library the loader does not find; ``window`` adds those of a real display."""
    needed = LIBRARIES | (WINDOW_LIBRARIES if window else {})
    missing = {package for library, package in needed.items() if not loads(library)}
    return sorted(missing | (set() if importlib.util.find_spec("ensurepip") else {ENVIRONMENTS}))


def loads(library: str) -> bool:
    """Whether the loader finds a library and what it needs."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def administrator() -> list[str] | None:
    """What to put before a command that installs: nothing as root, ``sudo -n``, or None where neither is to be had."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    allowed = shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True).returncode == 0
    return sudo if allowed else None


def install(packages: list[str], prefix: list[str]) -> bool:
    """Install Debian packages, and say so; whether that worked."""
    print(f"Installing packages of the system that are missing: {' '.join(packages)}", flush=True)
    command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    for action in (["update"], [*_INSTALL, *packages]):
        done = subprocess.run([*command, *action], capture_output=True, text=True)
        if done.returncode:
            print(done.stderr.strip(), file=sys.stderr)
            return False
    return True


def main(arguments: list[str]) -> int:
    if not sys.platform.startswith("linux"):
        return 0
    packages = missing_packages(shows_windows())
    prefix = administrator() if packages and "--install" in arguments else None
    if packages and prefix is not None and install(packages, prefix):
        packages = missing_packages(shows_windows())
    if packages:
        print(
            "Packages of the system are missing that Python, VTK and Qt need. On Debian or Ubuntu install them with:\n"
            f"  apt-get install --no-install-recommends {' '.join(packages)}",
            file=sys.stderr,
        )
    return 1 if packages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
