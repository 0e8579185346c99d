"""Extreme values for every option of the shell, over small inputs, for a test and a longer run by hand.

``python Testing/cli_extremes.py`` tries all of them, one option at a time, and lists what ended in an unexpected error.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from synthetic_imaging.cli import main
from synthetic_imaging.cli.main import _parser
from synthetic_imaging.io import write_volume
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import write_stl
from synthetic_imaging.xray.shapes import kwire

TEXTS = (
    "", " ", "nan", "inf", "-1", "0", "1", "1e999", "-1e999", "9" * 30, "1e-300", "0.5", "a", "ä" * 300, "x" * 300,
    ",", "1,2", "1,2,3", "1,2,3,4", "1,,2", ":", "a:b", "1:1e99", "../..", "\udcff", "-", "--", "*", "%s", "{}",
    "~nobody-here/a",
)  # fmt: skip
HERE = "one/two/three"
"""Where commands are run, so that what they write lies in the folder of the inputs, also above it."""

_WRITTEN = ("--out", "--truth", "--key")

FILES = ("ct.nrrd", "organ.nrrd", "wire.stl", "points.json", "poses.json", "garbage", "empty", "text.txt", "table.csv",
         "folder", "absent", "ct.nrrd/inside", "closed")  # fmt: skip


def make_inputs(folder: Path) -> None:
    """A CT of 12 voxels across with an organ in it, a tool, points, and what is none of them; and a folder HERE."""
    hu, organ = np.full((12, 12, 12), -1000, np.int16), np.zeros((12, 12, 12), np.uint8)
    hu[1:11, 1:11, 1:11] = np.random.default_rng(0).integers(20, 60, (10, 10, 10))
    organ[2:10, 2:10, 2:10] = 1
    matrix = np.diag([5.0, 5, 5, 1])
    write_volume(folder / "ct.nrrd", Volume.from_numpy(hu, matrix))
    write_volume(folder / "organ.nrrd", Volume.from_numpy(organ, matrix))
    write_stl(folder / "wire.stl", kwire((30, 30, 20), (0, 0, 1), 20, 4))
    (folder / "points.json").write_text('{"tip": [30, 30, 30]}')
    (folder / "poses.json").write_text(json.dumps([{"lao_deg": 0}, {"lao_deg": 30}]))
    (folder / "garbage").write_bytes(bytes(range(256)) * 8)
    (folder / "empty").write_bytes(b"")
    (folder / "text.txt").write_text("hello\nworld\n")
    (folder / "table.csv").write_text("image,truth\nct.nrrd,real\n")
    (folder / "folder").mkdir()
    (folder / HERE / "folder").mkdir(parents=True)
    for name in ("ct.nrrd", "garbage"):
        (folder / HERE / name).write_bytes((folder / name).read_bytes())
    (folder / "closed").write_text("{}")
    (folder / "closed").chmod(0)


def commands(folder: Path) -> dict[str, list[str]]:
    """A short command of each verb that works or refuses quickly, by the words that name the verb."""
    ct, organ = str(folder / "ct.nrrd"), str(folder / "organ.nrrd")
    return {
        "drr": ["drr", ct, "--image-size", "16"],
        "tumor": ["tumor", ct, organ, "--auto", "--count", "1"],
        "tumor-batch": ["tumor-batch", "--cases", str(folder / "table.csv")],
        "presets": ["presets"],
        "phantom": ["phantom", "torso", "--shape", "8,8,8"],
        "study new": ["study", "new", "--real", str(folder / "folder"), "--passphrase-file", str(folder / "text.txt")],
        "study check": ["study", "check", str(folder), "--key", str(folder / "points.json")],
        "study report": ["study", "report", str(folder), "--key", str(folder / "points.json")],
        "study export": ["study", "export", str(folder), "--key", str(folder / "points.json")],
        "study simulate": ["study", "simulate", "--readers", "1", "--cases", "4"],
        "evaluate": ["evaluate", organ, organ],
        "models": ["models", "list"],
        "segment": ["segment", ct, "--model", "none"],
    }


def parser_of(words: str) -> argparse.ArgumentParser:
    parser = _parser()
    for word in words.split():
        (verbs,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        parser = verbs.choices[word]
    return parser


def options_of(words: str) -> Iterator[argparse.Action]:
    """What takes a value or is a switch, without help and without --debug, which shows a traceback on purpose."""
    for action in parser_of(words)._actions:
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction) and action.dest != "debug":
            yield action


def with_value(folder: Path, words: str, action: argparse.Action, value: str) -> list[str]:
    """The command of a verb with an extreme value for an option or an argument."""
    command = commands(folder)[words]
    name = "out.nrrd" if words == "drr" else "out"
    out = ["--out", str(folder / name)] if "--out" in parser_of(words)._option_string_actions else []
    if not action.option_strings:
        at = len(words.split())
        return [*command[:at], value, *command[at + 1 :], *out]
    option = action.option_strings[-1]
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return [*command, *out, option]
    if option in _WRITTEN:
        value = value.replace(str(folder), str(folder / HERE))  # the inputs stay what they are
    return [*command, *([] if option == "--out" else out), f"{option}={value}"]


def trials(folder: Path, verbs: list[str]) -> Iterator[list[str]]:
    """Commands in which one option, or one argument, has an extreme value; of all verbs, or of some."""
    for words in verbs or commands(folder):
        for action in options_of(words):
            for value in (*TEXTS, *(str(folder / name) for name in FILES)):
                yield with_value(folder, words, action, value)
                if action.nargs == 0:
                    break


def attempt(folder: Path, command: list[str]) -> tuple[int, str]:
    """Exit status and what was said on the error stream."""
    out, told = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder / HERE), contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        status = main(command)
    return status, told.getvalue()


def is_fault(status: int, told: str) -> bool:
    return "unexpected" in told or "Traceback" in told or status not in (0, 1, 2)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_inputs(folder)
        count, seen = 0, set()
        for command in trials(folder, sys.argv[1:]):
            begun = time.monotonic()
            status, told = attempt(folder, command)
            count += 1
            if is_fault(status, told):
                last = told.strip().splitlines()[-1]
                if (command[-1].split("=")[0], last) not in seen:
                    seen.add((command[-1].split("=")[0], last))
                    told = f"{status} {' '.join(command)[-160:]} -> {last[:220]}"
                    print(told.replace(name, "F").encode("ascii", "replace").decode(), flush=True)
            if time.monotonic() - begun > 20:
                print("slow", round(time.monotonic() - begun), command[-2:], flush=True)
        print(count, "commands,", len(seen), "kinds of unexpected errors")
