"""What the panels of all modules have in common: what is said, long work with progress, and the parameter node."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import slicer
from slicer.i18n import tr as _

from synthetic_imaging.errors import InputError

from . import jobs, requirements
from .callout import Callout
from .stages import Steps
from .widgets import Usability, singleShot
from .work import Work


class Panel(ABC):
    """Says problems beside the control that was used, runs long work, and is usable again however that ends.

    A derived panel implements ``refresh``. ``ui`` receives the widgets of the ``Callout``.
    """

    def __init__(self, ui: Any, form: Any):
        """ui: widgets by name. form: the widget that holds them all."""
        self.ui = ui
        self.callout = Callout(form)
        vars(ui).update(vars(self.callout.ui))
        self.steps, self._worker = jobs.Steps(), jobs.WorkRunner()
        self._usability = Usability()
        ui.cancelButton.clicked.connect(self.cancel)

    @abstractmethod
    def refresh(self):
        """Show the state of the logic."""

    @property
    def isBusy(self) -> bool:
        """Whether long work is running."""
        return self.steps.isRunning or self._worker.isRunning

    def guarded(self, action: Callable[[], object]):
        """Run an action of a moving hand; a problem is said in the panel."""
        try:
            action()
        except InputError as error:
            self.say(str(error))

    def do(self, action: Callable[[], object], waitCursor: bool = False):
        """Run an action of a button; a problem is said in the panel, an unexpected error in a message box."""
        self.say("")
        with self._ending(_("This could not be done."), waitCursor=waitCursor):
            action()

    def run(
        self,
        title: str,
        generator: Steps[Any],
        onDone: Callable[[Any], object],
        onProblem: Callable[[InputError], object] | None = None,
    ):
        """Long work: a generator of (stage, percent), with progress and a way to cancel it.

        onDone(returned value); onProblem(InputError), otherwise its sentence is said.
        """
        self.showJob(title)
        endings = self._endings(title, onDone, onProblem)
        self.steps.start(generator, lambda step: self.showJob(title, *step), *endings)

    def work(
        self,
        title: str,
        work: Work,
        onDone: Callable[[Any], object],
        onProblem: Callable[[InputError], object] | None = None,
        onCrash: Callable[[Exception], object] | None = None,
    ):
        """The same for work in a process of its own: see ``jobs.WorkRunner``.

        onCrash(error): the process died, and its last lines are the error's text; otherwise they are shown in a box.
        """
        self.showJob(title)
        endings = self._endings(title, onDone, onProblem, onCrash)
        self._worker.start(work, lambda *step: self.showJob(title, *step), *endings)
        self.refresh()

    def _endings(self, title, onDone, onProblem, onCrash=None):
        """What long work calls at its end: one function of the result, one of the error that ended it."""
        failure, anchor = _("{title} failed.").format(title=title), self.callout.lastUsed()

        def finished(result):
            self.showJob("")
            with self._ending(failure, anchor):
                onDone(result)

        def failed(error):
            self.showJob("")
            with self._ending(failure, anchor):
                if not isinstance(error, InputError) and onCrash is not None:
                    onCrash(error)
                elif not isinstance(error, InputError):
                    slicer.util.errorDisplay(f"{failure}\n\n{error}")
                elif onProblem is not None:
                    onProblem(error)
                else:
                    raise error

        return finished, failed

    @contextmanager
    def _ending(self, failure, anchor=None, waitCursor=False):
        """However the action inside ends: a problem is said, an error is shown, and the panel can be used again."""
        try:
            with slicer.util.tryWithErrorDisplay(failure, waitCursor=waitCursor):
                try:
                    yield
                except InputError as error:
                    self.say(str(error), anchor)
        finally:
            if not self.isBusy:
                self.showJob("")
            self._refreshOrFree()

    def _refreshOrFree(self):
        """Where the state cannot be shown, everything can be used: a panel that is locked helps nobody."""
        try:
            with slicer.util.tryWithErrorDisplay(_("The panel could not be brought up to date.")):
                self.refresh()
        except Exception:
            self._usability.free()
            raise

    def cancel(self, *_arguments):
        """Stop long work; it leaves nothing behind."""
        self.steps.cancel()
        self._worker.cancel()
        self.showJob("")
        self.refresh()

    def say(self, text: str, anchor: Any = None):
        """Show a sentence beside a control, by default the one that was used last; "" takes it away."""
        self.callout.say(text, anchor)
        if text:
            slicer.util.showStatusMessage(text, 5000)

    def showJob(self, title: str, stage: str = "", percent: float = 0):
        """Show how far long work is; "" takes it away."""
        self.callout.showJob(title, stage, percent)

    def setUsable(self, states: Mapping[Any, str]):
        """states: widget to the reason why it cannot be used, or "" where it can."""
        for widget, reason in states.items():
            self._usability.set(widget, reason)


class TaskPanel(Panel):
    """Connects the widgets of a .ui file with a logic; it computes nothing. To be derived from.

    The form has packagesFrame with packagesLabel and openHomeButton. A derived panel has ``sections``, each with
    setParameters(parameters); it implements ``refresh``, ``restore`` and ``stop``.
    """

    sections = ()

    def __init__(self, ui: Any, logic: Any, findParameterNode: Callable[[], Any]):
        """findParameterNode(): the wrapped parameter node of the present scene."""
        Panel.__init__(self, ui, ui.packagesFrame.parentWidget())
        self.logic, self._findParameterNode = logic, findParameterNode
        self.parameters, self._guiTag, self.isOpen = None, None, False
        self.packagesProblem = ""
        self._sceneTimer = singleShot(0, self._onSceneReplaced)
        ui.openHomeButton.clicked.connect(lambda *_a: slicer.util.selectModule("SyntheticImaging"))

    @abstractmethod
    def restore(self):
        """A scene was opened: take up what it holds."""

    @abstractmethod
    def stop(self):
        """Nothing may run any more: the scene is closing or the panel goes away."""

    def propose(self):
        """Data came while the panel is open: choose what nobody has chosen yet and there is no doubt about."""

    # Parameter node and scene

    def setParameterNode(self, parameters: Any):
        """Bind the panel to a wrapped parameter node, or to none."""
        if self.parameters is not None and self._guiTag is not None:
            self.parameters.disconnectGui(self._guiTag)
        self.parameters, self._guiTag = parameters, None
        for section in self.sections:
            section.setParameters(parameters)
        if parameters is not None:
            self._guiTag = parameters.connectGui(self.ui)
        self.refresh()

    def closeScene(self):
        """The scene is closing: nothing may run into it."""
        self._sceneTimer.stop()
        self.cancel()
        self.stop()
        self.say("")
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
        self.isOpen = True
        names = ", ".join(requirement.name for requirement in requirements.missing())
        text = _("Python packages are missing: {names}. The module Synthetic Imaging installs them.")
        self.packagesProblem = text.format(names=names) if names else ""
        self.ui.packagesLabel.text = self.packagesProblem
        self.ui.packagesFrame.visible = bool(names)
        self.callout.watch()
        self.callout.place()

    def leave(self):
        """The user opens another module."""
        self.isOpen = False
