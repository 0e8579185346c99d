"""The images of a study, read a piece at a time, so that the window stays alive; at most two cases are in memory."""

import hashlib
import struct

PIECE_BYTES = 2 * 2**20
_HEADER_BYTES = 348
_INT16 = 4


class StudyImage:
    """One image that is being read: voxels (K, J, I) in int16, ijk_to_ras as four rows.

    Opening it raises InputError where it is missing or is no image of a study.
    """

    def __init__(self, study, code):
        self.code, self.voxels = code, None
        self._path, self._sha256 = study.image_path(code), study.case(code).sha256
        self._digest, self._done = hashlib.sha256(), 0
        with self._explained(), open(self._path, "rb") as file:
            self._readHeader(file)

    @property
    def isComplete(self):
        return self._done == self._bytes.nbytes

    @property
    def share(self):
        """How much of it is read, 0 to 1."""
        return self._done / self._bytes.nbytes

    def readPiece(self):
        """Read the next few megabytes; InputError where the file is cut short or is not the one that was made."""
        with self._explained(), open(self._path, "rb") as file:
            file.seek(self._offset + self._done)
            piece = self._bytes[self._done : self._done + PIECE_BYTES]
            if file.readinto(piece) != piece.nbytes:
                raise self._damaged()
        self._digest.update(piece)
        self._done += piece.nbytes
        if self.isComplete and self._digest.hexdigest() != self._sha256:
            raise self._damaged()

    def _readHeader(self, file):
        """NIfTI-1, one file, not compressed: the only form in which studies are made."""
        import numpy as np

        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES or header[344:347] != b"n+1" or header[:4] != struct.pack("<i", _HEADER_BYTES):
            raise self._damaged()
        shape = struct.unpack_from("<8h", header, 40)
        kind, offset = struct.unpack_from("<h", header, 70)[0], int(struct.unpack_from("<f", header, 108)[0])
        if kind != _INT16 or shape[0] not in (2, 3) or min(shape[1:4]) < 1 or offset < _HEADER_BYTES:
            raise self._damaged()
        rows = struct.unpack_from("<12f", header, 280)
        self.ijkToRas = [list(rows[0:4]), list(rows[4:8]), list(rows[8:12]), [0.0, 0.0, 0.0, 1.0]]
        self.voxels = np.empty(shape[3:0:-1], "<i2")
        self._bytes = memoryview(self.voxels.reshape(-1).view(np.uint8))
        self._offset = offset
        file.seek(0)
        self._digest.update(file.read(offset))

    def _damaged(self):
        from synthetic_imaging.errors import InputError

        return InputError(
            f"Image '{self._path.name}' of the study is damaged or was changed; copy the study again from its owner. "
            "All answers given so far are kept."
        )

    def _explained(self):
        return _Explained(self._path)


class _Explained:
    """Says in a sentence why a file cannot be read."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        from synthetic_imaging.errors import InputError

        if isinstance(error, OSError):
            raise InputError(
                f"Image '{self._path.name}' of the study cannot be read: {error.strerror or error}. Connect its folder "
                "again and go on; all answers given so far are kept."
            ) from error
        if isinstance(error, MemoryError):
            raise InputError(
                f"There is not enough memory for image '{self._path.name}'; close other programs and go on."
            ) from error


class ImageStore:
    """Holds what is asked for next, and what was read ahead of it; nothing else."""

    def __init__(self, study):
        self._study = study
        self._images = {}

    def readSteps(self, codes):
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

    def isComplete(self, codes):
        """Whether images can be shown without reading."""
        return all(code in self._images and self._images[code].isComplete for code in codes)

    def take(self, codes):
        """Hand out images that are complete; the store forgets them and everything else."""
        images = [self._images[code] for code in codes]
        self._images.clear()
        return images

    def keepOnly(self, codes):
        """Forget all other images."""
        self._images = {code: image for code, image in self._images.items() if code in codes}

    def clear(self):
        self._images.clear()
