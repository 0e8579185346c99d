"""From stored numbers to HU, picture by picture.

What is not compressed is read from its place in the file into one picture's memory; compressed frames are decoded by
the GDCM of SimpleITK (RLE by pydicom), which is given the frame alone, so that nothing but the numbers comes back.
"""

from __future__ import annotations

import tempfile
from math import prod
from pathlib import Path
from typing import cast

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder
from pydicom.uid import UID, RLELossless, SecondaryCaptureImageStorage, generate_uid
from scipy import ndimage

from ...errors import InputError
from ...memory import refuse_without_memory
from ...volume import AIR_HU
from .finding import is_compressed, pixel_element, said, transfer_syntax_of
from .frames import Frame, Storage

_END_OF_STREAM = b"\xff\xd9"  # of JPEG, JPEG-LS and JPEG 2000 alike
_SHORT, _LONG = np.iinfo(np.int16), np.iinfo(np.int32)


def refuse_unreadable(frames: list[Frame], name: str) -> None:
    """InputError where the pixels of a frame cannot be all there, or some frames only say how they become HU."""
    for frame in frames:
        if frame.index == 0:
            _refuse_incomplete(frame)
    for what, given in (
        ("rescale slope", [frame.slope is not None for frame in frames]),
        ("rescale intercept", [frame.intercept is not None for frame in frames]),
    ):
        if any(given) and not all(given):
            raise InputError(
                f"{frames[given.index(False)].told} of '{name}' has no {what} and other slices have one, so its HU are "
                "not known; export the series again."
            )


def hounsfield(frames: list[Frame], name: str) -> np.ndarray:
    """The numbers of all frames, rescaled (K, J, I): int16 where whole and in its range, else int32 or float32.

    Of CT, what is declared as padding and would be more than air becomes air where it touches the border.
    """
    whole = all(_slope(frame).is_integer() and _intercept(frame).is_integer() for frame in frames)
    shape, dtype = (len(frames), frames[0].rows, frames[0].columns), np.dtype(np.int16 if whole else np.float32)
    refuse_without_memory(prod(shape) * dtype.itemsize, f"'{name}' ({' x '.join(map(str, shape[::-1]))} voxels)")
    reader, array = Reader(), np.empty(shape, dtype)
    for k, frame in enumerate(frames):
        stored = reader.stored(frame)
        outside = _outside(frame, stored)
        if whole:
            array = _holding(array, frame, stored if outside is None else stored[~outside])
            # sums that wrap around are exact where their end is in range
            np.multiply(stored.astype(array.dtype), _wrapped(_slope(frame), array), out=array[k])
            array[k] += _wrapped(_intercept(frame), array)
        else:
            array[k] = stored * _slope(frame) + _intercept(frame)
        if outside is not None:
            array[k][outside] = AIR_HU
    return array


class Reader:
    """Reads the stored numbers of frames, one after the other; the last compressed file is kept for its next frame."""

    def __init__(self) -> None:
        self._kept: tuple[Path | None, bytes] = None, b""

    def stored(self, frame: Frame) -> np.ndarray:
        """The numbers of one frame as they are stored (rows, columns), without overlays, with their sign.

        A padding value that the stored bits do not hold stays as it is written.
        """
        try:
            raw = _decoded(frame, self._compressed(frame)) if is_compressed(frame.header) else _plain(frame)
        except (OSError, EOFError) as error:
            raise InputError(f"{frame.told} could not be read ({error}); copy the series again.") from error
        return _without_other_bits(raw, frame)

    def _compressed(self, frame: Frame) -> bytes:
        header = frame.header
        offsets = None
        if "ExtendedOffsetTable" in header and "ExtendedOffsetTableLengths" in header:
            offsets = (header.ExtendedOffsetTable, header.ExtendedOffsetTableLengths)
        try:
            if self._kept[0] != frame.path:
                whole = pydicom.dcmread(frame.path, force=True, specific_tags=["PixelData"])
                self._kept = frame.path, bytes(whole.PixelData)
            return get_frame(self._kept[1], frame.index, number_of_frames=frame.of, extended_offsets=offsets)
        except Exception as error:
            # whatever pydicom stumbles over in damaged bytes
            raise InputError(
                f"The compressed pixels of {frame.told} are damaged or cut short ({error}); copy the series again."
            ) from error


