"""X-ray pictures of real CT for the README, the naive image beside the realistic one.

python Testing/gallery.py [NAME ...]        writes Resources/Screenshots/xray_*.png
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import realdata
from PIL import Image, ImageDraw

from synthetic_imaging.io import read_labels, read_volume
from synthetic_imaging.phantom import torso
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import split
from synthetic_imaging.xray.detector import Collimation, Exposure
from synthetic_imaging.xray.display import Window
from synthetic_imaging.xray.geometry import VIEWS, Pose, View, machine_named
from synthetic_imaging.xray.image import Patient, Settings, radiograph
from synthetic_imaging.xray.machines import Machine
from synthetic_imaging.xray.shapes import kwire
from synthetic_imaging.xray.spectrum import Spectrum
from synthetic_imaging.xray.tools import Tool

OUT = realdata.REPOSITORY / "Resources" / "Screenshots"
SIZE = 480
CHEST = "cptac-pda-c3n-00249-chest/cptac-pda-c3n-00249-chest.nrrd"
PELVIS = "totalsegmentator-example/example_ct.nii.gz"
PELVIS_LABELS = "totalsegmentator-example/example_ct_labels_v1_combined.nrrd"
ARTERIES, RIGHT_FEMUR = (3, 20, 21), 9

WALL_STAND = machine_named("generic").changed(source_to_detector_mm=1800, source_to_isocenter_mm=1550)
TABLE = machine_named("generic").changed(source_to_detector_mm=1150, source_to_isocenter_mm=900)
C_ARM = machine_named("cios-spin")
RADIOGRAPH, FLUOROSCOPY = Exposure(photons_per_mm2=8e6), Exposure(photons_per_mm2=8e5)


@dataclass(frozen=True)
class Scene:
    """One picture: which CT, where the C-arm stands, how it is set."""

    name: str
    ct: Callable[[], Volume]
    pose: Pose
    machine: Machine
    spectrum: Spectrum
    exposure: Exposure = RADIOGRAPH
    away_mm: tuple[float, float, float] = (0, 0, 0)
    collimation: Collimation = field(default_factory=Collimation)
    detail: float = 1.0
    inverted: bool = False
    division: Callable[[Volume], split.Split] | None = None
    tools: Callable[[Volume], list[Tool]] | None = None


def chest() -> Volume:
    return read_volume(realdata.path(CHEST))


def pelvis() -> Volume:
    return read_volume(realdata.path(PELVIS))


def body() -> Volume:
    return torso(seed=0).ct


def with_filled_arteries(ct: Volume) -> split.Split:
    """Aorta and iliac arteries filled with 60 mg of iodine per ml."""
    labels = read_labels(realdata.path(PELVIS_LABELS), like=ct)
    return split.labeled(labels, contrast=[split.Contrast(label, 60.0) for label in ARTERIES])


def wires(ct: Volume) -> list[Tool]:
    """Two K-wires from the trochanter into the head of the right femur."""
    labels = read_labels(realdata.path(PELVIS_LABELS), like=ct)
    k, j, i = np.nonzero(labels.numpy() == RIGHT_FEMUR)
    femur = ct.ras_from_ijk(np.stack([i, j, k], 1))
    head = femur[femur[:, 2] > np.quantile(femur[:, 2], 0.8)].mean(axis=0)
    trochanter = femur[femur[:, 0] > np.quantile(femur[:, 0], 0.9)].mean(axis=0)
    up = (head - trochanter) / np.linalg.norm(head - trochanter)
    meshes = [kwire(head + np.array([0, shift, 3 * shift]), up, 130, 2.5) for shift in (-3, 3)]
    return [Tool(f"K-wire {number}", mesh, "steel") for number, mesh in enumerate(meshes, 1)]


SCENES = (
    Scene(
        "chest_ap", chest, Pose(), WALL_STAND, Spectrum(110, 3, 0.1), detail=1.5,
        collimation=Collimation(top_mm=162, bottom_mm=162, left_mm=205, right_mm=205),
    ),
    Scene(
        "pelvis_ap", pelvis, VIEWS["ap"], TABLE, Spectrum(80, 3, 0.1), away_mm=(0, 0, -50),
        collimation=Collimation(bottom_mm=135),
    ),
    Scene(
        "pelvis_inlet", pelvis, VIEWS["inlet"], TABLE, Spectrum(80, 3, 0.1), FLUOROSCOPY, (0, 0, -75),
        collimation=Collimation(iris_radius_mm=185, bottom_mm=105),
    ),
    Scene(
        "pelvis_outlet", pelvis, VIEWS["outlet"], TABLE, Spectrum(85, 3, 0.1), FLUOROSCOPY, (0, 0, -75),
        collimation=Collimation(iris_radius_mm=185, bottom_mm=105),
    ),
    Scene(
        "lumbar_lateral", pelvis, VIEWS["lateral-left"], TABLE, Spectrum(95, 3, 0.1), away_mm=(0, -60, 45),
        collimation=Collimation(left_mm=95, right_mm=85, top_mm=130), detail=3,
    ),
    Scene(
        "arteries", pelvis, Pose(lao_deg=-20), C_ARM, Spectrum(75, 3, 0.1), FLUOROSCOPY, (0, 0, -50),
        inverted=True, division=with_filled_arteries,
    ),
    Scene(
        "femur_kwires", pelvis, Pose(lao_deg=-10), C_ARM, Spectrum(75, 3, 0.1), FLUOROSCOPY, (75, 0, -125),
        collimation=Collimation(bottom_mm=62), tools=wires,
    ),
    Scene("phantom_ap", body, VIEWS["ap"], TABLE, Spectrum(85, 3, 0.1)),
)  # fmt: skip


def picture(scene: Scene) -> Image.Image:
    """The naive image at the left, the realistic one at the right, both with a window set by themselves."""
    ct = scene.ct()
    center = ct.ras_from_ijk((np.array(ct.shape[::-1]) - 1) / 2) + scene.away_mm
    view = View.of(scene.machine, replace(scene.pose, isocenter_ras=tuple(center))).resized(SIZE)
    patient = Patient(ct, scene.division(ct) if scene.division else None)
    paths = patient.project(view, scene.tools(ct) if scene.tools else ())
    look = Window(inverted=scene.inverted)
    naive = Settings(naive=True, collimation=scene.collimation, window=look)
    realistic = Settings(
        scene.spectrum, exposure=scene.exposure, collimation=scene.collimation,
        window=replace(look, detail=scene.detail),
    )  # fmt: skip
    halves = [gray(paths, view, settings)[open_field(scene, view)] for settings in (naive, realistic)]
    height, width = halves[0].shape
    sheet = Image.fromarray(np.hstack([halves[0], np.full((height, 8), 255, np.uint8), halves[1]]))
    draw = ImageDraw.Draw(sheet)
    for left, text in ((8, "naive"), (width + 16, "realistic")):
        draw.text((left, height - 18), text, fill=200, stroke_width=2, stroke_fill=30)
    return sheet


def open_field(scene: Scene, view: View) -> tuple[slice, slice]:
    """The box of what is not collimated."""
    opening = scene.collimation.opening(view)
    if opening is None:
        return slice(None), slice(None)
    rows, columns = (np.flatnonzero((opening > 0.5).any(dim=axis).numpy()) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def gray(paths, view: View, settings: Settings) -> np.ndarray:
    """The display image (rows, columns) uint8, its window fitted to what is not collimated."""
    fitted = replace(settings, window=radiograph(paths, view, settings).fitted_window())
    return np.rint(radiograph(paths, view, fitted).display.numpy() * 255).astype(np.uint8)


def main(names: list[str]) -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    for scene in SCENES:
        if names and scene.name not in names:
            continue
        try:
            picture(scene).save(OUT / f"xray_{scene.name}.png", optimize=True)
        except pytest.skip.Exception as reason:
            print(f"{scene.name}: {reason}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
