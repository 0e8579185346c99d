"""The pictures of Virtual C-arm: a chest, a pelvis with outlines, landmarks and a wire, two planes, and the panel."""

import json

import realdata
import sessions

CHEST_CT = "cptac-pda-c3n-00249-chest/cptac-pda-c3n-00249-chest.nrrd"
PELVIS_CT = "totalsegmentator-example/example_ct.nii.gz"
PELVIS_LABELS = "totalsegmentator-example/example_ct_labels_v1_combined"
BONES = ("hip_left", "hip_right", "femur_left", "femur_right", "sacrum")
DRAWN_S = 120


def carm(host, folder):
    """All pictures, from the files of ``realdata``."""
    widget = openCt(host, realdata.path(CHEST_CT))
    chest(host, widget, folder)
    leave(host)
    widget = openCt(host, realdata.path(PELVIS_CT))
    pelvis(host, widget, folder)
    leave(host)


def openCt(host, path):
    """The CT of a file, chosen in the module and drawn; the module's widget."""
    from synthetic_imaging.io import read_volume
    from SyntheticImagingLib import nodes, samples

    ct = nodes.volumeNodeFromVolume(read_volume(path), path.name.split(".")[0])
    ct.CreateDefaultDisplayNodes()
    samples.showAbdomen(ct)
    widget = host.selectModule("VirtualCArm")
    if not host.waitUntil(lambda: widget.logic.isReady, sessions.PREPARATION_S):
        raise SystemExit(f"The CT could not be prepared: {widget.ui.noticeLabel.text}")
    settle(host, widget)
    return widget


def settle(host, widget):
    """Wait until everything is drawn."""
    live, panel = widget.panel.live, widget.panel
    if not host.waitUntil(lambda: not (live.isWaiting or panel.backgroundIsRunning), DRAWN_S):
        raise SystemExit("The image was not drawn in time.")
    host.processEvents(300)


def chest(host, widget, folder):
    """A chest from the front with the mouse on it, two planes, and the panel with every section open."""
    ui = widget.ui
    ui.machineComboBox.setCurrentIndex(ui.machineComboBox.findData("generic"))
    ui.machineComboBox.activated.emit(ui.machineComboBox.currentIndex)
    ui.laoSlider.value, ui.cranSlider.value = 20, 0
    ui.detailSlider.value = 0.6
    settle(host, widget)
    ui.fitWindowButton.click()
    settle(host, widget)
    host.moveSlice("Xray", tuple(widget.logic.shownView().pixel_ras(200, 330)))
    host.screenshot(folder / "VirtualCArm.png")
    ui.laoSlider.value = 0
    ui.biplaneCheckBox.checked = True
    settle(host, widget)
    host.screenshot(folder / "VirtualCArmBiplane.png")
    ui.biplaneCheckBox.checked = False
    for section in (ui.distancesSection, ui.collimationSection, ui.beamSection):
        section.collapsed = False
    settle(host, widget)
    host.screenshot(folder / "VirtualCArmPanel.png", widget=widget.parent)
    for section in (ui.distancesSection, ui.collimationSection, ui.beamSection):
        section.collapsed = True


def pelvis(host, widget, folder):
    """As in fluoroscopy, with bones outlined, landmarks, and a wire on its way into a femur."""
    import numpy as np

    ui, logic = widget.ui, widget.logic
    segmentation, places = bones(logic.ctNode)
    logic.setMachine("generic")
    hips = (places["hip_left"] + places["hip_right"]) / 2
    logic.setPose(cranDeg=10, isocenterRas=tuple(hips + np.array([0.0, 0.0, 35.0])))
    ui.segmentationSelector.setCurrentNode(segmentation)
    ui.landmarksSelector.setCurrentNode(landmarks(places))
    head = places["femur_left top"]
    logic.addKwire(tuple(head + np.array([-70.0, 0.0, -45.0])), tuple(head), diameterMm=3.0)
    ui.invertedCheckBox.checked = True
    ui.windowRange.setValues(3.3, 6.2)
    ui.detailSlider.value = 0.8
    ui.poseSection.collapsed, ui.overlaySection.collapsed, ui.toolsSection.collapsed = True, False, False
    settle(host, widget)
    host.screenshot(folder / "VirtualCArmPelvis.png")
    ui.poseSection.collapsed, ui.overlaySection.collapsed, ui.toolsSection.collapsed = False, True, True


def bones(ctNode):
    """A segmentation of the pelvis, and by name the middle of each bone and the top of each femur (RAS mm)."""
    import numpy as np

    from synthetic_imaging.io import read_labels
    from SyntheticImagingLib import nodes

    volume = nodes.volumeFromNode(ctNode)
    labels = read_labels(realdata.path(f"{PELVIS_LABELS}.nrrd"), like=volume)
    names = json.loads(realdata.path(f"{PELVIS_LABELS}.json").read_text(encoding="utf-8"))
    chosen = {int(value): name for value, name in names.items() if name in BONES}
    data = np.where(np.isin(labels.numpy(), list(chosen)), labels.numpy(), 0).astype(np.uint8)
    titles = {value: name.replace("_", " ").capitalize() for value, name in chosen.items()}
    segmentation = nodes.segmentationFromLabels(labels.like(data), titles, ctNode, "Pelvis")
    segmentation.GetDisplayNode().SetVisibility3D(False)
    places = {}
    for value, name in chosen.items():
        points = volume.ras_from_ijk(np.argwhere(data == value)[:, ::-1])
        places[name] = points.mean(0)
        places[f"{name} top"] = points[points[:, 2] > points[:, 2].max() - 12].mean(0)
    return segmentation, places


def landmarks(places):
    import slicer
    import vtk

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Femoral heads")
    node.CreateDefaultDisplayNodes()
    for side in ("left", "right"):
        node.AddControlPointWorld(vtk.vtkVector3d(*places[f"femur_{side} top"]), f"Femoral head {side}")
    return node


def leave(host):
    host.selectModule("SyntheticImaging")
    host.clearScene()
