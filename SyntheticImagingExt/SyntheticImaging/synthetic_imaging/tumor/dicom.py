"""A synthetic CT as DICOM: the series of its slices, and what lies where in it as segmentations of that series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.uid import generate_uid

from ..io import mark_synthetic, write_volume
from ..io.dicom.segmentation_writing import ALTERED, MASS, SEMIAUTOMATIC, Segment, anatomic_term, write_segmentation
from ..io.dicom.series import slices_of
from ..segmentation.recipe import Label
from ..segmentation.segments import color_of
from .composition import LESION, ORGAN
from .lesion import Lesion
from .placement import Case

SERIES, SEGMENTATIONS = "dicom", ("labels.dcm", "instances.dcm")
"""Names in a result's folder: of the series' folder, and of the files with the labels and with the single lesions."""

_ALGORITHM = "Synthetic Imaging: lesions inserted by software"
_SYNTHETIC = "synthetic lesion, inserted by software; not for clinical use"
_ORGAN_COLOR, _LESION_COLOR = (221, 130, 101), (144, 238, 144)
_CONTENT = "SYNTHETIC"


@dataclass(frozen=True)
class Result:
    """What a composition was when it was to be written: arrays (K, J, I) on the grid of the case's CT."""

    case: Case
    lesions: Sequence[Lesion]
    hu: np.ndarray
    labels: np.ndarray
    instances: np.ndarray


def save_dicom(folder: Path, result: Result, header: Mapping[str, str] | None = None) -> list[str]:
    """Write the CT, its labels and its single lesions, all marked as synthetic; returns the names of what was written.

    Lesions that cover no voxel are in no segmentation; without any there is none of the single lesions. header: of
    the patient's images as ``Volume.metadata`` has it; None takes that of the case's CT.
    """
    case, lesions = result.case, result.lesions
    ct = case.ct if header is None else replace(case.ct, metadata=dict(header))
    kind = f"{len(lesions)} synthetic {case.organ_name} lesion{'' if len(lesions) == 1 else 's'}"
    slices = slices_of(write_volume(folder / SERIES, mark_synthetic(ct.like(result.hu), kind)))
    organ = anatomic_term(case.organ_name)
    labels, instances = ct.like(result.labels), ct.like(result.instances)
    kinds = [
        Segment(
            ORGAN, case.organ_name, type=organ, color=_ORGAN_COLOR, method=SEMIAUTOMATIC, algorithm="mask as given",
            description="organ without the synthetic lesions",
        ),
        Segment(
            LESION, "synthetic lesions", ALTERED, MASS, organ, _LESION_COLOR, algorithm=_ALGORITHM,
            description=_SYNTHETIC,
        ),
    ]  # fmt: skip
    single = [
        Segment(
            number, lesion.name, ALTERED, MASS, organ, color_of(Label(number, lesion.name)), algorithm=_ALGORITHM,
            description=_SYNTHETIC, tracking=(lesion.name, _tracking_uid(case, lesion)),
        )
        for number, lesion in enumerate(lesions, 1)
    ]  # fmt: skip
    written = [SERIES]
    for name, volume, segments in zip(SEGMENTATIONS, (labels, instances), (kinds, single), strict=True):
        if any((volume.data == segment.label).any() for segment in segments):
            what = f"synthetic: {Path(name).stem} of {kind}"
            write_segmentation(folder / name, volume, slices, segments, what, _CONTENT)
            written.append(name)
    return written


def _tracking_uid(case: Case, lesion: Lesion) -> str:
    """The same for the same lesion of the same CT, whatever its size: a lesion that grows is tracked by it."""
    return generate_uid(entropy_srcs=[case.ct_sha256, lesion.name, repr(lesion.center_ras)])
