"""Reading JSON that people and programs wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import InputError


def read_json(path: Path) -> Any:
    """The content of a JSON file; InputError where it is none, or names something twice."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_named_once)
    except UnicodeDecodeError:
        reason = "it is not a text"
    except RecursionError:
        reason = "it is nested too deeply"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    raise InputError(f"'{path.name}' cannot be read as JSON ({reason}); save or export it again.")


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"'{next(name for name in names if names.count(name) > 1)}' is there twice")
    return content
