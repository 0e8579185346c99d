"""Pretrained Segmenter in the window: models, runs, results and measures, as a person has them."""

import http.server
import os
import signal
import threading

import numpy as np
import pytest
import segmentation_models as models
import segmenter_console as console

from synthetic_imaging.segmentation.catalog import shipped

pytestmark = pytest.mark.gui
WORK_S = 60


@pytest.fixture
def folder(host, tmp_path, monkeypatch):
    with console.modelFolder(monkeypatch, tmp_path) as folder:
        yield folder


@pytest.fixture
def segmenter(host, folder):
    """Pretrained Segmenter, open, with one CT in the scene and no model on the computer."""
    import slicer

    ct = console.addCt()
    widget = host.selectModule("PretrainedSegmenter")
    widget.ct = ct
    host.processEvents(50)
    yield widget
    widget.panel.cancel()
    widget.ui.filterEdit.text = ""
    slicer.util.selectModule("SyntheticImaging")


@pytest.fixture
def ready(host, segmenter, folder):
    """The same with the tiny model imported and chosen."""
    segmenter.ui.importEdit.currentPath = str(folder / "model.zip")
    segmenter.ui.importButton.click()
    wait(host, segmenter)
    return segmenter


def wait(host, widget):
    """Until nothing is running and the chosen model is known."""
    assert host.waitUntil(lambda: not widget.panel.isBusy, WORK_S)
    models = widget.panel.models

    def known():
        return models.described is not None or not models.status().endswith("being read.")

    assert host.waitUntil(known, WORK_S)
    host.processEvents(50)


def predictions():
    import slicer

    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    return [node for node in nodes if node.GetAttribute("SyntheticImaging.Prediction")]


def texts(table, column=0):
    return [table.item(row, column).text() for row in range(table.rowCount)]


def test_the_list_is_filtered_and_tells_what_is_not_for_commerce(host, segmenter):
    ui = segmenter.ui
    assert ui.modelTable.rowCount == len(shipped()) and ui.volumeSelector.currentNode() is segmenter.ct
    assert not ui.runButton.enabled and "Choose a model" in ui.runButton.toolTip
    for words, count in (("pancreas in mr", 2), ("pancreas ultrasound", 0)):
        ui.filterEdit.text = words
        assert ui.modelTable.rowCount == count
    ui.filterEdit.text = "non-commercial"
    assert ui.modelTable.rowCount == 3 and all("(non-commercial)" in text for text in texts(ui.modelTable))
    ui.modelTable.selectRow(0)
    card = ui.cardText.plainText
    assert "Not for commercial use." in card and "has to be imported from a file" in card
    assert not ui.downloadButton.enabled and "no address" in ui.downloadButton.toolTip
    ui.filterEdit.text = "liver 117 3mm"
    ui.modelTable.selectRow(0)
    assert ui.downloadButton.enabled and not ui.removeButton.enabled
    assert "135 MB" in ui.cardText.plainText and "not on this computer yet" in ui.runButton.toolTip


def test_a_model_is_imported_told_of_and_removed(host, ready):
    ui = ready.ui
    assert texts(ui.modelTable)[0] == "Tiny" and texts(ui.modelTable, 2)[0] == "here"
    assert ready.panel.parameters.model == "tiny"
    card = ui.cardText.plainText
    for words in ("Random weights, for tests.", "liver, spleen", "Dice 0.9", "0123abc", "CC0-1.0", "Tests only.",
                  "Finds nothing real."):  # fmt: skip
        assert words in card
    assert ui.runButton.enabled, ui.runButton.toolTip
    assert "take 0 MB" in ui.folderLabel.text.replace("\u200b", "")
    ui.removeButton.click()
    assert ready.panel.parameters.model == "tiny" and "Choose a model of the list" in ui.cardText.plainText
    assert "here" not in texts(ui.modelTable, 2) and not ui.runButton.enabled


