"""The report as a PDF on A4 pages, written by matplotlib.

Texts and lines go to matplotlib's PDF renderer as they are: an artist for each of the thousands of words would take
longer than the statistics.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ..statistics.analysis import Analysis
from .figures import Figures, figures, new_figure
from .html_page import warnings_of
from .layout import Section, sections
from .wording import conclusions, methods

_PAGE_INCH = (8.27, 11.69)
_LEFT_PT, _TOP_PT, _BOTTOM_PT = 54.0, 54.0, 54.0
_WIDTH_PT = _PAGE_INCH[0] * 72 - 2 * _LEFT_PT
_LINE = 1.35
_ASCENT = 0.76
"""From the top of a line to its base line, in sizes of the letters (DejaVu Sans)."""
_DOTS_PER_INCH = 225


def pdf(analysis: Analysis, drawn: Figures | None = None) -> bytes:
    """The whole document. drawn: the plots, where they were made already."""
    pages = _Pages()
    pages.text(analysis.design.title, 16, bold=True)
    pages.text(f"{analysis.design.question} · study {analysis.study_id or 'not stored'}", 9, gray=True)
    for sentence in warnings_of(analysis):
        pages.text(f"Note: {sentence}", 9, bold=True)
    pages.heading("Result")
    for sentence in conclusions(analysis):
        pages.text(f"• {sentence}", 9.5)
    pages.plots(figures(analysis) if drawn is None else drawn)
    for section in sections(analysis):
        pages.table(section)
    pages.heading("Methods")
    pages.text(methods(analysis), 9.5)
    return pages.document(analysis.design.title)


class _Pages:
    """A column of text, tables and plots that runs over as many pages as it needs."""

    def __init__(self):
        self._inks: list[_Ink] = []
        self._widths: dict[tuple[str, bool], float] = {}
        self._y = 0.0
        self._new_page()

    def heading(self, text: str):
        self._room(50)
        self._y -= 8
        self.text(text, 12, bold=True)

    def text(self, text: str, size: float, bold: bool = False, gray: bool = False):
        for line in self._lines(text, size, bold):
            self._room(size * _LINE)
            self._write(line, _LEFT_PT, size, bold, "#555555" if gray else "black")
            self._y -= size * _LINE
        self._y -= size * 0.35

    def table(self, section: Section):
        size = 7.5
        while size > 4.5 and sum(self._columns(section, size)) > _WIDTH_PT:
            size -= 0.25
        step = size * 1.5
        self._room(min(60 + step * (len(section.rows) + 1), 300))
        self.heading(section.title)
        widths = self._columns(section, size)
        self._row(section.columns, widths, size, step, bold=True)
        for row in section.rows:
            if self._y - step < _BOTTOM_PT:
                self._new_page()
                self._row(section.columns, widths, size, step, bold=True)
            self._row(row, widths, size, step)
        if section.note:
            self._y -= 2
            self.text(section.note, 7.5, gray=True)

    def plots(self, drawn: Iterable):
        """Plots in two columns, each with its caption."""
        drawn, column_pt = list(drawn), _WIDTH_PT / 2 - 8
        for start in range(0, len(drawn), 2):
            pair = drawn[start : start + 2]
            heights = [column_pt * figure.get_size_inches()[1] / figure.get_size_inches()[0] for _, figure in pair]
            captions = [self._lines(caption, 7.5, False, column_pt) for caption, _ in pair]
            below = max(map(len, captions)) * 10 + 10
            self._room(max(heights) + below)
            top = self._y
            for place, ((_, figure), height, lines) in enumerate(zip(pair, heights, captions, strict=True)):
                left = _LEFT_PT + place * (column_pt + 16)
                self._picture(figure, left, top - height, column_pt, height)
                for number, line in enumerate(lines):
                    self._y = top - max(heights) - 4 - 10 * number
                    self._write(line, left, 7.5, False, "#555555")
            self._y = top - max(heights) - below

    def document(self, title: str) -> bytes:
        from matplotlib.backends.backend_pdf import PdfPages

        buffer = io.BytesIO()
        with PdfPages(buffer, metadata={"Title": title, "Creator": "Synthetic Imaging", "CreationDate": None}) as file:
            for number, ink in enumerate(self._inks, 1):
                self._ink = ink
                self._y = 36.0
                text = f"{number} / {len(self._inks)}"
                self._write(text, _LEFT_PT + (_WIDTH_PT - self._width(text, 8, False)) / 2, 8, False, "black")
                file.savefig(_page_of(ink))
        return buffer.getvalue()

    def _new_page(self):
        self._ink = _Ink()
        self._inks.append(self._ink)
        self._y = _PAGE_INCH[1] * 72 - _TOP_PT

    def _room(self, height_pt: float):
        if self._y - height_pt < _BOTTOM_PT:
            self._new_page()

    def _write(self, text: str, x_pt: float, size: float, bold: bool, color: str, align: str = "left"):
        if align == "right":
            x_pt -= self._width(text, size, bold)
        self._ink.texts.append((text, x_pt, self._y - _ASCENT * size, size, bold, color))

    def _row(self, cells, widths, size: float, step: float, bold: bool = False):
        x = _LEFT_PT
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            self._write(cell, x if number == 0 else x + width - 6, size, bold, "black", "right" if number else "left")
            x += width
        self._y -= step
        color, width_pt = ("#888888", 0.7) if bold else ("#dddddd", 0.4)
        self._ink.lines.append((_LEFT_PT, x, self._y + step * 0.2, width_pt, color))

    def _picture(self, figure, x_pt: float, y_pt: float, width_pt: float, height_pt: float):
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        figure.set_dpi(_DOTS_PER_INCH)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        self._ink.pictures.append((np.array(canvas.buffer_rgba())[::-1], x_pt, y_pt, width_pt, height_pt))

    def _columns(self, section: Section, size: float) -> list[float]:
        cells = [section.columns, *section.rows]
        return [
            max(self._width(row[n], size, row is section.columns) for row in cells) + 12
            for n in range(len(section.columns))
        ]

    def _lines(self, text: str, size: float, bold: bool, width_pt: float = _WIDTH_PT) -> list[str]:
        lines, line = [], ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and self._width(longer, size, bold) > width_pt:
                lines.append(line)
                line = word
            else:
                line = longer
        return [*lines, line]

    def _width(self, text: str, size: float, bold: bool) -> float:
        """Width of a text in points; letters are measured once."""
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import text_to_path

        total = 0.0
        for letter in text:
            key = (letter, bold)
            if key not in self._widths:
                font = FontProperties(size=100, weight="bold" if bold else "normal")
                self._widths[key] = text_to_path.get_text_width_height_descent(letter, font, False)[0] / 100
            total += self._widths[key]
        return total * size


@dataclass
class _Ink:
    """What is on a page, in points from its lower left corner.

    texts: (text, x, y of the base line, size, bold, color). lines: (x from, x to, y, width, color).
    pictures: (pixels from the lowest row up, x, y, width, height).
    """

    texts: list[tuple] = field(default_factory=list)
    lines: list[tuple] = field(default_factory=list)
    pictures: list[tuple] = field(default_factory=list)


def _page_of(ink: _Ink):
    """A figure that draws a page."""
    from matplotlib.artist import Artist

    class Page(Artist):
        def draw(self, renderer):
            _draw(renderer, ink)

    figure = new_figure(_PAGE_INCH)
    figure.set_layout_engine("none")
    figure.add_artist(Page())
    return figure


def _draw(renderer, ink: _Ink):
    """Put ink on a page of matplotlib's PDF renderer, whose units are points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D, IdentityTransform

    context = renderer.new_gc()
    fonts: dict = {}
    for text, x, y, size, bold, color in ink.texts:
        font = fonts.setdefault((size, bold), FontProperties(size=size, weight="bold" if bold else "normal"))
        context.set_foreground(color)
        renderer.draw_text(context, x, y, text, font, 0)
    for start, end, y, width, color in ink.lines:
        context.set_foreground(color)
        context.set_linewidth(width)
        renderer.draw_path(context, Path([(start, y), (end, y)]), IdentityTransform())
    for pixels, x, y, width, height in ink.pictures:
        renderer.draw_image(context, x, y, pixels, Affine2D().scale(width, height))
    context.restore()
