"""The home module: what is installed, installation, sample data, tasks."""

import sys
import tempfile
import types
from pathlib import Path

import pytest

pytestmark = pytest.mark.gui
PHANTOM_S = 120


@pytest.fixture(autouse=True)
def temporaryFolder(tmp_path, monkeypatch):
    """Folders for temporary files that no other process uses."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def panel(host):
    widget = host.selectModule("SyntheticImaging")
    widget.home.refresh()
    return widget


@pytest.fixture
def needs(monkeypatch, tmp_path, panel):
    """A function that makes the extension need other packages."""
    from SyntheticImagingLib import requirements

    def change(*lines):
        file = tmp_path / "requirements.txt"
        file.write_text("# what is needed\n\n" + "\n".join(lines) + "\n")
        monkeypatch.setattr(requirements, "REQUIREMENTS_FILE", file)
        panel.home.refresh()

    yield change
    monkeypatch.undo()
    panel.home.refresh()


@pytest.fixture
def installed(host):
    """What slicer.packaging was asked to install."""
    import slicer.packaging

    slicer.packaging.installed.clear()
    return slicer.packaging.installed


def rows(table):
    return [[table.item(row, column).text() for column in range(4)] for row in range(table.rowCount)]


def test_shows_what_is_installed_without_importing_it(panel, needs):
    needs("numpy>=1.26", "tqdm>=9999", "no-such-package>=2")
    states = {row[0]: row[3] for row in rows(panel.ui.requirementsTable)}
    assert states == {"numpy": "ok", "tqdm": "too old", "no-such-package": "missing"}
    assert panel.ui.installButton.enabled
    assert "tqdm" in panel.ui.installButton.toolTip and "numpy" not in panel.ui.installButton.toolTip
    assert not panel.ui.phantomButton.enabled


def test_everything_installed_leaves_nothing_to_press(panel):
    assert {row[3] for row in rows(panel.ui.requirementsTable)} == {"ok"}
    assert not panel.ui.installButton.enabled
    assert panel.ui.phantomButton.enabled


def test_the_table_is_folded_when_all_is_well_and_has_no_scroll_bar(host, panel, needs):
    ui = panel.ui
    host.selectModule("SyntheticTumor")
    host.selectModule("SyntheticImaging")
    assert ui.requirementsButton.collapsed and "complete" in ui.requirementsButton.text
    needs(*[f"no-such-package-{number}>=1.0,<2.0" for number in range(9)])
    panel.home.enter()
    host.processEvents(20)
    assert not ui.requirementsButton.collapsed and "packages are missing" in ui.requirementsButton.text
    table = ui.requirementsTable
    assert not table.verticalScrollBar().visible and not table.horizontalScrollBar().visible
    assert table.viewport().height >= table.verticalHeader().length()


def test_install_asks_first(host, panel, needs, installed):
    from PySide6.QtWidgets import QMessageBox

    needs("numpy>=1.26", "no-such-package>=2")
    host.dialogs.answers.append(QMessageBox.Cancel)
    panel.ui.installButton.click()
    assert installed == []
    assert any("no-such-package>=2" in text for _level, text in host.shownMessages)
    panel.ui.installButton.click()
    assert installed == ["no-such-package>=2"]


def test_torch_comes_from_the_pytorch_extension(host, panel, needs, installed, monkeypatch):
    needs("torch>=9999", "no-such-package")
    panel.ui.installButton.click()
    assert "Extensions Manager" in panel.ui.messageLabel.text and not host.shownMessages
    assert installed == []

    asked = []

    class Logic:
        def installTorch(self, **arguments):
            asked.append(arguments)

    monkeypatch.setitem(sys.modules, "PyTorchUtils", types.SimpleNamespace(PyTorchUtilsLogic=Logic))
    panel.ui.installButton.click()
    assert asked == [{"askConfirmation": False, "torchVersionRequirement": ">=9999"}]
    assert installed == ["no-such-package"]


def test_a_task_without_its_packages_says_where_to_install(needs):
    from synthetic_imaging.errors import InputError
    from SyntheticImagingLib import requirements

    needs("no-such-package>=2")
    with pytest.raises(InputError, match=r"no-such-package.*Synthetic Imaging"):
        requirements.requireInstalled()


def test_device_is_found_when_asked(panel):
    panel.ui.deviceButton.click()
    assert panel.ui.deviceLabel.text == "CPU" or panel.ui.deviceLabel.text.startswith("CUDA: ")


def test_notice_version_and_patent_are_shown(panel):
    from synthetic_imaging import __version__

    assert "Not for clinical use" in panel.ui.noticeLabel.text
    assert __version__ in panel.ui.aboutText.property("plainText")
    assert "patents" in panel.ui.aboutText.property("plainText")


def test_every_task_button_opens_its_module(host, panel):
    import slicer

    assert panel.home.taskButtons
    for name, button in panel.home.taskButtons.items():
        host.selectModule("SyntheticImaging")
        button.click()
        host.processEvents()
        assert slicer.util.selectedModule() == name


def test_sample_data_are_registered_with_a_checksum(host):
    import slicer

    sources = {source.sampleName: source for source in slicer.modules.sampleDataSources["Synthetic Imaging"]}
    liver = sources["CT with liver metastases"]
    digest = liver.checksums[0].removeprefix("SHA256:")
    assert len(digest) == 64 and liver.uris[0].startswith("https://") and liver.uris[0].endswith(digest)
    assert sources["Torso phantom (synthetic)"].customDownloader is not None


def test_torso_phantom_arrives_in_the_scene(host, panel):
    import slicer

    from SyntheticImagingLib import nodes

    panel.ui.seedSpinBox.value = 3
    panel.ui.phantomButton.click()
    assert panel.ui.jobFrame.visible and not panel.ui.phantomButton.enabled
    stages = set()

    def isDone():
        stages.add(panel.ui.jobLabel.text)
        return not panel.home.isBusy

    assert host.waitUntil(isDone, PHANTOM_S)
    assert any("Painting the tissues" in stage for stage in stages) and panel.ui.phantomButton.enabled
    assert not host.shownMessages and not panel.ui.jobFrame.visible and not folders()
    (ct,) = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    (segmentation,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert "synthetic" in ct.GetName() and ct.GetAttribute("SyntheticImaging.Synthetic") == "1"
    liver = segmentation.GetSegmentation().GetSegmentIdBySegmentName("Liver")
    inside = nodes.labelsFromSegment(segmentation, liver, ct).numpy() > 0
    voxels = slicer.util.arrayFromVolume(ct)[inside]
    assert 60 < voxels.mean() < 160
    vessels = nodes.labelsFromSegment(segmentation, "liver_vessels", ct).numpy() > 0
    assert 0.01 < vessels.sum() / inside.sum() < 0.3
    assert inside[vessels].all()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    parents = {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in (ct, segmentation)}
    assert len(parents) == 1 and parents != {hierarchy.GetSceneItemID()}
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == ct.GetID()


def test_the_phantom_of_the_worker_is_that_of_the_console(host, panel):
    import numpy as np
    import slicer
    from slicer.util import arrayFromSegmentBinaryLabelmap

    from SyntheticImagingLib import nodes

    made = panel.logic.addTorsoPhantom(2)
    panel.ui.seedSpinBox.value = 2
    panel.ui.phantomButton.click()
    assert host.waitUntil(lambda: not panel.home.isBusy, PHANTOM_S)
    (ct,) = set(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) - {made[0]}
    (segmentation,) = set(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) - {made[1]}
    assert [ct.GetName(), segmentation.GetName()] == [node.GetName() for node in made]
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(ct), slicer.util.arrayFromVolume(made[0]))
    np.testing.assert_array_equal(nodes.worldMatrix(ct), nodes.worldMatrix(made[0]))
    ids = segmentation.GetSegmentation().GetSegmentIDs()
    assert ids == made[1].GetSegmentation().GetSegmentIDs()
    for segmentId in ids:
        one, other = (arrayFromSegmentBinaryLabelmap(node, segmentId, ct) for node in (segmentation, made[1]))
        np.testing.assert_array_equal(one, other)


def test_a_canceled_phantom_leaves_nothing(host, panel):
    panel.ui.phantomButton.click()
    before = itemCount(), host.scene.GetNumberOfNodes()
    assert host.waitUntil(lambda: "Growing" in panel.ui.jobLabel.text, PHANTOM_S) and folders()
    panel.ui.cancelButton.click()
    assert not panel.home.isBusy and not panel.ui.jobFrame.visible and not folders()
    assert (itemCount(), host.scene.GetNumberOfNodes()) == before and panel.ui.phantomButton.enabled


@pytest.mark.parametrize("how", ["button", "closed scene"])
def test_a_phantom_that_is_canceled_on_its_way_into_the_scene_leaves_nothing(host, panel, how):
    from synthetic_imaging import phantom
    from SyntheticImagingLib import samples

    before = itemCount(), host.scene.GetNumberOfNodes()
    steps = samples.phantomSteps(phantom.torso(shape=(40, 64, 64)), 0)
    panel.home.run("Adding", steps, None)
    assert host.waitUntil(lambda: host.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1)
    assert panel.home.isBusy
    if how == "button":
        panel.ui.cancelButton.click()
        assert (itemCount(), host.scene.GetNumberOfNodes()) == before
    else:
        host.clearScene()
        assert not host.scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode")
    assert not panel.home.isBusy and not panel.ui.jobFrame.visible


def test_sample_data_wait_for_the_phantom_while_the_window_lives(host):
    import slicer
    from PySide6.QtCore import QTimer
    from SampleData import SampleDataLogic

    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start(20)
    ct, segmentation = SampleDataLogic().downloadSamples("Torso phantom (synthetic)")
    timer.stop()
    assert ct.GetScene() is slicer.mrmlScene and segmentation.GetSegmentation().GetNumberOfSegments() > 20
    assert len(ticks) > 50 and not folders()


def test_the_phantom_of_sample_data_can_be_canceled(host):
    import slicer
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QProgressDialog
    from SampleData import SampleDataLogic

    before = slicer.mrmlScene.GetNumberOfNodes()

    def dialogs():
        return [dialog for dialog in host.window.findChildren(QProgressDialog) if dialog.visible]

    def cancel():
        (dialog,) = dialogs()
        dialog.canceled.emit()

    QTimer.singleShot(1500, cancel)
    assert SampleDataLogic().downloadSamples("Torso phantom (synthetic)") == []
    host.processEvents()
    assert slicer.mrmlScene.GetNumberOfNodes() == before and not folders()
    assert not dialogs()


def folders():
    """What workers have left in the folder for temporary files."""
    return list(Path(tempfile.gettempdir()).glob("torso-phantom-*"))


def itemCount():
    import slicer
    import vtk

    hierarchy, items = slicer.mrmlScene.GetSubjectHierarchyNode(), vtk.vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    return items.GetNumberOfIds()


def test_an_unreachable_download_says_so_and_leaves_the_scene(host, panel, monkeypatch):
    import slicer
    from SampleData import SampleDataLogic

    monkeypatch.setattr(SampleDataLogic, "downloadSamples", lambda self, name: [])
    before = slicer.mrmlScene.GetNumberOfNodes()
    panel.ui.liverButton.click()
    assert "Check the network" in panel.ui.messageLabel.text and not host.shownMessages
    assert slicer.mrmlScene.GetNumberOfNodes() == before
