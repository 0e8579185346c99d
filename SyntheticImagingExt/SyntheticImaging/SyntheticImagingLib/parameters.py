"""From what the core declares to the parameters of a node, the numbers of a form and the keywords of the console.

Parameters are flat and not packs: Slicer's packs take a scene from before a number was added for a damaged one.
"""

from typing import Annotated

from slicer.parameterNodeWrapper import Choice, Decimals, Default, SingleStep, Validator, WithinRange

from synthetic_imaging.declared import camel, changed, default_of, paths, setting_of, value_of

AXES = "ras"
"""Three numbers are three parameters, named by the axes of the patient: "boxRMm", "boxAMm", "boxSMm"."""

PAGE_STEPS = 10
"""A page of a slider, in steps."""


class _Step(SingleStep, Validator):
    """A validator that accepts everything: Slicer logs a warning for an annotation that is none."""

    def validate(self, value):
        """Values between two steps can be typed."""


class _Digits(Decimals, Validator):
    """The same for the digits."""

    def validate(self, value):
        """What is shown is rounded, not what is kept."""


class Declarations:
    """What a parameter node has from declared classes of the core.

    Each setting is a parameter under its one name in lowerCamelCase, with default and range. Where a setting may be
    None, the parameter is 0 or "" for it. A choice is a member of an enumeration, whose values are the core's, several
    with commas between them; without one it is a text.
    """

    def __init__(self, *classes, enums=None, without=(), suffix="", defaults=None):
        """enums: of parameters that are choices. without: settings that are no parameters, by the core's name.
        suffix: at the end of every name. defaults: by parameter, in place of the core's."""
        self._enums = enums or {}
        self._places, self.settings, self._defaults = {}, {}, {}
        for cls in classes:
            for known, path in paths(cls).items():
                if known in without:
                    continue
                setting = setting_of(cls, path)
                names = [camel(name) + suffix for name in _perAxis(known, setting.size)]
                self._places[cls, path] = names
                default = default_of(cls, path)
                for index, name in enumerate(names):
                    self.settings[name] = setting
                    one = default[index] if setting.size and default is not None else default
                    self._defaults[name] = (defaults or {}).get(name, one)

    def __add__(self, other):
        """Both together."""
        both = Declarations()
        for name in ("_enums", "_places", "settings", "_defaults"):
            setattr(both, name, {**getattr(self, name), **getattr(other, name)})
        return both

    def declare(self, cls):
        """Class decorator, to stand below ``parameterNodeWrapper``: adds the parameters."""
        cls.__annotations__ = {**cls.__annotations__, **{name: self._type(name) for name in self.settings}}
        return cls

    def _type(self, name):
        setting, default = self.settings[name], self._defaults[name]
        if name in self._enums:
            values = ",".join(default) if setting.many else default
            return Annotated[self._enums[name], Default(self._enums[name](values))]
        if setting.kind is str:
            known = [Choice([*setting.choices, *([""] if setting.optional else [])])] if setting.choices else []
            return Annotated[(str, *known, Default(default or ""))]
        if setting.kind is bool:
            return Annotated[bool, Default(default)]
        low = min(0, setting.low) if setting.optional else setting.low
        limits = WithinRange(setting.kind(low), setting.kind(setting.high)), _Step(setting.step)
        digits = (_Digits(setting.decimals),) if setting.kind is float else ()
        return Annotated[(setting.kind, *limits, *digits, Default(setting.kind(default or 0)))]

    # Objects of the core

    def read(self, parameters, cls, known=None):
        """The object of a declared class that parameters describe; InputError where they do not go together.

        known: an object that is handed back where it is the one, which is quicker than to make another.
        """
        values = {path: self._value(parameters, names) for (kind, path), names in self._places.items() if kind is cls}
        if known is not None and all(value_of(known, path) == value for path, value in values.items()):
            return known
        return changed(cls(), values)

    def _value(self, parameters, names):
        values, setting = [getattr(parameters, name) for name in names], self.settings[names[0]]
        if names[0] in self._enums:
            return tuple(values[0].value.split(",")) if setting.many else values[0].value
        if setting.optional and not any(values):
            return None
        return tuple(values) if setting.size else values[0]

    def write(self, parameters, *items):
        """Let parameters describe objects of declared classes; followers are told once."""
        wasModifying = parameters.StartModify()
        try:
            for name, value in self.values(*items).items():
                setattr(parameters, name, value)
        finally:
            parameters.EndModify(wasModifying)

    def values(self, *items):
        """By parameter, what describes objects of declared classes."""
        found = {}
        for item in items:
            for (cls, path), names in self._places.items():
                if cls is type(item):
                    found |= zip(names, self._values(names[0], value_of(item, path)), strict=True)
        return found

    def _values(self, name, value):
        setting = self.settings[name]
        if name in self._enums:
            return [self._enums[name](",".join(value) if setting.many else value)]
        if setting.size:
            return [0.0] * setting.size if value is None else value
        return [setting.kind() if value is None else value]

    def checked(self, name, value):
        """A value as its parameter takes it; InputError says what would do. KeyError for an unknown name."""
        setting = self.settings[name]
        if name in self._enums:
            return value if isinstance(value, self._enums[name]) else self._enums[name](value)
        if setting.optional and not value:
            return setting.kind()
        return setting.checked((value,) * setting.size, name)[0] if setting.size else setting.checked(value, name)

    # Forms

    def dress(self, ui):
        """Units and tool tips of the widgets that are bound to the parameters; a tool tip of the form stays.

        Ranges, steps and digits come with the binding.
        """
        for widget in vars(ui).values():
            setting = self.settings.get(widget.property("SlicerParameterName"))
            if setting is not None:
                _tell(widget, setting)


def limit(widget, setting, scale=1):
    """A number of a form that is bound to no parameter: its range, step, digits, unit and tool tip.

    scale: what the widget shows for a value of 1, for instance 100 for percent.
    """
    if setting.kind is float:
        # first, for a range is rounded to the digits
        widget.decimals = setting.decimals if scale == 1 else 0
    widget.minimum, widget.maximum = setting.low * scale, setting.high * scale
    widget.singleStep = setting.step * scale
    if hasattr(widget, "pageStep"):
        widget.pageStep = PAGE_STEPS * setting.step * scale
    _tell(widget, setting, scale)


def _tell(widget, setting, scale=1):
    if setting.kind in (int, float) and scale == 1 and hasattr(widget, "suffix") and not widget.suffix:
        widget.suffix = setting.suffix
    if not widget.toolTip:
        widget.toolTip = f"{setting.help}."


def _perAxis(known, size):
    """Names of single numbers: "box_mm" of three is "box_r_mm", "box_a_mm", "box_s_mm"."""
    if not size:
        return [known]
    stem, _, unit = known.rpartition("_")
    return [f"{stem}_{axis}_{unit}" for axis in AXES[:size]]
