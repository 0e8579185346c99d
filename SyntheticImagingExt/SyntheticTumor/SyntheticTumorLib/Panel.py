"""The panel: its sections, when inputs are prepared, and what can be used when."""

from slicer.i18n import tr as _

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import requirements
from SyntheticImagingLib.live import LiveUpdates
from SyntheticImagingLib.panels import TaskPanel

from .InputSection import InputSection
from .LesionSection import LesionSection
from .Parameters import NUMBERS
from .PlaceSection import PlaceSection
from .ResultSections import ResultSections
from .TableSection import TableSection

REST_MS = 250
"""A lesion is kept when a slider stands still for so long."""


class TumorPanel(TaskPanel):
    """Connects the widgets of SyntheticTumor.ui with the logic."""

    def __init__(self, ui, logic, findParameterNode, live: LiveUpdates):
        """live: the scheduler that was passed to the logic."""
        TaskPanel.__init__(self, ui, logic, findParameterNode)
        NUMBERS.dress(ui)
        self.live = live
        self.input = InputSection(ui, logic, self.prepareChosen)
        self.place = PlaceSection(ui, logic, self.do)
        self.lesion = LesionSection(ui, logic, self.do, self.guarded)
        self.table = TableSection(ui, logic, self.do)
        self.results = ResultSections(ui, logic, self.do, self.run)
        self.sections = (self.input, self.place, self.lesion, self.results)
        self._signals = (
            (logic.changed, self.refresh),
            (logic.previewed, self.refreshLive),
            (logic.message, self.say),
            (logic.inputsChanged, self.prepareChosen),
            (live.failed, self._onFailed),
        )
        for signal, slot in self._signals:
            signal.connect(slot)
        for section in (ui.moreSection, ui.resultsSection, ui.growthSection):
            section.collapsed = True
        self.refresh()

    def detach(self):
        """The panel goes away: let go of timers, keys and the logic."""
        self.closeScene()
        self.table.detach()
        for signal, slot in self._signals:
            signal.disconnect(slot)

    def stop(self):
        self.live.stop()
        self.place.stop()
        self.input.stop()

    def enter(self):
        TaskPanel.enter(self)
        self.propose()
        self.prepareChosen()

    def leave(self):
        TaskPanel.leave(self)
        self.place.stop()
        self.input.stop()

    def propose(self):
        if self.isOpen:
            self.input.propose()

    def restore(self):
        """A scene was opened: take up its lesions."""
        record = self.parameters.record if self.parameters is not None else None
        if record is not None and record is not self.logic.results.record and not requirements.missing():
            self.run(_("Restoring the lesions"), self.logic.restoreSteps(record), self._onRestored)
        else:
            self.propose()

    def prepareChosen(self):
        """Prepare what is chosen, unless it is prepared or the panel is closed."""
        chosen = self.input.chosen()
        self.input.problem = ""
        self.input.accepting.offer(None)
        if self.isOpen and chosen.complete and not requirements.missing():
            if not self.logic.isPreparedFor(chosen):
                self.run(_("Preparing"), self.logic.inputSteps(chosen), self._onPrepared, self._onNotPrepared)
        elif self.isOpen and (self.steps.isRunning or self.logic.isReady) and chosen != self.logic.inputs:
            # what is being prepared for an earlier choice must not arrive under this one
            self.cancel()
            self.logic.release()
        self.refresh()

    def _onPrepared(self, _result):
        self.say("")
        self.refresh()

    def _onRestored(self, result):
        self._onPrepared(result)
        self.place.stop()  # a scene may have been saved in the middle of placing

    def _onNotPrepared(self, error):
        self.logic.release()
        self.input.problem = str(error)
        self.input.accepting.offer(error)
        self.refresh()

    def _onFailed(self, error):
        """What was drawn or put off could not be done."""
        if not isinstance(error, InputError):
            raise error
        self.say(str(error))

    # Showing

    def refresh(self):
        """Show the state of the logic in every section."""
        if self.parameters is None:
            return
        if self.parameters.record is not self.logic.results.record and self.logic.results.record is not None:
            self.parameters.record = self.logic.results.record
        self._showChosenInputs()
        self.input.refresh()
        self.place.refresh()
        self.lesion.refresh()
        self.table.refresh()
        self.results.refresh()
        self._refreshUsability()

    def refreshLive(self, index):
        """Show what changes while a hand is moving."""
        self.lesion.refreshDistance()
        self.table.refreshLive(index)

    def _showChosenInputs(self):
        """A restored session, or one begun in the console, is what the selectors show."""
        inputs, parameters = self.logic.inputs, self.parameters
        if self.logic.isReady and not self.steps.isRunning and inputs != self.input.chosen() and not self.isOpen:
            parameters.organSegmentation, parameters.organSegmentId = inputs.organNode, inputs.organSegmentId
            parameters.vesselSegmentation, parameters.vesselSegmentId = inputs.vesselNode, inputs.vesselSegmentId
            parameters.ct = inputs.ctNode
            self.input.show()

    def _refreshUsability(self):
        problem = self._problem()
        noLesion = problem or (
            "" if self.logic.current >= 0 else _("Place a lesion first, or select one in the table.")
        )
        states = self.place.usable(problem) | self.lesion.usable(noLesion)
        states |= self.table.usable(problem) | self.results.usable(problem)
        self.setUsable(states)

    def _problem(self):
        """Why lesions cannot be placed or changed now; "" when they can."""
        if self.packagesProblem:
            return self.packagesProblem
        if self.steps.isRunning:
            return _("Wait until the task is done, or cancel it.")
        return "" if self.logic.isReady else self.input.status()
