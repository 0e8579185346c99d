"""Stand-ins of the CTK widgets that module panels use; class, property and signal names are CTK's."""

# ruff: noqa: N801 (the class names are CTK's)

import fnmatch

from PySide6.QtCore import Property, QDir, QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QComboBox,
    QFileDialog,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

from .ctknumbers import kept_property


class ctkCollapsibleButton(QWidget):
    """A titled section whose contents fold away."""

    contentsCollapsed = Signal(bool)
    TITLE_PX = 22

    def __init__(self, *args):
        text = args[0] if args and isinstance(args[0], str) else ""
        super().__init__(args[-1] if args and isinstance(args[-1], QWidget) else None)
        self._text, self._collapsed, self._flat, self._hidden = text, False, False, []
        self.setContentsMargins(1, self.TITLE_PX + 2, 1, 1)
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Preferred)

    def paintEvent(self, event):
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        option.initFrom(self)
        option.rect = self.rect().adjusted(0, 0, -1, self.TITLE_PX - self.height())
        option.state |= QStyle.State_Raised
        painter.drawControl(QStyle.CE_PushButtonBevel, option)
        arrow = QStyleOptionButton()
        arrow.initFrom(self)
        arrow.rect = option.rect.adjusted(6, 6, 0, -6)
        arrow.rect.setWidth(arrow.rect.height())
        kind = QStyle.PE_IndicatorArrowRight if self._collapsed else QStyle.PE_IndicatorArrowDown
        painter.drawPrimitive(kind, arrow)
        painter.drawText(option.rect.adjusted(24, 0, 0, 0), Qt.AlignVCenter | Qt.AlignLeft, self._text)

    def mousePressEvent(self, event):
        if event.position().y() <= self.TITLE_PX and event.button() == Qt.LeftButton:
            self.setCollapsed(not self._collapsed)

    def setCollapsed(self, collapsed):
        collapsed = bool(collapsed)
        if collapsed == self._collapsed:
            return
        self._collapsed = collapsed
        if collapsed:
            self._hideContents()
        else:
            while self._hidden:
                self._hidden.pop().show()
        self.setMaximumHeight(self.TITLE_PX + 2 if collapsed else 16777215)
        self.updateGeometry()
        self.contentsCollapsed.emit(collapsed)

    def showEvent(self, event):
        """Contents that came while the section was folded are hidden here: a new child cannot be told from its base."""
        if self._collapsed:
            self._hideContents()

    def _hideContents(self):
        shown = [w for w in self.children() if isinstance(w, QWidget) and not w.isHidden()]
        self._hidden += shown
        for widget in shown:
            widget.hide()

    def setText(self, text):
        self._text = text
        self.update()

    def minimumSizeHint(self):
        hasContents = not self._collapsed and self.layout() is not None
        return self.layout().minimumSize() if hasContents else QSize(40, self.TITLE_PX + 2)

    collapsed = Property(bool, lambda self: self._collapsed, setCollapsed)
    text = Property(str, lambda self: self._text, setText)
    checked = Property(bool, lambda self: not self._collapsed, lambda self, value: self.setCollapsed(not value))
    flat = kept_property(bool, "flat")


class ctkCollapsibleGroupBox(QGroupBox):
    """A group box whose check mark folds the contents."""

    def __init__(self, *args):
        super().__init__(*args)
        self.setCheckable(True)
        self.toggled.connect(self._fold)

    def _fold(self, opened):
        self.setMaximumHeight(16777215 if opened else 22)

    collapsed = Property(bool, lambda self: not self.isChecked(), lambda self, value: self.setChecked(not value))


