"""The script that tests the extension inside Slicer passes in the stand-in as well, and finds what goes wrong."""

import sys

import in_slicer
import pytest

pytestmark = pytest.mark.gui


@pytest.mark.parametrize("name", in_slicer.MODULES)
def test_module_test(host, name):
    assert in_slicer.failures([name]) == {}
    assert not [text for level, text in host.shownMessages if level == "error"]


def test_nothing_is_missing_and_all_modules_are_found():
    assert in_slicer.MODULES == [
        "PretrainedSegmenter",
        "SyntheticImaging",
        "SyntheticTumor",
        "VirtualCArm",
        "VisualTuring",
    ]
    assert in_slicer.missingPackages() == []


def test_failing_test_and_failing_callback_are_found(host, monkeypatch):
    import qt
    import slicer

    def inCallback(msec):
        button = qt.QPushButton()
        button.clicked.connect(lambda *_: 1 / 0)
        button.click()

    def atOnce(msec):
        raise AssertionError("the button is gray")

    monkeypatch.setitem(slicer.selfTests, "SyntheticImaging", inCallback)
    monkeypatch.setitem(slicer.selfTests, "SyntheticTumor", atOnce)
    plain = sys.excepthook
    found = in_slicer.failures(["SyntheticImaging", "SyntheticTumor", "NoSuchModule"])
    assert "ZeroDivisionError" in found["SyntheticImaging"]
    assert "the button is gray" in found["SyntheticTumor"]
    assert "NoSuchModule" in found["NoSuchModule"]
    assert sys.excepthook is plain
