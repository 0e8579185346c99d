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
_RAYS, _FINE_RAYS = 40, 512
_SAMPLES, _TISSUE_SAMPLES = 12, 2
_ALONG_MM, _ACROSS_MM = 100.0, 10.0
"""How far the patient is thought to go on beyond the CT, along the body and at its sides."""
_WORTH_SAYING = 0.01
_ENDS = (("right", "left"), ("anterior", "posterior"), ("superior", "inferior"))


def refuse_source_inside(ct: Volume, view: View) -> None:
    """InputError where the focal spot lies in the patient, also in gas: such a C-arm cannot stand there."""
    place = np.rint(ct.ijk_from_ras(view.source_ras)).astype(int)
    if not _within(ct, place):
        return
    if _hu_at(ct.data, place[None])[0] > _AIR_HU or _is_enclosed(ct, place):
        raise InputError(
            "The X-ray source is inside the patient; increase the source-to-isocenter distance, or move the isocenter."
        )


def _is_enclosed(ct: Volume, place: np.ndarray) -> bool:
    """Whether tissue lies in all eight directions within the slice, as around lung and bowel gas."""
    axes = [axis for axis in range(3) if axis != _long_axis(ct)]
    steps = np.zeros((9, 3), int)
    steps[:, axes] = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    steps = steps[steps.any(axis=1)]
    points = place + np.arange(1, max(ct.shape))[:, None, None] * steps
    inside = _within(ct, points)
    tissue = np.zeros(inside.shape, bool)
    tissue[inside] = _hu_at(ct.data, points[inside]) > BODY_HU
    return bool(tissue.any(axis=0).all())


def _within(ct: Volume, points: np.ndarray) -> np.ndarray:
    return np.all((points >= 0) & (points < np.array(ct.shape[::-1])), axis=-1)


def _long_axis(ct: Volume) -> int:
    """The voxel axis along which the patient goes on beyond the CT."""
    return int(np.abs(ct.directions[2]).argmax())


def notices(ct: Volume, view: View) -> tuple[str, ...]:
    """Sentences about thick slices, cut anatomy and pictures beside the CT; none where all is well."""
    found = [_thick(ct)]
    shares = cut_shares(ct, view)
    if shares is None:
        found.append("The picture misses the CT; place the isocenter on a landmark in it.")
    else:
        found.append(_cut({end: share for end, share in shares.items() if share >= _WORTH_SAYING}))
    return tuple(sentence for sentence in found if sentence)


def cut_shares(ct: Volume, view: View) -> dict[str, float] | None:
    """Share of the picture's rays that miss tissue because the CT ends there, by the end's name in the patient.

    The patient is thought to go on as the last slice is: 100 mm beyond the first and the last slice, a little at the
    sides. None where no ray meets the CT.
    """
    source, beam = _rays(ct, view, _RAYS)
    enter, leave = _crossings(ct, source, beam)
    if not _meets(enter, leave) and not _meets(*_crossings(ct, *_rays(ct, view, _FINE_RAYS))):
        return None
    shares: dict[str, float] = {}
    counts = np.array(ct.shape[::-1])
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        first, last = enter[:, others].max(axis=1).clip(0, 1), leave[:, others].min(axis=1).clip(0, 1)
        reach = (_ALONG_MM if axis == _long_axis(ct) else _ACROSS_MM) / float(ct.spacing_mm[axis])
        for high in (False, True):
            end, sign = (counts[axis] - 0.5, 1) if high else (-0.5, -1)
            with np.errstate(divide="ignore", invalid="ignore"):
                at_end, far = ((end + sign * step - source[axis]) / beam[:, axis] for step in (0.0, reach))
            begin, stop = np.fmax(first, np.fmin(at_end, far)), np.fmin(last, np.fmax(at_end, far))
            share = _tissue_share(ct, source, beam, begin, stop)
            if share > 0:
                name = _end_name(ct, axis, high)
                shares[name] = shares.get(name, 0.0) + share
    return shares


def _rays(ct: Volume, view: View, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Source (3,) and rays to the detector (N, 3) in voxels, evenly over the picture."""
    coarse = view.resized(min(count, view.columns), min(count, view.rows))
    columns, rows = np.meshgrid(np.arange(coarse.columns), np.arange(coarse.rows))
    source = ct.ijk_from_ras(view.source_ras)
    return source, ct.ijk_from_ras(coarse.pixel_ras(columns.ravel(), rows.ravel())) - source


def _crossings(ct: Volume, source: np.ndarray, beam: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each ray, as a share of its length, enters and leaves the CT's slab of each axis, (N, 3) each."""
    with np.errstate(divide="ignore", invalid="ignore"):
        at_low, at_high = (-0.5 - source) / beam, (np.array(ct.shape[::-1]) - 0.5 - source) / beam
    return np.fmin(at_low, at_high), np.fmax(at_low, at_high)


def _meets(enter: np.ndarray, leave: np.ndarray) -> bool:
    return bool((enter.max(axis=1).clip(0, 1) < leave.min(axis=1).clip(0, 1)).any())


def _tissue_share(ct: Volume, source: np.ndarray, beam: np.ndarray, begin: np.ndarray, stop: np.ndarray) -> float:
    """Share of the rays that pass tissue between two shares of their length, the CT's ends going on beyond it."""
    some = np.flatnonzero(begin < stop)
    if not some.size:
        return 0.0
    parts = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    along = begin[some, None] + parts * (stop - begin)[some, None]
    points = np.rint(source + along[..., None] * beam[some, None]).astype(int)
    points = points.clip(0, np.array(ct.shape[::-1]) - 1).reshape(-1, 3)
    tissue = (_hu_at(ct.data, points) > BODY_HU).reshape(-1, _SAMPLES)
    return float((tissue.sum(axis=1) >= _TISSUE_SAMPLES).sum() / len(beam))


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


def _cut(shares: dict[str, float]) -> str:
    """One sentence, the largest share first; "" for none."""
    order = sorted(shares, key=shares.__getitem__, reverse=True)
    if not order:
        return ""
    first = f"{shares[order[0]]:.0%} of the picture's rays miss anatomy beyond its {order[0]} end"
    return f"The CT does not hold all: {', '.join([first, *(f'{shares[end]:.0%} its {end}' for end in order[1:])])}."
