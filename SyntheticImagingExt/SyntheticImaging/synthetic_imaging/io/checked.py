"""Files that the file library writes, compared byte by byte: it does not look whether the disk took all of them.

Nor does it look when it reads: a file that is cut short gives voxels from nowhere. So the voxels are found and unpacked
here, as the formats say: NRRD (teem.sourceforge.net/nrrd/format.html), NIfTI-1 (nifti.nimh.nih.gov), MetaImage
(itk.org/Wiki/MetaIO/Documentation), PNG (RFC 2083).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import SimpleITK as sitk

_CUT = "the file was cut short, the disk may be full"
_PIECE = 1 << 20
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_PACKED = 47  # zlib's number for either of its own format and that of gzip, whose checksums it then compares


def write_checked(image: sitk.Image, path: Path, compression_level: int = -1) -> None:
    """Write an image with one value per voxel; OSError where the disk does not hold its very voxels afterwards.

    path: ends in .nrrd, .nii, .nii.gz, .mha, .mhd or .png. compression_level: of all but the last; negative for none.
    """
    sitk.WriteImage(image, str(path), compression_level >= 0, compression_level)
    written = sitk.ImageFileReader()
    written.SetFileName(str(path))
    try:
        written.ReadImageInformation()
        same = written.GetSize() == image.GetSize() and _holds(path, image)
    except (RuntimeError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise OSError(_CUT) from error
    if not same:
        raise OSError(_CUT)


def _holds(path: Path, image: sitk.Image) -> bool:
    array = sitk.GetArrayViewFromImage(image)
    if path.name.lower().endswith(".png"):
        there = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        return path.read_bytes().endswith(_PNG_END) and np.array_equal(array, there)
    wanted = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    start = 0
    for piece in _voxels(path):
        if not np.array_equal(wanted[start : start + len(piece)], np.frombuffer(piece, np.uint8)):
            return False
        start += len(piece)
    return start == len(wanted)


def _voxels(path: Path) -> Iterator[bytes]:
    """The bytes of the voxels in a file, in pieces; ValueError where packed ones have no end."""
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        yield from _after(_unpacked(path, 0, name.endswith(".gz")))
        return
    with open(path, "rb") as file:
        head = _head(file, b"\n" if name.endswith(".nrrd") else b"ElementDataFile")
        start = file.tell()
    packed = re.search(rb"^(encoding: gz|CompressedData = True)", head, re.MULTILINE) is not None
    outside = re.search(rb"^ElementDataFile = (.+)$", head, re.MULTILINE)
    if outside and outside[1] != b"LOCAL":
        path, start = path.parent / outside[1].decode(), 0
    yield from _unpacked(path, start, packed)


def _head(file: BinaryIO, last: bytes) -> bytes:
    """The lines of a header up to one that begins so: the empty one of NRRD, the file's name of MetaImage."""
    lines = []
    while line := file.readline():
        lines.append(line)
        if line.startswith(last):
            break
    return b"".join(lines)


def _after(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What comes after a NIfTI-1 header and its extensions; their length stands at byte 108."""
    head = b""
    while len(head) < 352:
        head += next(pieces, b"") or b"\0" * 352
    (offset,) = struct.unpack_from("=f", head, 108)
    yield head[int(offset) :]
    yield from pieces


def _unpacked(path: Path, start: int, packed: bool) -> Iterator[bytes]:
    stream = zlib.decompressobj(_PACKED)
    with open(path, "rb") as file:
        file.seek(start)
        while piece := file.read(_PIECE):
            yield stream.decompress(piece) if packed else piece
    if packed and not stream.eof:
        raise ValueError(_CUT)
