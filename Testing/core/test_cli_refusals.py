"""What the shell command refuses: one sentence, exit status 2, and the disk as it was."""

import errno
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import tumor_bodies
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_imaging.cli import main
from synthetic_imaging.io import read_volume, write_volume


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with ct.nrrd and organ.nrrd of a small body, 60 mm wide; the organ is a ball of radius 27 mm."""
    folder = tmp_path_factory.mktemp("inputs")
    ct, organ, _ = tumor_bodies.body(size_mm=60, ijk_to_ras=tumor_bodies.grid((1.5, 1.5, 2.0)))
    write_volume(folder / "ct.nrrd", ct)
    write_volume(folder / "organ.nrrd", organ)
    return folder


def state(folder: Path) -> dict:
    return {path: path.is_file() and path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def refused(capsys, tmp_path, inputs, *arguments, ct=None, organ=None, out="out") -> str:
    """Run the verb tumor, which must refuse and leave no trace; returns its sentence."""
    before = state(tmp_path)
    files = [str(ct or inputs / "ct.nrrd"), str(organ or inputs / "organ.nrrd")]
    given = list(map(str, arguments)) or ["--auto"]
    capsys.readouterr()
    status = main(["tumor", *files, *given, "--out", str(tmp_path / out), "--quiet"])
    told = capsys.readouterr()
    assert status == 2, told
    assert told.out == "" and "Traceback" not in told.err
    assert state(tmp_path) == before
    return told.err.strip().splitlines()[-1]


def changed(inputs: Path, tmp_path: Path, name: str, change) -> Path:
    """A copy of an input with other voxels."""
    volume = read_volume(inputs / f"{name}.nrrd")
    image = sitk.GetImageFromArray(change(volume.numpy()))
    source = sitk.ReadImage(str(inputs / f"{name}.nrrd"))
    image.SetSpacing(source.GetSpacing())
    image.SetOrigin(source.GetOrigin())
    image.SetDirection(source.GetDirection())
    sitk.WriteImage(image, str(tmp_path / f"{name}.nrrd"))
    return tmp_path / f"{name}.nrrd"


def test_missing_files(capsys, tmp_path, inputs):
    assert "does not exist" in refused(capsys, tmp_path, inputs, ct=tmp_path / "none.nrrd")
    assert "does not exist" in refused(capsys, tmp_path, inputs, organ=tmp_path / "none.nrrd")
    assert "could not be read" in refused(capsys, tmp_path, inputs, "--lesions", tmp_path / "none.json")
    (tmp_path / "empty").mkdir()
    assert "empty" in refused(capsys, tmp_path, inputs, ct=tmp_path / "empty")


def test_an_empty_organ_and_an_absent_label(capsys, tmp_path, inputs):
    organ = changed(inputs, tmp_path, "organ", lambda array: array * 0)
    assert "no labeled voxels" in refused(capsys, tmp_path, inputs, organ=organ)
    told = refused(capsys, tmp_path, inputs, "--auto", "--organ-value", "5")
    assert "no voxel of label 5" in told and "one of 1" in told


def test_an_organ_that_is_a_ct(capsys, tmp_path, inputs):
    assert "give a label volume" in refused(capsys, tmp_path, inputs, organ=inputs / "ct.nrrd")


def test_an_organ_on_another_grid_is_resampled_with_a_warning(capsys, tmp_path, inputs):
    ct = read_volume(inputs / "ct.nrrd")
    organ = sitk.ReadImage(str(inputs / "organ.nrrd"))
    fine = sitk.Resample(
        organ, [70, 70, 60], sitk.Transform(), sitk.sitkNearestNeighbor, organ.GetOrigin(), (1, 1, 1),
        organ.GetDirection(), 0, organ.GetPixelID(),
    )  # fmt: skip
    sitk.WriteImage(fine, str(tmp_path / "fine.nrrd"))
    files = [str(inputs / "ct.nrrd"), str(tmp_path / "fine.nrrd")]
    made = ["--auto", "--radius-mm", "4", "--quiet", "--out", str(tmp_path / "out")]
    assert main(["tumor", *files, *made]) == 0
    assert "warning: 'fine.nrrd' lies on another grid" in capsys.readouterr().err
    labels = read_volume(tmp_path / "out" / "labels.nrrd")
    assert labels.same_grid(ct)
    overlap = (labels.numpy() > 0) & (read_volume(inputs / "organ.nrrd").numpy() > 0)
    assert overlap.sum() > 0.9 * (labels.numpy() > 0).sum()


def test_an_organ_elsewhere(capsys, tmp_path, inputs):
    organ = sitk.ReadImage(str(inputs / "organ.nrrd"))
    organ.SetOrigin((5000, 0, 0))
    sitk.WriteImage(organ, str(tmp_path / "organ.nrrd"))
    assert "lies inside the image" in refused(capsys, tmp_path, inputs, organ=tmp_path / "organ.nrrd")


def test_nan_color_and_flat_volumes(capsys, tmp_path, inputs):
    def with_nan(array):
        array = array.astype(np.float32)
        array[3, 4, 5] = np.nan
        return array

    assert "not a number" in refused(capsys, tmp_path, inputs, ct=changed(inputs, tmp_path, "ct", with_nan))
    color = sitk.GetImageFromArray(np.zeros((4, 5, 6, 3), np.uint8), isVector=True)
    sitk.WriteImage(color, str(tmp_path / "color.nrrd"))
    assert "3 values per voxel" in refused(capsys, tmp_path, inputs, ct=tmp_path / "color.nrrd")
    constant = changed(inputs, tmp_path, "ct", lambda array: np.full_like(array, 40))
    assert "same value" in refused(capsys, tmp_path, inputs, ct=constant)


def test_points_outside(capsys, tmp_path, inputs):
    center = tumor_bodies.center_of(read_volume(inputs / "ct.nrrd"))
    edge = center + np.array((28.5, 0, 0))
    told = refused(capsys, tmp_path, inputs, "--at", ",".join(map(str, edge)), "--radius-mm", "5")
    assert "mm outside the organ" in told and "the nearest is" in told
    assert "outside the CT" in refused(capsys, tmp_path, inputs, "--at", "-500,0,0")
    lps = ",".join(str(x) for x in center * (-1, -1, 1))
    assert "Given in LPS?" in refused(capsys, tmp_path, inputs, "--at", lps)


def test_a_lesion_larger_than_the_organ(capsys, tmp_path, inputs):
    center = ",".join(map(str, tumor_bodies.center_of(read_volume(inputs / "ct.nrrd"))))
    told = refused(capsys, tmp_path, inputs, "--at", center, "--radius-mm", "40")
    assert "larger than the organ" in told and "radius well below 2" in told
    told = refused(
        capsys, tmp_path, inputs, "--at", center, "--radius-mm", "20", "--doubling-time-days", "30", "--days", "0,100"
    )
    assert "larger than the organ" in told
    assert "the largest that fits is" in refused(capsys, tmp_path, inputs, "--auto", "--radius-mm", "60")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--at", "1,2", "--radius-mm", "5"], "three numbers"),
        (["--at", "1,2,x"], "'x' is not a number"),
        (["--at", "nan,0,0"], "not a finite number"),
        (["--auto", "--radius-mm", "inf"], "give a finite number"),
        (["--auto", "--at", "1,2,3"], "not allowed with"),
        (["--radius-mm", "5"], "one of the arguments"),
        (["--auto", "--count", "-1"], "--count is -1; give a whole number from 0 to 100."),
        (["--auto", "--seed", "-1"], "--seed is -1; give a whole number from 0"),
        (["--auto", "--preset", "wart"], "--preset is 'wart'; choose one of hcc-portal"),
        (["--auto", "--level", "huge"], "--level is 'huge'; choose one of tiny"),
        (["--auto", "--without", "gravity"], "No step is called gravity"),
        (["--auto", "--level", "tiny", "--radius-mm", "5"], "cannot be combined with radius_mm"),
        (["--at", "1,2,3", "--level", "tiny"], "cannot be combined with --at"),
        (["--lesions", "a.json", "--preset", "cyst", "--radius-mm", "2"], "--preset, --radius-mm cannot be combined"),
        (["--auto", "--days", "0,30", "--frame-count", "3"], "leave one of them out"),
        (["--auto", "--doubling-time-days", "0"], "other than zero"),
        (["--auto", "--vessels-value", "3"], "add --vessels"),
        (["--auto", "--device", "abacus"], "device 'abacus'"),
        (["--auto", "--radius-mm", "-3"], "give a number from 0.5 to 100 mm"),
        (["--at", "1,2,3", "--without", "site"], "goes with --auto"),
        (["--auto", "--unknown"], "unrecognized arguments"),
    ],
)
def test_options_that_make_no_sense(capsys, tmp_path, inputs, arguments, words):
    assert words.lower() in refused(capsys, tmp_path, inputs, *arguments).lower()


@settings(deadline=None, max_examples=30)
@given(text=st.text(max_size=40) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text_as_a_record_is_refused(inputs, tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("records")
    record = folder / "lesions.json"
    record.write_text(text, encoding="utf-8")
    files = [str(inputs / "ct.nrrd"), str(inputs / "organ.nrrd")]
    assert main(["tumor", *files, "--lesions", str(record), "--out", str(folder / "out"), "--quiet"]) == 2
    assert not (folder / "out").exists()


def test_an_output_over_the_input(capsys, tmp_path, inputs):
    for name in ("ct", "organ"):
        write_volume(tmp_path / f"{name}.nrrd", read_volume(inputs / f"{name}.nrrd"))
    files = {name: tmp_path / f"{name}.nrrd" for name in ("ct", "organ")}
    assert "is an input and would be replaced" in refused(capsys, tmp_path, inputs, **files, out=".")
    assert "is a file" in refused(capsys, tmp_path, inputs, out="ct.nrrd")


def test_a_folder_that_may_not_be_written(capsys, tmp_path, inputs, monkeypatch):
    (tmp_path / "locked").mkdir(mode=0o500)
    if os.access(tmp_path / "locked", os.W_OK):  # root may write everywhere
        monkeypatch.setattr("synthetic_imaging.io.atomic.tempfile.mkdtemp", _denied)
    told = refused(capsys, tmp_path, inputs, out="locked")
    assert "could not be written" in told and "Permission denied" in told


def _denied(*_, **__):
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@pytest.mark.parametrize("fail_at", [1, 3, 5, 8])
@pytest.mark.parametrize("days", [[], ["--doubling-time-days", "50", "--days", "0,10"]])
def test_a_disk_that_fills_up_leaves_the_earlier_result(capsys, tmp_path, inputs, monkeypatch, fail_at, days):
    files = [str(inputs / "ct.nrrd"), str(inputs / "organ.nrrd")]
    made = ["--auto", "--radius-mm", "4", "--quiet", *days, "--out", str(tmp_path / "out")]
    assert main(["tumor", *files, *made]) == 0
    calls, flush = [], os.fsync

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == fail_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    told = refused(capsys, tmp_path, inputs, "--auto", "--radius-mm", "5", *days)
    assert "No space left on device" in told and "free some space" in told
    folders = {str(tmp_path / "out")} | {str(tmp_path / "out" / name) for name in ("day_0", "day_10")}
    assert told.split("written to '")[1].split("'")[0] in folders


def test_a_disk_that_is_full(capsys, tmp_path, inputs):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("mounting a small disk needs the superuser")
    try:
        told = refused(capsys, tmp_path, inputs, "--auto", "--radius-mm", "5", out="disk/out")
        assert "could not be written" in told
        assert not list(disk.iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_interruption_and_unexpected_errors(capsys, tmp_path, inputs, monkeypatch):
    from synthetic_imaging import tumor

    command = ["tumor", str(inputs / "ct.nrrd"), str(inputs / "organ.nrrd"), "--auto", "--quiet"]
    command += ["--out", str(tmp_path / "out")]

    def raising(error):
        def save(*_):
            raise error

        monkeypatch.setattr(tumor, "save", save)

    raising(KeyboardInterrupt())
    assert main(command) == 130 and "interrupted" in capsys.readouterr().err
    raising(ZeroDivisionError("a bug\nwith details"))
    assert main(command) == 1
    told = capsys.readouterr().err
    assert told.strip() == (
        "synthetic-imaging: unexpected ZeroDivisionError: a bug. Add --debug for the details, and please report them."
    )
    assert main([*command, "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert main(["--debug", *command]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
