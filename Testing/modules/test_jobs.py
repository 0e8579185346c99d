"""Worker processes and steps, in the event loop of the application."""

import json
import textwrap
import time

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def runs(host, tmp_path, monkeypatch):
    """A function that runs Python text as a worker module and returns the job with a record of its signals."""
    from SyntheticImagingLib import jobs

    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(text, *arguments):
        (tmp_path / "worker_under_test.py").write_text(textwrap.dedent(text), encoding="utf-8")
        job, calls = jobs.Job(), []
        for name in ("progress", "finished", "failed", "canceled"):
            getattr(job, name).connect(lambda *values, name=name: calls.append((name, *values)))
        job.start("worker_under_test", arguments)
        return job, calls

    return run


def test_progress_then_finished(host, runs):
    job, calls = runs(
        """
        import json, sys, synthetic_imaging
        for percent in (10, 55.5, 100):
            print(json.dumps({"stage": "Füllen " + sys.argv[1], "percent": percent, "seconds": 0.1}))
        print("a line of another kind")
        """,
        "x y",
    )
    assert job.isRunning
    assert host.waitUntil(lambda: not job.isRunning, 30)
    assert calls == [
        ("progress", "Füllen x y", 10.0, 0.1),
        ("progress", "Füllen x y", 55.5, 0.1),
        ("progress", "Füllen x y", 100.0, 0.1),
        ("finished",),
    ]


def test_failure_shows_the_last_lines(host, runs):
    job, calls = runs("print('before'); raise ValueError('no liver in this file')")
    assert host.waitUntil(lambda: not job.isRunning, 30)
    ((name, message),) = calls
    assert name == "failed"
    assert "status 1" in message and "no liver in this file" in message


def test_cancel_ends_the_worker_at_once(host, runs, tmp_path):
    job, calls = runs(
        """
        import json, pathlib, sys, time
        print(json.dumps({"stage": "work", "percent": 1}))
        time.sleep(20)
        pathlib.Path(sys.argv[1]).touch()
        """,
        tmp_path / "finished",
    )
    assert host.waitUntil(lambda: bool(calls), 30)
    with pytest.raises(RuntimeError):
        job.start("worker_under_test", [])
    started = time.monotonic()
    job.cancel()
    assert host.waitUntil(lambda: not job.isRunning, 5)
    assert time.monotonic() - started < 5
    assert [call[0] for call in calls] == ["progress", "canceled"]
    job.cancel()
    assert not (tmp_path / "finished").exists()


def test_a_worker_that_cannot_start_fails(host, runs, monkeypatch):
    from SyntheticImagingLib import jobs

    monkeypatch.setattr(jobs.sys, "executable", "/nowhere/python")
    job, calls = runs("")
    assert host.waitUntil(lambda: not job.isRunning, 5)
    assert [call[0] for call in calls] == ["failed"]


def test_reader_joins_pieces_and_keeps_the_tail():
    from SyntheticImagingLib import jobs

    reader = jobs.ProgressReader()
    line = json.dumps({"stage": "é", "percent": 1}, ensure_ascii=False).encode()
    assert reader.feed(line[:13]) == []
    assert reader.feed(line[13:] + b"\nword\n[1]\n{}\n") == [{"stage": "é", "percent": 1}]
    for number in range(50):
        reader.feed(f"line {number}\r\n".encode())
    assert list(reader.tail) == [f"line {number}" for number in range(30, 50)]
    assert reader.feed(b'{"percent": 2}') == []
    assert reader.close() == [{"percent": 2}]
    assert reader.close() == []


def test_steps_run_to_the_end_in_order(host):
    from SyntheticImagingLib import jobs

    def work():
        yield "coarse"
        yield "fine"
        return "done"

    seen, steps = [], jobs.Steps()
    steps.start(work(), seen.append, seen.append)
    assert seen == [] and steps.isRunning
    assert host.waitUntil(lambda: not steps.isRunning, 5)
    assert seen == ["coarse", "fine", "done"]


def test_steps_leave_room_for_the_window_and_the_newest_wins(host):
    from SyntheticImagingLib import jobs

    closed, done, longest = [], [], [0.0]

    def work(name, count):
        try:
            for _ in range(count):
                time.sleep(0.005)
                yield
        finally:
            closed.append(name)

    class Watched(jobs.Steps):
        def _tick(self):
            started = time.perf_counter()
            super()._tick()
            longest[0] = max(longest[0], time.perf_counter() - started)

    steps = Watched()
    steps.start(work("first", 10_000), onDone=lambda _: done.append("first"))
    host.processEvents(100)
    assert steps.isRunning
    steps.start(work("second", 20), onDone=lambda _: done.append("second"))
    assert closed == ["first"]
    assert host.waitUntil(lambda: not steps.isRunning, 10)
    assert closed == ["first", "second"] and done == ["second"]
    assert longest[0] < 0.2, "a tick is limited to the budget and one step"


def test_steps_report_errors_and_cancel(host):
    from SyntheticImagingLib import jobs

    def broken():
        yield 1
        raise ValueError("broken")

    errors, steps = [], jobs.Steps()
    steps.start(broken(), onError=errors.append)
    assert host.waitUntil(lambda: not steps.isRunning, 5)
    assert [str(error) for error in errors] == ["broken"]

    seen = []
    steps.start(iter_forever(seen))
    host.processEvents(50)
    steps.cancel()
    count = len(seen)
    host.processEvents(50)
    assert len(seen) == count > 0


def iter_forever(seen):
    while True:
        seen.append(1)
        time.sleep(0.002)
        yield
