"""`slicer.parameterNodeWrapper`: typed attributes over a MRML parameter node (the subset that modules here use)."""

import typing
import weakref

import slicer
import vtk

from .guiconnector import GuiConnector, parameterNodeGuiConnector
from .parametertypes import Choice, Decimals, Default, Maximum, Minimum, Parameter, SingleStep, Validator, WithinRange

__all__ = [
    "Choice", "Decimals", "Default", "GuiConnector", "Maximum", "Minimum", "SingleStep", "Validator", "WithinRange",
    "isParameterNodeWrapper", "parameterNodeGuiConnector", "parameterNodeWrapper",
]  # fmt: skip


def parameterNodeWrapper(cls):
    """Class decorator: `cls(parameterNode)` reads and writes the node through its typed attributes."""
    parameters = {}
    for name, annotation in typing.get_type_hints(cls, include_extras=True).items():
        declared = Default(getattr(cls, name)) if hasattr(cls, name) else None
        parameters[name] = Parameter(name, annotation, declared)
        setattr(cls, name, _attribute(parameters[name]))
    cls._parameters = parameters
    for name, member in vars(_Wrapper).items():
        if callable(member):
            if name in vars(cls):
                raise ValueError(f"Cannot use reserved name {name!r} in a parameterNodeWrapper")
            setattr(cls, name, member)
    return cls


def isParameterNodeWrapper(value):
    return hasattr(value, "connectParametersToGui")


def _attribute(parameter):
    def write(self, value):
        self._writing = parameter.name
        try:
            with slicer.util.NodeModify(self.parameterNode):  # observers find the new value
                parameter.write(self.parameterNode, value)
                self._values[parameter.name] = parameter.read(self.parameterNode)
        finally:
            self._writing = None

    return property(lambda self: self._values[parameter.name], write)


class _Wrapper:
    """The methods of every wrapped class.

    Values are kept, and read again when the node says that it was modified: inside StartModify and EndModify a second
    wrapper of the same node still has the old ones.
    """

    def __init__(self, parameterNode):
        self.parameterNode = parameterNode
        self._connections, self._writing = {}, None
        for parameter in self._parameters.values():
            if not parameterNode.HasParameter(parameter.name):
                parameter.write(parameterNode, parameter.default.value)
        self._values = {name: parameter.read(parameterNode) for name, parameter in self._parameters.items()}
        this = weakref.ref(self)
        tag = parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: this()._readAgain())
        weakref.finalize(self, parameterNode.RemoveObserver, tag).atexit = False

    def __setattr__(self, name, value):
        """Stricter than the application, which takes a name that is spelled wrong."""
        if name not in (*self._parameters, "parameterNode", "_connections", "_writing", "_values"):
            raise AttributeError(f"{type(self).__name__} has no parameter {name}")
        object.__setattr__(self, name, value)

    def _readAgain(self):
        for name, parameter in self._parameters.items():
            if name != self._writing:
                self._values[name] = parameter.read(self.parameterNode)

    def _parameter(self, name):
        if name not in self._parameters:
            raise ValueError(f"Cannot find a param with the given name: {name}")
        return self._parameters[name]

    def getValue(self, name):
        return getattr(self, self._parameter(name).name)

    def setValue(self, name, value):
        setattr(self, self._parameter(name).name, value)

    def default(self, name):
        """A Default, whose `value` it is."""
        return self._parameter(name).default

    def connectGui(self, gui):
        """Bind every widget whose dynamic property SlicerParameterName names a parameter; returns a tag."""
        from . import parametergui  # Qt is there as soon as there is a window, and not before

        return self.connectParametersToGui(parametergui.find_widgets(gui))

    def connectParametersToGui(self, mapping):
        """Bind {parameter name: widget}; returns a tag for disconnectGui."""
        from . import parametergui

        pairs = [(widget, self._parameter(name)) for name, widget in mapping.items()]
        tag = max(self._connections, default=0) + 1
        self._connections[tag] = parametergui.GuiConnection(self, pairs)
        return tag

    def disconnectGui(self, tag):
        if tag in self._connections:
            self._connections.pop(tag).close()

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, wasModifying):
        self.parameterNode.EndModify(wasModifying)

    def AddObserver(self, event, callback, priority=0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):
        self.parameterNode.RemoveObserver(tag)

    def Modified(self):
        self.parameterNode.Modified()
