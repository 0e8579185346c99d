"""An interpreter that ends inside a scene test is a failure of that test, in the one closing line."""

import shutil
import subprocess
import sys
from pathlib import Path

TESTING = Path(__file__).resolve().parents[1]

SCENE_TESTS = """
import os, sys, pytest

def test_passes():
    assert "unusual" not in sys.modules
    sys.modules["unusual"] = os

def test_fails():
    assert 1 == 2

@pytest.mark.skip(reason="why")
def test_skipped():
    pass

@pytest.mark.parametrize("value", ["a b", "c/d::e"])
def test_values(value):
    assert value

def test_aborts():
    os.abort()

def test_never_reached():
    pass
"""
OTHER_SCENE_TESTS = """
import sys

def test_interpreter_is_fresh():
    assert "unusual" not in sys.modules

def test_after_the_abort():
    pass
"""


def test_results_of_all_processes_in_one_run(tmp_path):
    shutil.copy(TESTING / "conftest.py", tmp_path)
    for folder, file, text in (
        ("bridge", "test_a.py", SCENE_TESTS),
        ("bridge", "test_b.py", OTHER_SCENE_TESTS),
        ("core", "test_c.py", "def test_plain(): pass"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / file).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -v\n")
    run = subprocess.run([sys.executable, "-m", "pytest"], cwd=tmp_path, capture_output=True, text=True)
    lines = run.stdout.strip().splitlines()
    assert run.returncode == 1
    assert "3 failed, 6 passed, 1 skipped" in lines[-1]
    assert any("test_aborts" in line and "The process ended in th" in line for line in lines)
    order = [line.split("::")[0] for line in lines if "::test_" in line and "%]" in line]
    assert order[0] == "core/test_c.py" and order[-1] == "bridge/test_b.py"

    selected = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "bridge/test_a.py::test_values[c/d::e]",
            "bridge/test_b.py",
            "-k",
            "not after",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert selected.returncode == 0
    assert "2 passed, 1 deselected" in selected.stdout.strip().splitlines()[-1]
