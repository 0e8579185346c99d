"""Long tasks as plain requests and answers, so that a program can hand them to a process of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from .errors import InputError

Tell = Callable[[str, float], None]
"""Called with a stage and percents."""


def serve(perform: Callable[[dict, Tell], dict], request_path: str, answer_path: str) -> int:
    """Carry out the request of a JSON file; progress goes to the output as JSON lines.

    The answer's file holds {"answer": ...} or, for an input that cannot be used, {"problem": sentence, "kind": name of
    the error's class}.
    """
    started = time.monotonic()

    def tell(stage: str, percent: float):
        seconds = round(time.monotonic() - started, 1)
        print(json.dumps({"stage": stage, "percent": round(percent, 1), "seconds": seconds}), flush=True)

    tell("Starting", 1)
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    answer: dict
    try:
        answer = {"answer": perform(request, tell)}
    except InputError as error:
        answer = {"problem": str(error), "kind": type(error).__name__}
    Path(answer_path).write_text(json.dumps(answer), encoding="utf-8")
    return 0
