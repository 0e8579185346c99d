"""``synthetic-imaging drr``: X-ray images of a CT from a virtual C-arm."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..declared import own_settings
from ..errors import InputError
from ..io.trust import Trust
from ..xray.geometry import Geometry, Pose
from ..xray.machines import DEFAULT_MACHINE, Machine
from ..xray.settings import OUTPUTS, Collimation, Conversion, Exposure, Scatter, Settings, Window
from ..xray.spectrum import Spectrum
from .options import Console, add_series, add_settings, add_verb, label_numbers, number

GRAY_SUFFIXES = (".png", ".dcm")
_SUMMARY = """Make the X-ray image that a C-arm would take of a CT. The file is a volume of one slice
that stands at the detector, pixel (0, 0) at the upper left of the upright view; --out may
also end in .png or .dcm (DICOM XA) for the display image. Angles are those of DICOM: they
name the detector's side, LAO and CRAN positive. Outputs: water-path (mm, the integral of
max(0, 1 + HU/1000)), line-integral (attenuation at --ct-kev), transmission (signal over
signal in air), signal (keV per pixel), display (gray 0 to 1, fixed window)."""
_EXAMPLE = """  synthetic-imaging drr ct.nrrd --lao-deg 30 --cran-deg 10 --out oblique.nrrd
  synthetic-imaging drr ct.nrrd --view lateral-left --kvp 90 --fit-window --detail 1.5 --out lateral.png
  synthetic-imaging drr ct.nrrd --poses poses.json --output transmission --out images"""
_OF_THE_MACHINE = dict.fromkeys([*own_settings(Machine), "field_width_mm", "field_height_mm"], "the C-arm's")


def add_to(verbs):
    parser = add_verb(verbs, "drr", run, "X-ray images of a CT from a virtual C-arm", _SUMMARY, _EXAMPLE)
    parser.add_argument("ct", metavar="CT", help="the CT in HU: a file, or a folder with a DICOM series")
    add_series(parser)
    _add_geometry(parser)
    beam = parser.add_argument_group("beam and detector")
    add_settings(beam, Spectrum)
    add_settings(beam, Exposure)
    add_settings(beam, Scatter)
    add_settings(beam, Settings, *own_settings(Settings), told={"naive_kev": "that of the CT"})
    beam.add_argument("--photons", type=number, help=argparse.SUPPRESS)
    add_settings(parser.add_argument_group("collimation"), Collimation)
    _add_scene(parser.add_argument_group("patient and tools"))
    add_settings(parser.add_argument_group("doubtful input"), Trust)
    _add_output(parser.add_argument_group("output"))


def _add_geometry(parser):
    group = parser.add_argument_group("pose")
    add_settings(group, Pose, told={"isocenter_ras": "center of the CT"})
    group.add_argument("--view", metavar="NAME", help="a saved view instead of angles: ap, lateral-left, inlet, ...")
    group.add_argument(
        "--pose",
        metavar="FILE",
        help="pose from JSON, a 3x4 matrix (.txt), an earlier image or DICOM XA; one that tells no isocenter keeps "
        "--isocenter-ras",
    )
    group.add_argument(
        "--poses", metavar="FILE", help="JSON list of poses: an image for each, resumable; --out is a folder"
    )
    group = parser.add_argument_group("C-arm")
    group.add_argument(
        "--machine", metavar="NAME", help=f"C-arm for distances and detector (default {DEFAULT_MACHINE})"
    )
    add_settings(group, Geometry, told={**_OF_THE_MACHINE, "image_size": "columns of the C-arm's detector"})
    group.add_argument("--pixel-mm", type=number, help=argparse.SUPPRESS)


def _add_scene(group):
    group.add_argument("--tool", action="append", metavar="MESH:MATERIAL",
                       help="closed mesh in mm (STL, PLY, OBJ, VTK, VTP; RAS unless it says SPACE=LPS, as "
                       "models saved by Slicer do) and material, like wire.stl:steel; repeatable")  # fmt: skip
    group.add_argument("--labels", metavar="SEG", help="label volume: truth images, bones and contrast agent")
    group.add_argument(
        "--bones", type=label_numbers, metavar="N,N", help="labels that are bone (default: by CT number)"
    )
    group.add_argument("--contrast", action="append", metavar="N:MG_ML", help="iodine in label N; repeatable")
    add_settings(group, Conversion)


def _add_output(group):
    group.add_argument("--output", choices=OUTPUTS, help="which (default line-integral, or display for .png and .dcm)")
    add_settings(group, Window)
    group.add_argument("--fit-window", action="store_true", help="set the window by the image itself")
    group.add_argument("--out", required=True, metavar="IMG", help="file for the image; a folder with --poses")
    group.add_argument("--truth", metavar="DIR", help="folder for masks, path lengths, landmarks and the pose")
    group.add_argument(
        "--landmarks", metavar="FILE", help="points for --truth: JSON, or markups of Slicer (.mrk.json, .fcsv)"
    )
    group.add_argument("--device", default="cpu", metavar="DEVICE", help="cpu (default) or cuda")


def run(options, console: Console) -> int:
    _check(options)
    from . import drr_images

    return drr_images.make(options, console)


def _check(options):
    angles = [name for name in ("lao_deg", "cran_deg", "roll_deg") if getattr(options, name) is not None]
    for source, others in (("view", angles), ("pose", [*angles, *(["view"] if options.view else [])])):
        if getattr(options, source) and others:
            wrong = ", ".join(f"--{name.replace('_', '-')}" for name in others)
            raise InputError(f"{wrong} cannot be combined with --{source}; leave one of them out.")
    if options.output is None:
        options.output = "display" if options.out.lower().endswith(GRAY_SUFFIXES) else "line-integral"
    if options.output == "water-path" and (options.tool or options.contrast):
        raise InputError("A water path is that of the CT alone; leave out --tool and --contrast.")
    if options.pose and options.poses:
        raise InputError("--pose is for one image and --poses for many; leave one of them out.")
    if (options.bones or options.contrast) and not options.labels:
        raise InputError("--bones and --contrast name labels of the file that --labels gives; add --labels SEG.")
    if options.truth and not (options.labels or options.tool or options.landmarks):
        raise InputError("--truth writes labels, tools and landmarks; add --labels, --tool or --landmarks.")
    if options.landmarks and not options.truth:
        raise InputError("--landmarks are written to the folder that --truth gives; add --truth DIR.")
    if options.poses and Path(options.out).suffix:
        raise InputError(f"With --poses, --out is a folder; '{options.out}' looks like a file.")
