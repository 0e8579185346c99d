"""Files in, files out: NRRD, NIfTI, MetaImage and DICOM series.

Files hold LPS geometry (NIfTI: RAS, turned by the reader); a ``Volume`` holds RAS. The change happens
here and nowhere else. Every failure is an ``InputError`` and leaves the disk as it was.
"""

from __future__ import annotations

from .dicom_reading import SeriesInfo, list_series
from .labels import read_labels, resample_labels
from .metadata import SYNTHETIC_KEY, mark_synthetic
from .volumes import read_volume, write_volume

__all__ = [
    "SYNTHETIC_KEY",
    "SeriesInfo",
    "list_series",
    "mark_synthetic",
    "read_labels",
    "read_volume",
    "resample_labels",
    "write_volume",
]
