"""A VTK view as a plain Qt widget: rendered off screen, pixels painted by Qt, mouse and keyboard events passed on.

The same path serves a desktop, Xvfb and no display at all, and a picture of the window always contains the views.
"""

import slicer
import vtk
from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget
from vtk.util.numpy_support import vtk_to_numpy

RENDER_DELAY_MS = 10

_BUTTONS = {Qt.LeftButton: "Left", Qt.MiddleButton: "Middle", Qt.RightButton: "Right"}
_CURSORS = {
    vtk.VTK_CURSOR_CROSSHAIR: Qt.CrossCursor,
    vtk.VTK_CURSOR_HAND: Qt.PointingHandCursor,
    vtk.VTK_CURSOR_SIZEALL: Qt.SizeAllCursor,
}
_KEY_NAMES = {
    Qt.Key_Escape: "Escape", Qt.Key_Delete: "Delete", Qt.Key_Backspace: "BackSpace", Qt.Key_Return: "Return",
    Qt.Key_Enter: "Return", Qt.Key_Left: "Left", Qt.Key_Right: "Right", Qt.Key_Up: "Up", Qt.Key_Down: "Down",
    Qt.Key_Space: "space", Qt.Key_Tab: "Tab", Qt.Key_Home: "Home", Qt.Key_End: "End", Qt.Key_Shift: "Shift_L",
    Qt.Key_Control: "Control_L", Qt.Key_Alt: "Alt_L",
}  # fmt: skip

_paused = 0


def pause_rendering(pause):
    """Nested like slicer.app.pauseRender / resumeRender; returns True when rendering just became possible again."""
    global _paused
    _paused = max(0, _paused + (1 if pause else -1))
    return _paused == 0


