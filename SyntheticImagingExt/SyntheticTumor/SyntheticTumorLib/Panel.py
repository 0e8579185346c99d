"""The panel: its sections, the parameter node, long work with progress, and what is said to the user."""

import slicer
from slicer.i18n import tr as _

from SyntheticImagingLib import jobs, requirements

from .InputSection import InputSection
from .LesionSection import LesionSection
from .LiveUpdates import LiveUpdates
from .PlaceSection import PlaceSection
from .ResultSections import ResultSections
from .TableSection import TableSection
from .Widgets import Usability, setTextIfNew, singleShot


class TumorPanel:
    """Connects the widgets of SyntheticTumor.ui with the logic; it computes nothing."""

    def __init__(self, ui, logic, findParameterNode):
        """findParameterNode(): the wrapped parameter node of the present scene."""
        self.ui, self.logic, self._findParameterNode = ui, logic, findParameterNode
        self._parameters, self._guiTag, self._isOpen = None, None, False
        self._usability = Usability()
        self._packagesProblem = ""
        self._steps = jobs.Steps()
        self._sceneTimer = singleShot(0, self._onSceneReplaced)
        self.live = LiveUpdates(logic, self.guarded)
        self.input = InputSection(ui, logic, self.prepareChosen)
        self.place = PlaceSection(ui, logic, self.do)
        self.lesion = LesionSection(ui, logic, self.do, self.guarded)
        self.table = TableSection(ui, logic, self.do)
        self.results = ResultSections(ui, logic, self.do, self.run)
        self._sections = (self.input, self.place, self.lesion, self.results)
        ui.openHomeButton.clicked.connect(lambda *_a: slicer.util.selectModule("SyntheticImaging"))
        ui.cancelButton.clicked.connect(self.cancel)
        logic.changed.connect(self.refresh)
        logic.previewed.connect(self.refreshLive)
        logic.message.connect(self.say)
        logic.inputsChanged.connect(self.prepareChosen)
        for section in (ui.moreSection, ui.resultsSection, ui.growthSection):
            section.collapsed = True
        self.say("")
        self._showJob("")
        self.refresh()

    def detach(self):
        """The panel goes away: let go of timers, keys and the logic."""
        self.closeScene()
        self.table.detach()
        for signal, slot in (
            (self.logic.changed, self.refresh),
            (self.logic.previewed, self.refreshLive),
            (self.logic.message, self.say),
            (self.logic.inputsChanged, self.prepareChosen),
        ):
            signal.disconnect(slot)

    # Parameter node and scene

    def setParameterNode(self, parameters):
        """Bind the panel to a wrapped parameter node, or to none."""
        if self._parameters is not None and self._guiTag is not None:
            self._parameters.disconnectGui(self._guiTag)
        self._parameters, self._guiTag = parameters, None
        for section in self._sections:
            section.setParameters(parameters)
        if parameters is not None:
            self._guiTag = parameters.connectGui(self.ui)
        self.refresh()

    def closeScene(self):
        """The scene is closing: nothing may run into it."""
        self._sceneTimer.stop()
        self.cancel()
        self.live.stop()
        self.place.stop()
        self.setParameterNode(None)

    def sceneReplaced(self):
        """Another scene is there; it is read when the selectors, which follow it too, have seen it."""
        self._sceneTimer.start()

    def _onSceneReplaced(self):
        self.setParameterNode(self._findParameterNode())
        self.restore()

    def enter(self):
        """The user opens the module."""
        self.setParameterNode(self._findParameterNode())
        self._isOpen = True
        self._refreshPackages()
        self.input.propose()
        self.prepareChosen()

    def leave(self):
        """The user opens another module."""
        self._isOpen = False
        self.place.stop()

    def restore(self):
        """A scene was opened: take up its lesions."""
        record = self._parameters.record if self._parameters is not None else None
        if record is not None and record is not self.logic.results.record and not self._missing():
            self.run(_("Restoring the lesions"), self.logic.restoreSteps(record), self._onRestored)

    def prepareChosen(self):
        """Prepare what is chosen, unless it is prepared or the panel is closed."""
        chosen = self.input.chosen()
        self.input.problem = ""
        if self._isOpen and chosen.complete and not self._missing():
            if not self.logic.isPreparedFor(chosen):
                self.run(_("Preparing"), self.logic.inputSteps(chosen), self._onPrepared, self._onNotPrepared)
        elif self._isOpen and (self._steps.isRunning or self.logic.isReady) and chosen != self.logic.inputs:
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
        self.refresh()

    # Running

    def guarded(self, action):
        """Run an action of a moving hand; a problem is said in the panel."""
        from synthetic_imaging.errors import InputError

        try:
            action()
        except InputError as error:
            self.say(str(error))

    def do(self, action, waitCursor=False):
        """Run an action of a button; a problem is said in the panel, an unexpected error in a message box."""
        from synthetic_imaging.errors import InputError

        self.say("")
        with slicer.util.tryWithErrorDisplay(_("This could not be done."), waitCursor=waitCursor):
            try:
                action()
            except InputError as error:
                self.say(str(error))
        self.refresh()

    def run(self, title, generator, onDone, onProblem=None):
        """Long work: a generator of (stage, percent), with progress and a way to cancel it."""
        from synthetic_imaging.errors import InputError

        def finished(result):
            self._showJob("")
            onDone(result)
            self.refresh()

        def failed(error):
            self._showJob("")
            if isinstance(error, InputError) and onProblem is not None:
                onProblem(error)
            elif isinstance(error, InputError):
                self.say(str(error))
            else:
                slicer.util.errorDisplay(_("{title} failed.").format(title=title) + f"\n\n{error}")
            self.refresh()

        self._showJob(title)
        self._steps.start(generator, lambda step: self._showJob(title, *step), finished, failed)

    def cancel(self, *_arguments):
        """Stop long work; it leaves nothing behind."""
        self._steps.cancel()
        self._showJob("")
        self.refresh()

    def say(self, text):
        """Show a sentence at the top of the panel; "" takes it away."""
        setTextIfNew(self.ui.messageLabel, text)
        self.ui.messageLabel.visible = bool(text)
        if text:
            slicer.util.showStatusMessage(text, 5000)

    def _showJob(self, title, stage="", percent=0):
        self.ui.jobFrame.visible = bool(title)
        if title:
            self.ui.jobLabel.text = f"{title}: {stage}" if stage else title
            self.ui.jobProgressBar.value = int(percent)
            # the next step may take a second; the words must be there before it
            self.ui.jobFrame.repaint()

    # Showing

    def refresh(self):
        """Show the state of the logic in every section."""
        if self._parameters is None:
            return
        if self._parameters.record is not self.logic.results.record and self.logic.results.record is not None:
            self._parameters.record = self.logic.results.record
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
        inputs, parameters = self.logic.inputs, self._parameters
        if self.logic.isReady and not self._steps.isRunning and inputs != self.input.chosen() and not self._isOpen:
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
        for widget, reason in states.items():
            self._usability.set(widget, reason)

    def _problem(self):
        """Why lesions cannot be placed or changed now; "" when they can."""
        if self._packagesProblem:
            return self._packagesProblem
        if self._steps.isRunning:
            return _("Wait until the task is done, or cancel it.")
        return "" if self.logic.isReady else self.input.status()

    def _refreshPackages(self):
        names = ", ".join(requirement.name for requirement in self._missing())
        text = _("Python packages are missing: {names}. The module Synthetic Imaging installs them.")
        self._packagesProblem = text.format(names=names) if names else ""
        self.ui.packagesLabel.text = self._packagesProblem
        self.ui.packagesFrame.visible = bool(names)

    @staticmethod
    def _missing():
        return requirements.missing()
