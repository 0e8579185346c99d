"""How the panel's tables of texts look and are filled."""

import qt

ROW_PX = 22


def setUp(table, titles, stretched=0):
    """A read-only table of compact rows without scroll bars of its own across."""
    table.setColumnCount(len(titles))
    table.setHorizontalHeaderLabels(titles)
    table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
    table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
    table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
    table.verticalHeader().visible = False
    table.verticalHeader().setDefaultSectionSize(ROW_PX)
    table.wordWrap = False
    header = table.horizontalHeader()
    header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
    header.setSectionResizeMode(stretched, qt.QHeaderView.Stretch)


def fill(table, rows, toolTips=()):
    """Show rows of texts; toolTips: one for each row."""
    table.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            if row < len(toolTips):
                item.setToolTip(toolTips[row])
            table.setItem(row, column, item)


def fit(table, most):
    """As high as its rows, up to so many."""
    count = min(max(table.rowCount, 1), most)
    table.setFixedHeight(round((count + 1.1) * ROW_PX) + 2 * table.frameWidth)
