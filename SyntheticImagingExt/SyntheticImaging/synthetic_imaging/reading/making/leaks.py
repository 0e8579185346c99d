"""Can the classes of a study be told apart without looking at the lesion? Then readers' answers would prove nothing.

Everything about a case that is not the picture of its lesion is measured: properties that must be equal in all cases,
and numbers, each of which is tested for whether it separates real from synthetic (ranks, permutation of the truth,
family-wise error over all numbers by the largest statistic: Westfall and Young 1993). The reading order is tested
too, and all numbers together by ridge regression with the left-out case predicted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import stats

from ...errors import InputError
from ..design import SYNTHETIC, Design
from ..study import ANSWERS, IMAGES, MANIFEST, SUFFIX, Study
from .leak_traces import file_traces, header_texts, image_traces

ALPHA = 0.005
PERMUTATIONS = 20_000
_TOGETHER_PERMUTATIONS = 2000
_FEW = 8
_SMALL_BLOCK = 4
_ALLOWED = {"code", "sha256", "block", "repeat", "cue_ras"}
_NAME_LENGTH = 4


@dataclass(frozen=True)
class Leak:
    """sentence: what tells the classes apart, and what to do about it."""

    name: str
    sentence: str


@dataclass(frozen=True)
class LeakReport:
    """leaks: reasons not to use the study; notes: what the owner should know; rows: every number that was tested."""

    leaks: tuple[Leak, ...]
    notes: tuple[str, ...] = ()
    rows: tuple[dict, ...] = field(default=())

    @property
    def sentences(self) -> str:
        return " ".join(leak.sentence for leak in self.leaks)


_ADVICE = {
    "lesion": "choose lesions of the same sizes and places, or let the synthetic half be made",
    "order": "make the study again",
    "block": "make the study again",
    "cue": "round all positions alike, and match their places",
    "noise": "take both kinds from the same scanners and kernels, and resample neither or both",
    "interpolation": "resample neither kind or both; give the study a spacing",
    "file": "make the study again, so that all images are written by the same pipeline",
}
_OTHER_ADVICE = "take both kinds from the same scanners, or give the study a box and a spacing"


def check_study(study: Study, key_values: dict) -> LeakReport:
    """Search a study for leaks; needs the opened key. Reads every image once."""
    truth = {code: values["truth"] for code, values in key_values["cases"].items()}
    codes = sorted(case.code for case in study.cases)
    unknown = [code for code in codes if code not in truth]
    if unknown:
        raise InputError(f"The key does not know image '{unknown[0]}'; give the key that was made with this study.")
    fixed, numbers = _measure(study, key_values, codes)
    labels = np.array([truth[code] == SYNTHETIC for code in codes])
    leaks = _folder_leaks(study, key_values) + _manifest_leaks(study) + _unequal(fixed, labels)
    rows, telling = _separating(numbers, labels)
    leaks += [_number_leak(row) for row in telling] + _order_leaks(labels)
    if not telling:
        leaks += _together(numbers, labels)
    return LeakReport(tuple(leaks), tuple(_notes(study.design, key_values, labels)), tuple(rows))


def _measure(study: Study, key_values: dict, codes: Sequence[str]) -> tuple[dict[str, list], dict[str, np.ndarray]]:
    """For each property and each number its values in the order of ``codes``."""
    fixed_rows, number_rows = [], []
    for position, code in enumerate(codes):
        path, case, known = study.image_path(code), study.case(code), key_values["cases"][code]
        centers = [site["center_ras"] for site in known["lesions"]]
        radii = [site["radius_mm"] for site in known["lesions"]]
        fixed, numbers = file_traces(path)
        more_fixed, more_numbers = image_traces(path, centers, radii, study.design.modality)
        numbers |= more_numbers | {"order of the codes": position, "block": case.block, "repeat": float(case.repeat)}
        numbers["lesion radius"] = radii[0] if radii and radii[0] > 0 else np.nan
        numbers["lesion depth"] = np.nan if known.get("depth_mm") is None else known["depth_mm"]
        numbers["lesion count"] = len(radii)
        for axis, value in zip("RAS", centers[0] if centers else [np.nan] * 3, strict=True):
            numbers[f"lesion place {axis}"] = value
        if case.cue_ras is not None:
            numbers["cue decimals"] = float(np.abs(np.array(case.cue_ras) - np.rint(case.cue_ras)).max())
        fixed_rows.append(fixed | more_fixed)
        number_rows.append(numbers)
    names = dict.fromkeys(name for row in number_rows for name in row)
    table = {name: np.array([row.get(name, np.nan) for row in number_rows], float) for name in names}
    return {name: [row[name] for row in fixed_rows] for name in fixed_rows[0]}, table


def _folder_leaks(study: Study, key_values: dict) -> list[Leak]:
    """Files that do not belong there, names of sources in what readers get, and images that occur twice."""
    known = {f"{IMAGES}/{case.code}{SUFFIX}" for case in (*study.cases, *study.training)} | {MANIFEST}
    found = {path.relative_to(study.folder).as_posix() for path in study.folder.rglob("*") if not path.is_dir()}
    leaks = [
        Leak("foreign file", f"The study folder holds '{name}', which readers do not need and might tell; remove it.")
        for name in sorted(found - known)
        if not name.startswith(f"{ANSWERS}/")
    ]
    text = (study.folder / MANIFEST).read_text(encoding="utf-8").lower()
    texts = {MANIFEST: text} | {case.code: header_texts(study.path_of(case.code)).lower() for case in study.cases}
    for name in sorted(_source_names(key_values)):
        where = [place for place, content in texts.items() if name in content]
        if where:
            leaks.append(
                Leak("source name", f"The name '{name}' of a source is readable in {where[0]}; make the study again.")
            )
    digests = [case.sha256 for case in study.cases]
    if len(set(digests)) < len(digests):
        leaks.append(Leak("same image", "Two codes show the very same image, so readers can compare; remove one."))
    return leaks


def _source_names(key_values: dict) -> set[str]:
    """Names of the source files without their endings, as far as they name one: with a digit in them.

    Plain words ("lesion", "liver") may stand in the question.
    """
    names = {Path(values["source"]).name.split(".")[0].lower() for values in key_values["cases"].values()}
    return {name for name in names if len(name) >= _NAME_LENGTH and any(letter.isdigit() for letter in name)}


def _manifest_leaks(study: Study) -> list[Leak]:
    entries = json.loads((study.folder / MANIFEST).read_text(encoding="utf-8"))["cases"]
    extra = sorted({name for entry in entries for name in entry} - _ALLOWED)
    leaks = [Leak("manifest", f"The manifest says '{name}' about cases; remove it.") for name in extra]
    cued = {"cue_ras" in entry for entry in entries}
    if len(cued) > 1:
        leaks.append(Leak("cue", "Some cases have a cue and others do not; give all of them one, or none."))
    if study.design.allow_back and study.design.training_cases:
        leaks.append(Leak("way back", "Readers may go back after feedback; switch the way back or the training off."))
    return leaks


def _unequal(fixed: dict[str, list], labels: np.ndarray) -> list[Leak]:
    """Properties that must be the same in all cases and are not."""
    leaks = []
    for name, values in fixed.items():
        kinds = sorted(set(values))
        if len(kinds) > 1:
            counts = [np.array(values) == kind for kind in kinds[:3]]
            shares = "; ".join(
                f"'{kind}' in {int((hit & ~labels).sum())} real and {int((hit & labels).sum())} synthetic"
                for kind, hit in zip(kinds, counts, strict=False)
            )
            leaks.append(Leak(name, f"The {name} is not the same in all images ({shares}); {_ADVICE['file']}."))
    return leaks


def _separating(numbers: dict[str, np.ndarray], labels: np.ndarray) -> tuple[list[dict], list[dict]]:
    """One row per number (name, AUC, p over the family), and those rows that tell the classes apart."""
    names, ranks = _ranked(numbers)
    if not names:
        return [], []
    observed = np.abs(_correlate(labels[None].astype(float), ranks))[0]
    rng = np.random.default_rng(0)
    largest = np.zeros(PERMUTATIONS)
    for start in range(0, PERMUTATIONS, 5000):
        shuffled = rng.permuted(np.tile(labels.astype(float), (5000, 1)), axis=1)
        largest[start : start + 5000] = np.abs(_correlate(shuffled, ranks)).max(axis=1)
    rows: list[dict] = []
    for name, statistic in zip(names, observed, strict=True):
        p = float(((largest >= statistic - 1e-9).sum() + 1) / (PERMUTATIONS + 1))
        rows.append({"trace": name, "auc": _auc(numbers[name], labels), "p": p, **_medians(numbers[name], labels)})
    return rows, [row for row in rows if row["p"] < ALPHA]


def _ranked(numbers: dict[str, np.ndarray]) -> tuple[list[str], np.ndarray]:
    """Names of the numbers that vary, and their ranks (cases, names), centered, of unit length; missing ones are 0."""
    names, columns = [], []
    for name, values in numbers.items():
        usable = np.isfinite(values)
        ranks = np.zeros(values.size)
        if usable.any():
            ranks[usable] = stats.rankdata(np.round(values[usable], 9))
            ranks[usable] -= ranks[usable].mean()
        if np.linalg.norm(ranks) > 1e-9:
            names.append(name)
            columns.append(ranks / np.linalg.norm(ranks))
    return names, np.stack(columns, axis=1) if columns else np.zeros((0, 0))


def _correlate(labels: np.ndarray, columns: np.ndarray) -> np.ndarray:
    centered = labels - labels.mean(axis=1, keepdims=True)
    return (centered / np.linalg.norm(centered, axis=1, keepdims=True)) @ columns


def _auc(values: np.ndarray, labels: np.ndarray) -> float:
    usable = np.isfinite(values)
    real, fake = values[usable & ~labels], values[usable & labels]
    if not (real.size and fake.size):
        return float("nan")
    return float(stats.mannwhitneyu(fake, real, method="asymptotic").statistic / (real.size * fake.size))


def _medians(values: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    return {
        name: float(np.nanmedian(values[group])) if np.isfinite(values[group]).any() else float("nan")
        for name, group in (("real", ~labels), ("synthetic", labels))
    }


def _number_leak(row: dict) -> Leak:
    advice = next((text for word, text in _ADVICE.items() if word in row["trace"]), _OTHER_ADVICE)
    return Leak(
        row["trace"],
        f"'{row['trace']}' tells real from synthetic (AUC {max(row['auc'], 1 - row['auc']):.2f}; medians "
        f"{row['real']:.4g} and {row['synthetic']:.4g}): {advice}.",
    )


def _order_leaks(labels: np.ndarray) -> list[Leak]:
    """Whether kinds follow each other in the order of the codes too regularly or in too long rows."""
    rng = np.random.default_rng(1)
    shuffled = rng.permuted(np.tile(labels, (PERMUTATIONS, 1)), axis=1)
    runs, expected = int((labels[1:] != labels[:-1]).sum()), (shuffled[:, 1:] != shuffled[:, :-1]).sum(axis=1)
    distance = np.abs(expected - expected.mean())
    p = ((distance >= abs(runs - expected.mean()) - 1e-9).sum() + 1) / (PERMUTATIONS + 1)
    if p >= ALPHA:
        return []
    return [Leak("order", f"Real and synthetic images alternate regularly in the listing; {_ADVICE['order']}.")]


def _together(numbers: dict[str, np.ndarray], labels: np.ndarray) -> list[Leak]:
    """All numbers at once: ridge regression of the truth, each case predicted from the others."""
    names, columns = _ranked(numbers)
    if len(names) < 2:
        return []
    columns = columns * np.sqrt(len(labels))
    gram = columns @ columns.T
    hat = gram @ np.linalg.inv(gram + len(names) * np.eye(len(labels)))
    signs = np.where(labels, 1.0, -1.0)
    rng = np.random.default_rng(2)
    trials = np.concatenate([signs[None], rng.permuted(np.tile(signs, (_TOGETHER_PERMUTATIONS, 1)), axis=1)])
    residual = trials - trials.mean(axis=1, keepdims=True)
    left_out = (residual @ hat - residual * np.diag(hat)) / (1 - np.diag(hat))
    scores = (left_out * residual).sum(axis=1) / np.linalg.norm(left_out, axis=1)
    p = float((scores[1:] >= scores[0] - 1e-12).sum() + 1) / (_TOGETHER_PERMUTATIONS + 1)
    if p >= ALPHA:
        return []
    strongest = np.argsort(-np.abs(_correlate(labels[None].astype(float), columns)[0]))[:3]
    named = ", ".join(f"'{names[index]}'" for index in strongest)
    return [Leak("together", f"Several traces together tell real from synthetic ({named}): {_OTHER_ADVICE}.")]


def _notes(design: Design, key_values: dict, labels: np.ndarray) -> list[str]:
    notes = []
    if design.block_size < _SMALL_BLOCK:
        notes.append(
            f"Blocks of {design.block_size} cases hold as many real as synthetic ones, so a reader who counts knows "
            "the last of each; ten or so make that hard."
        )
    fewer = int(min(labels.sum(), (~labels).sum()))
    if fewer < _FEW:
        notes.append(
            f"With {fewer} cases of a kind only leaks that differ in every file can be found; eight or more are needed "
            "to test numbers."
        )
    kinds: dict[str, set[str]] = {}
    for values in key_values["cases"].values():
        kinds.setdefault(values["source"], set()).add(values["truth"])
    shared = sum(len(truths) > 1 for truths in kinds.values())
    if shared:
        notes.append(
            f"{shared} source CTs show both real and synthetic lesions; readers who recognize a patient may compare. "
            "Small boxes, or hosts without lesions, avoid that."
        )
    return notes
