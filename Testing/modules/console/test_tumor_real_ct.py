"""Synthetic Tumor from the console on a real CT with 5 mm slices and voxels outside the scan circle."""

import numpy as np
import pytest
import realdata
from tumor_console import assertTruthAgrees, voxels

CT, ORGAN = "crlm-ct-1006/crlm-ct-1006.nrrd", "crlm-ct-1006/crlm-ct-1006-liver-semiauto.nrrd"
PADDING_HU = -3024


@pytest.fixture
def realLogic():
    from synthetic_imaging.io import read_labels, read_volume
    from SyntheticImagingLib import nodes
    from SyntheticTumorLib.Logic import TumorLogic

    ct = read_volume(realdata.path(CT))
    ctNode = nodes.volumeNodeFromVolume(ct, "CT")
    segmentation = nodes.segmentationFromLabels(
        read_labels(realdata.path(ORGAN), like=ct), {1: "Liver"}, ctNode, "Organs"
    )
    logic = TumorLogic()
    logic.setInput(ctNode, segmentation, "liver")
    yield logic
    logic.cleanup()


def test_lesions_on_a_real_ct(realLogic):
    logic = realLogic
    original = voxels(logic.inputs.ctNode).copy()
    logic.addLesion(logic.case.clearest_site(), "metastasis-colorectal", 12.0)
    logic.addSeveral("small", 3, "hcc-portal", seed=1)
    logic.updateLesion(0, lobulation=0.5)
    hu = voxels(logic.results.volume)
    np.testing.assert_array_equal(voxels(logic.inputs.ctNode), original)
    assert hu.dtype == original.dtype
    np.testing.assert_array_equal(hu[original == PADDING_HU], original[original == PADDING_HU])
    for lesion, measured in zip(logic.lesions, logic.measures, strict=True):
        assert measured["clearance_mm"] > 0
        assert measured["volume_ml"] == pytest.approx(lesion.volume_mm3 / 1000, rel=0.1)
    assertTruthAgrees(logic)
    while logic.canUndo:
        logic.undo()
    np.testing.assert_array_equal(hu, original)