def test_run_makes_a_segmentation_that_is_seen(host, ready, folder):
    import slicer

    ui, ct = ready.ui, ready.ct
    ui.presetComboBox.currentIndex = 2
    ui.runButton.click()
    assert ui.jobFrame.visible and not ui.runButton.enabled and "Wait until" in ui.runButton.toolTip
    wait(host, ready)
    (node,) = predictions()
    expected = console.expectedLabels(folder / "model.zip", ct, preset="fast")
    assert np.array_equal(console.arrayOf(node, "spleen", ct) != 0, expected == 2)
    assert node.GetAttribute("SyntheticImaging.Preset") == "fast"
    assert texts(ui.structureTable) == ["Liver", "Spleen"]
    voxelMl = np.prod(ct.GetSpacing()) / 1000
    assert texts(ui.structureTable, 1)[0] == f"{(expected == 1).sum() * voxelMl:.1f}"
    assert ": 2 structures." in ui.resultLabel.text and "done in" in ui.logText.plainText
    red = slicer.app.layoutManager().sliceWidget("Red")
    assert red.mrmlSliceCompositeNode().GetBackgroundVolumeID() == ct.GetID()
    ui.structureTable.itemClicked.emit(ui.structureTable.item(1, 0))
    ras = [red.sliceLogic().GetSliceOffset()]
    k = round((ras[0] - 30) / 2)
    assert (expected[k] == 2).any(), "the axial slice goes through the spleen"
    assert not node.GetSegmentation().ContainsRepresentation("Closed surface")
    ui.surfacesButton.click()
    assert node.GetSegmentation().ContainsRepresentation("Closed surface")
    assert ui.segmentationSelector.currentNode() is node


def test_long_names_do_not_widen_the_panel(host, ready):
    ui, width = ready.ui, ready.parent.width
    long = console.addCt("A very long name of a volume that came from somewhere and has all of its series description")
    ui.volumeSelector.setCurrentNode(long)
    labels = np.ones((20, 24, 22), np.uint8)
    ui.compareSection.collapsed = False
    ui.segmentationSelector.setCurrentNode(console.addReference(long, labels, {1: "Liver"}, f"{long.GetName()} liver"))
    host.processEvents(100)
    assert ready.parent.width <= width + 20, "but for a scroll bar"


def test_cancel_leaves_scene_and_disk_as_they_were_at_once(host, ready, folder):
    import slicer

    before, heard = slicer.mrmlScene.GetNumberOfNodes(), []

    def hold(*words):
        heard.append(words)
        os.kill(job._process.processId(), signal.SIGSTOP)

    job = ready.panel._worker._job
    for isUnderWay in (False, True):
        ready.ui.runButton.click()
        if isUnderWay:
            # The worker is held at its first words: on a fast machine it would be done before the button is clicked.
            job.progress.connect(hold)
            assert host.waitUntil(lambda: heard, WORK_S) and ready.panel.isBusy
        ready.ui.cancelButton.click()
        assert not ready.panel.isBusy and ready.ui.runButton.enabled
        assert not list((folder / "scratch").glob("pretrained-segmenter-*"))
        assert slicer.mrmlScene.GetNumberOfNodes() == before
    job.progress.disconnect(hold)


def test_a_worker_that_dies_is_told_with_its_last_words_and_what_to_do(host, ready, monkeypatch):
    ui = ready.ui
    ui.runButton.click()
    host.processEvents(200)
    os.kill(ready.panel._worker._job._process.processId(), signal.SIGKILL)
    wait(host, ready)
    assert "The worker stopped." in ui.messageLabel.text and "memory ran out" in ui.messageLabel.text
    assert "ended with a crash" in ui.logText.plainText and not ui.logSection.collapsed
    assert ui.runButton.enabled and not predictions() and not host.shownMessages
    monkeypatch.setattr("PretrainedSegmenterLib.SegmenterWork.SegmenterWork.module", "no_such_module")
    ui.runButton.click()
    wait(host, ready)
    assert "package of the worker is missing" in ui.messageLabel.text.lower()
    assert "No module named no_such_module" in ui.logText.plainText


def test_what_does_not_fit_is_said_beside_the_button(host, ready):
    ui = ready.ui
    ui.volumeSelector.setCurrentNode(console.addCt("MR", below=False))
    ui.runButton.click()
    wait(host, ready)
    assert "It looks like MR" in ui.messageLabel.text and not predictions() and not host.shownMessages
    assert ui.acceptHuButton.visible
    ui.acceptHuButton.click()
    assert not ui.acceptHuButton.visible
    wait(host, ready)
    assert len(predictions()) == 1, "taken for HU on the user's word"
    ui.volumeSelector.setCurrentNode(None)
    assert not ui.runButton.enabled and "Choose a volume" in ui.runButton.toolTip


