"""A long task of the study owner, ready to be run: here, or in a worker process."""

from pathlib import Path

from synthetic_imaging.io.atomic import sweep
from SyntheticImagingLib import work


class Work(work.Work):
    """A request to the core's worker with the files that belong to it, which go when it is done.

    request: see ``synthetic_imaging.reading.worker.perform``. passphrase: never written anywhere. targets: files
    and folders that the task makes, so that a worker that is ended in the middle leaves nothing beside them.
    onDone(answer): its value is the result.
    """

    module = "synthetic_imaging.reading.worker"
    prefix = "visual-turing-"

    def __init__(self, request, passphrase="", targets=(), onDone=lambda answer: answer, folder=None):
        work.Work.__init__(self, request, onDone, folder)
        self._passphrase = passphrase
        self._targets = [Path(target) for target in targets]
        self._parentsBefore = set(self._parents())

    def _performed(self, onProgress):
        from synthetic_imaging.reading.worker import perform

        return perform(self.request, self._passphrase, onProgress)

    def environment(self):
        from synthetic_imaging.reading.key import PASSPHRASE_VARIABLE

        return {PASSPHRASE_VARIABLE: self._passphrase} if self._passphrase else {}

    def abandon(self):
        """The worker was ended in the middle: remove what it had begun."""
        for target in self._targets:
            sweep(target.parent)
        for parent in self._parents():
            if parent not in self._parentsBefore and not any(parent.iterdir()):
                parent.rmdir()
        work.Work.abandon(self)

    def _parents(self):
        """The folders above the targets that exist, the innermost first."""
        found = {parent for target in self._targets for parent in target.parents if parent.is_dir()}
        return sorted(found, key=lambda path: -len(path.parts))
