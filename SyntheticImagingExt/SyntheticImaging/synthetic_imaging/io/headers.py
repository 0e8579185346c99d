"""What files are, by what they hold, and what the text headers of NRRD and MetaImage promise, before voxels are read.

Fields: NRRD format, teem.sourceforge.net/nrrd/format.html; MetaImage, itk.org/Wiki/ITK/MetaIO/Documentation.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from math import isfinite, prod
from pathlib import Path

from ..errors import InputError
from ..memory import refuse_without_memory
from .nifti import is_nifti, opened

NRRD, META_IMAGE, NIFTI = "NRRD", "MetaImage", "NIfTI"
_OTHERS = {
    b"\x89PNG\r\n": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document", b"PK\x03\x04": "a zip archive", b"\x89HDF": "an HDF5 file", b"solid ": "an STL mesh",
    b"ply\n": "a PLY mesh", b"ply\r": "a PLY mesh", b"{": "a JSON file", b"[": "a JSON file", b"<": "an XML page",
}  # fmt: skip
_HEADER_BYTES = 1 << 20
_COPIES = 2
"""The file library's own voxels, and ours."""
_DEFLATE_BEST = 1100
"""No packed byte holds more than so many (deflate: 1032)."""
_BYTES = {
    "char": 1, "int8": 1, "uchar": 1, "uint8": 1, "short": 2, "int16": 2, "ushort": 2, "uint16": 2, "int": 4,
    "int32": 4, "uint": 4, "uint32": 4, "long": 4, "ulong": 4, "longlong": 8, "int64": 8, "ulonglong": 8, "uint64": 8,
    "float": 4, "double": 8, "block": 1,
}  # fmt: skip
_MM = {
    "mm": 1.0, "millimeter": 1.0, "millimetre": 1.0, "cm": 10.0, "centimeter": 10.0, "centimetre": 10.0, "m": 1000.0,
    "meter": 1000.0, "metre": 1000.0, "um": 1e-3, "µm": 1e-3, "μm": 1e-3, "micron": 1e-3, "micrometer": 1e-3,
    "micrometre": 1e-3, "nm": 1e-6, "nanometer": 1e-6, "in": 25.4, "inch": 25.4,
}  # fmt: skip
_UNKNOWN_UNITS = {"", "?", "none", "unknown", "pixel", "pixels", "voxel", "voxels"}
_META_MODALITIES = {"MET_MOD_CT": "CT", "MET_MOD_MR": "MR", "MET_MOD_NM": "NM", "MET_MOD_US": "US"}


_NRRD_PLACES = ("space directions", "space origin", "spacings")
_META_PLACES = (
    "Offset", "Position", "Origin", "ElementSpacing", "ElementSize", "TransformMatrix", "Rotation", "Orientation",
)  # fmt: skip


@dataclass(frozen=True)
class TextHeader:
    """What the header of an NRRD or MetaImage file says.

    needed: bytes of its voxels, unpacked. packing: "" for none, "deflate", "text" or another word. data: the names of
    other files with the voxels, in order. offset: where the voxels begin in the file itself. mm_per_unit: for each axis
    of the patient, or one for all. modality: "CT", …, or "".
    """

    needed: int
    sizes: tuple[int, ...]
    packing: str = ""
    data: tuple[str, ...] = ()
    offset: int = 0
    mm_per_unit: tuple[float, ...] = (1.0,)
    modality: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def kind_of(path: Path) -> str:
    """NRRD, META_IMAGE or NIFTI by what a file holds; "" for another one. InputError for what can be no volume."""
    with open(path, "rb") as file:
        start = file.read(512)
    if start.startswith(b"NRRD000"):
        return NRRD
    if is_nifti(start):
        return NIFTI
    if start.startswith(b"\x1f\x8b"):
        try:
            with opened(path) as file:
                if is_nifti(file.read(348)):
                    return NIFTI
        except (OSError, EOFError) as error:
            raise InputError(f"'{path.name}' is cut short or damaged: it cannot be unpacked; copy it again.") from error
        raise InputError(f"'{path.name}' is packed by gzip and holds no NIfTI image; unpack it first.")
    if re.match(rb"\s*(Comment|ObjectType|NDims)\s*=", start):
        return META_IMAGE
    for magic, what in _OTHERS.items():
        if start.startswith(magic):
            raise InputError(f"'{path.name}' is {what}; a three-dimensional volume is needed (NRRD, NIfTI, MetaImage).")
    return ""


