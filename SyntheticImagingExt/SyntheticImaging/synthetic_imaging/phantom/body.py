"""The anthropomorphic torso: from the lower chest to the hips, as an abdominal CT shows it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..errors import InputError
from ..io import mark_synthetic, read_labels, read_volume
from ..memory import refuse_without_memory
from ..tuples import three
from ..volume import Volume
from . import abdomen, bowel, chest, fields, liver, skeleton, trunk
from . import tissues as t
from .canvas import Canvas, Grid, Warp
from .frame import Frame, Habitus
from .settings import Torso
from .shapes import tube

FIELD_MM = (410.0, 410.0, 400.0)
"""Extent along i, j and k that ``shape`` divides where no spacing is given."""
_CENTER_RAS = (0.0, -6.0, 12.0)
_WARP_MM, _WARP_SCALE_MM = 1.9, 70.0
_PSF_MM = 1.0
_SLAB_SLICES = 25
_BUILT_PERCENT, _PAINTED_PERCENT = 15, 95
_BYTES_PER_VOXEL = 40
_TABLE_BELOW_MM = -139.0
"""Height of the table in the lean standard body; the fat of the back lies above it."""

STANDARD = Torso()
LABELS_FILE = "labels.json"
"""What a folder with a phantom's files is known by: names of labels, and landmarks."""


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
    seed: int = STANDARD.seed,
    shape: tuple[int, int, int] = STANDARD.shape,
    spacing_mm: tuple[float, float, float] | None = STANDARD.spacing_mm,
    noise_hu: float = STANDARD.noise_hu,
    table: bool = STANDARD.table,
    on_progress: Callable[[str, float], None] = lambda stage, percent: None,
) -> Phantom:
    """Make a torso in the portal venous phase, supine and head first.

    seed: the anatomy (stature, fat, sizes, places, vessel trees) and the noise; the anatomy of a seed is the same on
        every grid.
    shape: voxels (K, J, I); spacing_mm: voxel size along i, j and k, by default FIELD_MM over the shape.
    noise_hu: standard deviation of the scanner's noise, correlated as behind a soft kernel.
    table: whether the patient lies on one.
    on_progress(stage, percent): is told how far the work is.

    Every boundary is blurred over about the voxel size; the label of a voxel is what is at its center.
    """
    asked = Torso(seed, shape, spacing_mm, noise_hu, table)
    shape = asked.shape
    what = f"A torso of {' x '.join(map(str, shape))} voxels"
    refuse_without_memory(_BYTES_PER_VOXEL * math.prod(shape), what, "give a smaller shape")
    spacing_mm = asked.spacing_mm or three(mm / count for mm, count in zip(FIELD_MM, reversed(shape), strict=True))
    on_progress("Growing the anatomy", 0)
    anatomy = Anatomy.build(seed)
    grid = Grid.around(_CENTER_RAS, shape, spacing_mm)
    hu, labels = _painted(anatomy, grid, table, on_progress)
    if noise_hu > 0:
        on_progress("Adding the noise of a scanner", _PAINTED_PERCENT)
        generator = torch.Generator().manual_seed(int(np.random.default_rng((seed, 1)).integers(2**62)))
        hu += noise_hu * fields.scanner_noise(shape, spacing_mm, generator)
    ct = Volume(hu.round_().clamp_(-1024, 3071).to(torch.int16), grid.ijk_to_ras)
    ct = mark_synthetic(ct, "torso phantom", seed=str(seed))
    names = {tissue.label: tissue.name for tissue in t.TISSUES}
    return Phantom(ct, ct.like(labels), names, anatomy.landmarks())


def load(folder: str | Path) -> Phantom:
    """The phantom that ``synthetic-imaging phantom`` has written into a folder; InputError where it cannot be read."""
    folder = Path(folder)
    ct = read_volume(folder / "ct.nrrd")
    labels = read_labels(folder / "labels.nrrd", like=ct)
    told = json.loads((folder / LABELS_FILE).read_text(encoding="utf-8"))
    names = {int(value): name for value, name in told["labels"].items()}
    landmarks = {name: tuple(point) for name, point in told["landmarks_ras_mm"].items()}
    return Phantom(ct, labels, names, landmarks)