class ctkPathLineEdit(QWidget):
    """A path with a browse button. `filters` is a PythonQt flags value: Files 0x2, Dirs 0x1."""

    currentPathChanged = Signal(str)
    Dirs, Files, Writable, Readable = 0x001, 0x002, 0x020, 0x010

    def __init__(self, parent=None):
        super().__init__(parent)
        self._filters, self._nameFilters, self._settingKey, self._label = self.Files, [], "", ""
        self._showHistoryButton = True
        self._edit = QLineEdit(self)
        self._button = QToolButton(self, text="…")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._edit, 1)
        layout.addWidget(self._button)
        self._edit.textChanged.connect(self._onText)
        self._button.clicked.connect(self.browse)

    def browse(self, *_):
        directory = int(self._filters) & self.Dirs and not int(self._filters) & self.Files
        if directory:
            path = QFileDialog.getExistingDirectory(self, "Choose a folder", self._edit.text())
        else:
            path = QFileDialog.getOpenFileName(self, "Choose a file", self._edit.text(), ";;".join(self._nameFilters))
        if path:
            self.setCurrentPath(path)

    def setCurrentPath(self, path):
        self._edit.setText(path)

    def _onText(self, path):
        """A path that no name filter takes is not told."""
        patterns = [p for text in self._nameFilters for p in text.partition("(")[2].rstrip(")").split() or [text]]
        if not patterns or any(fnmatch.fnmatch(path, pattern) for pattern in patterns):
            self.currentPathChanged.emit(path)

    def addCurrentPathToHistory(self):
        """The host keeps no history between runs."""

    currentPath = Property(str, lambda self: self._edit.text(), setCurrentPath, notify=currentPathChanged)
    filters = kept_property(int, "filters")
    nameFilters = kept_property("QStringList", "nameFilters")
    settingKey = kept_property(str, "settingKey")
    label = kept_property(str, "label")
    showHistoryButton = kept_property(bool, "showHistoryButton")


class ctkDirectoryButton(QPushButton):
    """A button that shows and chooses a folder; there is always one, at first the current folder."""

    directoryChanged = Signal(str)

    def __init__(self, *args):
        super().__init__(*args)
        self._directory = "."
        self.setText(QDir().absolutePath())
        self.clicked.connect(self.browse)

    def browse(self, *_):
        path = QFileDialog.getExistingDirectory(self, "Choose a folder", self._directory)
        if path:
            self.setDirectory(path)

    def setDirectory(self, path):
        path = QDir(path).absolutePath()
        if path != QDir(self._directory).absolutePath():
            self._directory = path
            self.setText(path)
            self.directoryChanged.emit(path)

    directory = Property(str, lambda self: self._directory, setDirectory, notify=directoryChanged)


class ctkComboBox(QComboBox):
    """A combo box with a text while nothing is chosen."""

    defaultText = Property(str, lambda self: self.placeholderText(), lambda self, text: self.setPlaceholderText(text))


class ctkCheckBox(QCheckBox):
    pass


class ctkCheckablePushButton(QPushButton):
    """A push button with a check box in it, which makes the button checkable."""

    checkBoxToggled = Signal(bool)

    def __init__(self, *args):
        super().__init__(*args)
        self._checkBoxControlsButton = self._checkBoxControlsButtonToggleState = True

    checkBoxControlsButton = kept_property(bool, "checkBoxControlsButton")
    checkBoxControlsButtonToggleState = kept_property(bool, "checkBoxControlsButtonToggleState")


class ctkMenuButton(QPushButton):
    pass


class ctkColorPickerButton(QPushButton):
    """Shows a color; a click chooses another."""

    colorChanged = Signal(QColor)

    def __init__(self, *args):
        super().__init__(*args)
        self._color, self._displayColorName = QColor(0, 0, 0), True
        self.clicked.connect(self.changeColor)

    def changeColor(self, *_):
        color = QColorDialog.getColor(self._color, self)
        if color.isValid():
            self.setColor(color)

    def setColor(self, color):
        if color != self._color:
            self._color = QColor(color)
            self.setText(self._color.name())
            self.setStyleSheet(f"background: {self._color.name()}")
            self.colorChanged.emit(self._color)

    color = Property(QColor, lambda self: self._color, setColor, notify=colorChanged)
    displayColorName = kept_property(bool, "displayColorName")


class ctkMessageBox(QMessageBox):
    """A message box that can remember "do not show again" (never remembered in the host)."""

    dontShowAgainSettingsKey = ""
