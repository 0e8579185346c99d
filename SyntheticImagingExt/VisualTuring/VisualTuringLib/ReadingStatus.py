"""What the panel shows of a study before reading: its title, who reads it, and how far they are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReaderStatus:
    """progress: for each session that was begun, (its number, trials answered, trials in all)."""

    name: str
    readerId: str
    progress: tuple[tuple[int, int, int], ...]

    def of(self, number):
        """(answered, total) of a session, None where it was not begun."""
        return next(((answered, total) for session, answered, total in self.progress if session == number), None)


@dataclass(frozen=True)
class StudyStatus:
    """caseCount: images without training and repeats."""

    title: str
    caseCount: int
    sessionCount: int
    readers: tuple[ReaderStatus, ...]

    def reader(self, name):
        """The reader of that name, spaces and capitals aside, or of that code ("reader-01"); None if new."""
        plain = " ".join(name.split()).casefold()
        return next((r for r in self.readers if plain in (" ".join(r.name.split()).casefold(), r.readerId)), None)


def studyStatus(folder, answers=None):
    """The status of a study folder; InputError where it is no study or damaged. answers: where its answers are kept."""
    from synthetic_imaging.reading.readers import readers
    from synthetic_imaging.reading.study import Study

    study = Study.load(folder)
    entries = tuple(_readerStatus(reader) for reader in readers(study, answers))
    return StudyStatus(study.design.title, len(study.cases), study.design.sessions, entries)


def checkSteps(folder):
    """Generator (stage, percent): read every image of a study and compare it with the manifest.

    Returns the number of images; InputError names the first that is missing, damaged or was changed.
    """
    from synthetic_imaging.reading.study import Study

    from .ReadingImages import ImageStore

    study = Study.load(folder)
    cases = (*study.cases, *study.training)
    store = ImageStore(study)
    for number, case in enumerate(cases):
        for share in store.readSteps([case.code]):
            yield f"{number + 1} / {len(cases)}", 100 * (number + share) / len(cases)
        store.clear()
    return len(cases)


def _readerStatus(reader):
    from synthetic_imaging.reading.answers import read_entries

    progress = []
    for number in reader.sessions():
        entries = read_entries(reader.session_path(number))
        answered = {entry["trial_id"] for entry in entries if entry["kind"] == "answer"}
        progress.append((number, len(answered), len(entries[0]["trials"]) if entries else 0))
    return ReaderStatus(reader.name, reader.reader_id, tuple(progress))