@dataclass(frozen=True)
class Anatomy:
    """One body, before it meets a voxel grid: shapes, vessel trees and textures."""

    habitus: Habitus
    frame: Frame
    organs: abdomen.Organs
    lobes: liver.Liver
    thorax: chest.Chest
    gut: bowel.Bowel
    bones: skeleton.Skeleton
    warp: Warp
    texture: tuple[torch.Tensor, torch.Tensor]

    @classmethod
    def build(cls, seed: int) -> Anatomy:
        rng = np.random.default_rng(seed)
        habitus = Habitus.draw(rng)
        warp = Warp(fields.lattice(rng, _WARP_SCALE_MM, 3), _WARP_MM)
        frame = Frame.build(habitus)
        organs = abdomen.Organs.build(frame, habitus)
        lobes = liver.Liver.build(frame, habitus, organs.right_kidney.solid)
        kidneys = organs.right_kidney.solid | organs.left_kidney.solid
        spine = tube([(0, -40, -120), (0, -36, 80)], 34)
        blocked = lobes.solid | lobes.gallbladder | kidneys | organs.spleen | spine
        return cls(
            habitus=habitus,
            frame=frame,
            organs=organs,
            lobes=lobes,
            thorax=chest.Chest.build(frame, habitus),
            gut=bowel.Bowel.build(frame, habitus, blocked),
            bones=skeleton.Skeleton.build(frame, habitus),
            warp=warp,
            texture=(fields.lattice(rng, 9.0), fields.lattice(rng, 3.2)),
        )

    def paint(self, canvas: Canvas) -> None:
        """All tissues, from the outside in and from soft to hard: later ones displace earlier ones."""
        trunk.paint_hull(canvas, self.frame)
        chest.paint_chest(canvas, self.thorax)
        trunk.paint_diaphragm(canvas, self.frame)
        abdomen.paint_pelvic_organs(canvas, self.organs.bladder_size)
        bowel.paint_bowel(canvas, self.gut)
        trunk.paint_muscles(canvas, self.frame, self.habitus.muscle)
        abdomen.paint_organs(canvas, self.organs)
        liver.paint_liver(canvas, self.lobes)
        abdomen.paint_vessels(canvas, self.organs)
        skeleton.paint_chest_wall(canvas, self.bones)
        skeleton.paint_pelvis(canvas)
        skeleton.paint_spine(canvas, self.bones.vertebrae)

    def landmarks(self) -> dict[str, tuple[float, float, float]]:
        """Named points in RAS mm."""
        points = {f"vertebra {bone.name}": bone.center for bone in self.bones.vertebrae}
        points["liver hilum"] = three(liver.HILUM)
        points["caval confluence"] = three(liver.CAVAL_CONFLUENCE)
        points["aortic bifurcation"] = three(abdomen.AORTA[-1][:3])
        points["right kidney"] = three(self.organs.right_kidney.center)
        points["left kidney"] = three(self.organs.left_kidney.center)
        points["right femoral head"] = skeleton.HIP
        points["left femoral head"] = (-skeleton.HIP[0], *skeleton.HIP[1:])
        scale = np.array(self.habitus.scale)
        return {name: three(float(x) for x in self.warp.undone(point) * scale) for name, point in points.items()}


def _painted(anatomy: Anatomy, grid: Grid, table: bool, on_progress) -> tuple[torch.Tensor, torch.Tensor]:
    """Attenuation before noise, and labels, slab by slab.

    Slabs fit the processor's cache better than the whole and are painted side by side, one thread each: within a
    slab, threads of the tensor library would only wait for each other. Their size does not depend on the machine.
    """
    hu, labels = torch.empty(grid.shape), torch.empty(grid.shape, dtype=torch.uint8)
    height = float(anatomy.habitus.scale[1]) * _TABLE_BELOW_MM - 1.3 * anatomy.habitus.fat_mm

    def paint(start: int) -> None:
        stop = min(start + _SLAB_SLICES, grid.shape[0])
        canvas = Canvas(grid.slab(start, stop), anatomy.habitus.scale, anatomy.warp, _PSF_MM)
        anatomy.paint(canvas)
        if table:
            _paint_table(canvas, height)
        _add_texture(canvas, *anatomy.texture)
        hu[start:stop], labels[start:stop] = canvas.hu, canvas.labels

    starts = range(0, grid.shape[0], _SLAB_SLICES)
    workers = min(len(starts), os.cpu_count() or 1)
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        on_progress("Painting the tissues", _BUILT_PERCENT)
        for done, _ in enumerate(pool.map(paint, starts), start=1):
            share = done / len(starts)
            on_progress("Painting the tissues", _BUILT_PERCENT + share * (_PAINTED_PERCENT - _BUILT_PERCENT))
    return hu, labels


def _paint_table(canvas: Canvas, height_a: float) -> None:
    """A carbon shell under the back, curved to both sides; it does not follow the patient's warp."""
    r, a = canvas.axes[0][None, None, :], canvas.axes[1][None, :, None]
    sheet = ((a - height_a - 0.0011 * r * r).abs() - 1.3).expand(canvas.grid.shape)
    free = canvas.labels == t.AIR.label
    whole = three(slice(0, n) for n in canvas.grid.shape)
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
