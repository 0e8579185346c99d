"""The images of a study, read a piece at a time, so that the window stays alive; at most two cases are in memory."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.study import PIECE_BYTES, Study

_HEADER_BYTES = 348
_INT16 = 4


class StudyImage:
    """One image that is being read: voxels (K, J, I) in int16, ijk_to_ras as four rows.

    Opening it raises InputError where it is missing or is no image of a study.
    """

    def __init__(self, study: Study, code: str):
        self.code, self.voxels = code, None
        self._study, self._path = study, study.image_path(code)
        self._digest, self._done = hashlib.sha256(), 0
        with self._explained(), open(self._path, "rb") as file:
            self._readHeader(file)

    @property
    def isComplete(self) -> bool:
        return self._done == self._bytes.nbytes

    @property
    def share(self) -> float:
        """How much of it is read, 0 to 1."""
        return self._done / self._bytes.nbytes

    def readPiece(self) -> None:
        """Read the next few megabytes; InputError where the file is cut short or is not the one that was made."""
        with self._explained(), open(self._path, "rb") as file:
            file.seek(self._offset + self._done)
            piece = self._bytes[self._done : self._done + PIECE_BYTES]
            if file.readinto(piece) != piece.nbytes:
                raise self._study.damage_of(self.code)
        self._digest.update(piece)
        self._done += piece.nbytes
        if self.isComplete:
            self._study.check_digest(self.code, self._digest.hexdigest())

    def _readHeader(self, file):
        """NIfTI-1, one file, not compressed: the only form in which studies are made."""
        import numpy as np

        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES or header[344:347] != b"n+1" or header[:4] != struct.pack("<i", _HEADER_BYTES):
            raise self._study.damage_of(self.code)
        shape = struct.unpack_from("<8h", header, 40)
        kind, offset = struct.unpack_from("<h", header, 70)[0], int(struct.unpack_from("<f", header, 108)[0])
        if kind != _INT16 or shape[0] not in (2, 3) or min(shape[1:4]) < 1 or offset < _HEADER_BYTES:
            raise self._study.damage_of(self.code)
        rows = struct.unpack_from("<12f", header, 280)
        self.ijkToRas = [list(rows[0:4]), list(rows[4:8]), list(rows[8:12]), [0.0, 0.0, 0.0, 1.0]]
        self.voxels = np.empty(shape[3:0:-1], "<i2")
        self._bytes = memoryview(self.voxels.reshape(-1).view(np.uint8))
        self._offset = offset
        file.seek(0)
        self._digest.update(file.read(offset))

    @contextmanager
    def _explained(self):
        """Says in a sentence why the file cannot be read."""
        try:
            yield
        except OSError as error:
            raise self._study.unreadable(self.code, error) from error
        except MemoryError as error:
            raise InputError(
                f"There is not enough memory for image '{self._path.name}'; close other programs and go on."
            ) from error


class ImageStore:
    """Holds what is asked for next, and what was read ahead of it; nothing else."""

    def __init__(self, study: Study):
        self._study = study
        self._images: dict[str, StudyImage] = {}

    def readSteps(self, codes: Sequence[str]) -> Iterator[float]:
        """Generator (share from 0 to 1): read images, from where an earlier reading of them stopped."""
        for code in codes:
            if code not in self._images:
                self._images[code] = StudyImage(self._study, code)
        images = [self._images[code] for code in codes]
        for image in images:
            while not image.isComplete:
                try:
                    image.readPiece()
                except BaseException:
                    self._images.pop(image.code, None)
                    raise
                yield sum(each.share for each in images) / len(images)

    def isComplete(self, codes: Sequence[str]) -> bool:
        """Whether images can be shown without reading."""
        return all(code in self._images and self._images[code].isComplete for code in codes)

    def take(self, codes: Sequence[str]) -> list[StudyImage]:
        """Hand out images that are complete; the store forgets them and everything else."""
        images = [self._images[code] for code in codes]
        self._images.clear()
        return images

    def keepOnly(self, codes: Collection[str]) -> None:
        """Forget all other images."""
        self._images = {code: image for code, image in self._images.items() if code in codes}

    def clear(self) -> None:
        self._images.clear()
