"""Files: geometry, values and marks survive every format; what cannot be used is refused with a reason."""

import errno
import gzip
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
import realdata
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from synthetic_imaging import io
from synthetic_imaging.errors import InputError
from synthetic_imaging.volume import Volume

FORMATS = ("ct.nrrd", "ct.nii", "ct.nii.gz", "ct.mha", "ct.mhd")
DTYPES = ("uint8", "int8", "int16", "uint16", "int32", "uint32", "float32", "float64")


def grid(spacing=(0.8, 0.7, 5.0), rotation_deg=(0, 0, 0), flips=(1, 1, 1), origin=(12.5, -140.25, 33.0)):
    """An ijk_to_ras matrix; an odd number of flips makes it left-handed."""
    matrix = np.eye(4)
    axes = Rotation.from_euler("xyz", rotation_deg, degrees=True).as_matrix()
    matrix[:3, :3] = axes * np.asarray(flips) * np.asarray(spacing)
    matrix[:3, 3] = origin
    return matrix


def ct(shape=(4, 6, 7), dtype="int16", ijk_to_ras=None, seed=0):
    info = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else None
    low, high = (max(info.min, -3024), min(info.max, 3071)) if info else (-3024, 3071)
    array = np.random.default_rng(seed).integers(low, high, shape, endpoint=True).astype(dtype)
    return Volume.from_numpy(array, grid() if ijk_to_ras is None else ijk_to_ras)


def assert_same(read: Volume, written: Volume, tolerance_mm=1e-9):
    assert read.same_grid(written, tolerance_mm)
    assert read.data.dtype == written.data.dtype
    np.testing.assert_array_equal(read.numpy(), written.numpy())


grids = st.builds(
    grid,
    spacing=st.tuples(*[st.floats(0.2, 8)] * 3),
    rotation_deg=st.tuples(*[st.floats(-180, 180)] * 3),
    flips=st.tuples(*[st.sampled_from((-1, 1))] * 3),
    origin=st.tuples(*[st.floats(-800, 800)] * 3),
)


@settings(deadline=None, max_examples=40)
@given(ijk_to_ras=grids, name=st.sampled_from(FORMATS), dtype=st.sampled_from(DTYPES), seed=st.integers(0, 99))
def test_any_grid_and_dtype_survives(ijk_to_ras, name, dtype, seed):
    volume = ct((3, 4, 5), dtype, ijk_to_ras, seed)
    with tempfile.TemporaryDirectory() as folder:
        read = io.read_volume(io.write_volume(Path(folder) / name, volume))
    # NIfTI and its quaternion are single precision
    assert_same(read, volume, 2e-3 if ".nii" in name else 1e-6)


@settings(deadline=None, max_examples=15)
@given(ijk_to_ras=grids, seed=st.integers(0, 99))
def test_dicom_keeps_every_voxel_in_its_place(ijk_to_ras, seed):
    volume = ct((3, 4, 5), "int16", ijk_to_ras, seed)
    with tempfile.TemporaryDirectory() as folder:
        read = io.read_volume(io.write_volume(Path(folder) / "series", volume))
    if np.linalg.det(ijk_to_ras[:3, :3]) < 0:  # DICOM stacks are right-handed in LPS; RAS has the same handedness
        read = Volume(read.data.flip(0), read.ijk_to_ras @ flip_k(read.shape[0]))
    assert_same(read, volume, 1e-3)


def flip_k(slices):
    matrix = np.diag([1.0, 1.0, -1.0, 1.0])
    matrix[2, 3] = slices - 1
    return matrix


@pytest.mark.parametrize("name", FORMATS)
def test_paths_with_accents_and_spaces_and_new_folders(tmp_path, name):
    volume = ct()
    path = io.write_volume(tmp_path / "Überprüfung März" / "é à" / f"foie {name}", volume)
    assert_same(io.read_volume(path), volume, 1e-4)
    assert sorted(p.name for p in path.parent.iterdir() if p.name.startswith(".")) == []


@pytest.mark.parametrize("name", FORMATS)
def test_padding_values_and_marks_are_kept(tmp_path, name):
    volume = ct()
    volume.data[0, 0, :2] = volume.data.new_tensor([-3024, -2048])
    marked = io.mark_synthetic(volume, "2 liver lesions", seed=7)
    read = io.read_volume(io.write_volume(tmp_path / name, marked))
    assert read.numpy()[0, 0, :2].tolist() == [-3024, -2048]
    assert any(value.startswith("synthetic: 2 liver lesions") for value in read.metadata.values())
    if ".nii" not in name:
        assert read.metadata[f"{io.SYNTHETIC_KEY}_seed"] == "7"


