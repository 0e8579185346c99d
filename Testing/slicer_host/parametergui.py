"""Binding of parameters to widgets: which widget can show which type, and what the binding does to the widget."""

import math
import pathlib

import slicer
import vtk
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QTextEdit,
    QWidget,
)  # fmt: skip

from . import guiconnector
from .ctknumbers import ctkDoubleSpinBox, ctkSliderWidget
from .ctkwidgets import ctkCheckablePushButton, ctkCheckBox, ctkComboBox, ctkDirectoryButton, ctkPathLineEdit
from .datawidgets import qMRMLSliderWidget, qMRMLSpinBox
from .nodewidgets import qMRMLNodeComboBox
from .parametertypes import (
    Choice,
    Decimals,
    Maximum,
    Minimum,
    SingleStep,
    WithinRange,
    first,
    is_enum_type,
    is_node_type,
)

_LEAST, _MOST = -(2**31), 2**31 - 1


def find_widgets(gui):
    """{parameter name: widget} of a widget's children, or of an object whose attributes are widgets."""
    widgets = gui.findChildren(QWidget) if isinstance(gui, QWidget) else vars(gui).values()
    named = ((widget.property("SlicerParameterName"), widget) for widget in widgets)
    return {name: widget for name, widget in named if name}


class _Check:
    def __init__(self, widget, parameter):
        self.widget, self.changed = widget, widget.toggled
        widget.setCheckable(True)

    def read(self):
        return self.widget.isChecked()

    def write(self, value):
        self.widget.setChecked(value)


class _Number:
    """The bounds, decimals and step of the annotations take the place of those that the form had."""

    def __init__(self, widget, parameter):
        self.widget, self.kind, self.changed = widget, parameter.kind, widget.valueChanged
        extras, isWhole = parameter.annotations, isinstance(widget, (QSpinBox, QSlider))
        decimals, step = first(extras, Decimals), first(extras, SingleStep)
        if parameter.kind is int and not isWhole:
            widget.setDecimals(0)
        elif decimals is not None:
            widget.setDecimals(decimals.value)
        if step is not None:
            widget.setSingleStep(step.value)
        bounds = first(extras, WithinRange)
        least, most = bounds or first(extras, Minimum), bounds or first(extras, Maximum)
        if isinstance(widget, (QSlider, ctkSliderWidget)) and (least is None or most is None):
            raise RuntimeError(f"A slider cannot show {parameter.name}, which has no bounds")
        widget.setMinimum(least.minimum if least else _LEAST if isWhole else -math.inf)
        widget.setMaximum(most.maximum if most else _MOST if isWhole else math.inf)

    def read(self):
        value = self.widget.value
        return self.kind(value() if callable(value) else value)

    def write(self, value):
        self.widget.setValue(value)


class _Options:
    """The choices, or the members of an enumeration by label() or name, take the place of the items of the form."""

    def __init__(self, widget, parameter):
        self.widget, self.changed = widget, widget.currentIndexChanged
        if is_enum_type(parameter.kind):
            self.values = list(parameter.kind)
            texts = [each.label() if hasattr(each, "label") else each.name for each in self.values]
        else:
            choice = first(parameter.annotations, Choice)
            if choice is None:
                raise RuntimeError(f"A combo box can show {parameter.name} only with a Choice")
            self.values, texts = list(choice.choices), [str(each) for each in choice.choices]
        widget.clear()
        widget.addItems(texts)

    def read(self):
        return self.values[self.widget.currentIndex()]

    def write(self, value):
        if value not in self.values:
            raise ValueError(f"{value!r} is none of {self.values}")
        self.widget.setCurrentIndex(self.values.index(value))


class _Text:
    def __init__(self, widget, parameter):
        self.widget, self.changed = widget, getattr(widget, "textChanged", None)

    def read(self):
        return self.widget.toPlainText() if isinstance(self.widget, QTextEdit) else self.widget.text()

    def write(self, value):
        """The cursor of a line edit stays where it is while the user types; that of a text edit goes to the start."""
        if isinstance(self.widget, QTextEdit):
            self.widget.setPlainText(value)
        elif value != self.widget.text():
            self.widget.setText(value)


