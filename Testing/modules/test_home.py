"""The home module: what is installed, installation, sample data, tasks."""

import sys
import types

import pytest

pytestmark = pytest.mark.gui


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
    (level, text), *_ = host.shownMessages
    assert level == "error" and "Extensions Manager" in text
    assert installed == []
    host.exceptions.clear()  # shown, and raised again for the log

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
    liver = sources["SyntheticImagingCTLiver"]
    digest = liver.checksums[0].removeprefix("SHA256:")
    assert len(digest) == 64 and liver.uris[0].startswith("https://") and liver.uris[0].endswith(digest)
    assert sources["SyntheticImagingTorso"].customDownloader is not None


def test_torso_phantom_arrives_in_the_scene(host, panel):
    import slicer

    from SyntheticImagingLib import nodes

    panel.ui.seedSpinBox.value = 3
    panel.ui.phantomButton.click()
    host.processEvents()
    assert not [text for level, text in host.shownMessages if level == "error"]
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


def test_an_unreachable_download_says_so_and_leaves_the_scene(host, panel, monkeypatch):
    import slicer
    from SampleData import SampleDataLogic

    monkeypatch.setattr(SampleDataLogic, "downloadSamples", lambda self, name: [])
    before = slicer.mrmlScene.GetNumberOfNodes()
    panel.ui.liverButton.click()
    assert any(level == "error" and "network" in text for level, text in host.shownMessages)
    host.exceptions.clear()
    assert slicer.mrmlScene.GetNumberOfNodes() == before
