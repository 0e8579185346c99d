"""Who reads: one folder per reader under the answers, named by a number and not by the person."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ...declared import Declared, number, text
from ...errors import InputError
from ..study import ANSWERS, Study
from .answers import read_entries

PROFILE = "reader.json"
_SCHEMA = "synthetic-imaging-reader/1"
_MOST_READERS = 999


@dataclass(frozen=True)
class Reader(Declared):
    """reader_id: "reader-01", ...; experience_years and specialty describe the reader in the report."""

    reader_id: str
    name: str
    folder: Path
    experience_years: float | None = number(
        None, "Years of practice, for the report; without it they are not known", unit="years", low=0, high=80
    )
    specialty: str = text("", "Specialty, for the report")

    def session_path(self, nth: int) -> Path:
        return self.folder / f"session-{nth}.jsonl"

    def sessions(self) -> list[int]:
        """Numbers of the sessions that were begun."""
        numbers = [path.stem.removeprefix("session-") for path in self.folder.glob("session-*.jsonl")]
        return sorted(int(word) for word in numbers if word.isdigit())

    def progress(self, nth: int) -> tuple[int, int]:
        """Trials of a session that are answered, and all of them; (0, 0) where a crash left nothing of it."""
        entries = read_entries(self.session_path(nth))
        answered = {entry["trial_id"] for entry in entries if entry["kind"] == "answer"}
        return len(answered), len(entries[0]["trials"]) if entries else 0


def answers_folder(study: Study, answers: str | Path | None = None) -> Path:
    """Where the answers lie: in the study, or in a folder of the reader's choice."""
    return study.folder / ANSWERS if answers is None else Path(answers).expanduser()


def readers(study: Study, answers: str | Path | None = None) -> list[Reader]:
    """All readers of a study, by number; InputError where one's file is damaged or of another study."""
    folder = answers_folder(study, answers)
    return [_load(path, study) for path in sorted(folder.glob(f"*/{PROFILE}"))]


def find(study: Study, name: str, answers: str | Path | None = None) -> Reader | None:
    """The reader of that name, spaces and capitals aside."""
    return next((reader for reader in readers(study, answers) if plain_name(reader.name) == plain_name(name)), None)


def register(
    study: Study,
    name: str,
    experience_years: float | None = None,
    specialty: str = "",
    answers: str | Path | None = None,
) -> Reader:
    """Enter a new reader. InputError where the name is taken: two people must not answer into one file."""
    if not plain_name(name):
        raise InputError("Give the reader's name, or initials that nobody else in the study has.")
    known = find(study, name, answers)
    if known is not None:
        raise InputError(
            f"There is already a reader '{known.name}' ({known.reader_id}, {_progress(known)}). If that is you, "
            "resume; if not, add something that tells you apart, for example a middle initial."
        )
    folder = answers_folder(study, answers)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mine = _new_folder(folder)
        reader = Reader(mine.name, name.strip(), mine, experience_years, specialty.strip())
        _write(reader, study)
    except OSError as error:
        raise InputError(
            f"Readers cannot be entered in '{folder}': {error.strerror or error}. Copy the study to a folder in which "
            "you may write, or choose another folder for the answers. Nothing was changed."
        ) from error
    return reader


def _new_folder(folder: Path) -> Path:
    for nth in range(1, _MOST_READERS + 1):
        try:
            path = folder / f"reader-{nth:02d}"
            path.mkdir()  # fails where it exists, so two who enter at once get two numbers
            return path
        except FileExistsError:
            continue
    raise InputError(f"'{folder}' has {_MOST_READERS} readers; no more can be entered.")


def _write(reader: Reader, study: Study):
    values = {
        "schema": _SCHEMA,
        "study_id": study.study_id,
        "name": reader.name,
        "experience_years": reader.experience_years,
        "specialty": reader.specialty,
    }
    path = reader.folder / PROFILE
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(json.dumps(values, indent=1))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        reader.folder.rmdir()
        raise


def _load(path: Path, study: Study) -> Reader:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["schema"] != _SCHEMA:
            raise ValueError(values["schema"])
        years = values["experience_years"]
        reader = Reader(path.parent.name, str(values["name"]), path.parent, years, str(values["specialty"]))
        study_id = values["study_id"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The reader file '{path}' is damaged ({error}); restore it from a backup. The answers beside it are kept."
        ) from error
    if study_id != study.study_id:
        raise InputError(f"The answers in '{path.parent}' belong to another study; move the folder away.")
    return reader


def _progress(reader: Reader) -> str:
    numbers = reader.sessions()
    if not numbers:
        return "nothing read yet"
    answered, total = reader.progress(numbers[-1])
    return f"session {numbers[-1]}, {answered} of {total} read"


def plain_name(name: str) -> str:
    """A name by which readers are told apart: spaces and capitals aside."""
    return " ".join(name.split()).casefold()
