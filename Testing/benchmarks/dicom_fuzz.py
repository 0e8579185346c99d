"""Damaged files against the readers: cut short, bytes and digits of the header changed, taken out and put in.

``python -m benchmarks.dicom_fuzz [--quick]``. What comes back is the image that was written, a sentence that refuses,
or the image that the changed header now states, as a second reader of a few lines states it (a spacing of 3 that
became 8 is no fault that anyone could see). Anything else is a wrong image, or an error without a sentence.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import dicom_files
import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from benchmarks.table import RESULTS, machine, markdown
from synthetic_imaging.errors import InputError
from synthetic_imaging.io import read_volume, write_volume
from synthetic_imaging.volume import Volume

SHAPE = (5, 16, 18)
TRIES = 2000
"""For each reader; DICOM is written in several ways, which have half as many each."""

MEMORY_BYTES = 6 << 30
OUTCOMES = ("equal", "refused", "as the header now says", "wrong image", "error", "crash")
TITLE = "# Damaged files"
KINDS = ("DICOM series", "DICOM series, implicit", "DICOM series, RLE", "DICOM series, JPEG 2000", "DICOM multi-frame",
         "NRRD", "NIfTI", "MHA")  # fmt: skip

Image = tuple[np.ndarray, np.ndarray]
"""Voxels (K, J, I) and the matrix to RAS."""


# ---- the files ----------------------------------------------------------------------------------------------------


def make(kind: str, folder: Path) -> tuple[Path, list[Path]]:
    """Write the image; returns what is read, and the files that may be damaged."""
    hu = dicom_files.hu(SHAPE)
    if kind == "DICOM multi-frame":
        path = dicom_files.save(folder / "ct.dcm", dicom_files.multi_frame(hu))
        return path, [path]
    if kind.startswith("DICOM"):
        syntax = {"implicit": ImplicitVRLittleEndian, "RLE": RLELossless, "JPEG 2000": JPEG2000Lossless}
        written = syntax.get(kind.partition(", ")[2], ExplicitVRLittleEndian)
        dicom_files.write(folder / "ct", dicom_files.slices(hu), syntax=written)
        return folder / "ct", sorted((folder / "ct").iterdir())
    volume = Volume.from_numpy(hu, dicom_files.ijk_to_ras())
    path = folder / {"NRRD": "ct.nrrd", "NIfTI": "ct.nii", "MHA": "ct.mha"}[kind]
    if kind == "NIfTI":
        write_volume(path, volume)
    else:
        path.write_bytes(_plain_header(kind, volume) + hu.tobytes())
    return path, [path]


def _plain_header(kind: str, volume: Volume) -> bytes:
    """Voxels that are not compressed, so that a byte of the header is all that stands between right and wrong."""
    (i, j, k), (x, y, z) = volume.spacing_mm, (np.diag([-1, -1, 1, 1]) @ volume.ijk_to_ras)[:3, 3]
    sizes = " ".join(map(str, reversed(volume.shape)))
    if kind == "NRRD":
        return (
            f"NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: {sizes}\n"
            f"space directions: ({i:g},0,0) (0,{j:g},0) (0,0,{k:g})\nkinds: domain domain domain\nendian: little\n"
            f"encoding: raw\nspace origin: ({x:g},{y:g},{z:g})\n\n"
        ).encode()
    return (
        f"ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n"
        f"TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = {x:g} {y:g} {z:g}\nElementSpacing = {i:g} {j:g} {k:g}\n"
        f"DimSize = {sizes}\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    ).encode()


def header_length(kind: str, content: bytes) -> int:
    if kind.startswith("DICOM"):
        return content.rindex(b"\xe0\x7f\x10\x00") + 12
    if kind == "NIfTI":
        return 352
    end = {"NRRD": b"\n\n", "MHA": b"LOCAL\n"}[kind]
    return content.index(end) + len(end)


# ---- the damage ---------------------------------------------------------------------------------------------------


def damaged(content: bytes, header: int, rng: np.random.Generator) -> bytes:
    """One of many kinds of damage."""
    changed = bytearray(content)
    at = int(rng.integers(header))
    how = rng.integers(8)
    if how < 2:
        return content[: int(rng.integers(len(content)))]
    if how == 2:
        for place in rng.integers(header, size=rng.integers(1, 5)):
            changed[place] = rng.integers(256)
    elif how == 3:
        changed[at] ^= 1 << int(rng.integers(8))
    elif how in (4, 5):
        digits = [place for place in range(header) if chr(content[place]).isdigit()]
        for place in rng.choice(digits, rng.integers(1, 3)):
            changed[place] = ord(str(rng.integers(10)))
    elif how == 6:
        del changed[at : at + int(rng.integers(1, 20))]
    else:
        changed[at:at] = rng.integers(256, size=rng.integers(1, 20), dtype=np.uint8).tobytes()
    return bytes(changed)


# ---- what came of it ----------------------------------------------------------------------------------------------


def outcome(kind: str, what: Path, truth: Image) -> tuple[str, str]:
    """How one read ended, and the sentence or error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            volume = read_volume(what)
    except InputError as error:
        return "refused", str(error)
    except Exception as error:
        return "error", f"{type(error).__name__}: {error}"
    read = volume.numpy(), volume.ijk_to_ras
    if _same(read, truth):
        return "equal", ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stated = STATED[kind.split(" ")[0]](what)
    except Exception as error:
        return "wrong image", f"no second opinion: {type(error).__name__}: {error}"
    return ("as the header now says", "") if _same(read, stated) else ("wrong image", f"{read[0].shape} {read[1]}")


