"""PythonQt's manners for PySide6.

Slicer wraps Qt with PythonQt: a Qt property is an attribute (`button.enabled = True`, `label.text`), and signals can
be named by a string (`button.connect("clicked(bool)", f)`). PySide6's own ``true_property`` feature takes away the
setters that PythonQt keeps, so the properties are installed here as descriptors instead. Code of the host itself (and
of Qt's and VTK's Python files) goes on seeing plain PySide6 methods: the descriptor looks at who asks.
"""

import contextlib
import functools
import inspect
import sys

from PySide6 import QtCore, QtGui, QtNetwork, QtUiTools, QtWidgets

_PYSIDE_STYLE_CALLERS = ("slicer_host", "PySide6", "shiboken", "vtkmodules")
_FALSE_WHEN_EMPTY = (
    QtCore.QByteArray, QtCore.QItemSelection, QtCore.QProcessEnvironment, QtCore.QRect, QtCore.QRectF, QtCore.QSize,
    QtCore.QSizeF, QtCore.QUrl, QtGui.QKeySequence,
    QtGui.QPainterPath, QtGui.QPolygon, QtGui.QPolygonF, QtGui.QRegion, QtGui.QTextDocument, QtWidgets.QLayout,
    QtWidgets.QLayoutItem, QtWidgets.QMenu,
)  # fmt: skip
_FALSE_WHEN_NULL = (
    QtCore.QLine, QtCore.QMargins, QtCore.QPoint, QtCore.QPointF, QtGui.QIcon, QtGui.QImage, QtGui.QPixmap,
    QtGui.QTextCursor,
)  # fmt: skip
_FALSE_WHEN_INVALID = (
    QtCore.QDate, QtCore.QDateTime, QtCore.QModelIndex, QtCore.QPersistentModelIndex, QtCore.QRegularExpression,
    QtCore.QTime, QtGui.QColor, QtGui.QMovie,
)  # fmt: skip
"""Classes with `isEmpty`, `isNull` or `isValid` have a truth in PythonQt, and nothing else has: an empty QListWidget,
QTableWidget, QSplitter or QTabWidget is true. A layout is empty too while all that it holds is hidden."""
_installed = False


class _PropertyAttribute:
    """A Qt property as a Python attribute, while the methods of the same name stay reachable for the host's code."""

    def __init__(self, name, method):
        self.name = name
        self.method = method
        self.setter = "set" + name[0].upper() + name[1:]

    def __get__(self, instance, owner=None):
        if instance is None:
            return self.method if self.method is not None else self
        if self.method is not None and _asked_by_pyside_style_code():
            return self.method.__get__(instance, owner)
        value = QtCore.QObject.property(instance, self.name)
        return _wrapped(value) if self.name == "toolTip" and isinstance(instance, QtWidgets.QWidget) else value

    def __set__(self, instance, value):
        if not QtCore.QObject.setProperty(instance, self.name, value):
            getattr(instance, self.setter)(value)


def _wrapped(toolTip):
    """The application makes rich text of plain tool tips, so that their lines are broken."""
    isPlain = toolTip and not QtGui.Qt.mightBeRichText(toolTip)
    return QtGui.Qt.convertFromPlainText(toolTip, QtCore.Qt.WhiteSpaceNormal) if isPlain else toolTip


def _asked_by_pyside_style_code():
    frame = sys._getframe(2)
    if frame.f_code is _ATTRIBUTE_CODE:
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__", "").startswith(_PYSIDE_STYLE_CALLERS)


def _attribute_of(plain):
    """PySide6 finds `connect` and `disconnect` of an instance in C before the class is asked: look here first."""

    def attribute(instance, name):
        if name == "connect":
            return functools.partial(_connect, instance, plain(instance, name))
        if name == "disconnect":
            return functools.partial(_disconnect, instance, plain(instance, name))
        return plain(instance, name)

    return attribute


_ATTRIBUTE_CODE = _attribute_of(None).__code__


def install():
    """Give the PySide6 classes PythonQt's attributes and string-style connections (once per process)."""
    global _installed
    if _installed:
        return
    _installed = True
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            cls = getattr(module, name)
            if isinstance(cls, type) and issubclass(cls, QtCore.QObject):
                _install_properties(cls)
                if "__getattribute__" in vars(cls):
                    cls.__getattribute__ = _attribute_of(cls.__getattribute__)
    _install_connections()
    _install_truth()
    QtCore.QObject.name = property(
        lambda self: QtCore.QObject.property(self, "objectName"),
        lambda self, value: QtCore.QObject.setProperty(self, "objectName", value),
    )
    QtCore.QObject.className = lambda self: self.metaObject().className()
    QtCore.QObject.delete = lambda self: self.deleteLater()
    for name in ("getOpenFileName", "getSaveFileName"):  # PythonQt returns the path alone
        setattr(QtWidgets.QFileDialog, name, staticmethod(_path_only(getattr(QtWidgets.QFileDialog, name))))


