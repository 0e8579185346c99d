"""The two commands on a bare machine: what is missing is named or installed, and PyTorch is the build that fits."""

import re
import subprocess
import sys
from types import SimpleNamespace

import check_system
import install
import pytest
from readme import README, ROOT


def test_the_readme_lists_what_the_check_looks_for():
    """Two lists: what everybody needs, and what only a window needs."""
    section = README.read_text(encoding="utf-8").partition("## Two commands")[2].partition("\n## ")[0]
    lists = [set(text.split()) for text in re.findall(r"`(lib[^`]+)`", section)]
    everywhere, window = ({*found.values()} for found in (check_system.LIBRARIES, check_system.WINDOW_LIBRARIES))
    assert lists == [everywhere | {check_system.ENVIRONMENTS}, window]


@pytest.fixture
def machine(monkeypatch):
    """A Debian machine on which the loader finds none of the libraries until apt-get has installed them."""
    state = SimpleNamespace(installed=set(), asked=[], works=True)
    packages = check_system.LIBRARIES | check_system.WINDOW_LIBRARIES

    def run(command, **_):
        state.asked.append(command)
        if "install" in command and state.works:
            state.installed |= set(command)
        return SimpleNamespace(returncode=0 if state.works else 100, stderr="E: Unable to locate package")

    monkeypatch.setattr(check_system.sys, "platform", "linux")
    monkeypatch.setattr(check_system, "loads", lambda library: packages[library] in state.installed)
    monkeypatch.setattr(check_system.subprocess, "run", run)
    monkeypatch.setattr(check_system.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(check_system.os, "geteuid", lambda: 0, raising=False)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    return state


@pytest.mark.parametrize(
    ("display", "platform", "window"), [("", "", False), (":0", "", True), (":0", "offscreen", False)]
)
def test_root_installs_what_is_missing_and_says_so(machine, monkeypatch, capsys, display, platform, window):
    """What only a display needs is asked for only where there is one that is used."""
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    assert check_system.main(["--install"]) == 0
    told = capsys.readouterr().out
    assert "Installing packages of the system" in told and "libegl1" in told
    assert ("libxcb-icccm4" in told) is window is ("libxcb-icccm4" in machine.installed)
    assert not any("sudo" in command for command in machine.asked)
    machine.asked.clear()
    assert check_system.main(["--install"]) == 0 and not machine.asked


def test_sudo_is_used_where_it_asks_for_no_password(machine, monkeypatch):
    monkeypatch.setattr(check_system.os, "geteuid", lambda: 1000, raising=False)
    assert check_system.main(["--install"]) == 0
    assert all(command[:2] == ["sudo", "-n"] for command in machine.asked) and "libegl1" in machine.installed


@pytest.mark.parametrize("arguments", [[], ["--install"]])
def test_what_may_not_be_installed_is_named(machine, monkeypatch, capsys, arguments):
    monkeypatch.setattr(check_system.os, "geteuid", lambda: 1000, raising=False)
    machine.works = False
    assert check_system.main(arguments) == 1
    told = capsys.readouterr().err
    assert "apt-get install" in told and "libegl1" in told and "libxcb" not in told and not machine.installed


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the libraries come with the system")
def test_the_demonstration_names_missing_libraries(tmp_path):
    code = (
        "import sys; sys.path.insert(0, 'Testing'); import check_system, demo\n"
        "check_system.missing_packages = lambda window=True: ['libegl1']\n"
        f"sys.argv = ['demo', '--offscreen', '--out', {str(tmp_path)!r}]; sys.exit(demo.main())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "apt-get install libegl1" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("driver", "has_cpu", "asked", "told"),
    [
        (True, True, False, "there is an NVIDIA driver"),
        (False, True, True, "is taken"),
        (False, False, False, "TORCH_SOURCE"),
    ],
)
def test_the_cpu_build_is_taken_without_a_driver(monkeypatch, driver, has_cpu, asked, told):
    monkeypatch.setattr(install, "comes_with_cuda", lambda: True)
    monkeypatch.setattr(install, "loads", lambda library: driver)
    versions = "2.0.0, " + (f"{install.torch_version()}+cpu, " if has_cpu else "") + install.torch_version()
    source = "https://example.org/simple"

    def run(command, **_):
        assert command[-2:] == ["--extra-index-url", source]
        return SimpleNamespace(stdout=f"torch (3.0.0)\nAvailable versions: {versions}\n")

    monkeypatch.setattr(install.subprocess, "run", run)
    torch, sentence = install.plan(source)
    assert torch == ([f"torch=={install.torch_version()}+cpu"] if asked else [])
    assert told in sentence and " GB " in sentence


def test_a_folder_is_a_source_too():
    assert install.source_options("/srv/wheels") == ["--find-links", "/srv/wheels"] and install.source_options("") == []
