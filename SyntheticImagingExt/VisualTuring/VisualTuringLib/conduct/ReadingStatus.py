"""What the panel shows of a study before reading: its title, who reads it, and how far they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synthetic_imaging.reading.conduct.readers import Reader, plain_name, readers
from synthetic_imaging.reading.study import Study


@dataclass(frozen=True)
class ReaderStatus:
    """progress: for each session that was begun, (its number, trials answered, trials in all)."""

    name: str
    readerId: str
    progress: tuple[tuple[int, int, int], ...]

    def of(self, number: int) -> tuple[int, int] | None:
        """(answered, total) of a session, None where it was not begun."""
        return next(((answered, total) for session, answered, total in self.progress if session == number), None)


@dataclass(frozen=True)
class StudyStatus:
    """caseCount: images without training and repeats."""

    title: str
    caseCount: int
    sessionCount: int
    readers: tuple[ReaderStatus, ...]

    def reader(self, name: str) -> ReaderStatus | None:
        """The reader of that name, spaces and capitals aside, or of that code ("reader-01"); None if new."""
        plain = plain_name(name)
        return next((reader for reader in self.readers if plain in (plain_name(reader.name), reader.readerId)), None)


def studyStatus(folder: str | Path, answers: str | Path | None = None) -> StudyStatus:
    """The status of a study folder; InputError where it is no study or damaged. answers: where its answers are kept."""
    study = Study.load(folder)
    entries = tuple(_readerStatus(reader) for reader in readers(study, answers))
    return StudyStatus(study.design.title, len(study.cases), study.design.sessions, entries)


def checkSteps(folder: str | Path) -> Iterator[tuple[str, float]]:
    """Generator (stage, percent): ``Study.check_steps``. Returns the number of images."""
    study = Study.load(folder)
    count = len(study.cases) + len(study.training)
    steps = study.check_steps()
    while True:
        try:
            done, share = next(steps)
        except StopIteration as end:
            return end.value
        yield f"{done + 1} / {count}", 100 * (done + share) / count


def _readerStatus(reader: Reader) -> ReaderStatus:
    progress = tuple((number, *reader.progress(number)) for number in reader.sessions())
    return ReaderStatus(reader.name, reader.reader_id, progress)
