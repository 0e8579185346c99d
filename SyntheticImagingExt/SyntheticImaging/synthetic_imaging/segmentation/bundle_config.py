"""A MONAI bundle's configuration as data: references are followed, expressions are never evaluated."""

from __future__ import annotations

import ast
import re
from typing import Any

from ..errors import InputError
from .checks import Given

_REFERENCE = re.compile(r"@([\w.]+(?:(?:#|::)[\w.]+)*)")
_CHOICE = re.compile(r"(?P<yes>.+?) if (?P<asked>@[\w.#:]+) else (?P<no>.+)")
_DEPTH = 30


class Expression:
    """Code that stands in a configuration; it is not run, and a sentence says so where its value is needed."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return f"code, which is never evaluated ({self.text})"


class Config:
    """One configuration file. ``config["inferer#roi_size"]`` is plain data with its references replaced."""

    def __init__(self, data: Any, where: str):
        self.data, self.where = Given(data, where).mapping(), where

    def get(self, path: str) -> Given | None:
        """What stands at a path, None where nothing does."""
        found = self._at(path, 0)
        return None if found is None else Given(found, f"{self.where}: {path}")

    def __getitem__(self, path: str) -> Given:
        found = self.get(path)
        if found is None:
            raise InputError(f"{self.where} has no '{path}', which is needed to run the model.")
        return found

    def _at(self, path: str, depth: int) -> Any:
        if depth > _DEPTH:
            raise InputError(f"{self.where} refers to itself at '{path}'; the file is damaged.")
        value: Any = self.data
        for name in re.split("#|::", path):
            value = self._plain(value, depth + 1, deep=False)
            if isinstance(value, dict):
                value = value.get(name)
            elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
                value = value[int(name)]
            else:
                return None
        return self._plain(value, depth + 1)

    def _plain(self, value: Any, depth: int, deep: bool = True) -> Any:
        if depth > _DEPTH:
            raise InputError(f"{self.where} is nested too deeply, or refers to itself; the file is damaged.")
        if isinstance(value, str):
            return self._text(value, depth)
        if deep and isinstance(value, dict):
            return {key: self._plain(item, depth + 1) for key, item in value.items()}
        if deep and isinstance(value, list):
            return [self._plain(item, depth + 1) for item in value]
        return value

    def _text(self, text: str, depth: int) -> Any:
        if match := _REFERENCE.fullmatch(text.removeprefix("$")):
            return self._at(match[1], depth + 1)
        if not text.startswith("$"):
            return text
        if (match := _CHOICE.fullmatch(text[1:])) and isinstance(asked := self._text(match["asked"], depth), bool):
            return _literal(match["yes"] if asked else match["no"], text)
        return _literal(text[1:], text)


def _literal(text: str, whole: str) -> Any:
    """Numbers, texts, lists and the like as Python writes them; anything else stays an expression."""
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return Expression(whole)
    return list(value) if isinstance(value, tuple) else value
