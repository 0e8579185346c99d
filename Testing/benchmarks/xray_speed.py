"""How long an X-ray image takes, beside other projectors in the same run, and how exact each is.

Run with ``python -m benchmarks.xray_speed``. Peers are timed where they are installed: RTK (``pip install
itk-rtk``), DiffDRR and nanodrr (PyPI), plastimatch (Debian package). The rounds alternate between all of them, so that
other work on the machine falls on everybody.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from synthetic_imaging.io import read_volume, write_volume
from synthetic_imaging.phantom import torso
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import split
from synthetic_imaging.xray.geometry import Machine, Pose, View
from synthetic_imaging.xray.image import Patient, Settings, radiograph
from synthetic_imaging.xray.projector import WATER, Projector
from synthetic_imaging.xray.projector_reference import voxel_chords
from synthetic_imaging.xray.rays import Rays

from . import first_image, table

CHEST = "cptac-pda-c3n-00249-chest/cptac-pda-c3n-00249-chest.nrrd"
SLICES = 133
POSE = (20.0, 10.0, 5.0)
SOURCE_TO_DETECTOR_MM, SOURCE_TO_ISOCENTER_MM, FIELD_MM = 1020.0, 530.0, 384.0
CHECKED = 1500
"""Rays of which the exact length in every voxel is computed."""
_DIFFDRR_RAYS = 1 << 15
NOTE = """One line integral (water-equivalent path) unless said otherwise, of a chest CT from LAO 20 CRAN 10. *wall*:
minimum (median) of alternating rounds; *CPU*: processor time of all threads, which other work on the machine changes
less; *ratio*: of the minima, to our line integral, and of CPU time in brackets (slow peers run in few rounds).
*error*: root mean square, and mean, of the difference to the exact lengths of rays in voxels (Siddon), in mm, over rays
that leave through no slice end, where RTK drops half a slice."""


@dataclass
class Contender:
    """Something that makes an image; ``run`` may give it back, (rows, columns) in mm of water, or its own time in s."""

    name: str
    run: Callable[[], np.ndarray | float | None]
    rounds: int
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    image: np.ndarray | None = None

    def turn(self) -> None:
        before = time.process_time()
        start = time.perf_counter()
        given = self.run()
        wall = time.perf_counter() - start
        spent = time.process_time() - before
        own = given if isinstance(given, float) else None
        self.image = given if isinstance(given, np.ndarray) else self.image
        self.wall_s.append(own or wall)
        self.cpu_s.append(spent if own is None else float("nan"))


def main(arguments: list[str] | None = None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="an eighth of the voxels and rays; prints, writes no file")
    options = parser.parse_args(arguments)
    text = report(options.quick)
    print(text)
    if not options.quick:
        table.RESULTS.mkdir(exist_ok=True)
        (table.RESULTS / "xray_speed.md").write_text(text + "\n", encoding="utf-8")


def report(quick: bool) -> str:
    torch.set_num_threads(os.cpu_count() or 1)
    ct = chest(quick)
    size = 256 if quick else 512
    center = ct.ras_from_ijk((np.array(ct.shape[::-1]) - 1) / 2)
    view = View.of(machine(size), Pose(*POSE, tuple(center)))
    parts = [
        "# X-ray images",
        f"Measured on: {table.machine()}; load {table.load()}. CT {' × '.join(map(str, ct.shape[::-1]))}, "
        f"detector {size} × {size}.",
        projections(ct, view, 2 if quick else 7),
        NOTE,
        whole_images(ct, view, 3 if quick else 9, quick),
        gpu(ct, center),
    ]
    return "\n\n".join(parts)


def machine(pixels: int) -> Machine:
    distances = SOURCE_TO_DETECTOR_MM, SOURCE_TO_ISOCENTER_MM
    return Machine("bench", "bench", *distances, pixels, pixels, FIELD_MM / pixels, exact=True, source="chosen")


def chest(quick: bool) -> Volume:
    """The real chest CT resampled to 133 slices, or the phantom where there is none."""
    folder = Path(os.environ.get("SYNTHETIC_IMAGING_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if (folder / CHEST).exists():
        ct = read_volume(folder / CHEST)
    else:
        ct = torso(shape=(100, 512, 512), spacing_mm=(0.8, 0.8, 3.0)).ct
    size = (SLICES // 2, 256, 256) if quick else (SLICES, 512, 512)
    data = torch.nn.functional.interpolate(ct.data.float()[None, None], size=size, mode="trilinear")[0, 0]
    factors = np.array(ct.shape, dtype=float)[::-1] / size[::-1]
    matrix = ct.ijk_to_ras.copy()
    matrix[:3, 3] = ct.ras_from_ijk(0.5 * factors - 0.5)
    matrix[:3, :3] = matrix[:3, :3] * factors
    return Volume(data.round().to(torch.int16), matrix)


def projections(ct: Volume, view: View, rounds: int) -> str:
    ours, both = Projector(ct), split.continuous().projector(ct)
    amounts = WATER.at(ct.data.float())[0]
    small = view.resized(view.columns // 2)
    generic = Projector(ct, engine="warp")
    lines = [
        Contender("this project", lambda: ours.integrate(view)[0].numpy(), rounds),
        Contender("this project, water and bone", lambda: _none(both.integrate(view)), rounds),
        Contender(
            f"this project, preview {small.columns}²", lambda: _none(ours.integrate(small, matched=True)), rounds
        ),
        Contender("this project, coarse image first", lambda: _none(next(ours.steps(view))), rounds),
        Contender("this project, plain Warp kernel", lambda: generic.integrate(view)[0].numpy(), 2),
    ]
    with tempfile.TemporaryDirectory() as folder:
        peers = (
            rtk(ct, amounts, view, rounds),
            plastimatch(ct, amounts, Path(folder), view.rows),
            diffdrr(ct, amounts, view),
        )
        lines += [peer for peer in peers if peer is not None]
        for line in lines:
            line.run()  # compile, load
        for turn in range(rounds):
            for line in lines:
                if turn < line.rounds:
                    line.turn()
    exact, pixels = exact_lengths(ct, amounts, view)
    base = lines[0]
    rows = []
    for line in lines:
        wall, cpu = min(line.wall_s) / min(base.wall_s), min(line.cpu_s) / min(base.cpu_s)
        error = ""
        if line.image is not None:
            difference = line.image.ravel()[pixels] - exact
            error = f"{np.sqrt(np.square(difference).mean()):.3f}, {difference.mean():+.3f}"
        times = table.both((1000 * min(line.wall_s), 1000 * statistics.median(line.wall_s)))
        cpu_ms = "" if np.isnan(cpu) else table.duration(1000 * statistics.median(line.cpu_s))
        ratio = f"{wall:.2f}" if np.isnan(cpu) else f"{wall:.2f} ({cpu:.2f})"
        rows.append([line.name, times, cpu_ms, ratio, error])
    return table.markdown(["projector", "wall", "CPU", "ratio", "error"], rows)


def _none(_):
    return None


def exact_lengths(ct: Volume, amounts: torch.Tensor, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Exact values (n,) of some rays, and which pixels they go to; of rays that cross no first or last slice."""
    rays = Rays.of(view, ct.ijk_to_ras)
    pixels = torch.randperm(view.rows * view.columns, generator=torch.manual_seed(0))[: 4 * CHECKED]
    found, kept = [], []
    for part in pixels.split(512):
        targets = rays.targets().reshape(-1, 3)[part]
        voxels, mm = voxel_chords(rays.source, targets, ct.shape, rays.metric_mm)
        slices = torch.div(voxels, ct.shape[1] * ct.shape[2], rounding_mode="floor")
        ends = ((slices == 0) | (slices == ct.shape[0] - 1)) & (mm > 0)
        clear = ~ends.any(dim=1)
        found.append((amounts.flatten()[voxels].double() * mm).sum(1)[clear])
        kept.append(part[clear])
    return torch.cat(found)[:CHECKED].numpy(), torch.cat(kept)[:CHECKED].numpy()


