"""What a new DICOM object takes over from the header of its source image: only what the standard allows."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import pydicom
from pydicom import config, datadict, valuerep
from pydicom.uid import UID, generate_uid

from ..metadata import DICOM_PREFIX

_TEXT_LENGTH = {"SH": 16, "LO": 64, "ST": 1024, "LT": 10240, "PN": 64}
_DATE = re.compile(r"(\d{4})[-./]?(\d\d)[-./]?(\d\d)")
_TIME = re.compile(r"(\d\d):?(\d\d)?(?::?(\d\d(?:\.\d{1,6})?))?")
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_CODES = {
    "PatientSex": {"M": "M", "F": "F", "O": "O", "MALE": "M", "FEMALE": "F", "OTHER": "O"},
    "PatientPosition": {place: place for place in ("HFS", "HFP", "HFDR", "HFDL", "FFS", "FFP", "FFDR", "FFDL")},
}
_CODE_LENGTH = 16
_TOLD_LENGTH = 40


def copy_header(dataset: pydicom.Dataset, metadata: Mapping[str, str], keywords: Iterable[str]) -> None:
    """Copy elements of a source's header, as ``Volume.metadata`` has them (``DICOM.<keyword>``), into a data set.

    Values that the standard does not allow are mended where it is clear what they mean (a date with hyphens), else left
    out; a UID is replaced by one that follows from it. One warning tells which.
    """
    told = []
    for keyword in keywords:
        value = str(metadata.get(DICOM_PREFIX + keyword, "") or "")
        if not value.strip():
            continue
        allowed = _allowed(keyword, value)
        if allowed:
            setattr(dataset, keyword, allowed)
        if allowed != value:
            what = f"written as '{_short(allowed)}'" if allowed else "left out"
            told.append(f"{keyword} '{_short(value)}' was {what}")
    if told:
        warnings.warn(
            f"The header of the source image holds values that DICOM does not allow: {'; '.join(told)}.", stacklevel=5
        )


def decimals(values: Iterable[float]) -> list[valuerep.DSfloat]:
    """DICOM decimal strings, which have at most 16 characters."""
    return [valuerep.DSfloat(float(value), auto_format=True) for value in values]


def _allowed(keyword: str, value: str) -> str:
    """The value, or what it means in the form of the standard; empty where that is not clear."""
    representation = datadict.dictionary_VR(keyword)
    if _is_valid(representation, keyword, value):
        return value
    mended = _MENDED.get(representation, lambda *_: "")(value.strip(), keyword)
    return mended if mended and _is_valid(representation, keyword, mended) else ""


def _is_valid(representation: str, keyword: str, value: str) -> bool:
    parts = value.split("\\")
    if len(parts) > 1 and datadict.dictionary_VM(keyword) == "1":
        return False
    if keyword in _CODES and value not in _CODES[keyword].values():
        return False
    if representation == "DS" and not all(_is_number(part) for part in parts):
        return False
    try:
        for part in parts:
            valuerep.validate_value(representation, part, config.RAISE)
    except ValueError:
        return False
    return value.isprintable()


def _short(text: str) -> str:
    return text if len(text) <= _TOLD_LENGTH else f"{text[:_TOLD_LENGTH]}..."


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def text_for(keyword: str, value: str) -> str:
    """A text as an element takes it: one line without separators, not longer than the standard allows."""
    plain = "".join(letter if letter.isprintable() and letter != "\\" else " " for letter in value)
    return " ".join(plain.split())[: _TEXT_LENGTH[datadict.dictionary_VR(keyword)]].strip()


def _date(value: str, keyword: str) -> str:
    found = _DATE.match(value)
    text = "".join(found.groups()) if found else ""
    try:
        datetime.strptime(text, "%Y%m%d")
    except ValueError:
        return ""
    return text


def _time(value: str, keyword: str) -> str:
    found = _TIME.fullmatch(value)
    return "".join(part for part in found.groups() if part) if found else ""


def _age(value: str, keyword: str) -> str:
    found = _AGE.fullmatch(value.upper())
    return f"{int(found[1]):03d}{found[2]}" if found else ""


def _code(value: str, keyword: str) -> str:
    if keyword in _CODES:
        return _CODES[keyword].get(value.upper(), "")
    text = " ".join(re.sub("[^A-Z0-9_]", " ", value.upper()).split())
    return text if len(text) <= _CODE_LENGTH else ""


def _decimal(value: str, keyword: str) -> str:
    return str(valuerep.DSfloat(float(value), auto_format=True)) if _is_number(value) else ""


def _uid(value: str, keyword: str) -> UID:
    return generate_uid(entropy_srcs=[value])


_MENDED: dict[str, Callable[[str, str], str]] = {
    "AS": _age, "CS": _code, "DA": _date, "DS": _decimal, "TM": _time, "UI": _uid,
    **dict.fromkeys(_TEXT_LENGTH, lambda value, keyword: text_for(keyword, value)),
}  # fmt: skip
