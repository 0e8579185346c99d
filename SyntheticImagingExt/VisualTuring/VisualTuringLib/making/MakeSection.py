"""The section Make the study: where it goes, the passphrase, and what the search for leaks found."""

import ctk
from slicer.i18n import tr as _

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.key import key_beside

from ..Paths import pathText
from ..Tables import showText


class MakeSection:
    """do, run, work: as in TaskPanel. onMade(folder): a study was made."""

    def __init__(self, ui, logic, do, run, work, onMade):
        self.ui, self._logic, self._parameters = ui, logic, None
        self._run, self._work, self._onMade = run, work, onMade
        ui.newStudyEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.newKeyEdit.filters = ctk.ctkPathLineEdit.Files | ctk.ctkPathLineEdit.Writable
        ui.makeButton.clicked.connect(lambda *_a: do(self._make))
        showText(ui.makeLabel, "")

    def setParameters(self, parameters):
        self._parameters = parameters

    def forgetPassphrases(self):
        for edit in (self.ui.newPassphraseEdit, self.ui.repeatPassphraseEdit):
            edit.text = ""

    def usable(self, problem):
        none = _("Add images first.") if not self._logic.cases else self._logic.outlook(self._parameters).problem
        return {self.ui.makeButton: problem or none}

    def _make(self):
        ui, folder = self.ui, pathText(self.ui.newStudyEdit.currentPath)
        key = pathText(ui.newKeyEdit.currentPath)
        passphrase = ui.newPassphraseEdit.text
        if passphrase != ui.repeatPassphraseEdit.text:
            raise InputError(_("The two passphrases differ; enter the same one twice."))
        showText(ui.makeLabel, "")
        accepted = ui.acceptLeaksCheckBox.checked, ui.acceptHuCheckBox.checked
        steps = self._logic.plannedStudySteps(self._parameters, passphrase, key or None, *accepted)

        def onMade(found):
            self.forgetPassphrases()
            for box in (ui.acceptLeaksCheckBox, ui.acceptHuCheckBox):
                box.checked = False  # it is said of this study, not of the next
            showText(ui.makeLabel, self._sentences(found, folder, key or key_beside(folder)))
            self._onMade(folder)

        def onProblem(error):
            showText(ui.makeLabel, str(error))

        title = _("Making the study")
        self._run(title, steps, lambda work: self._work(title, work, onMade, onProblem))

    @staticmethod
    def _sentences(found, folder, key):
        made = _(
            "The study with {count} cases is in {folder}, its key in {key}. Keep them apart: readers get the folder."
        )
        return "\n".join([made.format(count=found["cases"], folder=folder, key=key), *findings(found)])


def findings(found):
    """What the search for leaks found, in sentences."""
    leaks = found["leaks"] or [_("The search found nothing but the lesion that tells real from synthetic.")]
    return [*leaks, *found["notes"]]
