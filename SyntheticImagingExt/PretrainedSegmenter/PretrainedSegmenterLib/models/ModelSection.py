"""The section Model: the list and its filter, the card of the chosen one, and how models come and go."""

import ctk
import slicer
from slicer.i18n import tr as _

from SyntheticImagingLib.jobs import WorkRunner
from SyntheticImagingLib.widgets import breakable, setTextIfNew, silent

from ..Tables import ROW_PX, fill, setUp
from .Card import cardOf

SHOWN_ROWS, CARD_HEIGHT_PX = 4, 72


class ModelSection:
    """do(action), work(title, work, onDone): as in the panel. onChosen(): another model was chosen, or is known now."""

    def __init__(self, ui, logic, do, work, onChosen):
        self.ui, self._logic, self._do, self._work, self._onChosen = ui, logic, do, work, onChosen
        self._parameters, self._entries, self._shown = None, [], []
        self._runner, self._asked, self.problem = WorkRunner(), "", ""
        setUp(ui.modelTable, [_("Model"), _("For"), _("Here")])
        ui.modelTable.setFixedHeight(round((SHOWN_ROWS + 1.3) * ROW_PX))
        ui.cardText.setFixedHeight(CARD_HEIGHT_PX)
        ui.addModelsSection.collapsed = True
        ui.importEdit.filters = ctk.ctkPathLineEdit.Files | ctk.ctkPathLineEdit.Dirs
        ui.filterEdit.textChanged.connect(lambda *_a: self._fill())
        ui.modelTable.itemSelectionChanged.connect(self._onSelected)
        ui.downloadButton.clicked.connect(lambda *_a: do(self._download))
        ui.removeButton.clicked.connect(lambda *_a: do(self._remove))
        ui.importButton.clicked.connect(lambda *_a: do(self._import))
        ui.urlButton.clicked.connect(lambda *_a: do(self._downloadUrl))

    def setParameters(self, parameters):
        self._parameters = parameters

    def stop(self):
        """Look at no model any more."""
        self._runner.cancel()
        self._asked = ""

    @property
    def entry(self):
        """What is chosen, or None."""
        chosen = self._parameters.model if self._parameters is not None else ""
        return next((entry for entry in self._entries if entry.id == chosen), None)

    @property
    def described(self):
        """What the chosen model's own files say, or None while that is not known."""
        return self._logic.described(self.entry) if self.entry is not None and self.entry.installed else None

    def read(self):
        """Read the list anew; models may have come from the shell."""
        self._entries = self._logic.models()
        folder, size = self._logic.modelsFolder(), sum(self._logic.modelSizeMb(each.id) for each in self._installed())
        text = _("Models are in {folder} and take {size:.0f} MB.").format(folder=folder, size=size)
        setTextIfNew(self.ui.folderLabel, breakable(text))
        if self.entry is None and len(self._installed()) == 1:
            self._parameters.model = self._installed()[0].id
        self._fill()

    def refresh(self):
        """Show what is chosen."""
        entry = self.entry
        with silent(self.ui.modelTable):
            if entry in self._shown:
                self.ui.modelTable.selectRow(self._shown.index(entry))
            else:
                self.ui.modelTable.clearSelection()
        if entry is None:
            html = _("<i>Choose a model of the list.</i>")
        else:
            html = cardOf(entry, self.described, self._logic.modelSizeMb(entry.id))
        if html != self.ui.cardText.property("shown"):
            self.ui.cardText.setProperty("shown", html)
            self.ui.cardText.setHtml(html)
        self._look()

    def status(self):
        """Why the chosen model cannot be run now; "" when it can."""
        entry = self.entry
        if entry is None:
            return _("Choose a model of the list.")
        if not entry.installed:
            return _("The model is not on this computer yet: download it, or import its file.")
        if self.problem:
            return self.problem
        return "" if self.described is not None else _("The model is being read.")

    def usable(self, problem):
        entry = self.entry
        none = "" if entry is not None else _("Choose a model of the list.")
        here = none or ("" if entry.installed else _("The model is not on this computer."))
        if entry is not None and entry.installed:
            none = _("The model is on this computer.")
        elif entry is not None and not entry.url:
            none = _("Its publisher gives no address; get its file there, and import it.")
        ui = self.ui
        return {
            ui.downloadButton: problem or none,
            ui.removeButton: problem or here,
            ui.importButton: problem,
            ui.urlButton: problem,
        }

    def _installed(self):
        return [entry for entry in self._entries if entry.installed]

    def _fill(self):
        words = self.ui.filterEdit.text.lower().split()
        entries = [entry for entry in self._entries if all(word in _searched(entry) for word in words)]
        # those that can be run come first
        self._shown = sorted(entries, key=lambda entry: not entry.installed)
        terms = _("{name} (non-commercial)")
        rows = [
            (
                entry.name if entry.commercial else terms.format(name=entry.name),
                entry.modality,
                _("here") if entry.installed else f"{entry.bytes / 1e6:.0f} MB" if entry.bytes else "",
            )
            for entry in self._shown
        ]
        with silent(self.ui.modelTable):
            fill(self.ui.modelTable, rows, [": ".join((e.name, ", ".join(e.structures))) for e in self._shown])
        self.refresh()

    def _onSelected(self):
        row = self.ui.modelTable.currentRow()
        if self._parameters is not None and 0 <= row < len(self._shown):
            self._choose(self._shown[row].id)

    def _choose(self, identity):
        self._parameters.model, self.problem = identity, ""
        self._onChosen()

    def _look(self):
        """What the model's own files say, from a worker: a model loads torch, which takes seconds."""
        entry = self.entry
        if entry is None or not entry.installed or self.described is not None or self._asked == entry.id:
            return
        if self.problem:
            return
        self._asked = entry.id

        def onDone(_found):
            self._asked = ""
            self._onChosen()

        def onError(error):
            self._asked, self.problem = "", str(error)
            self._onChosen()

        self._runner.start(self._logic.describeWork(entry), lambda *_step: None, onDone, onError)

    # Models that come and go

    def _import(self):
        work = self._logic.importWork(self.ui.importEdit.currentPath)
        self._work(_("Importing the model"), work, self._onCame)

    def _download(self):
        entry = self.entry
        self._load(entry.id, entry.name, entry.commercial or self._isAgreed(entry))

    def _downloadUrl(self):
        self._load(self.ui.urlEdit.text, self.ui.urlEdit.text, False)

    def _load(self, model, name, agreed):
        work = self._logic.downloadWork(model, agreed)
        self._work(_("Downloading {name}").format(name=name), work, self._onCame)

    @staticmethod
    def _isAgreed(entry):
        text = _("{name} may not be used commercially ({license}, {url}).\n\nDo you agree to its license?")
        return slicer.util.confirmYesNoDisplay(
            text.format(name=entry.name, license=entry.license, url=entry.license_url), _("License of the model")
        )

    def _onCame(self, entry):
        self._parameters.model, self.problem = entry.id, ""
        self.ui.filterEdit.text = ""
        self.read()
        self._onChosen()
        slicer.util.showStatusMessage(_("{name} is on this computer.").format(name=entry.name), 5000)

    def _remove(self):
        freed = self._logic.removeModel(self.entry.id)
        self.read()
        self._onChosen()
        slicer.util.showStatusMessage(_("{freed:.0f} MB became free.").format(freed=freed), 5000)


def _searched(entry):
    terms = "" if entry.commercial else "non-commercial"
    words = (entry.id, entry.name, entry.modality, entry.kind, entry.license, terms, *entry.structures)
    return " ".join(words).lower().replace("_", " ")
