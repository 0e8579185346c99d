"""What a study of given cases would be: numbers for the person who plans it."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.design import PAIRS, RATING, REAL, SYNTHETIC, Design
from synthetic_imaging.reading.making.checks import HOST, CaseFacts, check_cases, is_made


class Outlook:
    """real, synthetic, hosts: images given. isMaking: the synthetic half will be made. cases: images that readers rate.
    shown: how many times a reader answers in one session. problem: why no study can be made yet, or "".
    """

    def __init__(self, cases: Sequence[CaseFacts], design: Design, problem: str = ""):
        self.real, self.synthetic, self.hosts = (
            sum(case.truth == kind for case in cases) for kind in (REAL, SYNTHETIC, HOST)
        )
        self.isMaking = self.real > 0 and is_made(cases)
        taught = design.training_cases // 2
        kinds = [max(0, count - taught) for count in (self.real, self.real if self.isMaking else self.synthetic)]
        self.cases, pairs = sum(kinds), min(kinds)
        ratings = sum(kind + design.repeats_of(kind) for kind in kinds)
        self.shown = ratings * (RATING in design.arms) + (pairs + design.repeats_of(pairs)) * (PAIRS in design.arms)
        self.problem = problem or _problemOf(cases, design)


def _problemOf(cases: Sequence[CaseFacts], design: Design) -> str:
    try:
        check_cases(cases, design)
    except InputError as error:
        return str(error)
    return ""
