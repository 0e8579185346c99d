"""`slicer.parameterNodeWrapper`: typed attributes over a MRML parameter node (the subset that modules here use)."""

import copy
import typing

from .parametertypes import (
    Choice,
    Decimals,
    Default,
    FloatRange,
    Maximum,
    Minimum,
    RangeBounds,
    SingleStep,
    WithinRange,
    convert,
    default_of,
    from_text,
    is_node_type,
    is_pack_type,
    split_annotated,
    to_text,
)  # fmt: skip

__all__ = [
    "Choice", "Decimals", "Default", "FloatRange", "Maximum", "Minimum", "RangeBounds", "SingleStep", "WithinRange",
    "isParameterNodeWrapper", "isParameterPack", "parameterNodeWrapper", "parameterPack",
]  # fmt: skip


def parameterPack(cls):
    """Class decorator: a checked record that can be a parameter."""
    parameters, defaults = _declared(cls)

    def initialize(self, *args, **kwargs):
        given = dict(zip(parameters, args, strict=False)) | kwargs
        if unknown := set(given) - set(parameters):
            raise TypeError(f"{cls.__name__} has no parameter {', '.join(sorted(unknown))}")
        object.__setattr__(self, "_changed", None)
        for name in parameters:
            setattr(self, name, given[name] if name in given else copy.deepcopy(defaults[name]))

    def assign(self, name, value):
        if name not in parameters:
            raise AttributeError(f"{cls.__name__} has no parameter {name}")
        object.__setattr__(self, name, convert(*parameters[name], value))
        if self._changed:
            self._changed()

    def equal(self, other):
        return type(self) is type(other) and all(getattr(self, n) == getattr(other, n) for n in parameters)

    cls.__init__, cls.__setattr__, cls.__eq__, cls.__hash__ = initialize, assign, equal, None
    cls.__repr__ = lambda self: f"{cls.__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in parameters)})"
    cls.__deepcopy__ = lambda self, memo: cls(**{n: copy.deepcopy(getattr(self, n), memo) for n in parameters})
    cls._isParameterPack = True
    cls.allParameters = staticmethod(lambda: parameters)
    return cls


def isParameterPack(value):
    return is_pack_type(value if isinstance(value, type) else type(value))


def parameterNodeWrapper(cls):
    """Class decorator: `cls(parameterNode)` reads and writes the node through its typed attributes."""
    parameters, defaults = _declared(cls)
    members = {name: _attribute(name, *parameters[name]) for name in parameters}
    members |= {"_parameters": parameters, "_defaults": defaults, "__doc__": cls.__doc__, "__module__": cls.__module__}
    plain = {name: value for name, value in vars(cls).items() if callable(value) or isinstance(value, property)}
    return type(cls.__name__, (_Wrapper,), plain | members)


def isParameterNodeWrapper(value):
    return issubclass(value if isinstance(value, type) else type(value), _Wrapper)


def _declared(cls):
    hints = typing.get_type_hints(cls, include_extras=True)
    parameters = {name: split_annotated(hint) for name, hint in hints.items()}
    defaults = {}
    for name, (kind, extras) in parameters.items():
        value = getattr(cls, name) if name in vars(cls) else default_of(kind, extras)
        try:
            defaults[name] = convert(kind, extras, value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"Default of parameter {cls.__name__}.{name}: {error}") from error
    return parameters, defaults


def _attribute(name, kind, extras):
    return property(lambda self: self._read(name), lambda self, value: self._write(name, value))


_FORWARDED = ("StartModify", "EndModify", "AddObserver", "RemoveObserver", "Modified")
"""What Slicer's wrapper hands on to the node, and nothing else."""


