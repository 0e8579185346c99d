"""One structure of a prediction against that of a reference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .settings import Measures
from .surfaces import distances


@dataclass(frozen=True)
class Scores:
    """What one structure of one case was measured to be. NaN: not defined, and not counted in means.

    dice, nsd: 0 to 1. voe_percent: volumetric overlap error, 100 (1 - intersection / union). rvd_percent: relative
    volume difference, 100 (predicted - reference) / reference, negative for too little. asd_mm, rmsd_mm, msd_mm: mean,
    root mean square and maximum (Hausdorff) of the distances between the surfaces, both ways together (Heimann et al.,
    IEEE TMI 2009;28:1251). reference_ml, predicted_ml: volumes.

    Where only one of them has the structure, dice and nsd are 0 and voe_percent is 100, and distances are not defined;
    rvd_percent is -100 where the prediction lacks it, and not defined where the reference does. Where none has it,
    nothing but the volumes is defined.
    """

    label: int
    name: str
    dice: float
    nsd: float
    voe_percent: float
    rvd_percent: float
    asd_mm: float
    rmsd_mm: float
    msd_mm: float
    reference_ml: float
    predicted_ml: float


MEASURES = ("dice", "nsd", "voe_percent", "rvd_percent", "asd_mm", "rmsd_mm", "msd_mm")
"""The fields of Scores that are summed up over cases."""


def scores_of(prediction: np.ndarray, reference: np.ndarray, spacing_mm: np.ndarray, measures: Measures,
              label: int = 1, name: str = "") -> Scores:  # fmt: skip
    """Of two masks (K, J, I) on one grid, which may be boxes around what they hold. spacing_mm: along k, j, i."""
    voxel_ml = float(np.prod(spacing_mm)) / 1000
    predicted, there = int(np.count_nonzero(prediction)), int(np.count_nonzero(reference))
    common = int(np.count_nonzero(prediction & reference))
    found = distances(prediction, reference, spacing_mm)
    nsd = found.share_within(measures.tolerance_mm) if predicted and there else _ratio(0, predicted + there)
    return Scores(
        label,
        name,
        dice=_ratio(2 * common, predicted + there),
        nsd=nsd,
        voe_percent=100 * (1 - _ratio(common, predicted + there - common)),
        rvd_percent=100 * _ratio(predicted - there, there),
        asd_mm=found.mean_mm,
        rmsd_mm=found.root_mean_square_mm,
        msd_mm=found.largest_mm,
        reference_ml=there * voxel_ml,
        predicted_ml=predicted * voxel_ml,
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
