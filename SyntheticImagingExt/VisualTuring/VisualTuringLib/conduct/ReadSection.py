"""The section Read: which study, who reads, start and resume. The reading itself is on the full screen."""

import ctk
from slicer.i18n import tr as _

from synthetic_imaging.declared import setting_of
from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.conduct.readers import Reader
from SyntheticImagingLib.parameters import limit
from SyntheticImagingLib.widgets import Usability, silent

from ..Tables import showText
from .ReadingDesk import ReadingDesk
from .ReadingStatus import checkSteps, studyStatus

NOT_GIVEN = -1


class ReadSection:
    """Connects the widgets of VisualTuringRead.ui.

    ui: its widgets by name. logic: has openSession(folder, reader, number, resume, experienceYears, specialty, answers)
    and returns a ReadingLogic. do(action), run(title, generator, onDone): as in TaskPanel.
    """

    def __init__(self, ui, logic, do, run):
        self.ui, self._logic, self._do, self._run = ui, logic, do, run
        self._usability, self._status, self._problem, self._packagesProblem = Usability(), None, "", ""
        self.desk = None
        limit(ui.experienceSpinBox, setting_of(Reader, "experience_years"))
        ui.experienceSpinBox.minimum = NOT_GIVEN  # no years of practice are an answer too
        ui.experienceSpinBox.value = NOT_GIVEN
        ui.readStudyPathLineEdit.currentPathChanged.connect(self.refresh)
        ui.answersPathLineEdit.currentPathChanged.connect(self.refresh)
        ui.readerComboBox.currentTextChanged.connect(self._refreshReader)
        ui.sessionSpinBox.connect("valueChanged(int)", self._refreshReader)
        ui.startReadingButton.clicked.connect(lambda *_a: self._do(lambda: self._open(resume=False)))
        ui.resumeReadingButton.clicked.connect(lambda *_a: self._do(lambda: self._open(resume=True)))
        ui.checkImagesButton.clicked.connect(lambda *_a: self._check())
        for edit in (ui.readStudyPathLineEdit, ui.answersPathLineEdit):
            edit.filters = ctk.ctkPathLineEdit.Dirs
        ui.moreReadingSection.collapsed = True
        self.refresh()

    def setStudyFolder(self, folder):
        """Propose a study, for instance the one that was just made."""
        self.ui.readStudyPathLineEdit.currentPath = str(folder)

    def setParameters(self, parameters):
        """The panel's sections are asked for this; reading keeps nothing in the scene."""

    def setProblem(self, problem):
        """Why nobody can read now ("" if they can): missing packages, or a task that is running."""
        self._packagesProblem = problem
        self._refreshReader()

    def stop(self):
        """The scene closes or the panel goes away: a session that is open ends, and the window is given back."""
        if self.desk is not None:
            self.desk.leave()

    def refresh(self, *_arguments):
        """Read the study folder anew."""
        folder = self.ui.readStudyPathLineEdit.currentPath
        self._status, self._problem = None, "" if folder else _("Choose the folder of a study.")
        if folder:
            try:
                self._status = studyStatus(folder, self._answers())
            except InputError as error:
                self._problem = str(error)
        self._showReaders()
        self._refreshReader()

    def _showReaders(self):
        box, status = self.ui.readerComboBox, self._status
        names = [reader.name for reader in status.readers] if status else []
        text = box.currentText
        with silent(box):
            box.clear()
            box.addItems(names)
            box.setEditText(text)
        with silent(self.ui.sessionSpinBox):
            self.ui.sessionSpinBox.maximum = status.sessionCount if status else 1
        several = status is not None and status.sessionCount > 1
        self.ui.sessionLabel.visible = self.ui.sessionSpinBox.visible = several

    def _refreshReader(self, *_arguments):
        name = self.ui.readerComboBox.currentText.strip()
        reader = self._status.reader(name) if self._status else None
        begun = reader.of(self.ui.sessionSpinBox.value) if reader else None
        problem = self._packagesProblem or self._problem
        asked = problem or ("" if name else _("Enter your name, or initials that nobody else in the study has."))
        showText(self.ui.readStatusLabel, asked or self._sentence(reader, begun))
        isDone = begun is not None and begun[0] == begun[1]
        taken = _("This session was begun; resume it. If you are somebody else, add a middle initial.")
        self._usability.set(self.ui.startReadingButton, asked or (taken if begun else ""))
        nothing = _("Nothing to resume: this reader has not begun this session.")
        done = _("All cases of this session are read.")
        reason = nothing if begun is None else done if isDone else ""
        self._usability.set(self.ui.resumeReadingButton, asked or reason)
        self._usability.set(self.ui.checkImagesButton, problem)
        for widget in (self.ui.experienceSpinBox, self.ui.specialtyLineEdit):
            self._usability.set(widget, _("Was entered with the reader's first session.") if reader else "")

    def _sentence(self, reader, begun):
        status = self._status
        if reader is None:
            return _("{title}: {count} images. A new reader.").format(title=status.title, count=status.caseCount)
        number = self.ui.sessionSpinBox.value
        if begun is None:
            return _("{name} ({code}) has not begun session {number}.").format(
                name=reader.name, code=reader.readerId, number=number
            )
        return _("{name} ({code}), session {number}: {answered} of {total} read.").format(
            name=reader.name, code=reader.readerId, number=number, answered=begun[0], total=begun[1]
        )

    def _answers(self):
        return self.ui.answersPathLineEdit.currentPath or None

    def _open(self, resume):
        ui = self.ui
        name = ui.readerComboBox.currentText.strip()
        reader = self._status.reader(name)
        reading = self._logic.openSession(
            ui.readStudyPathLineEdit.currentPath,
            reader.name if reader else name,
            number=ui.sessionSpinBox.value,
            resume=resume,
            experienceYears=ui.experienceSpinBox.value if ui.experienceSpinBox.value != NOT_GIVEN else None,
            specialty=ui.specialtyLineEdit.text,
            answers=self._answers(),
        )
        self.desk = ReadingDesk(reading, self._onLeft)
        self.desk.open()

    def _onLeft(self):
        self.desk = None
        self.refresh()

    def _check(self):
        def done(count):
            showText(self.ui.readStatusLabel, _("All {count} images are there and unchanged.").format(count=count))

        self._run(_("Checking the images"), checkSteps(self.ui.readStudyPathLineEdit.currentPath), done)