def rtk(ct: Volume, amounts: torch.Tensor, view: View, rounds: int) -> Contender | None:
    try:
        import itk

        module = itk.RTK
    except (ImportError, AttributeError):
        return None
    kind = itk.Image[itk.F, 3]
    spacing = ct.spacing_mm
    array = amounts.numpy()
    volume = itk.image_view_from_array(array)
    volume.SetSpacing(spacing.tolist())
    volume.SetOrigin(ct.ijk_to_ras[:3, 3].tolist())
    volume.SetDirection(itk.matrix_from_array(np.ascontiguousarray(ct.directions)))
    row_mm, column_mm = view.pixel_mm
    geometry = module.ThreeDCircularProjectionGeometry.New()
    points = [itk.Point[itk.D, 3](list(point)) for point in (view.source_ras, view.detector_origin_ras)]
    steps = [np.array(view.column_step_ras) / column_mm, np.array(view.row_step_ras) / row_mm]
    geometry.AddProjection(*points, *[itk.Vector[itk.D, 3](step.tolist()) for step in steps])
    blank = module.ConstantImageSource[kind].New()
    blank.SetOrigin([0.0, 0.0, 0.0])
    blank.SetSpacing([column_mm, row_mm, 1.0])
    blank.SetSize([view.columns, view.rows, 1])
    blank.Update()
    joseph = module.JosephForwardProjectionImageFilter[kind, kind].New()
    joseph.SetGeometry(geometry)
    joseph.SetInput(0, blank.GetOutput())
    joseph.SetInput(1, volume)
    joseph.InPlaceOff()

    def run():
        joseph.Modified()
        joseph.Update()
        return itk.array_from_image(joseph.GetOutput())[0]

    return Contender("RTK Joseph", run, rounds)


