"""The report as a PDF on A4 pages, set by reportlab (BSD license, no compiled part) in matplotlib's DejaVu Sans."""

from __future__ import annotations

import io
from html import escape
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..statistics.analysis import Analysis
from ..study import NOTICE
from .figures import Figures, figures
from .html_page import warnings_of
from .layout import Section, sections
from .wording import conclusions, methods

_MARGIN_PT, _FOOT_PT = 54.0, 30.0
_SIZES_PT = (7.5, 7.0, 6.5, 6.0)
"""Letters of a table, the first that fits the page; its headings and texts go on in a second line before that."""

_PAD_PT, _ROOM_PT = 3.0, 110.0
_FRAME_PT = 6.0  # which reportlab leaves free around the text of a page
_DOTS_PER_INCH = 225
_PLAIN, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_GRAY, _RULE, _LINE = "#555555", "#888888", "#dddddd"


def pdf(analysis: Analysis, drawn: Figures | None = None) -> bytes:
    """The whole document, the same for the same data. drawn: the plots, where they were made already."""
    _require()
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import Paragraph

    _register_fonts()
    styles, width_pt = _styles(), A4[0] - 2 * _MARGIN_PT
    lead = f"{analysis.design.question} · study {analysis.study_id or 'not stored'}"
    story = [Paragraph(escape(analysis.design.title), styles["title"]), Paragraph(escape(lead), styles["lead"])]
    story += [Paragraph(f"Note: {escape(sentence)}", styles["warning"]) for sentence in warnings_of(analysis)]
    story.append(Paragraph("Result", styles["heading"]))
    story += [Paragraph(escape(sentence), styles["item"], bulletText="•") for sentence in conclusions(analysis)]
    story += _plots(figures(analysis) if drawn is None else drawn, width_pt, styles)
    for section in sections(analysis):
        story += _section(section, width_pt, styles)
    story += [Paragraph("Methods", styles["heading"]), Paragraph(escape(methods(analysis)), styles["text"])]
    return _document(story, analysis.design.title)


def _document(story: list, title: str) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import SimpleDocTemplate

    class Pages(Canvas):
        """Waits with the pages, for each says how many there are."""

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs | {"initialFontName": _PLAIN})
            self._waiting: list[dict] = []

        def showPage(self):
            self._waiting.append(dict(self.__dict__))
            self._startPage()

        def save(self):
            for number, page in enumerate(self._waiting, 1):
                self.__dict__.update(page)
                self.setFont(_PLAIN, 7)
                self.setFillColor(_GRAY)
                self.drawString(_MARGIN_PT, _FOOT_PT, NOTICE)
                self.drawRightString(A4[0] - _MARGIN_PT, _FOOT_PT, f"{number} / {len(self._waiting)}")
                super().showPage()
            super().save()

    class Document(SimpleDocTemplate):
        """Headings are the document's outline."""

        def afterFlowable(self, flowable):
            if getattr(getattr(flowable, "style", None), "name", "") == "heading":
                name = f"heading {self.seq.nextf('heading')}"
                self.canv.bookmarkPage(name)
                self.canv.addOutlineEntry(flowable.getPlainText(), name)

    buffer, side_pt = io.BytesIO(), _MARGIN_PT - _FRAME_PT
    document = Document(
        buffer, pagesize=A4, leftMargin=side_pt, rightMargin=side_pt, topMargin=side_pt, bottomMargin=side_pt,
        title=title, subject=NOTICE, creator="Synthetic Imaging", lang="en", initialFontName=_PLAIN, invariant=1,
    )  # fmt: skip
    document.build(story, canvasmaker=Pages)
    return buffer.getvalue()


def _plots(drawn: Figures, width_pt: float, styles: dict) -> list:
    """Plots in two columns, each with its caption; a row of them stays on one page."""
    from reportlab.platypus import Image, Paragraph, Table

    column_pt = (width_pt - 4 * _PAD_PT) / 2

    def cell(caption: str, figure: Any) -> list:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
        wide, high = figure.get_size_inches()
        return [Image(buffer, column_pt, column_pt * high / wide), Paragraph(escape(caption), styles["note"])]

    cells = [cell(*plot) for plot in drawn]
    rows = [cells[start : start + 2] for start in range(0, len(cells), 2)]
    look = [
        ("FONTNAME", (0, 0), (-1, -1), _PLAIN),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
    ]
    return [Table([row + [""] * (2 - len(row))], [width_pt / 2] * 2, style=look, spaceBefore=6) for row in rows]