def _same(one: Image, other: Image) -> bool:
    return (
        one[0].shape == other[0].shape
        and np.allclose(one[0], other[0], rtol=1e-5, atol=1e-3, equal_nan=True)
        and np.allclose(one[1], other[1], rtol=1e-4, atol=0.05)
    )


def _stated_by_dicom(what: Path) -> Image:
    """The pictures of all files in the order of their heights, each by pydicom's own decoder."""
    planes = []
    for path in [what] if what.is_file() else sorted(what.iterdir()):
        dataset = pydicom.dcmread(path, force=True)
        shared = dataset.get("SharedFunctionalGroupsSequence", [pydicom.Dataset()])[0]
        numbers = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
        groups = dataset.get("PerFrameFunctionalGroupsSequence", [dataset] * len(numbers))
        for picture, group in zip(numbers, groups, strict=True):
            rescale = group.get("PixelValueTransformationSequence", [dataset])[0]
            position = group.get("PlanePositionSequence", [dataset])[0].ImagePositionPatient
            axes = shared.get("PlaneOrientationSequence", [dataset])[0].ImageOrientationPatient
            spacing = shared.get("PixelMeasuresSequence", [dataset])[0].PixelSpacing
            hu = picture * float(rescale.get("RescaleSlope") or 1) + float(rescale.get("RescaleIntercept") or 0)
            planes.append((np.array(position, float), np.array(axes, float).reshape(2, 3), spacing, hu))
    planes.sort(key=lambda plane: float(np.cross(*plane[1]) @ plane[0]))
    position, axes, spacing, _ = planes[0]
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = axes[0] * float(spacing[1]), axes[1] * float(spacing[0])
    matrix[:3, 2], matrix[:3, 3] = (planes[-1][0] - position) / (len(planes) - 1), position
    return np.stack([plane[3] for plane in planes]), np.diag([-1, -1, 1, 1]) @ matrix


def _stated_by_nrrd(what: Path) -> Image:
    header, _, data = what.read_bytes().partition(b"\n\n")
    fields = dict(line.split(": ", 1) for line in header.decode("latin-1").split("\n")[1:] if ": " in line)
    directions = [
        [float(number) for number in vector.strip("()").split(",")] for vector in fields["space directions"].split()
    ]
    origin = [float(number) for number in fields["space origin"].strip("()").split(",")]
    units = fields.get("space")
    flip = {"left-posterior-superior": (-1, -1, 1), "right-anterior-superior": (1, 1, 1),
            "left-anterior-superior": (-1, 1, 1)}[units]  # fmt: skip
    dtype = {"short": "i2", "ushort": "u2", "float": "f4"}[fields["type"]]
    dtype = ("<" if fields["endian"] == "little" else ">") + dtype
    return _stated(data, dtype, fields["sizes"], directions, origin, flip)


