"""Synthetic Tumor exports DICOM: the series with lesions and its segmentations, in the study that the CT came from."""

import dicom_nodes
import numpy as np
import pydicom
import pytest

from synthetic_imaging import io

PATIENT = {"DICOM.PatientName": "Doe^Jane", "DICOM.PatientID": "7", "DICOM.StudyInstanceUID": "1.2.3.4"}


@pytest.fixture
def source(widget, tmp_path):
    """A slice of the series that the CT was loaded from."""
    files = dicom_nodes.registerAsDicom(widget.logic.inputs.ctNode, tmp_path / "source", PATIENT)
    return pydicom.dcmread(files[0])


def test_the_panel_exports_dicom_in_the_study_of_the_ct(host, widget, source, tmp_path):
    widget.ui.suggestButton.click()
    out = tmp_path / "out"
    widget.ui.exportFolderEdit.currentPath = str(out)
    widget.ui.exportDicomCheckBox.checked = True
    widget.ui.exportButton.click()
    assert host.waitUntil(lambda: not widget.ui.jobFrame.visible)
    assert not widget.ui.messageLabel.visible, widget.ui.messageLabel.text
    names = {"ct.nrrd", "instances.nrrd", "labels.nrrd", "lesions.json", "dicom", "labels.dcm", "instances.dcm"}
    assert {path.name for path in out.iterdir()} == names
    made = pydicom.dcmread(next((out / "dicom").iterdir()))
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert made[keyword].value == source[keyword].value
    assert made.SeriesInstanceUID != source.SeriesInstanceUID and made.SeriesDescription.startswith("synthetic")
    ct = io.read_volume(out / "dicom")
    for name in ("labels", "instances"):
        read = io.read_labels(out / f"{name}.dcm", like=ct).numpy()
        np.testing.assert_array_equal(read, io.read_labels(out / f"{name}.nrrd").numpy())
    assert pydicom.dcmread(out / "labels.dcm").StudyInstanceUID == source.StudyInstanceUID


def test_a_ct_that_was_moved_has_a_frame_of_reference_of_its_own(host, widget, source, tmp_path):
    import slicer
    import vtk

    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 20)
    transform.SetMatrixTransformToParent(matrix)
    inputs = widget.logic.inputs
    for node in (inputs.ctNode, inputs.organNode):
        node.SetAndObserveTransformNodeID(transform.GetID())
    host.processEvents(200)
    widget.ui.suggestButton.click()
    assert host.waitUntil(lambda: widget.logic.lesions), widget.ui.messageLabel.text
    paths = widget.logic.exportTo(tmp_path / "out", dicom=True)
    made = pydicom.dcmread(next(paths["dicom"].iterdir()))
    assert made.FrameOfReferenceUID != source.FrameOfReferenceUID and made.PatientID == "7"


def test_a_ct_from_another_file_is_of_nobody(widget, tmp_path):
    widget.ui.suggestButton.click()
    paths = widget.logic.exportTo(tmp_path / "out", dicom=True)
    assert pydicom.dcmread(next(paths["dicom"].iterdir())).PatientID == "synthetic"
    assert {"ct", "labels", "instances", "lesions", "dicom", "labels.dcm", "instances.dcm"} == set(paths)
