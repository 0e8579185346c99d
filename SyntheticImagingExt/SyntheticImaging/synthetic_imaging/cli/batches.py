"""A folder that is filled piece by piece: begun once, resumed by the same command, and by no other."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
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
        from ..io.atomic import publish, staging, sweep

        sweep(self.out)
        if os.path.lexists(self.out) and not os.path.isdir(self.out):
            raise InputError(f"'{self.out}' is a file; give --out a folder.")
        path, text = self.out / self.record, json.dumps(asked, indent=2)
        if os.path.exists(path):
            if _told(path, present) != json.loads(text):
                raise InputError(
                    f"'{self.out}' holds {self.unit}s made with other options (see {self.record} there); "
                    "use the same options to resume, or choose another folder for --out."
                )
            return
        with staging(path) as folder:
            (folder / self.record).write_text(text, encoding="utf-8")
            publish(folder, path)

    def waiting(self, names: Collection[str], is_complete: Callable[[str], bool]) -> Iterator[str]:
        """The names of what is not there yet, one by one under a progress bar.

        InputError where the folder goes while it is filled: unmounted, moved or deleted.
        """
        from tqdm import tqdm

        self.console.stage(f"Looking for {self.unit}s that are complete")
        left = [name for name in names if not is_complete(name)]
        if len(left) < len(names):
            self.console.result(f"{len(names) - len(left)} of {len(names)} {self.unit}s are complete already.")
        for name in tqdm(left, unit=self.unit, disable=self.console.quiet, file=sys.stderr):
            self._refuse_lost_folder()
            yield name
        self._refuse_lost_folder()

    def end(self, names: Collection[str], failures: Mapping[str, str], is_there: Callable[[str], bool]) -> int:
        """Say how many are there, and why others are not; returns the exit status.

        is_there: whether one of them is in the folder still; one that is not, without a failure, was taken away.
        """
        gone = {name: f"was made and is gone; run the same command again to make the {self.unit} once more."
                for name in names if name not in failures and not is_there(name)}  # fmt: skip
        missing = {**failures, **gone}
        total = len(names)
        self.console.result(f"{total - len(missing)} of {total} {self.unit}s are in '{self.out}'.")
        for name, problem in missing.items():
            print(f"synthetic-imaging: {name}: {problem}", file=sys.stderr)
        return 1 if missing else 0

    def _refuse_lost_folder(self) -> None:
        if not (self.out / self.record).is_file():
            raise InputError(
                f"The folder '{self.out}' has gone while {self.unit}s were made, or its {self.record}; bring it back "
                "and run the same command again to go on."
            )


def _told(path: Path, present: Callable[[dict], dict]) -> dict | None:
    """What a record tells; None where it cannot be read."""
    try:
        return json.loads(json.dumps(present(json.loads(path.read_text(encoding="utf-8")))))
    except (OSError, ValueError, TypeError, AttributeError):
        return None