class RenderView(QWidget):
    """Base of qMRMLSliceView and qMRMLThreeDView. `multiSamples` > 0 smooths edges at some cost."""

    factory = None  # displayable manager factory class name, set by the subclass
    managers = ()
    multiSamples = 0

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.StrongFocus)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)
        self.setAttribute(Qt.WA_OpaquePaintEvent)
        self._image = QImage()
        self._pixels = vtk.vtkUnsignedCharArray()
        self._viewNode = None
        self.renderCount = 0
        self._renderer = vtk.vtkRenderer()
        self._window = vtk.vtkRenderWindow()
        self._window.SetShowWindow(False)
        self._window.SetUseOffScreenBuffers(True)
        self._window.SetMultiSamples(self.multiSamples)
        self._window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._interactor.EnableRenderOff()
        self._interactor.AddObserver("RenderEvent", lambda *_: self.scheduleRender())
        self._corner = vtk.vtkCornerAnnotation()
        self._corner.SetMaximumFontSize(13)
        self._corner.GetTextProperty().SetColor(1, 1, 0.9)
        self._renderer.AddViewProp(self._corner)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(RENDER_DELAY_MS)
        self._timer.timeout.connect(self._renderIfVisible)
        self._group = None
        self._style = None

    def connectDisplayableManagers(self, style, viewNode):
        """Let the managers of slicer-core draw into this view and receive its events, as the application does."""
        factory = getattr(slicer, self.factory).GetInstance()
        for name in self.managers:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._viewNode = viewNode
        self._style = style
        passive = vtk.vtkInteractorStyleUser()  # the MRML style observes the interactor itself, but asks for this one
        self._interactor.SetInteractorStyle(passive)
        passive.SetEnabled(False)
        style.SetInteractor(self._interactor)
        self._group = factory.InstantiateDisplayableManagers(self._renderer)
        self._group.SetMRMLDisplayableNode(viewNode)
        self._group.AddObserver(vtk.vtkCommand.UpdateEvent, lambda *_: self.scheduleRender())
        style.SetDisplayableManagers(self._group)
        self._interactor.Initialize()

    def disconnectDisplayableManagers(self):
        self._timer.stop()
        if self._group is not None:
            self._style.SetInteractor(None)
            self._group.SetMRMLDisplayableNode(None)
            self._group = None

    # What scripts use of ctkVTKAbstractView

    def renderWindow(self):
        return self._window

    def renderer(self):
        return self._renderer

    def renderers(self):
        return self._window.GetRenderers()

    def interactor(self):
        return self._interactor

    def interactorStyle(self):
        return self._style

    def cornerAnnotation(self):
        return self._corner

    def displayableManagerByClassName(self, className):
        return self._group.GetDisplayableManagerByClassName(className)

    def scheduleRender(self):
        if not self._timer.isActive():
            self._timer.start()

    def forceRender(self):
        self._timer.stop()
        self._render()

    def renderPending(self):
        """Draw now what is scheduled."""
        if self._timer.isActive():
            self._timer.stop()
            self._renderIfVisible()

    def _renderIfVisible(self):
        if self.isVisible():
            self._render()

    def _render(self):
        if _paused:
            self._timer.start()
            return
        width, height = self._deviceSize()
        if tuple(self._window.GetSize()) != (width, height):
            self._window.SetSize(width, height)
            self._interactor.UpdateSize(width, height)
        self.beforeRender()
        self._window.Render()
        self._window.GetPixelData(0, 0, width - 1, height - 1, 0, self._pixels, 0)
        pixels = vtk_to_numpy(self._pixels).reshape(height, width, 3)[::-1].copy()
        self._image = QImage(pixels.data, width, height, 3 * width, QImage.Format_RGB888).copy()
        self._image.setDevicePixelRatio(self.devicePixelRatioF())
        self.renderCount += 1
        self.update()

    def beforeRender(self):
        """Hook for what must be right in the very picture."""

    def _deviceSize(self):
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    # Qt events

    def sizeHint(self):
        return QSize(300, 300)

    def minimumSizeHint(self):
        return QSize(60, 60)

    def paintEvent(self, event):
        painter = QPainter(self)
        if self._image.isNull():
            painter.fillRect(self.rect(), Qt.black)
        else:
            painter.drawImage(self.rect(), self._image)

    def resizeEvent(self, event):
        self.onDeviceResized(*self._deviceSize())
        self.scheduleRender()

    def onDeviceResized(self, width, height):
        """Hook: the view has a new size in pixels."""

    def showEvent(self, event):
        self.scheduleRender()

    def mousePressEvent(self, event):
        self._mouse(event, f"{_BUTTONS.get(event.button(), 'Left')}ButtonPressEvent")

    def mouseDoubleClickEvent(self, event):
        self._mouse(event, f"{_BUTTONS.get(event.button(), 'Left')}ButtonPressEvent", repeat=1)
        self._mouse(event, f"{_BUTTONS.get(event.button(), 'Left')}ButtonDoubleClickEvent", repeat=1)

    def mouseReleaseEvent(self, event):
        self._mouse(event, f"{_BUTTONS.get(event.button(), 'Left')}ButtonReleaseEvent")

    def mouseMoveEvent(self, event):
        self._mouse(event, "MouseMoveEvent")

    def wheelEvent(self, event):
        delta = event.angleDelta().y()
        if delta:
            self._mouse(event, "MouseWheelForwardEvent" if delta > 0 else "MouseWheelBackwardEvent")

    def enterEvent(self, event):
        self._mouse(event, "EnterEvent")

    def leaveEvent(self, event):
        self._interactor.InvokeEvent("LeaveEvent")

    def keyPressEvent(self, event):
        self._key(event, "KeyPressEvent")
        if event.text():
            self._interactor.InvokeEvent("CharEvent")

    def keyReleaseEvent(self, event):
        self._key(event, "KeyReleaseEvent")

    def _mouse(self, event, name, repeat=0):
        ratio, position, keys = self.devicePixelRatioF(), event.position(), event.modifiers()
        if event.type() != QEvent.Enter:
            self._interactor.SetAltKey(bool(keys & Qt.AltModifier))
        self._interactor.SetEventInformation(
            int(position.x() * ratio), self._deviceSize()[1] - 1 - int(position.y() * ratio),
            bool(keys & Qt.ControlModifier), bool(keys & Qt.ShiftModifier), chr(0), repeat, None,
        )  # fmt: skip
        self._interactor.InvokeEvent(name)
        self.setCursor(_CURSORS.get(self._window.GetCurrentCursor(), Qt.ArrowCursor))
        event.accept()

    def _key(self, event, name):
        keys, text = event.modifiers(), event.text()
        symbol = _KEY_NAMES.get(event.key()) or (text if text.isprintable() and text else chr(event.key() & 0x7F))
        self._interactor.SetAltKey(bool(keys & Qt.AltModifier))
        self._interactor.SetKeyEventInformation(
            bool(keys & Qt.ControlModifier), bool(keys & Qt.ShiftModifier), text[:1] or chr(0), 0, symbol
        )
        self._interactor.InvokeEvent(name)
