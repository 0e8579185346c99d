"""The anthropomorphic torso: from the lower chest to the hips, as an abdominal CT shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ..errors import InputError
from ..io import mark_synthetic
from ..volume import Volume
from . import abdomen, bowel, chest, fields, liver, skeleton, trunk
from . import tissues as t
from .canvas import Canvas
from .frame import Frame, Habitus
from .shapes import tube

FIELD_MM = (410.0, 410.0, 400.0)
"""Extent along i, j and k that ``shape`` divides where no spacing is given."""
_CENTER_RAS = (0.0, -6.0, 12.0)
_WARP_MM, _WARP_SCALE_MM = 1.9, 70.0


@dataclass(frozen=True)
class Phantom:
    """A CT and the truth it was made from, on one grid.

    ct: int16 HU; labels: uint8; label_names: what each label is; landmarks: named points in RAS mm.
    """

    ct: Volume
    labels: Volume
    label_names: dict[int, str]
    landmarks: dict[str, tuple[float, float, float]]

    def mask(self, *names: str) -> Volume:
        """The voxels of one or more named labels as a uint8 volume of 0 and 1."""
        numbers = [label_of(name) for name in names]
        found = torch.isin(self.labels.data, torch.tensor(numbers, dtype=torch.uint8))
        return self.labels.like(found.to(torch.uint8))


def label_of(name: str) -> int:
    """The label with a name, for example "liver"."""
    for tissue in t.TISSUES:
        if tissue.name == name:
            return tissue.label
    raise InputError(f"The torso has no label '{name}'; it has: {', '.join(tissue.name for tissue in t.TISSUES)}.")


def torso(
    seed: int = 0,
    shape: tuple[int, int, int] = (200, 256, 256),
    spacing_mm: tuple[float, float, float] | None = None,
    noise_hu: float = 12.0,
    table: bool = True,
) -> Phantom:
    """Make a torso in the portal venous phase, supine and head first.

    seed: the anatomy (stature, fat, sizes, places, vessel trees) and the noise; the anatomy of a seed is the same on
        every grid.
    shape: voxels (K, J, I); spacing_mm: voxel size along i, j and k, by default FIELD_MM over the shape.
    noise_hu: standard deviation of the scanner's noise, correlated as behind a soft kernel.
    table: whether the patient lies on one.

    Every boundary is blurred over about the voxel size; the label of a voxel is what is at its center.
    """
    shape, spacing_mm = _checked(shape, spacing_mm, noise_hu)
    rng = np.random.default_rng(seed)
    habitus = Habitus.draw(rng)
    warp = fields.lattice(rng, _WARP_SCALE_MM, 3)
    texture = fields.lattice(rng, 9.0), fields.lattice(rng, 3.2)
    canvas = Canvas(shape, spacing_mm, _CENTER_RAS, habitus.scale, warp, _WARP_MM, psf_mm=1.0)
    _paint_body(canvas, habitus)
    if table:
        _paint_table(canvas)
    _add_texture(canvas, *texture)
    return _finished(canvas, seed, noise_hu)


def _checked(shape, spacing_mm, noise_hu: float):
    if len(shape) != 3 or min(shape) < 8:
        raise InputError(
            f"The phantom's shape {tuple(shape)} must have three numbers of at least 8: slices, rows, columns."
        )
    if spacing_mm is None:
        spacing_mm = tuple(field / count for field, count in zip(FIELD_MM, reversed(shape), strict=True))
    if len(spacing_mm) != 3 or not all(0.1 <= mm <= 50 for mm in spacing_mm):
        raise InputError(
            f"The phantom's spacing {tuple(spacing_mm)} must have three numbers from 0.1 to 50 mm: i, j, k."
        )
    if not 0 <= noise_hu <= 500:
        raise InputError(f"The phantom's noise must lie between 0 and 500 HU, not {noise_hu:g}.")
    return tuple(int(n) for n in shape), tuple(float(mm) for mm in spacing_mm)


def _paint_body(canvas: Canvas, habitus: Habitus) -> None:
    """All organs, from the outside in and from soft to hard: later ones displace earlier ones."""
    frame = Frame.build(habitus)
    organs = abdomen.Organs.build(frame, habitus)
    right_kidney = organs.right_kidney.solid
    lobes = liver.Liver.build(frame, habitus, right_kidney)
    trunk.paint_hull(canvas, frame, habitus)
    chest.paint_chest(canvas, frame, habitus)
    trunk.paint_diaphragm(canvas, frame)
    abdomen.paint_pelvic_organs(canvas, habitus)
    spine = tube([(0, -40, -120), (0, -36, 80)], 34)
    blocked = lobes.solid | lobes.gallbladder | right_kidney | organs.left_kidney.solid | organs.spleen | spine
    bowel.paint_bowel(canvas, frame, habitus, blocked)
    trunk.paint_muscles(canvas, frame, habitus)
    abdomen.paint_organs(canvas, organs, habitus)
    liver.paint_liver(canvas, lobes, habitus)
    abdomen.paint_vessels(canvas, organs, habitus)
    skeleton.paint_ribs(canvas, frame, habitus)
    skeleton.paint_pelvis(canvas, habitus)
    skeleton.paint_spine(canvas, habitus)


def _paint_table(canvas: Canvas) -> None:
    """A carbon shell under the back, curved to both sides; it does not follow the patient's warp."""
    r, a = canvas.axes[0][None, None, :], canvas.axes[1][None, :, None]
    occupied = (canvas.labels != t.AIR.label).any(dim=2).any(dim=0)
    lowest = float(canvas.axes[1][occupied].min()) if occupied.any() else -120.0
    sheet = ((a - (lowest - 14) - 0.0011 * r * r).abs() - 1.3).expand(canvas.shape)
    free = canvas.labels == t.AIR.label
    whole = tuple(slice(0, n) for n in canvas.shape)
    canvas.paint(whole, torch.where(free, torch.maximum(sheet, r.abs() - 190), 1e3), t.TABLE)


