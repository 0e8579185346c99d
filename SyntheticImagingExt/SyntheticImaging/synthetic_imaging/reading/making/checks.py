"""Whether a study can be made of images, judged before any is read: shell, console and panel ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import InputError
from ..design import REAL, SYNTHETIC, Design

HOST = "host"
"""A CT that can carry synthetic lesions."""

TRUTHS = (REAL, SYNTHETIC, HOST)


@dataclass(frozen=True)
class CaseFacts:
    """What is known of an image without reading it. truth: one of TRUTHS. lesions, organ: whether they are known."""

    name: str
    truth: str
    lesions: bool
    organ: bool


def check_truth(truth: str, what: str):
    """InputError unless a word is one of TRUTHS. what: the image, as the sentence begins."""
    if truth not in TRUTHS:
        raise InputError(f"{what} has the truth '{truth}'; write {', '.join(TRUTHS[:-1])} or {TRUTHS[-1]}.")


def is_made(cases: Sequence[CaseFacts]) -> bool:
    """Whether the synthetic half will be made: there are real images and no synthetic ones."""
    truths = {case.truth for case in cases}
    return REAL in truths and SYNTHETIC not in truths


def hosts_of(cases: Sequence[CaseFacts]) -> list[CaseFacts]:
    """Images in which lesions can be made: the hosts that were given, or else the real ones with an organ."""
    return [case for case in cases if case.truth == HOST] or [
        case for case in cases if case.truth == REAL and case.organ
    ]


def check_cases(cases: Sequence[CaseFacts], design: Design):
    """InputError with what to add or change, where no study can be made of these."""
    if not any(case.truth == REAL for case in cases):
        raise InputError("There is no real image; a study compares real and synthetic ones. Add real images.")
    if is_made(cases):
        _check_making(cases, design)
    blank = [case.name for case in cases if case.truth != HOST and not case.lesions]
    if blank and design.cue:
        raise InputError(
            f"'{blank[0]}' has no lesion position, which the study is to point at; add one, or do not show where the "
            "lesion is (cue)."
        )


def _check_making(cases: Sequence[CaseFacts], design: Design):
    if design.modality != "ct":
        raise InputError("Only CT lesions are made; add synthetic radiographs.")
    hosts = hosts_of(cases)
    if not hosts:
        raise InputError(
            "There are no synthetic images and no hosts to make them in; add synthetic images, or CTs with an organ "
            "(truth: host, or real with an organ)."
        )
    without = [case.name for case in hosts if not case.organ]
    if without:
        raise InputError(f"The host '{without[0]}' has no organ; add the label volume of the organ.")
    blank = [case.name for case in cases if case.truth == REAL and not case.lesions]
    if blank:
        raise InputError(f"The real image '{blank[0]}' has no lesion position, so no twin can match it; add one.")
    if any(host.lesions for host in hosts) and not design.cue:
        raise InputError(
            "A host shows real lesions itself, so readers must be shown which lesion is meant; switch the cue on, or "
            "use CTs without lesions as hosts."
        )
