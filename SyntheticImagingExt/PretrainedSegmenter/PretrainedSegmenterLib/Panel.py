"""The panel: its sections, what is told whom, and what can be used when."""

import qt
import slicer
from slicer.i18n import tr as _

from SyntheticImagingLib.panels import TaskPanel

from .measuring.CompareSection import CompareSection
from .models.ModelSection import ModelSection
from .Parameters import NUMBERS
from .results.ResultSection import ResultSection
from .running.InputSection import InputSection
from .running.RunSection import RunSection


class SegmenterPanel(TaskPanel):
    """Connects the widgets of PretrainedSegmenter.ui with the logic."""

    def __init__(self, ui, logic, findParameterNode):
        TaskPanel.__init__(self, ui, logic, findParameterNode)
        NUMBERS.dress(ui)
        self._offered = None
        self.models = ModelSection(ui, logic, self.do, self.work, self.refresh)
        self.input = InputSection(ui, self.refresh)
        self.running = RunSection(ui, logic, self.input, self.do, self.work, self._onResult)
        self.result = ResultSection(ui, logic, self.do, self.work)
        self.compare = CompareSection(ui, logic, self.do, self.work)
        self.sections = (self.models, self.input, self.running, self.compare)
        for selector in (ui.segmentationSelector, ui.referenceSelector):
            selector.currentNodeChanged.connect(lambda *_a: self.refresh())
        for selector in (ui.volumeSelector, ui.regionSelector, ui.segmentationSelector, ui.referenceSelector):
            # a long name is cut; it must not widen the panel for good
            selector.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Fixed)
        self.refresh()

    def detach(self):
        """The panel goes away: let go of workers."""
        self.closeScene()

    def stop(self):
        self.models.stop()
        self.running.stop()
        self._offered = None

    def enter(self):
        TaskPanel.enter(self)
        self.models.read()
        self.propose()
        self.refresh()

    def closeScene(self):
        TaskPanel.closeScene(self)
        self.result.show(None)

    def restore(self):
        """A scene holds the choices, which are bound, and measures."""
        self.compare.restore()
        self.propose()
        self.refresh()

    def propose(self):
        if self.isOpen:
            self.input.propose()

    def cancel(self, *_arguments):
        TaskPanel.cancel(self)
        if self.sections:
            self.running.stop()
            self.refresh()

    def offer(self, volumeNode, onResult):
        """For other modules: choose a volume; onResult(segmentation) is called once, with the next result of it."""
        self.parameters.volume = volumeNode
        self._offered = volumeNode, onResult
        self.refresh()

    def _onResult(self, run):
        """It is seen at once, beside its volume, and is what is compared next."""
        node, volume = run.nodes[0], run.case.volumeNodes[0]
        if slicer.app.layoutManager() is not None and not _isShown(volume):
            slicer.util.setSliceViewerLayers(background=volume, fit=True)
        self.result.show(node, run.notes)
        self.compare.propose(node)
        offered, self._offered = self._offered, None
        if offered is not None and offered[0] is volume:
            offered[1](node)

    def refresh(self):
        """Show the state of every section, and what can be used."""
        if self.parameters is None or not self.sections:
            return
        self.models.refresh()
        self.input.refresh(self.models.described)
        self.running.refresh()
        self.result.refresh()
        busy = _("Wait until the task is done, or cancel it.") if self.isBusy else ""
        problem = self.packagesProblem or busy
        notChosen = self.models.status() or self.input.status()
        states = self.models.usable(problem) | self.running.usable(problem, notChosen)
        self.setUsable(states | self.result.usable(problem) | self.compare.usable(problem))


def _isShown(volumeNode):
    composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    return any(node.GetBackgroundVolumeID() == volumeNode.GetID() for node in composites)
