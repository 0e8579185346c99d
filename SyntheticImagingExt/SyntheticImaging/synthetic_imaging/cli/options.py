"""What the verbs share: options, their types, and where messages go."""

from __future__ import annotations

import argparse
import math
import sys

_TAKES_NEGATIVE = ("--at", "--days", "--isocenter", "--off-center-mm", "--window")


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


def join_negative_values(arguments: list[str]) -> list[str]:
    """Turn ``--at -45,12,30`` into ``--at=-45,12,30``, for argparse takes a leading minus for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in _TAKES_NEGATIVE:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def common_options() -> argparse.ArgumentParser:
    """Options that may stand before or after the verb."""
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("--quiet", action="store_true", help="print nothing but warnings and errors")
    parser.add_argument("--debug", action="store_true", help="show where an error came from")
    return parser


def add_verb(verbs, name: str, run, brief: str, summary: str, example: str) -> argparse.ArgumentParser:
    """A verb's parser: brief for the list of verbs, summary above its options, an example below them."""
    parser = verbs.add_parser(
        name,
        help=brief,
        description=summary,
        epilog=f"example:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        parents=[common_options()],
    )
    parser.set_defaults(run=run)
    return parser


def add_lesion_options(parser: argparse.ArgumentParser):
    """What a lesion is, the same for one CT and for many."""
    kind = parser.add_argument_group("lesions")
    kind.add_argument(
        "--preset", metavar="NAME", help="kind of lesion (default hcc-portal; all: synthetic-imaging presets)"
    )
    kind.add_argument("--level", metavar="LEVEL", help="published size and number: tiny, small, medium, large or mix")
    kind.add_argument(
        "--count", type=positive_integer, metavar="N", help="how many, instead of the level's number or 1"
    )
    kind.add_argument("--radius-mm", type=number, metavar="R", help="radius instead of the preset's range")
    kind.add_argument("--contrast-hu", type=number, metavar="D", help="attenuation minus the organ's, for instance -40")
    kind.add_argument(
        "--without", nargs="+", action="extend", metavar="STEP",
        help="switch steps off: site (places clear of vessels), elastic, texture, edge, mass_effect, capsule",
    )  # fmt: skip
    kind.add_argument("--satellites", type=positive_integer, metavar="N", help="small lesions around each one")
    kind.add_argument("--seed", type=natural, default=None, metavar="S", help="of everything random (default 0)")
    organ = parser.add_argument_group("organ")
    organ.add_argument(
        "--organ-value", type=label_numbers, metavar="N,N", help="label or labels of the organ (default: all but 0)"
    )
    organ.add_argument(
        "--organ-name", default="organ", metavar="NAME", help="for messages and the record, for instance liver"
    )
    output = parser.add_argument_group("output")
    output.add_argument("--out", required=True, metavar="DIR", help="folder for the results; made where it is missing")
    output.add_argument("--dicom", action="store_true", help="write the CT also as a DICOM series, marked as synthetic")
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


def integers(text: str) -> tuple[int, int, int]:
    """Three positive whole numbers with commas between them."""
    values = triple(text)
    if any(value != int(value) or value < 1 for value in values):
        raise argparse.ArgumentTypeError(f"'{text}' is not three positive whole numbers, like 200,256,256")
    return tuple(int(value) for value in values)


def label_numbers(text: str) -> tuple[int, ...]:
    """One or more labels with commas between them."""
    return tuple(_integer(part, 1) for part in text.split(","))


def natural(text: str) -> int:
    return _integer(text, 0)


def positive_integer(text: str) -> int:
    return _integer(text, 1)


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
