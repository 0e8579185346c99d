"""``synthetic-imaging drr``: X-ray images of a CT from a virtual C-arm."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .options import Console, add_verb, label_numbers, natural, number, numbers, positive_integer, triple

OUTPUTS = ("water-path", "line-integral", "transmission", "signal", "display")
GRAY_SUFFIXES = (".png", ".dcm")
_SUMMARY = """Make the X-ray image that a C-arm would take of a CT. The file is a volume of one slice
that stands at the detector, pixel (0, 0) at the upper left of the upright view; --out may
also end in .png or .dcm (DICOM XA) for the display image. Angles are those of DICOM: they
name the detector's side, LAO and CRAN positive. --sdd-mm is source to detector, --sid-mm
source to isocenter; the isocenter is the CT's center unless given. Outputs: water-path (mm,
the integral of max(0, 1 + HU/1000)), line-integral (attenuation at 70 keV), transmission
(signal over signal in air), signal (keV per pixel), display (gray 0 to 1, fixed window)."""
_EXAMPLE = """  synthetic-imaging drr ct.nrrd --lao 30 --cran 10 --out oblique.nrrd
  synthetic-imaging drr ct.nrrd --view lateral-left --kvp 90 --fit-window --detail 1.5 --out lateral.png
  synthetic-imaging drr ct.nrrd --poses poses.json --output transmission --out images"""


def add_to(verbs):
    parser = add_verb(verbs, "drr", run, "X-ray images of a CT from a virtual C-arm", _SUMMARY, _EXAMPLE)
    parser.add_argument("ct", metavar="CT", help="the CT in HU: a file, or a folder with a DICOM series")
    _add_geometry(parser.add_argument_group("geometry"))
    _add_beam(parser.add_argument_group("beam and detector"))
    _add_scene(parser.add_argument_group("patient and tools"))
    _add_output(parser.add_argument_group("output"))


def _add_geometry(group):
    group.add_argument("--lao", type=number, metavar="A", help="primary angle in degrees, RAO negative (default 0)")
    group.add_argument("--cran", type=number, metavar="B", help="secondary angle, CAUD negative (default 0)")
    group.add_argument("--roll", type=number, metavar="R", help="turns the picture clockwise (default 0)")
    group.add_argument("--view", metavar="NAME", help="a saved view instead of angles: ap, lateral-left, inlet, ...")
    group.add_argument("--isocenter", type=triple, metavar="R,A,S", help="in mm (default: center of the CT)")
    group.add_argument(
        "--pose", metavar="FILE", help="pose from JSON, a 3x4 matrix (.txt), DICOM XA or an earlier image"
    )
    group.add_argument(
        "--poses", metavar="FILE", help="JSON list of poses: an image for each, resumable; --out is a folder"
    )
    group.add_argument("--machine", metavar="NAME", help="C-arm for distances and detector (default cios-spin)")
    group.add_argument("--sdd-mm", type=number, metavar="D", help="source to detector")
    group.add_argument("--sid-mm", type=number, metavar="D", help="source to isocenter")
    group.add_argument("--size", type=positive_integer, metavar="N",
                       help="columns, with the machine's field of view; with --pixel-mm N x N pixels")  # fmt: skip
    group.add_argument("--pixel-mm", type=number, metavar="P", help="pixel size at the detector")
    group.add_argument("--off-center-mm", type=numbers, metavar="X,Y", help="detector to the right and up")


def _add_beam(group):
    group.add_argument("--kvp", type=number, metavar="K", help="tube voltage, 40 to 125 (default 80)")
    group.add_argument("--al-mm", type=number, metavar="D", help="all aluminum in the beam (default 3)")
    group.add_argument("--cu-mm", type=number, metavar="D", help="all copper in the beam (default 0.1)")
    group.add_argument(
        "--photons", type=number, metavar="N", help="photons per pixel without patient (default: fluoroscopy)"
    )
    group.add_argument("--scatter", type=number, metavar="F",
                       help="scatter over primary behind 20 cm of water, no grid (default 1; 0: none)")  # fmt: skip
    group.add_argument("--no-grid", action="store_true", help="without anti-scatter grid")
    group.add_argument("--no-noise", action="store_true", help="mean image, no quanta")
    group.add_argument("--seed", type=natural, default=0, metavar="S", help="of the noise (default 0)")
    group.add_argument("--naive", action="store_true", help="one energy, no noise, no scatter, no blur: for comparison")


def _add_scene(group):
    group.add_argument("--tool", action="append", metavar="MESH:MATERIAL",
                       help="closed mesh (STL, RAS mm) and material, like wire.stl:steel; repeatable")  # fmt: skip
    group.add_argument("--labels", metavar="SEG", help="label volume: truth images, bones and contrast agent")
    group.add_argument(
        "--bones", type=label_numbers, metavar="N,N", help="labels that are bone (default: by CT number)"
    )
    group.add_argument("--contrast", action="append", metavar="N:MG_ML", help="iodine in label N; repeatable")
    group.add_argument("--ct-kev", type=number, metavar="E", help="effective energy of the CT (default 70)")


def _add_output(group):
    group.add_argument("--output", choices=OUTPUTS, help="which (default line-integral, or display for .png and .dcm)")
    group.add_argument(
        "--window", type=numbers, metavar="LOW,HIGH", help="attenuation at black and at white (default 0.5,7)"
    )
    group.add_argument("--fit-window", action="store_true", help="set the window by the image itself")
    group.add_argument("--detail", type=number, metavar="F", help="enlarge small structures in the display image")
    group.add_argument("--invert", action="store_true", help="dense is dark, as in fluoroscopy")
    group.add_argument("--out", required=True, metavar="IMG", help="file for the image; a folder with --poses")
    group.add_argument("--truth", metavar="DIR", help="folder for masks, path lengths, landmarks and the pose")
    group.add_argument("--landmarks", metavar="FILE", help="points for --truth: JSON, or markups saved from Slicer")
    group.add_argument("--device", default="cpu", metavar="DEVICE", help="cpu (default) or cuda")


def run(options, console: Console) -> int:
    _check(options)
    from . import drr_images

    return drr_images.make(options, console)


def _check(options):
    angles = [name for name in ("lao", "cran", "roll") if getattr(options, name) is not None]
    for source, others in (("view", angles), ("pose", [*angles, *(["view"] if options.view else [])])):
        if getattr(options, source) and others:
            wrong = ", ".join(f"--{name}" for name in others)
            raise InputError(f"{wrong} cannot be combined with --{source}; leave one of them out.")
    if options.output is None:
        options.output = "display" if options.out.lower().endswith(GRAY_SUFFIXES) else "line-integral"
    if options.output == "water-path" and (options.tool or options.contrast):
        raise InputError("A water path is that of the CT alone; leave out --tool and --contrast.")
    if options.pose and options.poses:
        raise InputError("--pose is for one image and --poses for many; leave one of them out.")
    if options.off_center_mm is not None and len(options.off_center_mm) != 2:
        raise InputError("--off-center-mm takes two numbers, right and up, like 10,-5.")
    if options.window is not None and len(options.window) != 2:
        raise InputError("--window takes two numbers, the attenuation at black and at white, like 0.5,7.")
    if (options.bones or options.contrast) and not options.labels:
        raise InputError("--bones and --contrast name labels of the file that --labels gives; add --labels SEG.")
    if options.truth and not (options.labels or options.tool or options.landmarks):
        raise InputError("--truth writes labels, tools and landmarks; add --labels, --tool or --landmarks.")
    if options.landmarks and not options.truth:
        raise InputError("--landmarks are written to the folder that --truth gives; add --truth DIR.")
    if options.poses and Path(options.out).suffix:
        raise InputError(f"With --poses, --out is a folder; '{options.out}' looks like a file.")
