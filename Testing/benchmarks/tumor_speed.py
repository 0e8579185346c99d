"""How long one lesion takes, how exact it is, and the same method with SciPy on the whole CT.

Run with ``python -m benchmarks.tumor_speed``; it takes some minutes, most of them the naive method's.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from dataclasses import dataclass, replace
from unittest import mock

import numpy as np
from scipy import ndimage

from synthetic_imaging import tumor
from synthetic_imaging.tumor.insertion import insert, region_of
from synthetic_imaging.volume import Volume

from . import naive, table
from .bodies import SPACING_MM, cropped, liver_ct

ELASTIC_MM = {4: 0.75, 8: 1.5, 16: 4.5, 32: 7.5}
"""Radius of each published level, and the middle of its range of elastic deformation."""
RADIUS_MM = 16
SIZES = ((100, 256, 256), (200, 512, 512), (400, 512, 512))
STAGES = {
    "_check_values": "looking for impossible values",
    "_measure": "mean and noise of the organ",
    "_bright": "vessel mask",
    "_map_distances": "distances to vessels and surface",
    "_measure_parenchyma": "mean and noise without vessels",
}
INTERIOR_MM = 3.0
"""Depth below the surface from which the lesion's mean and noise are measured: the edge is blurred by 0.9 mm."""
LESIONS_NOTE = """Targets for radius 16 mm on two idle cores: 30 ms, preview 5 ms. *warm*: the lesion moves, as when it
is dragged; *cold*: every run has a new seed and so a new outline; *drag step*: `Composition.set_lesions` in preview
quality, which restores the old place and draws at the new one."""
SCIPY_NOTE = f"""SciPy on the whole CT was run once, in the lesion's box five times (the least counts). *contrast*: mean
inside minus mean of the liver nearby, minus the −40 HU asked for; *noise*: standard deviation inside over that of the
liver nearby; both from {INTERIOR_MM:g} mm below the surface; *volume*: of the label, against the one asked for. The
published texture is interpolated and blurred, and so smoother than the patient's noise; the naive elastic deformation
changes the volume."""


def main(arguments: list[str] | None = None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="on an eighth of the CT; prints, and writes no file")
    options = parser.parse_args(arguments)
    text = report((200, 256, 256) if options.quick else SIZES[-1], 5 if options.quick else 40)
    print(text)
    if not options.quick:
        table.RESULTS.mkdir(exist_ok=True)
        (table.RESULTS / "tumor_speed.md").write_text(text + "\n", encoding="utf-8")


class Scene:
    """A CT with its liver, ready for lesions."""

    def __init__(self, ct: Volume, organ: Volume):
        self.ct, self.organ = ct, organ
        self.case = tumor.Case(ct, organ, organ_name="liver")
        self.instances = np.zeros(ct.shape, np.int16)

    def insert(self, lesion: tumor.Lesion, **options):
        return insert(self.case, lesion, self.ct.numpy(), self.organ.numpy(), self.instances, 1, **options)

    def deepest(self) -> tuple[float, float, float]:
        """The point of the organ farthest from its surface, where the largest lesion has room."""
        no_vessels = self.ct.like(np.zeros(self.ct.shape, np.uint8))
        return tumor.Case(self.ct, self.organ, no_vessels).clearest_site()


def report(shape: tuple[int, int, int], repeats: int) -> str:
    load = table.load()
    scene = Scene(*liver_ct(shape))
    center = scene.deepest()
    ours, full_ms, preview_ms = _lesions(scene, center, repeats)
    parts = [
        "# Synthetic tumors: speed and accuracy",
        f"Measured in one run of `python -m benchmarks` on {table.machine()}; load before: {load}.",
        f"CT: the torso phantom, {_size(shape)} voxels of {' × '.join(f'{mm:g}' for mm in SPACING_MM)} mm. "
        f"Times are the minimum (median) of {repeats} runs.",
        "## One lesion, every published step",
        ours,
        LESIONS_NOTE,
        f"## The same method with SciPy, radius {RADIUS_MM} mm",
        _against_scipy(scene, center, full_ms, preview_ms),
        SCIPY_NOTE,
        "## Accuracy over sizes and eight seeds, without the capsule",
        _accuracies(scene, center),
        f"## Time against the size of the CT, radius {RADIUS_MM} mm",
        _sizes(scene, center, repeats),
        "## Preparing a case",
        _preparation(scene),
        f"Load after: {table.load()}. Other processes slow everything here, most of all what uses all cores.",
    ]
    return "\n\n".join(parts)


def lesion_of(radius_mm: float, center_ras, seed: int = 1) -> tumor.Lesion:
    """Every step of the published method, with its values."""
    return tumor.Lesion(
        center_ras=tuple(center_ras),
        radius_mm=radius_mm,
        axes=(1.12, 0.94, 0.95),
        rotation_deg=(20, -35, 60),
        contrast_hu=-40,
        seed=seed,
        elastic=tumor.Elastic(ELASTIC_MM[radius_mm]),
        capsule=tumor.Shell(contrast_hu=30),
    )


