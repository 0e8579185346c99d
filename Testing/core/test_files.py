"""Single files from elsewhere: units, forms, rough axes, kinds, other folders, and headers that promise too much."""

import gzip
import os
import struct
import warnings

import numpy as np
import pytest
import SimpleITK as sitk

from synthetic_imaging import io, memory
from synthetic_imaging.cli.main import main
from synthetic_imaging.errors import InputError
from synthetic_imaging.volume import Volume

SHAPE = (6, 7, 8)
ARRAY = np.random.default_rng(0).integers(-1000, 1500, SHAPE).astype(np.int16)


def turned(seed=0) -> np.ndarray:
    """An oblique grid of unequal voxels; columns are turned axes times their sizes."""
    axes, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    matrix = np.eye(4)
    matrix[:3, :3] = axes * (0.7, 0.9, 2.5)
    matrix[:3, 3] = (-120, 35, 410)
    return matrix


def nifti_bytes(sform=None, qform=True, unit=2, units_per_mm=1.0, seed=0) -> bytes:
    """The volume as a NIfTI-1 file, its header changed: sform (3, 4) or False for none, lengths in another unit."""
    matrix = turned(seed)
    path = os.path.join(os.environ["FILES_FOLDER"], "base.nii")
    io.write_volume(path, Volume.from_numpy(ARRAY, matrix))
    with open(path, "rb") as file:
        raw = bytearray(file.read())
    rows = matrix[:3] if sform is None or sform is False else sform
    struct.pack_into("<12f", raw, 280, *(np.asarray(rows) * units_per_mm).ravel())
    struct.pack_into("<h", raw, 254, 0 if sform is False else 1)
    for at in (80, 84, 88, 268, 272, 276):
        struct.pack_into("<f", raw, at, struct.unpack_from("<f", raw, at)[0] * units_per_mm)
    if not qform:
        struct.pack_into("<h", raw, 252, 0)
    raw[123] = unit
    return bytes(raw)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FILES_FOLDER", str(tmp_path))
    return tmp_path


def read(path, content: bytes, **options) -> Volume:
    path.write_bytes(content)
    return io.read_volume(path, **options)


def assert_is_the_volume(volume: Volume, tolerance_mm=2e-3, seed=0):
    assert volume.numpy().dtype == ARRAY.dtype and np.array_equal(volume.numpy(), ARRAY)
    assert volume.same_grid(Volume.from_numpy(ARRAY, turned(seed)), tolerance_mm)


@pytest.mark.parametrize(("unit", "per_mm"), [(0, 1), (1, 1e-3), (2, 1), (3, 1000)])
@pytest.mark.parametrize("forms", ["both", "sform", "qform"])
def test_nifti_units(tmp_path, unit, per_mm, forms):
    sform = False if forms == "qform" else None
    raw = nifti_bytes(sform, forms != "sform", unit, per_mm)
    assert_is_the_volume(read(tmp_path / "a.nii", raw))
    assert_is_the_volume(read(tmp_path / "a.nii.gz", gzip.compress(raw)))


