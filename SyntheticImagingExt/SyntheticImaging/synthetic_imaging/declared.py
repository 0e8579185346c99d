"""Everything that a user can set is declared once, on a field of a dataclass: default, unit, range, step, help, source.

    @dataclass(frozen=True)
    class Spectrum(Declared):
        kvp: float = number(80, "Tube voltage", unit="kV", low=40, high=125, step=1)

The rest is derived from the declaration: the check when an object is made, its JSON, the options of the shell, the
keywords of Slicer's console, the parameter node, the limits and tool tips of the form, the tables of the documentation.
Plain dataclasses from the standard library, because a Slicer module declares its parameter node when the application
starts, before any package that has to be installed may be imported.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar, Self, TypeVar

from .errors import InputError

_KEY = "setting"
Item = TypeVar("Item", bound="Declared")


@dataclass(frozen=True)
class Setting:
    """What is known of one thing that a user sets.

    kind: float, int, bool or str. help: one line, without a full stop. unit: as it is written behind a number.
    low, high: what it can be set to, both included. step: what a hand changes it by. decimals: digits that are shown.
    size: how many numbers it takes, 0 for a single one. choices: the only values, where there are only some. many:
    whether it takes several of the choices, in an order. source: where default or range come from. optional: whether it
    may be None, which the help explains.
    """

    kind: type
    help: str
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    step: float = 1.0
    decimals: int = 0
    size: int = 0
    choices: tuple = ()
    source: str = ""
    optional: bool = False
    many: bool = False

    @property
    def suffix(self) -> str:
        """The unit as it follows a number: " mm", and "°" without a space."""
        return self.unit if self.unit in ("", "°") else f" {self.unit}"

    @property
    def range_text(self) -> str:
        """ "0 to 5 mm", "choose ap, lateral", or "" where there is no limit."""
        if self.choices:
            return f"choose {', '.join(map(str, self.choices))}"
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{_plain(self.low)} to {_plain(self.high)}{self.suffix}"
        if math.isfinite(self.low):
            return f"{_plain(self.low)}{self.suffix} or more"
        return f"up to {_plain(self.high)}{self.suffix}" if math.isfinite(self.high) else ""

    def told(self, value: Any) -> str:
        """A value in words, without its unit: "on", "1, 2, 3", and "none" for None or an empty text."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, tuple):
            return ", ".join(map(self.told, value))
        if value is None or value == "":
            return "none"
        return _plain(value) if isinstance(value, int | float) else str(value)

    def checked(self, value: Any, name: str) -> Any:
        """The value as plain Python of the kind that was declared; InputError says what would do."""
        if value is None and self.optional:
            return None
        if self.many:
            return self._checked_choices(value, name)
        if self.size:
            return self._checked_numbers(value, name)
        if self.kind is bool:
            return self._checked_flag(value, name)
        if self.kind is str:
            return self._checked_text(value, name)
        return self._checked_number(value, name)

    def read(self, text: str, name: str) -> Any:
        """The value of a text as it is typed, several with commas between them; InputError says what would do."""
        if not (self.size or self.many):
            return self.checked(text, name)
        words = [word.strip() for word in text.split(",")]
        if self.size and len(words) != self.size:
            raise InputError(
                f"{name} is '{text}'; give {_count_word(self.size)} numbers with commas between them{self._hint}."
            )
        return self.checked(words, name)

    def _checked_flag(self, value, name: str) -> bool:
        # the flags of NumPy are none of Python's
        if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
            return bool(value)
        raise InputError(f"{name} is {value!r}; give True or False.")

    def _checked_text(self, value, name: str) -> str:
        if not isinstance(value, str):
            raise InputError(f"{name} is {value!r}; give a text.")
        if self.choices and value not in self.choices:
            raise InputError(f"{name} is '{value}'; choose one of {', '.join(self.choices)}.")
        return value

    def _checked_choices(self, value, name: str) -> tuple:
        given = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
        if not given or len(set(given)) < len(given) or not set(given) <= set(self.choices):
            told = ", ".join(map(str, given)) or "empty"
            raise InputError(f"{name} is {told}; give one or more of {', '.join(self.choices)}, each once.")
        return given

    def _checked_numbers(self, value, name: str) -> tuple:
        values = list(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes) else []
        if len(values) != self.size:
            raise InputError(f"{name} is {value!r}; give {_count_word(self.size)} numbers{self._hint}.")
        return tuple(self._checked_number(part, f"{name}[{index}]") for index, part in enumerate(values))

    def _checked_number(self, value, name: str) -> float | int:
        number = _number_of(value)
        if number is None or not math.isfinite(number):
            raise InputError(f"{name} is {value!r}; give a finite number.")
        if self.kind is int and number != int(number):
            raise InputError(f"{name} is {value!r}; give a whole number.")
        if not self.low <= number <= self.high:
            raise InputError(f"{name} is {_plain(number)}; give {self._wanted}.")
        return self.kind(number)

    @property
    def _hint(self) -> str:
        return f": {self.help[0].lower()}{self.help[1:]}" if self.help else ""

    @property
    def _wanted(self) -> str:
        what = "a whole number" if self.kind is int else "an angle" if self.unit == "°" else "a number"
        unit = {"": "", "°": " degrees"}.get(self.unit, f" {self.unit}")
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{what} from {_plain(self.low)} to {_plain(self.high)}{unit}"
        if math.isfinite(self.low):
            return f"{what} of at least {_plain(self.low)}{unit}"
        return f"{what} of at most {_plain(self.high)}{unit}"