def with_everything(lesion: tumor.Lesion) -> tumor.Lesion:
    """Also what the published method does not have."""
    return replace(
        lesion,
        elastic=replace(lesion.elastic, lobulation=0.4),
        texture=replace(lesion.texture, heterogeneity_hu=6),
        rim=tumor.Shell(contrast_hu=12, thickness_mm=2, nodularity=0.5),
        core=tumor.Core(radius_fraction=0.45),
        calcification=tumor.Calcification(volume_fraction=0.02),
    )


def _moved(lesion: tumor.Lesion, index: int) -> tumor.Lesion:
    r, a, s = lesion.center_ras
    return replace(lesion, center_ras=(r + 0.7 * (index % 5), a - 0.4 * (index % 3), s + 0.3 * (index % 4)))


def _lesions(scene: Scene, center, repeats: int) -> tuple[str, float, float]:
    """The table, and the time of radius 16 mm in full and in preview quality."""
    rows, chosen = [], (math.nan, math.nan)
    for radius in ELASTIC_MM:
        lesion = lesion_of(radius, center)
        full, preview = _warm(scene, lesion, repeats), _warm(scene, lesion, repeats, preview=True)
        others = [
            _warm(scene, with_everything(lesion), repeats),
            _warm(scene, lesion, repeats, engine_name="torch"),
            preview,
            _drag(scene, lesion, repeats),
        ]
        voxels = f"{math.prod(region_of(scene.case, lesion).shape) / 1000:,.0f} k"
        rows.append([radius, voxels, *map(table.both, (full, _cold(scene, lesion, repeats), *others))])
        if radius == RADIUS_MM:
            chosen = full[0], preview[0]
    extras = "with rim, core, calcium, lobes"
    header = ["radius mm", "voxels", "warm", "cold", extras, "without Warp", "preview", "drag step"]
    return table.markdown(header, rows), *chosen


def _warm(scene: Scene, lesion: tumor.Lesion, repeats: int, **options) -> tuple[float, float]:
    return table.milliseconds(lambda index: scene.insert(_moved(lesion, index), **options), repeats)


def _cold(scene: Scene, lesion: tumor.Lesion, repeats: int) -> tuple[float, float]:
    return table.milliseconds(lambda index: scene.insert(replace(lesion, seed=1000 + index)), repeats)


def _drag(scene: Scene, lesion: tumor.Lesion, repeats: int) -> tuple[float, float]:
    composition = tumor.Composition(scene.case)
    return table.milliseconds(
        lambda index: composition.set_lesions([_moved(lesion, index)], remember=False, preview=True), repeats
    )


def _against_scipy(scene: Scene, center, full_ms: float, preview_ms: float) -> str:
    lesion = lesion_of(RADIUS_MM, center)
    region = region_of(scene.case, lesion)
    start = time.perf_counter()
    hu, mask = _naive(scene, lesion, tuple(slice(0, n) for n in scene.ct.shape))
    whole_ms = (time.perf_counter() - start) * 1000
    on_whole = hu[region.slices], mask[region.slices]
    box_ms = table.milliseconds(lambda index: _naive(scene, lesion, region.slices), 5, warm_up=1)[0]
    in_box = _naive(scene, lesion, region.slices)
    ours = scene.insert(lesion)
    rows = [
        ["SciPy, whole CT", whole_ms, _accuracy(scene, lesion, region, *on_whole)],
        ["SciPy, the lesion's box", box_ms, _accuracy(scene, lesion, region, *in_box)],
        ["this project", full_ms, _accuracy(scene, lesion, region, ours.hu, ours.instances == 1)],
        ["this project, preview", preview_ms, ["–"] * 3],
    ]
    header = ["method", "time", "times faster", "contrast error HU", "noise ratio", "volume error"]
    return table.markdown(
        header, [[name, table.duration(ms), table.ratio(whole_ms, ms), *found] for name, ms, found in rows]
    )


def _naive(scene: Scene, lesion: tumor.Lesion, part):
    case = scene.case
    offset = np.array([piece.start for piece in part])
    return naive.insert(
        scene.ct.numpy()[part],
        scene.organ.numpy()[part],
        naive.Wanted(
            spacing_mm=tuple(case.ct.spacing_mm[::-1]),
            center=tuple(case.ct.ijk_from_ras(lesion.center_ras)[::-1] - offset),
            half_axes_mm=tuple(lesion.radius_mm * np.array(lesion.axes)[::-1]),
            mean_hu=case.organ_mean_hu + lesion.contrast_hu,
            noise_hu=case.noise_std_hu,
            elastic_mm=lesion.elastic.sigma_mm,
            edge_mm=lesion.edge.blur_mm,
            push=lesion.mass_effect.intensity_percent / 100,
            reach=lesion.mass_effect.reach,
            capsule_hu=lesion.capsule.contrast_hu,
            seed=lesion.seed,
        ),
    )


