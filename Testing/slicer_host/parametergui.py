"""Binding of parameters to widgets: which widget can show which type, and how."""

import enum
import pathlib

import vtk
from PySide6 import QtWidgets

from . import ctkwidgets
from .ctknumbers import ctkRangeWidget, ctkSliderWidget
from .nodewidgets import qMRMLNodeComboBox
from .parametertypes import (
    Choice,
    Decimals,
    FloatRange,
    Maximum,
    Minimum,
    RangeBounds,
    SingleStep,
    WithinRange,
    is_node_type,
)  # fmt: skip


def find_widgets(gui):
    """{parameter name: widget} of a widget tree, or of an object whose attributes are widgets."""
    if isinstance(gui, QtWidgets.QWidget):
        widgets = [gui, *gui.findChildren(QtWidgets.QWidget)]
    else:
        widgets = [w for w in vars(gui).values() if isinstance(w, QtWidgets.QWidget)]
    named = ((w.property("SlicerParameterName"), w) for w in widgets)
    return {name: widget for name, widget in named if name}


class _Number:
    """Sliders and spin boxes."""

    def __init__(self, widget, kind, extras):
        self.widget, self.kind, self.changed = widget, kind, widget.valueChanged
        for extra in extras:
            if isinstance(extra, (WithinRange, Minimum)):
                widget.setMinimum(kind(extra.minimum))
            if isinstance(extra, (WithinRange, Maximum)):
                widget.setMaximum(kind(extra.maximum))
            if isinstance(extra, Decimals) and hasattr(widget, "setDecimals"):
                widget.setDecimals(extra.value)
            if isinstance(extra, SingleStep):
                widget.setSingleStep(kind(extra.value))

    def read(self):
        value = self.widget.value if isinstance(self.widget, ctkSliderWidget) else self.widget.value()
        return self.kind(value)

    def write(self, value):
        self.widget.setValue(value)


class _Check:
    def __init__(self, widget, kind, extras):
        self.widget, self.changed = widget, widget.toggled

    def read(self):
        return self.widget.isChecked()

    def write(self, value):
        self.widget.setChecked(value)


class _Fold:
    """A section is bound by whether it is open."""

    def __init__(self, widget, kind, extras):
        self.widget, self.changed = widget, widget.contentsCollapsed

    def read(self):
        return self.widget.collapsed

    def write(self, value):
        self.widget.setCollapsed(value)


class _Text:
    def __init__(self, widget, kind, extras):
        self.widget, self.changed = widget, widget.textChanged

    def read(self):
        return self.widget.text() if hasattr(self.widget, "text") else self.widget.toPlainText()

    def write(self, value):
        self.widget.setText(value) if hasattr(self.widget, "setText") else self.widget.setPlainText(value)


class _Options:
    """A combo box with the values of an enumeration or a choice; it is filled where the UI file left it empty."""

    def __init__(self, widget, kind, extras):
        self.widget, self.changed = widget, widget.currentIndexChanged
        choices = next((e.choices for e in extras if isinstance(e, Choice)), None)
        self.values = list(kind) if choices is None and isinstance(kind, enum.EnumMeta) else choices
        texts = [self.text(v) for v in self.values or ()]
        if self.values and [widget.itemText(i) for i in range(widget.count())] != texts:
            widget.blockSignals(True)
            widget.clear()
            widget.addItems(texts)
            widget.blockSignals(False)

    @staticmethod
    def text(value):
        """An enumeration may carry its own label."""
        if isinstance(value, enum.Enum):
            return value.label() if hasattr(value, "label") else str(value.value)
        return str(value)

    def read(self):
        return self.values[self.widget.currentIndex()] if self.values else self.widget.currentText()

    def write(self, value):
        if self.values:
            self.widget.setCurrentIndex(self.values.index(value))
        else:
            self.widget.setCurrentText(value)


class _Path:
    def __init__(self, widget, kind, extras):
        self.widget = widget
        self.button = isinstance(widget, ctkwidgets.ctkDirectoryButton)
        self.changed = widget.directoryChanged if self.button else widget.currentPathChanged

    def read(self):
        return pathlib.Path(self.widget.directory if self.button else self.widget.currentPath)

    def write(self, value):
        text = "" if value == pathlib.Path() else str(value)
        self.widget.setDirectory(text) if self.button else self.widget.setCurrentPath(text)


class _Range:
    def __init__(self, widget, kind, extras):
        self.widget, self.changed = widget, widget.valuesChanged
        for extra in extras:
            if isinstance(extra, RangeBounds):
                widget.setRange(extra.minimum, extra.maximum)

    def read(self):
        return FloatRange(self.widget.minimumValue, self.widget.maximumValue)

    def write(self, value):
        self.widget.setValues(value.minimum, value.maximum)


class _Node:
    def __init__(self, widget, kind, extras):
        self.widget, self.kind, self.changed = widget, kind, widget.currentNodeChanged

    def read(self):
        return self.widget.currentNode()

    def write(self, value):
        self.widget.setCurrentNode(value)


_NUMBERS = (QtWidgets.QSpinBox, QtWidgets.QDoubleSpinBox, QtWidgets.QSlider, ctkSliderWidget)
_TEXTS = (QtWidgets.QLineEdit, QtWidgets.QTextEdit, QtWidgets.QPlainTextEdit)


def _connector(widget, kind):
    """The application's table of supported pairs; others are refused there as well."""
    if is_node_type(kind):
        return _Node if isinstance(widget, qMRMLNodeComboBox) else None
    if kind in (int, float) and isinstance(widget, _NUMBERS):
        return _Number
    if kind is bool:
        fold = isinstance(widget, ctkwidgets.ctkCollapsibleButton)
        return _Fold if fold else _Check if isinstance(widget, QtWidgets.QAbstractButton) else None
    if isinstance(widget, QtWidgets.QComboBox) and (kind is str or isinstance(kind, enum.EnumMeta)):
        return _Options
    if kind is str and isinstance(widget, _TEXTS):
        return _Text
    if kind is pathlib.Path and isinstance(widget, (ctkwidgets.ctkPathLineEdit, ctkwidgets.ctkDirectoryButton)):
        return _Path
    return _Range if kind is FloatRange and isinstance(widget, ctkRangeWidget) else None


class GuiConnection:
    """Two-way binding of some parameters of one wrapper until `close`."""

    def __init__(self, wrapper, mapping):
        self._wrapper, self._bound, self._updating = wrapper, [], False
        for name, widget in mapping.items():
            kind, extras = wrapper.declaration(name)
            cls = _connector(widget, kind)
            if cls is None:
                raise ValueError(f"No connector between {type(widget).__name__} and {kind} for parameter {name}")
            connector = cls(widget, kind, extras)
            self._bound.append((name, connector, lambda *_, name=name, c=connector: self._onWidget(name, c)))
        self.updateWidgets()
        for _, connector, slot in self._bound:
            connector.changed.connect(slot)
        node = wrapper.parameterNode
        self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self.updateWidgets())

    def close(self):
        for _, connector, slot in self._bound:
            connector.changed.disconnect(slot)
        self._wrapper.parameterNode.RemoveObserver(self._tag)
        self._bound = []

    def updateWidgets(self):
        if self._updating:
            return
        self._updating = True
        try:
            for name, connector, _ in self._bound:
                value = self._wrapper.getValue(name)
                if connector.read() != value:
                    connector.write(value)
        finally:
            self._updating = False

    def _onWidget(self, name, connector):
        if self._updating:
            return
        value = connector.read()
        if value != self._wrapper.getValue(name):
            self._wrapper.setValue(name, value)
