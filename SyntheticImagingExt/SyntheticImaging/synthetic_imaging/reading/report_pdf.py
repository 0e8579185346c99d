"""The report as a PDF, set by matplotlib on A4 pages."""

from __future__ import annotations

import io
from collections.abc import Iterable

from .analysis import Analysis
from .figures import figures, new_figure
from .layout import Section, sections
from .report_html import warnings_of
from .wording import conclusions, methods

_PAGE_INCH = (8.27, 11.69)
_LEFT_PT, _TOP_PT, _BOTTOM_PT = 54.0, 54.0, 54.0
_WIDTH_PT = _PAGE_INCH[0] * 72 - 2 * _LEFT_PT
_LINE = 1.35
_DOTS_PER_INCH = 150


def pdf(analysis: Analysis) -> bytes:
    """The whole document."""
    pages = _Pages()
    pages.text(analysis.design.title, 16, bold=True)
    pages.text(f"{analysis.design.question} · study {analysis.study_id or 'not stored'}", 9, gray=True)
    for sentence in warnings_of(analysis):
        pages.text(f"Note: {sentence}", 9, bold=True)
    pages.heading("Result")
    for sentence in conclusions(analysis):
        pages.text(f"• {sentence}", 9.5)
    pages.plots(figures(analysis))
    for section in sections(analysis):
        pages.table(section)
    pages.heading("Methods")
    pages.text(methods(analysis), 9.5)
    return pages.document(analysis.design.title)


class _Pages:
    """A column of text, tables and plots that runs over as many pages as it needs."""

    def __init__(self):
        self._figures = []
        self._widths: dict[tuple[str, float, bool], float] = {}
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
            for number, page in enumerate(self._figures, 1):
                page.text(0.5, 28 / (_PAGE_INCH[1] * 72), f"{number} / {len(self._figures)}", fontsize=8, ha="center")
                file.savefig(page)
        return buffer.getvalue()

    def _new_page(self):
        self._page = new_figure(_PAGE_INCH)
        self._page.set_layout_engine("none")
        self._figures.append(self._page)
        self._y = _PAGE_INCH[1] * 72 - _TOP_PT

    def _room(self, height_pt: float):
        if self._y - height_pt < _BOTTOM_PT:
            self._new_page()

    def _write(self, text: str, x_pt: float, size: float, bold: bool, color: str, align: str = "left"):
        x, y = x_pt / (_PAGE_INCH[0] * 72), self._y / (_PAGE_INCH[1] * 72)
        weight = "bold" if bold else "normal"
        self._page.text(x, y, text, fontsize=size, fontweight=weight, color=color, va="top", ha=align, parse_math=False)

    def _row(self, cells, widths, size: float, step: float, bold: bool = False):
        x = _LEFT_PT
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            self._write(cell, x if number == 0 else x + width - 6, size, bold, "black", "right" if number else "left")
            x += width
        self._y -= step
        from matplotlib.lines import Line2D

        y = (self._y + step * 0.2) / (_PAGE_INCH[1] * 72)
        ends = [_LEFT_PT / (_PAGE_INCH[0] * 72), x / (_PAGE_INCH[0] * 72)]
        color = "#888888" if bold else "#dddddd"
        self._page.add_artist(Line2D(ends, [y, y], color=color, linewidth=0.7 if bold else 0.4))

    def _picture(self, figure, x_pt: float, y_pt: float, width_pt: float, height_pt: float):
        import matplotlib.image

        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DOTS_PER_INCH * 1.5)
        buffer.seek(0)
        box = [x_pt / (_PAGE_INCH[0] * 72), y_pt / (_PAGE_INCH[1] * 72)]
        axes = self._page.add_axes([*box, width_pt / (_PAGE_INCH[0] * 72), height_pt / (_PAGE_INCH[1] * 72)])
        axes.imshow(matplotlib.image.imread(buffer), aspect="auto", interpolation="none")
        axes.axis("off")

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
