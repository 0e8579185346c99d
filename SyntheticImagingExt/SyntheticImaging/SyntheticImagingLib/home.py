"""The panel of the home module: requirements and device, sample data, the way to the tasks, about."""

import qt
import slicer
from slicer.i18n import tr as _

from synthetic_imaging import __version__

from . import samples
from .panels import Panel
from .widgets import showAllRows

TASKS = (
    ("SyntheticTumor", _("Place synthetic tumors in a CT, live, with exact truth")),
    ("VirtualCArm", _("Stand a C-arm around a CT and see the X-ray image that it would take, live")),
    ("PretrainedSegmenter", _("Segment organs and lesions with pretrained models, and measure the result")),
    ("VisualTuring", _("Find out, blinded, whether readers can tell synthetic from real images")),
)
"""Module name and one sentence, for each task."""

NEEDED_COLUMN = 1
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


class HomePanel(Panel):
    """Connects the widgets of SyntheticImaging.ui with the module's logic."""

    def __init__(self, ui, logic):
        Panel.__init__(self, ui, ui.noticeLabel.parentWidget())
        self.logic = logic
        ui.noticeLabel.text = NOTICE
        version = _("Version {version}").format(version=__version__)
        ui.aboutText.setPlainText("\n\n".join((version, CITATION.format(version=__version__), PATENT)))
        header = ui.requirementsTable.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(NEEDED_COLUMN, qt.QHeaderView.Stretch)
        self._addTasks()
        ui.installButton.clicked.connect(lambda *_a: self.do(self._install))
        ui.deviceButton.clicked.connect(lambda *_a: self.do(self._findDevice, waitCursor=True))
        ui.phantomButton.clicked.connect(lambda *_a: self.do(self._makePhantom))
        ui.liverButton.clicked.connect(lambda *_a: self.do(self.logic.loadLiverCT, waitCursor=True))
        self.refresh()
        self._foldInstallation()
        self.callout.watch()

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

    def enter(self):
        """The user opens the module."""
        self.refresh()
        self._foldInstallation()
        self.callout.place()

    def _foldInstallation(self):
        """When all is well, nobody needs the table."""
        self.ui.requirementsButton.collapsed = not self._missing()

    def _missing(self):
        return [name for name, _wanted, _version, satisfied in self.logic.requirementStatus() if not satisfied]

    def refresh(self):
        """Show again what is installed, and what can be used."""
        status, missing = self.logic.requirementStatus(), self._missing()
        table = self.ui.requirementsTable
        table.setRowCount(len(status))
        for row, (name, wanted, version, satisfied) in enumerate(status):
            state = _("ok") if satisfied else _("missing") if version is None else _("too old")
            for column, text in enumerate((name, wanted, version or "", state)):
                table.setItem(row, column, qt.QTableWidgetItem(text))
        showAllRows(table)
        title = _("Installation: packages are missing") if missing else _("Installation: complete")
        self.ui.requirementsButton.text = title
        absent = _("Python packages are missing; Install what is missing gets them.") if missing else ""
        busy = _("Wait until the task is done, or cancel it.") if self.isBusy else ""
        complete = "" if missing else _("Everything that is needed is installed.")
        ui = self.ui
        self.setUsable({ui.phantomButton: absent or busy, ui.deviceButton: absent, ui.liverButton: busy})
        ui.installButton.enabled = not (complete or busy)
        ui.installButton.toolTip = complete or _("Asks, then downloads and installs: {names}").format(
            names=", ".join(missing)
        )

    def _install(self):
        self.logic.installMissing()

    def _findDevice(self):
        self.ui.deviceLabel.text = self.logic.device() or _("unknown: PyTorch is missing")

    def _makePhantom(self):
        seed, title = int(self.ui.seedSpinBox.value), _("Making the torso phantom")

        def onDone(_nodes):
            slicer.util.showStatusMessage(_("The torso phantom is in the scene."), 3000)

        def onMade(body):
            self.run(title, samples.phantomSteps(body, seed), onDone)

        self.work(title, samples.PhantomWork(seed), onMade)


def _sentenceLabel(sentence):
    label = qt.QLabel(sentence)
    label.wordWrap = True
    return label
