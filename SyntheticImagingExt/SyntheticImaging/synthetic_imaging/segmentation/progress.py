"""How far a run, a download or a refinement is; nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a run is. fraction: of the stage, 0 to 1. seconds_left: of the stage, None where it is not known yet.

    note: something to tell the user, "" for nothing.
    """

    stage: str
    fraction: float
    seconds_left: float | None = None
    note: str = ""
