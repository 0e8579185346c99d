"""The sections Run, Advanced and Clean up afterwards: runs, one after the other where there is a queue."""

import time

from slicer.i18n import tr as _

from synthetic_imaging.errors import InputError
from synthetic_imaging.segmentation.settings import Settings
from SyntheticImagingLib.hounsfield import AcceptHu
from SyntheticImagingLib.widgets import breakable

from ..Parameters import NUMBERS, STEPS
from ..Tables import fill, fit, setUp
from .Case import Case
from .Remedies import remedyFor

MOST_ROWS = 6
NUMBERS_OF = {
    "largestCheckBox": ("keepSpinBox", "leastSpinBox"),
    "holesCheckBox": ("mostSpinBox",),
    "huCheckBox": ("lowSpinBox", "highSpinBox"),
    "crfCheckBox": ("crfSection",),
}
"""What belongs to a step, by the box that switches it on."""


class RunSection:
    """do, work: as in the panel. input: the section of it. onResult(run): a case is done."""

    def __init__(self, ui, logic, input, do, work, onResult):
        self.ui, self._logic, self._input, self._do, self._work = ui, logic, input, do, work
        self._onResult, self._parameters = onResult, None
        self._waiting, self._run, self._began = [], None, 0.0
        self._accepting = AcceptHu(ui.acceptHuButton, lambda: input.volumeNodes, lambda: do(self._start))
        ui.volumeSelector.currentNodeChanged.connect(lambda *_a: self._accepting.offer(None))
        for section in (ui.advancedSection, ui.cleaningSection, ui.crfSection, ui.logSection):
            section.collapsed = True
        setUp(ui.queueTable, [_("Waits"), _("Model")])
        for name in NUMBERS_OF:
            getattr(ui, name).toggled.connect(lambda *_a: self.refresh())
        ui.runButton.clicked.connect(lambda *_a: do(self._start))
        ui.queueButton.clicked.connect(lambda *_a: do(self._enqueue))
        ui.clearQueueButton.clicked.connect(lambda *_a: do(self._clear))
        self.refresh()

    def setParameters(self, parameters):
        self._parameters = parameters
        if parameters is None:
            self._waiting = []

    @property
    def hasQueue(self):
        return bool(self._waiting)

    def refresh(self):
        for name, widgets in NUMBERS_OF.items():
            for widget in widgets:
                getattr(self.ui, widget).enabled = getattr(self.ui, name).checked
        self._waiting = [case for case in self._waiting if all(node.GetScene() for node in case.volumeNodes)]
        fill(self.ui.queueTable, [(case.name, case.model) for case in self._waiting])
        fit(self.ui.queueTable, MOST_ROWS)
        self.ui.queueTable.visible = self.ui.clearQueueButton.visible = self.hasQueue

    def usable(self, problem, notChosen):
        """problem: why nothing can be done now. notChosen: what is missing for a run of what is chosen."""
        ui = self.ui
        return {
            ui.runButton: problem or ("" if self.hasQueue else notChosen),
            ui.queueButton: problem or notChosen,
            ui.clearQueueButton: problem,
        }

    def stop(self):
        """The run was ended, or has no panel any more."""
        run, self._run = self._run, None
        if run is not None:
            run.discard()
            self._log(_("{name}: canceled.").format(name=run.case.name))

    def chosen(self):
        """What is chosen in the panel, as a case."""
        parameters, (regionNode, regionSegmentId) = self._parameters, self._input.region
        steps = tuple(NUMBERS.read(parameters, cls) for name, cls in STEPS.items() if getattr(parameters, name))
        wholeSequence = parameters.wholeSequence and self._input.isOfSequence
        settings = NUMBERS.read(parameters, Settings)
        volumes = self._input.volumeNodes
        return Case(
            volumes, parameters.model, settings, steps, parameters.ownSteps, regionNode, regionSegmentId, wholeSequence
        )

    def _enqueue(self):
        case = self.chosen()
        case.check()
        self._waiting.append(case)

    def _clear(self):
        self._waiting = []

    def _start(self):
        """Begin what waits first, or what is chosen."""
        self._begin(self._waiting[0] if self._waiting else self.chosen())

    def _begin(self, case):
        self._accepting.offer(None)
        self._run, self._began = self._logic.begin(case), time.monotonic()
        self._log(_("{name}: {model}, {preset}.").format(
            name=case.name, model=case.model, preset=case.settings.preset))  # fmt: skip
        try:
            self._advance()
        except BaseException:
            self.stop()
            raise

    def _advance(self):
        run = self._run
        if (work := run.nextWork()) is None:
            self._finish(run)
            return
        title = _("Segmenting {name}").format(name=run.case.name)
        if run.count > 1:
            title = _("{title}, {number} of {count}").format(title=title, number=run.number, count=run.count)
        self._work(title, work, lambda _result: self._onPiece(), self._onProblem, self._onCrash)

    def _onPiece(self):
        try:
            self._advance()
        except BaseException:
            self.stop()
            raise

    def _finish(self, run):
        self._run = None
        seconds = time.monotonic() - self._began
        for line in (*run.notes, _("{name}: done in {seconds:.0f} s.").format(name=run.case.name, seconds=seconds)):
            self._log(line)
        self._waiting = [case for case in self._waiting if case is not run.case]
        self._onResult(run)
        if self._waiting:
            self._begin(self._waiting[0])

    def _onProblem(self, error):
        self.stop()
        self._log(str(error))
        self._accepting.offer(error)
        raise error

    def _onCrash(self, error):
        self.stop()
        self._log(str(error))
        self.ui.logSection.collapsed = False
        raise InputError(remedyFor(str(error)))

    def _log(self, text):
        self.ui.logText.appendPlainText(breakable(text))
