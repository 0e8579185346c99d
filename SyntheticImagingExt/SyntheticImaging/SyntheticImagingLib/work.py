"""A long task as a request to the core, ready to be run: here, or in a worker process."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from synthetic_imaging.errors import InputError, NotHounsfieldError

from .stages import OnProgress


class Work:
    """A request with the files that belong to it, which go when it is done. To be derived from.

    module: a module of the core that serves requests, see ``synthetic_imaging.serving``. request: what it is asked.
    onDone(answer): its value is the result. folder: for the files; a new one by default, whose name begins with
    ``prefix``.
    """

    module = ""
    prefix = "synthetic-imaging-"

    def __init__(
        self,
        request: dict[str, Any],
        onDone: Callable[[Any], Any] = lambda answer: answer,
        folder: str | Path | None = None,
    ):
        self.request, self._onDone = request, onDone
        self._folder = Path(folder or tempfile.mkdtemp(prefix=self.prefix))

    def perform(self, onProgress: OnProgress | None = None) -> Any:
        """Run it in this process. onProgress(stage, percent)."""
        try:
            return self._onDone(self._performed(onProgress or (lambda stage, percent: None)))
        finally:
            self.close()

    def _performed(self, onProgress):
        return import_module(self.module).perform(self.request, onProgress)

    # In a worker process

    def arguments(self):
        """Of ``python -m module``: the files for request and answer."""
        request = self._folder / "request.json"
        request.write_text(json.dumps(self.request), encoding="utf-8")
        return [request, self._answerPath]

    def environment(self):
        """What must not stand on a command line."""
        return {}

    def take(self):
        """The result of a worker that has ended; InputError where the input could not be used."""
        try:
            reply = json.loads(self._answerPath.read_text(encoding="utf-8"))
            if "problem" in reply:
                mayBeAccepted = reply.get("kind") == NotHounsfieldError.__name__
                raise (NotHounsfieldError if mayBeAccepted else InputError)(reply["problem"])
            return self._onDone(reply["answer"])
        finally:
            self.close()

    def abandon(self):
        """The worker was ended in the middle: remove what it had begun."""
        self.close()

    def close(self):
        """Remove the files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _answerPath(self):
        return self._folder / "answer.json"
