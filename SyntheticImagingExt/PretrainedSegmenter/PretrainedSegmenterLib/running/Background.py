"""A run in a worker process for scripts that go on meanwhile."""

from SyntheticImagingLib.jobs import WorkRunner


class Background:
    """Runs the pieces of a ``Run`` one after the other."""

    def __init__(self, run, onDone, onProgress):
        self._run, self._runner = run, WorkRunner()
        self._onDone = onDone or (lambda result: None)
        self._onProgress = onProgress or (lambda stage, percent: None)
        self.isRunning = False

    def start(self):
        """Begin; InputError where the first piece cannot be made."""
        self.isRunning = True
        try:
            self._next()
        except BaseException:
            self._end()
            raise

    def cancel(self):
        """End it now; nothing happens when it has ended."""
        if self.isRunning:
            self._runner.cancel()
            self._end()

    def _end(self):
        self.isRunning = False
        self._run.discard()

    def _next(self):
        work = self._run.nextWork()
        if work is None:
            self.isRunning = False
            self._onDone(self._run.nodes[0])
        else:
            self._runner.start(work, self._onProgress, lambda _result: self._advance(), self._onError)

    def _advance(self):
        try:
            self._next()
        except Exception as error:
            self._onError(error)

    def _onError(self, error):
        self._end()
        self._onDone(error)
