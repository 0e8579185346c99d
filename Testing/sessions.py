"""A session with Synthetic Tumor as a person would have it, for the demonstration and the pictures."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTENSION = ROOT / "SyntheticImagingExt"
PREPARATION_S = 120
ABDOMEN_WINDOW, ABDOMEN_LEVEL = 300, 80


def startHost(interactive=False, size=(1500, 950)):
    """The window with the extension's modules."""
    sys.path[:0] = [str(folder) for folder in sorted(EXTENSION.iterdir()) if folder.is_dir()]
    import slicer_host

    files = [str(folder / f"{folder.name}.py") for folder in sorted(EXTENSION.iterdir()) if folder.is_dir()]
    return slicer_host.start(modules=files, size=size, interactive=interactive)


def loadPhantom():
    """The torso phantom: CT node, segmentation node, id of the liver's segment."""
    from SyntheticImagingLib import samples

    ct, segmentation = samples.addTorsoPhantom()
    segmentation.GetDisplayNode().SetVisibility(False)
    return ct, segmentation, "liver"


def loadFiles(ctPath, organPath):
    """A CT file and a label file of one organ, as nodes; InputError when they cannot be used."""
    from synthetic_imaging.io import read_labels, read_volume
    from SyntheticImagingLib import nodes, samples

    volume = read_volume(ctPath)
    labels = read_labels(organPath, like=volume)
    ct = nodes.volumeNodeFromVolume(volume, Path(ctPath).name.split(".")[0])
    ct.CreateDefaultDisplayNodes()
    organ = labels.like((labels.numpy() > 0).astype("uint8"))
    name = organName(organPath)
    segmentation = nodes.segmentationFromLabels(organ, {1: name}, ct, f"{ct.GetName()} {name}")
    samples.showAbdomen(ct)
    ct.GetDisplayNode().SetWindowLevel(ABDOMEN_WINDOW, ABDOMEN_LEVEL)
    return ct, segmentation, segmentation.GetSegmentation().GetNthSegmentID(0)


def organName(path):
    """What the file's name says about the organ, else "Organ"."""
    from SyntheticImagingLib import terms

    return (terms.findTerm(Path(path).name.split(".")[0]) or "organ").capitalize()


def openModule(host, ct, segmentation, segmentId):
    """Choose CT and organ in the module's panel and wait for the preparation; the module's widget."""
    widget = host.selectModule("SyntheticTumor")
    widget.ui.ctSelector.setCurrentNode(ct)
    widget.ui.organSelector.setCurrentNode(segmentation)
    widget.ui.organSelector.setCurrentSegmentID(segmentId)
    if not host.waitUntil(lambda: widget.logic.isReady, PREPARATION_S):
        raise SystemExit(f"The CT could not be prepared: {widget.ui.inputStatusLabel.text}")
    host.processEvents(300)  # a window that has just opened is still being laid out
    return widget


def goTo(host, ras, fieldMm=None):
    """Bring the slice views to a point; with a field of view in millimeters also center and zoom."""
    import slicer

    slicer.modules.markups.logic().JumpSlicesToLocation(*ras, fieldMm is not None)
    if fieldMm is not None:
        for name in ("Red", "Green", "Yellow"):
            node = slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()
            width, height, depth = node.GetFieldOfView()
            node.SetFieldOfView(fieldMm, fieldMm * height / width, depth)
    host.processEvents(50)


def choosePreset(widget, name, radiusMm):
    widget.ui.presetComboBox.currentIndex = widget.logic.presetNames().index(name)
    widget.ui.placeRadiusSlider.value = radiusMm


def clickLesion(host, widget, ras):
    """Place a lesion by a click into the axial view."""
    goTo(host, ras)
    before = len(widget.logic.lesions)
    if not widget.ui.placeButton.checked:
        widget.ui.placeButton.click()
    host.clickSlice("Red", ras)
    host.processEvents(200)
    widget.ui.placeButton.click()
    host.processEvents(50)
    if len(widget.logic.lesions) == before:
        raise SystemExit(f"No lesion was placed: {widget.ui.messageLabel.text}")


def dragLesion(host, widget, index, offsetMm, steps=10):
    """Drag a lesion's point in the axial view."""
    center = widget.logic.lesions[index].center_ras
    goTo(host, center)
    end = tuple(a + b for a, b in zip(center, offsetMm, strict=True))
    host.dragSlice("Red", center, end, steps=steps)
    host.processEvents(400)


def setSlider(host, widget, name, value):
    getattr(widget.ui, name).value = value
    host.waitUntil(lambda: not widget.logic.editing.isPreviewing, 5)
