"""What a panel says, in a small frame beside the control that was used last; it moves no other control."""

import qt
import slicer

from .tree import PACKAGE_FOLDER
from .widgets import setTextIfNew

FORM_FILE = PACKAGE_FOLDER / "Resources" / "UI" / "Callout.ui"
WIDEST_PX = 380
MARGIN_PX = 4
USES = (
    ("QAbstractButton", "pressed()"),
    ("QAbstractSlider", "sliderPressed()"),
    ("QComboBox", "activated(int)"),
    ("QAbstractItemView", "pressed(QModelIndex)"),
)
"""Class of a widget, and its signal that a hand has used it."""


class Callout:
    """A frame over a form, in no layout: a sentence, and how far long work is.

    ``ui`` has its widgets: messageLabel; jobFrame with jobLabel, jobProgressBar and cancelButton. The sentence goes
    with a click on it and with the next use of a control.
    """

    def __init__(self, form):
        self._form, self._frame = form, slicer.util.loadUI(str(FORM_FILE))
        self.ui = slicer.util.childWidgetVariables(self._frame)
        self._frame.setParent(form)
        self._frame.visible = self.ui.messageLabel.visible = self.ui.jobFrame.visible = False
        self._used, self._focusAtUse, self._anchor, self._title = None, None, None, ""
        self._clicks = _Clicks()
        self._clicks.action = lambda: self.say("")
        self.ui.messageLabel.installEventFilter(self._clicks)
        self._watched = []

    def watch(self):
        """Notice the use of every control that the form has by now."""
        own = slicer.util.findChildren(self._frame)
        for widget in slicer.util.findChildren(self._form):
            if widget in own or widget in self._watched:
                continue
            for name, signal in USES:
                if widget.inherits(name):
                    widget.connect(signal, lambda *_a, widget=widget: self._onUsed(widget))
                    self._watched.append(widget)

    def lastUsed(self):
        """The control of the form that was used last, or has the keyboard since; None where a hand is elsewhere."""
        focus = self._form.window().focusWidget()
        if self._used is not None and focus == self._focusAtUse:
            return self._used
        return focus if focus is not None and self._form.isAncestorOf(focus) else None

    def say(self, text, anchor=None):
        """Show a sentence beside a control, by default the one that was used last; "" takes it away."""
        setTextIfNew(self.ui.messageLabel, text)
        self.ui.messageLabel.visible = bool(text)
        if text and not self._title:
            self._anchor = self.lastUsed() if anchor is None else anchor
        self.place()

    def showJob(self, title, stage="", percent=0):
        """Show how far long work is, beside the control that started it; "" takes it away."""
        if title and not self._title:
            self._anchor = self.lastUsed()
        self._title = title
        self.ui.jobFrame.visible = bool(title)
        if title:
            setTextIfNew(self.ui.jobLabel, f"{title}: {stage}" if stage else title)
            self.ui.jobProgressBar.value = int(percent)
        self.place()
        if title:
            # the next step may take a second; the words must be there before it
            self._frame.repaint()

    def place(self):
        """Put the frame right below its control, above where there is no room, and always into the visible part."""
        frame, shown = self._frame, self._visiblePart()
        frame.visible = bool(self.ui.messageLabel.text or self._title)
        if not frame.visible:
            return
        width = max(1, min(WIDEST_PX, shown.width() - 2 * MARGIN_PX))
        height = frame.heightForWidth(width)
        control = self._control(shown)
        x, y = shown.left() + MARGIN_PX, shown.top() + MARGIN_PX
        if control is not None:
            x = max(x, min(control.left(), shown.right() - MARGIN_PX - width))
            below, above = control.bottom() + MARGIN_PX, control.top() - MARGIN_PX - height
            lowest = shown.bottom() - MARGIN_PX - height
            y = below if below <= lowest else above if above >= y else max(y, lowest)
        frame.setGeometry(x, y, width, height)
        frame.raise_()

    def _visiblePart(self):
        """What the panel's scroll area shows of the form, in the coordinates of the form."""
        form, area = self._form, self._form.parentWidget()
        while area is not None and not area.inherits("QAbstractScrollArea"):
            area = area.parentWidget()
        if area is None:
            return form.rect
        view = area.viewport()
        corner = form.mapTo(view, qt.QPoint(0, 0))
        return qt.QRect(-corner.x(), -corner.y(), view.width, view.height).intersected(form.rect)

    def _control(self, shown):
        """Where the control is that the frame belongs to; None where it is out of sight."""
        try:
            if self._anchor is None or not self._anchor.visible:
                return None
            corner = self._anchor.mapTo(self._form, qt.QPoint(0, 0))
            place = qt.QRect(corner.x(), corner.y(), self._anchor.width, self._anchor.height)
        except (RuntimeError, ValueError):  # it was deleted meanwhile
            return None
        return place if shown.intersects(place) else None

    def _onUsed(self, widget):
        self._used, self._focusAtUse = widget, self._form.window().focusWidget()
        self.say("")


class _Clicks(qt.QObject):
    """Calls ``action`` when the watched widget is clicked."""

    action = None

    def eventFilter(self, watched, event):
        if event.type() == qt.QEvent.MouseButtonRelease:
            self.action()
        return False