def _stated_by_mha(what: Path) -> Image:
    header, _, data = what.read_bytes().partition(b"LOCAL\n")
    fields = dict(line.split(" = ", 1) for line in header.decode("latin-1").split("\n") if " = " in line)
    spacing = [float(number) for number in fields.get("ElementSpacing", "1 1 1").split()]
    axes = np.array([float(number) for number in fields.get("TransformMatrix", "1 0 0 0 1 0 0 0 1").split()])
    axes = axes.reshape(3, 3)
    origin = [float(number) for number in fields.get("Offset", "0 0 0").split()]
    dtype = {"MET_SHORT": "<i2", "MET_USHORT": "<u2"}[fields["ElementType"]]
    return _stated(data, dtype, fields["DimSize"], axes * np.array(spacing)[:, None], origin, (-1, -1, 1))


def _stated(data: bytes, dtype: str, sizes: str, directions, origin, flip) -> Image:
    shape = [int(size) for size in sizes.split()][::-1]
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = np.array(directions).T, origin
    voxels = np.frombuffer(data, dtype, int(np.prod(shape))).reshape(shape)
    return voxels, np.diag([*flip, 1.0]) @ matrix


def _stated_by_nifti(what: Path) -> Image:
    import nibabel

    image = nibabel.Nifti1Image.from_filename(what)
    return np.asarray(image.dataobj).T.squeeze(), image.affine


STATED: dict[str, Callable[[Path], Image]] = {
    "DICOM": _stated_by_dicom, "NRRD": _stated_by_nrrd, "MHA": _stated_by_mha, "NIfTI": _stated_by_nifti
}  # fmt: skip


# ---- many of them -------------------------------------------------------------------------------------------------


def work(kind: str, first: int, tries: int) -> None:
    """In a process of its own, for a file library may take it along; prints a line for each try."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    except ImportError:
        pass  # Windows
    with tempfile.TemporaryDirectory() as temporary:
        what, files = make(kind, Path(temporary))
        truth = dicom_files.hu(SHAPE), dicom_files.ijk_to_ras()
        assert outcome(kind, what, truth)[0] == "equal"
        print("begun", flush=True)
        whole = {path: path.read_bytes() for path in files}
        for seed in range(first, tries):
            rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
            victim = files[rng.integers(len(files))]
            victim.write_bytes(damaged(whole[victim], header_length(kind, whole[victim]), rng))
            print(json.dumps([seed, *outcome(kind, what, truth)]), flush=True)
            victim.write_bytes(whole[victim])


def fuzz(kind: str, tries: int) -> tuple[Counter[str], list[str]]:
    """The outcomes of all tries, and what should not have been."""
    counts: Counter[str] = Counter()
    faults, first = [], 0
    while first < tries:
        command = [sys.executable, "-m", "benchmarks.dicom_fuzz", "--work", kind, str(first), str(tries)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode and not done.stdout.startswith("begun"):
            raise RuntimeError(done.stderr)
        for line in done.stdout.splitlines()[1:]:
            seed, result, words = json.loads(line)
            counts[result] += 1
            first = seed + 1
            if result not in OUTCOMES[:3]:
                faults.append(f"{kind} {seed}: {result}: {words}")
        if done.returncode and first < tries:
            counts["crash"] += 1
            faults.append(f"{kind} {first}: crash {done.returncode}: {done.stderr[-300:]}")
            first += 1
    return counts, faults


def main():
    if "--work" in sys.argv:
        kind, first, tries = sys.argv[sys.argv.index("--work") + 1 :][:3]
        return work(kind, int(first), int(tries))
    quick = "--quick" in sys.argv
    rows, faults = [], []
    for kind in KINDS:
        counts, wrong = fuzz(kind, (TRIES // 2 if kind.startswith("DICOM") else TRIES) // (20 if quick else 1))
        rows.append([kind, sum(counts.values()), *(counts[name] for name in OUTCOMES)])
        faults += wrong
        print(rows[-1], flush=True)
    lines = [
        TITLE,
        "",
        f"An image of {' x '.join(map(str, SHAPE))} voxels, one file of it damaged: cut short, or bytes and digits of",
        "the header changed, taken out, put in. Read as it was written, refused with a sentence, or read as a second",
        "reader of a few lines understands the changed header (a digit that makes another valid file cannot be seen).",
        "",
        markdown(["File", "Tries", *(name.capitalize() for name in OUTCOMES)], rows),
        "",
        f"{machine()}.",
    ]
    text = "\n".join(lines) + "\n"
    print(text, *faults, sep="\n")
    if not quick:
        (RESULTS / "dicom_fuzz.md").write_text(text, encoding="utf-8")
    return None


if __name__ == "__main__":
    main()