class _Wrapper:
    """Base of every wrapped class."""

    _parameters, _defaults = {}, {}

    def __init__(self, parameterNode, prefix=None):
        object.__setattr__(self, "parameterNode", parameterNode)
        object.__setattr__(self, "_prefix", f"{prefix}." if prefix else "")
        object.__setattr__(self, "_connections", {})
        for name, (kind, _) in self._parameters.items():
            if not is_node_type(kind) and not parameterNode.GetParameter(self._prefix + name):
                self._write(name, copy.deepcopy(self._defaults[name]))

    def __setattr__(self, name, value):
        if name not in self._parameters:
            raise AttributeError(f"{type(self).__name__} has no parameter {name}")
        super().__setattr__(name, value)

    def __getattr__(self, name):
        if name not in _FORWARDED:
            raise AttributeError(f"{type(self).__name__} has no attribute {name}; ask its parameterNode")
        return getattr(object.__getattribute__(self, "parameterNode"), name)

    def _read(self, name):
        kind = self.dataType(name)
        if is_node_type(kind):
            return self.parameterNode.GetNodeReference(self._prefix + name)
        text = self.parameterNode.GetParameter(self._prefix + name)
        if not text and kind is not str:
            return copy.deepcopy(self._defaults[name])
        value = from_text(kind, text)
        if isinstance(value, list):
            return ObservedList(value, lambda changed: self._write(name, changed))
        if isinstance(value, dict):
            return ObservedDict(value, lambda changed: self._write(name, changed))
        if isParameterPack(value):
            _observe_pack(value, lambda: self._write(name, value))
        return value

    def _write(self, name, value):
        kind, extras = self._parameters[name]
        value = convert(kind, extras, value)
        if is_node_type(kind):
            self.parameterNode.SetNodeReferenceID(self._prefix + name, value.GetID() if value is not None else None)
        else:
            self.parameterNode.SetParameter(self._prefix + name, to_text(kind, value))

    # Slicer's other access

    def getValue(self, name):
        """By name; "pack.member" reaches into packs."""
        value = self
        for part in name.split("."):
            value = getattr(value, part)
        return value

    def setValue(self, name, value):
        *path, last = name.split(".")
        setattr(self.getValue(".".join(path)) if path else self, last, value)

    def dataType(self, name):
        return self.declaration(name)[0]

    def declaration(self, name):
        """Type and annotations of a parameter, or of a member of a pack."""
        head, *rest = name.split(".")
        if head not in self._parameters:
            raise ValueError(f"{type(self).__name__} has no parameter {head}")
        found = self._parameters[head]
        for part in rest:
            found = found[0].allParameters()[part]
        return found

    def default(self, name):
        return copy.deepcopy(self._defaults[name])

    # GUI

    def connectGui(self, gui):
        """Bind every widget whose dynamic property SlicerParameterName names a parameter; returns a tag."""
        from . import parametergui  # Qt is there as soon as there is a window, and not before

        return self.connectParametersToGui(parametergui.find_widgets(gui))

    def connectParametersToGui(self, mapping):
        """Bind {parameter name: widget}; returns a tag for disconnectGui."""
        from . import parametergui

        connection = parametergui.GuiConnection(self, mapping)
        tag = max(self._connections, default=0) + 1
        self._connections[tag] = connection
        return tag

    def disconnectGui(self, tag):
        self._connections.pop(tag).close()


def _observe_pack(pack, changed):
    """A change of a pack, or of a pack inside it, is written back at once."""
    object.__setattr__(pack, "_changed", changed)
    for name, (kind, _) in type(pack).allParameters().items():
        value = getattr(pack, name)
        if is_pack_type(kind):
            _observe_pack(value, changed)
        elif isinstance(value, list):
            object.__setattr__(pack, name, ObservedList(value, lambda *_: changed()))
        elif isinstance(value, dict):
            object.__setattr__(pack, name, ObservedDict(value, lambda *_: changed()))


def _observed(base, methods):
    def wrap(name):
        plain = getattr(base, name)

        def method(self, *args, **kwargs):
            result = plain(self, *args, **kwargs)
            self._changed(self)
            return result

        return method

    def initialize(self, values, changed):
        base.__init__(self, values)
        self._changed = changed

    # NotImplemented for deepcopy and pickling: a copy is a plain container
    members = {name: wrap(name) for name in methods} | {
        "__init__": initialize,
        "__reduce__": lambda s: (base, (base(s),)),
    }
    return type(f"Observed{base.__name__.capitalize()}", (base,), members)


ObservedList = _observed(list, ("__setitem__", "__delitem__", "__iadd__", "append", "extend", "insert", "pop", "remove",
                                "clear", "sort", "reverse"))  # fmt: skip
ObservedDict = _observed(dict, ("__setitem__", "__delitem__", "pop", "popitem", "clear", "update", "setdefault"))