def number(default: float | None, help: str, *, unit: str = "", low: float = -math.inf, high: float = math.inf,
           step: float = 1.0, decimals: int | None = None, source: str = "") -> Any:  # fmt: skip
    """A field for a number. decimals: by default as many as the step has. default None: it may be None."""
    digits = _digits_of(step) if decimals is None else decimals
    setting = Setting(float, help, unit, low, high, step, digits, source=source, optional=default is None)
    return _field(setting, None if default is None else float(default))


def whole(default: int, help: str, *, unit: str = "", low: int, high: int, step: int = 1, source: str = "") -> Any:
    """A field for a whole number."""
    return _field(Setting(int, help, unit, low, high, step, 0, source=source), default)


def numbers(default: tuple[float, ...] | None, help: str, *, size: int = 3, unit: str = "mm", low: float = -math.inf,
            high: float = math.inf, step: float = 1.0, decimals: int = 1, source: str = "") -> Any:  # fmt: skip
    """A field for several numbers of one kind, by default a point in mm. default None: it may be None."""
    setting = Setting(float, help, unit, low, high, step, decimals, size, source=source, optional=default is None)
    return _field(setting, default)


def wholes(default: tuple[int, ...], help: str, *, unit: str = "", low: int, high: int, step: int = 1) -> Any:
    """A field for several whole numbers of one kind."""
    return _field(Setting(int, help, unit, low, high, step, 0, size=len(default)), default)


def flag(default: bool, help: str) -> Any:
    """A field that is on or off."""
    return _field(Setting(bool, help), default)


def choice(default: str | None, choices: Iterable[str], help: str, *, source: str = "") -> Any:
    """A field for one of a few names. default None: it may be None."""
    return _field(Setting(str, help, choices=tuple(choices), source=source, optional=default is None), default)


def several(default: tuple[str, ...], choices: Iterable[str], help: str) -> Any:
    """A field for one or more of a few names, each once, in the order in which they are given."""
    return _field(Setting(str, help, choices=tuple(choices), many=True), default)


def text(default: str, help: str) -> Any:
    """A field for words."""
    return _field(Setting(str, help), default)


def _field(setting: Setting, default) -> Any:
    return dataclasses.field(default=default, metadata={_KEY: setting})


@dataclass(frozen=True)
class Declared:
    """Base of frozen dataclasses whose fields are declared: they are checked and made plain when an object is made.

    A derived class adds rules between fields in ``check``. ``renamed``: former names of fields that files may hold.
    ``prefixed``: fields whose name says too little without that of the class, as "ratio" of Scatter.
    """

    renamed: ClassVar[Mapping[str, str]] = {}
    prefixed: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self):
        for name, setting in own_settings(type(self)).items():
            object.__setattr__(self, name, setting.checked(getattr(self, name), self.spoken(name)))
        for name, part in parts(type(self)).items():
            if not isinstance(getattr(self, name), part):
                raise InputError(f"{name} is {getattr(self, name)!r}; give a {part.__name__}.")
        self.check()

    def check(self):
        """Rules between fields; InputError where one is broken."""

    @classmethod
    def known_as(cls, name: str) -> str:
        """The name of a field outside its class, in sentences, options and keywords: "scatter_ratio"."""
        return f"{cls.__name__.lower()}_{name}" if name in cls.prefixed else name

    def spoken(self, name: str) -> str:
        """The name of a field as sentences say it."""
        return self.known_as(name)

    def to_dict(self) -> dict:
        """Plain numbers, texts and lists by name, ready for JSON."""
        return {entry.name: _plain_data(getattr(self, entry.name)) for entry in dataclasses.fields(self) if entry.init}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "") -> Self:
        """The inverse of ``to_dict``: what is left out keeps its default; InputError names what is unknown."""
        where = where or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cls.__name__).lower()
        if not isinstance(values, Mapping):
            raise InputError(f"The description of {where} is not an object with named fields; check the JSON file.")
        values = {cls.renamed.get(name, name): value for name, value in values.items()}
        known = [entry.name for entry in dataclasses.fields(cls) if entry.init]
        if unknown := sorted(set(values) - set(known)):
            raise InputError(
                f"The description of {where} has unknown fields: {', '.join(unknown)}. There are {', '.join(known)}."
            )
        nested = parts(cls)
        return cls(
            **{
                name: _part_from(nested[name], value, f"{name} of {where}") if name in nested else value
                for name, value in values.items()
            }
        )


