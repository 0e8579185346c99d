"""NIfTI files, read by their own rules: units, the two forms that say where an image lies, voxels that are all there.

Layout and meaning of the header: NIfTI-1 and -2 standards, nifti.nimh.nih.gov.
"""

from __future__ import annotations

import gzip
import struct
import warnings
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import InputError
from ..memory import refuse_without_memory
from ..volume import Volume
from .geometry import SHEAR_TOLERANCE, lean_of, straightened

GEOMETRY_KEY = "GeometryNote"
"""Entry of ``Volume.metadata`` that says what is not known of the place of an image."""

_HEADER_BYTES = 544
_DTYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
_COLORS = {128: 3, 2304: 4}
_MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_BLOCK = 1 << 24


@dataclass(frozen=True)
class Header:
    """What a NIfTI header says. shape: sizes along i, j, k and so on. order: of bytes, "<" or ">"."""

    order: str
    shape: tuple[int, ...]
    datatype: int
    bits: int
    offset: int
    slope: float
    intercept: float
    spacing: tuple[float, float, float]
    qform_code: int
    sform_code: int
    handedness: float
    quaternion: tuple[float, float, float]
    translation: tuple[float, float, float]
    rows: np.ndarray
    units: int
    texts: dict[str, str]

    @property
    def voxel_bytes(self) -> int:
        return int(np.prod([max(n, 0) for n in self.shape], dtype=object)) * self.bits // 8


def is_nifti(start: bytes) -> bool:
    """Whether these are the first bytes of a NIfTI file, header and voxels in one."""
    return start[344:348] == b"n+1\0" or start[4:8] == b"n+2\0"


def read_nifti(path: Path) -> Volume:
    """Read a volume with its own dtype; see ``read_volume``."""
    name = path.name
    try:
        with opened(path) as file:
            start = file.read(_HEADER_BYTES)
            header = header_of(start, name)
            _refuse_unusable(header, name)
            refuse_without_memory(header.voxel_bytes, f"'{name}' ({' x '.join(map(str, header.shape))} voxels)")
            matrix, note = _matrix(header, name)
            array = _voxels(file, start, header, path)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise _cut(name) from error
    if note:
        warnings.warn(f"'{name}': {note}", stacklevel=4)
    metadata = header.texts | ({GEOMETRY_KEY: note} if note else {})
    return Volume.from_numpy(array, matrix, metadata)


