"""What the verbs share: options, their types, and where messages go."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from ..declared import Declared, Item, Setting, changed, default_of, paths, setting_of
from ..errors import InputError

_NEGATIVE = re.compile(r"-(\d|\.\d|inf|nan)")
_METAVARS = {"": "N", "°": "DEG", "1/mm²": "N", "%": "PERCENT", "mg/mL": "MG_ML"}


class Console:
    """Stages go to the error stream and results to the output, so that results can be piped."""

    def __init__(self, quiet: bool):
        self.quiet = quiet

    def stage(self, text: str):
        if not self.quiet:
            print(f"{text} ...", file=sys.stderr, flush=True)

    def result(self, text: str):
        if not self.quiet:
            print(text, flush=True)

    def note(self, sentence: str):
        """What should be known of a result; on the error stream, for the output may be read by a program."""
        if not self.quiet:
            print(f"note: {sentence}", file=sys.stderr, flush=True)


def join_negative_values(arguments: list[str]) -> list[str]:
    """Turn ``--at -45,12,30`` into ``--at=-45,12,30``, for argparse takes a leading minus for an option; and
    ``--at=--`` for none.
    """
    joined: list[str] = []
    for argument in arguments:
        if argument.startswith("--") and argument.endswith("=--"):
            raise InputError(f"{argument[:-3]} is '--', which is no value; give one, or leave it out.")
        if joined and joined[-1].startswith("--") and "=" not in joined[-1] and _NEGATIVE.match(argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


class _Take(argparse.Action):
    """Takes the text of a declared setting; what is wrong is an InputError with the sentence of the declaration."""

    def __init__(self, *args, setting: Setting, **kwargs):
        super().__init__(*args, **kwargs)
        self._setting = setting

    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, self._setting.read(values, option_string))


def add_settings(group, cls: type[Declared], *names: str, told: Mapping[str, str] | None = None):
    """Options for what a class declares: for all of it, or for the names given, as they are known outside the class.

    told: words for the default by name, where the verb has another one than the class. What is not given stays None.
    """
    where = paths(cls)
    for name in names or where:
        setting = setting_of(cls, where[name])
        help = _help(setting, (told or {}).get(name) or _default_text(setting, default_of(cls, where[name])))
        option = "--" + name.replace("_", "-")
        if setting.kind is bool:
            group.add_argument(option, action=argparse.BooleanOptionalAction, default=None, help=help)
        else:
            group.add_argument(option, action=_Take, setting=setting, metavar=_metavar(name, setting), help=help)


def given(options, cls: type[Declared], names: Iterable[str] = ()) -> dict[str, Any]:
    """What the options set of a class, by dotted name. names: as for ``add_settings``."""
    where = paths(cls)
    values = {where[name]: getattr(options, name, None) for name in names or where}
    return {path: value for path, value in values.items() if value is not None}


def taken(options, base: Item) -> Item:
    """An object with what the options set of it."""
    return changed(base, given(options, type(base)))


def _help(setting: Setting, default: str) -> str:
    limits = setting.range_text
    notes = [note for note in (limits, f"default {default}" if default else "") if note]
    return f"{setting.help} ({'; '.join(notes)})".replace("%", "%%") if notes else setting.help.replace("%", "%%")


def _default_text(setting: Setting, default) -> str:
    if default is None or default == "":
        return ""
    told = setting.told(default).replace(", ", ",") if isinstance(default, tuple) else setting.told(default)
    return told + ("" if isinstance(default, bool | str) else setting.suffix)


def _metavar(name: str, setting: Setting) -> str:
    if setting.size:
        return "R,A,S" if name.endswith("_ras") else ",".join(("NNN" if setting.kind is int else "XYZ")[: setting.size])
    if setting.kind is str:
        word = "NAME" if setting.choices else "TEXT"
        return f"{word},{word}" if setting.many else word
    return _METAVARS.get(setting.unit, setting.unit.upper())


def common_options() -> argparse.ArgumentParser:
    """Options that may stand before or after the verb."""
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("--quiet", action="store_true", help="print nothing but warnings and errors")
    parser.add_argument("--debug", action="store_true", help="show where an error came from")
    return parser


class _Help(argparse.RawDescriptionHelpFormatter):
    """Usage with what is needed only, for all the rest is listed below it."""

    def add_usage(self, usage, actions, groups, prefix=None):
        needed = [group for group in groups if getattr(group, "required", False)]
        chosen = [action for group in needed for action in group._group_actions]
        kept = [action for action in actions if action.required or not action.option_strings or action in chosen]
        super().add_usage(usage, kept, needed, prefix)


def add_verb(verbs, name: str, run, brief: str, summary: str, example: str) -> argparse.ArgumentParser:
    """A verb's parser: brief for the list of verbs, summary above its options, an example below them."""
    parser = verbs.add_parser(
        name,
        help=brief,
        description=summary,
        epilog=f"example:\n{example}",
        formatter_class=_Help,
        allow_abbrev=False,
        parents=[common_options()],
    )
    parser.set_defaults(run=run)
    return parser


