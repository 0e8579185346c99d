"""The section Compare with a reference: what is measured, tables and plot."""

import slicer
from slicer.i18n import tr as _

from synthetic_imaging.evaluation.settings import Measures
from SyntheticImagingLib.widgets import breakable, setTextIfNew, silent

from ..Parameters import NUMBERS
from . import MeasureNodes

TABLE_HEIGHT_PX = 160
NOTHING = {"tables": {}, "chart": None}


class CompareSection:
    """do, work: as in the panel."""

    def __init__(self, ui, logic, do, work):
        self.ui, self._logic, self._work, self._parameters, self._found = ui, logic, work, None, NOTHING
        ui.compareSection.collapsed = True
        ui.measureTableView.setFixedHeight(TABLE_HEIGHT_PX)
        ui.compareButton.clicked.connect(lambda *_a: do(self._compare))
        ui.tableComboBox.currentIndexChanged.connect(self._showTable)
        ui.showTableButton.clicked.connect(lambda *_a: do(self._showTableView))
        ui.showChartButton.clicked.connect(lambda *_a: do(self._showChart))

    def setParameters(self, parameters):
        self._parameters = parameters
        self._set(NOTHING)

    def restore(self):
        """A scene was opened: offer the measures that it has."""
        self._set(MeasureNodes.inScene())

    def propose(self, node):
        """A result is what is compared next."""
        self._parameters.segmentation = node

    def usable(self, problem):
        ui = self.ui
        none = problem or ("" if None not in self._nodes() else _("Choose a segmentation and the reference."))
        noTable = "" if self._found["tables"] else _("Nothing was compared yet.")
        noChart = "" if self._found["chart"] is not None else _("Nothing was compared yet.")
        return {
            ui.compareButton: none,
            ui.tableComboBox: noTable,
            ui.showTableButton: noTable,
            ui.showChartButton: noChart,
        }

    def _nodes(self):
        """Segmentation and reference as they are shown; the parameters follow a moment later."""
        return self.ui.segmentationSelector.currentNode(), self.ui.referenceSelector.currentNode()

    def _compare(self):
        measures = NUMBERS.read(self._parameters, Measures)
        work = self._logic.evaluateWork(*self._nodes(), measures)
        self._work(_("Comparing"), work, self._onCompared)

    def _onCompared(self, found):
        self._set(found)
        sizes = {row["size"]: row for row in found["rows"]["sensitivity"]}
        text = _("{count} structures compared.").format(count=len(found["rows"]["scores"]))
        if "all" in sizes:
            text += " " + _("{found} of {lesions} lesions found.").format(**sizes["all"])
        setTextIfNew(self.ui.compareLabel, breakable(" ".join([text, *found["notes"]])))

    def _set(self, found):
        self._found, box = found, self.ui.tableComboBox
        setTextIfNew(self.ui.compareLabel, "")
        with silent(box):
            box.clear()
            for name in found["tables"]:
                box.addItem(MeasureNodes.TITLES[name], name)
        self._showTable()

    def _table(self):
        node = self._found["tables"].get(self.ui.tableComboBox.currentData)
        return node if node is not None and node.GetScene() is not None else None

    def _showTable(self, *_arguments):
        view, table = self.ui.measureTableView, self._table()
        view.setMRMLTableNode(table)
        view.resizeColumnsToContents()
        view.visible = table is not None

    def _showTableView(self):
        manager, application, table = slicer.app.layoutManager(), slicer.app.applicationLogic(), self._table()
        if table is not None:
            manager.setLayout(slicer.modules.tables.logic().GetLayoutWithTable(manager.layout))
            application.GetSelectionNode().SetActiveTableID(table.GetID())
            application.PropagateTableSelection()
            manager.tableWidget(0).tableView().resizeColumnsToContents()

    def _showChart(self):
        chart = self._found["chart"]
        if chart.GetScene() is not None:
            slicer.modules.plots.logic().ShowChartInLayout(chart)
