"""Volumes that do not look like a CT in HU, from the console: refused by one rule, and taken on the user's word."""

import carm_console
import numpy as np
import pytest
import tumor_bodies
from tumor_console import assertTruthAgrees, voxels

from synthetic_imaging.errors import NotHounsfieldError


def addUnsigned(dtype, size_mm=60.0):
    """A CT as it is stored, HU + 1024, in unsigned voxels, and its liver."""
    import slicer

    from SyntheticImagingLib import nodes

    ct, organ, _ = tumor_bodies.body(size_mm=size_mm)
    ctNode = slicer.util.addVolumeFromArray((ct.numpy() + 1024).astype(dtype), ijkToRAS=ct.ijk_to_ras, name="Raw")
    return ctNode, nodes.segmentationFromLabels(organ, {1: "Liver"}, ctNode, "Organs")


@pytest.fixture
def tumorLogic(core):
    from SyntheticTumorLib.Logic import TumorLogic

    logic = TumorLogic()
    yield logic
    logic.cleanup()


@pytest.fixture
def carmLogic(core):
    logic = carm_console.newLogic()
    logic.parameters.imageSize = 96
    yield logic
    logic.cleanup()


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_unsigned_voxels_are_no_hu_and_no_traceback(tumorLogic, carmLogic, dtype):
    ctNode, segmentation = addUnsigned(dtype)
    with pytest.raises(NotHounsfieldError, match=r"'Raw' .*HU \+ 1024.*acceptHu=True"):
        tumorLogic.setInput(ctNode, segmentation, "liver")
    with pytest.raises(NotHounsfieldError, match=r"'Raw' .*HU \+ 1024"):
        carmLogic.setCt(ctNode)
    assert (
        not tumorLogic.isReady and carmLogic.ctNode is None and ctNode.GetAttribute("SyntheticImaging.AcceptHu") is None
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_accepted_once_it_holds_for_every_task_and_lesions_may_be_below_zero(tumorLogic, carmLogic, dtype):
    from slicer.util import updateVolumeFromArray

    ctNode, segmentation = addUnsigned(dtype)
    stored = np.random.default_rng(0).integers(4, 40, voxels(ctNode).shape).astype(dtype)
    updateVolumeFromArray(ctNode, stored)
    tumorLogic.setInput(ctNode, segmentation, "liver", acceptHu=True)
    index = tumorLogic.addAtSuggestedSite("cyst", radiusMm=6)
    tumorLogic.updateLesion(index, contrastHu=-200)
    assert voxels(tumorLogic.results.volume).min() < -50
    assert voxels(ctNode).dtype == dtype and np.array_equal(voxels(ctNode), stored), "the input stays as it is"
    assertTruthAgrees(tumorLogic)
    carmLogic.setCt(ctNode)
    assert carmLogic.isReady and np.isfinite(voxels(carmLogic.image())).all()


def test_what_the_application_knows_of_the_header_counts(carmLogic):
    import slicer

    ctNode = carm_console.addCt()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(ctNode) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), ctNode)
    hierarchy.SetItemAttribute(item, "DICOM.Modality", "MR")
    with pytest.raises(NotHounsfieldError, match="its header says MR"):
        carmLogic.setCt(ctNode)
    hierarchy.SetItemAttribute(item, "DICOM.Modality", "CT")
    units = slicer.vtkCodedEntry()
    units.SetValueSchemeMeaning("Bq/ml", "UCUM", "Becquerels/milliliter")
    ctNode.SetVoxelValueUnits(units)
    with pytest.raises(NotHounsfieldError, match="its units are Bq/ml"):
        carmLogic.setCt(ctNode)
    units.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
    ctNode.SetVoxelValueUnits(units)
    carmLogic.setCt(ctNode)
    assert carmLogic.isReady


def test_a_ct_that_was_clipped_at_its_top_is_imaged_and_said(carmLogic):
    from slicer.util import updateVolumeFromArray

    ctNode = carm_console.addCt()
    noise = np.random.default_rng(0).normal(0, 60, voxels(ctNode).shape)
    updateVolumeFromArray(ctNode, np.rint(voxels(ctNode) + noise).clip(-1024, 110).astype(np.int16))
    carmLogic.setCt(ctNode)
    assert any("The highest value is 110" in notice for notice in carmLogic.notices)
