"""Meshes in files: STL, PLY, OBJ, VTK and VTP, told apart by their content; lengths in mm.

A file says by ``SPACE=RAS`` or ``SPACE=LPS``, in its header, a comment or (VTP) a field, how its axes run; Slicer
writes it so. A file that says nothing is taken as RAS.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..io.atomic import publish, staging
from .mesh_parsing import DamagedError, fans
from .mesh_ply import read_ply
from .mesh_vtk import read_vtk, read_vtp
from .meshes import Mesh

_LPS = np.array([-1.0, -1.0, 1.0])
_STL = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_OBJ_UNIT = re.compile(rb"vertex coordinates are measured in units, where 1 unit =\s*([0-9.eE+-]+)\s*mm", re.I)


def read_mesh(path: str | Path) -> Mesh:
    """The mesh of an STL, PLY, OBJ, VTK or VTP file in RAS mm; InputError where there is none."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"'{path}' cannot be read ({error.strerror}); give a file with a closed surface.") from None
    try:
        vertices, triangles, space = _reader_of(data)(data)
        vertices = vertices * (_LPS if _is_lps(space) else 1.0)
        return Mesh(vertices, triangles)
    except InputError as error:
        raise InputError(f"'{path.name}': {error}") from None
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, zlib.error) as error:
        reason = str(error) if isinstance(error, DamagedError) else "it is damaged or cut short"
        raise InputError(
            f"'{path.name}' holds no triangles that can be read: {reason}. Give a closed surface as STL, PLY, OBJ, VTK "
            "or VTP, saved anew."
        ) from None


def write_stl(path: str | Path, mesh: Mesh) -> None:
    """Write a binary STL file whose header says RAS, as Slicer reads it; InputError where the disk refuses."""
    corners = mesh.vertices_ras[mesh.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    record = np.zeros(len(corners), _STL)
    record["normal"], record["corners"] = normals, corners
    header = b"synthetic imaging, mm. SPACE=RAS".ljust(80) + len(corners).to_bytes(4, "little")
    path = Path(path)
    with staging(path) as folder:
        (folder / path.name).write_bytes(header + record.tobytes())
        publish(folder, path)


def _reader_of(data: bytes):
    if data.startswith(b"ply"):
        return read_ply
    if data.startswith(b"# vtk DataFile"):
        return read_vtk
    if b"<VTKFile" in data[:400]:
        return read_vtp
    if len(data) >= 84 and len(data) == 84 + 50 * int.from_bytes(data[80:84], "little"):
        return _binary_stl
    if re.search(rb"^\s*facet\s", data[:4096], re.M):
        return _text_stl
    if re.search(rb"^v\s", data, re.M) and re.search(rb"^f\s", data, re.M):
        return _obj
    count = int.from_bytes(data[80:84], "little")
    if not data:
        raise DamagedError("it is empty (0 bytes)")
    if len(data) > 84 and b"\0" in data[:84] and 0 < count < 2**28:
        raise DamagedError(f"as a binary STL file it promises {count:,} triangles and is cut short or goes on")
    raise DamagedError("it is none of these")


def _is_lps(space: bytes) -> bool:
    found = re.search(rb"SPACE=(\w+)", space)
    if found is None or found[1] == b"RAS":
        return False
    if found[1] == b"LPS":
        return True
    raise DamagedError(f"its header says SPACE={found[1].decode('ascii', 'replace')}, which is neither RAS nor LPS")


def _separate(corners: np.ndarray, space: bytes):
    """Triangles (m, 3, 3) that share no vertices."""
    vertices = corners.reshape(-1, 3).astype(np.float64)
    return vertices, np.arange(len(vertices)).reshape(-1, 3), space


def _binary_stl(data: bytes):
    return _separate(np.frombuffer(data, _STL, offset=84)["corners"], data[:80])


def _text_stl(data: bytes):
    words = data.split()
    places = [at for at, word in enumerate(words) if word == b"vertex"]
    if len(places) % 3 or words[-1] == b"vertex" or b"endsolid" not in data[-4096:]:
        raise DamagedError("the text ends within a triangle")
    corners = np.array([[float(x) for x in words[at + 1 : at + 4]] for at in places])
    return _separate(corners.reshape(-1, 3, 3), data.partition(b"\n")[0])


def _obj(data: bytes):
    lines = data.replace(b"\\\r\n", b" ").replace(b"\\\n", b" ").splitlines()
    comments = b"\n".join(line for line in lines if line.startswith(b"#"))
    vertices = np.array([line.split()[1:4] for line in lines if line.startswith((b"v ", b"v\t"))], np.float64)
    faces, known = [], 0
    for line in lines:
        if line.startswith((b"v ", b"v\t")):
            known += 1
        elif line.startswith((b"f ", b"f\t")):
            numbers = [int(word.split(b"/")[0]) for word in line.split()[1:]]
            if 0 in numbers:
                raise DamagedError("a face names the vertex 0, and they are counted from 1")
            faces.append([number - 1 if number > 0 else known + number for number in numbers])
    unit = _OBJ_UNIT.search(comments)
    return vertices * (float(unit[1]) if unit else 1.0), fans(faces), comments
