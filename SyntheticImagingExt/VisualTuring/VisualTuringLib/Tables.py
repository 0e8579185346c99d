"""How the panel's tables of texts look and are filled; labels that take no room while they say nothing."""

import qt

from SyntheticImagingLib.widgets import breakable, setTextIfNew

ROW_PX, FRAME_PX = 22, 4


def setUpTable(table, titles, shownRows, stretched=0):
    """A read-only table of compact rows that is as high as so many of them."""
    table.setColumnCount(len(titles))
    table.setHorizontalHeaderLabels(titles)
    table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
    table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
    table.verticalHeader().visible = False
    table.verticalHeader().setDefaultSectionSize(ROW_PX)
    table.wordWrap = False
    header = table.horizontalHeader()
    header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
    header.setSectionResizeMode(stretched, qt.QHeaderView.Stretch)
    showRows(table, shownRows)


def showRows(table, count):
    """Make the table as high as so many rows and its header."""
    fixHeight(table, round((count + 1.1) * ROW_PX) + FRAME_PX)


def fixHeight(widget, pixels):
    """A height that no layout stretches, nor the section around the widget for its sake; the width is what there is."""
    widget.setFixedHeight(pixels)
    widget.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Fixed)


def fillTable(table, rows, centered=()):
    """Show rows of texts; centered: the columns of numbers."""
    table.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            if column in centered:
                item.setTextAlignment(qt.Qt.AlignCenter)
            table.setItem(row, column, item)


def showText(label, text):
    """Show a text; an empty label is put away."""
    setTextIfNew(label, breakable(text))
    label.visible = bool(text)
