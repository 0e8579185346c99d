"""What the panels of all tasks have in common: the parameter node, long work with progress, and what is said.

The .ui file of such a panel has packagesFrame, packagesLabel and openHomeButton; messageLabel; and jobFrame with
jobLabel, jobProgressBar and cancelButton.
"""

from abc import ABC, abstractmethod

import slicer
from slicer.i18n import tr as _

from . import jobs, requirements
from .widgets import Usability, setTextIfNew, singleShot


class TaskPanel(ABC):
    """Connects the widgets of a .ui file with a logic; it computes nothing. To be derived from.

    A derived panel has ``sections``, each with setParameters(parameters); it implements ``refresh``, ``restore``
    and ``stop``.
    """

    sections = ()

    def __init__(self, ui, logic, findParameterNode):
        """findParameterNode(): the wrapped parameter node of the present scene."""
        self.ui, self.logic, self._findParameterNode = ui, logic, findParameterNode
        self.parameters, self._guiTag, self.isOpen = None, None, False
        self.packagesProblem = ""
        self.steps = jobs.Steps()
        self._usability = Usability()
        self._sceneTimer = singleShot(0, self._onSceneReplaced)
        ui.openHomeButton.clicked.connect(lambda *_a: slicer.util.selectModule("SyntheticImaging"))
        ui.cancelButton.clicked.connect(self.cancel)
        self.say("")
        self.showJob("")

    @abstractmethod
    def refresh(self):
        """Show the state of the logic in every section."""

    @abstractmethod
    def restore(self):
        """A scene was opened: take up what it holds."""

    @abstractmethod
    def stop(self):
        """Nothing may run any more: the scene is closing or the panel goes away."""

    # Parameter node and scene

    def setParameterNode(self, parameters):
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

    def leave(self):
        """The user opens another module."""
        self.isOpen = False

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
        """Long work: a generator of (stage, percent), with progress and a way to cancel it.

        onDone(returned value); onProblem(InputError), otherwise its sentence is said.
        """
        self.showJob(title)
        endings = self.endings(title, onDone, onProblem)
        self.steps.start(generator, lambda step: self.showJob(title, *step), *endings)

    def endings(self, title, onDone, onProblem=None):
        """What long work calls at its end: one function of the result, one of the error that ended it."""
        from synthetic_imaging.errors import InputError

        def finished(result):
            self.showJob("")
            onDone(result)
            self.refresh()

        def failed(error):
            self.showJob("")
            if not isinstance(error, InputError):
                slicer.util.errorDisplay(_("{title} failed.").format(title=title) + f"\n\n{error}")
            elif onProblem is not None:
                onProblem(error)
            else:
                self.say(str(error))
            self.refresh()

        return finished, failed

    def cancel(self, *_arguments):
        """Stop long work; it leaves nothing behind."""
        self.steps.cancel()
        self.showJob("")
        self.refresh()

    def say(self, text):
        """Show a sentence at the top of the panel; "" takes it away."""
        setTextIfNew(self.ui.messageLabel, text)
        self.ui.messageLabel.visible = bool(text)
        if text:
            slicer.util.showStatusMessage(text, 5000)

    def showJob(self, title, stage="", percent=0):
        """Show how far long work is; "" takes it away."""
        self.ui.jobFrame.visible = bool(title)
        if title:
            self.ui.jobLabel.text = f"{title}: {stage}" if stage else title
            self.ui.jobProgressBar.value = int(percent)
            # the next step may take a second; the words must be there before it
            self.ui.jobFrame.repaint()

    def setUsable(self, states):
        """states: widget to the reason why it cannot be used, or "" where it can."""
        for widget, reason in states.items():
            self._usability.set(widget, reason)
