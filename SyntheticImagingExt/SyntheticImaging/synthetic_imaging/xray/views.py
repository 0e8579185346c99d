"""Common views by name, and which of them suit what a CT shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from .geometry import Pose

if TYPE_CHECKING:
    from ..volume import Volume

PELVIS, ANKLE = "pelvis", "ankle"
REGIONS = {PELVIS: "Pelvis and hip", ANKLE: "Ankle"}
"""Parts of the body that have views of their own, and how they are called."""


@dataclass(frozen=True)
class StandardView:
    """A pose, to be stood on an isocenter, as a radiographer calls it. region: of ``REGIONS``, or "" for any."""

    title: str
    pose: Pose
    help: str
    region: str = ""


VIEWS: dict[str, StandardView] = {
    "ap": StandardView("AP", Pose(), "The detector in front of the patient"),
    "lateral-left": StandardView("Lateral L", Pose(lao_deg=90), "The detector at the patient's left"),
    "lateral-right": StandardView("Lateral R", Pose(lao_deg=-90), "The detector at the patient's right"),
    "inlet": StandardView("Inlet", Pose(cran_deg=25), "Pelvic inlet: the detector 25° towards the head", PELVIS),
    "outlet": StandardView("Outlet", Pose(cran_deg=-45), "Pelvic outlet: the detector 45° towards the feet", PELVIS),
    "obturator-oblique-left": StandardView(
        "Obturator L", Pose(lao_deg=45), "Obturator oblique of the left hip (LAO 45)", PELVIS
    ),
    "obturator-oblique-right": StandardView(
        "Obturator R", Pose(lao_deg=-45), "Obturator oblique of the right hip (RAO 45)", PELVIS
    ),
    "iliac-oblique-left": StandardView("Iliac L", Pose(lao_deg=-45), "Iliac oblique of the left hip (RAO 45)", PELVIS),
    "iliac-oblique-right": StandardView("Iliac R", Pose(lao_deg=45), "Iliac oblique of the right hip (LAO 45)", PELVIS),
    "mortise-left": StandardView("Mortise L", Pose(lao_deg=15), "Ankle mortise of the left leg (LAO 15)", ANKLE),
    "mortise-right": StandardView("Mortise R", Pose(lao_deg=-15), "Ankle mortise of the right leg (RAO 15)", ANKLE),
}
"""The detector is in front of the patient. An inlet view is called "caudad" in trauma texts after a beam that
comes from the front; its detector then stands cranially."""


def view_named(name: str) -> StandardView:
    """InputError that lists the names when there is no such view."""
    try:
        return VIEWS[name]
    except KeyError:
        raise InputError(f"There is no view '{name}'; choose one of {', '.join(VIEWS)}.") from None


_WORDS = {
    PELVIS: ("pelvis", "hip", "sacrum", "femur", "ilium", "acetabul"),
    ANKLE: ("ankle", "talus", "fibula", "calcane"),
}
"""What structures of a region are called."""
_GRID_MM, _LEVEL_MM = 4.0, 20.0
_BODY_HU, _LUNG_HU, _BONE_HU = -300, -500, 250
_LEAST_MM = 40.0
"""So much of a region has to be in the CT, along the patient."""
_LUNG_CM2 = 15.0
_TRUNK_MM, _LEG_CM2 = 250.0, 100.0
_PELVIC_BONE, _PELVIC_WIDTH, _LEG_BONE = 0.03, 0.4, 0.1


def regions_in(ct: Volume) -> tuple[str, ...]:
    """The regions of ``REGIONS`` of which a CT in HU seems to show at least 4 cm along the patient.

    A rule of thumb, good enough to choose what is offered first. Pelvis: a trunk at least 25 cm wide, below any lung,
    of which at least 3 % are bone that reaches over 40 % of its width; spine and ribs have less of both. Ankle: no part
    of a level larger than 100 cm2, and at least 10 % of it bone, which fingers and arms beside a trunk never are.
    """
    levels = [_Level(hu) for hu in _levels(ct)]
    lungs = [index for index, level in enumerate(levels) if level.lung_cm2 > _LUNG_CM2]
    below = levels[: lungs[0]] if lungs else levels
    found = {PELVIS: sum(level.is_pelvic for level in below), ANKLE: sum(level.is_of_leg for level in levels)}
    return tuple(name for name, count in found.items() if count * _LEVEL_MM >= _LEAST_MM)


def regions_named(names) -> tuple[str, ...]:
    """The regions of ``REGIONS`` to which structures with these names belong."""
    words = " ".join(names).lower()
    return tuple(region for region, known in _WORDS.items() if any(word in words for word in known))


def _levels(ct: Volume) -> np.ndarray:
    """HU (levels, anterior, right) on a coarse grid from the feet upwards; air beside the CT."""
    hu, shape = ct.numpy(), np.array(ct.shape[::-1])
    corners = ct.ras_from_ijk(np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (shape - 1))
    steps = (_GRID_MM, _GRID_MM, _LEVEL_MM)
    r, a, s = (np.arange(corners[:, axis].min(), corners[:, axis].max() + 1e-6, steps[axis]) for axis in range(3))
    points = np.stack(np.meshgrid(r, a, s, indexing="ij"), -1).reshape(-1, 3)
    ijk = np.rint(ct.ijk_from_ras(points)).astype(int)
    inside = ((ijk >= 0) & (ijk < shape)).all(1)
    values = np.full(len(points), -1024.0, np.float32)
    values[inside] = hu[ijk[inside, 2], ijk[inside, 1], ijk[inside, 0]]
    return values.reshape(len(r), len(a), len(s)).transpose(2, 1, 0)


class _Level:
    """What a level of the patient, (anterior, right) in HU, is made of."""

    def __init__(self, hu: np.ndarray):
        from scipy import ndimage

        pixel_cm2 = _GRID_MM**2 / 100
        body = ndimage.binary_opening(hu > _BODY_HU)  # without table and tubes
        labels, count = ndimage.label(body)
        sizes = ndimage.sum_labels(body, labels, range(1, count + 1)) * pixel_cm2 if count else np.zeros(1)
        filled = ndimage.binary_fill_holes(body)
        columns, bone = np.flatnonzero(body.any(0)), np.nonzero((hu > _BONE_HU) & filled)[1]
        self.lung_cm2 = float(((hu < _LUNG_HU) & filled).sum() * pixel_cm2)
        self._largest_cm2, area = float(sizes.max()), max(1, int(body.sum()))
        self._width_mm = float(columns[-1] - columns[0] + 1) * _GRID_MM if len(columns) else 0.0
        self._bone = len(bone) / area
        spread = np.percentile(bone, 90) - np.percentile(bone, 10) if len(bone) else 0.0
        self._bone_width = float(spread) * _GRID_MM / max(1.0, self._width_mm)

    @property
    def is_pelvic(self) -> bool:
        return self._width_mm > _TRUNK_MM and self._bone > _PELVIC_BONE and self._bone_width > _PELVIC_WIDTH

    @property
    def is_of_leg(self) -> bool:
        return 0 < self._largest_cm2 < _LEG_CM2 and self._bone > _LEG_BONE
