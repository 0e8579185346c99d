"""The section Input: one volume for each channel of the model, and what is looked at."""

import qt
import slicer
from slicer.i18n import tr as _

from SyntheticImagingLib.widgets import quiet, setTextIfNew, silent


class InputSection:
    """onChosen(): called after the user has chosen something else."""

    def __init__(self, ui, onChosen):
        self.ui, self._onChosen, self._parameters = ui, onChosen, None
        self.channelSelectors, self._labels = [], []
        quiet(ui.regionSelector)
        ui.volumeSelector.currentNodeChanged.connect(lambda *_a: onChosen())
        ui.regionSelector.currentNodeChanged.connect(self._onRegion)
        ui.regionSelector.currentSegmentChanged.connect(self._onRegion)

    def setParameters(self, parameters):
        self._parameters = parameters
        if parameters is not None:
            with silent(self.ui.regionSelector):
                self.ui.regionSelector.setCurrentNode(parameters.regionSegmentation)
                self.ui.regionSelector.setCurrentSegmentID(parameters.regionSegmentId)

    @property
    def volumeNodes(self):
        """The channels in the model's order; None where nothing is chosen."""
        visible = [selector for selector in self.channelSelectors if selector.property("used")]
        return (self.ui.volumeSelector.currentNode(), *(selector.currentNode() for selector in visible))

    @property
    def region(self):
        """Segmentation node and id of the segment only around which is looked, (None, "") for none."""
        parameters = self._parameters
        node, segmentId = parameters.regionSegmentation, parameters.regionSegmentId
        return (node, segmentId) if node is not None and segmentId else (None, "")

    def refresh(self, described):
        """As many selectors as the model has channels; described: what is known of it, or None."""
        names = described["channels"] if described else [""]
        setTextIfNew(self.ui.volumeLabel, f"{names[0] or _('Volume')}:")
        while len(self.channelSelectors) < len(names) - 1:
            self._addSelector()
        for index, (label, selector) in enumerate(zip(self._labels, self.channelSelectors, strict=True), 1):
            used = index < len(names)
            setTextIfNew(label, f"{names[index]}:" if used else "")
            selector.setProperty("used", used)
            label.visible = selector.visible = used
        self.ui.channelsWidget.visible = len(names) > 1
        self.ui.sequenceCheckBox.visible = self.isOfSequence

    @property
    def isOfSequence(self):
        """Whether the chosen volume shows an item of a sequence."""
        volume = self.ui.volumeSelector.currentNode()
        logic = slicer.modules.sequences.logic()
        return volume is not None and logic.GetFirstBrowserNodeForProxyNode(volume) is not None

    def status(self):
        """Why nothing can be segmented; "" when all channels are chosen."""
        if any(node is None for node in self.volumeNodes):
            return _("Choose a volume for each image that the model takes.")
        return ""

    def propose(self):
        """The only volume of the scene, where none is chosen."""
        volumes = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if _isImage(node)]
        if self._parameters.volume is None and len(volumes) == 1:
            self._parameters.volume = volumes[0]
            self._onChosen()

    def _addSelector(self):
        selector, label = slicer.qMRMLNodeComboBox(), qt.QLabel()
        selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        selector.showChildNodeTypes = selector.addEnabled = selector.removeEnabled = False
        selector.noneEnabled = True
        selector.noneDisplay = _("Choose a volume")
        selector.objectName = f"channelSelector{len(self.channelSelectors) + 2}"
        selector.setMRMLScene(slicer.mrmlScene)
        self.ui.channelsWidget.layout().addRow(label, selector)
        selector.currentNodeChanged.connect(lambda *_a: self._onChosen())
        self.channelSelectors.append(selector)
        self._labels.append(label)

    def _onRegion(self, *_arguments):
        if self._parameters is not None:
            self._parameters.regionSegmentation = self.ui.regionSelector.currentNode()
            self._parameters.regionSegmentId = self.ui.regionSelector.currentSegmentID() or ""


def _isImage(node):
    image = node.GetImageData()
    return node.GetClassName() == "vtkMRMLScalarVolumeNode" and image is not None and min(image.GetDimensions()) > 1
