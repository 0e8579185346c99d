"""How far each ray runs in structures, in bands of rows, so that a window lives on meanwhile."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING

from synthetic_imaging.xray.geometry import View

if TYPE_CHECKING:
    from synthetic_imaging.xray.truth import StructureProjector


BAND_RAYS = 16384


def lengthSteps(projector: StructureProjector, view: View) -> Generator:
    """Generator; returns the lengths (L, rows, columns) in mm of a core StructureProjector, band by band."""
    import torch

    bands, count = [], max(1, BAND_RAYS // view.columns)
    for first in range(0, view.rows, count):
        bands.append(projector.of(_rowsOf(view, first, min(first + count, view.rows))).lengths_mm)
        yield
    return torch.cat(bands, dim=1)


def _rowsOf(view, first, stop):
    """The part of a view with some of its rows."""
    return replace(view, detector_origin_ras=view.pixel_ras(0, first), rows=stop - first)
