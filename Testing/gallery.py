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
import SimpleITK as sitk
from PIL import Image, ImageDraw
from scipy import ndimage

from synthetic_imaging.io import read_labels, read_volume
from synthetic_imaging.phantom import torso
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import split
from synthetic_imaging.xray.detector import opening
from synthetic_imaging.xray.geometry import Pose, View, machine_named
from synthetic_imaging.xray.image import Patient, radiograph
from synthetic_imaging.xray.machines import Machine
from synthetic_imaging.xray.settings import Collimation, Exposure, Settings, Window
from synthetic_imaging.xray.shapes import kwire
from synthetic_imaging.xray.spectrum import Spectrum
from synthetic_imaging.xray.tools import Tool
from synthetic_imaging.xray.views import VIEWS

OUT = realdata.REPOSITORY / "Resources" / "Screenshots"
PIXELS = 480
"""The longer side of each half of a picture."""

FINE_MM = 1.0
CHEST = "cptac-pda-c3n-00249-chest/cptac-pda-c3n-00249-chest.nrrd"
PELVIS = "totalsegmentator-example/example_ct.nii.gz"
AORTA, VESSELS = "totalsegmentator-example/aorta_report", ("aorta", "celiac_trunk", "superior_mesenteric_artery")

WALL_STAND = machine_named("generic").changed(source_to_detector_mm=1800, source_to_isocenter_mm=1550)
TABLE = machine_named("generic").changed(source_to_detector_mm=1150, source_to_isocenter_mm=900)
C_ARM = machine_named("cios-spin")
RADIOGRAPH, FLUOROSCOPY = Exposure(photons_per_mm2=8e6), Exposure(photons_per_mm2=8e5)


@dataclass(frozen=True)
class Scene:
    """One picture: which CT, where the C-arm stands, how it is set, and one look for both halves.

    target: the isocenter in the CT's own millimeters, RAS; the CT's center where there is none.
    """

    name: str
    ct: Callable[[], Volume]
    pose: Pose
    machine: Machine
    spectrum: Spectrum
    exposure: Exposure = RADIOGRAPH
    target: tuple[float, float, float] | None = None
    collimation: Collimation = field(default_factory=Collimation)
    look: Window = field(default_factory=lambda: Window(detail=1.5))
    division: Callable[[Volume], split.Split] | None = None
    tools: Callable[[Volume], list[Tool]] | None = None


def chest() -> Volume:
    return finer(read_volume(realdata.path(CHEST)))


def pelvis() -> Volume:
    return finer(read_volume(realdata.path(PELVIS)))


def body() -> Volume:
    return torso(seed=0).ct


def finer(ct: Volume) -> Volume:
    """A CT at ``FINE_MM`` along each axis that is coarser, by cubic splines: large voxels leave steps in shadows."""
    image = sitk.GetImageFromArray(ct.numpy().astype(np.float32))
    image.SetSpacing(ct.spacing_mm.tolist())
    spacing = np.minimum(ct.spacing_mm, FINE_MM)
    size = [
        round((count - 1) * old / new) + 1
        for count, old, new in zip(ct.shape[::-1], ct.spacing_mm, spacing, strict=True)
    ]
    fine = sitk.Resample(
        image, size, sitk.Transform(), sitk.sitkBSpline, (0, 0, 0), spacing.tolist(), np.eye(3).ravel().tolist()
    )
    matrix = ct.ijk_to_ras.copy()
    matrix[:3, :3] = ct.directions * spacing
    low, high = float(ct.data.min()), float(ct.data.max())
    return Volume.from_numpy(sitk.GetArrayFromImage(fine).clip(low, high).round().astype(np.int16), matrix)


def aorta() -> Volume:
    return read_volume(realdata.path(f"{AORTA}/ct_cropped.nii.gz"))


def with_filled_aorta(ct: Volume) -> split.Split:
    """The aorta and its branches filled with 60 mg of iodine per ml."""
    masks = [read_labels(realdata.path(f"{AORTA}/{name}.nii.gz"), like=ct).numpy() > 0 for name in VESSELS]
    soft = ndimage.gaussian_filter(np.any(masks, axis=0).astype(np.float32), 0.8)
    filled = ct.like((soft > 0.4).astype(np.uint8))
    return split.labeled(filled, contrast=[split.Contrast(1, 60.0)])


