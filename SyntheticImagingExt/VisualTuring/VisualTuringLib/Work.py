"""A long task of the study owner, ready to be run: here, or in a worker process."""

import json
import shutil
import tempfile
from pathlib import Path

from synthetic_imaging.errors import InputError


class Work:
    """A request to the core's worker with the files that belong to it, which go when it is done.

    request: see ``synthetic_imaging.reading.worker.perform``. passphrase: never written anywhere. targets: files
    and folders that the task makes, so that a worker that is ended in the middle leaves nothing beside them.
    onDone(answer): its value is the result.
    """

    module = "synthetic_imaging.reading.worker"

    def __init__(self, request, passphrase="", targets=(), onDone=lambda answer: answer, folder=None):
        self.request, self._passphrase, self._onDone = request, passphrase, onDone
        self._folder = Path(folder or tempfile.mkdtemp(prefix="visual-turing-"))
        self._targets = [Path(target) for target in targets]
        self._before, self._parentsBefore = self._staged(), set(self._parents())

    def perform(self, onProgress=None):
        """Run it in this process. onProgress(stage, percent)."""
        from synthetic_imaging.reading.worker import perform

        try:
            return self._onDone(perform(self.request, self._passphrase, onProgress or (lambda stage, percent: None)))
        finally:
            self.close()

    # In a worker process

    def arguments(self):
        """Of ``python -m module``: the files for request and answer."""
        request = self._folder / "request.json"
        request.write_text(json.dumps(self.request), encoding="utf-8")
        return [request, self._answerPath]

    def environment(self):
        from synthetic_imaging.reading.key import PASSPHRASE_VARIABLE

        return {PASSPHRASE_VARIABLE: self._passphrase} if self._passphrase else {}

    def take(self):
        """The result of a worker that has ended; InputError where the input could not be used."""
        try:
            reply = json.loads(self._answerPath.read_text(encoding="utf-8"))
        finally:
            self.close()
        if "problem" in reply:
            raise InputError(reply["problem"])
        return self._onDone(reply["answer"])

    def abandon(self):
        """The worker was ended in the middle: remove what it had begun."""
        for path in self._staged() - self._before:
            shutil.rmtree(path, ignore_errors=True)
        for parent in self._parents():
            if parent not in self._parentsBefore and not any(parent.iterdir()):
                parent.rmdir()
        self.close()

    def close(self):
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _answerPath(self):
        return self._folder / "answer.json"

    def _staged(self):
        """Hidden folders beside the targets in which the core collects files before it puts them in place."""
        return {
            path
            for target in self._targets
            if target.parent.is_dir()
            for path in target.parent.iterdir()
            if path.name.startswith(f".{target.name}-")
        }

    def _parents(self):
        """The folders above the targets that exist, the innermost first."""
        found = {parent for target in self._targets for parent in target.parents if parent.is_dir()}
        return sorted(found, key=lambda path: -len(path.parts))
