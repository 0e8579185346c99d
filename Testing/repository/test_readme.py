"""README.md is true: its shell and Python examples run, its links and pictures exist."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from readme import README, blocks

ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.slow
def test_shell_examples(tmp_path):
    (code,) = blocks("sh")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for name in ("ct.nrrd", "labels.nrrd", "instances.nrrd"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert "hcc-arterial" in done.stdout


@pytest.mark.slow
def test_python_examples(tmp_path):
    printed = ""
    for code in blocks("python", "# plain Python"):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        printed += done.stdout
    assert "volume_ml" in printed and (tmp_path / "result" / "lesions.json").exists()
    assert "90 kVp" in printed and (tmp_path / "xray-90.nrrd").exists()


def test_every_code_block_is_run_by_a_test():
    text = README.read_text(encoding="utf-8")
    assert len(re.findall(r"^```\w", text, re.MULTILINE)) == 1 + len(blocks("python"))
    assert len(blocks("python")) == len(blocks("python", "# plain Python")) + len(blocks("python", "# Slicer console"))


def test_links_and_pictures_exist():
    targets = re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8"))
    missing = [name for name in targets if not name.startswith("http") and not (README.parent / name).exists()]
    assert not missing


def test_make_targets_exist():
    named = set(re.findall(r"make ([a-z]+)", README.read_text(encoding="utf-8")))
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert {"demo", "test"} <= named & known