def test_header_entries_survive_and_cannot_break_the_file(tmp_path):
    entries = {"Segment0_Name": "Leber", "note": "two\nlines", "DimSize": "9 9 9", "DICOM.PatientName": "Doe^Jane"}
    volume = Volume(ct().data, grid(), entries)
    for name in ("ct.nrrd", "ct.mha"):
        read = io.read_volume(io.write_volume(tmp_path / name, volume))
        assert_same(read, volume)
        assert read.metadata["Segment0_Name"] == "Leber"
        assert read.metadata["note"].split() == ["two", "lines"]
        assert "DICOM.PatientName" not in read.metadata, "a patient's name must not leave DICOM"


def test_a_written_file_replaces_the_old_one(tmp_path):
    io.write_volume(tmp_path / "ct.mhd", ct(seed=1))
    io.write_volume(tmp_path / "ct.mhd", ct(seed=2))
    assert_same(io.read_volume(tmp_path / "ct.mhd"), ct(seed=2))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ct.mhd", "ct.zraw"]


# ---- what cannot be read ------------------------------------------------------------------------------------------


def refused(path, *words, **options):
    with pytest.raises(InputError) as caught:
        io.read_volume(path, **options)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite_is_refused(tmp_path, value):
    array = np.zeros((3, 4, 5), np.float32)
    array[1, 2, :2] = value
    sitk.WriteImage(sitk.GetImageFromArray(array), str(tmp_path / "ct.nrrd"))
    refused(tmp_path / "ct.nrrd", "2 voxels", "not a number or infinite")


@pytest.mark.parametrize(
    ("array", "is_vector", "words"),
    [
        (np.zeros((3, 4, 5, 3), np.uint8), True, "3 values per voxel"),
        (np.zeros((2, 3, 4, 5), np.int16), False, "4 dimensions"),
        (np.zeros((4, 5), np.int16), False, "flat image"),
    ],
)
def test_other_images_are_refused(tmp_path, array, is_vector, words):
    sitk.WriteImage(sitk.GetImageFromArray(array, isVector=is_vector), str(tmp_path / "ct.nrrd"))
    refused(tmp_path / "ct.nrrd", words)


def test_missing_empty_and_foreign_files(tmp_path):
    refused(tmp_path / "no.nrrd", "does not exist")
    (tmp_path / "empty.nrrd").touch()
    refused(tmp_path / "empty.nrrd", "0 bytes")
    (tmp_path / "text.nrrd").write_text("hello")
    refused(tmp_path / "text.nrrd", "not an image")
    refused(tmp_path, "holds no DICOM images")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("keep", [0.1, 0.7, 0.99])
def test_truncated_files_are_refused(tmp_path, name, keep):
    path = io.write_volume(tmp_path / name, ct((20, 30, 30)))
    data = path.with_suffix(".zraw") if name.endswith(".mhd") else path
    os.truncate(data, int(data.stat().st_size * keep))
    refused(path, "ct.")


def test_nifti_compressed_in_blocks_is_read(tmp_path):
    volume = ct((5, 6, 7))
    whole = io.write_volume(tmp_path / "ct.nii", volume).read_bytes()
    blocks = [whole[start : start + 100] for start in range(0, len(whole), 100)]
    (tmp_path / "blocks.nii.gz").write_bytes(b"".join(map(gzip.compress, blocks)))
    assert_same(io.read_volume(tmp_path / "blocks.nii.gz"), volume, 1e-3)


def test_sheared_grid_is_refused(tmp_path):
    header = (
        "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 2 2 2\nspace directions: (1,0,0) "
        "(0,1,0) (0,0.3,2)\nkinds: domain domain domain\nendian: little\nencoding: raw\nspace origin: (0,0,0)\n\n"
    )
    (tmp_path / "ct.nrrd").write_bytes(header.encode() + bytes(16))
    refused(tmp_path / "ct.nrrd", "sheared")


# ---- what cannot be written ---------------------------------------------------------------------------------------


