"""Reading from the console: images piece by piece, answers, refusals, and what the scene says meanwhile."""

import errno
import os
from datetime import timedelta

import numpy as np
import pytest
import reading_studies
from reading_studies import NAMES, PASSPHRASE
from study_sessions import Watch

from synthetic_imaging.errors import InputError
from synthetic_imaging.io import read_volume
from synthetic_imaging.reading.conduct.answers import read_entries
from VisualTuringLib.conduct.ReadingImages import PIECE_BYTES, ImageStore, StudyImage
from VisualTuringLib.conduct.ReadingLogic import ReadingLogic, State
from VisualTuringLib.conduct.ReadingStatus import checkSteps, studyStatus


@pytest.fixture
def study(tmp_path):
    return reading_studies.make_study(tmp_path / "study", mark="optional")


@pytest.fixture
def opened(study):
    """Open sessions with this; they are closed after the test."""
    readings = []

    def openSession(reader="Ann Lee", **options):
        readings.append(ReadingLogic(study.folder, reader, **options))
        readings[-1].start()
        return readings[-1]

    yield openSession
    for reading in readings:
        reading.close()


def answersOf(study, reader="reader-01"):
    entries = read_entries(study.folder / "answers" / reader / "session-1.jsonl")
    return [entry for entry in entries if entry["kind"] == "answer"]


def texts(scene):
    """Everything that nodes say in words: names, descriptions, attributes, files."""
    said = []
    for index in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(index)
        said += [node.GetName() or "", node.GetDescription() or "", node.GetID()]
        said += [f"{name}={node.GetAttribute(name)}" for name in node.GetAttributeNames()]
        if node.IsA("vtkMRMLStorageNode"):
            said += [node.GetFileName() or "", *map(node.GetNthFileName, range(node.GetNumberOfFileNames()))]
    return said


def test_an_image_read_in_pieces_is_the_image(study):
    for case in study.cases[:3]:
        image = StudyImage(study, case.code)
        while not image.isComplete:
            image.readPiece()
        volume = read_volume(study.path_of(case.code))
        np.testing.assert_array_equal(image.voxels, volume.numpy())
        np.testing.assert_allclose(image.ijkToRas, volume.ijk_to_ras, atol=1e-4)


def test_no_piece_is_large_and_an_interrupted_reading_goes_on(tmp_path):
    study = reading_studies.make_study(tmp_path / "large", cases=2, pixels=(40, 256, 256), mark="off")
    store, code = ImageStore(study), study.cases[0].code
    steps = store.readSteps([code])
    first = next(steps)
    assert first <= PIECE_BYTES / (40 * 256 * 256 * 2) and not store.isComplete([code])
    steps.close()
    shares = list(store.readSteps([code]))
    assert shares[0] > first and shares[-1] == 1.0 and store.isComplete([code])
    assert store.take([code])[0].code == code and not store.isComplete([code])


def test_what_is_wrong_with_an_image_is_said(study):
    def problemOf(code):
        with pytest.raises(InputError) as caught:
            list(ImageStore(study).readSteps([code]))
        return str(caught.value)

    cut, changed, other, gone = (case.code for case in study.cases[:4])
    path = study.path_of(cut)
    path.write_bytes(path.read_bytes()[:-1000])
    content = bytearray(study.path_of(changed).read_bytes())
    content[-1] ^= 1
    study.path_of(changed).write_bytes(content)
    study.path_of(other).write_bytes(b"\0" * 5000)
    study.path_of(gone).unlink()
    for code in (cut, changed, other):
        assert "damaged or was changed" in problemOf(code) and "answers given so far are kept" in problemOf(code)
    assert "is missing from the study folder" in problemOf(gone)
    with pytest.raises(InputError, match="damaged or was changed"):
        list(checkSteps(study.folder))


def test_all_images_can_be_checked_before_reading(study):
    steps, last = checkSteps(study.folder), None
    while True:
        try:
            last = next(steps)
        except StopIteration as stop:
            assert stop.value == len(study.cases) and last[0] == "8 / 8"
            break


