"""Virtual C-arm from the console on a real CT of abdomen and pelvis with metal in the left femur."""

import carm_console
import numpy as np
import pytest
import realdata
from carm_console import points, voxels

FOLDER = "totalsegmentator-example"
BONES = ("hip_left", "hip_right", "femur_left", "femur_right")


@pytest.fixture
def pelvis():
    """The logic, the CT prepared, the isocenter between the hips; the segmentation of the bones chosen."""
    from synthetic_imaging.io import read_labels, read_volume
    from SyntheticImagingLib import nodes

    ct = read_volume(realdata.path(f"{FOLDER}/example_ct.nii.gz"))
    ctNode = nodes.volumeNodeFromVolume(ct, "Pelvis")
    segmentation = nodes.createSegmentation(ctNode, "Bones")
    centers = {}
    for name in BONES:
        mask = read_labels(realdata.path(f"{FOLDER}/example_ct_masks_v1/{name}.nii.gz"), like=ct).numpy() > 0
        nodes.addSegment(segmentation, name, name)
        nodes.setSegmentRegion(segmentation, name, mask, (slice(None),) * 3, ctNode)
        centers[name] = tuple(ct.ras_from_ijk(np.argwhere(mask)[:, ::-1].mean(axis=0)).tolist())
    logic = carm_console.newLogic()
    logic.setCt(ctNode)
    logic.setMachine("generic")
    logic.setPose(isocenterRas=tuple(np.mean([centers["hip_left"], centers["hip_right"]], axis=0)))
    logic.parameters.segmentation = segmentation
    logic.parameters.landmarks = points("Centers", centers)
    yield logic
    logic.cleanup()


def test_bones_are_outlined_where_they_absorb_and_sides_are_right(pelvis):
    from VirtualCArmLib.scene import OutlineNodes

    pelvis.setBeam(noise=False)
    values = voxels(pelvis.image())
    pelvis.parts.images.drawNow()
    node = OutlineNodes.outlineNode(pelvis.parameters, "A")
    labels, colors = voxels(node), node.GetDisplayNode().GetColorNode()
    masks = {
        bone: np.isin(labels, [n for n in range(1, labels.max() + 1) if bone in colors.GetColorName(n).split(" + ")])
        for bone in BONES
    }
    centers = {bone: np.argwhere(mask)[:, 1].mean() for bone, mask in masks.items()}
    # seen from the front: the patient's left is at the right of the picture
    assert centers["femur_left"] > 256 > centers["femur_right"] and centers["hip_left"] > 256 > centers["hip_right"]
    marks = {mark.name: mark for mark in pelvis.landmarks()}
    for bone, mask in masks.items():
        place = np.argwhere(mask).mean(axis=0)
        assert np.hypot(marks[bone].column - place[1], marks[bone].row - place[0]) < 40
    around = (values > 1) & ~np.any(list(masks.values()), axis=0)
    rows = np.argwhere(masks["femur_left"])[:, 0]
    band = slice(rows.min(), rows.max())
    assert values[band][masks["femur_left"][band]].mean() > values[band][around[band]].mean() + 0.3
    # the metal
    assert values[masks["femur_left"]].max() > values[masks["femur_right"]].max() + 0.5


def test_inlet_and_outlet_are_told_by_the_order_of_pubis_and_sacrum(pelvis):
    """What lies in front comes down in the picture when the detector goes to the head, as in an inlet view."""
    center = np.array(pelvis.view().isocenter_ras)
    pelvis.parameters.landmarks = points(
        "Depths", {"front": np.add(center, (0, 60, 0)), "back": np.subtract(center, (0, 60, 0))}
    )
    rows = {}
    for name in ("inlet", "outlet"):
        pelvis.setView(name)
        pelvis.image()
        rows[name] = {mark.name: mark.row for mark in pelvis.landmarks()}
    assert rows["inlet"]["front"] > rows["inlet"]["back"] and rows["outlet"]["front"] < rows["outlet"]["back"]
    assert any("rays miss anatomy beyond its inferior end" in notice for notice in pelvis.notices)
