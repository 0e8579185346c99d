"""Taking and keeping images, and the section Sweep."""

from collections.abc import Callable, Generator
from typing import Any, Protocol

from slicer.i18n import tr as _


class Camera(Protocol):
    """What the section needs of the logic."""

    def takeImage(self) -> None:
        """Draw all planes as they stand now."""

    def shot(self) -> Any:
        """Keep the images; the node of plane A."""

    def sweepSteps(self) -> Generator[tuple[str, float], None, Any]:
        """A sweep; its browser node."""


class SeriesSection:
    """do(action): runs an action and shows problems; run(title, generator, onDone): the same for long work."""

    def __init__(self, ui, logic: Camera, do: Callable, run: Callable, say: Callable[[str], object]):
        self.ui, self._logic, self._do, self._run, self._say = ui, logic, do, run, say
        self._parameters, self._browser = None, None
        ui.takeButton.clicked.connect(lambda *_a: self._do(logic.takeImage, waitCursor=True))
        ui.shotButton.clicked.connect(self._onShot)
        ui.sweepButton.clicked.connect(self._onSweep)
        self.showBrowser(None)

    def setParameters(self, parameters):
        self._parameters = parameters

    def refresh(self):
        if self._browser is not None and self._browser.GetScene() is None:
            self.showBrowser(None)

    def usable(self, problem: str):
        ui = self.ui
        return dict.fromkeys((ui.takeButton, ui.shotButton, ui.sweepButton), problem)

    def showBrowser(self, browser):
        """The controls of a sweep, or none."""
        for widget in (self.ui.seekWidget, self.ui.playWidget):
            widget.setMRMLSequenceBrowserNode(browser)
            widget.visible = browser is not None
        self._browser = browser

    def _onShot(self, *_arguments):
        def shot():
            node = self._logic.shot()
            self._say(_('Image kept as "{name}".').format(name=node.GetName()))

        self._do(shot, waitCursor=True)

    def _onSweep(self, *_arguments):
        self._do(lambda: self._run(_("Sweep"), self._logic.sweepSteps(), self.showBrowser))