def test_a_whole_session(core, study, opened):
    before = core.scene.GetNumberOfNodes()
    watch, reading = Watch(), None
    reading = opened(clock=watch)
    assert reading.state is State.briefing and reading.total == 8
    while not reading.isFinished:
        reading.openCase()
        volume = reading.look.nodes.volumes[0]
        assert volume.GetName() == reading.trial.codes[0] and volume.GetHideFromEditors()
        assert (volume.GetDisplayNode().GetWindow(), volume.GetDisplayNode().GetLevel()) == (400, 50)
        watch.pass_s(7)
        reading.look.setWindow("liver")
        reading.putMark((1.0, 2.0, 3.0))
        reading.answer(5)
    assert reading.state is State.finished
    entries = answersOf(study)
    assert len(entries) == 8 and {entry["answer"] for entry in entries} == {5}
    assert {(entry["seconds"], entry["window_changes"]) for entry in entries} == {(7.0, 1)}
    assert all(entry["mark_ras"] == [1, 2, 3] and entry["slices_visited"] is None for entry in entries)
    reading.close()
    assert core.scene.GetNumberOfNodes() == before


def test_what_is_no_answer_is_refused_and_the_case_stays(core, study, opened):
    reading = opened()
    reading.openCase()
    paused, case = [], reading.trial
    reading.paused.connect(lambda: paused.append(True))
    for answer, confidence in ((7, None), (0, None), (True, None), ("left", 3), ("unsure", None), (None, None)):
        with pytest.raises(InputError, match="choose from 1"):
            reading.answer(answer, confidence)
    assert reading.state is State.reading and reading.trial is case and not paused and not reading.sentence
    assert answersOf(study) == [] and reading.look.nodes.isSeen
    reading.answer(3)
    assert [entry["answer"] for entry in answersOf(study)] == [3]


def test_nothing_in_the_scene_or_its_file_tells_the_truth_or_a_name(core, study, opened, tmp_path):
    reading = opened()
    reading.openCase()
    reading.putMark((0, 0, 0))
    core.scene.SetURL(str(tmp_path / "scene.mrml"))
    assert core.scene.Commit()
    saved = (tmp_path / "scene.mrml").read_text()
    said = texts(core.scene)
    code = reading.trial.codes[0]
    assert code in said, "the test looks at the right scene"
    for secret in (*NAMES, PASSPHRASE, "real", "synthetic", str(study.folder), ".nii", "Ann Lee"):
        assert not any(secret.lower() in text.lower() for text in said), secret
        assert secret.lower() not in saved.lower()
    assert code not in saved, "no image is saved with a scene, not even its code"
    key = study.folder.with_name("study.key.json")
    assert not any(NAMES[0].encode() in path.read_bytes() for path in (*study.folder.rglob("*.*"), key))
    openFiles = {os.path.realpath(f"/proc/self/fd/{entry}") for entry in os.listdir("/proc/self/fd")}
    assert str(key) not in openFiles and str(study.folder / "answers/reader-01/session-1.jsonl") in openFiles


def test_a_full_disk_stops_reading_and_loses_nothing(study, opened, monkeypatch):
    reading = opened()
    reading.openCase()
    reading.answer(2)
    reading.openCase()
    trial = reading.trial

    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        with pytest.raises(InputError, match="could not be saved: No space left on device"):
            reading.answer(6)
        assert reading.state is State.paused and reading.trial == trial and "1 answers before it" in reading.sentence
        reading.goOn()
        assert reading.state is State.reading
        with pytest.raises(InputError, match="could not be saved"):
            reading.answer(6)
    reading.goOn()
    reading.answer(6)
    assert [entry["answer"] for entry in answersOf(study)] == [2, 6]