def _path_only(ask):
    return lambda *args, **kwargs: ask(*args, **kwargs)[0]


def _install_properties(cls):
    meta = cls.staticMetaObject
    for index in range(meta.propertyOffset(), meta.propertyCount()):
        name = meta.property(index).name()
        setattr(cls, name, _PropertyAttribute(name, getattr(cls, name, None)))


def _install_truth():
    for cls in _FALSE_WHEN_EMPTY:
        cls.__bool__ = lambda self: not self.isEmpty()
    for cls in _FALSE_WHEN_NULL:
        cls.__bool__ = lambda self: not self.isNull()
    for cls in _FALSE_WHEN_INVALID:
        cls.__bool__ = lambda self: self.isValid()


def _install_connections():
    plain_connect, plain_disconnect = QtCore.SignalInstance.connect, QtCore.SignalInstance.disconnect

    def connect_signal(signal, slot, *args):
        signal, slot = _with_all_arguments(signal, slot)
        return plain_connect(signal, slot, *args)

    def disconnect_signal(signal, *args):
        if args and (known := _adapters.get(_key(args[0]))) is not None:
            signal, args = _longest(signal), (known,)
        return plain_disconnect(signal, *args)

    QtCore.SignalInstance.connect = connect_signal
    QtCore.SignalInstance.disconnect = disconnect_signal


def _connect(sender, plain, *args):
    """connect("signal(types)", callable) or connect("signal(types)", receiver, "slot()"); else as in PySide6."""
    if _is_signature(*args):
        return bool(_signal(sender, args[0]).connect(_target(*args[1:])))
    return plain(*args)


def _disconnect(sender, plain, *args):
    if _is_signature(*args):
        signal = _signal(sender, args[0])
        return bool(signal.disconnect(_target(*args[1:])) if len(args) > 1 else signal.disconnect())
    return plain(*args)


def _is_signature(*args):
    """PySide6's own string form starts with a digit (SIGNAL("x()") is "2x()")."""
    return bool(args) and isinstance(args[0], str) and args[0][:1].isalpha()


def _target(receiver, method=None):
    return receiver if method is None else getattr(receiver, method.split("(")[0])


def _signal(sender, signature):
    """The signal of `sender` that a PythonQt signature such as "finished(int,QProcess::ExitStatus)" names."""
    name = signature.split("(")[0].strip()
    signal = getattr(sender, name, None)
    if not isinstance(signal, QtCore.SignalInstance):
        raise ValueError(f"{type(sender).__name__} has no signal {signature}")
    types = signature.partition("(")[2].rstrip(")")
    try:
        return signal[types] if types else signal
    except (KeyError, IndexError, TypeError):
        return signal


_adapters = {}  # slot key -> the function that Qt was given in its place


def _key(slot):
    return (id(slot.__self__), slot.__func__) if inspect.ismethod(slot) else slot


def _with_all_arguments(signal, slot):
    """PythonQt passes every argument of the signal to a callable that takes *args; PySide6 passes none to `clicked`."""
    if isinstance(slot, QtCore.SignalInstance) or not _takes_any_number(slot):
        return signal, slot
    signal = _longest(signal)
    count = 0 if _types(signal) == "" else _types(signal).count(",") + 1
    adapter = {
        0: lambda: slot(),
        1: lambda a: slot(a),
        2: lambda a, b: slot(a, b),
        3: lambda a, b, c: slot(a, b, c),
    }.get(count, slot)
    with contextlib.suppress(TypeError):  # an unhashable callable cannot be disconnected by itself
        _adapters[_key(slot)] = adapter
    return signal, adapter


def _types(signal):
    return repr(signal).partition("(")[2].partition(")")[0]


def _longest(signal):
    """`clicked` and `triggered` have a default argument, which PySide6 leaves out of the signal's main form."""
    if _types(signal) == "":
        try:
            return signal["bool"]
        except (KeyError, IndexError):
            pass
    return signal


def _takes_any_number(slot):
    function = slot.__func__ if inspect.ismethod(slot) else slot
    code = getattr(function, "__code__", None)
    if code is None:
        return not inspect.isbuiltin(function)  # functools.partial, mocks, objects with __call__
    return bool(code.co_flags & inspect.CO_VARARGS)


def namespace():
    """Every name that `import qt` offers, from the Qt modules that Slicer puts there."""
    names = {}
    for module in (QtCore, QtGui, QtWidgets, QtNetwork, QtUiTools):
        names.update({name: getattr(module, name) for name in dir(module) if name[0] in "Qqs"})
    return names
