"""``synthetic-imaging segment``: labels of a pretrained model."""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..io.trust import Trust
from ..segmentation.catalog import find_model, fingerprint
from ..segmentation.postprocessing import STEPS, Crf, Step, step_of_text
from ..segmentation.settings import Settings
from .batches import Batch
from .options import Console, add_series, add_settings, add_verb, natural, taken
from .progress import add_progress, followed

_SUMMARY = """Segment an image by a model: one of the list (verb models), or the folder or zip of a package, an
nnU-Net v2 export or a MONAI bundle, or an ONNX file with its description. Several images are the
channels of one case, in the model's order. With --folder every image of a folder is a case; channels
end in _0000, _0001 … there; cases that are there already are skipped, so the same command resumes.
Results are not for diagnosis."""
_EXAMPLE = """  synthetic-imaging segment ct.nrrd --model totalsegmentator-total-3mm --preset fast --out organs.seg.nrrd
  synthetic-imaging segment --folder cts --model exported_model.zip --fold 0 --out labels"""
_SETTINGS = ("preset", "tile_step", "mirror", "crop", "margin_mm", "device", "half")
_RECORD = "segment.json"
_CHANNEL = re.compile(r"_(\d{4})$")


def add_to(verbs):
    parser = add_verb(verbs, "segment", run, "segment images by a pretrained model", _SUMMARY, _EXAMPLE)
    parser.add_argument("images", nargs="*", metavar="IMAGE", help="the channels of one case, in the model's order")
    parser.add_argument("--folder", metavar="DIR", help="folder of images or DICOM series, instead of one case")
    add_series(parser)
    parser.add_argument(
        "--model", required=True, metavar="ID|PATH", help="id of a model of the list, or its folder or file"
    )
    add_settings(parser, Settings, *_SETTINGS)
    parser.add_argument("--fold", type=natural, action="append", metavar="K", help="use this training only; repeatable")
    parser.add_argument("--within", metavar="LABELS", help="look only at the box around these labels, and a margin")
    after = parser.add_argument_group("after the model")
    after.add_argument("--crf", action="store_true", help="outlines that follow the CT (the step crf as it stands)")
    after.add_argument(
        "--step", action="append", default=[], metavar="NAME[:FIELD=VALUE,…]",
        help=f"a step on the labels; repeatable, in order: {', '.join(STEPS)}; labels are given as labels=1+2",
    )  # fmt: skip
    after.add_argument(
        "--own-steps", action=argparse.BooleanOptionalAction, default=True,
        help="steps that the model's description names, before the others",
    )  # fmt: skip
    add_settings(parser.add_argument_group("doubtful input"), Trust)
    add_progress(parser)
    parser.add_argument(
        "--out", required=True, metavar="FILE|DIR",
        help="labels: .seg.nrrd with names and colors, .nrrd or .nii.gz; .dcm for a DICOM segmentation of a DICOM "
        "series; with --folder a folder",
    )  # fmt: skip


def run(options, console: Console) -> int:
    from ..io.files import suffix_of

    if bool(options.images) == bool(options.folder):
        raise InputError("Give the images of one case, or --folder with many cases.")
    out = Path(options.out).expanduser()
    if options.images and suffix_of(out) is None and not _is_dicom(out):
        raise InputError(f"'{out.name}' does not say a file type; end the name in .seg.nrrd, .nrrd, .nii.gz or .dcm.")
    settings = taken(options, Settings())
    if options.fold is not None:
        settings = replace(settings, folds=",".join(map(str, options.fold)))
    steps = _steps(options)
    if options.images:
        model = find_model(options.model)
        _one(model, [Path(image) for image in options.images], out, settings, steps, options, console)
        console.result(f"The labels are in '{out}'.")
        return 0
    return _many(options, out, settings, steps, console)


def _steps(options) -> tuple[Step, ...]:
    return (*map(step_of_text, options.step), *([Crf()] if options.crf else []))


def _one(model, images: list[Path], out: Path, settings: Settings, steps, options, console: Console):
    from ..io import read_labels, write_volume
    from ..segmentation.dicom_segments import slices_for, write_dicom
    from ..segmentation.processing import segmented
    from ..segmentation.segments import with_segments
    from .images import read_image

    volumes = [read_image(image, options) for image in images]
    slices = slices_for(images[0], options.series) if _is_dicom(out) else None
    accept_frame = taken(options, Trust()).accept_frame
    within = read_labels(options.within, volumes[0], accept_frame=accept_frame) if options.within else None
    labels = followed(segmented(model, volumes, settings, within, steps, options.own_steps), options, console)
    if slices is None:
        write_volume(out, with_segments(labels, model.labels))
    else:
        write_dicom(out, labels, model.labels, slices, model.card.name)


def _is_dicom(out: Path) -> bool:
    return out.suffix.lower() == ".dcm"


def _many(options, out: Path, settings: Settings, steps, console: Console) -> int:
    from ..segmentation.segments import SUFFIX

    cases = _cases(Path(options.folder).expanduser())
    model = find_model(options.model)
    batch = Batch(out, "case", _RECORD, console)
    batch.begin(
        {
            "model": fingerprint(options.model) or str(Path(options.model).expanduser().resolve()),
            "settings": {name: value for name, value in settings.to_dict().items() if name != "device"},
            "steps": [*options.step, *(["crf"] if options.crf else [])],
            "own_steps": options.own_steps,
            "within": options.within,
        }
    )
    failures: dict[str, str] = {}
    for name in batch.waiting(cases, lambda name: (out / f"{name}{SUFFIX}").is_file()):
        console.stage(name)
        try:
            _one(model, cases[name], out / f"{name}{SUFFIX}", settings, steps, options, console)
        except InputError as error:
            failures[name] = str(error)
    return batch.end(cases, failures, lambda name: (out / f"{name}{SUFFIX}").is_file())


def _cases(folder: Path) -> dict[str, list[Path]]:
    """The images of each case by its name, channels in order."""
    from ..io.files import suffix_of

    if not folder.is_dir():
        raise InputError(f"'{folder}' is not a folder; give one with images.")
    cases = defaultdict(list)
    for path in sorted(folder.iterdir()):
        suffix = suffix_of(path) if path.is_file() else ""
        if suffix is not None and not path.name.startswith("."):
            cases[_CHANNEL.sub("", path.name.removesuffix(suffix))].append(path)
    if not cases:
        raise InputError(f"'{folder}' holds no image: no NRRD, NIfTI or MetaImage file and no folder.")
    return dict(cases)
