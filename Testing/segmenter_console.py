"""For the tests of Pretrained Segmenter: a small volume, a tiny model in a catalog of its own, a reference."""

import contextlib
import dataclasses

import numpy as np
import segmentation_models as models


@contextlib.contextmanager
def modelFolder(monkeypatch, folder):
    """The folder with model.zip, the tiny package, and the catalog; no file of a request is left in the end."""
    check = isolate(monkeypatch, folder)
    models.package(folder / "model.zip", card=dataclasses.replace(models.CARD, postprocessing=()))
    yield folder
    check()


def addCt(name="CT", seed=0, shape=(20, 24, 22), below=True):
    """A CT-like volume node of blobs in air. below: with air; else all values are positive, as those of MR."""
    from SyntheticImagingLib import nodes

    volume = models.image(shape=shape, seed=seed)
    if not below:
        volume = volume.like((volume.numpy() + 1200).astype(np.int16))
    node = nodes.volumeNodeFromVolume(volume, name)
    node.CreateDefaultDisplayNodes()
    return node


def addSequence(count=3):
    """A sequence of CT-like volumes: the browser, and the volume that shows one of them."""
    import slicer

    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Breathing")
    sequence.SetIndexName("phase")
    for index in range(count):
        frame = addCt(f"phase {index}", seed=index)
        sequence.SetDataNodeAtValue(frame, str(index))
        slicer.mrmlScene.RemoveNode(frame)
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Breathing browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    return browser, browser.GetProxyNode(sequence)


def expectedLabels(path, node, **settings):
    """What the core's model says of a volume node."""
    from synthetic_imaging import segmentation
    from synthetic_imaging.steps import finished
    from SyntheticImagingLib import nodes

    model = segmentation.open_model(path)
    return finished(model.segment([nodes.volumeFromNode(node)], segmentation.Settings(**settings))).numpy()


def addReference(node, labels, names, name="Reference"):
    """A segmentation node of a label array on the grid of a volume node."""
    from SyntheticImagingLib import nodes

    volume = nodes.volumeFromNode(node)
    return nodes.segmentationFromLabels(volume.like(labels), names, node, name)


def arrayOf(segmentation, segmentId, volume):
    from slicer.util import arrayFromSegmentBinaryLabelmap

    return arrayFromSegmentBinaryLabelmap(segmentation, segmentId, volume)


def isolate(monkeypatch, folder):
    """A catalog and a temporary folder of its own; call the result in the end: no file of a request may be left."""
    scratch = folder / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setenv("SYNTHETIC_IMAGING_MODELS", str(folder / "models"))

    def check():
        assert not list(scratch.glob("pretrained-segmenter-*"))

    return check
