"""Types of `slicer.parameterNodeWrapper`: annotations with their checks, and how values become text in a MRML node."""

import enum
import json
import pathlib
import types
import typing
from dataclasses import dataclass

import slicer


@dataclass(frozen=True)
class WithinRange:
    minimum: float
    maximum: float

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


@dataclass(frozen=True)
class Minimum:
    minimum: float

    def validate(self, value):
        if value < self.minimum:
            raise ValueError(f"Value must be at least {self.minimum}, is {value}")


@dataclass(frozen=True)
class Maximum:
    maximum: float

    def validate(self, value):
        if value > self.maximum:
            raise ValueError(f"Value must be at most {self.maximum}, is {value}")


class Choice:
    def __init__(self, choices):
        self.choices = list(choices)

    def validate(self, value):
        if value not in self.choices:
            raise ValueError(f"Value must be one of {self.choices}, is {value!r}")


@dataclass(frozen=True)
class Default:
    value: object


@dataclass(frozen=True)
class Decimals:
    value: int


@dataclass(frozen=True)
class SingleStep:
    value: float


@dataclass(frozen=True)
class RangeBounds:
    minimum: float
    maximum: float

    def validate(self, value):
        if not self.minimum <= value.minimum <= value.maximum <= self.maximum:
            raise ValueError(f"Range must be within [{self.minimum}, {self.maximum}], is {value}")


@dataclass(frozen=True)
class FloatRange:
    minimum: float = 0.0
    maximum: float = 0.0

    def __post_init__(self):
        if self.minimum > self.maximum:
            raise ValueError(f"Range minimum {self.minimum} exceeds maximum {self.maximum}")


def split_annotated(annotation):
    """The bare type and the list of annotations of `Annotated[type, ...]`; `Optional[type]` counts as its type."""
    extras = []
    if typing.get_origin(annotation) is typing.Annotated:
        annotation, *extras = typing.get_args(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [t for t in typing.get_args(annotation) if t is not type(None)]
        if len(members) != 1:
            raise TypeError(f"Only Optional[type] unions are supported, not {annotation}")
        annotation = members[0]
    return annotation, extras


def is_node_type(kind):
    return isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)


def is_pack_type(kind):
    return isinstance(kind, type) and getattr(kind, "_isParameterPack", False)


def default_of(kind, extras):
    """The value of a parameter that was declared without one."""
    for extra in extras:
        if isinstance(extra, Default):
            return extra.value
    if is_node_type(kind):
        return None
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    for extra in extras:
        if isinstance(extra, Choice):
            return extra.choices[0]
    origin = typing.get_origin(kind) or kind
    return origin()


def convert(kind, extras, value):
    """Check and convert a value that is assigned; ValueError or TypeError says what is wrong with it."""
    if value is None:
        if is_node_type(kind):
            return None
        raise TypeError(f"Expected {kind}, got None")
    origin = typing.get_origin(kind) or kind
    if (kind is float and isinstance(value, int) and not isinstance(value, bool)) or _is_number(kind, value):
        value = kind(value)
    elif origin in (list, tuple):
        value = origin(convert(*split_annotated(_argument(kind, i)), v) for i, v in enumerate(value))
    elif origin is dict:
        first, second = typing.get_args(kind)
        value = {convert(*split_annotated(first), k): convert(*split_annotated(second), v) for k, v in value.items()}
    elif origin is pathlib.Path and isinstance(value, str):
        value = pathlib.Path(value)
    elif isinstance(origin, type) and not isinstance(value, origin):
        raise TypeError(f"Expected {origin.__name__}, got {type(value).__name__} {value!r}")
    for extra in extras:
        if hasattr(extra, "validate"):
            extra.validate(value)
    return value


def _is_number(kind, value):
    """NumPy scalars are taken as numbers; a float is not taken for an int unless it is whole."""
    if kind is int:
        return not isinstance(value, (bool, int, str)) and hasattr(value, "__index__")
    return kind is float and not isinstance(value, (bool, str, float)) and hasattr(value, "__float__")


def _argument(kind, index):
    arguments = typing.get_args(kind)
    return arguments[index] if (typing.get_origin(kind) is tuple and Ellipsis not in arguments) else arguments[0]


def encode(kind, value):
    """A JSON-able form."""
    origin = typing.get_origin(kind) or kind
    if is_node_type(kind):
        return value.GetID() if value is not None else None
    if isinstance(value, enum.Enum):
        return value.name
    if is_pack_type(kind):
        return {name: encode(t, getattr(value, name)) for name, (t, _) in kind.allParameters().items()}
    if isinstance(value, FloatRange):
        return [value.minimum, value.maximum]
    if isinstance(value, pathlib.PurePath):
        return str(value)
    if origin in (list, tuple):
        return [encode(split_annotated(_argument(kind, i))[0], v) for i, v in enumerate(value)]
    if origin is dict:
        first, second = (split_annotated(t)[0] for t in typing.get_args(kind))
        return [[encode(first, k), encode(second, v)] for k, v in value.items()]
    return value


def decode(kind, data):
    """Inverse of `encode`."""
    origin = typing.get_origin(kind) or kind
    if is_node_type(kind):
        return slicer.mrmlScene.GetNodeByID(data) if data else None
    if isinstance(origin, type) and issubclass(origin, enum.Enum):
        return origin[data]
    if is_pack_type(kind):
        return kind(**{name: decode(t, data[name]) for name, (t, _) in kind.allParameters().items() if name in data})
    if origin is FloatRange:
        return FloatRange(*data)
    if origin in (list, tuple):
        return origin(decode(split_annotated(_argument(kind, i))[0], v) for i, v in enumerate(data))
    if origin is dict:
        first, second = (split_annotated(t)[0] for t in typing.get_args(kind))
        return {decode(first, k): decode(second, v) for k, v in data}
    return origin(data)


def to_text(kind, value):
    """What is written into the node: readable text for simple types, JSON for the rest."""
    plain = encode(kind, value)
    return (
        plain if isinstance(plain, str) else str(plain) if isinstance(plain, (bool, int, float)) else json.dumps(plain)
    )


def from_text(kind, text):
    if kind is bool:
        return text == "True"
    if kind in (int, float, str):
        return kind(text)
    if kind is pathlib.Path or (isinstance(kind, type) and issubclass(kind, enum.Enum)):
        return decode(kind, text)
    return decode(kind, json.loads(text))