@contextmanager
def opened(path: Path):
    """A file as it is, or unpacked by gzip, by what it holds."""
    with open(path, "rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        if not packed:
            yield plain
            return
        with gzip.GzipFile(fileobj=plain) as unpacked:
            yield unpacked


def header_of(start: bytes, name: str) -> Header:
    """The header at the beginning of a file; InputError where it is none."""
    for order in "<>":
        size = struct.unpack_from(order + "i", start.ljust(4, b"\0"))[0]
        if size in (348, 540) and len(start) >= size and is_nifti(start):
            return _first(start, order) if size == 348 else _second(start, order)
    raise _cut(name)


def _first(raw: bytes, order: str) -> Header:
    def get(kind: str, at: int):
        values = struct.unpack_from(order + kind, raw, at)
        return values if len(values) > 1 else values[0]

    dim, pixdim = get("8h", 40), get("8f", 76)
    return Header(
        order, dim[1 : 1 + min(max(dim[0], 0), 7)], get("h", 70), get("h", 72), int(get("f", 108)), get("f", 112),
        get("f", 116), pixdim[1:4], get("h", 252), get("h", 254), pixdim[0], get("3f", 256), get("3f", 268),
        np.array(get("12f", 280), dtype=np.float64).reshape(3, 4), raw[123],
        _texts(raw, {"descrip": (148, 80), "aux_file": (228, 24), "intent_name": (328, 16)}),
    )  # fmt: skip


def _second(raw: bytes, order: str) -> Header:
    def get(kind: str, at: int):
        values = struct.unpack_from(order + kind, raw, at)
        return values if len(values) > 1 else values[0]

    dim, pixdim = get("8q", 16), get("8d", 104)
    return Header(
        order, dim[1 : 1 + min(max(dim[0], 0), 7)], get("h", 12), get("h", 14), get("q", 168), get("d", 176),
        get("d", 184), pixdim[1:4], get("i", 344), get("i", 348), pixdim[0], get("3d", 352), get("3d", 376),
        np.array(get("12d", 400), dtype=np.float64).reshape(3, 4), get("i", 500),
        _texts(raw, {"descrip": (240, 80), "aux_file": (320, 24), "intent_name": (508, 16)}),
    )  # fmt: skip


def _texts(raw: bytes, places: dict[str, tuple[int, int]]) -> dict[str, str]:
    found = {key: raw[at : at + size].split(b"\0")[0].decode("utf-8", "replace") for key, (at, size) in places.items()}
    return {key: value for key, value in found.items() if value.strip()}


def _refuse_unusable(header: Header, name: str) -> None:
    shape = header.shape
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if header.datatype in _COLORS:
        raise InputError(
            f"'{name}' has {_COLORS[header.datatype]} values per voxel (a color image); a volume with one value per "
            "voxel is needed."
        )
    if len(shape) > 4 and shape[3] == 1:
        raise InputError(
            f"'{name}' has {shape[4]} values per voxel (a vector image); a volume with one value per voxel is needed."
        )
    if len(shape) > 3:
        raise InputError(
            f"'{name}' has {len(shape)} dimensions {shape} (a time series?); save one of its volumes as a "
            "three-dimensional file."
        )
    if len(shape) < 3:
        raise InputError(f"'{name}' is a flat image of {shape} pixels; a three-dimensional volume is needed.")
    if header.datatype not in _DTYPES or np.dtype(_DTYPES[header.datatype]).itemsize * 8 != header.bits:
        raise InputError(
            f"'{name}' has voxels of NIfTI type {header.datatype} with {header.bits} bits, which are not read here; "
            "save it with whole or real numbers."
        )
    if min(shape) < 1 or header.offset < 0:
        raise InputError(f"'{name}' promises {shape} voxels; the header is damaged. Copy or export it again.")


def _voxels(file: BinaryIO, start: bytes, header: Header, path: Path) -> np.ndarray:
    """The voxels (K, J, I), rescaled where the header says so."""
    if header.offset + header.voxel_bytes > path.stat().st_size and not isinstance(file, gzip.GzipFile):
        raise _cut(path.name)
    raw = np.empty(header.voxel_bytes, np.uint8)
    view, filled = raw.data, 0
    if header.offset < len(start):
        known = start[header.offset : header.offset + header.voxel_bytes]
        view[: len(known)], filled = known, len(known)
    else:
        _skip(file, header.offset - len(start))
    while filled < len(raw):
        count = file.readinto(view[filled : filled + _BLOCK])  # type: ignore[attr-defined]
        if not count:
            raise _cut(path.name)
        filled += count
    array = raw.view(header.order + _DTYPES[header.datatype]).reshape(header.shape[2::-1])
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    slope, intercept = header.slope, header.intercept
    if not np.isfinite([slope, intercept]).all() or slope == 0 or (slope, intercept) == (1, 0):
        return array
    return (array * np.float64(slope) + np.float64(intercept)).astype(
        np.float64 if array.dtype.itemsize > 4 else np.float32
    )


def _skip(file: BinaryIO, count: int) -> None:
    while count > 0 and (block := file.read(min(_BLOCK, count))):
        count -= len(block)


def _matrix(header: Header, name: str) -> tuple[np.ndarray, str]:
    """Where the image lies, (4, 4) in mm RAS, and a sentence on what is not known of it."""
    unit = _MM_PER_UNIT.get(header.units & 7)
    if unit is None:
        raise InputError(
            f"'{name}' gives its size in an unknown unit (code {header.units & 7}); save it in millimeters."
        )
    spacing = np.abs(np.array(header.spacing)) * unit
    by_s = _by_rows(header, unit) if header.sform_code > 0 else None
    by_q = _by_quaternion(header, unit) if header.qform_code > 0 else None
    if by_s is None and by_q is None:
        if not (np.isfinite(spacing).all() and (spacing > 0).all()):
            raise InputError(f"'{name}' does not say how large its voxels are; export it again.")
        return np.diag([*spacing, 1.0]), (
            "the file does not say where it lies in the patient (neither sform nor qform), so left and right are not "
            "certain: its axes are taken for right, anterior and superior, from 0 on."
        )
    if by_s is not None and (lean := lean_of(by_s)) > SHEAR_TOLERANCE:
        raise InputError(
            f"'{name}' lies on a sheared grid: the axes of its sform are off the right angle by "
            f"{np.degrees(np.arcsin(min(1.0, lean))):.2g} degrees. Resample it to a straight grid first, for example "
            "with Slicer's Resample Scalar/Vector/DWI Volume."
        )
    if by_s is not None and by_q is not None:
        _refuse_two_places(by_s, by_q, header, name)
    matrix = by_s if by_s is not None else by_q
    assert matrix is not None
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
        raise InputError(f"'{name}' has voxels without a size; its header is damaged. Export it again.")
    return straightened(matrix), ""


def _by_rows(header: Header, unit: float) -> np.ndarray:
    return np.vstack([header.rows * unit, [0, 0, 0, 1]])


def _by_quaternion(header: Header, unit: float) -> np.ndarray:
    b, c, d = (float(value) for value in header.quaternion)
    length = b * b + c * c + d * d
    if length > 1:  # a half turn, a little over by rounding
        b, c, d = (value / np.sqrt(length) for value in (b, c, d))
    a = np.sqrt(max(0.0, 1 - (b * b + c * c + d * d)))
    turn = np.array([
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ])  # fmt: skip
    matrix = np.eye(4)
    signs = (1, 1, -1 if header.handedness < 0 else 1)
    matrix[:3, :3] = turn * np.abs(header.spacing) * unit * signs
    matrix[:3, 3] = np.array(header.translation) * unit
    return matrix


def _refuse_two_places(by_s: np.ndarray, by_q: np.ndarray, header: Header, name: str) -> None:
    """InputError where the two forms put a corner to different places."""
    last = [size - 1 for size in header.shape[:3]]
    corners = np.stack(np.meshgrid(*[(0, n) for n in last], indexing="ij"), -1).reshape(-1, 3)
    apart = np.linalg.norm(corners @ (by_s - by_q)[:3, :3].T + (by_s - by_q)[:3, 3], axis=1).max()
    size = np.linalg.norm(by_s[:3, :3], axis=0)
    if not apart <= max(0.5 * size.min(), SHEAR_TOLERANCE * float(np.linalg.norm(size * last))):
        raise InputError(
            f"'{name}' says twice where it lies, and not the same: its sform and its qform are up to {apart:.3g} mm "
            "apart. Remove the wrong one, for example with fslorient or nifti_tool, or load the DICOM series."
        )


def _cut(name: str) -> InputError:
    return InputError(f"'{name}' is cut short or damaged: voxels are missing at its end; copy it again.")
