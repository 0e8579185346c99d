"""One program at a time: a lock on an open file, which the system frees when its program ends, however it ends."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    def lock(descriptor: int) -> bool:
        """Take the lock of an open file; False where the disk has none. OSError while another program has it."""
        os.lseek(descriptor, 2**30, os.SEEK_SET)  # beyond the text: a locked region cannot be read on Windows
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import errno
    import fcntl

    def lock(descriptor: int) -> bool:
        """Take the lock of an open file; False where the disk has none. OSError while another program has it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
                raise
            return False  # some network disks
        return True
