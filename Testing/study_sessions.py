"""A study of tiny files, for sessions: what is tested is the log, not the images."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from synthetic_imaging.reading.conduct.session import Clock
from synthetic_imaging.reading.design import PAIRS, RATING, REAL, SYNTHETIC, Design
from synthetic_imaging.reading.study import IMAGES, MANIFEST, Study, StudyCase, StudyPair


class Watch(Clock):
    """A clock that the test turns."""

    def __init__(self):
        self.ticks, self.wall = 1000.0, datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def seconds(self):
        return self.ticks

    def now(self):
        return self.wall

    def pass_s(self, seconds):
        self.ticks += seconds
        self.wall += timedelta(seconds=seconds)


def make_study(folder: Path, cases=8, training=2, **design) -> tuple[Study, dict]:
    """A study folder with images of one byte, and what its key would hold; truth by the code's first letter."""
    options = {"title": "Session test", "training_cases": training, "repeat_share": 0.25, **design}
    plan = Design(**options)

    def case(code, **more):
        return StudyCase(code, "", cue_ras=None, **more)

    codes = [f"{'RS'[n % 2]}{n:03d}X" for n in range(cases)]
    taught = [f"{'RS'[n % 2]}{n:03d}T" for n in range(training)]
    truth = {code: REAL if code[0] == "R" else SYNTHETIC for code in codes + taught}
    listed = [case(code, block=n // 4, repeat=RATING in plan.arms and n < 2) for n, code in enumerate(codes)]
    shown = [case(code, truth=truth[code]) for code in taught]
    pairs = [StudyPair((codes[n], codes[n + 1]), n // 4) for n in range(0, cases, 2)] if PAIRS in plan.arms else []
    practice = [StudyPair((taught[0], taught[1]), synthetic=taught[1])] if pairs and training else []
    study = Study(folder, "feedbeef", plan, 7, tuple(listed), tuple(pairs), tuple(shown), tuple(practice))
    (folder / IMAGES).mkdir(parents=True)
    for code in truth:
        study.path_of(code).write_bytes(b"x")
    (folder / MANIFEST).write_text(study.manifest_text())
    entry = {"lesions": [{"center_ras": [0, 0, 0], "radius_mm": 6.0}], "place": "deep", "scanner": "A", "recipe": []}
    key = {"cases": {code: {**entry, "truth": kind} for code, kind in truth.items()}}
    return Study.load(folder), key


def log_of(study, reader="reader-01", number=1) -> Path:
    return study.folder / "answers" / reader / f"session-{number}.jsonl"


def answer_some(session, count):
    for _ in range(count):
        session.shown()
        session.answer(2)
