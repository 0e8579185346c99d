"""What a model found, as a DICOM segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..io.dicom.finding import is_dicom
from ..io.dicom.segmentation_writing import Segment, write_segmentation
from ..io.dicom.series import Slices, slices_of
from ..volume import Volume
from .recipe import Label
from .segments import color_of


def slices_for(image: Path, series: int | str | None = None) -> Slices:
    """The slices that a segmentation of an image refers to; InputError where the image is none of DICOM."""
    if not image.is_dir() and not is_dicom(image):
        raise InputError(
            f"A DICOM segmentation refers to DICOM images, and '{image.name}' is another file. End --out in .seg.nrrd, "
            "or give the folder of the DICOM series."
        )
    return slices_of(image, series)


def write_dicom(path: Path, labels: Volume, structures: Sequence[Label], slices: Slices, model: str) -> Path:
    """Write labels of a model with their names, terms and colors as a DICOM SEG; see ``write_segmentation``.

    model: its name, which the file gives for what found them.
    """
    segments = [
        Segment(
            label.value, label.name, label.category, label.type, color=color_of(label), algorithm=model, learned=True
        )
        for label in structures
    ]
    return write_segmentation(path, labels, slices, segments, f"Segmentation by {model or 'a model'}")
