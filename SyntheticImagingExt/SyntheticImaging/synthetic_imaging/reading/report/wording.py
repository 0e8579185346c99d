"""The report in sentences: what was found, and how it was done."""

from __future__ import annotations

import math

from ... import __version__
from ..design import PAIRS, RATING
from ..statistics.analysis import REPETITIONS, Analysis
from ..statistics.ratings import EQUIVALENT, OPEN, SIGNIFICANT, SWAPS, TELLS

_VERDICTS = {
    TELLS: "could tell real from synthetic",
    SWAPS: "could tell real from synthetic, but called each by the other's name (below chance is discrimination)",
    EQUIVALENT: "could not tell them apart, within the margin that was set in advance",
    OPEN: "neither showed a difference nor proved its absence; more cases are needed for either claim",
}


_SOFTWARE = f"Software: Synthetic Imaging {__version__}."


def conclusions(analysis: Analysis) -> list[str]:
    """What the study shows, in a few sentences; a lack of significance is never taken for equivalence."""
    sentences = []
    rows = analysis.rows("readers")
    for verdict, text in _VERDICTS.items():
        names = [row["reader"] for row in rows if row["verdict"] == verdict]
        if names:
            sentences.append(f"{_count(len(names), 'reader')} ({', '.join(names)}) {text}.")
    for row in analysis.rows("pooled"):
        if row["readers"] > 1 and "auc" in row:
            sentences.append(_pooled_sentence(row, analysis.design.margin))
    for row in analysis.rows("pairs")[-1:]:
        sentences.append(
            "No pair was answered, so pairs say nothing."
            if row["open"] == row["pairs"]
            else f"Side by side, the synthetic image was found in {row['correct']} of "
            f"{row['pairs'] - row['open']} pairs ({percent(row['share'])}, "
            f"{percent(row['wilson_low'])} to {percent(row['wilson_high'])}, "
            f"{p_text(row['p_chance'])} against chance)."
        )
    open_share = sum(row["real_open"] + row["synthetic_open"] for row in rows)
    if open_share:
        sentences.append(
            f"{_count(open_share, 'answer')} left open {'was' if open_share == 1 else 'were'} kept: the accuracy is "
            "given for definite answers, with bounds that count all open ones as wrong and as right."
        )
    return sentences


def methods(analysis: Analysis) -> str:
    """A methods paragraph for a paper."""
    design, facts = analysis.design, analysis.facts
    if not analysis.reads:
        return f"Published counts were evaluated again. {_statistics(design.margin)} {_SOFTWARE}"
    readers = {read.reader for read in analysis.reads}
    cases = {read.case for read in analysis.reads if read.arm == RATING}
    text = [f"{_count(len(readers), 'reader')} took part"]
    if cases:
        mix = f" ({facts['real']} real, {facts['synthetic']} synthetic)" if "real" in facts else ""
        text[0] += f" and rated {len(cases)} cases{mix} on a six-point scale from certainly real to certainly synthetic"
    parts = [text[0] + "."]
    if facts.get("made"):
        parts.append(
            f"{facts['made']} synthetic cases were made by the software in CTs of the same scanners, each matched to a "
            "real case in size and, where the organ was outlined, in place."
        )
    if PAIRS in design.arms:
        parts.append(
            "In a two-alternative forced choice a real and a synthetic case of the same scanner and about the same "
            "lesion size stood side by side; readers chose the synthetic one and gave a confidence from 1 to 5."
        )
    if analysis.study_id:
        parts.append(
            "All images went through one pipeline (same voxel type, value range, grid policy and file format, no "
            "metadata, random codes, equal file times), and the study was searched automatically for features other "
            f"than the lesion that separate the classes. {_leaks(facts)}"
        )
        parts += _procedure(analysis)
    parts.append(_statistics(design.margin))
    if len(readers) > 1:
        parts.append(
            "Intervals over readers come from a bootstrap that resamples readers and cases together (percentiles of "
            f"{REPETITIONS} draws; its standard deviation serves the equivalence test); agreement is given "
            "as Cohen's and Fleiss' kappa, Krippendorff's alpha (ordinal), Kendall's W "
            "and the intraclass correlation ICC(2,1)."
        )
    if analysis.rows("time"):
        parts.append("Reading times were compared on the logarithmic scale (Welch's test).")
    parts.append(_SOFTWARE)
    return " ".join(parts)


def _leaks(facts: dict) -> str:
    leaks = facts.get("leaks", [])
    if not leaks:
        return "None was found."
    found = "One was found and accepted" if len(leaks) == 1 else f"{len(leaks)} were found and accepted"
    return f"{found}, so readers may have told the classes apart by these: {' '.join(leaks)}"


def percent(value: float) -> str:
    return "-" if not math.isfinite(value) else f"{100 * value:.1f} %"


def p_text(p: float) -> str:
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)


def _statistics(margin: float) -> str:
    return (
        "Accuracies have Wilson and exact (Clopper-Pearson) 95 % intervals and two-sided exact binomial tests against "
        "one half; Fisher's exact test relates answer to truth. d' and criterion use the log-linear correction. Areas "
        "under the ROC curve (AUC) have DeLong intervals (exact ones where DeLong's variance is 0); the folded AUC, "
        "max(A, 1 - A), counts discrimination in either direction and is compared with its "
        f"value under permuted truth. Equivalence to chance was tested with two one-sided tests at a margin of "
        f"±{margin:g}. Open answers scored between the real and the synthetic side of the scale; equivalence had "
        "to hold also with all of them wrong and with all of them right."
    )


def _pooled_sentence(row: dict, margin: float) -> str:
    found = row["p_discrimination"] < SIGNIFICANT
    equivalent = row["p_equivalence_auc"] < SIGNIFICANT
    text = (
        f"Over all {row['readers']} readers the mean AUC was {row['auc']:.3f} ({row['auc_low']:.3f} to "
        f"{row['auc_high']:.3f}) and the mean folded AUC {row['folded_auc']:.3f} (by chance "
        f"{row['folded_auc_at_chance']:.3f}; {p_text(row['p_discrimination'])})"
    )
    if found and equivalent:
        return f"{text}: there is a difference that readers see, smaller on average than the margin of ±{margin:g}."
    if found:
        return f"{text}: as a group the readers could tell real from synthetic, whatever they called it."
    if equivalent:
        return f"{text}: as a group they could not, within ±{margin:g} ({p_text(row['p_equivalence_auc'])})."
    return f"{text}: neither a difference nor its absence is proven."


def _procedure(analysis: Analysis) -> list[str]:
    design = analysis.design
    parts = [
        f"Each reader read in a random order of their own, in blocks of about {design.block_size} cases with equal "
        "numbers of both kinds"
    ]
    if design.training_cases:
        parts[0] += f", after {design.training_cases} training cases with feedback that are not part of the results"
    if design.repeat_share:
        parts[0] += f"; {100 * design.repeat_share:g} % of the cases were shown twice"
    if design.sessions > 1:
        parts[0] += f"; {design.sessions} sessions were at least {design.washout_days:g} days apart"
    details = ["the lesion in question was pointed at" if design.cue else "lesions were not pointed at"]
    details.append(f"at most {design.time_limit_s:g} s per case" if design.time_limit_s else "no time limit")
    details.append("earlier answers could be changed" if design.allow_back else "no way back")
    return [parts[0] + ".", f"Conditions: {'; '.join(details)}."]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
