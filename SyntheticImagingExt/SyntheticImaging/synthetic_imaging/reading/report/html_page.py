"""The report as one HTML file: no script, no style sheet, no image outside of it."""

from __future__ import annotations

from html import escape

from ..statistics.analysis import Analysis
from ..study import NOTICE
from .figures import Figures, figures, svg_of
from .layout import Section, sections
from .wording import conclusions, methods

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.lead { color: #555; margin-top: 0; } .warning { background: #fff4d6; border-left: 4px solid #d9a400; padding: .4rem .8rem; }
.tables { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #ddd; white-space: nowrap; }
th { border-bottom: 2px solid #888; font-weight: 600; } th:first-child, td:first-child { text-align: left; }
.note { color: #555; font-size: .85rem; } .plots { display: flex; flex-wrap: wrap; gap: 1.5rem; }
figure { margin: 0; max-width: 28rem; } figure svg { width: 100%; height: auto; } figcaption { font-size: .85rem; color: #555; }
@media print { body { margin: 0; } h2 { break-after: avoid; } table, figure { break-inside: avoid; } }
"""  # noqa: E501


def html(analysis: Analysis, drawn: Figures | None = None) -> str:
    """The whole page. drawn: the plots, where they were made already."""
    title = escape(analysis.design.title)
    plots = "".join(
        f"<figure>{svg_of(figure)}<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, figure in (figures(analysis) if drawn is None else drawn)
    )
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="lead">{escape(analysis.design.question)} · study {escape(analysis.study_id or "not stored")}</p>',
        *(f'<p class="warning">{escape(text)}</p>' for text in warnings_of(analysis)),
        "<h2>Result</h2><ul>",
        *(f"<li>{escape(sentence)}</li>" for sentence in conclusions(analysis)),
        "</ul>",
        f'<div class="plots">{plots}</div>',
        *map(_table, sections(analysis)),
        f"<h2>Methods</h2><p>{escape(methods(analysis))}</p>",
        f'<p class="note">{escape(NOTICE)}</p>',
    ]
    head = f'<head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>'
    return f'<!DOCTYPE html>\n<html lang="en">{head}<body>{"".join(parts)}</body></html>\n'


def warnings_of(analysis: Analysis) -> list[str]:
    """What a reader of the report must know before the result."""
    leaks = [f"The study was made although it leaks: {sentence}" for sentence in analysis.facts.get("leaks", [])]
    return [*leaks, *analysis.warnings]


def _table(section: Section) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in section.columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in section.rows)
    note = f'<p class="note">{escape(section.note)}</p>' if section.note else ""
    return (
        f'<h2>{escape(section.title)}</h2><div class="tables"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{note}"
    )