def test_nifti_without_any_form_is_read_and_said(tmp_path):
    with pytest.warns(UserWarning, match="does not say where it lies.*left and right are not certain"):
        volume = read(tmp_path / "a.nii", nifti_bytes(False, False))
    assert np.allclose(volume.ijk_to_ras, np.diag([0.7, 0.9, 2.5, 1])) and np.array_equal(volume.numpy(), ARRAY)
    assert "neither sform nor qform" in volume.metadata["GeometryNote"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = io.read_volume(io.write_volume(tmp_path / "b.nrrd", volume))
    assert kept.metadata["GeometryNote"] == volume.metadata["GeometryNote"]


@pytest.mark.parametrize("qform", [True, False])
@pytest.mark.parametrize("lean", [1e-5, 1e-4, 5e-4, 9e-4, 2e-3, 1e-2])
def test_rough_axes_are_straightened_below_a_thousandth_and_refused_above(tmp_path, lean, qform):
    sform = turned()[:3].copy()
    sform[:, 2] += lean * 2.5 * turned()[:3, 1] / 0.9
    raw = nifti_bytes(sform, qform)
    if lean > 1e-3:
        with pytest.raises(InputError, match="sheared grid: the axes of its sform are off the right angle"):
            read(tmp_path / "a.nii", raw)
        return
    volume = read(tmp_path / "a.nii", raw)
    assert_is_the_volume(volume, tolerance_mm=lean * 30 + 2e-3)
    axes = volume.directions
    assert np.allclose(axes.T @ axes, np.eye(3), atol=1e-9)


def test_two_forms_that_disagree_are_refused(tmp_path):
    moved = turned()[:3].copy()
    moved[:, 3] += (0, 5, 0)
    with pytest.raises(InputError, match=r"says twice where it lies.*5 mm\s+apart"):
        read(tmp_path / "a.nii", nifti_bytes(moved))
    assert read(tmp_path / "b.nii", nifti_bytes(moved, qform=False)).ijk_to_ras[1, 3] == pytest.approx(40)


def test_nifti_scaling_orders_and_types(tmp_path):
    raw = bytearray(nifti_bytes())
    struct.pack_into("<2f", raw, 112, 0.5, -24)
    scaled = read(tmp_path / "a.nii", bytes(raw))
    assert scaled.numpy().dtype == np.float32 and np.allclose(scaled.numpy(), ARRAY * 0.5 - 24)
    library = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.nii")))
    assert np.allclose(scaled.numpy(), library)
    struct.pack_into("<h", raw, 70, 128)
    with pytest.raises(InputError, match="color image"):
        read(tmp_path / "b.nii", bytes(raw))


def nrrd_bytes(unit="mm", per_mm=1.0, extra="", body=None) -> bytes:
    matrix = turned() * per_mm
    columns = " ".join("({:.12g},{:.12g},{:.12g})".format(*matrix[:3, axis]) for axis in range(3))
    units = f'space units: "{unit}" "{unit}" "{unit}"\n' if unit else ""
    origin = ",".join(f"{x:.12g}" for x in matrix[:3, 3])
    header = (
        "NRRD0005\ntype: int16\ndimension: 3\nspace: right-anterior-superior\nsizes: 8 7 6\n"
        f"space directions: {columns}\nspace origin: ({origin})\n{units}kinds: domain domain domain\n"
        f"endian: little\nencoding: raw\n{extra}\n"
    )
    return header.encode() + (ARRAY.astype("<i2").tobytes() if body is None else body)


@pytest.mark.parametrize(
    ("unit", "per_mm"), [("", 1), ("mm", 1), ("um", 1000), ("µm", 1000), ("cm", 0.1), ("m", 1e-3), ("meters", 1e-3)]
)
def test_nrrd_space_units(tmp_path, unit, per_mm):
    assert_is_the_volume(read(tmp_path / "a.nrrd", nrrd_bytes(unit, per_mm)), 1e-6)


def test_a_unit_that_nobody_knows_is_refused(tmp_path):
    with pytest.raises(InputError, match="the unit 'furlong', which is not known; save it in millimeters"):
        read(tmp_path / "a.nrrd", nrrd_bytes("furlong"))


def meta_bytes(data="LOCAL", extra="", body=None) -> bytes:
    header = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n"
        f"{extra}ElementSpacing = 1 1 2\nDimSize = 8 7 6\nElementType = MET_SHORT\nElementDataFile = {data}\n"
    )
    return header.encode() + (ARRAY.astype("<i2").tobytes() if body is None else body)


def test_meta_image_units_and_modality(tmp_path):
    volume = read(tmp_path / "a.mha", meta_bytes(extra="DistanceUnits = cm\nModality = MET_MOD_MR\n"))
    assert np.allclose(volume.spacing_mm, (10, 10, 20)) and volume.metadata["DICOM.Modality"] == "MR"
    assert main(["drr", str(tmp_path / "a.mha"), "--quiet", "--out", str(tmp_path / "o.nrrd")]) == 2


@pytest.mark.parametrize(
    "content", [nifti_bytes, lambda: gzip.compress(nifti_bytes()), nrrd_bytes], ids=["nii", "gz", "nrrd"]
)
@pytest.mark.parametrize("name", ["scan", "scan.nrrd", "scan.nii", "scan.nii.gz", "scan.dcm", "scan.v2.final"])
def test_the_kind_of_a_file_is_what_it_holds(tmp_path, content, name):
    assert_is_the_volume(read(tmp_path / name, content()))


def test_meta_image_of_any_name(tmp_path):
    for name in ("scan", "scan.nrrd"):
        assert np.array_equal(read(tmp_path / name, meta_bytes()).numpy(), ARRAY)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "is a PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "is a JPEG picture"),
        (b"PK\x03\x04" + bytes(50), "is a zip archive"),
        (gzip.compress(b"text"), "packed by gzip and holds no NIfTI"),
        (gzip.compress(bytes(5000))[:12], "cut short or damaged"),
    ],
)
@pytest.mark.parametrize("name", ["scan.nrrd", "scan.nii.gz", "scan"])
def test_what_is_no_volume_is_named(tmp_path, content, words, name):
    with pytest.raises(InputError, match=words):
        read(tmp_path / name, content)


