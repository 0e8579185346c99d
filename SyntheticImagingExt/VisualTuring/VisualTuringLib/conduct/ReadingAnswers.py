"""Which answers can be given to the case on the screen, and the key of each."""

from __future__ import annotations

from typing import NamedTuple

from slicer.i18n import tr as _

from synthetic_imaging.reading.design import CONFIDENCES, LEFT, PAIRS, RATINGS, RIGHT, UNSURE

from .ReadingLogic import ReadingLogic, State

KEYS = ("1", "2", "3", "4", "5", "6", "U")
"""Every key that can mean an answer."""


class Answer(NamedTuple):
    """value: as it is saved. text: what the reader sees of it."""

    key: str
    value: int | str
    text: str


def answers(reading: ReadingLogic) -> list[Answer]:
    """Those that can be given now, in the order of their keys."""
    if reading.state is State.sure:
        return [Answer(str(number), number, _(text)) for number, text in CONFIDENCES.items()]
    if reading.state is not State.reading:
        return []
    if reading.trial.arm == PAIRS:
        return [Answer("1", LEFT, _("left is synthetic")), Answer("2", RIGHT, _("right is synthetic"))]
    unsure = [Answer("U", UNSURE, _("unsure"))] if reading.design.allow_unsure else []
    return [Answer(str(number), number, _(text)) for number, text in RATINGS.items()] + unsure


def answerOf(reading: ReadingLogic, key: str) -> Answer | None:
    """What a key means now, None where it means nothing."""
    return next((answer for answer in answers(reading) if answer.key == key), None)
