"""The pictures of Pretrained Segmenter: the example model on the torso phantom, and how the result compares."""

import os
import tempfile
from pathlib import Path

import sessions

WORK_S = 300


def segmenter(host, folder):
    """The panel with a result, in the window."""
    ct, organs, _liver = sessions.loadPhantom()
    with tempfile.TemporaryDirectory() as temporary:
        segment(host, ct, organs, Path(temporary))
        host.screenshot(folder / "PretrainedSegmenter.png")
        host.selectModule("SyntheticImaging")
    host.clearScene()


def segment(host, ct, organs, folder):
    """The body of a CT, found by the example model and compared with the organs' own; the module's widget.

    The catalog of models lies in the folder and not in the user's.
    """
    from synthetic_imaging.segmentation.catalog import FOLDER_VARIABLE
    from synthetic_imaging.segmentation.example import write_example

    os.environ[FOLDER_VARIABLE] = str(folder / "models")
    organs.SetDisplayVisibility(False)
    widget = host.selectModule("PretrainedSegmenter")
    widget.ui.importEdit.currentPath = str(write_example(folder / "body.zip"))
    click(host, widget, widget.ui.importButton)
    widget.ui.volumeSelector.setCurrentNode(ct)
    click(host, widget, widget.ui.runButton)
    if not widget.ui.structureTable.rowCount:
        raise SystemExit(f"Nothing was segmented: {widget.ui.messageLabel.text}")
    widget.ui.surfacesButton.click()
    host.processEvents(300)
    return widget


def click(host, widget, button):
    if not host.waitUntil(lambda: button.enabled, WORK_S):
        raise SystemExit(f"{button.text} cannot be pressed: {button.toolTip}")
    button.click()
    if not host.waitUntil(lambda: not widget.panel.isBusy, WORK_S):
        raise SystemExit(f"{button.text} does not end.")
    host.processEvents(100)
