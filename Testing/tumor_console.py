"""What the console tests of Synthetic Tumor look at: voxels, segments, and whether all results agree."""

import numpy as np
import tumor_bodies

from synthetic_imaging import tumor


def voxels(node):
    from slicer.util import arrayFromVolume

    return arrayFromVolume(node)


def segment(logic, segmentId):
    from slicer.util import arrayFromSegmentBinaryLabelmap

    return arrayFromSegmentBinaryLabelmap(logic.results.segmentation, segmentId, logic.inputs.ctNode)


def nodeNames(core):
    return sorted(core.scene.GetNthNode(index).GetName() or "" for index in range(core.scene.GetNumberOfNodes()))


def assertTruthAgrees(logic):
    """Segments, labels and points say the same as the lesions."""
    composition = logic.session.composition
    np.testing.assert_array_equal(segment(logic, "organ") > 0, composition.labels > 0)
    for index, lesion in enumerate(logic.lesions):
        np.testing.assert_array_equal(segment(logic, f"lesion_{index + 1}") > 0, composition.instances == index + 1)
        assert logic.results.points.GetNthControlPointPosition(index) == lesion.center_ras
        assert logic.results.points.GetNthControlPointLabel(index) == lesion.name
    segmentation = logic.results.segmentation.GetSegmentation()
    assert segmentation.GetNumberOfSegments() == 1 + len(logic.lesions)
    assert logic.results.points.GetNumberOfControlPoints() == len(logic.lesions)
    assert tumor.lesions_of(logic.results.record.GetText()) == list(logic.lesions)
    fresh = tumor.Composition(logic.case)
    fresh.set_lesions(logic.lesions)
    np.testing.assert_array_equal(voxels(logic.results.volume), fresh.hu)


def settle(host, widget):
    """Everything that a hand asked for is drawn and kept."""
    assert host.waitUntil(lambda: not widget.panel.live.isWaiting and not widget.logic.editing.isPreviewing)


def addBody(size_mm):
    """A CT shown in the slice views and a segmentation with the segment Liver: their nodes."""
    import slicer

    from SyntheticImagingLib import nodes

    ct, organ, _ = tumor_bodies.body(size_mm=size_mm)
    ctNode = nodes.volumeNodeFromVolume(ct, "CT")
    ctNode.CreateDefaultDisplayNodes()
    segmentation = nodes.segmentationFromLabels(organ, {1: "Liver"}, ctNode, "Organs")
    slicer.util.setSliceViewerLayers(background=ctNode, fit=True)
    return ctNode, segmentation
