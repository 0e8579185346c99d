"""The mouse on an X-ray view: where it is, and dragging for window and level."""

import slicer
import vtk

_WIDTH_PER_VIEW, _LEVEL_PER_VIEW = 2.0, 1.0
_SMALLEST_WIDTH = 0.05
_PRIORITY = 1.0


class XrayMouse:
    """Observes one X-ray view.

    onPixel(column, row): the mouse is over this pixel coordinate of the image, or None, None when it has left it.
    window(): low and high end of the gray scale; setWindow(low, high): the user has dragged them there.
    """

    def __init__(self, view, onPixel, window, setWindow):
        self._view, self._onPixel, self._window, self._setWindow = view, onPixel, window, setWindow
        self._interactor, self._tags = None, []
        self._isOver, self._start = False, None

    def attach(self):
        """Observe the view as it is in the present layout."""
        widget = self._view.widget
        interactor = widget.sliceView().interactor() if widget is not None else None
        if interactor is self._interactor:
            return
        self.detach()
        if interactor is None:
            return
        self._interactor = interactor
        for event, slot in (
            ("MouseMoveEvent", self._onMove),
            ("LeaveEvent", self._onLeave),
            ("LeftButtonPressEvent", self._onPress),
            ("LeftButtonReleaseEvent", self._onRelease),
        ):
            self._tags.append(interactor.AddObserver(event, slot, _PRIORITY))

    def detach(self):
        for tag in self._tags:
            self._interactor.RemoveObserver(tag)
        self._interactor, self._tags, self._start = None, [], None
        self._leave()

    def _onMove(self, caller, event):
        if self._start is not None:
            self._drag()
            return
        pixel = self._pixel()
        if pixel is None:
            self._leave()
        else:
            self._isOver = True
            self._onPixel(*pixel)

    def _onLeave(self, caller, event):
        self._leave()

    def _leave(self):
        if self._isOver:
            self._isOver = False
            self._onPixel(None, None)

    def _onPress(self, caller, event):
        """Slicer's own mode for window and level does the same by itself, and place mode needs the click."""
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        isPlain = not (caller.GetShiftKey() or caller.GetControlKey() or caller.GetAltKey())
        if isPlain and interaction.GetCurrentInteractionMode() == interaction.ViewTransform and self._pixel():
            self._start = (caller.GetEventPosition(), self._window())

    def _onRelease(self, caller, event):
        self._start = None

    def _drag(self):
        """To the right for more width, upwards for a higher level, as in Slicer's slice views."""
        (x, y), (low, high) = self._start
        width, height = self._view.sliceNode.GetDimensions()[:2]
        toX, toY = self._interactor.GetEventPosition()
        wide = max(_SMALLEST_WIDTH, (high - low) * (1 + _WIDTH_PER_VIEW * (toX - x) / width))
        level = (high + low) / 2 + (high - low) * _LEVEL_PER_VIEW * (toY - y) / height
        self._setWindow(level - wide / 2, level + wide / 2)

    def _pixel(self):
        """Column and row under the mouse, or None beside the image."""
        image, sliceNode = self._view.image, self._view.sliceNode
        if image is None or image.GetImageData() is None or sliceNode is None:
            return None
        x, y = self._interactor.GetEventPosition()
        ras = sliceNode.GetXYToRAS().MultiplyPoint((x, y, 0, 1))
        toPixel = vtk.vtkMatrix4x4()
        image.GetRASToIJKMatrix(toPixel)
        column, row = toPixel.MultiplyPoint(ras)[:2]
        columns, rows, _slices = image.GetImageData().GetDimensions()
        if not (-0.5 <= column < columns - 0.5 and -0.5 <= row < rows - 0.5):
            return None
        return column, row
