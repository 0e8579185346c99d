"""Files that the file library writes, read back: it does not look whether the disk took all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

_CUT = "the file was cut short, the disk may be full"


def write_checked(image: sitk.Image, path: Path, compression_level: int = -1) -> None:
    """Write an image and compare what is on the disk with it; OSError where that is not the same.

    compression_level: of formats that compress; negative for none.
    """
    sitk.WriteImage(image, str(path), compression_level >= 0, compression_level)
    try:
        again = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise OSError(_CUT) from error
    wanted, found = sitk.GetArrayViewFromImage(image), sitk.GetArrayViewFromImage(again)
    if not np.array_equal(wanted, found, equal_nan=wanted.dtype.kind == "f"):
        raise OSError(_CUT)