def test_a_queue_is_done_one_after_the_other(host, ready):
    ui = ready.ui
    second = console.addCt("Second", seed=1)
    ui.queueButton.click()
    ui.volumeSelector.setCurrentNode(second)
    ui.queueButton.click()
    assert texts(ui.queueTable) == ["CT", "Second"] and ui.queueTable.isVisibleTo(ui.runSection)
    ui.runButton.click()
    assert host.waitUntil(lambda: len(predictions()) == 2, WORK_S)
    wait(host, ready)
    reference = [node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) for node in predictions()]
    assert reference == [ready.ct, second]
    assert not ui.queueTable.isVisibleTo(ui.runSection) and not ready.panel.running.hasQueue


def test_a_sequence_shows_its_segmentations(host, ready):
    ui = ready.ui
    browser, volume = console.addSequence(2)
    assert not ui.sequenceCheckBox.isVisibleTo(ui.inputSection)
    ui.volumeSelector.setCurrentNode(volume)
    assert ui.sequenceCheckBox.isVisibleTo(ui.inputSection)
    ui.sequenceCheckBox.checked = True
    ui.runButton.click()
    wait(host, ready)
    assert browser.GetSequenceNode(predictions()[0]).GetNumberOfDataNodes() == 2


def test_selectors_follow_the_channels_of_the_model(host, segmenter, folder):
    ui = segmenter.ui
    two = models.nnunet_folder(folder / "two", channels=("T1", "T2"), schemes=("ZScoreNormalization",) * 2)
    ui.importEdit.currentPath = str(two)
    ui.importButton.click()
    wait(host, segmenter)
    (selector,) = segmenter.panel.input.channelSelectors
    assert ui.volumeLabel.text == "T1:" and selector.isVisibleTo(ui.inputSection)
    assert not ui.runButton.enabled and "each image that the model takes" in ui.runButton.toolTip
    selector.setCurrentNode(console.addCt("T2", seed=1))
    assert ui.runButton.enabled
    ui.runButton.click()
    wait(host, segmenter)
    assert predictions(), ui.messageLabel.text


def test_steps_and_region_of_the_panel_reach_the_run(host, ready):
    from scipy.ndimage import label

    ui = ready.ui
    mask = np.zeros((20, 24, 22), np.uint8)
    mask[4:16, 6:20, 4:18] = 1
    region = console.addReference(ready.ct, mask, {1: "Box"}, "Region")
    ui.regionSelector.setCurrentNode(region)
    ui.regionSelector.setCurrentSegmentID("box")
    ui.marginSpinBox.value = 0
    ui.largestCheckBox.checked = True
    ui.runButton.click()
    wait(host, ready)
    found = console.arrayOf(predictions()[0], "liver", ready.ct)
    assert label(found, np.ones((3, 3, 3)))[1] == 1 and not found[mask == 0].any()


class SlowServer(http.server.ThreadingHTTPServer):
    """Gives the bytes of a file; all but the first of them only when it may."""

    def __init__(self, data):
        self.data, self.may, self.asked = data, threading.Event(), []
        super().__init__(("127.0.0.1", 0), SlowHandler)


class SlowHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(server.data) - 1}/{len(server.data)}")
        self.send_header("Content-Length", str(len(server.data) - begin))
        self.send_header("ETag", '"1"')
        self.end_headers()
        half = len(server.data) // 2
        try:
            self.wfile.write(server.data[begin:half])
            self.wfile.flush()
            server.may.wait(WORK_S)
            self.wfile.write(server.data[max(begin, half) :])
        except OSError:
            pass  # the worker was ended

    def log_message(self, *_arguments):
        """Nothing is said."""


def test_a_download_is_canceled_and_goes_on_at_once(host, segmenter, folder):
    server = SlowServer((folder / "model.zip").read_bytes())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ui = segmenter.ui
    try:
        ui.urlEdit.text = f"http://127.0.0.1:{server.server_port}/tiny.zip"
        ui.urlButton.click()
        assert host.waitUntil(lambda: server.asked, WORK_S)
        host.processEvents(200)
        ui.cancelButton.click()
        assert not segmenter.panel.isBusy
        assert not list((folder / "models").glob(".downloads/*.lock"))
        server.may.set()
        ui.urlButton.click()
        wait(host, segmenter)
    finally:
        server.may.set()
        server.shutdown()
        server.server_close()
    assert [entry.id for entry in segmenter.logic.models() if entry.installed] == ["tiny"], ui.messageLabel.text
    assert "Finds nothing real." in ui.cardText.plainText