def header_of(path: Path, kind: str) -> TextHeader:
    """The header of an NRRD or MetaImage file; InputError where it cannot be understood."""
    with open(path, "rb") as file:
        raw = file.read(_HEADER_BYTES)
    try:
        return _nrrd(raw, path.name) if kind == NRRD else _meta_image(raw, path.name)
    except InputError:
        raise
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(
            f"'{path.name}' has a header that cannot be understood ({error}) and is damaged; copy or export it again."
        ) from error


def check(path: Path, header: TextHeader, accept_data_elsewhere: bool) -> None:
    """InputError where voxels lie in another folder, are missing, or need more memory than there is."""
    files, sizes = _data_files(path, header, accept_data_elsewhere), " x ".join(map(str, header.sizes))
    there = sum(file.stat().st_size for file in files) if files else path.stat().st_size - header.offset
    least = {"": header.needed, "deflate": header.needed // _DEFLATE_BEST, "text": 2 * prod(header.sizes) - 1}
    if there < least.get(header.packing, 1):
        raise InputError(
            f"'{path.name}' is cut short: its header promises {sizes} voxels, and there are {there:,} bytes of them; "
            "copy or export it again."
        )
    refuse_without_memory(_COPIES * header.needed, f"'{path.name}' ({sizes} voxels)")


def _data_files(path: Path, header: TextHeader, accept_data_elsewhere: bool) -> list[Path]:
    found = []
    home = os.path.abspath(path.parent)
    for name in header.data:
        place = os.path.abspath(os.path.join(home, name))
        if not accept_data_elsewhere and not _is_within(home, place):
            raise InputError(
                f"'{path.name}' takes its voxels from another folder: '{name}'. Put that file beside it and name it "
                "without a folder, or, for a CT, allow it (accept_data_elsewhere, --accept-data-elsewhere)."
            )
        if not os.path.isfile(place):
            raise InputError(f"'{path.name}' needs the file '{name}' with its voxels, which is not there; copy both.")
        found.append(Path(place))
    return found


def _is_within(folder: str, place: str) -> bool:
    try:
        return os.path.commonpath([folder, place]) == folder
    except ValueError:  # another drive
        return False


def _nrrd(raw: bytes, name: str) -> TextHeader:
    end = re.search(rb"\r?\n\r?\n", raw)
    text = raw[: end.start() if end else len(raw)].decode("utf-8", "replace")
    fields: dict[str, str] = {}
    listed: list[str] = []
    for line in text.splitlines()[1:]:
        if listed or fields.get("data file", "").upper().startswith("LIST"):
            listed.append(line.strip())
        elif not line.startswith("#") and ":=" not in line and ":" in line:
            key, _, value = line.partition(":")
            key = key.strip().lower()
            fields[{"datafile": "data file", "byteskip": "byte skip", "lineskip": "line skip"}.get(key, key)] = (
                value.strip()
            )
    _refuse_damage(fields, _NRRD_PLACES)
    sizes = tuple(int(word) for word in fields["sizes"].split())
    kind = (
        fields["type"].lower().removeprefix("signed ").replace("unsigned ", "u").replace(" int", "").replace("_t", "")
    )
    kind = {"long long": "longlong", "ulong long": "ulonglong"}.get(kind, kind)
    packing = fields.get("encoding", "raw").lower()
    packing = {"raw": "", "gz": "deflate", "gzip": "deflate", "txt": "text", "text": "text", "ascii": "text"}.get(
        packing, packing
    )
    data = _named(fields.get("data file", ""), listed)
    if any(fields.get(skip, "0") not in ("0", "") for skip in ("byte skip", "line skip")) and not packing:
        packing = "raw behind a header"
    units = _words(fields.get("space units", "")) or (
        [] if "space directions" in fields else _words(fields.get("units", ""))
    )
    return TextHeader(
        prod(sizes) * _BYTES[kind],
        sizes,
        packing,
        data,
        end.end() if end else len(raw),
        _units(units, name),
        fields=fields,
    )


def _refuse_damage(fields: dict[str, str], places: tuple[str, ...], counts: tuple[int, ...] = ()) -> None:
    """ValueError for bytes that are no text, and for a place that is not all numbers, which the file library cuts.

    counts: how many numbers a place may have; any, where empty.
    """
    for key, value in fields.items():
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in key + value if letter not in "\t\r\n"):
            raise ValueError(f"'{key}' holds bytes that are no text")
        if key in places:
            numbers = [float(word) for word in re.sub(r"[(),]|\bnone\b", " ", value).split()]
            if not all(map(isfinite, numbers)):
                raise ValueError(f"'{key}' is not finite")
            if counts and len(numbers) not in counts:
                raise ValueError(f"'{key}' has {len(numbers)} numbers")