def plastimatch(ct: Volume, amounts: torch.Tensor, folder: Path, pixels: int) -> Contender | None:
    """Four more images in one run of the program, over four: without start and reading. It takes no oblique CT."""
    if not shutil.which("plastimatch"):
        return None
    write_volume(folder / "ct.mha", Volume(amounts, np.diag([-1.0, -1, 1, 1]) @ np.diag([*ct.spacing_mm, 1.0])))
    center = ct.spacing_mm * (np.array(ct.shape[::-1]) - 1) / 2
    command = [
        "plastimatch", "drr", "-i", "exact", "-P", "none", "-t", "raw", "--sad", f"{SOURCE_TO_ISOCENTER_MM}",
        "--sid", f"{SOURCE_TO_DETECTOR_MM}", "-r", f"{pixels} {pixels}", "-z", f"{FIELD_MM} {FIELD_MM}",
        "-o", " ".join(map(str, center)), "-y", "20", "-N", "1", "-O", str(folder / "image"),
    ]  # fmt: skip

    def timed(count: int) -> float:
        start = time.perf_counter()
        subprocess.run([*command, "-a", str(count), str(folder / "ct.mha")], check=True, capture_output=True)
        return time.perf_counter() - start

    return Contender("plastimatch drr, exact", lambda: (timed(5) - timed(1)) / 4, 3)


def diffdrr(ct: Volume, amounts: torch.Tensor, view: View) -> Contender | None:
    """Its trilinear renderer with as many samples as the CT has voxels on the longest axis, some rays at a time."""
    try:
        from diffdrr.renderers import Trilinear
    except ImportError:
        return None
    rays = Rays.of(view, ct.ijk_to_ras)
    renderer, volume = Trilinear(), amounts.permute(2, 1, 0).contiguous()
    source = rays.source.flip(0).float()[None, None]
    targets = rays.targets().reshape(-1, 3).flip(1).float()
    length = torch.linalg.vector_norm((rays.targets().reshape(-1, 3) - rays.source) @ rays.metric_mm.T, dim=1).float()

    @torch.no_grad()
    def run():
        parts = []
        for part in torch.arange(len(targets)).split(_DIFFDRR_RAYS):
            blank = torch.ones(1, 1, len(part))
            image = renderer(volume, source.expand(1, len(part), 3), targets[part][None], blank, n_points=max(ct.shape))
            parts.append(image.flatten() * length[part])
        return torch.cat(parts).view(view.rows, view.columns).numpy()

    return Contender("DiffDRR trilinear", run, 1)


