"""Each test file that touches the scene or a window runs in a fresh interpreter.

Some calls into MRML end the process when something is missing, and the scene, the application and
the Qt event loop exist once per process. So for the files under the folders named below this
process collects the tests, hands each file to a pytest of its own, and reports what that one
reports: one run, one closing line, and an abort is a failure of the test it happened in.
``--in-process`` switches this off, for debuggers.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ISOLATED_FOLDERS = ("bridge", "modules", "host")
REPORTS_VARIABLE = "SYNTHETIC_IMAGING_TEST_REPORTS"
FILE_TIMEOUT_S = 900


def pytest_addoption(parser):
    parser.addoption("--in-process", action="store_true", help="do not give scene and window tests their own process")


def pytest_configure(config):
    reports = os.environ.get(REPORTS_VARIABLE)
    if reports:
        config.pluginmanager.register(_ReportWriter(config, Path(reports)))
    elif not config.getoption("--in-process"):
        config.pluginmanager.register(_Isolation(config))


class _ReportWriter:
    """In the child: write every report as one JSON line, at once, so that an abort loses none."""

    def __init__(self, config, path: Path):
        self.config, self.path = config, path

    def _write(self, entry: dict) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def pytest_runtest_logstart(self, nodeid):
        self._write({"started": nodeid})

    def pytest_runtest_logreport(self, report):
        self._write({"report": self.config.hook.pytest_report_to_serializable(config=self.config, report=report)})


class _Isolation:
    """In the parent: start the children, and report their results in the place of the tests.

    Children run beside this process, whose own tests come first.
    """

    def __init__(self, config):
        self.config = config
        self.pool = ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 2) - 1))
        self.files = {}
        self.children = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        for item in items:
            if _is_isolated(item.path):
                self.files.setdefault(item.path, []).append(item)
        items.sort(key=lambda item: item.path in self.files)

    def pytest_runtestloop(self):
        if not self.config.option.collectonly:
            for path, items in self.files.items():
                self.children[path] = self.pool.submit(_run_file, self.config, [item.nodeid for item in items])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        if item.path not in self.files:
            return None
        reports = self.children[item.path].result()[item.nodeid]
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for data in reports:
            report = self.config.hook.pytest_report_from_serializable(config=self.config, data=data)
            if report.skipped and isinstance(report.longrepr, list):
                report.longrepr = tuple(report.longrepr)  # JSON has no tuples; the summary asks for one
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_sessionfinish(self):
        self.pool.shutdown(wait=False, cancel_futures=True)


def _is_isolated(path: Path) -> bool:
    return path.is_relative_to(HERE) and path.relative_to(HERE).parts[0] in ISOLATED_FOLDERS


def _run_file(config, node_ids: list[str]) -> dict[str, list[dict]]:
    """Run the tests of one file in a new interpreter; serialized reports by node id, every id present."""
    with tempfile.TemporaryDirectory() as folder:
        reports, output = Path(folder, "reports.jsonl"), Path(folder, "output.txt")
        command = [sys.executable, "-X", "faulthandler", "-m", "pytest", "-q", "-p", "no:cacheprovider", *node_ids]
        with output.open("wb") as stream:
            status = _wait(command, stream, config.rootpath, os.environ | {REPORTS_VARIABLE: str(reports)})
        lines = reports.read_text(encoding="utf-8").splitlines() if reports.exists() else []
        tail = _tail(output.read_text(encoding="utf-8", errors="replace"))
    results = {}
    for entry in map(json.loads, lines):
        if "started" in entry:
            results.setdefault(entry["started"], [])
        else:
            results.setdefault(entry["report"]["nodeid"], []).append(entry["report"])
    for node_id in node_ids:
        if not any(report["when"] == "teardown" for report in results.get(node_id, [])):
            where = "in this test" if node_id in results else "before this test"
            message = f"The process ended {where} ({status}).\n{tail}"
            results.setdefault(node_id, []).append(_lost(config, node_id, message))
    return results


def _tail(output: str) -> str:
    """The last characters; without the list of every loaded library that a crash prints."""
    return "\n".join(line for line in output.splitlines() if not line.startswith("Extension modules:"))[-4000:]


def _wait(command: list[str], stream, folder: Path, environment: dict) -> str:
    """Run to the end or the time limit; say in words how it ended."""
    process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, cwd=folder, env=environment)
    try:
        code = process.wait(timeout=FILE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"killed after {FILE_TIMEOUT_S} s"
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _lost(config, node_id: str, message: str) -> dict:
    file, _, name = node_id.partition("::")
    report = pytest.TestReport(node_id, (file, 0, name), {}, "failed", message, "call")
    return config.hook.pytest_report_to_serializable(config=config, report=report)
