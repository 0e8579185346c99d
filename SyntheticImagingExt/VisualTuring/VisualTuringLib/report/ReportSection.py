"""The sections Report and Published counts: evaluation into nodes and files, and the ways to look at them."""

from pathlib import Path

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from SyntheticImagingLib.widgets import silent

from ..Paths import pathText
from ..Tables import fixHeight, showText
from . import ReportNodes

TABLE_HEIGHT_PX = 180


class ReportSection:
    """unblind: the section with study, key and passphrase. do, work: as in the panel."""

    def __init__(self, ui, logic, unblind, do, work):
        self.ui, self._logic, self._unblind, self._do, self._work = ui, logic, unblind, do, work
        self._parameters, self._files, self._nodes = None, {}, {"tables": {}, "charts": {}}
        for edit in (ui.reportEdit, ui.countsReportEdit):
            edit.filters = ctk.ctkPathLineEdit.Dirs
        ui.countsEdit.filters = ctk.ctkPathLineEdit.Files
        ui.countsEdit.nameFilters = [_("Tables (*.csv)")]
        ui.countsSection.collapsed = True
        fixHeight(ui.reportTableView, TABLE_HEIGHT_PX)
        ui.reportButton.clicked.connect(lambda *_a: do(self._report))
        ui.countsButton.clicked.connect(lambda *_a: do(self._counts))
        for button, name in (
            (ui.openHtmlButton, "report.html"),
            (ui.openPdfButton, "report.pdf"),
            (ui.openFolderButton, ""),
        ):
            button.clicked.connect(lambda *_a, name=name: do(lambda: self._open(name)))
        ui.tableComboBox.currentIndexChanged.connect(self._showTable)
        ui.showTableButton.clicked.connect(lambda *_a: do(self._showTableView))
        ui.showChartButton.clicked.connect(lambda *_a: do(self._showChart))
        showText(ui.reportLabel, "")

    def setParameters(self, parameters):
        self._parameters = parameters
        if parameters is None:
            self._files = {}
            self._setNodes({"tables": {}, "charts": {}})
            showText(self.ui.reportLabel, "")

    def restore(self):
        """A scene was opened: offer the tables and plots that it has."""
        self._setNodes(ReportNodes.inScene())

    def usable(self, problem):
        ui = self.ui
        none = problem or ("" if pathText(ui.studyEdit.currentPath) else _("Choose the folder of a study."))
        noFiles = "" if self._files else _("There is no report yet.")
        noChart = "" if self._nodes["charts"] else _("There is no plot yet.")
        noTable = "" if self._nodes["tables"] else _("There is no table yet.")
        opening = (ui.openHtmlButton, ui.openPdfButton, ui.openFolderButton)
        return {
            ui.reportButton: none,
            ui.countsButton: problem,
            **dict.fromkeys(opening, noFiles),
            ui.tableComboBox: noTable,
            ui.showTableButton: noTable,
            ui.chartComboBox: noChart,
            ui.showChartButton: noChart,
        }

    def _report(self):
        folder, passphrase, key = self._unblind.opened()
        out = pathText(self.ui.reportEdit.currentPath)
        work = self._logic.reportWork(folder, passphrase, key, out, self._unblind.answers())
        self._work(_("Evaluating"), work, self._onReported)

    def _counts(self):
        ui, margin = self.ui, self._parameters.margin
        work = self._logic.countsWork(
            pathText(ui.countsEdit.currentPath), pathText(ui.countsReportEdit.currentPath), margin
        )
        self._work(_("Evaluating"), work, self._onReported)

    def _onReported(self, report):
        self._unblind.forgetPassphrase()
        self._files = {Path(path).name: Path(path) for path in report["files"]}
        analysis = report["analysis"]
        self._setNodes(self._logic.reportNodes(analysis))
        where = _("Written to {folder}.").format(folder=self._files["report.html"].parent)
        showText(self.ui.reportLabel, "\n".join([*report["warnings"], *analysis["conclusions"], where]))

    def _open(self, name):
        path = self._files[name] if name else self._files["report.html"].parent
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path)))

    def _setNodes(self, nodes):
        self._nodes = nodes
        for box, kind in ((self.ui.tableComboBox, "tables"), (self.ui.chartComboBox, "charts")):
            with silent(box):
                box.clear()
                for name, node in nodes[kind].items():
                    box.addItem(ReportNodes.titleOf(node), name)
        self._showTable()

    def _chosen(self, kind, box):
        """The node that a combo box names; None where it is not in the scene any more."""
        node = self._nodes[kind].get(box.currentData)
        return node if node is not None and node.GetScene() is not None else None

    def _showTable(self, *_arguments):
        view, table = self.ui.reportTableView, self._chosen("tables", self.ui.tableComboBox)
        # many measures of a few readers are read from top to bottom in a narrow panel
        view.transposed = table is not None and table.GetNumberOfColumns() > table.GetNumberOfRows() + 1
        view.setMRMLTableNode(table)
        view.resizeColumnsToContents()

    def _showTableView(self):
        table = self._chosen("tables", self.ui.tableComboBox)
        manager, application = slicer.app.layoutManager(), slicer.app.applicationLogic()
        if table is not None:
            manager.setLayout(slicer.modules.tables.logic().GetLayoutWithTable(manager.layout))
            application.GetSelectionNode().SetActiveTableID(table.GetID())
            application.PropagateTableSelection()
            manager.tableWidget(0).tableView().resizeColumnsToContents()

    def _showChart(self):
        chart = self._chosen("charts", self.ui.chartComboBox)
        if chart is not None:
            slicer.modules.plots.logic().ShowChartInLayout(chart)
