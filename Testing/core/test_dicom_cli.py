"""The shell on a folder with several DICOM series: a list to choose from, and --series."""

import shutil

import dicom_files
import numpy as np
import pytest
import tumor_bodies

from synthetic_imaging.cli import main
from synthetic_imaging.io import read_volume, write_volume


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder "both" with a body in two series, the second 100 HU darker, and organ.nrrd."""
    folder = tmp_path_factory.mktemp("series")
    ct, organ, _ = tumor_bodies.body(size_mm=60, ijk_to_ras=tumor_bodies.grid((1.5, 1.5, 2.0)))
    write_volume(folder / "organ.nrrd", organ)
    to_lps = np.diag([-1.0, -1, 1, 1]) @ ct.ijk_to_ras
    axes, origin = (to_lps[:3, :2] / ct.spacing_mm[:2]).T, to_lps[:3, 3]
    for number, (name, hu) in enumerate((("soft", ct.numpy()), ("dark", ct.numpy() - 100)), 4):
        made = dicom_files.slices(hu, ct.spacing_mm, origin, axes, SeriesDescription=f"{name} kernel")
        dicom_files.write(folder / "both", (_numbered(dataset, number) for dataset in made), name + "{:04d}.dcm")
    return folder


def _numbered(dataset, number):
    dataset.SeriesNumber = number
    return dataset


def water_path(inputs, tmp_path, *options):
    arguments = ["--output", "water-path", "--image-size", "24", "--out", str(tmp_path / "w.nrrd"), "--quiet"]
    status = main(["drr", str(inputs / "both"), *arguments, *options])
    return read_volume(tmp_path / "w.nrrd").numpy() if status == 0 else None


def test_drr_lists_the_series_and_takes_one(inputs, tmp_path, capsys):
    assert water_path(inputs, tmp_path) is None
    told = capsys.readouterr().err
    assert "--series" in told and "4: soft kernel (CT," in told and "5: dark kernel (CT," in told
    soft, dark = water_path(inputs, tmp_path, "--series", "4"), water_path(inputs, tmp_path, "--series", "dark")
    assert soft.max() > dark.max() > 0
    np.testing.assert_array_equal(water_path(inputs, tmp_path, "--series", "soft kernel"), soft)


def test_tumor_and_its_batch_take_the_series(inputs, tmp_path):
    options = ["--auto", "--radius-mm", "5", "--series", "dark", "--seed", "1", "--quiet"]
    assert (
        main(["tumor", str(inputs / "both"), str(inputs / "organ.nrrd"), *options, "--out", str(tmp_path / "one")]) == 0
    )
    dark = read_volume(inputs / "both", "dark").numpy()
    outside = read_volume(tmp_path / "one" / "labels.nrrd").numpy() == 0
    made = read_volume(tmp_path / "one" / "ct.nrrd").numpy()
    assert np.mean(made[outside] == dark[outside]) > 0.9
    for name in ("cts", "organs"):
        (tmp_path / name).mkdir()
    shutil.copytree(inputs / "both", tmp_path / "cts" / "a")
    shutil.copy(inputs / "organ.nrrd", tmp_path / "organs" / "a.nrrd")
    batch = ["tumor-batch", str(tmp_path / "cts"), str(tmp_path / "organs"), "--radius-mm", "5", "--quiet"]
    assert main([*batch, "--series", "dark", "--out", str(tmp_path / "many")]) == 0
    assert main([*batch, "--series", "soft", "--out", str(tmp_path / "many")]) == 2  # it was begun with the other
    assert main([*batch, "--out", str(tmp_path / "unnamed")]) == 1