def _add_texture(canvas: Canvas, coarse: torch.Tensor, fine: torch.Tensor) -> None:
    """The unevenness of tissues; spongiosa has much more of the fine kind than soft tissue."""
    spread = torch.tensor([tissue.texture_hu for tissue in t.TISSUES])[canvas.labels.long()]
    bony = torch.zeros(len(t.TISSUES), dtype=torch.bool)
    bony[[tissue.label for tissue in (*t.VERTEBRAE.values(), t.SACRUM, t.PELVIS, t.FEMUR, t.RIBS)]] = True
    spongiosa = bony[canvas.labels.long()] & (canvas.hu < 420)
    grain = fields.sample(fine, *canvas.axes)[0]
    canvas.hu += spread * (0.75 * fields.sample(coarse, *canvas.axes)[0] + 0.66 * grain)
    canvas.hu += t.SPONGIOSA_TEXTURE_HU * grain * spongiosa


def _finished(canvas: Canvas, seed: int, noise_hu: float) -> Phantom:
    generator = torch.Generator().manual_seed(int(np.random.default_rng((seed, 1)).integers(2**62)))
    if noise_hu > 0:
        canvas.hu += noise_hu * fields.scanner_noise(canvas.shape, canvas.spacing_mm, generator)
    ct = canvas.volume(canvas.hu.round_().clamp_(-1024, 3071).to(torch.int16))
    ct = mark_synthetic(ct, "torso phantom", seed=str(seed))
    labels = replace(canvas.volume(canvas.labels), metadata=ct.metadata)
    names = {tissue.label: tissue.name for tissue in t.TISSUES}
    return Phantom(ct, labels, names, _landmarks(canvas))


def _landmarks(canvas: Canvas) -> dict[str, tuple[float, float, float]]:
    found = {}
    for name, s in skeleton.BODY_CENTERS_S.items():
        a = float(skeleton.CURVATURE(torch.tensor([s])))
        found[f"vertebra {name}"] = canvas.ras_of((0.0, a, s))
    found["liver hilum"] = canvas.ras_of(tuple(liver.HILUM))
    found["caval confluence"] = canvas.ras_of(tuple(liver.CAVAL_CONFLUENCE))
    found["aortic bifurcation"] = canvas.ras_of(tuple(abdomen.aorta_path()[-1, :3]))
    found["right femoral head"] = canvas.ras_of(skeleton.HIP)
    found["left femoral head"] = canvas.ras_of((-skeleton.HIP[0], *skeleton.HIP[1:]))
    return found