WRITE_WITH_LIMIT = """
import resource, sys
import numpy as np
from synthetic_imaging import io
from synthetic_imaging.errors import InputError
from synthetic_imaging.volume import Volume

voxels = np.random.default_rng(0).integers(-999, 999, (9, 90, 90)).astype("int16")
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
for target in sys.argv[1:]:
    try:
        io.write_volume(target, Volume.from_numpy(voxels, np.eye(4)))
    except InputError as error:
        print(error)
"""


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    """A limit on the size of files makes every write fail part-way, as a full disk does."""
    pytest.importorskip("resource")
    package = Path(io.__file__).parent.parent.parent
    targets = [str(tmp_path / "new" / name) for name in (*FORMATS, "series")]
    command = [sys.executable, "-c", WRITE_WITH_LIMIT, *targets]
    done = subprocess.run(command, cwd=package, capture_output=True, text=True, check=True)
    assert done.stdout.count("Nothing was changed.") == len(targets), done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["ct.nrrd", "series"])
def test_a_late_failure_keeps_the_old_file(tmp_path, name, monkeypatch):
    old = io.write_volume(tmp_path / "ct.nrrd", ct(seed=1)).read_bytes()

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"No space left on device.*MB free"):
        io.write_volume(tmp_path / name, ct(seed=2))
    assert [p.name for p in tmp_path.iterdir()] == ["ct.nrrd"]
    assert (tmp_path / "ct.nrrd").read_bytes() == old


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.nrrd").mkdir()
    for target, words in [
        (tmp_path / "file" / "ct.nrrd", "could not be written"),
        (tmp_path / "folder.nrrd", "is a folder"),
        (tmp_path / "ct.png", "unknown file type"),
        (tmp_path, "not empty"),
    ]:
        with pytest.raises(InputError, match=words):
            io.write_volume(target, ct())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.nrrd"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="choose a folder in which you may write"):
        io.write_volume(tmp_path / "ct.nrrd", ct())


# ---- DICOM --------------------------------------------------------------------------------------------------------


def edit(path, **changes):
    dataset = pydicom.dcmread(path)
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)


@pytest.fixture
def series(tmp_path):
    return io.write_volume(tmp_path / "série 1", io.mark_synthetic(ct((5, 6, 7)), "torso phantom"))


def test_written_series_says_that_it_is_synthetic(series):
    slices = [pydicom.dcmread(path) for path in sorted(series.iterdir())]
    assert len(slices) == 5
    assert {s.SOPClassUID for s in slices} == {pydicom.uid.CTImageStorage}
    assert all(list(s.ImageType[:2]) == ["DERIVED", "SECONDARY"] for s in slices)
    assert {s.SeriesDescription for s in slices} == {"synthetic: torso phantom"}
    assert len({s.SeriesInstanceUID for s in slices}) == 1
    assert len({s.SOPInstanceUID for s in slices}) == 5


def test_fractions_are_rounded_with_a_warning_and_ranges_checked(tmp_path):
    volume = Volume.from_numpy(np.full((2, 3, 4), 10.4, np.float32), grid())
    with pytest.warns(UserWarning, match="rounded"):
        path = io.write_volume(tmp_path / "a", volume)
    assert (io.read_volume(path).numpy() == 10).all()
    with pytest.raises(InputError, match="limit its range"):
        io.write_volume(tmp_path / "b", volume.like(volume.data + 1e5))
    assert not (tmp_path / "b").exists()


def test_several_series_are_listed_and_one_can_be_chosen(tmp_path):
    for name, seed in (("a", 1), ("b", 2)):
        io.write_volume(tmp_path / name, io.mark_synthetic(ct(seed=seed), f"phantom {name}"))
    (tmp_path / "notes.txt").write_text("not DICOM")
    refused(tmp_path, "2 series", "phantom a (CT, 4 images)", "phantom b", "--series")
    chosen = next(info for info in io.list_series(tmp_path) if "phantom b" in info.description)
    assert_same(io.read_volume(tmp_path, series_uid=chosen.uid), ct(seed=2), 1e-4)
    assert_same(io.read_volume(tmp_path / "a" / "CT0002.dcm"), ct(seed=1), 1e-4)
    refused(tmp_path, "has no series 1.2.3", series_uid="1.2.3")


def test_missing_slice(series):
    (series / "CT0003.dcm").unlink()
    refused(series, "missing or unevenly spaced", "10 mm")


def test_doubled_slice(series):
    edit(series / "CT0003.dcm", ImagePositionPatient=pydicom.dcmread(series / "CT0002.dcm").ImagePositionPatient)
    refused(series, "there is one already")


