"""``make demo``: synthetic tumors in a CT, in the window; without a display a session off screen with every module.

Off screen, a scripted session clicks, drags and moves sliders as a person would, and leaves pictures of every module,
the scene and the exported files in a folder. With a display, the window opens with the module and the CT, and is yours.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import carm_pictures
import segmenter_pictures
import sessions
import turing_pictures

SIZE_PX = (1920, 1080)
FIELD_MM = 260.0
LONG_WORK_S = 120


def main():
    options = parse()
    import slicer_host

    try:
        interactive = slicer_host.has_display() and not options.offscreen
        host = sessions.startHost(interactive, SIZE_PX)
        nodes = sessions.loadFiles(options.ct, options.organ) if options.ct else sessions.loadPhantom()
    except slicer_host.MissingLibrariesError as error:
        raise SystemExit(str(error)) from error
    except ValueError as error:
        raise SystemExit(f"The input cannot be used: {error}") from error
    if interactive:
        widget = sessions.openModule(host, *nodes)
        sessions.goTo(host, widget.logic.case.clearest_site())
        print("The window is open. Press Place by clicking and click in the liver; close the window to end.")
        sys.exit(host.app.exec())
    show(host, nodes, options.out.resolve())


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for pictures, scene and files")
    parser.add_argument("--ct", type=Path, help="a CT (NRRD, NIfTI, MetaImage, DICOM folder); default: the phantom")
    parser.add_argument("--organ", type=Path, help="label file of the organ; its nonzero voxels count")
    parser.add_argument("--offscreen", action="store_true", help="the scripted session even where there is a display")
    options = parser.parse_args()
    if (options.ct is None) != (options.organ is None):
        parser.error("--ct and --organ go together: the CT, and the label file of the organ in it")
    return options


def show(host, nodes, folder):
    """The scripted session: each module once."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = Pictures(host, folder)
    host.selectModule("SyntheticImaging")
    picture.take("home")
    widget = sessions.openModule(host, *nodes)
    logic = widget.logic
    sessions.goTo(host, logic.case.clearest_site())
    picture.take("input")
    sessions.goTo(host, logic.case.clearest_site(), FIELD_MM)
    sessions.choosePreset(widget, firstOf(logic, "metastasis-colorectal"), 10.0)
    sessions.clickLesion(host, widget, logic.case.clearest_site())
    picture.take("placed")
    sessions.dragLesion(host, widget, 0, roomAround(logic, 0))
    picture.take("dragged")
    sessions.setSlider(host, widget, "lobulationSlider", 60)
    widget.ui.satelliteButton.click()
    sessions.choosePreset(widget, firstOf(logic, "hcc-portal"), 7.0)
    widget.ui.suggestButton.click()
    sessions.choosePreset(widget, "cyst", 5.0)
    widget.ui.suggestButton.click()
    widget.ui.lesionTable.selectRow(0)
    host.processEvents(100)
    picture.take("several")
    widget.ui.originalButton.click()
    picture.take("original")
    widget.ui.originalButton.click()
    export(host, widget, folder)
    host.saveScene(folder / "scene.mrb")
    grow(host, widget)
    picture.take("growth")
    report(host, widget, folder)
    xray(host, widget.logic.inputs.ctNode)
    picture.take("xray")
    segmented(host, *nodes[:2])
    picture.take("segmented")
    readers(host)
    picture.take("readers")
    print(f"Pictures, scene.mrb, ct.nrrd, labels.nrrd, instances.nrrd and lesions.json are in {folder}")


def firstOf(logic, wanted):
    """A preset that suits the organ: the wanted one among the first, else the first."""
    names = logic.presetNames()
    return wanted if wanted in names[:4] else names[0]


def roomAround(logic, index):
    """A way of some millimeters in the axial plane that ends inside the organ, away from vessels if there is room."""
    center = logic.lesions[index].center_ras
    ways = [(right, anterior, 0.0) for right in (-12, -8, 8, 12) for anterior in (-8, 0, 8)]
    ends = [tuple(a + b for a, b in zip(center, way, strict=True)) for way in ways]
    sites = [logic.siteAt(end) for end in ends]
    rooms = [min(site["vesselMm"], site["surfaceMm"]) if site["inside"] else -1 for site in sites]
    return ways[rooms.index(max(rooms))]


def export(host, widget, folder):
    widget.ui.exportFolderEdit.currentPath = str(folder)
    widget.ui.exportButton.click()
    if not host.waitUntil(lambda: not widget.panel.isBusy, LONG_WORK_S):
        raise SystemExit("The files were not written in time.")


def grow(host, widget):
    """The first lesion over half a year, shown at its last day."""
    widget.ui.lesionTable.selectRow(0)
    widget.ui.intervalSpinBox.value = 45
    widget.ui.frameCountSpinBox.value = 5
    widget.ui.growthSection.collapsed = False
    widget.ui.growthButton.click()
    if not host.waitUntil(lambda: widget.ui.showGrowthButton.checked, LONG_WORK_S):
        raise SystemExit(f"The lesion did not grow: {widget.ui.messageLabel.text}")
    widget.ui.seekWidget.slider().setValue(4)
    host.processEvents(100)


def report(host, widget, folder):
    if widget.ui.messageLabel.text or host.exceptions:
        raise SystemExit(f"The demonstration did not go well: {widget.ui.messageLabel.text} {host.exceptions}")
    for lesion, measured in zip(widget.logic.lesions, widget.logic.measures, strict=True):
        print(
            f"{lesion.name}: {lesion.preset}, radius {lesion.radius_mm:.1f} mm, {measured['volume_ml']:.2f} mL, "
            f"{measured['mean_hu']:.0f} HU, {measured['clearance_mm']:.1f} mm from the nearest vessel"
        )


def xray(host, ct):
    """The same patient in a C-arm, seen obliquely."""
    widget = host.selectModule("VirtualCArm")
    widget.ui.ctSelector.setCurrentNode(ct)
    if not host.waitUntil(lambda: widget.logic.isReady, sessions.PREPARATION_S):
        raise SystemExit(f"The CT could not be prepared: {widget.ui.noticeLabel.text}")
    carm_pictures.settle(host, widget)
    widget.ui.laoSlider.value = 30
    carm_pictures.settle(host, widget)
    widget.ui.fitWindowButton.click()
    carm_pictures.settle(host, widget)


def segmented(host, ct, organs):
    """The body of the same patient, found by the example model."""
    host.setLayout("FourUp")
    with tempfile.TemporaryDirectory() as folder:
        segmenter_pictures.segment(host, ct, organs, Path(folder))


def readers(host):
    """A published reader study, evaluated anew."""
    widget = host.selectModule("VisualTuring")
    host.setLayout("FourUp")
    with tempfile.TemporaryDirectory() as folder:
        turing_pictures.report(host, widget, Path(folder))


class Pictures:
    """Numbered pictures of the window."""

    def __init__(self, host, folder):
        self._host, self._folder, self._number = host, folder, 0

    def take(self, name):
        self._number += 1
        self._host.screenshot(self._folder / f"{self._number}-{name}.png")


if __name__ == "__main__":
    main()
