"""Annotations of parameters and their checks, and the types that the host's `slicer.parameterNodeWrapper` takes.

Checks raise what the application raises. Types that no module here uses are refused.
"""

import enum
import logging
import pathlib
import typing
from dataclasses import dataclass

import slicer


class Validator:
    """Base of the annotations that check a value."""


@dataclass(frozen=True)
class WithinRange(Validator):
    minimum: float
    maximum: float

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


@dataclass(frozen=True)
class Minimum(Validator):
    minimum: float

    def validate(self, value):
        if value < self.minimum:
            raise ValueError(f"Value must be at least {self.minimum}, is {value}")


@dataclass(frozen=True)
class Maximum(Validator):
    maximum: float

    def validate(self, value):
        if value > self.maximum:
            raise ValueError(f"Value must be at most {self.maximum}, is {value}")


@dataclass(frozen=True)
class Choice(Validator):
    choices: typing.Sequence

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


def first(annotations, cls):
    """The first annotation of a class, or None."""
    return next((each for each in annotations if isinstance(each, cls)), None)


def is_node_type(kind):
    return isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)


def is_enum_type(kind):
    return isinstance(kind, type) and issubclass(kind, enum.Enum)


class Parameter:
    """One declared parameter: its type with annotations, its default, and how it is kept in a node."""

    def __init__(self, name, annotation, default=None):
        self.name = name
        self.annotations = typing.get_args(annotation)[1:] if typing.get_origin(annotation) is typing.Annotated else ()
        self.kind = typing.get_args(annotation)[0] if self.annotations else annotation
        if not (
            self.kind in (int, float, bool, str, pathlib.Path) or is_node_type(self.kind) or is_enum_type(self.kind)
        ):
            raise TypeError(f"The host takes no parameter of type {annotation}: {name}")
        if unused := [each for each in self.annotations if not isinstance(each, Validator | Default)]:
            logging.warning("Unused annotations: %s", unused)  # Decimals and SingleStep among them
        declared = default or first(self.annotations, Default)
        self.default = declared or Default(self._plainDefault())

    def _plainDefault(self):
        if is_node_type(self.kind):
            return None
        return next(iter(self.kind)) if is_enum_type(self.kind) else self.kind()

    def check(self, value):
        """ValueError for None and outside a range or choice, TypeError for another type: nothing is converted."""
        if value is None and not is_node_type(self.kind):
            raise ValueError(f"{self.name} must not be None")
        accepted = (int, float) if self.kind is float else self.kind
        if value is not None and not isinstance(value, accepted):
            raise TypeError(f"{self.name} must be of type {self.kind}, is {type(value)} {value!r}")
        if isinstance(value, bool) and self.kind in (int, float):
            raise ValueError(f"{self.name} is a number, not {value}")
        for annotation in self.annotations:
            if isinstance(annotation, Validator):
                annotation.validate(value)

    def write(self, node, value):
        self.check(value)
        if is_node_type(self.kind):
            node.SetParameter(self.name, "")
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
        else:
            node.SetParameter(self.name, value.name if is_enum_type(self.kind) else str(value))

    def read(self, node):
        if not node.HasParameter(self.name):
            self.write(node, self.default.value)
        if is_node_type(self.kind):
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        if is_enum_type(self.kind):
            return self.kind[text]
        return text == "True" if self.kind is bool else self.kind(text)