def wires(ct: Volume) -> list[Tool]:
    """Two K-wires from below the trochanter through the neck into the head of the right femur."""
    tips = ((86, 132, 130), (90, 132, 121))
    way = np.array((-64, 0, 27)) / np.linalg.norm((-64, 0, 27))
    return [Tool(f"K-wire {n}", kwire(np.array(tip), way, 130, 2.0), "steel") for n, tip in enumerate(tips, 1)]


SCENES = (
    Scene(
        "chest_ap", chest, Pose(), WALL_STAND, Spectrum(110, 3, 0.1), look=Window(sigmoid=True, detail=1.0),
        collimation=Collimation(shutter_top_mm=38, shutter_bottom_mm=38),
    ),
    Scene(
        "pelvis_ap", pelvis, VIEWS["ap"].pose, TABLE, Spectrum(80, 3, 0.1), target=(3.5, 150, 190),
        collimation=Collimation(shutter_top_mm=70, shutter_bottom_mm=82),
    ),
    Scene(
        "pelvis_inlet", pelvis, VIEWS["inlet"].pose, TABLE, Spectrum(80, 3, 0.1), target=(3.5, 150, 185),
        collimation=Collimation(iris_radius_mm=165, shutter_bottom_mm=120),
    ),
    Scene(
        "pelvis_outlet", pelvis, VIEWS["outlet"].pose, TABLE, Spectrum(85, 3, 0.1), target=(3.5, 150, 185),
        collimation=Collimation(iris_radius_mm=165, shutter_bottom_mm=120),
    ),
    Scene(
        "lumbar_lateral", pelvis, VIEWS["lateral-left"].pose, TABLE, Spectrum(90, 3, 0.1), target=(-15, 128, 302),
        collimation=Collimation(0, 115, 115, 70, 70), look=Window(detail=2.5),
    ),
    Scene(
        "arteries", aorta, Pose(lao_deg=50), C_ARM, Spectrum(80, 3, 0.1), FLUOROSCOPY,
        look=Window(inverted=True, detail=0.5), division=with_filled_aorta,
    ),
    Scene(
        "femur_kwires", pelvis, Pose(lao_deg=-10), C_ARM, Spectrum(63, 3), RADIOGRAPH, (112, 132, 125),
        collimation=Collimation(0, 34, 54, 74, 97), look=Window(detail=2.5),
        tools=wires,
    ),
    Scene("phantom_ap", body, VIEWS["ap"].pose, TABLE, Spectrum(85, 3, 0.1)),
)  # fmt: skip


def picture(scene: Scene) -> Image.Image:
    """The naive image at the left, the realistic one at the right: one look, its window set by each image itself."""
    ct = scene.ct()
    center = ct.ras_from_ijk((np.array(ct.shape[::-1]) - 1) / 2) if scene.target is None else scene.target
    whole = View.of(scene.machine, replace(scene.pose, isocenter_ras=tuple(center)))
    longer = max(part.stop - part.start for part in open_field(scene, whole.resized(480)))
    view = whole.resized(round(PIXELS * 480 / longer))
    patient = Patient(ct, scene.division(ct) if scene.division else None)
    bare = patient.project(view)
    paths = patient.project(view, scene.tools(ct)) if scene.tools else bare
    realistic = Settings(scene.spectrum, exposure=scene.exposure, collimation=scene.collimation, window=scene.look)
    halves = [
        gray(paths, bare, view, settings)[open_field(scene, view)]
        for settings in (replace(realistic, naive=True), realistic)
    ]
    height, width = halves[0].shape
    sheet = Image.fromarray(np.hstack([halves[0], np.full((height, 8), 255, np.uint8), halves[1]]))
    draw = ImageDraw.Draw(sheet)
    for left, text in ((8, "naive"), (width + 16, "realistic")):
        draw.text((left, height - 18), text, fill=200, stroke_width=2, stroke_fill=30)
    return sheet


def open_field(scene: Scene, view: View) -> tuple[slice, slice]:
    """The box of what is not collimated."""
    share = opening(scene.collimation, view)
    if share is None:
        return slice(0, view.rows), slice(0, view.columns)
    rows, columns = (np.flatnonzero((share > 0.5).any(dim=axis).numpy()) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def gray(paths, bare, view: View, settings: Settings) -> np.ndarray:
    """The display image (rows, columns) uint8, its window fitted to what is not collimated of the patient alone."""
    fitted = replace(settings, window=radiograph(bare, view, settings).fitted_window())
    return np.rint(radiograph(paths, view, fitted).display.numpy() * 255).astype(np.uint8)


def main(names: list[str]) -> int:
    unknown = set(names) - {scene.name for scene in SCENES}
    if unknown:
        print(f"No picture is named {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
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