ELSEWHERE = ("../voxels.raw", "{root}/voxels.raw", "sub/../../voxels.raw")


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("kind", ["nrrd", "mhd", "mhd list", "nrrd list"])
def test_voxels_in_another_folder_are_read_only_where_that_is_asked_for(tmp_path, capsys, kind, target):
    (tmp_path / "voxels.raw").write_bytes(ARRAY.astype("<i2").tobytes())
    inner = tmp_path / "inner"
    (inner / "sub").mkdir(parents=True)
    target = target.format(root=tmp_path)
    named = f"LIST\n{target}" if "list" in kind else target
    if kind.startswith("nrrd"):
        lines = f"data file: {named}\n"
        path, content = inner / "a.nrrd", nrrd_bytes(extra=lines, body=b"").rstrip(b"\n") + b"\n"
    else:
        path, content = inner / "a.mhd", meta_bytes(named, body=b"")
    with pytest.raises(InputError, match=r"takes its voxels from another folder.*--accept-data-elsewhere"):
        read(path, content)
    if "list" not in kind:
        assert np.array_equal(io.read_volume(path, accept_data_elsewhere=True).numpy(), ARRAY)
    assert main(["drr", str(path), "--quiet", "--out", str(tmp_path / "o.nrrd")]) == 2
    assert "another folder" in capsys.readouterr().err


def test_voxels_beside_the_header_or_below_it_are_read(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("voxels.raw", "sub/voxels.raw"):
        (tmp_path / name).write_bytes(ARRAY.astype("<i2").tobytes())
        assert np.array_equal(read(tmp_path / "a.mhd", meta_bytes(name, body=b"")).numpy(), ARRAY)
    with pytest.raises(InputError, match=r"needs the file 'gone\.raw'"):
        read(tmp_path / "b.mhd", meta_bytes("gone.raw", body=b""))


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda: 500_000_000)


def promising(kind: str) -> bytes:
    """1 kB that promises 2000 x 2000 x 1000 voxels."""
    if kind == "nrrd":
        return nrrd_bytes(body=bytes(1000)).replace(b"sizes: 8 7 6", b"sizes: 2000 2000 1000")
    if kind == "nrrd gzip":
        return promising("nrrd").replace(b"encoding: raw", b"encoding: gzip")
    if kind == "mha":
        return meta_bytes(body=bytes(1000)).replace(b"DimSize = 8 7 6", b"DimSize = 2000 2000 1000")
    raw = bytearray(nifti_bytes()[: 352 + 1000])
    struct.pack_into("<3h", raw, 42, 2000, 2000, 1000)
    return gzip.compress(bytes(raw)) if kind == "nii.gz" else bytes(raw)


@pytest.mark.parametrize("kind", ["nrrd", "nrrd gzip", "mha", "nii", "nii.gz"])
def test_a_header_that_promises_more_than_there_is_takes_no_memory(tmp_path, kind, monkeypatch, little_memory):
    def refuse(*_arguments, **_options):
        raise AssertionError("something was allocated")

    path = tmp_path / f"a.{kind.split()[0]}"
    content = promising(kind)
    monkeypatch.setattr(np, "empty", refuse)
    monkeypatch.setattr(sitk.ImageFileReader, "Execute", refuse)
    with pytest.raises(InputError, match=r"cut short|takes about \d+\.\d GB of memory, and 0\.5 GB are free"):
        read(path, content)


@pytest.mark.parametrize("content", [nrrd_bytes, nifti_bytes, meta_bytes, lambda: gzip.compress(nifti_bytes())])
def test_what_cannot_be_held_is_refused(tmp_path, content, monkeypatch):
    raw = content()
    monkeypatch.setattr(memory, "free_bytes", lambda: 300)
    with pytest.raises(InputError, match="GB of memory"):
        read(tmp_path / "scan", raw)


def test_a_name_of_300_characters_is_a_sentence(tmp_path, capsys):
    ct = io.write_volume(tmp_path / "ct.nrrd", Volume.from_numpy(ARRAY, turned()))
    long = "x" * 300
    with pytest.raises(InputError, match="does not exist"):
        io.read_volume(tmp_path / f"{long}.nrrd")
    commands = [
        ["drr", f"{long}.nrrd", "--out", str(tmp_path / "o.nrrd")],
        ["drr", str(ct), "--pose", f"{long}.json", "--out", str(tmp_path / "o.nrrd")],
        ["tumor", str(ct), f"{long}.nrrd", "--auto", "--out", str(tmp_path / "o")],
        ["tumor-batch", long, long, "--out", str(tmp_path / "o")],
    ]
    for command in commands:
        assert main([*command, "--quiet", "--accept-hu"]) == 2, command
        told = capsys.readouterr().err
        assert "unexpected" not in told and long[:100] in told
