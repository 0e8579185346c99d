"""Stand-ins of the CTK widgets that module panels use; class, property and signal names are CTK's."""

from PySide6.QtCore import Property, QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox, QColorDialog, QComboBox, QDoubleSpinBox, QFileDialog, QGroupBox, QHBoxLayout, QLineEdit,
    QMessageBox, QPushButton, QSizePolicy, QSlider, QStyle, QStyleOptionButton, QStylePainter, QToolButton,
    QWidget,
)  # fmt: skip


def _property(kind, name):
    """A Qt property kept in the attribute `_name`."""
    attribute = f"_{name}"

    def read(self):
        return getattr(self, attribute)

    def write(self, value):
        setattr(self, attribute, value)

    return Property(kind, read, write)


class ctkDoubleSpinBox(QDoubleSpinBox):
    """CTK's spin box differs in ways that no module here uses."""


class ctkSliderWidget(QWidget):
    """Slider and spin box for one float. `tracking` False: valueChanged only when the mouse is released."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._value, self._minimum, self._maximum = 0.0, 0.0, 99.0
        self._singleStep, self._pageStep, self._tracking = 1.0, 10.0, True
        self._slider = QSlider(Qt.Horizontal, self)
        self._spin = QDoubleSpinBox(self)
        self._spin.setKeyboardTracking(False)
        self._spin.setDecimals(2)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._spin)
        self._slider.valueChanged.connect(self._onSlider)
        self._slider.sliderReleased.connect(self._onReleased)
        self._spin.valueChanged.connect(self.setValue)
        self._update()

    def _steps(self):
        return max(1, round((self._maximum - self._minimum) / (self._singleStep or 1)))

    def _onSlider(self, position):
        value = min(self._maximum, self._minimum + position * self._singleStep)
        if self._tracking or not self._slider.isSliderDown():
            self.setValue(value)
        else:
            self._show(value)
            self.valueIsChanging.emit(value)

    def _onReleased(self):
        if not self._tracking:
            self._onSlider(self._slider.value())

    def _show(self, value):
        for widget in (self._slider, self._spin):
            widget.blockSignals(True)
        self._spin.setValue(value)
        self._slider.setValue(round((value - self._minimum) / (self._singleStep or 1)))
        for widget in (self._slider, self._spin):
            widget.blockSignals(False)

    def _update(self):
        for widget in (self._slider, self._spin):
            widget.blockSignals(True)
        self._slider.setRange(0, self._steps())
        self._spin.setRange(self._minimum, self._maximum)
        self._spin.setSingleStep(self._singleStep)
        for widget in (self._slider, self._spin):
            widget.blockSignals(False)
        self.setValue(self._value)
        self._show(self._value)

    def _getValue(self):
        return self._value

    def setValue(self, value):
        value = round(min(self._maximum, max(self._minimum, float(value))), self._spin.decimals())
        changed = value != self._value
        self._value = value
        self._show(value)
        if changed:
            self.valueIsChanging.emit(value)
            self.valueChanged.emit(value)

    value = Property(float, _getValue, setValue, notify=valueChanged, user=True)

    def setMinimum(self, value):
        self._minimum, self._maximum = float(value), max(self._maximum, float(value))
        self._update()

    def setMaximum(self, value):
        self._maximum, self._minimum = float(value), min(self._minimum, float(value))
        self._update()

    def setRange(self, low, high):
        self._minimum, self._maximum = float(low), float(high)
        self._update()

    def setSingleStep(self, value):
        self._singleStep = float(value)
        self._update()

    def setDecimals(self, value):
        self._spin.setDecimals(value)
        self._update()

    def setTracking(self, value):
        self._tracking = bool(value)

    def setPrefix(self, text):
        self._spin.setPrefix(text)

    def setSuffix(self, text):
        self._spin.setSuffix(text)

    def slider(self):
        return self._slider

    def spinBox(self):
        return self._spin

    minimum = Property(float, lambda self: self._minimum, setMinimum)
    maximum = Property(float, lambda self: self._maximum, setMaximum)
    singleStep = Property(float, lambda self: self._singleStep, setSingleStep)
    pageStep = _property(float, "pageStep")
    decimals = Property(int, lambda self: self._spin.decimals(), setDecimals)
    tracking = Property(bool, lambda self: self._tracking, setTracking)
    prefix = Property(str, lambda self: self._spin.prefix(), setPrefix)
    suffix = Property(str, lambda self: self._spin.suffix(), setSuffix)


class ctkRangeWidget(QWidget):
    """Two values with minimumValue <= maximumValue."""

    valuesChanged = Signal(float, float)
    minimumValueChanged = Signal(float)
    maximumValueChanged = Signal(float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._low, self._high = QDoubleSpinBox(self), QDoubleSpinBox(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for spin in (self._low, self._high):
            layout.addWidget(spin)
            spin.valueChanged.connect(self._onChanged)
        self._high.setValue(99)

    def _onChanged(self, *_):
        if self._low.value() > self._high.value():
            other = self._high if self.sender() is self._low else self._low
            other.setValue(self.sender().value())
            return
        self.minimumValueChanged.emit(self._low.value())
        self.maximumValueChanged.emit(self._high.value())
        self.valuesChanged.emit(self._low.value(), self._high.value())

    def setValues(self, low, high):
        self.setMinimumValue(low)
        self.setMaximumValue(high)

    def setRange(self, low, high):
        self._low.setRange(low, high)
        self._high.setRange(low, high)

    def setMinimumValue(self, value):
        self._low.setValue(value)

    def setMaximumValue(self, value):
        self._high.setValue(value)

    def _each(name):  # noqa: N805 (runs while the class is built)
        def write(self, value):
            for spin in (self._low, self._high):
                getattr(spin, name)(value)

        return write

    minimumValue = Property(float, lambda self: self._low.value(), setMinimumValue)
    maximumValue = Property(float, lambda self: self._high.value(), setMaximumValue)
    minimum = Property(float, lambda self: self._low.minimum(), _each("setMinimum"))
    maximum = Property(float, lambda self: self._high.maximum(), _each("setMaximum"))
    singleStep = Property(float, lambda self: self._low.singleStep(), _each("setSingleStep"))
    decimals = Property(int, lambda self: self._low.decimals(), _each("setDecimals"))
    suffix = Property(str, lambda self: self._low.suffix(), _each("setSuffix"))


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
            self._hidden = [w for w in self.children() if isinstance(w, QWidget) and not w.isHidden()]
        for widget in self._hidden:
            widget.setVisible(not collapsed)
        self.setMaximumHeight(self.TITLE_PX + 2 if collapsed else 16777215)
        self.updateGeometry()
        self.contentsCollapsed.emit(collapsed)

    def childEvent(self, event):
        super().childEvent(event)
        if event.added() and self._collapsed and isinstance(event.child(), QWidget):
            self._hidden.append(event.child())
            event.child().setVisible(False)

    def setText(self, text):
        self._text = text
        self.update()

    def minimumSizeHint(self):
        return QSize(40, self.TITLE_PX + 2) if self._collapsed or not self.layout() else self.layout().minimumSize()

    collapsed = Property(bool, lambda self: self._collapsed, setCollapsed)
    text = Property(str, lambda self: self._text, setText)
    checked = Property(bool, lambda self: not self._collapsed, lambda self, value: self.setCollapsed(not value))
    flat = _property(bool, "flat")


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
        self._edit.textChanged.connect(self.currentPathChanged)
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
        self._edit.setText(str(path or ""))

    def addCurrentPathToHistory(self):
        """The host keeps no history between runs."""

    currentPath = Property(str, lambda self: self._edit.text(), setCurrentPath, notify=currentPathChanged)
    filters = _property(int, "filters")
    nameFilters = _property("QStringList", "nameFilters")
    settingKey = _property(str, "settingKey")
    label = _property(str, "label")
    showHistoryButton = _property(bool, "showHistoryButton")


class ctkDirectoryButton(QPushButton):
    """A button that shows and chooses a folder."""

    directoryChanged = Signal(str)

    def __init__(self, *args):
        super().__init__(*args)
        self._directory = ""
        self.clicked.connect(self.browse)

    def browse(self, *_):
        path = QFileDialog.getExistingDirectory(self, "Choose a folder", self._directory)
        if path:
            self.setDirectory(path)

    def setDirectory(self, path):
        if path != self._directory:
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

    checkBoxControlsButton = _property(bool, "checkBoxControlsButton")
    checkBoxControlsButtonToggleState = _property(bool, "checkBoxControlsButtonToggleState")


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
    displayColorName = _property(bool, "displayColorName")


class ctkCoordinatesWidget(QWidget):
    """Numbers of a point, as the text property "x,y,z"."""

    coordinatesChanged = Signal("double*")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._spins = [QDoubleSpinBox(self) for _ in range(3)]
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for spin in self._spins:
            spin.setRange(-1e6, 1e6)
            layout.addWidget(spin)

    def _setCoordinates(self, text):
        for spin, part in zip(self._spins, str(text).split(","), strict=True):
            spin.setValue(float(part))

    coordinates = Property(str, lambda self: ",".join(str(s.value()) for s in self._spins), _setCoordinates)


class ctkMessageBox(QMessageBox):
    """A message box that can remember "do not show again" (never remembered in the host)."""

    dontShowAgainSettingsKey = ""
