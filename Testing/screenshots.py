"""``make screenshots``: the pictures of the README, of the window at work on the phantom and on a real CT."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import carm_pictures
import pytest
import realdata
import segmenter_pictures
import sessions
import slicer_host
import turing_pictures

FIELD_MM = 230.0
GAP_PX = 6
REAL_CT, REAL_ORGAN = "crlm-ct-1006/crlm-ct-1006.nrrd", "crlm-ct-1006/crlm-ct-1006-liver-semiauto.nrrd"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=realdata.REPOSITORY / "Resources" / "Screenshots")
    parser.add_argument("--laptop", action="store_true", help="in the window of a laptop, 1366 by 768 pixels")
    options = parser.parse_args()
    folder = options.out
    folder.mkdir(parents=True, exist_ok=True)
    host = sessions.startHost(size=slicer_host.LAPTOP if options.laptop else slicer_host.DESKTOP)
    phantom(host, folder)
    segmenter_pictures.segmenter(host, folder)
    try:
        files = [realdata.path(name) for name in (REAL_CT, REAL_ORGAN)]
    except pytest.skip.Exception as error:
        print(f"Only the phantom's pictures were made: {error}")
        return
    realCt(host, folder, files)
    carm_pictures.carm(host, folder)
    turing_pictures.turing(host, folder, files)


def phantom(host, folder):
    """Several kinds of lesions in the phantom, in three planes and in 3D, and the panel with everything unfolded."""
    widget = sessions.openModule(host, *sessions.loadPhantom())
    sessions.choosePreset(widget, "metastasis-colorectal", 13.0)
    sessions.clickLesion(host, widget, widget.logic.case.clearest_site())
    widget.ui.satelliteButton.click()
    for name, radiusMm in (("hcc-portal", 9.0), ("cyst", 8.0)):
        sessions.choosePreset(widget, name, radiusMm)
        widget.ui.suggestButton.click()
    widget.ui.lesionTable.selectRow(0)
    showIn3D(host, widget)
    sessions.goTo(host, widget.logic.lesions[0].center_ras, FIELD_MM)
    host.screenshot(folder / "SyntheticTumorPhantom.png")
    unfold(widget, True)
    host.screenshot(folder / "SyntheticTumorPanel.png", widget=widget.parent)
    unfold(widget, False)
    leave(host)


def realCt(host, folder, files):
    """A metastasis among the real ones: at work, before and after, dragged to a vessel, and over time."""
    widget = sessions.openModule(host, *sessions.loadFiles(*files))
    logic, ui = widget.logic, widget.ui
    sessions.choosePreset(widget, "metastasis-colorectal", 12.0)
    sessions.clickLesion(host, widget, logic.case.clearest_site())
    sessions.setSlider(host, widget, "lobulationSlider", 45)
    for name, radiusMm in (("hcc-portal", 8.0), ("cyst", 5.0)):
        sessions.choosePreset(widget, name, radiusMm)
        ui.suggestButton.click()
    ui.lesionTable.selectRow(0)
    showIn3D(host, widget)
    sessions.goTo(host, logic.lesions[0].center_ras, FIELD_MM)
    host.screenshot(folder / "SyntheticTumor.png")
    beforeAndAfter(host, widget, folder / "SyntheticTumorBeforeAfter.png")
    collide(host, widget)
    host.screenshot(folder / "SyntheticTumorVesselWarning.png")
    ui.undoButton.click()
    grow(host, widget)
    host.screenshot(folder / "SyntheticTumorGrowth.png")
    leave(host)


def beforeAndAfter(host, widget, path):
    """The axial view without any mark: the CT as it was, and with the lesion."""
    from PySide6.QtGui import QImage, QPainter

    logic, ui = widget.logic, widget.ui
    ui.originalButton.click()
    before = host.screenshot(widget=host.sliceView("Red"))
    ui.originalButton.click()
    marks = [logic.results.points, logic.results.segmentation]
    for node in marks:
        node.GetDisplayNode().SetVisibility2D(False)
    after = host.screenshot(widget=host.sliceView("Red"))
    for node in marks:
        node.GetDisplayNode().SetVisibility2D(True)
    both = QImage(before.width() + after.width() + GAP_PX, before.height(), QImage.Format_RGB32)
    both.fill(0xFFFFFFFF)
    painter = QPainter(both)
    painter.drawImage(0, 0, before)
    painter.drawImage(before.width() + GAP_PX, 0, after)
    painter.end()
    both.save(str(path))


def showIn3D(host, widget):
    widget.ui.surfacesCheckBox.checked = True
    lookFromTheFront(host)


def unfold(widget, everything):
    for section in (widget.ui.moreSection, widget.ui.resultsSection, widget.ui.growthSection):
        section.collapsed = not everything


def lookFromTheFront(host):
    import slicer

    view = slicer.app.layoutManager().threeDWidget(0).threeDView()
    view.resetFocalPoint()
    view.resetCamera()
    host.processEvents(100)


def collide(host, widget):
    """Drag the first lesion toward the nearest vessel in its slice."""
    logic = widget.logic
    center = logic.lesions[0].center_ras
    ends = [(center[0] + r, center[1] + a, center[2]) for r in range(-30, 31, 3) for a in range(-30, 31, 3)]
    inside = [end for end in ends if logic.siteAt(end)["inside"] and logic.siteAt(end)["surfaceMm"] > 12]
    end = min(inside, key=lambda point: logic.siteAt(point)["vesselMm"])
    sessions.dragLesion(host, widget, 0, tuple(b - a for a, b in zip(center, end, strict=True)))
    sessions.goTo(host, logic.lesions[0].center_ras, FIELD_MM)


def grow(host, widget):
    ui = widget.ui
    ui.lesionTable.selectRow(0)
    ui.frameCountSpinBox.value, ui.intervalSpinBox.value = 6, 45
    for section in (ui.inputSection, ui.placeSection, ui.lesionSection):
        section.collapsed = True
    ui.growthSection.collapsed = False
    ui.growthButton.click()
    host.waitUntil(lambda: not ui.jobFrame.visible, 120)
    ui.seekWidget.slider().setValue(5)
    sessions.goTo(host, widget.logic.lesions[0].center_ras, FIELD_MM)
    host.processEvents(50)


def leave(host):
    host.selectModule("SyntheticImaging")
    host.clearScene()


if __name__ == "__main__":
    main()