class _Path:
    """No path is shown as ".", as pathlib has it."""

    def __init__(self, widget, parameter):
        self.widget = widget
        self.isButton = isinstance(widget, ctkDirectoryButton)
        self.changed = widget.directoryChanged if self.isButton else widget.currentPathChanged

    def read(self):
        return pathlib.Path(self.widget.directory if self.isButton else self.widget.currentPath)

    def write(self, value):
        self.widget.setDirectory(str(value)) if self.isButton else self.widget.setCurrentPath(str(value))


class _Node:
    def __init__(self, widget, parameter):
        self.widget, self.changed = widget, widget.currentNodeChanged
        widget.nodeTypes = [parameter.kind().GetClassName()]

    def read(self):
        return self.widget.currentNode()

    def write(self, value):
        self.widget.setCurrentNode(value)


class _Added:
    """A connector that a module has made known with ``parameterNodeGuiConnector``."""

    def __init__(self, connector):
        self.widget, self.read, self.write = connector.widget(), connector.read, connector.write
        self.changed, self.connect = self, connector.onChanged
        self.disconnect = lambda slot: connector.onChanged(None)


_CONNECTORS = (
    (_Check, (bool,), (QCheckBox, ctkCheckBox, QPushButton, ctkCheckablePushButton)),
    (_Number, (int,), (QSlider, QSpinBox)),
    (_Number, (int, float), (QDoubleSpinBox, ctkDoubleSpinBox, qMRMLSpinBox, ctkSliderWidget, qMRMLSliderWidget)),
    (_Options, (int, float, str, bool), (QComboBox, ctkComboBox)),
    (_Text, (str,), (QLineEdit, QLabel, QTextEdit)),
    (_Path, (pathlib.Path,), (ctkPathLineEdit, ctkDirectoryButton)),
)
"""(connector, types, widget classes): these very classes, not what derives from them."""


def _connect(widget, parameter):
    cls = type(widget)
    if cls is qMRMLNodeComboBox and is_node_type(parameter.kind):
        return _Node(widget, parameter)
    if cls in (QComboBox, ctkComboBox) and is_enum_type(parameter.kind):
        return _Options(widget, parameter)
    for connector, kinds, classes in _CONNECTORS:
        if parameter.kind in kinds and cls in classes:
            return connector(widget, parameter)
    for connector in guiconnector.registered:
        if connector.canRepresent(widget, parameter.kind):
            return _Added(connector.create(widget, parameter.kind))
    raise RuntimeError(f"Unable to create GUI connector from {parameter.kind} to {cls.__name__}: {parameter.name}")


class GuiConnection:
    """Two-way binding of some parameters of one wrapper until `close`. Nothing is bound unless everything can be."""

    def __init__(self, wrapper, pairs):
        self._wrapper, self._updating = wrapper, False
        self._bound = [(parameter.name, connector, self._slot(parameter.name, connector))
                       for parameter, connector in [(p, _connect(w, p)) for w, p in pairs]]  # fmt: skip
        for name, connector, slot in self._bound:
            connector.write(wrapper.getValue(name))
            if connector.changed is not None:
                connector.changed.connect(slot)
        self._tag = wrapper.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._updateWidgets())

    def close(self):
        for _, connector, slot in self._bound:
            if connector.changed is not None:
                connector.changed.disconnect(slot)
        self._wrapper.RemoveObserver(self._tag)

    def _updateWidgets(self):
        if self._updating:
            return
        self._updating = True
        try:
            with slicer.util.NodeModify(self._wrapper):
                for name, connector, _ in self._bound:
                    connector.write(self._wrapper.getValue(name))
        finally:
            self._updating = False

    def _slot(self, name, connector):
        def onWidget(*_):
            if not self._updating:
                self._wrapper.setValue(name, connector.read())

        return onWidget