def whole_images(ct: Volume, view: View, rounds: int, quick: bool) -> str:
    """From the CT in memory to the picture: naive and realistic; and the first picture of all."""
    patient = Patient(ct)
    plain = Patient(ct, split.water_only())
    naive, realistic = Settings(naive=True), Settings()
    contenders = [
        Contender(
            "naive: one energy, no noise, no scatter",
            lambda: _none(radiograph(plain.project(view), view, naive)),
            rounds,
        ),
        Contender(
            "realistic: spectrum, scatter, noise, blur",
            lambda: _none(radiograph(patient.project(view), view, realistic)),
            rounds,
        ),
    ]
    paths = patient.project(view)
    contenders.append(
        Contender(
            "realistic again after a change of kVp or noise", lambda: _none(radiograph(paths, view, realistic)), rounds
        )
    )
    for contender in contenders:
        contender.run()
    for _ in range(rounds):
        for contender in contenders:
            contender.turn()
    base = contenders[0]
    rows = [[name, table.duration(1000 * seconds), "", ""] for name, seconds in first_image.rows(quick)]
    for line in contenders:
        wall = statistics.median(a / b for a, b in zip(line.wall_s, base.wall_s, strict=True))
        cpu = statistics.median(a / b for a, b in zip(line.cpu_s, base.cpu_s, strict=True))
        times = table.both((1000 * min(line.wall_s), 1000 * statistics.median(line.wall_s)))
        rows.append([line.name, times, table.duration(1000 * statistics.median(line.cpu_s)), f"{wall:.2f} ({cpu:.2f})"])
    return table.markdown(["whole image", "wall", "CPU", "ratio to naive"], rows)


def gpu(ct: Volume, center: np.ndarray) -> str:
    """1536 × 1536 on the GPU, samples per second and memory; beside nanodrr where it is installed."""
    if not torch.cuda.is_available():
        return (
            "No NVIDIA GPU here; on one, this benchmark also times 1536 × 1536 images, samples per second and memory."
        )
    view = View.of(machine(1536), Pose(*POSE, tuple(center)))
    torch.cuda.reset_peak_memory_stats()
    patient = Patient(ct, device="cuda")
    settings = Settings()

    def synchronized(work):
        work()
        torch.cuda.synchronize()

    projection = table.milliseconds(lambda _: synchronized(lambda: patient.project(view)), 20)
    image = table.milliseconds(lambda _: synchronized(lambda: radiograph(patient.project(view), view, settings)), 20)
    samples = view.rows * view.columns * max(ct.shape[1:]) / (projection[0] / 1000)
    memory = torch.cuda.max_memory_allocated() / (ct.data.numel() * 4)
    rows = [
        ["two line integrals 1536²", table.both(projection), f"{samples:.2g} samples/s"],
        ["realistic image 1536²", table.both(image), f"peak memory {memory:.2f} × the CT as float32"],
        *nanodrr(ct, view),
    ]
    return table.markdown([f"on {torch.cuda.get_device_name()}", "wall", ""], rows)


def nanodrr(ct: Volume, view: View, device: str = "cuda") -> list[list[str]]:
    """nanodrr's renderer on the same rays, with as many samples as the CT has voxels on the longest axis."""
    try:
        from nanodrr.data.subject import Subject
        from nanodrr.drr import render
    except ImportError:
        return [["nanodrr", "not installed", ""]]
    data = ct.data.float()[None, None].to(device)
    to_world, to_voxel = (torch.from_numpy(matrix).float().to(device) for matrix in (ct.ijk_to_ras, ct.ras_to_ijk))
    to_grid = Subject._make_voxel_to_grid(data.shape).to(device)
    subject = Subject(data, torch.zeros_like(data), to_world, to_voxel, to_grid, to_world[:3, 3], max_label=0)
    still = torch.eye(4, device=device)[None]
    size, samples = (view.rows, view.columns), max(ct.shape)
    distance = torch.tensor([view.source_to_detector_mm], device=device)
    row, column = np.indices(size)
    targets = torch.from_numpy(view.pixel_ras(column, row)).float().reshape(1, -1, 3).to(device)
    source = torch.tensor(view.source_ras, device=device).expand_as(targets)

    def run(_):
        render(subject, still[:, :3, :3], still, distance, *size, samples, src=source, tgt=targets)
        if device == "cuda":
            torch.cuda.synchronize()

    return [[f"nanodrr {view.rows}²", table.both(table.milliseconds(run, 20)), f"{samples} samples per ray"]]


if __name__ == "__main__":
    main()
