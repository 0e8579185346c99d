"""The section with the table of lesions, undo and redo, and the comparison with the original."""

import qt
from slicer.i18n import tr as _

from SyntheticImagingLib.widgets import silent

from .Distance import vesselCell
from .LesionSection import WARNING_COLOR

NAME, RADIUS, VOLUME, MEAN, VESSEL = range(5)
NUMBER_WIDTH_PX = 66
SHORTCUTS = (("Alt+Z", "undoButton"), ("Alt+Shift+Z", "redoButton"), ("Alt+O", "originalButton"))
"""Slicer and its Segment Editor have Ctrl+Z and Ctrl+Y for themselves."""


class TableSection:
    """do(action): runs an action and shows problems."""

    def __init__(self, ui, logic, do):
        self.ui, self._logic, self._do = ui, logic, do
        self._isHeld = False
        self._setUpTable()
        ui.undoButton.clicked.connect(lambda *_a: do(logic.undo))
        ui.redoButton.clicked.connect(lambda *_a: do(logic.redo))
        ui.duplicateButton.clicked.connect(lambda *_a: do(lambda: logic.duplicateLesion(logic.current, jump=True)))
        ui.deleteButton.clicked.connect(lambda *_a: do(lambda: logic.removeLesion(logic.current)))
        ui.originalButton.toggled.connect(lambda on: do(lambda: logic.showOriginal(on)))
        ui.holdButton.pressed.connect(lambda: self._onHold(True))
        ui.holdButton.released.connect(lambda: self._onHold(False))
        ui.outlinesCheckBox.toggled.connect(lambda on: logic.showOutlines(on))
        ui.surfacesCheckBox.toggled.connect(lambda on: do(lambda: logic.show3D(on), waitCursor=True))
        self._shortcuts = [self._shortcut(key, getattr(ui, name)) for key, name in SHORTCUTS]
        self._shortcuts.append(self._shortcut("Delete", ui.deleteButton, ui.lesionTable, qt.Qt.WidgetShortcut))

    def _shortcut(self, key, button, parent=None, context=qt.Qt.WindowShortcut):
        shortcut = qt.QShortcut(qt.QKeySequence(key), self.ui.tableSection if parent is None else parent)
        shortcut.setContext(context)
        shortcut.activated.connect(lambda *_a: button.click())
        return shortcut

    def _setUpTable(self):
        table = self.ui.lesionTable
        table.setColumnCount(5)
        table.setHorizontalHeaderLabels([_("Lesion"), _("Radius"), _("Volume"), _("Mean"), _("Vessel")])
        table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        table.verticalHeader().visible = False
        table.wordWrap = False
        header = table.horizontalHeader()
        header.setSectionResizeMode(NAME, qt.QHeaderView.Stretch)
        for column in range(RADIUS, VESSEL + 1):
            header.setSectionResizeMode(column, qt.QHeaderView.Fixed)
            table.setColumnWidth(column, NUMBER_WIDTH_PX)
        tips = (
            _("Radius of a sphere of the same volume"),
            _("Volume in the image"),
            _("Mean attenuation in the image"),
        )
        for column, tip in enumerate((*tips, _("Distance of the sphere around the lesion to the nearest vessel")), 1):
            table.horizontalHeaderItem(column).setToolTip(tip)
        table.itemSelectionChanged.connect(self._onSelected)
        table.itemChanged.connect(self._onEdited)

    def refresh(self):
        table, lesions = self.ui.lesionTable, self._logic.lesions
        with silent(table):
            if table.rowCount != len(lesions):
                table.setRowCount(len(lesions))
            for row, lesion in enumerate(lesions):
                self._fillRow(row, lesion)
            if table.currentRow() != self._logic.current or not table.selectedItems():
                self._select(self._logic.current)
        self._logic.showOutlines(self.ui.outlinesCheckBox.checked)
        with silent(self.ui.surfacesCheckBox):
            self.ui.surfacesCheckBox.checked = self._logic.display.isShown3D
        if not self._isHeld:
            with silent(self.ui.originalButton):
                self.ui.originalButton.checked = self._logic.display.isOriginalShown

    def refreshLive(self, index):
        """Only what changes while a hand is moving."""
        if 0 <= index < self.ui.lesionTable.rowCount:
            with silent(self.ui.lesionTable):
                self._set(index, RADIUS, f"{self._logic.lesions[index].radius_mm:.1f} mm")
                self._setVessel(index)

    def _fillRow(self, row, lesion):
        logic = self._logic
        measures = logic.measures[row] if row < len(logic.measures) else {}
        item = self._set(row, NAME, lesion.name)
        item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEditable | qt.Qt.ItemIsUserCheckable)
        item.setCheckState(qt.Qt.Checked if lesion.visible else qt.Qt.Unchecked)
        self._set(row, RADIUS, f"{lesion.radius_mm:.1f} mm")
        shown = lesion.visible and measures
        self._set(row, VOLUME, f"{measures['volume_ml']:.2f} mL" if shown else "")
        self._set(row, MEAN, f"{measures['mean_hu']:.0f} HU" if shown and measures["volume_ml"] > 0 else "")
        self._setVessel(row)

    def _setVessel(self, row):
        if not self._logic.isReady:
            return
        clearance = self._logic.roomAround(row)["vesselMm"]
        item = self._set(row, VESSEL, vesselCell(clearance))
        plain = self.ui.lesionTable.palette.color(qt.QPalette.Text)
        item.setForeground(qt.QBrush(qt.QColor(WARNING_COLOR) if clearance < 0 else plain))

    def _set(self, row, column, text):
        table = self.ui.lesionTable
        item = table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem(text)
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable)
            if column != NAME:
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            table.setItem(row, column, item)
        elif item.text() != text:
            item.setText(text)
        return item

    def _select(self, row):
        if row >= 0:
            self.ui.lesionTable.selectRow(row)
        else:
            self.ui.lesionTable.clearSelection()

    def _onHold(self, held):
        self._isHeld = held
        self._do(lambda: self._logic.showOriginal(held or self.ui.originalButton.checked))

    def _onSelected(self):
        row = self.ui.lesionTable.currentRow()
        if self.ui.lesionTable.selectedItems() and row != self._logic.current:
            self._do(lambda: self._logic.setCurrent(row, jump=True))

    def _onEdited(self, item):
        row = item.row()
        if item.column() != NAME or not 0 <= row < len(self._logic.lesions):
            return
        lesion = self._logic.lesions[row]
        visible = item.checkState() == qt.Qt.Checked
        if visible != lesion.visible:
            self._do(lambda: self._logic.setLesionVisible(row, visible))
        elif item.text() != lesion.name:
            self._do(lambda: self._logic.renameLesion(row, item.text()))

    def usable(self, problem):
        """problem: why no lesion can be changed."""
        logic, ui = self._logic, self.ui
        none = problem or ("" if logic.current >= 0 else _("Select a lesion first."))
        noResult = "" if logic.results.volume is not None else _("There is no result yet; place a lesion first.")
        return {
            ui.undoButton: problem or ("" if logic.canUndo else _("There is nothing to undo.")),
            ui.redoButton: problem or ("" if logic.canRedo else _("There is nothing to redo.")),
            ui.duplicateButton: none,
            ui.deleteButton: none,
            ui.originalButton: noResult,
            ui.surfacesCheckBox: noResult,
            ui.holdButton: noResult,
        }

    def detach(self):
        """Give the keys back."""
        for shortcut in self._shortcuts:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._shortcuts = []
