"""Virtual C-arm: the mouse on the X-ray views, and what lies over them and in 3D."""

import carm_console
import numpy as np
import pytest
from carm_console import BEAD_RAS


def plane(widget, name="A"):
    return widget.panel.views.planes[name]


def moveToBead(host, carm):
    view = carm.logic.shownView()
    host.moveSlice("Xray", tuple(view.pixel_ras(*view.project(BEAD_RAS)[0])))
    return view


def test_the_ray_of_the_mouse_runs_through_what_it_points_at(host, carm):
    carm.logic.setPose(25, 15)
    carm.settle()
    view = moveToBead(host, carm)
    ray = carm.panel.views.ray
    start, end = np.array(ray._line.GetPoint1()), np.array(ray._line.GetPoint2())
    np.testing.assert_allclose(start, view.source_ras, atol=1e-4)
    along = (end - start) / np.linalg.norm(end - start)
    beside = np.linalg.norm(np.cross(np.array(BEAD_RAS) - start, along))
    assert beside < view.pixel_mm[1]
    assert ray.node.GetDisplayNode().GetVisibility() and not ray.node.GetSaveWithScene()
    host.moveSlice("Red", (0.0, 0.0, 0.0))
    assert not ray.node.GetDisplayNode().GetVisibility()
    carm.ui.rayCheckBox.checked = False
    moveToBead(host, carm)
    assert not ray.node.GetDisplayNode().GetVisibility()
    carm.ui.rayCheckBox.checked = True


def test_slices_follow_the_ray_where_it_passes_the_isocenter(host, carm):
    import slicer

    carm.ui.slicesFollowCheckBox.checked = True
    carm.logic.setPose(0, 0)
    carm.settle()
    view = moveToBead(host, carm)
    source, along = view.ray(*view.project(BEAD_RAS)[0])
    nearest = source + along * (np.array(view.isocenter_ras) - source).dot(along)
    manager = slicer.app.layoutManager()
    for name, axis in (("Red", 2), ("Green", 1), ("Yellow", 0)):
        offset = manager.sliceWidget(name).mrmlSliceNode().GetSliceOffset()
        assert abs(offset) == pytest.approx(abs(nearest[axis]), abs=view.pixel_mm[1])
    carm.ui.slicesFollowCheckBox.checked = False


@pytest.mark.parametrize("mode", ["ViewTransform", "AdjustWindowLevel"])
def test_dragging_in_the_picture_sets_the_window_for_good(host, carm, mode):
    import slicer

    interaction = slicer.app.applicationLogic().GetInteractionNode()
    interaction.SetCurrentInteractionMode(getattr(interaction, mode))
    node, parameters = carm.logic.imageNode(), carm.logic.parameters
    before, voxels = (parameters.windowLow, parameters.windowHigh), carm_console.voxels(node).copy()
    view = carm.logic.shownView()
    host.dragSlice("Xray", tuple(view.pixel_ras(50, 70)), tuple(view.pixel_ras(90, 40)))
    carm.settle()
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    after = parameters.windowLow, parameters.windowHigh
    assert after[1] - after[0] > before[1] - before[0] + 0.1
    assert node.GetDisplayNode().GetWindow() == pytest.approx(after[1] - after[0])
    assert carm.ui.windowRange.maximumValue == pytest.approx(after[1], abs=0.01)
    carm.ui.laoSlider.value = 0.0 if carm.ui.laoSlider.value else 5.0
    carm.settle()
    assert (parameters.windowLow, parameters.windowHigh) == after
    assert voxels.shape == carm_console.voxels(node).shape


def test_the_image_hangs_at_the_detector_in_3d(carm):
    carm.logic.setPose(40, 10)
    carm.settle()
    model, view = plane(carm).imagePlane.node, carm.logic.view()
    points = [model.GetPolyData().GetPoint(index) for index in range(4)]
    corners = [view.pixel_ras(c, r) for c in (-0.5, 127.5) for r in (-0.5, 127.5)]
    before = -2.0 * view.direction_ras  # a little towards the source
    for corner in corners:
        assert min(np.linalg.norm(np.array(point) - corner - before) for point in points) < 1e-3
    texture = model.GetDisplayNode().GetTextureImageDataConnection()
    assert texture is carm.logic.imageNode().GetDisplayNode().GetImageDataConnection()
    carm.ui.image3DCheckBox.checked = False
    carm.settle()
    assert not model.GetDisplayNode().GetVisibility()
    carm.ui.image3DCheckBox.checked = True
    carm.settle()
    assert model.GetDisplayNode().GetVisibility()


def test_the_patient_is_in_3d_where_the_ct_is(carm):
    from VirtualCArmLib.scene import PatientSurface, SceneNodes

    carm.ui.patient3DCheckBox.checked = True
    carm.settle()
    skin = SceneNodes.find(carm.logic.parameters, "patientSkin")
    bounds = [0.0] * 6
    skin.GetRASBounds(bounds)
    # the body is an elliptic cylinder about the origin that runs through the CT
    np.testing.assert_allclose(bounds[:4], (-110, 110, -80, 80), atol=3.0)
    np.testing.assert_allclose(bounds[4:], (-100, 100), atol=9.0)  # whole voxels of 7.5 mm
    bones = SceneNodes.find(carm.logic.parameters, "patientBones")
    bones.GetRASBounds(bounds)
    np.testing.assert_allclose([bounds[0] + bounds[1], bounds[2] + bounds[3], bounds[4] + bounds[5]],
                               2 * np.array(BEAD_RAS), atol=2.0)  # fmt: skip
    carm.ui.patient3DCheckBox.checked = False
    carm.settle()
    assert not skin.GetDisplayNode().GetVisibility() and not skin.GetSaveWithScene()
    assert PatientSurface.isShownFor(carm.logic.parameters, carm.ct)


def test_landmarks_and_outlines_lie_over_the_picture_only(host, carm):
    import slicer

    from SyntheticImagingLib import nodes
    from VirtualCArmLib.scene.Landmarks import projectionNode

    points = carm_console.points("Marks", {"bead": BEAD_RAS, "far away": (500.0, 0.0, 0.0)})
    carm.ui.landmarksSelector.setCurrentNode(points)
    hu = slicer.util.arrayFromVolume(carm.ct)
    volume = nodes.volumeFromNode(carm.ct)
    segmentation = nodes.segmentationFromLabels(volume.like((hu > 1000).astype("uint8")), {1: "Bead"}, carm.ct, "S")
    carm.ui.segmentationSelector.setCurrentNode(segmentation)
    carm.settle()
    node, sliceNode = projectionNode(carm.logic.parameters, "A"), plane(carm).view.sliceNode
    assert list(node.GetDisplayNode().GetViewNodeIDs()) == [sliceNode.GetID()]
    assert carm.ui.landmarksLabel.text == "1 of 2 landmarks in the picture; far away: beside the detector"
    position = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(0, position)
    view = carm.logic.view()
    np.testing.assert_allclose(position, view.pixel_ras(*view.project(BEAD_RAS)[0]), atol=1e-6)
    composite = slicer.app.layoutManager().sliceWidget("Xray").mrmlSliceCompositeNode()
    labels = slicer.mrmlScene.GetNodeByID(composite.GetLabelVolumeID())
    assert sliceNode.GetUseLabelOutline()
    found = carm_console.center((carm_console.voxels(labels) > 0).astype(float))
    np.testing.assert_allclose(found, view.project(BEAD_RAS)[0], atol=0.7)
    carm.ui.outlinesCheckBox.checked = False
    carm.settle()
    assert composite.GetLabelVolumeID() is None
