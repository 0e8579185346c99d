"""A signal: functions that want to know, called in the order in which they asked."""

from __future__ import annotations

from collections.abc import Callable


class Signal:
    """Callbacks to call with what ``emit`` is given; plain Python, so that a Logic needs no Qt."""

    def __init__(self):
        self._callbacks = []

    def connect(self, callback: Callable[..., object]):
        """Call ``callback`` at each ``emit``; once, however often it is connected."""
        if callback not in self._callbacks:
            self._callbacks.append(callback)
        return callback

    def disconnect(self, callback: Callable[..., object]):
        """Do not call ``callback`` any more; no error when it is not connected."""
        if callback in self._callbacks:
            self._callbacks.remove(callback)

    def emit(self, *arguments: object):
        # A callback may connect or disconnect; the list of this call stays as it was.
        for callback in tuple(self._callbacks):
            callback(*arguments)
