"""Every answer is on the disk before the next case, and nothing that happens to a computer loses one."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from study_sessions import answer_some, log_of, make_study

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.conduct import answers
from synthetic_imaging.reading.conduct.readers import find, register
from synthetic_imaging.reading.conduct.session import open_session
from synthetic_imaging.reading.statistics.reads import collect


@pytest.fixture
def made(tmp_path):
    return make_study(tmp_path / "study")


def test_a_killed_program_loses_only_the_case_on_screen(made):
    """A process of its own answers three cases and is killed, as by a power cut."""
    study, _ = made
    code = (
        "import os, signal, sys\n"
        "from synthetic_imaging.reading.conduct.session import open_session\n"
        "from synthetic_imaging.reading.study import Study\n"
        "session = open_session(Study.load(sys.argv[1]), 'Ann')\n"
        "for answer in (1, 4, 6):\n    session.shown(); session.answer(answer)\n"
        "session.shown(); print(session.current.trial_id, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(study.folder)], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    with open_session(study, "Ann", resume=True) as session:
        assert session.answered == 3 and session.current.trial_id == done.stdout.strip() and session.notes == []
        answer_some(session, 9)
        assert session.finished
    kinds = [entry["kind"] for entry in answers.read_entries(log_of(study))]
    assert kinds.count("answer") == 12 and kinds.count("resumed") == 1


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_torn_last_line_is_set_aside_and_that_case_read_again(made, cut):
    study, _ = made
    with open_session(study, "Ann") as session:
        answer_some(session, 3)
        third = session.trials[2].trial_id
    content = log_of(study).read_bytes()
    log_of(study).write_bytes(content[:-cut])
    with open_session(study, "Ann", resume=True) as session:
        assert session.answered == 2 and session.current.trial_id == third
        assert "not been saved completely" in session.notes[0]
        answer_some(session, 10)
        assert session.finished
    torn = log_of(study).with_name("session-1.torn-1")
    assert content[:-cut].endswith(torn.read_bytes())
    assert [entry["kind"] for entry in answers.read_entries(log_of(study))].count("answer") == 12


def test_a_second_crash_keeps_the_first_remains(made):
    study, _ = made
    with open_session(study, "Ann") as session:
        answer_some(session, 3)
    for _ in range(2):
        log_of(study).write_bytes(log_of(study).read_bytes()[:-5])
        open_session(study, "Ann", resume=True).close()
    names = sorted(path.name for path in log_of(study).parent.glob("*.torn*"))
    assert names == ["session-1.torn-1", "session-1.torn-2"]


def test_a_session_whose_first_line_was_torn_starts_again(made):
    study, _ = made
    open_session(study, "Ann").close()
    log_of(study).write_bytes(log_of(study).read_bytes()[:100])
    with open_session(study, "Ann", resume=True) as session:
        answer_some(session, 1)
    assert len(answers.read_entries(log_of(study))) == 2


def test_an_altered_answer_is_noticed(made):
    study, key = made
    with open_session(study, "Ann") as session:
        answer_some(session, 5)
    lines = log_of(study).read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"answer":2', b'"answer":6')
    log_of(study).write_bytes(b"".join(lines))
    for act in (lambda: open_session(study, "Ann", resume=True), lambda: collect(study, key)):
        with pytest.raises(InputError, match=r"Line 4 of 'session-1\.jsonl' was altered"):
            act()
    assert log_of(study).read_bytes() == b"".join(lines), "nothing is thrown away"


@pytest.mark.parametrize("change", ["removed", "swapped"])
def test_lines_cannot_be_removed_or_swapped_unnoticed(made, change):
    study, _ = made
    with open_session(study, "Ann") as session:
        answer_some(session, 5)
    lines = log_of(study).read_bytes().splitlines(keepends=True)
    lines = lines[:2] + lines[3:] if change == "removed" else [*lines[:2], lines[3], lines[2], *lines[4:]]
    log_of(study).write_bytes(b"".join(lines))
    with pytest.raises(InputError, match="altered"):
        answers.read_entries(log_of(study))


def test_a_full_disk_keeps_the_case_and_all_answers_before_it(made, monkeypatch):
    study, _ = made
    with open_session(study, "Ann") as session:
        answer_some(session, 3)
        before, trial = log_of(study).read_bytes(), session.current
        real = os.write

        def full(descriptor, content):
            real(descriptor, bytes(content)[:50])  # a part still goes to the disk
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(InputError, match=r"No space left.*The 3 answers before it are safe.*answer this case"):
                session.answer(4)
        assert session.current is trial and session.answered == 3 and log_of(study).read_bytes() == before
        session.answer(4)
        assert session.answered == 4
    assert answers.read_entries(log_of(study))[-1]["answer"] == 4


def test_a_disk_that_fails_only_when_synced(made, monkeypatch):
    study, _ = made
    with open_session(study, "Ann") as session:
        answer_some(session, 2)
        before = log_of(study).read_bytes()

        def fails(descriptor):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fails)
            with pytest.raises(InputError, match="could not be saved"):
                session.answer(4)
        assert log_of(study).read_bytes() == before and session.answered == 2
        session.answer(4)
    assert len(answers.read_entries(log_of(study))) == 4


def test_a_limit_on_file_size_stops_like_a_full_disk(made):
    """The real thing, without patches: the system refuses the write part-way."""
    study, _ = made
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from synthetic_imaging.errors import InputError\n"
        "from synthetic_imaging.reading.conduct.session import open_session\n"
        "from synthetic_imaging.reading.study import Study\n"
        "session = open_session(Study.load(sys.argv[1]), 'Ann')\n"
        "session.shown(); session.answer(1)\n"
        "size = session._file.path.stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 60, size + 60))\n"
        "try:\n    session.answer(2)\nexcept InputError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(study.folder)], capture_output=True, text=True, check=True)
    assert "could not be saved" in done.stdout and "1 answers before" in done.stdout
    with open_session(study, "Ann", resume=True) as session:
        assert session.answered == 1 and session.notes == []


def test_a_disk_that_is_full_before_the_first_case(made, monkeypatch):
    study, _ = made
    monkeypatch.setattr(answers.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000})())
    with pytest.raises(InputError, match="is full"):
        open_session(study, "Ann")
    assert not log_of(study).exists()


def test_a_read_only_folder(made, monkeypatch, tmp_path):
    study, key = made
    real = Path.mkdir

    def refused(self, *arguments, **options):
        if str(self).startswith(str(study.folder)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(InputError, match=r"Read-only file system.*another folder for the answers"):
        open_session(study, "Ann")
    assert not (study.folder / "answers").exists()
    with open_session(study, "Ann", answers=tmp_path / "mine") as session:
        answer_some(session, 3)
    assert len(collect(study, key, tmp_path / "mine")) == 1


def test_a_session_is_open_in_one_window_only(made):
    study, _ = made
    with open_session(study, "Ann") as session:
        answer_some(session, 1)
        with pytest.raises(InputError, match="in use"):
            open_session(study, "Ann", resume=True)
        answer_some(session, 1)
    with open_session(study, "Ann", resume=True) as session:
        assert session.answered == 2


def test_another_program_that_writes_into_the_file_is_noticed(made):
    study, _ = made
    with open_session(study, "Ann") as session:
        answer_some(session, 1)
        with log_of(study).open("ab") as file:
            file.write(b"x")
        with pytest.raises(InputError, match="changed by another program"):
            session.answer(2)


def test_a_missing_image_stops_before_it_is_answered(made):
    study, _ = made
    with open_session(study, "Ann") as session:
        answer_some(session, 1)
        study.path_of(session.current.codes[0]).unlink()
        with pytest.raises(InputError, match=r"missing from the study folder.*answers given so far are kept"):
            session.image_paths()


def test_a_damaged_reader_file(made):
    study, _ = made
    reader = register(study, "Ann")
    (reader.folder / "reader.json").write_text("{")
    with pytest.raises(InputError, match=r"is damaged.*answers beside it are kept"):
        find(study, "Ann")