def _refuse_incomplete(frame: Frame) -> None:
    syntax = transfer_syntax_of(frame.header)
    if syntax is not None and not syntax.is_transfer_syntax:
        raise InputError(f"{frame.told} is written in a way that DICOM does not know ({syntax}); export it again.")
    if is_compressed(frame.header):
        return
    length = pixel_element(frame.header).length
    picture = frame.rows * frame.columns * frame.storage.allocated // 8
    excess = length - picture * frame.of
    if not 0 <= excess < max(2, frame.columns * frame.storage.allocated // 8):
        raise InputError(
            f"{frame.told} has {length} bytes of pixels where {picture * frame.of} belong ({frame.of} x {frame.rows} x "
            f"{frame.columns} pixels of {frame.storage.allocated} bits); it may be cut short or damaged, so copy or "
            "export the series again."
        )


def _plain(frame: Frame) -> np.ndarray:
    order = "<" if frame.header.original_encoding[1] else ">"
    dtype = np.dtype(f"{order}u{frame.storage.allocated // 8}")
    count = frame.rows * frame.columns
    start = frame.index * count * dtype.itemsize
    element = pixel_element(frame.header)
    if element.value is None:
        raw = np.fromfile(frame.path, dtype, count, offset=element.value_tell + start)
    else:
        raw = np.frombuffer(element.value[start : start + count * dtype.itemsize], dtype)
    if raw.size != count:
        raise InputError(f"{frame.told} is cut short: {raw.size} of {count} pixels are there; copy the series again.")
    return raw.reshape(frame.rows, frame.columns).astype(dtype.newbyteorder("="), copy=False)


def _without_other_bits(raw: np.ndarray, frame: Frame) -> np.ndarray:
    storage = frame.storage
    as_written = raw.view(raw.dtype.str.replace("u", "i")) if storage.signed else raw
    if storage.stored == storage.allocated:
        return as_written
    unsigned, own = raw.dtype.type, as_written.dtype.type
    shift, spare = storage.high_bit + 1 - storage.stored, storage.allocated - storage.stored
    numbers = (raw << unsigned(spare - shift)).view(as_written.dtype) >> own(spare)
    nothing_else = (raw & unsigned((1 << storage.stored) - 1 << shift)) == raw
    only_the_sign = numbers << own(shift) == as_written
    other = ~(nothing_else | only_the_sign)
    if other.any():
        padding = _beyond_stored_bits(as_written, storage)
        if not storage.overlays and (other & ~padding).any():
            raise InputError(
                f"{frame.told} has numbers that need more than the {storage.stored} bits it declares, and no overlay "
                "in the others; export the series again."
            )
        numbers[padding] = as_written[padding]
    return numbers


def _beyond_stored_bits(as_written: np.ndarray, storage: Storage) -> np.ndarray:
    """Where padding stands that needs more bits than the pixels have, as -2000 among numbers of 12 bits."""
    if storage.padding is None or _fits(storage.padding, storage):
        return np.zeros(as_written.shape, bool)
    return (as_written >= storage.padding[0]) & (as_written <= storage.padding[1])


def _fits(padding: tuple[int, int], storage: Storage) -> bool:
    low, high = storage.limits
    return low <= padding[0] and padding[1] <= high


def _holding(array: np.ndarray, frame: Frame, stored: np.ndarray) -> np.ndarray:
    """The array, with more bits where the HU of these numbers need them."""
    if not stored.size:
        return array
    ends = [int(number) * int(_slope(frame)) + int(_intercept(frame)) for number in (stored.min(), stored.max())]
    low, high = min(ends), max(ends)
    if not _LONG.min <= low <= high <= _LONG.max:
        raise InputError(f"{frame.told} has numbers from {low} to {high}, which are no HU; export the series again.")
    return array if _SHORT.min <= low <= high <= _SHORT.max else array.astype(np.int32, copy=False)


def _wrapped(value: float, like: np.ndarray) -> np.ndarray:
    return np.array(int(value) % (1 << 64), np.uint64).astype(like.dtype)


def _outside(frame: Frame, stored: np.ndarray) -> np.ndarray | None:
    """Where a CT's padding stands that has to become air; None where none does, or padding is below air already."""
    padding = frame.storage.padding
    if padding is None or said(frame.header, "Modality") != "CT":
        return None
    if max(_slope(frame) * padding[0], _slope(frame) * padding[1]) + _intercept(frame) <= AIR_HU:
        return None
    outside = _at_border((stored >= padding[0]) & (stored <= padding[1]))
    return outside if outside.any() else None


def _at_border(mask: np.ndarray) -> np.ndarray:
    """The parts of a mask that touch the border: padding lies outside the patient, metal of the same number inside."""
    parts, _ = ndimage.label(mask)
    edge = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    return np.isin(parts, edge[edge > 0])


def _slope(frame: Frame) -> float:
    return frame.slope or 1.0  # a slope of 0 would make one number of all; it stands for "none" where it is met


def _intercept(frame: Frame) -> float:
    return frame.intercept or 0.0


def _decoded(frame: Frame, data: bytes) -> np.ndarray:
    syntax = transfer_syntax_of(frame.header)
    if not data or (syntax != RLELossless and _END_OF_STREAM not in data[-4:]):
        raise InputError(f"The compressed pixels of {frame.told} are cut short; copy the series again.")
    bare = pydicom.Dataset()
    bare.file_meta = FileMetaDataset()
    bare.file_meta.TransferSyntaxUID = cast(UID, syntax)
    bare.SOPClassUID, bare.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    bare.SamplesPerPixel, bare.PhotometricInterpretation = 1, "MONOCHROME2"
    storage = frame.storage
    bare.Rows, bare.Columns, bare.PixelRepresentation = frame.rows, frame.columns, int(storage.signed)
    bare.BitsAllocated, bare.BitsStored, bare.HighBit = storage.allocated, storage.stored, storage.high_bit
    bare.PixelData = pydicom.encaps.encapsulate([data])
    bare["PixelData"].VR = "OB"
    bare["PixelData"].is_undefined_length = True
    try:
        # GDCM refuses some RLE that is right
        array = get_decoder(RLELossless).as_array(bare, raw=True)[0] if syntax == RLELossless else _by_gdcm(bare)
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"The pixels of {frame.told} could not be decoded ({cast(UID, syntax).name}); they are damaged, or "
            "compressed in a way that is not read here. Export the series again, uncompressed."
        ) from error
    size = np.dtype(f"u{frame.storage.allocated // 8}")
    if array.size != frame.rows * frame.columns or array.dtype.kind not in "iu":
        raise InputError(f"The compressed pixels of {frame.told} are of another size than it says; export it again.")
    return array.reshape(frame.rows, frame.columns).astype(f"i{size.itemsize}").view(size)


def _by_gdcm(bare: pydicom.Dataset) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.dcm"
        bare.save_as(path, enforce_file_format=True)
        return sitk.GetArrayFromImage(sitk.ReadImage(str(path), imageIO="GDCMImageIO"))