def test_a_folder_that_cannot_be_written_to_is_refused_before_anything_is_shown(core, study, monkeypatch):
    before = core.scene.GetNumberOfNodes()
    plain = os.open

    def readOnly(path, flags, *more, **options):
        if flags & os.O_RDWR:
            raise OSError(errno.EROFS, "Read-only file system")
        return plain(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", readOnly)
    with pytest.raises(InputError, match=r"cannot be saved.*Read-only.*choose another folder for the answers"):
        ReadingLogic(study.folder, "Ann Lee")
    assert core.scene.GetNumberOfNodes() == before


def test_answers_may_be_kept_elsewhere(study, tmp_path):
    reading = ReadingLogic(study.folder, "Ann Lee", answers=tmp_path / "mine")
    reading.start()
    reading.openCase()
    reading.answer(1)
    reading.close()
    assert not (study.folder / "answers").exists()
    assert studyStatus(study.folder, tmp_path / "mine").readers[0].progress == ((1, 1, 8),)


def test_damaged_manifest_and_two_readers_with_one_name_are_refused(study, opened):
    opened("Ann Lee").close()
    with pytest.raises(InputError, match="already a reader 'Ann Lee'"):
        ReadingLogic(study.folder, "ann lee")
    assert ReadingLogic(study.folder, "Ann M. Lee").session.reader.reader_id == "reader-02"
    manifest = study.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("real or synthetic", "real of synthetic"))
    with pytest.raises(InputError, match="damaged or was changed"):
        ReadingLogic(study.folder, "Ann Lee", resume=True)
    assert (study.folder / "answers" / "reader-01" / "session-1.jsonl").exists()


def test_a_session_is_resumed_and_a_clock_set_back_is_told(study, opened):
    watch = Watch()
    reading = opened(clock=watch)
    for _ in range(3):
        reading.openCase()
        reading.answer(3)
    order = [trial.trial_id for trial in reading.session.trials]
    reading.close()
    watch.wall -= timedelta(days=1)
    reading = opened(resume=True, clock=watch)
    assert reading.answered == 3 and [trial.trial_id for trial in reading.session.trials] == order
    assert "clock is behind the last answer" in reading.notes[0]
    status = studyStatus(study.folder).reader("reader-01")
    assert status.name == "Ann Lee" and status.of(1) == (3, 8) and status.of(2) is None


def test_a_case_whose_image_is_missing_can_be_read_when_it_is_back(study, opened):
    reading = opened()
    reading.openCase()
    missing = study.path_of(reading.session.coming(1)[0].codes[0])
    content = missing.read_bytes()
    missing.unlink()
    assert list(reading.aheadSteps()) == [], "reading ahead says nothing yet"
    reading.answer(3)
    with pytest.raises(InputError, match="missing from the study folder"):
        reading.openCase()
    assert reading.state is State.paused and missing.name in reading.sentence
    missing.write_bytes(content)
    reading.openCase()
    reading.answer(4)
    assert reading.answered == 2 and reading.sentence == ""


def test_a_scene_that_closes_ends_the_session(core, study, opened):
    reading = opened()
    reading.openCase()
    closed = []
    reading.closed.connect(lambda: closed.append(True))
    reading.answer(2)
    core.scene.Clear(0)
    assert reading.state is State.closed and closed == [True] and len(answersOf(study)) == 1
    assert opened(resume=True).answered == 1, "the file was let go"


def test_a_deleted_image_is_read_again(core, study, opened):
    reading = opened()
    reading.openCase()
    core.scene.RemoveNode(reading.look.nodes.volumes[0])
    assert reading.state is State.paused and "deleted from the scene" in reading.sentence
    reading.openCase()
    assert reading.look.nodes.areInScene and reading.look.nodes.volumes[0].GetName() == reading.trial.codes[0]


def test_the_mark_of_a_pair_belongs_to_the_image_that_is_chosen(tmp_path):
    study = reading_studies.make_study(tmp_path / "pairs", cases=4, arms=("pairs",), mark="required")
    reading = ReadingLogic(study.folder, "Ann")
    reading.start()
    reading.openCase()
    assert [volume.GetName() for volume in reading.look.nodes.volumes] == list(reading.trial.codes)
    with pytest.raises(InputError, match="Mark the place"):
        reading.choose("left")
    reading.putMark((1, 1, 1), index=1)
    with pytest.raises(InputError, match="other image"):
        reading.choose("left")
    reading.choose("right")
    assert reading.state is State.sure
    reading.back()
    reading.choose("right")
    reading.sure(4)
    reading.close()
    entry = answersOf(study)[0]
    assert (entry["answer"], entry["confidence"], entry["mark_ras"]) == ("right", 4, [1, 1, 1])
