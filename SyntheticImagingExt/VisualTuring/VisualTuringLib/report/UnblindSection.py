"""The section Study and key: which study, who has read it, the passphrase, and the search for leaks."""

import ctk
import qt
from slicer.i18n import tr as _

from synthetic_imaging.errors import InputError

from ..making.MakeSection import findings
from ..Paths import pathText
from ..Tables import fillTable, setUpTable, showText

SHOWN_ROWS = 5


class UnblindSection:
    """do(action): runs an action and shows problems. work(title, work, onDone): the same in a worker process.

    onChanged(): called after another study was chosen.
    """

    def __init__(self, ui, logic, do, work, onChanged):
        self.ui, self._logic, self._do, self._work, self._onChanged = ui, logic, do, work, onChanged
        ui.studyEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.keyEdit.filters = ctk.ctkPathLineEdit.Files
        ui.keyEdit.nameFilters = [_("Keys (*.json)")]
        self._setUpTable()
        ui.answersEdit.filters = ctk.ctkPathLineEdit.Dirs
        for edit in (ui.studyEdit, ui.answersEdit):
            edit.currentPathChanged.connect(self.showReaders)
        ui.refreshReadersButton.clicked.connect(self.showReaders)
        ui.checkButton.clicked.connect(lambda *_a: do(self._check))
        showText(ui.findingsLabel, "")

    def setParameters(self, parameters):
        """The study's folder is bound by the form; key and passphrase are never kept."""

    def forgetPassphrase(self):
        self.ui.passphraseEdit.text = ""

    def opened(self):
        """(folder, passphrase, key path) as entered; the logic says what is wrong with them."""
        ui = self.ui
        return pathText(ui.studyEdit.currentPath), ui.passphraseEdit.text, pathText(ui.keyEdit.currentPath)

    def answers(self):
        """The folder of the answers where it is not in the study, else ""."""
        return pathText(self.ui.answersEdit.currentPath)

    def usable(self, problem):
        none = problem or ("" if pathText(self.ui.studyEdit.currentPath) else _("Choose the folder of a study."))
        return {self.ui.checkButton: none, self.ui.refreshReadersButton: none}

    def showReaders(self, *_arguments):
        """Who has read how much."""
        rows, folder = [], pathText(self.ui.studyEdit.currentPath)
        try:
            status = self._logic.status(folder, self.answers()) if folder else None
        except InputError as error:
            showText(self.ui.findingsLabel, str(error))
            status = None
        else:
            nobody = status is not None and not status.readers
            showText(self.ui.findingsLabel, _("Nobody has read this study yet.") if nobody else "")
        for reader in status.readers if status else ():
            for session, answered, total in reader.progress:
                rows.append((f"{reader.name} ({reader.readerId})", str(session), f"{answered} / {total}"))
        fillTable(self.ui.readersTable, rows, centered=(1, 2))
        self._onChanged()

    def _setUpTable(self):
        setUpTable(self.ui.readersTable, [_("Reader"), _("Session"), _("Read")], SHOWN_ROWS)
        self.ui.readersTable.setSelectionMode(qt.QAbstractItemView.NoSelection)

    def _check(self):
        showText(self.ui.findingsLabel, "")

        def onChecked(found):
            text = "\n".join([_("{count} cases searched.").format(count=found["cases"]), *findings(found)])
            showText(self.ui.findingsLabel, text)

        self._work(_("Searching for leaks"), self._logic.checkWork(*self.opened()), onChecked)
