"""What a model found in every item of a sequence, as a sequence of segmentations."""

import slicer

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import nodes

from .Prediction import FILL_OPACITY, PREDICTION_ATTRIBUTE, addPrediction


class PredictionSequence:
    """Collects predictions; ``finish`` shows them together with the images, ``discard`` leaves nothing."""

    def __init__(self, browser, imagesSequence, volumeNode):
        self._browser, self._images, self._volume = browser, imagesSequence, volumeNode
        self._sequence = None

    def add(self, prediction, value):
        """The prediction for the item of an index value."""
        node = addPrediction(prediction, self._volume)
        try:
            if self._sequence is None:
                self._create(node.GetName())
            if self._sequence.GetScene() is None or self._browser.GetScene() is None:
                raise InputError("The sequence was deleted while it was segmented. Start it again.")
            self._sequence.SetDataNodeAtValue(node, value)
        finally:
            nodes.removeWithDisplays(node)

    def _create(self, name):
        self._sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
        self._sequence.SetIndexName(self._images.GetIndexName())
        self._sequence.SetIndexUnit(self._images.GetIndexUnit())
        self._sequence.SetIndexType(self._images.GetIndexType())
        self._sequence.SetAttribute(PREDICTION_ATTRIBUTE, "1")

    def finish(self):
        """The segmentation node that shows the item of the shown image."""
        self._browser.AddSynchronizedSequenceNode(self._sequence)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(self._browser)
        node = self._browser.GetProxyNode(self._sequence)
        node.SetAttribute(PREDICTION_ATTRIBUTE, "1")
        if node.GetDisplayNode() is None:
            node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetOpacity2DFill(FILL_OPACITY)
        node.SetNodeReferenceID(node.GetReferenceImageGeometryReferenceRole(), self._volume.GetID())
        nodes.placeBeside(node, self._volume)
        return node

    def discard(self):
        """It is not finished."""
        if self._sequence is not None and self._sequence.GetScene() is not None:
            slicer.mrmlScene.RemoveNode(self._sequence)
        self._sequence = None