def _section(section: Section, width_pt: float, styles: dict) -> list:
    from reportlab.platypus import CondPageBreak, Paragraph

    note = [Paragraph(escape(section.note), styles["note"])] if section.note else []
    heading = Paragraph(escape(section.title), styles["heading"])
    return [CondPageBreak(_ROOM_PT), heading, table(section, width_pt), *note]


def table(section: Section, width_pt: float) -> Any:
    """A table that goes on over pages, with its column names on each, and is no wider than the page."""
    from reportlab.lib.enums import TA_LEFT, TA_RIGHT
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, Table

    size_pt, widths = _fitting(section, width_pt)

    def cell(text: str, column: int, font: str) -> Any:
        align = TA_RIGHT if column else TA_LEFT
        style = ParagraphStyle("cell", fontName=font, fontSize=size_pt, leading=1.25 * size_pt, alignment=align)
        return Paragraph(escape(text), style)

    rows = [[cell(_kept(text), column, _BOLD) for column, text in enumerate(section.columns)]]
    rows += [[cell(text, column, _PLAIN) for column, text in enumerate(row)] for row in section.rows]
    look = [
        ("FONTNAME", (0, 0), (-1, -1), _PLAIN),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("VALIGN", (0, 1), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), _PAD_PT),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PAD_PT),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ("LINEBELOW", (0, 0), (-1, 0), 0.7, _RULE),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, _LINE),
    ]
    return Table(rows, widths, repeatRows=1, hAlign="LEFT", style=look)


def _fitting(section: Section, width_pt: float) -> tuple[float, list[float]]:
    """Size of the letters and width of each column. Columns are as wide as their numbers and the longest word of their
    heading; where even the smallest letters are too wide, all give way alike."""
    for size_pt in _SIZES_PT:
        widths = [_column_pt(section, column, size_pt) for column in range(len(section.columns))]
        if sum(widths) <= width_pt:
            return size_pt, widths
    return size_pt, [width * width_pt / sum(widths) for width in widths]


def _column_pt(section: Section, column: int, size_pt: float) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    words = max(stringWidth(word, _BOLD, size_pt) for word in _kept(section.columns[column]).split(" "))
    cells = max((stringWidth(row[column], _PLAIN, size_pt) for row in section.rows), default=0.0)
    return max(words, cells) + 2 * _PAD_PT + 0.5


def _kept(heading: str) -> str:
    """A column's name that may go on in a second line, but not between a number and its sign."""
    return heading.replace(" %", "\u00a0%").replace(" ½", "\u00a0½")


def _styles() -> dict:
    from reportlab.lib.styles import ParagraphStyle

    def style(name: str, size_pt: float, font: str = _PLAIN, **more: Any) -> Any:
        look = {"fontName": font, "fontSize": size_pt, "leading": 1.35 * size_pt, "spaceAfter": 0.35 * size_pt}
        return ParagraphStyle(name, **look | more)

    looks = (
        style("title", 16, _BOLD),
        style("lead", 9, textColor=_GRAY),
        style("warning", 9, _BOLD, backColor="#fff4d6", borderPadding=3, spaceBefore=4, spaceAfter=6),
        style("heading", 12, _BOLD, spaceBefore=12, keepWithNext=1),
        style("item", 9.5, leftIndent=10, bulletFontName=_PLAIN, bulletFontSize=9.5),
        style("text", 9.5),
        style("note", 7.5, textColor=_GRAY, spaceBefore=3),
    )
    return {look.name: look for look in looks}


def _register_fonts():
    """The letters that the plots have too, embedded as far as they are used."""
    import matplotlib
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name in (_PLAIN, _BOLD):
        registerFont(TTFont(name, str(folder / f"{name}.ttf")))


def _require():
    try:
        import reportlab  # noqa: F401 (whether it is there)
    except ImportError as error:
        raise InputError("Reports need the package reportlab; install it and make the report again.") from error
