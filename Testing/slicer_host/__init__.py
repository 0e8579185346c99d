"""A small stand-in for the 3D Slicer application shell over slicer-core and PySide6.

It runs this extension's unmodified scripted modules in a real window, with or without a display:

    import slicer_host
    host = slicer_host.start(modules=["path/to/SyntheticTumor.py"])
    widget = host.selectModule("SyntheticTumor")
    host.clickSlice("Red", (10, 20, 30))
    host.screenshot("window.png")
"""

import atexit
import logging

from check_system import has_display  # beside this package, in Testing

from .libraries import MissingLibrariesError, prepare

__all__ = ["DESKTOP", "LAPTOP", "MissingLibrariesError", "has_display", "start"]

DESKTOP, LAPTOP = (1920, 1080), (1366, 768)
"""Sizes of windows, in pixels, at which a module must be usable."""

_host = None


def start(modules=(), size=None, testing=False, interactive=False, show=True):
    """The process's host with these module files loaded; a second call returns the same host.

    The window has the size, but never less than its panel and its views need (host.leastSize). `testing` is what
    slicer.app.testingEnabled() says. Unless `interactive`, dialogs are recorded and answered at once.
    Raises MissingLibrariesError (one sentence with package names) when the machine lacks system libraries.
    """
    global _host
    if _host is None:
        prepare()
        logging.getLogger().setLevel(logging.WARNING)
        from .host import Host

        _host = Host(size or DESKTOP, testing, interactive)
        atexit.register(_host.shutDown)
    elif size is not None:
        _host.window.resize(*size)
    if show:
        _host.window.show()
    _host.processEvents()
    _host.load(modules)
    _host.processEvents()
    return _host