@dataclass(frozen=True)
class Measured:
    """contrast_hu: minus the contrast asked for; noise: as a ratio; volume: relative."""

    contrast_hu: float
    noise: float
    volume: float


def _measure(scene: Scene, lesion: tumor.Lesion, region, hu: np.ndarray, mask: np.ndarray) -> Measured:
    spacing = scene.ct.spacing_mm[::-1]
    inside = ndimage.distance_transform_edt(mask, spacing) > min(INTERIOR_MM, 0.4 * lesion.radius_mm)
    around = scene.case.parenchyma_in(region)
    liver = scene.ct.numpy()[region.slices][around].astype(float)
    values = hu[inside].astype(float)
    volume_mm3 = np.count_nonzero(mask) * float(np.prod(spacing))
    return Measured(
        float(values.mean() - liver.mean() - lesion.contrast_hu),
        float(values.std() / liver.std()),
        volume_mm3 / lesion.volume_mm3 - 1,
    )


def _accuracy(scene: Scene, lesion: tumor.Lesion, region, hu: np.ndarray, mask: np.ndarray) -> list[str]:
    measured = _measure(scene, lesion, region, hu, mask)
    return [f"{measured.contrast_hu:+.1f}", f"{measured.noise:.2f}", f"{100 * measured.volume:+.1f} %"]


def _accuracies(scene: Scene, center) -> str:
    """Over eight seeds, without the capsule: in a radius of 4 mm there is hardly a voxel that it does not reach."""
    rows = []
    for radius in ELASTIC_MM:
        found = []
        for seed in range(8):
            lesion = lesion_of(radius, center, seed).without("capsule")
            result = scene.insert(lesion)
            found.append(_measure(scene, lesion, result.region, result.hu, result.instances == 1))
        contrast, noise, volume = ([getattr(one, name) for one in found] for name in ("contrast_hu", "noise", "volume"))
        rows.append(
            [
                radius,
                f"{statistics.mean(contrast):+.1f} ({max(map(abs, contrast)):.1f})",
                f"{statistics.mean(noise):.2f} ({min(noise):.2f} to {max(noise):.2f})",
                f"{100 * statistics.mean(volume):+.1f} % ({100 * max(map(abs, volume)):.1f} %)",
            ]
        )
    header = [
        "radius mm",
        "contrast error HU, mean (largest)",
        "noise ratio, mean (range)",
        "volume error, mean (largest)",
    ]
    return table.markdown(header, rows)


def _sizes(scene: Scene, center, repeats: int) -> str:
    lesion, where = lesion_of(RADIUS_MM, center), scene.ct.ijk_from_ras(center)
    rows, smallest = [], None
    for shape in SIZES:
        if any(n > whole for n, whole in zip(shape, scene.ct.shape, strict=True)):
            continue
        part = scene if shape == scene.ct.shape else Scene(*(cropped(v, shape, where) for v in (scene.ct, scene.organ)))
        full, preview = _warm(part, lesion, repeats), _warm(part, lesion, repeats, preview=True)
        smallest = smallest or full[0]
        voxels = math.prod(shape) / math.prod(SIZES[0])
        rows.append([_size(shape), f"{voxels:.0f}", table.both(full), table.both(preview), f"{full[0] / smallest:.2f}"])
    return table.markdown(["CT", "voxels, relative", "full", "preview", "full, relative"], rows)


def _preparation(scene: Scene) -> str:
    runs = [_timed_case(scene) for _ in range(5)]
    total = sorted(run["total"] for run in runs)
    best = min(runs, key=lambda run: run["total"])
    rest = best["total"] - sum(best[name] for name in STAGES)
    rows = [["**all** (target 2 s)", table.both((total[0], statistics.median(total)))]]
    rows += [[text, table.duration(best[name])] for name, text in STAGES.items()]
    rows.append(["box, crop, checks of the grids", table.duration(rest)])
    liver_l = np.count_nonzero(scene.organ.numpy()) * float(np.prod(SPACING_MM)) / 1e6
    note = (
        f"Liver of {liver_l:.2f} L; once per case, whatever follows. The stages are those of the fastest of five runs."
    )
    return table.markdown(["stage", "time"], rows) + "\n\n" + note


def _timed_case(scene: Scene) -> dict[str, float]:
    """Milliseconds of each stage and of all."""
    taken = {}

    def timed(name):
        stage = getattr(tumor.Case, name)

        def run(*arguments):
            start = time.perf_counter()
            result = stage(*arguments)
            taken[name] = (time.perf_counter() - start) * 1000
            return result

        return mock.patch.object(tumor.Case, name, run)

    patches = [timed(name) for name in STAGES]
    for patch in patches:
        patch.start()
    start = time.perf_counter()
    tumor.Case(scene.ct, scene.organ)
    taken["total"] = (time.perf_counter() - start) * 1000
    for patch in patches:
        patch.stop()
    return taken


def _size(shape) -> str:
    return " × ".join(map(str, reversed(shape)))


if __name__ == "__main__":
    main()
