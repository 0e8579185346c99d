"""Work that must not freeze the window: a worker process for long work, and steps between two frames for live previews.

Python threads are of no use for either: Slicer's idle event loop holds the interpreter's lock.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import qt
import slicer

from .signal import Signal
from .stages import OnProgress
from .tree import PACKAGE_FOLDER
from .work import Work

TAIL_LINES = 20
STEP_BUDGET_S = 0.03
KILL_WAIT_MS = 5000


class ProgressReader:
    """Turn a worker's output, in pieces of any size, into progress and other lines.

    A progress line is a JSON object with "stage" (text), "percent" (0 to 100) and "seconds" (since the start).
    """

    def __init__(self):
        self.tail = deque(maxlen=TAIL_LINES)
        self._rest = b""

    def feed(self, data: bytes) -> list[dict]:
        """The progress lines, as dictionaries, that end in these bytes; other lines are kept in ``tail``."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [entry for entry in map(self._read, lines) if entry]

    def close(self):
        """The same for a last line without an end."""
        return self.feed(b"\n") if self._rest else []

    def _read(self, line):
        text = line.decode("utf-8", errors="replace").strip()
        try:
            entry = json.loads(text)
        except ValueError:
            entry = None
        if isinstance(entry, dict) and "percent" in entry:
            return entry
        if text:
            self.tail.append(text)
        return None


class Job:
    """A Python module run as a worker process, with progress, a cancel that ends it, and its last words if it fails.

    Signals: progress(stage, percent, seconds); finished(); failed(message); canceled(). Each job ends with one of the
    last three.
    """

    def __init__(self):
        self.progress, self.finished, self.failed, self.canceled = Signal(), Signal(), Signal(), Signal()
        self._process = None
        self._reader = None
        self._isCanceled = False

    @property
    def isRunning(self) -> bool:
        return self._process is not None

    def start(self, module: str, arguments: Sequence[object], environment: Mapping[str, str] | None = None):
        """Run ``python -m module arguments`` with the core on its path; RuntimeError while the job is running.

        environment: further variables, for what must not stand on a command line, which others can see.
        """
        if self.isRunning:
            raise RuntimeError("The job is running; cancel it first.")
        self._reader = ProgressReader()
        self._isCanceled = False
        # A child of the application, so that it is not destroyed inside one of its own signals.
        self._process = qt.QProcess(slicer.app)
        self._process.setProcessChannelMode(qt.QProcess.MergedChannels)
        self._process.setProcessEnvironment(_environment(environment or {}))
        self._process.readyReadStandardOutput.connect(self._onOutput)
        self._process.connect("finished(int,QProcess::ExitStatus)", self._onFinished)
        self._process.connect("errorOccurred(QProcess::ProcessError)", self._onError)
        self._process.start(sys.executable, ["-u", "-m", module, *map(str, arguments)])

    def cancel(self):
        """End the worker now; nothing happens when none is running."""
        if self.isRunning:
            self._isCanceled = True
            self._process.kill()
            self._process.waitForFinished(KILL_WAIT_MS)

    def _onOutput(self):
        if self._process is not None and not self._isCanceled:
            self._emit(self._reader.feed(self._process.readAllStandardOutput().data()))

    def _emit(self, entries):
        for entry in entries:
            self.progress.emit(str(entry.get("stage", "")), float(entry["percent"]), float(entry.get("seconds", 0)))

    def _onError(self, error):
        # Every other error is followed by finished.
        if error == qt.QProcess.FailedToStart:
            self._end(f"The worker process could not be started: {sys.executable}")

    def _onFinished(self, exitCode, exitStatus):
        self._onOutput()
        self._emit(self._reader.close())
        if exitStatus == qt.QProcess.NormalExit and exitCode == 0:
            self._end(None)
        else:
            how = f"status {exitCode}" if exitStatus == qt.QProcess.NormalExit else "a crash"
            self._end("\n".join([f"The worker process ended with {how}. Its last lines:", *self._reader.tail]))

    def _end(self, message):
        if not self.isRunning:
            return
        self._process.deleteLater()
        self._process = None
        if self._isCanceled:
            self.canceled.emit()
        elif message is None:
            self.finished.emit()
        else:
            self.failed.emit(message)


class WorkRunner:
    """Runs one piece of work at a time as a worker process; what it had begun is removed when it does not end well.

    Work has ``module``, which is run with arguments() and environment() and reports progress as ``Job`` reads it;
    take(): the result of a worker that has ended, or InputError; abandon(): the worker was ended before that.
    """

    def __init__(self):
        self._job, self._work, self._callbacks = Job(), None, ()
        self._job.progress.connect(lambda stage, percent, seconds: self._callbacks[0](stage, percent))
        self._job.finished.connect(self._onFinished)
        self._job.failed.connect(self._onFailed)

    @property
    def isRunning(self) -> bool:
        return self._work is not None

    def start(
        self,
        work: Work,
        onProgress: OnProgress,
        onDone: Callable[[Any], object],
        onError: Callable[[Exception], object],
    ):
        """onProgress(stage, percent), onDone(result), onError(exception)."""
        self.cancel()
        self._work, self._callbacks = work, (onProgress, onDone, onError)
        try:
            self._job.start(work.module, work.arguments(), work.environment())
        except Exception:
            self._work = None
            work.abandon()
            raise

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


def _environment(more):
    """The application's environment, with the core importable, text in UTF-8, and further variables."""
    environment = qt.QProcessEnvironment.systemEnvironment()
    path = environment.value("PYTHONPATH", "")
    separator = ";" if sys.platform == "win32" else ":"
    environment.insert("PYTHONPATH", str(PACKAGE_FOLDER) + (separator + path if path else ""))
    environment.insert("PYTHONUTF8", "1")
    for name, value in more.items():
        environment.insert(name, value)
    return environment


class Steps:
    """Runs a generator a few steps at a time between the events of the window; the newest request wins.

    A generator yields after each piece of work of at most some milliseconds.
    """

    def __init__(self, budget_s: float = STEP_BUDGET_S):
        self._budget_s = budget_s
        self._generator = None
        self._callbacks = (None, None, None)
        self._timer = qt.QTimer()
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._tick)

    @property
    def isRunning(self) -> bool:
        return self._generator is not None

    def start(
        self,
        generator: Generator,
        onProgress: Callable[[Any], object] | None = None,
        onDone: Callable[[Any], object] | None = None,
        onError: Callable[[Exception], object] | None = None,
    ):
        """Begin, and drop what was running.

        onProgress(yielded value), onDone(returned value), onError(exception); without onError it is raised.
        """
        self.cancel()
        self._generator = generator
        self._callbacks = (onProgress, onDone, onError)
        self._timer.start()

    def cancel(self):
        """Drop what is running; its ``finally`` clauses run, its callbacks do not."""
        generator, self._generator = self._generator, None
        self._timer.stop()
        if generator is not None:
            generator.close()

    def _tick(self):
        end = time.perf_counter() + self._budget_s
        while self._generator is not None and time.perf_counter() < end:
            self._step()

    def _step(self):
        generator, (onProgress, onDone, onError) = self._generator, self._callbacks
        try:
            value = next(generator)
        except StopIteration as stop:
            self._stop(onDone, stop.value)
        except Exception as error:
            if onError is None:
                self.cancel()
                raise
            self._stop(onError, error)
        else:
            if onProgress is not None:
                onProgress(value)

    def _stop(self, callback, value):
        self._generator = None
        self._timer.stop()
        if callback is not None:
            callback(value)
