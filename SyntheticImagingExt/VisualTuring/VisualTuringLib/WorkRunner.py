"""Runs a Work in a worker process."""

from SyntheticImagingLib.jobs import Job

from .Work import WORKER


class WorkRunner:
    """One task at a time; what it had begun is removed when it is canceled or breaks down."""

    def __init__(self):
        self._job, self._work, self._callbacks = Job(), None, ()
        self._job.progress.connect(lambda stage, percent, seconds: self._callbacks[0](stage, percent))
        self._job.finished.connect(self._onFinished)
        self._job.failed.connect(self._onFailed)

    @property
    def isRunning(self):
        return self._work is not None

    def start(self, work, onProgress, onDone, onError):
        """onProgress(stage, percent), onDone(result), onError(exception)."""
        self.cancel()
        self._work, self._callbacks = work, (onProgress, onDone, onError)
        self._job.start(WORKER, work.arguments(), work.environment())

    def cancel(self):
        """End the worker now; nothing happens when none is running."""
        work, self._work = self._work, None
        if work is not None:
            self._job.cancel()
            work.abandon()

    def _onFinished(self):
        work, self._work = self._work, None
        _onProgress, onDone, onError = self._callbacks
        try:
            result = work.take()
        except Exception as error:
            onError(error)
        else:
            onDone(result)

    def _onFailed(self, message):
        work, self._work = self._work, None
        if work is not None:
            work.abandon()
            self._callbacks[2](RuntimeError(message))
