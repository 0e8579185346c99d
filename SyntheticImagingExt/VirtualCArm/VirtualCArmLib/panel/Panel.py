"""The panel: its sections, when the CT is prepared, what can be used when, and what the views show."""

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import requirements
from SyntheticImagingLib.jobs import Steps
from SyntheticImagingLib.live import LiveUpdates
from SyntheticImagingLib.panels import TaskPanel
from SyntheticImagingLib.widgets import singleShot

from ..scene import PatientSurface
from ..state.Parameters import NUMBERS
from ..views.XrayViews import XrayViews
from .BeamSection import BeamSection
from .ExchangeSection import ExchangeSection
from .InputSection import InputSection
from .OverlaySection import OverlaySection
from .PictureSection import PictureSection
from .PoseSection import PoseSection
from .SeriesSection import SeriesSection
from .ToolsSection import ToolsSection

REST_MS = 60
"""A full image waits so long after the last change, so that views can draw the coarse one meanwhile."""
REFRESH_MS = 80
FIRST_WINDOW = 2.5
"""Width of the first window at least: what comes next may have bone where the first image had none."""


class CArmPanel(TaskPanel, VTKObservationMixin):
    """Connects the widgets of VirtualCArm.ui and the X-ray views with the logic."""

    def __init__(self, ui, logic, findParameterNode, live: LiveUpdates):
        """live: the scheduler that was passed to the logic."""
        VTKObservationMixin.__init__(self)
        TaskPanel.__init__(self, ui, logic, findParameterNode)
        NUMBERS.dress(ui)
        self.live = live
        self.views = XrayViews(logic, self.guarded)
        self.input = InputSection(ui, logic, self.prepareChosen)
        self.pose = PoseSection(ui, logic, self.do)
        self.beam = BeamSection(ui, logic, self.do, self.prepareAgain)
        self.picture = PictureSection(ui, logic, self.views, self.do)
        self.overlay = OverlaySection(ui, logic)
        self.tools = ToolsSection(ui, logic, self.do)
        self.series = SeriesSection(ui, logic, self.do, self.run, self.say)
        self.exchange = ExchangeSection(ui, logic, self.do, self.run)
        self.sections = (self.views, self.input, self.pose, self.beam, self.picture, self.overlay, self.tools,
                         self.series, self.exchange)  # fmt: skip
        # while a slider is dragged, only the images follow; the words of the panel wait for the hand to rest
        self._patientSteps, self._isFirstImage = Steps(), False
        self._refreshTimer = singleShot(REFRESH_MS, self.refresh)
        self._signals = (
            (logic.changed, self._refreshTimer.start),
            (logic.changed, self.views.refreshNotes),
            (logic.imageChanged, self._onImage),
            (logic.message, self.say),
            (logic.inputsChanged, self.prepareChosen),
            (live.done, self.refresh),
            (live.failed, self._onDrawingFailed),
        )
        for signal, slot in self._signals:
            signal.connect(slot)
        folded = (ui.distancesSection, ui.beamSection, ui.collimationSection, ui.displaySection, ui.overlaySection)
        for section in (*folded, ui.toolsSection, ui.sweepSection, ui.exportSection):
            section.collapsed = True
        self.refresh()

    def detach(self):
        """The panel goes away: let go of timers, views and the logic."""
        self.closeScene()
        for signal, slot in self._signals:
            signal.disconnect(slot)

    def stop(self):
        self.live.stop()
        self._refreshTimer.stop()
        self._patientSteps.cancel()
        self.pose.stop()
        self.views.release()

    @property
    def backgroundIsRunning(self):
        """Whether something is still to be shown that no progress bar tells of."""
        return self._patientSteps.isRunning or self._refreshTimer.active

    def setParameterNode(self, parameters):
        """Bind the panel to a wrapped parameter node, or to none; what only the window shows is followed here."""
        self.removeObservers()
        TaskPanel.setParameterNode(self, parameters)
        if parameters is not None:
            self.addObserver(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self._onParameters)

    def _onParameters(self, caller, event):
        self._refreshTimer.start()

    def enter(self):
        TaskPanel.enter(self)
        self.restore()

    def leave(self):
        TaskPanel.leave(self)
        self.pose.stop()
        self.views.leave()

    def restore(self):
        """A scene was opened: show it when the module is open, and prepare its CT."""
        if self.isOpen:
            self.views.show()
            self.propose()

    def propose(self):
        """A CT that there is no doubt about is chosen, where none is."""
        self.input.propose()
        self.prepareChosen()

    def prepareChosen(self):
        """Prepare the CT that is chosen, unless it is prepared or the panel is closed."""
        node = self.parameters.ct if self.parameters is not None else None
        self.input.problem = ""
        self.input.accepting.offer(None)
        if self.isOpen and node is not None and not requirements.missing():
            if not self.logic.isPreparedFor(node):
                self._isFirstImage = self.logic.imageNode() is None
                self._patientSteps.cancel()
                self.run(_("Preparing the CT"), self.logic.ctSteps(node), self._onPrepared, self._onNotPrepared)
        elif self.isOpen and node is None and (self.steps.isRunning or self.logic.isReady):
            self.cancel()
            self.logic.release()
        self.refresh()

    def prepareAgain(self):
        """On another device; the images stay."""
        self.logic.release()
        self.prepareChosen()

    def _onPrepared(self, _result):
        self.say("")
        self.views.refresh()
        if self._isFirstImage:
            self.views.lookAtCArm()
        self._showPatient()

    def _showPatient(self):
        """Bones and skin around which the C-arm stands, made in the background."""
        parameters, logic = self.parameters, self.logic
        if not (self.isOpen and parameters is not None and logic.isReady):
            return
        PatientSurface.setVisible(parameters, parameters.showPatient3D)
        if not parameters.showPatient3D:
            self._patientSteps.cancel()
            return
        isMissing = not PatientSurface.isShownFor(parameters, logic.ctNode)
        if isMissing and not self._patientSteps.isRunning:
            steps = PatientSurface.steps(parameters, logic.ctNode, logic.patient.ct)
            self._patientSteps.start(steps, None, lambda _result: self.views.lookAtCArm())

    def _onNotPrepared(self, error):
        self.logic.release()
        self.input.problem = str(error)
        self.input.accepting.offer(error)
        self.refresh()

    def _onDrawingFailed(self, error):
        if isinstance(error, InputError):
            self.say(str(error))
        else:
            slicer.util.errorDisplay(_("The image could not be drawn.") + f"\n\n{error}")

    # Showing

    def refresh(self):
        """Show the state of the logic in every section and view."""
        if self.parameters is None:
            return
        for section in self.sections:
            section.refresh()
        self._showPatient()
        self._refreshUsability()

    def _onImage(self, plane, isFinal):
        self.views.refreshPlane(plane)
        if isFinal and self._isFirstImage and plane == "A":
            # the first image gets a window that suits it; from then on the window is the user's
            self._isFirstImage = False
            self.live.defer(lambda: self.guarded(lambda: self.logic.fitWindow(narrowest=FIRST_WINDOW)))

    def _refreshUsability(self):
        problem = self._problem()
        states = self.pose.usable(problem) | self.beam.usable() | self.picture.usable(problem)
        states |= self.overlay.usable() | self.tools.usable(problem)
        states |= self.series.usable(problem) | self.exchange.usable(problem)
        self.setUsable(states)

    def _problem(self):
        """Why nothing can be imaged now; "" when it can."""
        if self.packagesProblem:
            return self.packagesProblem
        if self.steps.isRunning:
            return _("Wait until the task is done, or cancel it.")
        return "" if self.logic.isReady else self.input.status()
