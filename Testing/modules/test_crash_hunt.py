"""Sequences of what brings modules, nodes and callbacks together and apart, at random: none may end the process.

``python Testing/modules/test_crash_hunt.py SEED SECONDS`` runs one by itself; it prints each action before it is done.
"""

import faulthandler
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TASKS = ("SyntheticImaging", "SyntheticTumor", "VirtualCArm", "PretrainedSegmenter", "VisualTuring")
RUN_S, LIMIT_S = 30, 180


@pytest.mark.slow
@pytest.mark.gui
@pytest.mark.parametrize("seed", [1, 2])
def test_no_sequence_of_actions_ends_the_process(seed):
    process = subprocess.run(
        [sys.executable, "-X", "faulthandler", __file__, str(seed), str(RUN_S)],
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert process.returncode == 0, f"{process.stdout[-3000:]}\n{process.stderr[-3000:]}"
    assert "Traceback" not in process.stderr, process.stderr[-3000:]


class Hunt:
    """One session: ``actions`` are drawn and done until the time is over."""

    def __init__(self, host, seed):
        self.host, self.random = host, random.Random(seed)
        self.kept = []
        self.actions = (self.open, self.open, self.clear, self.reload, self.addBody, self.addBody, self.console,
                        self.forget, self.removeNode, self.suggest, self.wait, self.batch)  # fmt: skip

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            action = self.random.choice(self.actions)
            print(action.__name__, flush=True)
            action()
            self.host.processEvents(self.random.choice((0, 0, 20, 200)))

    def open(self):
        self.host.selectModule(self.random.choice(TASKS))

    def clear(self):
        self.host.scene.Clear(0)

    def reload(self):
        import slicer

        name = self.random.choice(TASKS)
        widget = getattr(slicer.modules, f"{name}Widget", None)
        if widget is not None:
            widget.onReload()

    def addBody(self):
        import tumor_console

        tumor_console.addBody(size_mm=60.0)

    def console(self):
        """As somebody types who does not clean up."""
        import slicer
        import tumor_console

        if self.random.random() < 0.5:
            from SyntheticTumor import SyntheticTumorLogic

            ct, organs = tumor_console.addBody(size_mm=60.0)
            logic = SyntheticTumorLogic()
            logic.setInput(ct, organs, organs.GetSegmentation().GetNthSegmentID(0))
            logic.addLesion(logic.suggestSite(radiusMm=4), radiusMm=4)
        else:
            import carm_console
            from VirtualCArm import VirtualCArmLogic

            logic = VirtualCArmLogic()
            logic.setCt(carm_console.addCt())
            logic.set(imageSize=64)
            logic.image()
            logic.addKwire((30, 0, 0), (0, 0, 0), diameterMm=3)
        self.kept.append(logic)
        slicer.app.processEvents()

    def forget(self):
        """The name is given to something else, and Python collects what nobody holds."""
        import gc

        if self.kept:
            self.kept.pop(self.random.randrange(len(self.kept)))
        gc.collect()

    def removeNode(self):
        """As in the module Data."""
        import slicer

        kinds = ("Volume", "Segmentation", "Markups", "Model", "Text", "Table", "Transform")
        nodes = [node for kind in kinds for node in slicer.util.getNodesByClass(f"vtkMRML{kind}Node")]
        if nodes:
            slicer.mrmlScene.RemoveNode(self.random.choice(nodes))

    def suggest(self):
        import slicer

        widget = getattr(slicer.modules, "SyntheticTumorWidget", None)
        if widget is not None and widget.panel.isOpen and widget.ui.suggestButton.enabled:
            widget.ui.suggestButton.click()

    def wait(self):
        self.host.processEvents(500)

    def batch(self):
        import slicer

        slicer.mrmlScene.StartState(slicer.vtkMRMLScene.BatchProcessState)
        self.addBody()
        slicer.mrmlScene.EndState(slicer.vtkMRMLScene.BatchProcessState)


def main(seed, seconds):
    faulthandler.enable()
    sys.path[:0] = [str(HERE.parent), str(HERE / "console")]
    import sessions

    host = sessions.startHost()
    Hunt(host, seed).run(seconds)
    host.scene.Clear(0)
    host.processEvents(100)
    print("alive", flush=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