def _words(text: str) -> list[str]:
    """Words, each in quotation marks or none of them."""
    return re.findall(r'"([^"]*)"', text) if '"' in text else text.split()


def _units(words: list[str], name: str) -> tuple[float, ...]:
    return tuple(_mm_of(word, name) for word in words) or (1.0,)


def _mm_of(word: str, name: str) -> float:
    unit = word.strip().lower()
    if unit in _UNKNOWN_UNITS:
        return 1.0
    for known in (unit, unit.removesuffix("s"), unit.removesuffix("es")):
        if known in _MM:
            return _MM[known]
    raise InputError(f"'{name}' gives its place in the unit '{word}', which is not known; save it in millimeters.")


def _meta_image(raw: bytes, name: str) -> TextHeader:
    fields: dict[str, str] = {}
    listed: list[str] = []
    offset = len(raw)
    for line in re.finditer(rb"([^\n]*)(\n|$)", raw):
        text = line[1].decode("utf-8", "replace").strip()
        if "ElementDataFile" in fields:
            listed.append(text)
            continue
        key, sign, value = text.partition("=")
        if sign:
            fields[key.strip()] = value.strip()
        elif text:
            raise ValueError(f"'{text[:40]}' is no entry")
        if key.strip() == "ElementDataFile" and not value.strip().upper().startswith("LIST"):
            offset = line.end()
            break
    dimensions = int(fields["NDims"])
    _refuse_damage(fields, _META_PLACES, (dimensions, dimensions**2))
    sizes = tuple(int(word) for word in fields["DimSize"].split())
    channels = int(fields.get("ElementNumberOfChannels", "1"))
    kind = fields["ElementType"].removeprefix("MET_").removesuffix("_ARRAY").lower()
    kind = {"long_long": "longlong", "ulong_long": "ulonglong"}.get(kind, kind)
    is_text = fields.get("BinaryData", "True").lower() != "true"
    packing = "deflate" if fields.get("CompressedData", "False").lower() == "true" else "text" if is_text else ""
    if not packing and fields.get("HeaderSize", "0") not in ("0", ""):
        packing = "raw behind a header"
    target = fields["ElementDataFile"]
    data = () if target.upper() == "LOCAL" else _named(target, listed)
    unit = _mm_of(fields.get("DistanceUnits", ""), name)
    modality = _META_MODALITIES.get(fields.get("Modality", ""), "")
    return TextHeader(prod(sizes) * channels * _BYTES[kind], sizes, packing, data, offset, (unit,), modality, fields)


def _named(target: str, listed: list[str]) -> tuple[str, ...]:
    """The files that a header names: one, a list of lines, or a pattern of printf with first, last and step."""
    if not target:
        return ()
    if target.upper().startswith("LIST"):
        return tuple(line for line in listed if line)
    words = target.split()
    if "%" in words[0] and len(words) >= 3:
        first, last, step = (int(word) for word in (*words[1:4], "1")[:3])
        return tuple(words[0] % number for number in range(first, last + 1, step or 1)[:100_000])
    return (target,)
