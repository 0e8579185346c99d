"""A folder that is filled piece by piece: begun once, resumed by the same command, and by no other."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .options import Console


@dataclass(frozen=True)
class Batch:
    """What a verb makes one by one in a folder.

    unit: what one of them is called. record: the file that remembers what was asked for.
    """

    out: Path
    unit: str
    record: str
    console: Console

    def begin(self, asked: dict, present: Callable[[dict], dict] = lambda record: record) -> None:
        """Remember what is asked for; InputError where the folder was begun with something else.

        present: what a record of an earlier version would be in this one.
        """
        from ..io.atomic import publish, staging

        if self.out.exists() and not self.out.is_dir():
            raise InputError(f"'{self.out}' is a file; give --out a folder.")
        path, text = self.out / self.record, json.dumps(asked, indent=2)
        if path.exists():
            if _told(path, present) != json.loads(text):
                raise InputError(
                    f"'{self.out}' holds {self.unit}s made with other options (see {self.record} there); "
                    "use the same options to resume, or choose another folder for --out."
                )
            return
        with staging(path) as folder:
            (folder / self.record).write_text(text, encoding="utf-8")
            publish(folder, path)

    def waiting(self, names: Iterable[str], is_complete: Callable[[str], bool]) -> Iterator[str]:
        """The names of what is not there yet, one by one under a progress bar."""
        from tqdm import tqdm

        names = list(names)
        left = [name for name in names if not is_complete(name)]
        if len(left) < len(names):
            self.console.result(f"{len(names) - len(left)} of {len(names)} {self.unit}s are complete already.")
        yield from tqdm(left, unit=self.unit, disable=self.console.quiet, file=sys.stderr)


def _told(path: Path, present: Callable[[dict], dict]) -> dict | None:
    """What a record tells; None where it cannot be read."""
    try:
        return json.loads(json.dumps(present(json.loads(path.read_text(encoding="utf-8")))))
    except (OSError, ValueError, TypeError, AttributeError):
        return None
