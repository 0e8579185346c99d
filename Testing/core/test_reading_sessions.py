"""A session from the first case to the last: order, times, pauses, second sessions, pairs, refusals."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from study_sessions import Watch, answer_some, log_of, make_study

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.conduct import answers
from synthetic_imaging.reading.conduct.order import READING, TRAINING
from synthetic_imaging.reading.conduct.readers import readers, register
from synthetic_imaging.reading.conduct.session import open_session
from synthetic_imaging.reading.design import LEFT, PAIRS, RATING, SYNTHETIC
from synthetic_imaging.reading.statistics import observers
from synthetic_imaging.reading.statistics.reads import collect
from synthetic_imaging.reading.study import Study


@pytest.fixture
def made(tmp_path):
    return make_study(tmp_path / "study")


def test_a_whole_session(made):
    study, key = made
    watch = Watch()
    with open_session(study, "Ann Lee", clock=watch, experience_years=6, specialty="abdomen") as session:
        assert session.total == 2 + 8 + 2 and session.answered == 0 and session.reader.reader_id == "reader-01"
        while (trial := session.current) is not None:
            assert session.image_paths() == [study.path_of(code) for code in trial.codes]
            session.shown()
            watch.pass_s(12.5)
            feedback = session.answer(5 if trial.codes[0][0] == "S" else 1, mark_ras=(0, 0, 9), slices_visited=30)
            assert (feedback is not None) == (trial.phase == TRAINING)
            if feedback:
                assert feedback.correct and feedback.truth == key["cases"][trial.codes[0]]["truth"]
        assert session.finished and session.answered == 12 and session.coming() == []
        with pytest.raises(InputError, match="nothing left to read"):
            session.answer(3)
    reads = collect(study, key)
    assert len(reads) == 10 and all(read.correct for read in reads) and sum(read.repeat for read in reads) == 2
    assert {(read.seconds, read.slices_visited, read.mark_distance_mm) for read in reads} == {(12.5, 30, 3.0)}
    assert readers(study)[0].experience_years == 6


def test_training_is_first_and_not_part_of_the_result(made):
    study, key = made
    with open_session(study, "Ann") as session:
        assert [trial.phase for trial in session.trials[:3]] == [TRAINING, TRAINING, READING]
        answer_some(session, 3)
    assert len(collect(study, key)) == 1


def test_each_answer_is_on_the_disk_before_the_next_case(made, monkeypatch):
    study, _ = made
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(log_size()), real(descriptor))[1])

    def log_size():
        path = log_of(study)
        return path.stat().st_size if path.exists() else 0

    with open_session(study, "Ann") as session:
        for _ in range(4):
            session.shown()
            session.answer(2)
            assert synced[-1] == log_size(), "synced after the last byte was written"
            entries = answers.read_entries(log_of(study))
            assert entries[-1]["kind"] == "answer" and entries[-1]["trial_id"] != session.current.trial_id


def test_two_people_with_one_name(made):
    study, _ = made
    with open_session(study, "Ann Lee") as session:
        answer_some(session, 3)
    with pytest.raises(InputError, match=r"already a reader 'Ann Lee' \(reader-01, session 1, 3 of 12 read\).*initial"):
        open_session(study, " ann  LEE ")
    with open_session(study, "Ann M. Lee") as session:
        assert session.reader.reader_id == "reader-02" and session.answered == 0
    with open_session(study, "Ann Lee", resume=True) as session:
        assert session.answered == 3
    assert [reader.name for reader in readers(study)] == ["Ann Lee", "Ann M. Lee"]


def test_readers_who_enter_at_once_get_two_numbers(made, monkeypatch):
    study, _ = made
    register(study, "Ann")
    monkeypatch.setattr("synthetic_imaging.reading.conduct.readers.find", lambda *_: None)
    assert register(study, "Bob").reader_id == "reader-02"


def test_clock_changes_do_not_touch_reading_times(made):
    study, key = made
    watch = Watch()
    with open_session(study, "Ann", clock=watch) as session:
        answer_some(session, 2)
        session.shown()
        watch.pass_s(20)
        watch.wall -= timedelta(hours=1)
        session.answer(2)
    entry = answers.read_entries(log_of(study))[-1]
    assert entry["seconds"] == 20 and entry["clock_shift_s"] == -3600
    watch.wall -= timedelta(days=2)
    with open_session(study, "Ann", resume=True, clock=watch) as session:
        assert "clock is behind the last answer" in session.notes[0]
        session.shown()
        watch.pass_s(5)
        session.answer(3)
    assert [read.seconds for read in collect(study, key)] == [20, 5]
    assert "clock_shift_s" not in answers.read_entries(log_of(study))[-1]


def test_pauses_do_not_count(made):
    study, _ = made
    watch = Watch()
    with open_session(study, "Ann", clock=watch) as session:
        session.shown()
        watch.pass_s(10)
        session.pause()
        watch.pass_s(3600)
        session.shown()
        watch.pass_s(5)
        assert session.seconds == 15
        session.answer(1)
        assert session.seconds == 0
    assert answers.read_entries(log_of(study))[-1]["seconds"] == 15


def test_the_time_limit(tmp_path):
    study, key = make_study(tmp_path / "study", training=0, time_limit_s=30)
    watch = Watch()
    with open_session(study, "Ann", clock=watch) as session:
        session.shown()
        watch.pass_s(31)
        assert session.remaining_s == 0
        session.time_out(slices_visited=5)
        assert session.remaining_s == 30
    read = collect(study, key)[0]
    assert read.timed_out and read.answer is None and read.score == 3.5 and read.correct is None
    other, _ = make_study(tmp_path / "other")
    with open_session(other, "Ann") as session, pytest.raises(InputError, match="no time limit"):
        session.time_out()


def test_the_second_session_waits(tmp_path):
    study, key = make_study(tmp_path / "study", sessions=2, washout_days=14)
    watch = Watch()
    with pytest.raises(InputError, match="has not read session 1"):
        open_session(study, "Ann", 2, clock=watch)
    with open_session(study, "Ann", clock=watch) as session:
        answer_some(session, 5)
        first = [trial.trial_id for trial in session.trials]
    with pytest.raises(InputError, match="not finished session 1"):
        open_session(study, "Ann", 2, clock=watch)
    with open_session(study, "Ann", resume=True, clock=watch) as session:
        answer_some(session, 7)
    watch.pass_s(13.5 * 86400)
    with pytest.raises(InputError, match=r"14 days after session 1, that is in 0\.5 days"):
        open_session(study, "Ann", 2, clock=watch)
    watch.pass_s(86400)
    with open_session(study, "Ann", 2, clock=watch) as session:
        second = [trial.trial_id for trial in session.trials]
        assert sorted(first) == sorted(second) and first != second
        answer_some(session, 12)
    with pytest.raises(InputError, match="no session 3"):
        open_session(study, "Ann", 3, clock=watch)
    assert {read.session for read in collect(study, key)} == {1, 2}


def test_going_back_only_where_allowed_and_both_answers_are_kept(tmp_path):
    study, _ = make_study(tmp_path / "a")
    with open_session(study, "Ann") as session:
        answer_some(session, 4)
        with pytest.raises(InputError, match="no way back"):
            session.back()
    study, key = make_study(tmp_path / "b", allow_back=True)
    with open_session(study, "Ann") as session:
        answer_some(session, 2)
        assert not session.can_go_back, "not into the training, which had feedback"
        answer_some(session, 2)
        last = session.trials[3]
        following = session.current
        session.back()
        assert session.current is last
        session.answer(6)
        assert session.current is following and session.answered == 4
    answered = [entry for entry in answers.read_entries(log_of(study)) if entry["kind"] == "answer"]
    assert [entry["answer"] for entry in answered if entry["trial_id"] == last.trial_id] == [2, 6]
    assert [read.answer for read in collect(study, key)] == [2, 6] and collect(study, key)[1].revised


def test_pairs(tmp_path):
    study, key = make_study(tmp_path / "study", arms=(RATING, PAIRS))
    truth_of = {code: entry["truth"] for code, entry in key["cases"].items()}
    with open_session(study, "Ann") as session:
        answer_some(session, 12)
        trial = session.current
        assert trial.arm == PAIRS and trial.phase == TRAINING and len(session.image_paths()) == 2
        for wrong in (3, "middle"):
            with pytest.raises(InputError, match="choose left or right"):
                session.answer(wrong, 3)
        with pytest.raises(InputError, match="how sure"):
            session.answer(LEFT)
        feedback = session.answer(LEFT, 3)
        assert feedback.correct == (truth_of[trial.codes[0]] == SYNTHETIC)
        observers.read_session(session, truth_of, observers.Observer(d_prime=60.0))
    reads = [read for read in collect(study, key) if read.arm == PAIRS]
    assert len(reads) == 4 and all(read.correct for read in reads)


@pytest.mark.parametrize("answer", [0, 7, "real", None, True, 2.5, "unsure"])
def test_wrong_answers_are_refused_and_the_case_stays(made, answer):
    with open_session(made[0], "Ann") as session:
        trial = session.current
        with pytest.raises(InputError):
            session.answer(answer)
        assert session.current is trial and session.answered == 0


def test_a_mark_where_it_is_asked_for(tmp_path):
    study, _ = make_study(tmp_path / "study", mark="required", allow_unsure=True)
    with open_session(study, "Ann") as session:
        with pytest.raises(InputError, match="Mark the place"):
            session.answer(3)
        for mark in ((1, 2), (1, 2, float("nan"))):
            with pytest.raises(InputError, match="not a point"):
                session.answer(3, mark_ras=mark)
        session.answer("unsure", mark_ras=(1, 2, 3.14159))
    assert answers.read_entries(log_of(study))[-1]["mark_ras"] == [1, 2, 3.14]


def test_a_changed_study_is_not_mixed_with_old_answers(made):
    study, _ = made
    open_session(study, "Ann").close()
    changed = Study(**{**vars(study), "digest": "0" * 64})
    with pytest.raises(InputError, match="changed after this session was begun"):
        open_session(changed, "Ann", resume=True)
    stranger = Study(**{**vars(study), "study_id": "00"})
    with pytest.raises(InputError, match="belong to another study"):
        open_session(stranger, "Ann", resume=True)


def test_names_are_needed_and_resuming_needs_something(made):
    study, _ = made
    for name in ("", "  "):
        with pytest.raises(InputError, match="Give the reader's name"):
            open_session(study, name)
    with pytest.raises(InputError, match="nothing to resume"):
        open_session(study, "Nobody", resume=True)


def test_the_answers_know_neither_name_nor_truth(made):
    study, key = made
    with open_session(study, "Ann Lee") as session:
        observers.read_session(session, {c: e["truth"] for c, e in key["cases"].items()}, observers.Observer())
    text = log_of(study).read_text()
    assert "Ann" not in text and '"truth"' not in text and "synthetic" not in text.replace("synthetic-imaging", "")


def test_many_readers_end_with_a_report_of_each(made):
    from synthetic_imaging.reading.statistics.analysis import analyze

    study, key = made
    truth_of = {code: entry["truth"] for code, entry in key["cases"].items()}
    for number in range(3):
        with open_session(study, f"Reader {number}") as session:
            observers.read_session(
                session, truth_of, observers.Observer(2.0), seed=number, stop_after=7 if number else None
            )
    analysis = analyze(collect(study, key), study.design, expected=8)
    assert analysis.rows("readers")[0]["cases"] == 8
    assert len(analysis.warnings) == 2 and "reader-02 has read" in analysis.warnings[0]


def test_reading_needs_no_torch(made):
    """The reading side starts at once: it imports neither torch nor SciPy nor the package that opens keys."""
    code = (
        "import sys\n"
        "from synthetic_imaging.reading.conduct.session import open_session\n"
        "from synthetic_imaging.reading.study import Study\n"
        "open_session(Study.load(sys.argv[1]), 'Ann').close()\n"
        "print(sorted({'torch', 'scipy', 'SimpleITK', 'cryptography', 'matplotlib'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(made[0].folder)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_checksum_chain_by_hand():
    first, one = answers.line_of({"a": 1}, "0" * 64)
    second, two = answers.line_of({"b": [0.1, None, "ü"]}, one)
    entries, length, last, problem = answers.parse(first + second)
    assert entries == [{"a": 1}, {"b": [0.1, None, "ü"]}] and length == len(first + second)
    assert last == two and problem is None
    assert json.loads(second)["sha256"] == two
