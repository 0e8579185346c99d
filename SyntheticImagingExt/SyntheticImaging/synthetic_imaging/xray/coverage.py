"""What a CT cannot show in a view, said before anybody wonders."""

from __future__ import annotations

import numpy as np
import torch

from ..errors import InputError
from ..volume import Volume
from .geometry import View

BODY_HU = -300.0
_AIR_HU = -500.0
_THICK_MM, _THICK_RATIO = 3.0, 2.5
_RAYS = 48
_WORTH_SAYING = 0.01
_ENDS = (("right", "left"), ("anterior", "posterior"), ("superior", "inferior"))


def refuse_source_inside(ct: Volume, view: View) -> None:
    """InputError where the focal spot lies in tissue: such a C-arm cannot stand there."""
    k, j, i = np.rint(ct.ijk_from_ras(view.source_ras)).astype(int)[::-1]
    if all(0 <= index < count for index, count in zip((k, j, i), ct.shape, strict=True)) and ct.data[k, j, i] > _AIR_HU:
        raise InputError(
            "The X-ray source is inside the patient; increase the source-to-isocenter distance, or move the isocenter."
        )


def notices(ct: Volume, view: View) -> tuple[str, ...]:
    """Sentences about thick slices, cut anatomy and pictures beside the CT; none where all is well."""
    found = [_thick(ct)]
    shares = cut_shares(ct, view)
    if shares is None:
        found.append("The picture misses the CT; place the isocenter on a landmark in it.")
    else:
        found += [_cut(end, share) for end, share in shares.items() if share >= _WORTH_SAYING]
    return tuple(sentence for sentence in found if sentence)


def cut_shares(ct: Volume, view: View) -> dict[str, float] | None:
    """Share of the picture's rays that pass through tissue where the CT ends, by the end's name in the patient.

    None where no ray meets the CT.
    """
    coarse = view.resized(min(_RAYS, view.columns), min(_RAYS, view.rows))
    columns, rows = np.meshgrid(np.arange(coarse.columns), np.arange(coarse.rows))
    source = ct.ijk_from_ras(view.source_ras)
    beam = ct.ijk_from_ras(coarse.pixel_ras(columns.ravel(), rows.ravel())) - source
    counts = np.array(ct.shape[::-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        at_low, at_high = (-0.5 - source) / beam, (counts - 0.5 - source) / beam
    enter, leave = np.fmin(at_low, at_high), np.fmax(at_low, at_high)
    first, last = np.nanmax(enter, axis=1).clip(0, 1), np.nanmin(leave, axis=1).clip(0, 1)
    hit = first < last
    if not hit.any():
        return None
    shares: dict[str, float] = {}
    for share, axes in ((first, enter.argmax(axis=1)), (last, leave.argmin(axis=1))):
        inside = hit & (share > 0) & (share < 1)
        points = np.clip(np.rint(source + share[:, None] * beam).astype(int), 0, counts - 1)
        tissue = inside & (_hu_at(ct.data, points) > BODY_HU)
        at_end = source + share[:, None] * beam > counts / 2
        for axis in range(3):
            for high in (False, True):
                through = tissue & (axes == axis) & (at_end[:, axis] == high)
                if through.any():
                    name = _end_name(ct, axis, high)
                    shares[name] = shares.get(name, 0.0) + float(through.mean())
    return shares


def _hu_at(data: torch.Tensor, points: np.ndarray) -> np.ndarray:
    i, j, k = torch.from_numpy(points).to(data.device).T
    return data[k, j, i].float().cpu().numpy()


def _end_name(ct: Volume, axis: int, high: bool) -> str:
    direction = ct.directions[:, axis] * (1 if high else -1)
    main = int(np.abs(direction).argmax())
    return _ENDS[main][0 if direction[main] > 0 else 1]


def _thick(ct: Volume) -> str:
    thick, fine = float(ct.spacing_mm.max()), float(ct.spacing_mm.min())
    if thick < _THICK_MM or thick < _THICK_RATIO * fine:
        return ""
    return f"The CT has voxels of {fine:.2g} by {thick:.2g} mm, so the picture is blurred along the thick direction."


def _cut(end: str, share: float) -> str:
    return f"The CT ends at its {end} side inside the patient: {share:.0%} of the picture's rays miss anatomy there."
