"""Meshes in PLY files, as text or numbers of either byte order."""

from __future__ import annotations

import numpy as np

from .mesh_parsing import DamagedError, fans

_PLY_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4",
    "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4",
    "float32": "f4", "float64": "f8",
}  # fmt: skip


def read_ply(data: bytes) -> tuple[np.ndarray, np.ndarray, bytes]:
    """Vertices (n, 3), triangles (m, 3), and the comments."""
    header, end, _rest = data.partition(b"end_header")
    if not end:
        raise DamagedError("its header has no end")
    lines = [line.split() for line in header.splitlines()]
    elements: list[tuple[str, int, list[list[str]]]] = []
    form = ""
    for line in (list(map(bytes.decode, words)) for words in lines if words and words[0] != b"comment"):
        if line[0] == "format":
            form = line[1]
        elif line[0] == "element":
            elements.append((line[1], int(line[2]), []))
        elif line[0] == "property":
            elements[-1][2].append(line[1:])
    at = data.index(b"\n", len(header)) + 1
    if form == "ascii":
        reader: _PlyText | _PlyBytes = _PlyText(data[at:])
    elif form in ("binary_little_endian", "binary_big_endian"):
        reader = _PlyBytes(data, at, "<" if "little" in form else ">")
    else:
        raise DamagedError(f"its format is '{form}'")
    vertices, triangles = np.empty((0, 3)), np.empty((0, 3), np.int64)
    for name, count, properties in elements:
        if name == "vertex":
            names = [words[-1] for words in properties]
            vertices = reader.table(count, properties)[:, [names.index(axis) for axis in "xyz"]]
        elif name == "face":
            triangles = fans(reader.faces(count, properties))
        else:
            reader.faces(count, properties)
    space = b"\n".join(b" ".join(words) for words in lines if words and words[0] == b"comment")
    return vertices, triangles, space


class _PlyText:
    """The body of a PLY file as text, one element a line."""

    def __init__(self, data: bytes):
        self._lines = iter(data.split(b"\n"))

    def _take(self, count: int) -> list[list[bytes]]:
        taken = [words for _, words in zip(range(count), (line.split() for line in self._lines), strict=False)]
        if len(taken) < count or not all(taken):
            raise DamagedError("it is cut short")
        return taken

    def table(self, count: int, properties) -> np.ndarray:
        return np.array(self._take(count), np.float64).reshape(count, len(properties))

    def faces(self, count: int, properties) -> list:
        found = []
        for words in self._take(count):
            at, face = 0, []
            for kind in properties:
                size = int(words[at]) if kind[0] == "list" else 0
                if kind[0] == "list" and kind[-1] in ("vertex_indices", "vertex_index"):
                    face = [int(word) for word in words[at + 1 : at + 1 + size]]
                    if len(face) < size:
                        raise DamagedError("it is cut short")
                at += 1 + size
            found.append(face)
        return found


class _PlyBytes:
    """The body of a PLY file as numbers."""

    def __init__(self, data: bytes, at: int, order: str):
        self._data, self._at, self._order = data, at, order

    def _type(self, name: str) -> np.dtype:
        return np.dtype(self._order + _PLY_TYPES[name])

    def _take(self, kind: np.dtype, count: int) -> np.ndarray:
        if count < 0 or self._at + kind.itemsize * count > len(self._data):
            raise DamagedError("it is cut short")
        values = np.frombuffer(self._data, kind, count, self._at)
        self._at += kind.itemsize * count
        return values

    def table(self, count: int, properties) -> np.ndarray:
        kind = np.dtype([(f"{place}", self._type(words[0])) for place, words in enumerate(properties)])
        values = self._take(kind, count)
        return np.stack([values[name].astype(np.float64) for name in kind.names or ()], axis=1)

    def faces(self, count: int, properties):
        if count and (uniform := self._uniform(count, properties)) is not None:
            return uniform
        found = []
        for _ in range(count):
            face: list[int] = []
            for kind in properties:
                if kind[0] == "list":
                    size = int(self._take(self._type(kind[1]), 1)[0])
                    values = self._take(self._type(kind[2]), size)
                    face = values.tolist() if kind[-1] in ("vertex_indices", "vertex_index") else face
                else:
                    self._take(self._type(kind[0]), 1)
            found.append(face)
        return found

    def _uniform(self, count: int, properties) -> np.ndarray | None:
        """All faces at once, where each has as many corners as the first one and there is no other list."""
        if [kind[0] for kind in properties].count("list") != 1 or properties[0][0] != "list":
            return None
        start = self._at
        size = int(self._take(self._type(properties[0][1]), 1)[0])
        self._at = start
        others = [(f"other{place}", self._type(words[0])) for place, words in enumerate(properties[1:])]
        kind = np.dtype(
            [("size", self._type(properties[0][1])), ("face", self._type(properties[0][2]), (size,)), *others]
        )
        if start + kind.itemsize * count > len(self._data):
            return None
        values = np.frombuffer(self._data, kind, count, start)
        if (values["size"] != size).any():
            return None
        self._at += kind.itemsize * count
        return values["face"].astype(np.int64)
