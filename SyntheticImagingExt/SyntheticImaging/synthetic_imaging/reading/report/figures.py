"""Plots of a report, as matplotlib figures. matplotlib (BSD-style license, wheels for every platform) draws both the
page and the PDF, so there is one drawing of each plot; it is imported when a report is made."""

from __future__ import annotations

import io

import numpy as np

from ...errors import InputError
from ..design import RATINGS, REAL, SYNTHETIC
from ..statistics.analysis import Analysis

REAL_COLOR, SYNTHETIC_COLOR, LINE_COLOR = "#2c7fb8", "#d95f0e", "#444444"
_SIZE_INCH = (4.4, 3.6)

Figures = list[tuple[str, object]]
"""(caption, matplotlib Figure) of each plot."""


def figures(analysis: Analysis) -> Figures:
    """The plots there are data for."""
    drawn = []
    if analysis.rows("roc"):
        drawn.append(("Receiver operating characteristic of each reader; the diagonal is chance.", _roc(analysis)))
        drawn.append(
            (
                "AUC with 95 % intervals: of each reader DeLong's, of all readers the bootstrap's; shaded: the margin.",
                _forest(analysis),
            )
        )
        drawn.append(("How often each answer was given, by truth.", _histogram(analysis)))
    if analysis.rows("time"):
        drawn.append(("Seconds per case by truth (log scale).", _times(analysis)))
    return drawn


def svg_of(figure) -> str:
    """A figure as an SVG element, without the XML prologue, the same for the same data."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "study", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def new_figure(size_inch=_SIZE_INCH):
    """A figure that belongs to no window."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError("Reports need the package matplotlib; install it and make the report again.") from error
    return Figure(size_inch, layout="constrained")


def _axes(figure):
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    return axes


def _roc(analysis: Analysis):
    figure = new_figure()
    axes = _axes(figure)
    axes.plot([0, 1], [0, 1], color=LINE_COLOR, linewidth=0.8, linestyle=":")
    names = list(dict.fromkeys(row["reader"] for row in analysis.rows("roc")))
    for name in names:
        points = np.array([(r["false_alarms"], r["hits"]) for r in analysis.rows("roc") if r["reader"] == name])
        axes.plot(*points.T, marker="o", markersize=3, linewidth=1.2, alpha=0.8, label=name)
    axes.set(xlabel="real called synthetic", ylabel="synthetic called synthetic", aspect="equal")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    if len(names) <= 8:
        axes.legend(fontsize=7, frameon=False, loc="lower right")
    return figure


def _forest(analysis: Analysis):
    rows = [*analysis.rows("readers"), *[{"reader": "all readers", **row} for row in analysis.rows("pooled")]]
    rows = [row for row in rows if np.isfinite(row.get("auc", np.nan))]
    figure = new_figure((_SIZE_INCH[0], max(1.6, 0.8 + 0.28 * len(rows))))
    axes = _axes(figure)
    margin = analysis.design.margin
    axes.axvspan(0.5 - margin, 0.5 + margin, color="#000000", alpha=0.06, linewidth=0)
    axes.axvline(0.5, color=LINE_COLOR, linewidth=0.8, linestyle=":")
    for place, row in enumerate(reversed(rows)):
        pooled = row["reader"] == "all readers"
        axes.plot([row["auc_low"], row["auc_high"]], [place, place], color=LINE_COLOR, linewidth=1.4)
        axes.plot(row["auc"], place, marker="D" if pooled else "o", color=LINE_COLOR, markersize=6 if pooled else 4)
    axes.set_yticks(range(len(rows)), [row["reader"] for row in reversed(rows)])
    axes.set(xlabel="AUC (below one half: labels swapped)", xlim=(0, 1), ylim=(-0.6, len(rows) - 0.4))
    return figure


def _histogram(analysis: Analysis):
    rows = analysis.rows("answers")
    figure = new_figure()
    axes = _axes(figure)
    places = np.arange(len(rows))
    for offset, truth, color in ((-0.2, REAL, REAL_COLOR), (0.2, SYNTHETIC, SYNTHETIC_COLOR)):
        total = max(1, sum(row[truth] for row in rows))
        axes.bar(places + offset, [100 * row[truth] / total for row in rows], 0.38, color=color, label=truth)
    labels = [row["answer"].replace(" ", "\n") for row in rows]
    axes.set_xticks(places, labels, fontsize=7)
    axes.set_ylabel("answers, % of each truth", fontsize=9)
    figure.legend(fontsize=8, frameon=False, loc="outside upper center", ncols=2)
    if len(rows) == len(RATINGS):
        axes.axvline(2.5, color=LINE_COLOR, linewidth=0.6, linestyle=":")
    return figure


def _times(analysis: Analysis):
    reads = [
        read for read in analysis.reads if read.seconds > 0 and read.truth in (REAL, SYNTHETIC) and not read.repeat
    ]
    groups = [[read.seconds for read in reads if read.truth == truth] for truth in (REAL, SYNTHETIC)]
    figure = new_figure((_SIZE_INCH[0], 2.0))
    axes = _axes(figure)
    boxes = axes.boxplot(groups, orientation="horizontal", widths=0.6, patch_artist=True, showfliers=False)
    for box, color in zip(boxes["boxes"], (REAL_COLOR, SYNTHETIC_COLOR), strict=True):
        box.set(facecolor=color, alpha=0.6)
    for line in boxes["medians"]:
        line.set_color("black")
    axes.set_yticks([1, 2], [REAL, SYNTHETIC])
    axes.set(xscale="log", xlabel="seconds per case")
    low, high = axes.get_xlim()
    ticks = [step * 10.0**power for power in range(-2, 5) for step in (1, 2, 5) if low <= step * 10.0**power <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    return figure
