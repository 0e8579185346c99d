"""Pretrained Segmenter writes DICOM segmentations of volumes that came from DICOM."""

import dicom_nodes
import dicom_validators
import numpy as np
import pytest
import segmenter_console as console

from synthetic_imaging.errors import InputError

pytestmark = pytest.mark.gui
WORK_S = 60


@pytest.fixture
def folder(host, tmp_path, monkeypatch):
    with console.modelFolder(monkeypatch, tmp_path) as folder:
        yield folder


@pytest.fixture
def ct(host, folder):
    """A volume as the module DICOM loads it."""
    node = console.addCt()
    dicom_nodes.registerAsDicom(node, folder / "series")
    return node


def run(host, ct, folder):
    logic = host.selectModule("PretrainedSegmenter").logic
    return logic, logic.segment(ct, str(folder / "model.zip"), preset="fast")


def test_the_result_is_saved_by_the_button(host, ct, folder, monkeypatch):
    import qt

    from synthetic_imaging import io

    widget = host.selectModule("PretrainedSegmenter")
    ui = widget.ui
    assert not ui.dicomButton.enabled and "no result" in ui.dicomButton.toolTip
    ui.importEdit.currentPath = str(folder / "model.zip")
    ui.importButton.click()
    settle(host, widget)
    ui.volumeSelector.setCurrentNode(ct)
    ui.presetComboBox.currentIndex = 1
    ui.runButton.click()
    settle(host, widget)
    path, asked = folder / "out.dcm", []
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", lambda *arguments: asked.append(arguments) or str(path))
    assert ui.dicomButton.enabled, ui.dicomButton.toolTip
    ui.dicomButton.click()
    settle(host, widget)
    assert asked[0][2] == "CT Tiny.dcm" and "check it before use. Written to" in ui.resultLabel.text
    expected = console.expectedLabels(folder / "model.zip", ct, preset="fast")
    read = io.read_labels(path, like=io.read_volume(folder / "series"))
    np.testing.assert_array_equal(read.numpy(), expected)
    assert {read.metadata[f"Segment{index}_Name"] for index in (0, 1)} == {"Liver", "Spleen"}
    assert dicom_validators.faults(path) == []


def settle(host, widget):
    assert host.waitUntil(lambda: not widget.panel.isBusy, WORK_S)
    modelSection = widget.panel.models
    known = lambda: modelSection.described is not None or not modelSection.status().endswith("being read.")  # noqa: E731
    assert host.waitUntil(known, WORK_S)
    host.processEvents(50)


def colorOf(segment):
    """Red, green, blue to 255 of a segment of a DICOM segmentation."""
    import highdicom

    return highdicom.color.CIELabColor.from_dicom_value(segment.RecommendedDisplayCIELabValue).to_rgb()


def test_terms_and_colors_are_those_of_the_segments(host, ct, folder):
    import pydicom

    logic, node = run(host, ct, folder)
    segment = node.GetSegmentation().GetSegment("liver")
    segment.SetColor(0.2, 0.4, 0.6)
    path = logic.exportDicom(node, folder / "named")
    assert path == folder / "named.dcm"
    seg = pydicom.dcmread(path)
    liver = next(item for item in seg.SegmentSequence if item.SegmentLabel == "Liver")
    assert liver.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"
    assert liver.SegmentAlgorithmType == "AUTOMATIC" and liver.SegmentAlgorithmName == "tiny"
    assert colorOf(liver) == pytest.approx((51, 102, 153), abs=1)


def test_a_volume_from_another_file_is_refused_in_words(host, folder):
    logic, node = run(host, console.addCt(), folder)
    with pytest.raises(InputError, match="was not loaded from DICOM"):
        logic.exportDicom(node, folder / "out.dcm")
    assert not (folder / "out.dcm").exists()


def test_images_that_were_lost_or_moved_are_refused_in_words(host, ct, folder):
    logic, node = run(host, ct, folder)
    first = next((folder / "series").iterdir())
    first.rename(folder / "away.dcm")
    with pytest.raises(InputError, match=r"1 of 20 DICOM images .* Import them again"):
        logic.exportDicom(node, folder / "out.dcm")
    (folder / "away.dcm").rename(first)
    origin = ct.GetOrigin()
    ct.SetOrigin(origin[0] + 0.4, origin[1], origin[2])
    with pytest.raises(InputError, match="does not lie where its DICOM images do"):
        logic.exportDicom(node, folder / "out.dcm")
    assert not (folder / "out.dcm").exists()


def test_a_moved_scene_does_not_move_the_file(host, ct, folder):
    import slicer
    import vtk

    from synthetic_imaging import io

    logic, node = run(host, ct, folder)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 7)
    transform.SetMatrixTransformToParent(matrix)
    for moved in (ct, node):
        moved.SetAndObserveTransformNodeID(transform.GetID())
    read = io.read_labels(logic.exportDicom(node, folder / "out.dcm"), like=io.read_volume(folder / "series"))
    np.testing.assert_array_equal(read.numpy(), console.expectedLabels(folder / "model.zip", ct, preset="fast"))


def test_overlapping_segments_are_refused_in_words(host, ct, folder):
    logic, node = run(host, ct, folder)
    labels = np.ones((20, 24, 22), np.uint8)
    other = console.addReference(ct, labels, {1: "all"}, "Other")
    node.GetSegmentation().CopySegmentFromSegmentation(other.GetSegmentation(), "all")
    with pytest.raises(InputError, match="overlap"):
        logic.exportDicom(node, folder / "out.dcm")
