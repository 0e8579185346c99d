"""The section Images: where the cases of the next study come from, and the list of them."""

import ctk
import qt
from slicer.i18n import tr as _

from synthetic_imaging.declared import setting_of
from synthetic_imaging.reading.making.cases import LesionSite
from synthetic_imaging.reading.making.checks import TRUTHS
from SyntheticImagingLib.parameters import limit
from SyntheticImagingLib.widgets import quiet

from ..Tables import fillTable, setUpTable, showText

LESIONS = 2
SHOWN_ROWS = 6


class CasesSection:
    """do(action): runs an action and shows problems. work(title, work, onDone): the same in a worker process."""

    def __init__(self, ui, logic, do, work):
        self.ui, self._logic, self._do, self._work = ui, logic, do, work
        self._parameters = None
        ui.casesFolderEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.casesTableEdit.filters = ctk.ctkPathLineEdit.Files
        ui.casesTableEdit.nameFilters = [_("Tables (*.csv)")]
        ui.sceneCasesSection.collapsed = True
        for selector in (ui.caseLesionSelector, ui.caseOrganSelector):
            quiet(selector)
        limit(ui.casePointsRadiusSpinBox, setting_of(LesionSite, "radius_mm"))
        self._setUpTable()
        ui.addFolderButton.clicked.connect(lambda *_a: do(self._addFolder))
        ui.addTableButton.clicked.connect(lambda *_a: do(self._addTable))
        ui.addVolumeButton.clicked.connect(lambda *_a: do(self._addVolume))
        ui.removeCasesButton.clicked.connect(lambda *_a: do(lambda: logic.removeCases(self._selected())))
        ui.saveCasesButton.clicked.connect(lambda *_a: do(self._save))
        ui.clearCasesButton.clicked.connect(lambda *_a: do(logic.clearCases))

    def setParameters(self, parameters):
        self._parameters = parameters

    def _setUpTable(self):
        titles = [_("Image"), _("Kind"), _("Lesions"), _("Organ"), _("Scanner")]
        setUpTable(self.ui.casesTable, titles, SHOWN_ROWS)

    def refresh(self):
        words = {"real": _("real"), "synthetic": _("synthetic"), "host": _("host")}
        rows = [
            (case.name, words[case.truth], str(case.lesionCount), _("yes") if case.hasOrgan else "", case.scanner)
            for case in self._logic.cases
        ]
        fillTable(self.ui.casesTable, rows, centered=(LESIONS,))
        showText(self.ui.outlookLabel, self._outlook())

    def usable(self, problem):
        ui = self.ui
        some = problem or ("" if self._logic.cases else _("There are no images yet."))
        changing = (ui.removeCasesButton, ui.clearCasesButton, ui.saveCasesButton)
        adding = (ui.addFolderButton, ui.addTableButton, ui.addVolumeButton)
        return {**dict.fromkeys(adding, problem), **dict.fromkeys(changing, some)}

    def _outlook(self):
        outlook = self._logic.outlook(self._parameters)
        if not self._logic.cases:
            return _("No images yet.")
        parts = [_("{real} real").format(real=outlook.real)]
        if outlook.isMaking:
            parts.append(_("{count} synthetic, which will be made").format(count=outlook.real))
        else:
            parts.append(_("{count} synthetic").format(count=outlook.synthetic))
        if outlook.hosts:
            parts.append(_("{count} hosts to make them in").format(count=outlook.hosts))
        return ", ".join(parts) + "." + (f" {outlook.problem}" if outlook.problem else "")

    def _kind(self):
        return TRUTHS[self.ui.kindComboBox.currentIndex]

    def _scanner(self):
        return self.ui.scannerEdit.text.strip()

    def _addFolder(self):
        work = self._logic.folderWork(self.ui.casesFolderEdit.currentPath, self._kind(), self._scanner())
        self._work(_("Reading the folder"), work, lambda count: self.ui.casesFolderEdit.addCurrentPathToHistory())

    def _addTable(self):
        work = self._logic.tableWork(self.ui.casesTableEdit.currentPath)
        self._work(_("Reading the table"), work, lambda count: self.ui.casesTableEdit.addCurrentPathToHistory())

    def _addVolume(self):
        ui = self.ui
        lesions, segmentId = ui.casePointsSelector.currentNode(), ui.caseLesionSelector.currentSegmentID()
        if lesions is None and segmentId:
            lesions = ui.caseLesionSelector.currentNode()
        organSegmentId = ui.caseOrganSelector.currentSegmentID()
        self._logic.addVolume(
            ui.caseVolumeSelector.currentNode(),
            self._kind(),
            lesions,
            lesionsSegmentId=segmentId,
            radiusMm=ui.casePointsRadiusSpinBox.value,
            organNode=ui.caseOrganSelector.currentNode() if organSegmentId else None,
            organSegmentId=organSegmentId,
            scanner=self._scanner(),
        )

    def _save(self):
        """Asks for a file, as a list is saved once and not chosen beforehand."""
        title, kinds = _("Save the list of images"), _("Tables (*.csv)")
        path = qt.QFileDialog.getSaveFileName(self.ui.casesTable, title, "cases.csv", kinds)
        if path:
            self._logic.saveCases(path)

    def _selected(self):
        return {item.row() for item in self.ui.casesTable.selectedItems()}
