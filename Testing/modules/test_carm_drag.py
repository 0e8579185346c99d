"""Virtual C-arm: a handle is dragged in the 3D view, whose drawing leaves the window no idle moment."""

import carm_console
import numpy as np
import pytest

BEHIND_MM = 2.0
"""The plane in 3D stands so far before the detector."""


def handle(index):
    import slicer

    position, node = [0.0, 0.0, 0.0], slicer.util.getNode("C-arm handles")
    node.GetNthControlPointPositionWorld(index, position)
    return tuple(position)


@pytest.fixture
def busy(host, carm, monkeypatch):
    """drag(onStep): drag the handle for CRAN and CAUD; between the mouse's events only views are drawn."""

    def drag(onStep, steps=10):
        from VirtualCArmLib.scene.Handles import ANGULATE

        start = handle(ANGULATE)
        with monkeypatch.context() as starved:
            starved.setattr(host.app, "processEvents", lambda *_arguments: None)
            starved.setattr(host, "processEvents", lambda *_arguments: None)
            host.drag3D(start, (start[0], start[1] + 80, start[2] + 100), steps=steps, onStep=onStep)

    return drag


def corners(widget):
    """Of the plane that shows the image in 3D."""
    source = widget.panel.views.planes["A"].imagePlane.node.GetPolyData()
    return np.array([source.GetPoint(index) for index in range(source.GetNumberOfPoints())])


def test_the_image_and_its_plane_follow_the_hand(carm, busy, monkeypatch):
    monkeypatch.setattr("SyntheticImagingLib.live.PATIENCE_S", 0.0)
    carm.logic.set(imageSize=512)
    carm.settle()
    before, shown, view = carm_console.voxels(carm.logic.imageNode()).copy(), [], carm.panel.views.planes["A"].view
    rendered = view.widget.sliceView().renderCount

    def note(_step):
        shown.append(carm.logic.shownView())
        view.widget.sliceView().renderPending()

    busy(note)
    angles = [each.pose().cran_deg for each in shown]
    assert angles == sorted(angles) and len(set(angles)) > 3 and angles[-1] > 5
    assert not np.array_equal(carm_console.voxels(carm.logic.imageNode()), before)
    assert view.widget.sliceView().renderCount > rendered + 2
    last = carm.logic.shownView()
    expected = last.pixel_ras(-0.5, -0.5) - BEHIND_MM * last.direction_ras
    assert np.linalg.norm(corners(carm) - expected, axis=1).min() < 1e-3
    carm.settle()
    assert carm.logic.shownView() == carm.logic.view() and carm.logic.readout()["isFinal"]


def test_an_image_that_lags_behind_says_so(carm, busy, monkeypatch):
    monkeypatch.setattr("SyntheticImagingLib.live.PATIENCE_S", 3600.0)
    annotations, notes = carm.panel.views.planes["A"].annotations, []
    assert annotations.texts["state"] == ""
    busy(lambda _step: notes.append((annotations.texts["state"], carm.logic.shownView() == carm.logic.view())))
    assert ("Preview", False) in notes and ("", False) not in notes
    carm.settle()
    assert annotations.texts["state"] == "" and carm.logic.shownView() == carm.logic.view()


def test_both_images_follow_one_distance(carm, busy, monkeypatch):
    monkeypatch.setattr("SyntheticImagingLib.live.PATIENCE_S", 0.0)
    carm.logic.set(imageSize=512, biplane=True)
    carm.settle()
    drawn = []

    def note(plane, isFinal):
        drawn.append((plane, isFinal))

    carm.logic.imageChanged.connect(note)
    for distance in range(1030, 1110, 10):
        carm.ui.sourceToDetectorSlider.value = distance  # and nothing else happens in the window
    carm.logic.imageChanged.disconnect(note)
    assert drawn.count(("A", False)) == drawn.count(("B", False)) > 2
    carm.logic.set(biplane=False)
    carm.settle()
