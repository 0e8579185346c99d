"""The program is killed in the middle of twenty cases: every answer is on the disk, and reading goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import reading_studies
from reading_hands import answersOf, press, readToEnd

from synthetic_imaging.phantom import torso
from synthetic_imaging.reading.making.images import ImagePolicy, standardize

CHILD = Path(__file__).resolve().parents[1] / "reading_child.py"
KILL_AFTER = 9
POLICY = ImagePolicy(box_mm=(120, 120, 60), spacing_mm=(1.5, 1.5, 3))


def phantomParts(count):
    """Parts of the torso phantom around its middle, made as a study makes them."""
    ct = torso(shape=(60, 96, 96)).ct
    rng = np.random.default_rng(1)
    middle = ct.ras_from_ijk((np.array(ct.shape[::-1]) - 1) / 2)
    return [standardize(ct, POLICY, middle + rng.uniform(-30, 30, 3), rng)[0] for _ in range(count)]


def test_killed_in_the_middle_of_twenty_cases(host, tmp_path, fastHands):
    from VisualTuringLib.conduct.ReadingDesk import ReadingDesk
    from VisualTuringLib.conduct.ReadingLogic import ReadingLogic

    study = reading_studies.make_study(tmp_path / "study", cases=20, volumes=phantomParts(20), cue=False)
    command = [sys.executable, str(CHILD), str(study.folder), "Ann Lee"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "DISPLAY": ""})
    said = [child.stdout.readline().split() for _ in range(KILL_AFTER)]
    child.send_signal(signal.SIGKILL)
    said += [line.split() for line in child.stdout.read().splitlines()]
    assert child.wait() == -signal.SIGKILL
    saved = answersOf(study)
    assert [[entry["trial_id"], str(entry["answer"])] for entry in saved][: len(said)] == said
    assert len(said) <= len(saved) <= len(said) + 1, "at most the line that was not printed any more"

    desk = ReadingDesk(ReadingLogic(study.folder, "Ann Lee", resume=True))
    desk.open()
    assert desk.reading.answered == len(saved)
    readToEnd(host, desk.reading)
    press(host, "Space")
    entries = answersOf(study)
    assert entries[: len(saved)] == saved and len(entries) == 20
    assert [entry["trial_id"] for entry in entries] == [trial.trial_id for trial in desk.reading.session.trials]
