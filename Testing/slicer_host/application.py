"""`slicer.app`: the part of qSlicerApplication that modules and slicer.util use."""

import os

from PySide6.QtCore import QEventLoop, QSettings, QTimer, Signal
from PySide6.QtWidgets import QApplication

from . import renderview


class SlicerApplication(QApplication):
    """One per process. Properties are attributes (`slicer.app.temporaryPath`), the rest are methods, as in PythonQt."""

    startupCompleted = Signal()

    majorVersion, minorVersion, revision = 5, 12, "host"

    def __init__(self, core, testing, interactive):
        super().__init__(["Slicer"])
        self.setApplicationName("Slicer")
        self.setOrganizationName("slicer-host")
        self.setQuitOnLastWindowClosed(interactive)
        self._core = core
        self._testing = testing
        self._layoutManager = None
        self._ioManager = None
        self._moduleManager = None
        QSettings.setDefaultFormat(QSettings.IniFormat)
        QSettings.setPath(QSettings.IniFormat, QSettings.UserScope, core.temporaryPath)
        self._settings = QSettings()
        logic = core.applicationLogic
        logic.AddObserver(logic.PauseRenderEvent, lambda *_: self.pauseRender())
        logic.AddObserver(logic.ResumeRenderEvent, lambda *_: self.resumeRender())

    @property
    def temporaryPath(self):
        return self._core.temporaryPath

    @property
    def cachePath(self):
        path = os.path.join(self._core.temporaryPath, "Cache")
        os.makedirs(path, exist_ok=True)
        return path

    def mrmlScene(self):
        return self._core.scene

    def applicationLogic(self):
        return self._core.applicationLogic

    def layoutManager(self):
        return self._layoutManager

    def moduleManager(self):
        return self._moduleManager

    def coreIOManager(self):
        return self._ioManager

    ioManager = coreIOManager

    def settings(self):
        return self._settings

    userSettings = revisionUserSettings = settings

    def testingEnabled(self):
        return self._testing

    def setTestingEnabled(self, enabled):
        """For the host's user: in testing mode message boxes are recorded and answered at once."""
        self._testing = bool(enabled)

    def translate(self, context, text, disambiguation=None, n=-1):
        return text

    def startupEnvironment(self):
        return dict(os.environ)

    def pythonConsole(self):
        return None

    def setRenderPaused(self, pause):
        if renderview.pause_rendering(pause) and self._layoutManager is not None:
            for view in self._layoutManager.views():
                view.scheduleRender()

    def pauseRender(self):
        self.setRenderPaused(True)

    def resumeRender(self):
        self.setRenderPaused(False)

    def setBuilt(self, layoutManager, moduleManager, ioManager):
        self._layoutManager, self._moduleManager, self._ioManager = layoutManager, moduleManager, ioManager

    def wait(self, milliseconds):
        """Run the event loop for so long."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()
