"""Paths as they are typed, and those that follow from the folder of a study."""

from __future__ import annotations

from pathlib import Path

from synthetic_imaging.errors import InputError


def pathText(path: str | Path | None) -> str:
    """The text of a path, from the root of the disk; "" for none."""
    text = str(path or "").strip()
    return str(Path(text).expanduser().absolute()) if text else ""


def given(path: str | Path | None, sentence: str) -> str:
    """The text of a path; InputError with the sentence where there is none."""
    text = pathText(path)
    if not text:
        raise InputError(sentence)
    return text


def defaultReportFolder(folder: str | Path) -> Path:
    """Beside the study, named after it."""
    folder = Path(folder).expanduser()
    return folder.with_name(f"{folder.name}-report")
