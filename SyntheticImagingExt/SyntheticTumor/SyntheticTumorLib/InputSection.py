"""The section Input: which CT, which organ, and whether they can be used."""

import slicer
from slicer.i18n import tr as _

from synthetic_imaging.tumor.plans import preset_table
from SyntheticImagingLib.hounsfield import AcceptHu
from SyntheticImagingLib.observing import Observations
from SyntheticImagingLib.widgets import quiet, setTextIfNew, silent, singleShot

from .Inputs import Inputs
from .Proposals import preferredSegment, preferredVessels

SEGMENTER = "PretrainedSegmenter"


class InputSection:
    """Keeps the selectors and the parameter node alike and asks for preparation when they change.

    onChosen(): called after the user has chosen something else.
    """

    def __init__(self, ui, logic, onChosen):
        self.ui, self._logic, self._onChosen = ui, logic, onChosen
        self._parameters = None
        self._putAside, self._shown = set(), ()
        self._awaited, self._proposeTimer = Observations(), singleShot(0, self.propose)
        self.problem = ""
        self.accepting = AcceptHu(ui.acceptHuButton, lambda: [self._parameters.ct], onChosen)
        ui.ctSelector.currentNodeChanged.connect(self._onCt)
        ui.segmentOrganButton.clicked.connect(self._segmentOrgan)
        for selector in (ui.organSelector, ui.vesselSelector):
            quiet(selector)
            selector.currentNodeChanged.connect(self._onSegment)
            selector.currentSegmentChanged.connect(self._onSegment)

    def setParameters(self, parameters):
        self._parameters = parameters
        if parameters is None:
            self._putAside, self._shown = set(), ()
            self.stop()
        self.show()

    def show(self):
        """Set the segment selectors, which have no binding of their own, from the parameter node."""
        parameters = self._parameters
        if parameters is None:
            return
        with silent(self.ui.organSelector, self.ui.vesselSelector):
            self.ui.organSelector.setCurrentNode(parameters.organSegmentation)
            self.ui.organSelector.setCurrentSegmentID(parameters.organSegmentId)
            self.ui.vesselSelector.setCurrentNode(parameters.vesselSegmentation)
            self.ui.vesselSelector.setCurrentSegmentID(parameters.vesselSegmentId)
        self._shown = self._idsShown()

    def chosen(self):
        parameters = self._parameters
        if parameters is None:
            return Inputs()
        return Inputs(
            parameters.ct,
            parameters.organSegmentation,
            parameters.organSegmentId,
            parameters.vesselSegmentation if parameters.vesselSegmentId else None,
            parameters.vesselSegmentId if parameters.vesselSegmentation else "",
        )

    def propose(self):
        """Choose what nobody has chosen yet and there is no doubt about; segments may come after their segmentation."""
        self.stop()
        parameters = self._parameters
        if not self._isListening() or parameters.organSegmentation is not None:
            return
        proposal = self._logic.proposedInputs(self._organOfPreset(), parameters.ct)
        if not proposal.complete:
            self._awaitSegments()
        elif not {proposal.ctNode.GetID(), proposal.organNode.GetID()} & self._putAside:
            parameters.organSegmentation = proposal.organNode
            parameters.organSegmentId = proposal.organSegmentId
            parameters.ct = proposal.ctNode
            self.show()
            self._onChosen()

    def stop(self):
        """Propose nothing any more."""
        self._proposeTimer.stop()
        self._awaited.dropAll()

    def _awaitSegments(self):
        for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
            self._awaited.observe(node.GetID(), node, [slicer.vtkSegmentation.SegmentAdded], self._onSegmentAdded)

    def _onSegmentAdded(self):
        self._proposeTimer.start()

    def _idsShown(self):
        chosen = self.ui.ctSelector.currentNode(), self.ui.organSelector.currentNode()
        return tuple(node.GetID() for node in chosen if node is not None)

    def _noteHand(self):
        """What the user takes out of a selector is not proposed again."""
        shown = self._idsShown()
        if len(shown) < len(self._shown):
            self._putAside.update(set(self._shown) - set(shown))
        self._shown = shown

    def refresh(self):
        """One line on what is missing, wrong or found, and the way to an organ where none is chosen."""
        setTextIfNew(self.ui.inputStatusLabel, self.status())
        chosen, canSegment = self.chosen(), hasattr(slicer.modules, SEGMENTER.lower())
        self.ui.segmentOrganButton.visible = canSegment and chosen.ctNode is not None and not chosen.complete

    def _segmentOrgan(self, *_arguments):
        """Let the other module segment the CT, and come back with what it finds."""
        ct = self._parameters.ct
        slicer.util.selectModule(SEGMENTER)
        getattr(slicer.modules, f"{SEGMENTER}Widget").offer(ct, self._onSegmented)

    def _onSegmented(self, segmentationNode):
        slicer.util.selectModule("SyntheticTumor")
        parameters = self._parameters
        parameters.organSegmentation = segmentationNode
        parameters.organSegmentId = preferredSegment(segmentationNode, self._organOfPreset())
        self.show()
        self._onChosen()

    def status(self):
        inputs, logic = self.chosen(), self._logic
        if self.problem:
            return self.problem
        if inputs.ctNode is None:
            return _("Choose a CT.")
        if not inputs.complete:
            return _("Choose the segment of the organ that receives lesions.")
        if logic.isStale:
            return _("The CT or the organ has changed and is prepared again.")
        if not logic.isReady:
            return _("Not prepared yet.")
        found = logic.caseSummary()
        return _(
            "{organ}: {volumeMl:.0f} mL, {meanHu:.0f} HU, noise {noiseHu:.0f} HU; vessels {vesselMl:.0f} mL ({source})."
        ).format(source=_("given") if inputs.vesselNode else _("found by brightness"), **found)

    def _isListening(self):
        """While a scene opens or closes, selectors change by themselves; that is no choice of the user."""
        return self._parameters is not None and not slicer.mrmlScene.IsBatchProcessing()

    def _onCt(self, *_arguments):
        if not self._isListening():
            return
        self._noteHand()
        # the binding of the parameter node may be called before or after this
        if self._parameters.ct is not self.ui.ctSelector.currentNode():
            self._parameters.ct = self.ui.ctSelector.currentNode()
        self._onChosen()

    def _onSegment(self, *_arguments):
        parameters = self._parameters
        if not self._isListening():
            return
        self._proposeSegments()
        self._noteHand()
        wasModifying = parameters.parameterNode.StartModify()
        parameters.organSegmentation = self.ui.organSelector.currentNode()
        parameters.organSegmentId = self.ui.organSelector.currentSegmentID() or ""
        parameters.vesselSegmentation = self.ui.vesselSelector.currentNode()
        parameters.vesselSegmentId = self.ui.vesselSelector.currentSegmentID() or ""
        parameters.parameterNode.EndModify(wasModifying)
        self._onChosen()

    def _proposeSegments(self):
        """Selectors offer the first segment of another segmentation; what is meant more likely is chosen instead."""
        parameters, organs, vessels = self._parameters, self.ui.organSelector, self.ui.vesselSelector
        if _isAnother(organs.currentNode(), parameters.organSegmentation, parameters.organSegmentId):
            with silent(organs):
                organs.setCurrentSegmentID(preferredSegment(organs.currentNode(), self._organOfPreset()))
        if _isAnother(vessels.currentNode(), parameters.vesselSegmentation, parameters.vesselSegmentId):
            organ = self.chosen().organName if parameters.organSegmentation is not None else ""
            with silent(vessels):
                vessels.setCurrentSegmentID(preferredVessels(vessels.currentNode(), organ))

    def _organOfPreset(self):
        organ = preset_table().get(self._parameters.preset, {}).get("organ", "")
        return organ if organ != "any" else ""


def _isAnother(node, knownNode, knownSegmentId):
    """Whether a segmentation is new, or has lost the segment that was chosen in it."""
    if node is None:
        return False
    isLost = bool(knownSegmentId) and node.GetSegmentation().GetSegment(knownSegmentId) is None
    return node is not knownNode or isLost
