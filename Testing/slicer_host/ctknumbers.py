"""Stand-ins of the CTK widgets for numbers; class, property and signal names are CTK's."""

# ruff: noqa: N801 (the class names are CTK's)

from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

_MOST_STEPS = 2**31 - 1


def kept_property(kind, name):
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
        steps = (self._maximum - self._minimum) / (self._singleStep or 1)
        return max(1, round(steps)) if steps < _MOST_STEPS else 0  # a slider without an end has no places

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
        self._slider.setValue(round((value - self._minimum) / (self._singleStep or 1)) if self._steps() else 0)
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
    pageStep = kept_property(float, "pageStep")
    decimals = Property(int, lambda self: self._spin.decimals(), setDecimals)
    tracking = Property(bool, lambda self: self._tracking, setTracking)
    prefix = Property(str, lambda self: self._spin.prefix(), setPrefix)
    suffix = Property(str, lambda self: self._spin.suffix(), setSuffix)


class ctkDoubleSlider(ctkSliderWidget):
    """The slider alone."""

    def __init__(self, *args):
        super().__init__(args[-1] if args and isinstance(args[-1], QWidget) else None)
        self._spin.setDecimals(10)
        self._spin.hide()


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


class ctkDoubleRangeSlider(ctkRangeWidget):
    """The slider of a range alone."""
