"""The section Read of the panel: study, reader, session; start, resume, refusals."""

import pytest
import reading_studies
from reading_hands import answersOf, awaitCase, press, readToEnd


@pytest.fixture
def study(tmp_path):
    return reading_studies.make_study(tmp_path / "study", cases=4, sessions=2, washout_days=0.0)


@pytest.fixture
def section(host):
    """The section alone, with what a panel gives it."""
    import slicer

    from VisualTuringLib.conduct.ReadSection import ReadSection

    form = slicer.util.modulePath("VisualTuring").replace("VisualTuring.py", "Resources/UI/VisualTuringRead.ui")
    widget = slicer.util.loadUI(form)
    said, results = [], []

    def do(action):
        from synthetic_imaging.errors import InputError

        try:
            action()
        except InputError as error:
            said.append(str(error))

    def run(title, generator, onDone):
        steps = list(iter(lambda: next(generator, None), None))
        results.append((title, steps))
        onDone(4)

    section = ReadSection(slicer.util.childWidgetVariables(widget), _Logic(), do, run)
    section.said, section.results = said, results
    yield section
    section.stop()
    widget.close()
    host.processEvents(20)


class _Logic:
    def openSession(self, folder, reader, **options):
        from VisualTuringLib.conduct.ReadingLogic import ReadingLogic

        return ReadingLogic(folder, reader, **options)


def choose(section, study, name=""):
    section.setStudyFolder(study.folder)
    section.ui.readerComboBox.setEditText(name)


def test_what_is_missing_is_said(section, study, tmp_path):
    ui = section.ui
    assert ui.readStatusLabel.text == "Choose the folder of a study." and not ui.startReadingButton.enabled
    section.setStudyFolder(tmp_path)
    assert "holds no study" in ui.readStatusLabel.text and "holds no study" in ui.startReadingButton.toolTip
    choose(section, study)
    assert "Enter your name" in ui.readStatusLabel.text and not ui.startReadingButton.enabled
    choose(section, study, "Ann Lee")
    assert ui.readStatusLabel.text == "Session test: 4 images. A new reader."
    assert ui.startReadingButton.enabled and not ui.resumeReadingButton.enabled
    section.setProblem("Wait until the task is done, or cancel it.")
    assert not ui.startReadingButton.enabled and "Wait until" in ui.readStatusLabel.text


def test_start_leave_resume_and_a_second_session(host, section, study):
    ui = section.ui
    choose(section, study, "Ann Lee")
    ui.experienceSpinBox.value, ui.specialtyLineEdit.text = 7, "abdomen"
    ui.startReadingButton.click()
    press(host, "Space")
    awaitCase(host, section.desk.reading)
    press(host, "4")
    awaitCase(host, section.desk.reading)
    press(host, "P", "Q")
    assert section.desk is None and ui.readStatusLabel.text == "Ann Lee (reader-01), session 1: 1 of 4 read."
    assert not ui.startReadingButton.enabled and "middle initial" in ui.startReadingButton.toolTip
    assert not ui.specialtyLineEdit.enabled
    choose(section, study, "reader-01")
    ui.resumeReadingButton.click()
    readToEnd(host, section.desk.reading)
    press(host, "Space")
    assert len(answersOf(study)) == 4
    assert not ui.resumeReadingButton.enabled and "All cases" in ui.resumeReadingButton.toolTip
    ui.sessionSpinBox.value = 2
    assert ui.readStatusLabel.text == "Ann Lee (reader-01) has not begun session 2." and ui.startReadingButton.enabled
    ui.startReadingButton.click()
    assert section.desk.reading.session.number == 2
    section.stop()
    from synthetic_imaging.reading.conduct.readers import readers

    reader = readers(study)[0]
    assert (reader.experience_years, reader.specialty, reader.sessions()) == (7, "abdomen", [1, 2])


def test_two_people_with_one_name_cannot_mix_their_answers(host, section, study):
    choose(section, study, "Ann Lee")
    section.ui.startReadingButton.click()
    section.stop()
    choose(section, study, " ann  LEE ")
    assert not section.ui.startReadingButton.enabled
    choose(section, study, "Ann M. Lee")
    section.ui.startReadingButton.click()
    assert section.desk.reading.session.reader.reader_id == "reader-02"
    section.stop()
    assert [section.ui.readerComboBox.itemText(n) for n in range(2)] == ["Ann Lee", "Ann M. Lee"]


def test_a_session_that_is_open_elsewhere_is_refused_in_a_sentence(host, section, study):
    from VisualTuringLib.conduct.ReadingLogic import ReadingLogic

    other = ReadingLogic(study.folder, "Ann Lee")
    other.start()
    other.openCase()
    other.answer(3)
    choose(section, study, "Ann Lee")
    section.ui.resumeReadingButton.click()
    assert "open in another window" in section.said[0] and section.desk is None
    other.close()


def test_a_damaged_manifest_is_said_and_nothing_can_be_started(section, study):
    manifest = study.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"block": 0', '"block": 1', 1))
    choose(section, study, "Ann Lee")
    assert "damaged or was changed" in section.ui.readStatusLabel.text and not section.ui.startReadingButton.enabled


def test_images_are_checked_on_request(section, study):
    choose(section, study, "Ann Lee")
    section.ui.checkImagesButton.click()
    assert section.results[0][1][-1][1] == 100 and "All 4 images are there" in section.ui.readStatusLabel.text
