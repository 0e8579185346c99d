"""The panel: its sections, when the CT is prepared, what can be used when, and what the views show."""

import slicer
from slicer.i18n import tr as _

from SyntheticImagingLib import requirements
from SyntheticImagingLib.panels import TaskPanel
from SyntheticImagingLib.widgets import singleShot

from .BeamSection import BeamSection
from .ExchangeSection import ExchangeSection
from .InputSection import InputSection
from .LiveUpdates import LiveUpdates
from .OverlaySection import OverlaySection
from .PictureSection import PictureSection
from .PoseSection import PoseSection
from .SeriesSection import SeriesSection
from .ToolsSection import ToolsSection
from .XrayViews import XrayViews

REFRESH_MS = 80


class CArmPanel(TaskPanel):
    """Connects the widgets of VirtualCArm.ui and the X-ray views with the logic."""

    def __init__(self, ui, logic, findParameterNode):
        TaskPanel.__init__(self, ui, logic, findParameterNode)
        self.live = LiveUpdates(logic, self.refresh, self._onDrawingFailed)
        self.views = XrayViews(logic, self.guarded)
        self.input = InputSection(ui, logic, self.prepareChosen)
        self.pose = PoseSection(ui, logic, self.do)
        self.beam = BeamSection(ui, logic, self.do)
        self.picture = PictureSection(ui, logic, self.views, self.do)
        self.overlay = OverlaySection(ui, logic)
        self.tools = ToolsSection(ui, logic, self.do)
        self.series = SeriesSection(ui, logic, self.do, self.run, self.say)
        self.exchange = ExchangeSection(ui, logic, self.do, self.run)
        self.sections = (self.views, self.input, self.pose, self.beam, self.picture, self.overlay, self.tools,
                         self.series, self.exchange)  # fmt: skip
        # while a slider is dragged, only the images follow; the words of the panel wait for the hand to rest
        self._refreshTimer = singleShot(REFRESH_MS, self.refresh)
        self._signals = (
            (logic.changed, self._refreshTimer.start),
            (logic.imageChanged, self._onImage),
            (logic.message, self.say),
            (logic.inputsChanged, self.prepareChosen),
        )
        for signal, slot in self._signals:
            signal.connect(slot)
        folded = (ui.distancesSection, ui.collimationSection, ui.beamSection, ui.overlaySection, ui.toolsSection)
        for section in (*folded, ui.sweepSection, ui.exportSection):
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
        self.pose.stop()
        self.views.release()

    def enter(self):
        TaskPanel.enter(self)
        self.input.propose()
        self.views.show()
        self.prepareChosen()

    def leave(self):
        TaskPanel.leave(self)
        self.pose.stop()
        self.views.leave()

    def restore(self):
        """A scene was opened: show it when the module is open, and prepare its CT."""
        if self.isOpen:
            self.input.propose()
            self.views.show()
            self.prepareChosen()

    def prepareChosen(self):
        """Prepare the CT that is chosen, unless it is prepared or the panel is closed."""
        node = self.parameters.ct if self.parameters is not None else None
        self.input.problem = ""
        if self.isOpen and node is not None and not requirements.missing():
            if not self.logic.isPreparedFor(node):
                self.run(_("Preparing the CT"), self.logic.ctSteps(node), self._onPrepared, self._onNotPrepared)
        elif self.isOpen and node is None and (self.steps.isRunning or self.logic.isReady):
            self.cancel()
            self.logic.release()
        self.refresh()

    def _onPrepared(self, _result):
        self.say("")
        self.views.refresh()

    def _onNotPrepared(self, error):
        self.logic.release()
        self.input.problem = str(error)
        self.refresh()

    def _onDrawingFailed(self, error):
        from synthetic_imaging.errors import InputError

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
        self._refreshUsability()

    def _onImage(self, plane, _isFinal):
        self.views.refreshPlane(plane)

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