def _part_from(cls: type[Declared], value, where: str) -> Declared:
    """A part of an object of a file, or the object itself; sentences about its values name where it stands."""
    if isinstance(value, cls):
        return value
    try:
        return cls.from_dict(value, where)
    except InputError as error:
        raise error if where in str(error) else InputError(f"In {where}, {error}") from error


def own_settings(cls: type) -> dict[str, Setting]:
    """The settings of a class by name, without those of its parts."""
    return {entry.name: entry.metadata[_KEY] for entry in dataclasses.fields(cls) if _KEY in entry.metadata}


def parts(cls: type) -> dict[str, type[Declared]]:
    """Fields that are declared objects themselves, by name: those made by a class."""
    made: dict[str, Any] = {entry.name: entry.default_factory for entry in dataclasses.fields(cls)}
    return {name: make for name, make in made.items() if isinstance(make, type) and issubclass(make, Declared)}


def settings(cls: type, prefix: str = "") -> dict[str, Setting]:
    """All settings of a class by dotted name, those of its parts among them."""
    found = {prefix + name: setting for name, setting in own_settings(cls).items()}
    for name, part in parts(cls).items():
        found |= settings(part, f"{prefix}{name}.")
    return found


def setting_of(cls: type, path: str) -> Setting:
    """The setting of a dotted name; KeyError where there is none."""
    return settings(cls)[path]


def default_of(cls: type, path: str) -> Any:
    """What a dotted name is set to where nobody sets it."""
    *groups, leaf = path.split(".")
    for name in groups:
        cls = parts(cls)[name]
    return next(entry.default for entry in dataclasses.fields(cls) if entry.name == leaf)


def value_of(item: Declared, path: str) -> Any:
    """The value of a dotted name of an object."""
    for name in path.split("."):
        item = getattr(item, name)
    return item


def paths(cls: type[Declared]) -> dict[str, str]:
    """Dotted names by the one name that each setting has in the shell and in the console: "scatter_ratio" is
    "scatter.ratio" of Settings. What several parts have is told apart by theirs: "rim_thickness_mm" of Lesion."""
    found = [(cls.known_as(name), name, "") for name in own_settings(cls)]
    for part, kind in parts(cls).items():
        found += [(known, f"{part}.{path}", part) for known, path in paths(kind).items()]
    often = Counter(known for known, _, _ in found)
    return {f"{part}_{known}" if part and often[known] > 1 else known: path for known, path, part in found}


def changed(item: Item, values: Mapping[str, Any], _within: str = "") -> Item:
    """A copy of an object with values by dotted name, all at once; InputError for names that it does not have."""
    known = [entry.name for entry in dataclasses.fields(item)]
    given: dict[str, Any] = {}
    deeper: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        name, _, rest = path.partition(".")
        if name not in known or (rest and name not in parts(type(item))):
            names = "no further names" if name in known else ", ".join(known)
            raise InputError(f"There is no '{_within}{path}'; at this level there are {names}.")
        if rest:
            deeper.setdefault(name, {})[rest] = value
        else:
            given[name] = value
    for name, inner in deeper.items():
        given[name] = changed(given.get(name, getattr(item, name)), inner, f"{_within}{name}.")
    return dataclasses.replace(item, **given)


def rows(cls: type[Declared]) -> list[dict[str, str]]:
    """What is declared of a class and its parts, as text: name, unit, default, range, step, help, source."""
    known = {path: name for name, path in paths(cls).items()}
    return [
        {
            "name": known[path],
            "unit": setting.unit,
            "default": setting.told(default_of(cls, path)),
            "range": setting.range_text,
            "step": _plain(setting.step) if setting.kind in (int, float) else "",
            "help": setting.help,
            "source": setting.source,
        }
        for path, setting in settings(cls).items()
    ]


def camel(name: str) -> str:
    """The name in code that faces Slicer: "lao_deg" is "laoDeg" there."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _number_of(value) -> float | None:
    """A number, or a text or array of one element that is one; None for anything else, flags among it."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # a whole number may be too long for a float
        return None
    return int(value) if isinstance(value, Integral) else number


def _count_word(count: int) -> str:
    return {2: "two", 3: "three"}.get(count, str(count))


def _plain(value: float) -> str:
    if isinstance(value, int):
        is_end = value >= 2**53 and value & (value + 1) == 0  # of whole numbers in so many bits
        return f"2^{value.bit_length()} - 1" if is_end else str(value)
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:g}"


def _plain_data(value):
    if isinstance(value, Declared):
        return value.to_dict()
    return list(value) if isinstance(value, tuple) else value


def _digits_of(step: float) -> int:
    """Decimals that a step needs: 1 of 0.5, 0 of 10."""
    text = f"{step:.6f}".rstrip("0")
    return len(text.split(".")[1])
