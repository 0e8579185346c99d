"""The panel: its tabs, long tasks in worker processes, and what can be used when."""

from slicer.i18n import tr as _

from SyntheticImagingLib.panels import TaskPanel
from SyntheticImagingLib.widgets import singleShot

from .conduct.ReadSection import ReadSection
from .making.CasesSection import CasesSection
from .making.MakeSection import MakeSection
from .making.PlanSection import PlanSection
from .Parameters import PLAN
from .report.ReportSection import ReportSection
from .report.UnblindSection import UnblindSection

SETTLED_MS = 150
READ_TAB, REPORT_TAB = 1, 2


class TuringPanel(TaskPanel):
    """Connects the widgets of the forms with the logic."""

    def __init__(self, ui, logic, findParameterNode):
        self._settled = singleShot(SETTLED_MS, self._onSettled)
        TaskPanel.__init__(self, ui, logic, findParameterNode)
        PLAN.dress(ui)
        self.cases = CasesSection(ui, logic, self.do, self.work)
        self.plan = PlanSection(ui, logic, self._settled.start)
        self.make = MakeSection(ui, logic, self.do, self.run, self.work, self._onStudyMade)
        self.read = ReadSection(ui, logic, self._doBlinded, self.run)
        self.unblind = UnblindSection(ui, logic, self.do, self.work, self._settled.start)
        self.report = ReportSection(ui, logic, self.unblind, self.do, self.work)
        self.sections = (self.cases, self.plan, self.make, self.read, self.unblind, self.report)
        logic.changed.connect(self.refresh)
        logic.message.connect(self.say)
        ui.taskTabs.currentChanged.connect(self._onTab)
        self._fitTabs()
        self.refresh()

    def detach(self):
        """The panel goes away: let go of timers, workers and the logic."""
        self.closeScene()
        self._settled.stop()
        self.logic.changed.disconnect(self.refresh)
        self.logic.message.disconnect(self.say)

    def stop(self):
        self.read.stop()
        self.plan.stop()
        self._forgetPassphrases()

    def _forgetPassphrases(self):
        self.make.forgetPassphrases()
        self.unblind.forgetPassphrase()

    def _doBlinded(self, action, waitCursor=False):
        """What opens a reading session: no passphrase may stay in the window for it."""
        self._forgetPassphrases()
        self.do(action, waitCursor)

    def enter(self):
        TaskPanel.enter(self)
        self.refresh()

    def restore(self):
        """A scene holds the choices, which are bound, and the report's nodes."""
        self.report.restore()
        self.refresh()

    def _onStudyMade(self, folder):
        """It is what is read and reported next."""
        self.parameters.studyFolder = folder
        self.read.setStudyFolder(folder)

    # Showing

    def _onTab(self, *_arguments):
        self._fitTabs()
        # what lies in the answers folder may have changed meanwhile
        if self.ui.taskTabs.currentIndex == READ_TAB:
            self.read.refresh()
        elif self.ui.taskTabs.currentIndex == REPORT_TAB:
            self.unblind.showReaders()

    def _fitTabs(self):
        """The panel is as high as the form that is shown, and not as the highest one."""
        ui = self.ui
        for index, page in enumerate((ui.designTab, ui.readTab, ui.reportTab)):
            page.layout().itemAt(0).widget().visible = index == ui.taskTabs.currentIndex
        ui.taskTabs.updateGeometry()

    def refresh(self):
        """Show the state of the logic in every section; the numbers of the plan follow in a moment."""
        self._refreshSections()
        if self.parameters is not None:
            self._settled.start()

    def _refreshSections(self):
        if self.parameters is None or not self.sections:
            return
        busy = _("Wait until the task is done, or cancel it.") if self.isBusy else ""
        problem = self.packagesProblem or busy
        self.cases.refresh()
        self.read.setProblem(problem)
        states = self.cases.usable(problem) | self.make.usable(problem)
        self.setUsable(states | self.unblind.usable(problem) | self.report.usable(problem))

    def _onSettled(self):
        """A hand that changes choices rests."""
        self._refreshSections()
        if self.parameters is not None and self.isOpen and not self.packagesProblem:
            self.plan.refresh()
