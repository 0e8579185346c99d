"""How far long work is, for people and for programs."""

from __future__ import annotations

import json
import warnings
from collections.abc import Generator
from typing import Any

from .options import Console


def add_progress(parser):
    parser.add_argument(
        "--progress", action="store_true", help="print how far the work is, one JSON object a line, instead of words"
    )


def followed(steps: Generator[Any, None, Any], options, console: Console) -> Any:
    """What work of ``Progress`` steps returns; stages are told as they begin, notes as warnings."""
    stage = told = None
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        if step.note:
            warnings.warn(step.note, stacklevel=2)
        if options.progress:
            record = {"stage": step.stage, "percent": round(100 * step.fraction, 1)}
            if step.seconds_left is not None:
                record["seconds_left"] = round(step.seconds_left)
            if record != told:
                print(json.dumps(record), flush=True)
                told = record
        elif step.stage != stage:
            console.stage(step.stage)
        stage = step.stage
