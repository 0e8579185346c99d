"""Meshes in files of VTK: the old text or binary form (.vtk) and XML (.vtp)."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np

from .mesh_parsing import DamagedError, fans

_VTK_TYPES = {"float": ">f4", "double": ">f8", "int": ">i4", "vtktypeint64": ">i8", "vtktypeint32": ">i4"}
_VTP_TYPES = {
    "Float32": "f4", "Float64": "f8", "Int8": "i1", "Int32": "i4", "Int64": "i8", "UInt8": "u1", "UInt32": "u4",
    "UInt64": "u8",
}  # fmt: skip


def read_vtk(data: bytes) -> tuple[np.ndarray, np.ndarray, bytes]:
    """Vertices (n, 3), triangles (m, 3), and the title."""
    _version, title, form, rest = data.split(b"\n", 3)
    is_binary = form.strip() == b"BINARY"
    if not re.search(rb"^DATASET POLYDATA", rest, re.M):
        raise DamagedError("it is a VTK file without a surface (POLYDATA)")
    if re.search(rb"^TRIANGLE_STRIPS ", rest, re.M):
        raise DamagedError("it holds strips of triangles; triangulate the model first")

    def numbers(where: re.Match, kind: str, count: int) -> tuple[np.ndarray, int]:
        """Numbers behind a header, and where they end at the earliest."""
        if is_binary:
            values = np.frombuffer(rest, _VTK_TYPES[kind], count, where.end())
            return values, where.end() + values.nbytes
        words = rest[where.end() :].split(maxsplit=count)[:count]
        if len(words) < count:
            raise DamagedError("it is cut short")
        return np.array(words, np.float64), where.end()

    points = _found(rb"^POINTS (\d+) (\w+)\s*?\n", rest)
    values, end = numbers(points, points[2].decode(), 3 * int(points[1]))
    faces = _found(rb"^POLYGONS (\d+) (\d+)\s*?\n", rest, end)
    offsets = re.compile(rb"OFFSETS (\w+)\s*?\n").match(rest, faces.end())
    if offsets is not None:
        starts, end = numbers(offsets, offsets[1].decode(), int(faces[1]))
        connectivity = _found(rb"^CONNECTIVITY (\w+)\s*?\n", rest, end)
        indices, _ = numbers(connectivity, connectivity[1].decode(), int(faces[2]))
        corners = _split(indices, starts)
    else:
        flat = numbers(faces, "int", int(faces[2]))[0].astype(np.int64).tolist()
        corners, at = [], 0
        while at < len(flat):
            corners.append(flat[at + 1 : at + 1 + flat[at]])
            at += 1 + flat[at]
    return values.reshape(-1, 3).astype(np.float64), fans(corners), title


def _found(pattern: bytes, data: bytes, start: int = 0) -> re.Match:
    found = re.compile(pattern, re.M).search(data, start)
    if found is None:
        raise DamagedError("it is cut short or holds no polygons")
    return found


def _split(indices: np.ndarray, starts: np.ndarray) -> list:
    """Polygons of their corners in a row. starts: where each begins, and the end of the last."""
    return [part.astype(np.int64).tolist() for part in np.split(indices, starts[1:-1].astype(np.int64))]


def read_vtp(data: bytes) -> tuple[np.ndarray, np.ndarray, bytes]:
    """Vertices (n, 3), triangles (m, 3), and the field SPACE."""
    head, tail = data, b""
    if b"<AppendedData" in data:
        head, _, tail = data.partition(b"<AppendedData")
        head += b"</VTKFile>"
    try:
        root = ElementTree.fromstring(head)
    except ElementTree.ParseError:
        raise DamagedError("its XML is damaged or cut short") from None
    if root.get("type") != "PolyData":
        raise DamagedError("it is a VTK file without a surface (PolyData)")
    arrays = _VtpArrays(root, tail)
    pieces = root.findall("PolyData/Piece")
    vertices, triangles, before = [], [], 0
    for piece in pieces:
        points = arrays.read(_part(piece, "Points/DataArray")).reshape(-1, 3).astype(np.float64)
        if int(piece.get("NumberOfStrips", 0)):
            raise DamagedError("it holds strips of triangles; triangulate the model first")
        polygons = {part.get("Name"): part for part in piece.findall("Polys/DataArray")}
        if int(piece.get("NumberOfPolys", 0)):
            ends = arrays.read(polygons["offsets"])
            corners = arrays.read(polygons["connectivity"])
            triangles.append(fans(_split(corners, np.concatenate([[0], ends]))) + before)
        vertices.append(points)
        before += len(points)
    if not triangles:
        raise DamagedError("it holds no polygons")
    field = root.find("PolyData/FieldData/*[@Name='SPACE']")
    space = b"" if field is None else b"SPACE=" + arrays.read(field, "Int8").astype(np.uint8).tobytes().strip(b"\0")
    return np.concatenate(vertices), np.concatenate(triangles), space


def _part(piece: ElementTree.Element, path: str) -> ElementTree.Element:
    found = piece.find(path)
    if found is None:
        raise DamagedError("it holds no points")
    return found


class _VtpArrays:
    """Arrays of a VTP file: as text, in base64, or appended; whole or in zlib blocks."""

    def __init__(self, root: ElementTree.Element, tail: bytes):
        compressor = root.get("compressor", "")
        if compressor not in ("", "vtkZLibDataCompressor"):
            raise DamagedError(f"it is compressed by {compressor}; save it without")
        self._zipped = bool(compressor)
        self._order = "<" if root.get("byte_order", "LittleEndian") == "LittleEndian" else ">"
        self._header = np.dtype(self._order + _VTP_TYPES[root.get("header_type", "UInt32")])
        attributes, _, body = tail.partition(b">")
        self._is_raw = b'"raw"' in attributes
        self._tail = body[body.find(b"_") + 1 :]

    def read(self, array: ElementTree.Element, type_: str = "") -> np.ndarray:
        kind = np.dtype(self._order + _VTP_TYPES[type_ or array.get("type", "")])
        form = array.get("format")
        if form == "ascii":
            return np.array((array.text or "").split(), np.float64).astype(kind)
        if form == "appended":
            begun = self._tail[int(array.get("offset", 0)) :]
            return np.frombuffer(self._bytes(begun, self._is_raw), kind)
        return np.frombuffer(self._bytes((array.text or "").strip().encode(), False), kind)

    def _bytes(self, data: bytes, is_raw: bool) -> bytes:
        """What begins here, behind its header: one size, or count, size and last size of blocks and their sizes."""
        wide = self._header.itemsize
        if not self._zipped:
            size = int(np.frombuffer(self._plain(data, 0, wide, is_raw), self._header)[0])
            return self._plain(data, 0, wide + size, is_raw)[wide:]
        count = int(np.frombuffer(self._plain(data, 0, wide, is_raw), self._header)[0])
        head = 3 * wide + count * wide
        sizes = np.frombuffer(self._plain(data, 0, head, is_raw), self._header)[3:].astype(np.int64)
        begun = head if is_raw else -(-head // 3) * 4  # the header is base64 of its own
        packed = self._plain(data, begun, int(sizes.sum()), is_raw)
        ends = np.cumsum(sizes)
        return b"".join(zlib.decompress(packed[end - size : end]) for size, end in zip(sizes, ends, strict=True))

    @staticmethod
    def _plain(data: bytes, start: int, size: int, is_raw: bool) -> bytes:
        plain = data[start : start + size] if is_raw else base64.b64decode(data[start : start + -(-size // 3) * 4])
        if len(plain) < size:
            raise DamagedError("it is cut short")
        return plain[:size]