def test_mixed_slice_directions(series):
    edit(series / "CT0003.dcm", ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    refused(series, "mixes images")


def test_tilted_gantry(series):
    for k, path in enumerate(sorted(series.iterdir())):
        x, y, z = pydicom.dcmread(path).ImagePositionPatient
        edit(path, ImagePositionPatient=[x, float(y) + 1.5 * k, z])
    refused(series, "sheared")


def test_truncated_slice(series):
    os.truncate(series / "CT0002.dcm", (series / "CT0002.dcm").stat().st_size - 40)
    refused(series, "'CT0002.dcm' is cut short: 40 bytes")


def test_scout_in_the_series_is_left_aside(series):
    scout = pydicom.dcmread(series / "CT0001.dcm")
    scout.ImageType, scout.ImageOrientationPatient = ["ORIGINAL", "PRIMARY", "LOCALIZER"], [1, 0, 0, 0, 0, -1]
    scout.save_as(series / "scout.dcm")
    assert io.read_volume(series).shape == (5, 6, 7)


def test_rescale_slope_is_applied(series):
    for path in series.iterdir():
        edit(path, RescaleSlope=0.5, RescaleIntercept=-10)
    read = io.read_volume(series)
    np.testing.assert_array_equal(read.numpy(), ct((5, 6, 7)).numpy() * 0.5 - 10)
    assert str(read.data.dtype) == "torch.float32"


def test_real_series_round_trip(tmp_path):
    original = io.read_volume(realdata.path("crlm-ct-1006/dicom"))
    assert_same(original, io.read_volume(realdata.path("crlm-ct-1006/crlm-ct-1006.nrrd")), 1e-3)
    assert original.shape == (51, 512, 512)
    assert original.numpy().min() == -3024
    folder = io.write_volume(tmp_path / "with lesions", io.mark_synthetic(original, "3 liver lesions"))
    read = io.read_volume(folder)
    assert_same(read, original, 1e-4)
    kept = ("DICOM.StudyInstanceUID", "DICOM.FrameOfReferenceUID", "DICOM.PatientID", "DICOM.KVP")
    assert all(read.metadata[key] == original.metadata[key] for key in kept)
    assert read.metadata["DICOM.SeriesInstanceUID"] != original.metadata["DICOM.SeriesInstanceUID"]
    assert read.metadata["DICOM.SeriesDescription"] == "synthetic: 3 liver lesions"


# ---- labels -------------------------------------------------------------------------------------------------------


def ball(volume: Volume, center, radius_mm, dtype="uint8"):
    k, j, i = np.indices(volume.shape)
    inside = np.linalg.norm(volume.ras_from_ijk(np.stack([i, j, k], -1)) - center, axis=-1) <= radius_mm
    return Volume.from_numpy(inside.astype(dtype), volume.ijk_to_ras)


def test_labels_on_the_same_grid_come_back_unchanged(tmp_path, recwarn):
    image = ct((8, 30, 30))
    labels = ball(image, image.ras_from_ijk((15, 15, 4)), 8, "float32")
    read = io.read_labels(io.write_volume(tmp_path / "liver.nii.gz", labels), image)
    assert str(read.data.dtype) == "torch.uint8"
    np.testing.assert_array_equal(read.numpy(), labels.numpy())
    assert not [w for w in recwarn if issubclass(w.category, UserWarning)]


def test_labels_on_another_grid_are_resampled_with_a_warning(tmp_path):
    image = ct((20, 40, 40), ijk_to_ras=grid((1, 1, 2), (5, -10, 30)))
    other = ct((30, 50, 50), ijk_to_ras=grid((0.8, 0.8, 1.5), flips=(-1, 1, -1), origin=(40, -140, 70)))
    center = image.ras_from_ijk((20, 20, 10))
    path = io.write_volume(tmp_path / "liver.nrrd", ball(other, center, 9))
    with pytest.warns(UserWarning, match="another grid"):
        read = io.read_labels(path, image)
    assert read.same_grid(image)
    truth = ball(image, center, 9).numpy() > 0
    found = read.numpy() > 0
    assert 2 * (truth & found).sum() / (truth.sum() + found.sum()) > 0.93


def test_labels_that_cannot_be_used(tmp_path):
    image = ct((5, 6, 7))
    far = ball(ct((5, 6, 7), ijk_to_ras=grid(origin=(900, 900, 900))), (903, 903, 910), 4)
    cases = {
        "far.nrrd": (far, "No label of 'far.nrrd' lies inside the image.*lost its position"),
        "none.nrrd": (image.like(np.zeros(image.shape, np.uint8)), "no labeled voxels"),
        "ct.nrrd": (image, "negative values"),
        "map.nrrd": (image.like(np.full(image.shape, 0.5, np.float32)), "fractions"),
    }
    for name, (labels, words) in cases.items():
        with pytest.raises(InputError, match=words):
            io.read_labels(io.write_volume(tmp_path / name, labels), image)