def add_series(group):
    """Which series of a DICOM folder is the image; declared for every verb that takes one."""
    group.add_argument(
        "--series", metavar="N|UID|TEXT",
        help="the DICOM series of a folder that holds several: its number or UID in the list that is told there, or "
        "its description, whole or in part",
    )  # fmt: skip


def add_lesion_options(parser: argparse.ArgumentParser):
    """What a lesion is, the same for one CT and for many."""
    from ..io.trust import Trust
    from ..tumor.lesion import ABLATIONS, Lesion
    from ..tumor.plans import Plan

    add_series(parser)
    kind = parser.add_argument_group("lesions")
    add_settings(kind, Plan)
    add_settings(kind, Lesion, "contrast_hu", told={"contrast_hu": "that of the kind"})
    kind.add_argument(
        "--without", nargs="+", action="extend", metavar="STEP",
        help=f"switch steps off: site (places clear of vessels), {', '.join(ABLATIONS)}",
    )  # fmt: skip
    organ = parser.add_argument_group("organ")
    organ.add_argument(
        "--organ-value", type=label_choice, metavar="N,NAME",
        help="label or labels of the organ, by number or by the name of a segment (default: all but 0; of a DICOM "
        "segmentation its only one)",
    )  # fmt: skip
    organ.add_argument(
        "--organ-name", default="organ", metavar="NAME", help="for messages and the record, for instance liver"
    )
    add_settings(parser.add_argument_group("doubtful input"), Trust)
    output = parser.add_argument_group("output")
    output.add_argument("--out", required=True, metavar="DIR", help="folder for the results; made where it is missing")
    output.add_argument(
        "--dicom", action="store_true",
        help="write the CT also as a DICOM series, marked as synthetic, and its labels and single lesions as DICOM "
        "segmentations",
    )  # fmt: skip
    output.add_argument("--device", default="cpu", metavar="DEVICE", help="cpu (default) or cuda")


def number(text: str) -> float:
    value = _float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a finite number")
    return value


def numbers(text: str) -> tuple[float, ...]:
    """Numbers with commas between them."""
    return tuple(number(part) for part in text.split(","))


def triple(text: str) -> tuple[float, float, float]:
    """Three numbers with commas between them."""
    values = numbers(text)
    if len(values) != 3:
        raise argparse.ArgumentTypeError(f"'{text}' is not three numbers with commas between them, like -45,12,30")
    return values


def label_numbers(text: str) -> tuple[int, ...]:
    """One or more labels with commas between them."""
    return tuple(_integer(part, 1) for part in text.split(","))


def label_choice(text: str) -> tuple[int | str, ...]:
    """One or more labels, by number or name, with commas between them."""
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise argparse.ArgumentTypeError(f"'{text}' is not labels with commas between them, like 1,2 or liver,spleen")
    return tuple(word if re.search("[^0-9.+-]", word) else _integer(word, 1) for word in words)


def natural(text: str) -> int:
    return _integer(text, 0)


def _integer(text: str, low: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if value < low:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least {low}")
    return value


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
