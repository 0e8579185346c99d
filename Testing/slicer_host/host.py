"""Starts the stand-in application and drives it as a person would: mouse, keys, files, pictures."""

import shutil
import sys
import time

import shiboken6
import slicer
from PySide6.QtCore import SIGNAL, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QEnterEvent, QKeyEvent, QKeySequence, QMouseEvent, QShortcut, QWheelEvent
from PySide6.QtWidgets import QApplication

from . import bootstrap, dialogs, namespace
from .application import SlicerApplication
from .errorlog import ErrorLog
from .iomanager import IOManager
from .layout import qSlicerLayoutManager
from .modulemanager import ModuleManager
from .subjecthierarchy import SubjectHierarchyFiller
from .window import apply_style, qSlicerMainWindow

_BUTTONS = {"left": Qt.LeftButton, "middle": Qt.MiddleButton, "right": Qt.RightButton, "none": Qt.NoButton}
_MODIFIERS = {"shift": Qt.ShiftModifier, "control": Qt.ControlModifier, "alt": Qt.AltModifier}


class Host:
    """The running stand-in.

    `shownMessages` has what dialogs said, `exceptions` what callbacks raised, `errorLog` what the application's error
    log would hold: (level, text) of every warning and error.
    """

    def __init__(self, size, testing, interactive):
        self._core = bootstrap.create_core()
        self.errorLog = ErrorLog()
        self.app = SlicerApplication(self._core, testing, interactive)
        apply_style(self.app)
        namespace.install_widgets()
        namespace.install_slicer(self._core, self.app)
        self.dialogs = dialogs.Dialogs()
        self.exceptions = []
        self._underMouse = None
        if not interactive:
            self.dialogs.install()
        self._plainExceptHook = sys.excepthook
        sys.excepthook = self._onException
        self.scene = self._core.scene
        self._hierarchy = SubjectHierarchyFiller(self.scene)
        self.modules = ModuleManager(self._core)
        self.io = IOManager(self._core)
        self.window = qSlicerMainWindow(self._core, size)
        self.window.moduleSelector().addModule(self.modules.module("SampleData"))
        self.layoutManager = qSlicerLayoutManager(self.window.viewport(), self._core)
        self.app.setBuilt(self.layoutManager, self.modules, self.io)
        self._sceneTags = [
            self.scene.AddObserver(slicer.vtkMRMLScene.EndCloseEvent, self._onSceneReplaced),
            self.scene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, self._onSceneReplaced),
            self.scene.AddObserver(slicer.vtkMRMLScene.EndBatchProcessEvent, self._onSceneReplaced),
        ]

    def load(self, paths):
        """Load module files and tell them that the application has started."""
        before = set(self.modules.modulesNames())
        self.modules.load(paths)
        for module in self.modules.scriptedModules():
            if module.name not in before and not module.hidden:
                self.window.moduleSelector().addModule(module)
        if self.app.receivers(SIGNAL("startupCompleted()")):
            self.app.startupCompleted.emit()
            self.app.startupCompleted.disconnect()

    # Modules, layout, messages

    def selectModule(self, name):
        """Open a module's panel as through the module selector; returns the module's Python widget object."""
        slicer.util.selectModule(name)
        self.processEvents()
        return self.modules.module(name).widgetRepresentation().self()

    def setLayout(self, layout):
        """A number, or a name such as "FourUp", "OneUpRedSlice", "OneUp3D"."""
        if isinstance(layout, str):
            layout = getattr(slicer.vtkMRMLLayoutNode, f"SlicerLayout{layout}View")
        self.layoutManager.setLayout(layout)
        self.processEvents()

    def resize(self, size):
        """Give the window this (width, height) in pixels; what it got, which is more where it needs more."""
        self.window.resize(*size)
        self.processEvents()
        return self.window.width(), self.window.height()

    @property
    def leastSize(self):
        """(width, height) in pixels that the window needs, with the panel and the layout that are shown."""
        self.processEvents()
        return self.window.leastSize

    @property
    def shownMessages(self):
        """[(level, text)] of every message box: "error", "warning", "info" or "question"."""
        return self.dialogs.messages

    def processEvents(self, milliseconds=0):
        """Run the event loop until it is idle, or for so long; then pending pictures are drawn."""
        if milliseconds:
            self.app.wait(milliseconds)
        for _ in range(3):
            self.app.processEvents()
        for view in self.layoutManager.views():
            view.renderPending()
        self.app.processEvents()

    def waitUntil(self, condition, timeoutSeconds=10.0):
        """Run the event loop until `condition()` holds; False when it did not in time."""
        end = time.monotonic() + timeoutSeconds
        while not condition():
            if time.monotonic() > end:
                return False
            self.app.wait(5)
        return True

    # Mouse and keyboard

    def sliceView(self, name):
        return self.layoutManager.sliceWidget(name).sliceView()

    def threeDView(self, index=0):
        return self.layoutManager.threeDWidget(index).threeDView()

    def viewPosition(self, name, ras):
        """Widget position (QPointF) at which a slice view shows a RAS point; ValueError when outside the view."""
        view = self.sliceView(name)
        x, y, _ = view.convertRASToXYZ(ras)
        ratio = view.devicePixelRatioF()
        position = QPointF((x + 0.5) / ratio, view.height() - (y + 0.5) / ratio)
        if not view.rect().contains(position.toPoint()):
            raise ValueError(f"{name} does not show RAS {tuple(ras)}: pan or zoom first")
        return position

    def moveSlice(self, name, ras, button="none", modifiers=()):
        """Move the mouse to a RAS point of a slice view."""
        self._mouse(self.sliceView(name), QEvent.MouseMove, self.viewPosition(name, ras), "none", button, modifiers)

    def clickSlice(self, name, ras, button="left", modifiers=()):
        """Move to a RAS point of a slice view, press and release."""
        position = self.viewPosition(name, ras)
        self._mouse(self.sliceView(name), QEvent.MouseMove, position, "none", "none", modifiers)
        self._mouse(self.sliceView(name), QEvent.MouseButtonPress, position, button, button, modifiers)
        self._mouse(self.sliceView(name), QEvent.MouseButtonRelease, position, button, "none", modifiers)
        self.processEvents()

    def dragSlice(self, name, rasFrom, rasTo, steps=10, button="left", modifiers=(), onStep=None):
        """Press at one RAS point, move in steps, release at the other. `onStep(i)` is called after every move."""
        start, end = self.viewPosition(name, rasFrom), self.viewPosition(name, rasTo)
        self._drag(self.sliceView(name), start, end, steps, button, modifiers, onStep)

    def _drag(self, view, start, end, steps, button, modifiers, onStep):
        self._mouse(view, QEvent.MouseMove, start, "none", "none", modifiers)
        self._mouse(view, QEvent.MouseButtonPress, start, button, button, modifiers)
        for step in range(1, steps + 1):
            self._mouse(view, QEvent.MouseMove, start + (end - start) * step / steps, "none", button, modifiers)
            if onStep is not None:
                onStep(step)
        self._mouse(view, QEvent.MouseButtonRelease, end, button, "none", modifiers)
        self.processEvents()

    def threeDPosition(self, ras, index=0):
        """Widget position (QPointF) at which a 3D view shows a RAS point; ValueError when outside the view."""
        view = self.threeDView(index)
        renderer, ratio = view.renderer(), view.devicePixelRatioF()
        renderer.SetWorldPoint(*ras, 1.0)
        renderer.WorldToDisplay()
        x, y, _ = renderer.GetDisplayPoint()
        position = QPointF((x + 0.5) / ratio, view.height() - (y + 0.5) / ratio)
        if not view.rect().contains(position.toPoint()):
            raise ValueError(f"The 3D view does not show RAS {tuple(ras)}: turn or move the camera first")
        return position

    def drag3D(self, rasFrom, rasTo, steps=10, button="left", modifiers=(), onStep=None, index=0):
        """Press where a 3D view shows one RAS point, move in steps, release where it shows the other."""
        view = self.threeDView(index)
        view.forceRender()
        start, end = self.threeDPosition(rasFrom, index), self.threeDPosition(rasTo, index)
        self._drag(view, start, end, steps, button, modifiers, onStep)

    def wheelSlice(self, name, notches=1, modifiers=()):
        """Turn the wheel in the middle of a slice view; positive is away from the user."""
        view = self.sliceView(name)
        middle = QPointF(view.rect().center())
        delta = QPoint(0, 120 if notches > 0 else -120)
        for _ in range(abs(notches)):
            event = QWheelEvent(middle, QPointF(view.mapToGlobal(middle.toPoint())), QPoint(), delta, Qt.NoButton,
                                self._keys(modifiers), Qt.NoScrollPhase, False)  # fmt: skip
            QApplication.sendEvent(view, event)
        self.processEvents()

    def keyPress(self, key, target=None):
        """Press a key or chord such as "Delete" or "Ctrl+Z" in a view name or widget (default: the window).

        Shortcuts of the window are tried first, as Qt does.
        """
        widget = self.sliceView(target) if isinstance(target, str) else target or self.window
        combination = QKeySequence(key)[0]
        if self._triggerShortcut(QKeySequence(key)):
            return
        text = key if len(key) == 1 else ""
        for kind in (QEvent.KeyPress, QEvent.KeyRelease):
            QApplication.sendEvent(widget, QKeyEvent(kind, combination.key(), combination.keyboardModifiers(), text))
        self.processEvents()

    def _triggerShortcut(self, sequence):
        for shortcut in self.window.findChildren(QShortcut):
            if shortcut.key() == sequence and shortcut.isEnabled() and shortcut.parent().isVisible():
                shortcut.activated.emit()
                return True
        for action in self.window.findChildren(QAction):
            if sequence in action.shortcuts() and action.isEnabled():
                action.trigger()
                return True
        return False

    def _keys(self, modifiers):
        keys = Qt.NoModifier
        for name in modifiers:
            keys |= _MODIFIERS[name.lower()]
        return keys

    def _mouse(self, view, kind, position, button, pressed, modifiers):
        self._bringMouseTo(view, position)
        event = QMouseEvent(kind, position, QPointF(view.mapToGlobal(position.toPoint())), _BUTTONS[button],
                            _BUTTONS[pressed], self._keys(modifiers))  # fmt: skip
        QApplication.sendEvent(view, event)
        self.app.processEvents()

    def _bringMouseTo(self, view, position):
        """The view that the mouse leaves and the one it comes to are told, as by the window system."""
        if view is self._underMouse:
            return
        if self._underMouse is not None and shiboken6.isValid(self._underMouse):
            QApplication.sendEvent(self._underMouse, QEvent(QEvent.Leave))
        self._underMouse = view
        QApplication.sendEvent(view, QEnterEvent(position, position, QPointF(view.mapToGlobal(position.toPoint()))))

    # Pictures and files

    def screenshot(self, path=None, widget=None):
        """Draw every view anew, then the window (or one widget) as a QImage, written to `path` if given."""
        self.processEvents(50)
        for view in self.layoutManager.views():
            if view.isVisible():
                view.forceRender()
        self.processEvents()
        image = (widget or self.window).grab().toImage()
        if path is not None and not image.save(str(path)):
            raise OSError(f"Could not write the picture {path}")
        return image

    def saveScene(self, path):
        if not self.io.saveScene(path):
            raise OSError(f"Could not save the scene to {path}")

    def loadScene(self, path, clear=True):
        """Read a scene file, by default in place of the present scene."""
        if not self.io.loadScene(path, clear):
            raise OSError(f"Could not load the scene {path}")
        self.processEvents()

    def clearScene(self):
        """File > Close Scene."""
        self.scene.Clear(False)
        self.processEvents()

    def _onSceneReplaced(self, scene, event):
        if scene.IsBatchProcessing():
            return
        bootstrap.add_default_nodes(scene)
        self.window.dataProbe().follow(scene)
        self.layoutManager.refresh()

    def _onException(self, kind, error, trace):
        self.exceptions.append(error)
        self.errorLog.addException(error)
        self._plainExceptHook(kind, error, trace)

    def close(self):
        """Close the scene and hide the window; `start` shows the same host again."""
        self.clearScene()
        self.window.hide()

    def shutDown(self):
        """The end of the process: modules clean up, views let go of the scene."""
        self.window.modulePanel().showModule(None)
        self.modules.cleanup()
        self.layoutManager.detach()
        shutil.rmtree(self._core.temporaryPath, ignore_errors=True)
        sys.excepthook = self._plainExceptHook
