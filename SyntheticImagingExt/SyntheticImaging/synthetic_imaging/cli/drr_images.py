"""The work of the verb drr: from options to views, settings and files. Imports the engine, so it is imported late."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from ..declared import changed
from ..errors import InputError
from ..io import read_labels, read_volume
from ..io.atomic import publish, staging
from ..io.trust import Trust
from ..volume import Volume
from ..xray import export, poses, split, truth_files
from ..xray.geometry import Geometry, Pose, View, machine_named
from ..xray.image import Patient, Radiograph, radiograph, refuse_too_large, render
from ..xray.machines import DEFAULT_MACHINE, Machine
from ..xray.mesh_files import read_mesh
from ..xray.settings import Contrast, Conversion, Settings
from ..xray.tools import Tool
from ..xray.views import view_named
from .batches import Batch
from .devices import check_device
from .former import tell_former
from .images import read_ct
from .options import Console, taken

_RECORD = "drr.json"
_TOLD = 10
"""Notes that a series of images prints."""

_LONGEST_NAME = 100
_MOST_POSES = 20_000
"""As many views as are checked before the first image is made, within seconds and 100 MB."""

_NAME = re.compile(r"\w[\w.\-]*")


def make(options, console: Console) -> int:
    """Read, project, write: one image, or one for each pose of a file."""
    check_device(options.device)
    if not options.poses:
        _refuse_out(options)
    console.stage("Reading")
    ct = read_ct(options.ct, options)
    machine = machine_named(options.machine or DEFAULT_MACHINE)
    geometry = _geometry(options, machine)
    views = _views(options, geometry, ct)
    settings = _settings(options, machine, geometry)
    if options.machine:
        _tell_beyond(console, machine, views, settings)
    tools = _tools(options)
    refuse_too_large(max(views.values(), key=lambda view: view.rows * view.columns), len(tools))
    accept_frame = taken(options, Trust()).accept_frame
    labels = read_labels(options.labels, like=ct, accept_frame=accept_frame) if options.labels else None
    points = truth_files.read_landmarks(options.landmarks) if options.landmarks else {}
    patient = Patient(ct, _division(options, labels), options.device)
    truth = partial(truth_files.write_truth, labels=labels, tools=tools, points_ras=points)
    if patient.notice:
        console.stage(patient.notice)
    if options.poses:
        return _many(options, console, patient, views, settings, tools, truth)
    view = views[""]
    console.stage(f"Projecting {view.pose().title}")
    image = _image(patient, view, settings, tools, options)
    path = Path(options.out).expanduser()
    truths = Path(options.truth).expanduser() if options.truth else None
    _write(path, image, options.output, ct, partial(truth, truths) if truths else None)
    if truths:
        console.result(f"'{truths / truth_files.RECORD}' lists the truth.")
    for sentence in image.notices:
        console.note(sentence)
    console.result(_line(path, image, options.output))
    return 0


def _refuse_out(options):
    """InputError where the image cannot have this name, or would take the place of what it is made of."""
    out = Path(options.out).expanduser()
    export.refuse_name(out, options.output)
    tools = [text.rpartition(":")[0] for text in options.tool or ()]
    for name in filter(None, (options.ct, options.labels, options.pose, options.landmarks, *tools)):
        if os.path.exists(out) and os.path.exists(name) and os.path.samefile(out, name):
            raise InputError(f"--out would replace '{name}', of which the image is made; choose another name.")


def _geometry(options, machine: Machine) -> Geometry:
    base = Geometry.of(machine, image_size=machine.columns)
    if options.pixel_mm is not None:  # the option of version 0.1: with an image size a square of so many pixels
        tell_former("--pixel-mm", "--field-width-mm and --field-height-mm")
        rows, columns = (options.image_size or count for count in (machine.rows, machine.columns))
        field = columns * options.pixel_mm, rows * options.pixel_mm
        base = replace(base, field_width_mm=field[0], field_height_mm=field[1])
    return taken(options, base)


def _views(options, geometry: Geometry, ct: Volume) -> dict[str, View]:
    """The views by name; a single one has no name."""
    center = ct.ras_from_ijk((torch.tensor(ct.shape[::-1]).numpy() - 1) / 2)
    start = view_named(options.view).pose if options.view else Pose()
    base = geometry.view(taken(options, replace(start, isocenter_ras=tuple(center))))
    if options.pose:
        return {"": poses.read_pose(options.pose, base)}
    return _views_in(Path(options.poses).expanduser(), base) if options.poses else {"": base}


def _tell_beyond(console: Console, machine: Machine, views: dict[str, View], settings: Settings):
    """What the machine that was named could not be set to; each sentence once."""
    told: dict[str, None] = {}
    for view in views.values():
        pose = view.pose()
        limits = machine.beyond(pose.lao_deg, pose.cran_deg, view.source_to_detector_mm, settings.spectrum.kvp)
        told |= dict.fromkeys(limits)
    for sentence in told:
        console.note(sentence)


def _views_in(path: Path, base: View) -> dict[str, View]:
    """The views of a pose file: a JSON list of records, or {"poses": [...]}; "name" names the image."""
    content = poses.read_json(path) if path.is_file() else None
    records = content.get("poses") if isinstance(content, dict) else content
    if not isinstance(records, list) or not records:
        raise InputError(
            f'\'{path}\' must be a JSON list of poses, like [{{"name": "a", "lao_deg": 30}}]; check the file.'
        )
    if len(records) > _MOST_POSES:
        raise InputError(
            f"'{path.name}' lists {len(records):,} poses; one run makes up to {_MOST_POSES:,} images, so split the "
            "list into several files, each with a folder of its own for --out."
        )
    views: dict[str, View] = {}
    for index, record in enumerate(records):
        name = str(record.get("name", f"{index:05d}")) if isinstance(record, dict) else f"{index:05d}"
        if name in views or not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            raise InputError(
                f"Pose {index} is named '{name[:_LONGEST_NAME]}'; give every pose a name of its own of up to "
                f"{_LONGEST_NAME} letters and digits."
            )
        try:
            views[name] = poses.view_of(record, base)
        except InputError as error:
            raise InputError(f"Pose '{name}' of '{path.name}': {error}") from error
    return views


def _settings(options, machine: Machine, geometry: Geometry) -> Settings:
    settings = taken(options, Settings(naive_kev=_conversion(options).ct_kev))
    if options.photons is not None:  # the option of version 0.1
        tell_former("--photons, which counts per pixel,", "--photons-per-mm2")
        pixel_mm2 = geometry.field_width_mm / geometry.image_size * geometry.field_height_mm / geometry.rows
        settings = changed(settings, {"exposure.photons_per_mm2": options.photons / pixel_mm2})
    if machine.round_field:
        diameter_mm = min(geometry.field_width_mm, geometry.field_height_mm)
        settings = changed(settings, {"collimation": settings.collimation.within_disk(diameter_mm)})
    return settings


def _conversion(options) -> Conversion:
    return taken(options, Conversion())


def _division(options, labels: Volume | None) -> split.Split:
    if options.output == "water-path":
        return split.water_only()
    kev = _conversion(options).ct_kev
    if labels is None or not (options.bones or options.contrast):
        return split.continuous(kev)
    agents = [_contrast(text) for text in options.contrast or ()]
    _refuse_absent(labels, [*(options.bones or ()), *(agent.label for agent in agents)])
    return split.labeled(labels, options.bones or (), agents, kev)


def _contrast(text: str) -> Contrast:
    label, _, amount = text.partition(":")
    try:
        return Contrast(int(label), float(amount))
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"--contrast takes a label and mg of iodine per ml, like 7:15; '{text}' is not.") from None


def _refuse_absent(labels: Volume, wanted: list[int]):
    present = set(torch.unique(labels.data).tolist())
    absent = [str(value) for value in wanted if value not in present]
    if absent:
        raise InputError(f"The labels hold no voxel of {', '.join(absent)}; check the numbers.")


def _tools(options) -> list[Tool]:
    found = []
    for text in options.tool or ():
        path, _, material = text.rpartition(":")
        if not path:
            raise InputError(f"--tool takes a mesh and a material, like wire.stl:steel; '{text}' is not.")
        mesh = read_mesh(Path(path).expanduser())
        try:
            found.append(Tool(Path(path).stem, mesh, material))
        except InputError as error:
            raise InputError(f"'{Path(path).name}': {error}") from error
    return found


def _image(patient: Patient, view: View, settings: Settings, tools: list[Tool], options) -> Radiograph:
    image = render(patient, view, settings, tools)
    if options.fit_window:
        image = radiograph(image.paths, view, replace(settings, window=image.fitted_window()), image.notices)
    return image


def _many(
    options, console: Console, patient: Patient, views: dict[str, View], settings: Settings, tools: list[Tool], truth
) -> int:
    out = Path(options.out).expanduser()
    batch = Batch(out, "image", _RECORD, console)
    batch.begin(
        {"ct": str(options.ct), "tools": options.tool, "output": options.output, "settings": settings.to_dict()},
        lambda record: {**record, "settings": Settings.from_dict(record["settings"]).to_dict()},
    )
    order = {name: index for index, name in enumerate(views)}
    told: Counter[str] = Counter()
    truths = Path(options.truth).expanduser() if options.truth else None
    for name in batch.waiting(views, lambda name: _is_made(_file(out, name), views[name], truths and truths / name)):
        exposure = replace(settings.exposure, seed=(settings.exposure.seed + order[name]) % 2**31)
        image = _image(patient, views[name], replace(settings, exposure=exposure), tools, options)
        told.update(image.notices)
        _write(_file(out, name), image, options.output, patient.ct, partial(truth, truths / name) if truths else None)
    for sentence, count in told.most_common(_TOLD):
        console.note(f"{count} of {len(views)} images: {sentence}")
    if len(told) > _TOLD:
        console.note(f"{len(told) - _TOLD} more such sentences; images that are made one by one tell them.")
    return batch.end(views, {}, lambda name: _file(out, name).is_file())


def _write(path: Path, image: Radiograph, output: str, ct: Volume, truth: Callable[[View], Path] | None):
    """The image and its truth, both or none; the image takes its place last."""
    with staging(path) as folder:
        export.write_image(folder / path.name, image, output, ct.metadata)
        if truth:
            truth(image.view)
        publish(folder, path)


def _file(out: Path, name: str) -> Path:
    return out / f"{name}.nrrd"


def _is_made(path: Path, view: View, truth: Path | None) -> bool:
    """Whether an image of this very view is there, and its truth where that is asked for; files appear whole."""
    if not path.is_file():
        return False
    record = poses.record_of(view)
    try:
        if truth and poses.read_json(truth / truth_files.RECORD).get("pose") != json.loads(json.dumps(record)):
            return False
        return (read_volume(path).metadata or {}).get(poses.POSE_KEY) == json.dumps(record)
    except (InputError, AttributeError):
        return False


def _line(path: Path, image: Radiograph, output: str) -> str:
    """One image in words."""
    values = export.output_image(image, output)
    scatter = f", scatter-to-primary {image.scatter_to_primary:.2f}" if image.scatter_to_primary else ""
    view = image.view
    return (
        f"'{path}': {view.pose().title}, {view.rows} x {view.columns} pixels, {output} {float(values.min()):.4g} to "
        f"{float(values.max()):.4g}, magnification {view.magnification:.3f}{scatter}."
    )
