"""Files in, files out: NRRD, NIfTI, MetaImage and DICOM series.

Files hold LPS geometry (NIfTI: RAS, turned by the reader); a ``Volume`` holds RAS. The change happens
here and nowhere else. Every failure is an ``InputError`` and leaves the disk as it was.

Names are loaded when they are first used, so that writing a report does not load torch.
"""

from __future__ import annotations

from importlib import import_module

_MODULE_OF = {
    "SYNTHETIC_KEY": "metadata",
    "Segment": "dicom.segmentation_writing",
    "SeriesInfo": "dicom.series",
    "list_series": "dicom.series",
    "mark_synthetic": "metadata",
    "read_labels": "labels",
    "read_mask": "labels",
    "read_volume": "volumes",
    "resample_labels": "labels",
    "slices_of": "dicom.series",
    "write_segmentation": "dicom.segmentation_writing",
    "write_volume": "volumes",
}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str):
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
