"""For the tests that run inside the application: what a person who waits for the window does."""

import time

import slicer


def waitUntil(condition, seconds=60):
    """Let the window work until ``condition()`` holds; False where it did not in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        slicer.app.processEvents()
        time.sleep(0.005)
    return True


def openModule(name):
    """Choose a module as a user does; its widget."""
    slicer.util.selectModule(name)
    slicer.app.processEvents()
    return getattr(slicer.modules, f"{name}Widget")
