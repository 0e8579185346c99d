"""Choosing the verb, and what happens when it fails.

Nothing here or at file scope of the verbs imports torch: help must appear at once.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
import traceback
import warnings

from .. import __version__
from ..errors import InputError
from ..memory import is_out_of_memory
from . import drr, evaluate, models, phantom, presets, segment, study, tumor, tumor_batch
from .former import renewed
from .options import Console, common_options, join_negative_values

PROGRAM = "synthetic-imaging"
FAILED, REFUSED, INTERRUPTED = 1, 2, 130
_LONGEST_NAME = 200
_DESCRIPTION = (
    "Medical images with known truth: synthetic tumors in CT, X-ray images from a virtual C-arm, reader studies; and "
    "segmenters, run and measured. Each verb has its own help: synthetic-imaging tumor --help"
)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns 0, 1 (something went wrong) or 2 (the input cannot be used)."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    options = None
    try:
        _refuse_unusable(arguments)
        options = _parser().parse_args(renewed(join_negative_values(arguments)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _show_warning
            return options.run(options, Console(getattr(options, "quiet", False)))
    except SystemExit as stop:  # argparse ends so after help and after a wrong option
        return int(stop.code or 0)
    except KeyboardInterrupt:
        _complain("interrupted; files already complete were kept.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of the output (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if getattr(options, "debug", False):
            traceback.print_exc()
        if isinstance(error, InputError):
            _complain(str(error))
            return REFUSED
        if isinstance(error, OSError) and error.strerror:
            _complain(_told_by_system(error))
            return REFUSED
        if is_out_of_memory(error):
            _complain("the memory of this computer does not hold it; close other programs, or make the input smaller.")
            return FAILED
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            _complain(f"a name is longer than the file system takes; choose a shorter one: {error.filename}")
            return REFUSED
        hint = "" if getattr(options, "debug", False) else " Add --debug for the details, and please report them."
        _complain(f"unexpected {type(error).__name__}: {_first_line(error)}.{hint}")
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=_DESCRIPTION, allow_abbrev=False, parents=[common_options()]
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    parser.add_argument(
        "--print-completion", action=_Completion, choices=("bash", "zsh", "tcsh"), metavar="SHELL",
        help="print what completes the command in bash, zsh or tcsh, and stop",
    )  # fmt: skip
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in (tumor, tumor_batch, presets, drr, phantom, study, evaluate, models, segment):
        verb.add_to(verbs)
    return parser


def _refuse_unusable(arguments: list[str]):
    """InputError for ~somebody/... where there is nobody of that name, and for what is no text in Unicode, which the
    file libraries do not take.
    """
    for argument in arguments:
        value = argument.partition("=")[2] if argument.startswith("--") else argument
        if value.startswith("~") and os.path.expanduser(value) == value:
            raise InputError(f"'{value}' names a home folder that is not there; write the whole path.")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            shown = value.encode("utf-8", "backslashreplace").decode()
            raise InputError(f"'{shown}' has bytes that are no text in UTF-8; rename the file or folder.") from None


class _Completion(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        try:
            import shtab
        except ImportError:
            raise InputError("Completion needs the package shtab; install it with: pip install shtab") from None
        print(shtab.complete(parser, values))
        parser.exit()


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"{PROGRAM}: warning: {message}", file=sys.stderr)


def _complain(sentence: str):
    print(f"{PROGRAM}: {sentence}", file=sys.stderr)


def _told_by_system(error: OSError) -> str:
    """What the system refused: a file without permission, a name that is too long, a full disk."""
    name = "" if error.filename is None else f"'{_shortened(str(error.filename))}': "
    return f"{name}{error.strerror}; check the path, your rights and the space on the disk."


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "no message").splitlines()[0].rstrip(".")
