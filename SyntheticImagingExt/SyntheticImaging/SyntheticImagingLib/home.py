"""The panel of the home module: requirements and device, sample data, the way to the tasks, about."""

import qt
import slicer
from slicer.i18n import tr as _

from synthetic_imaging import __version__

TASKS = (
    ("SyntheticTumor", _("Place synthetic tumors in a CT, live, with exact truth")),
    ("VirtualCArm", _("Stand a C-arm around a CT and see the X-ray image that it would take, live")),
    ("VisualTuring", _("Find out, blinded, whether readers can tell synthetic from real images")),
)
"""Module name and one sentence, for each task."""

NOTICE = _("For research and education only. Not for clinical use.")
PATENT = _(
    "The tumor engine is an independent implementation of published methods. The authors of one of them state that "
    "patents on it are pending: find out what applies to you before commercial use."
)
CITATION = _("Synthetic Imaging contributors: Synthetic Imaging, version {version} (CITATION.cff).")


def helpText():
    """Help text of the module, in HTML."""
    return f"<p>{_('Synthetic content for real CT: what is installed, sample data and the tasks.')}</p><p>{NOTICE}</p>"


def acknowledgementText():
    return f"<p>{CITATION.format(version=__version__)}</p><p>{PATENT}</p>"


class HomePanel:
    """Connects the widgets of SyntheticImaging.ui with the module's logic."""

    def __init__(self, ui, logic):
        self.ui = ui
        self.logic = logic
        ui.noticeLabel.text = NOTICE
        version = _("Version {version}").format(version=__version__)
        ui.aboutText.setPlainText("\n\n".join((version, CITATION.format(version=__version__), PATENT)))
        header = ui.requirementsTable.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setStretchLastSection(True)
        self._addTasks()
        ui.installButton.clicked.connect(self.onInstall)
        ui.deviceButton.clicked.connect(self.onDevice)
        ui.phantomButton.clicked.connect(self.onPhantom)
        ui.liverButton.clicked.connect(self.onLiver)
        self.refresh()

    def _addTasks(self):
        self.taskButtons = {}
        for name, sentence in TASKS:
            if not hasattr(slicer.modules, name.lower()):
                continue
            button = qt.QPushButton(getattr(slicer.modules, name.lower()).title)
            button.toolTip = sentence
            button.objectName = f"{name}Button"
            button.clicked.connect(lambda *_arguments, name=name: slicer.util.selectModule(name))
            self.ui.tasksButton.layout().addWidget(button)
            self.ui.tasksButton.layout().addWidget(_sentenceLabel(sentence))
            self.taskButtons[name] = button

    def refresh(self):
        """Show again what is installed."""
        status = self.logic.requirementStatus()
        table = self.ui.requirementsTable
        table.setRowCount(len(status))
        for row, (name, wanted, version, satisfied) in enumerate(status):
            state = _("ok") if satisfied else _("missing") if version is None else _("too old")
            for column, text in enumerate((name, wanted, version or "", state)):
                table.setItem(row, column, qt.QTableWidgetItem(text))
        missing = [name for name, _wanted, _version, satisfied in status if not satisfied]
        self.ui.installButton.enabled = bool(missing)
        self.ui.installButton.toolTip = (
            _("Asks, then downloads and installs: {names}").format(names=", ".join(missing))
            if missing
            else _("Everything that is needed is installed.")
        )
        for button in (self.ui.phantomButton, self.ui.deviceButton):
            button.enabled = not missing

    def onInstall(self, *_arguments):
        with slicer.util.tryWithErrorDisplay(_("The packages could not be installed."), waitCursor=False):
            self.logic.installMissing()
        self.refresh()

    def onDevice(self, *_arguments):
        with slicer.util.tryWithErrorDisplay(_("The device could not be found out."), waitCursor=True):
            self.ui.deviceLabel.text = self.logic.device() or _("unknown: PyTorch is missing")

    def onPhantom(self, *_arguments):
        with slicer.util.tryWithErrorDisplay(_("The phantom could not be made."), waitCursor=True):
            slicer.util.showStatusMessage(_("Making the torso phantom ..."))
            self.logic.addTorsoPhantom(int(self.ui.seedSpinBox.value))
            slicer.util.showStatusMessage(_("The torso phantom is in the scene."), 3000)

    def onLiver(self, *_arguments):
        with slicer.util.tryWithErrorDisplay(_("The CT could not be loaded."), waitCursor=True):
            self.logic.loadLiverCT()


def _sentenceLabel(sentence):
    label = qt.QLabel(sentence)
    label.wordWrap = True
    return label