def test_a_damaged_model_is_told_of_and_others_can_be_used(host, segmenter, folder):
    ui = segmenter.ui
    # another one than in the tests before: what is known of a model is kept by its hash
    data = models.package(folder / "model2.zip").read_bytes()
    (folder / "half.zip").write_bytes(data[: len(data) // 2])
    ui.importEdit.currentPath = str(folder / "half.zip")
    ui.importButton.click()
    wait(host, segmenter)
    assert "half.zip" in ui.messageLabel.text and ui.importButton.enabled
    assert not [entry for entry in segmenter.logic.models() if entry.installed]
    type(segmenter.logic)().importModel(folder / "model2.zip")  # as from the shell
    (folder / "models" / "tiny" / "model.zip").write_bytes(data[:-1])
    segmenter.panel.models.read()
    ui.modelTable.selectRow(0)
    assert host.waitUntil(lambda: "was changed" in ui.runButton.toolTip, WORK_S), ui.runButton.toolTip
    assert not ui.runButton.enabled


def test_a_result_is_compared_with_a_reference(host, ready):
    ui = ready.ui
    ui.runButton.click()
    wait(host, ready)
    labels = console.expectedLabels(ready.logic.modelsFolder() / "tiny" / "model.zip", ready.ct)
    ui.referenceSelector.setCurrentNode(console.addReference(ready.ct, labels, {1: "Liver", 2: "Spleen"}))
    ui.toleranceSpinBox.value = 1
    ui.compareButton.click()
    wait(host, ready)
    assert ui.compareLabel.text.startswith("2 structures compared."), ui.messageLabel.text
    table = ui.measureTableView.mrmlTableNode()
    assert [table.GetCellText(row, 1) for row in range(2)] == ["1", "1"]
    assert ui.showChartButton.enabled
    ui.showChartButton.click()
    ui.showTableButton.click()


def test_another_module_offers_a_volume_and_gets_the_result(host, ready):
    found = []
    other = console.addCt("Other", seed=2)
    ready.offer(other, found.append)
    assert ready.ui.volumeSelector.currentNode() is other
    ready.ui.runButton.click()
    wait(host, ready)
    assert found == predictions()
    ready.ui.runButton.click()
    wait(host, ready)
    assert len(found) == 1 and len(predictions()) == 2


def test_a_script_that_does_not_wait_is_called_back(host, ready, folder):
    from synthetic_imaging.errors import InputError

    done = []
    assert ready.logic.segment(ready.ct, folder / "model.zip", waitForCompletion=False, onDone=done.append) is None
    with pytest.raises(InputError, match="A model is running"):
        ready.logic.segment(ready.ct, folder / "model.zip", waitForCompletion=False)
    assert host.waitUntil(lambda: done, WORK_S)
    assert done == predictions()
    ready.logic.segment(ready.ct, folder / "model.zip", waitForCompletion=False, onDone=done.append)
    host.processEvents(100)
    ready.logic.cancel()
    host.processEvents(100)
    assert len(done) == 1 and len(predictions()) == 1


def test_a_scene_brings_choices_and_measures_back(host, ready, folder):
    ui = ready.ui
    ui.presetComboBox.currentIndex = 2
    ui.marginSpinBox.value = 35
    ui.crfCheckBox.checked = True
    host.saveScene(folder / "scene.mrb")
    host.clearScene()
    assert ui.marginSpinBox.value == 20 and ui.resultLabel.text == ""
    host.loadScene(folder / "scene.mrb")
    host.processEvents(100)
    assert ui.marginSpinBox.value == 35 and ui.crfCheckBox.checked and ready.panel.parameters.model == "tiny"


def test_closing_the_scene_ends_the_run(host, ready):
    ready.ui.runButton.click()
    host.processEvents(100)
    host.clearScene()
    assert not ready.panel.isBusy
    host.processEvents(100)
    assert not predictions()
